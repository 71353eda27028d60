"""What was made last for each place: nobody waits for the next but before the first, and what fails holds up no one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tipoff.web.latest import Latest


class Making:
    """Something that is being made until it is let go."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.begun, self.goes_on = threading.Event(), threading.Event()
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        self.begun.set()
        assert self.goes_on.wait(30)
        return self.what


def test_while_the_next_is_made_others_get_the_one_before() -> None:
    latest: Latest[str] = Latest(2)
    assert latest.get("place", 1, lambda: "old") == (1, "old")
    new = Making("new")
    with ThreadPoolExecutor(1) as pool:
        maker = pool.submit(latest.get, "place", 2, new)
        assert new.begun.wait(30)
        assert latest.get("place", 2, lambda: pytest.fail("made twice")) == (1, "old")
        assert latest.get("other", 1, lambda: "beside") == (1, "beside")
        new.goes_on.set()
        assert maker.result() == (2, "new")
    assert latest.get("place", 2, lambda: pytest.fail("made again")) == (2, "new")


def test_the_first_is_made_once_for_all_who_wait() -> None:
    latest: Latest[str] = Latest(2)
    first = Making("first")
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(latest.get, "place", 1, first) for _ in range(4)]
        assert first.begun.wait(30)
        first.goes_on.set()
        assert {future.result() for future in asked} == {(1, "first")}
    assert first.times == 1


def test_what_fails_is_told_to_who_ran_it_and_tried_again_by_the_next() -> None:
    latest: Latest[str] = Latest(2)
    with pytest.raises(ZeroDivisionError):
        latest.get("place", 1, lambda: str(1 / 0))
    assert latest.get("place", 1, lambda: "made") == (1, "made")


def test_only_so_many_places_are_kept() -> None:
    latest: Latest[str] = Latest(2)
    for place in ("a", "b", "a", "c"):
        latest.get(place, 1, lambda: "once")
    assert latest.get("a", 1, lambda: pytest.fail("it was asked for last but one")) == (1, "once")
    assert latest.get("b", 1, lambda: "again") == (1, "again")
