"""Processes of their own that do a backtest as the command does: one JSON order a line, one pid a line; each writes its answer to a file.

They are forked from one that has imported everything and has opened nothing, since importing takes longer than most tests.

One that works does so as `tipoff worker` does, until a file is there. Those that are told to meet wait, each before its first result,
until so many are there. One that is told to stand still does so, and says so, when it is about to write a file of some name for the
second time: there the tests kill it.
Knows no test: what is right is judged by who orders.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tipoff.clock import SystemClock
from tipoff.collecting import collect_seldom
from tipoff.config import load_settings
from tipoff.errors import TipoffError
from tipoff.flow.backtest import begin, run
from tipoff.flow.backtest_plan import plan_of
from tipoff.flow.house import open_house
from tipoff.flow.worker import working
from tipoff.predict.families import family_named
from tipoff.predict.systems import systems_named


class HaltingBucket:
    """The bucket; who is about to write a file of this name for the second time stands still, for good."""

    def __init__(self, bucket: Any, name: str, told: Path) -> None:
        self._bucket = bucket
        self._name = name
        self._told = told
        self._once = False

    def put(self, path: str, body: bytes, **how: Any) -> None:
        if path.endswith(f"/{self._name}"):
            if self._once:
                self._told.touch()
                threading.Event().wait()
            self._once = True
        self._bucket.put(path, body, **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bucket, name)


class MeetingBucket:
    """The bucket; before its first result of a unit, the process tells that it is there, and waits until so many are."""

    def __init__(self, bucket: Any, number: int, folder: Path) -> None:
        self._bucket = bucket
        self._number = number
        self._folder = folder
        self._met = False

    def put(self, path: str, body: bytes, **how: Any) -> None:
        if path.endswith(("/fold.json", "/leakcheck.json")) and not self._met:
            (self._folder / f"there-{os.getpid()}").touch()
            while len(list(self._folder.glob("there-*"))) < self._number:
                time.sleep(0.02)
            self._met = True
        self._bucket.put(path, body, **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bucket, name)


def work(folder: str, meet: int, until: str, **settings: Any) -> None:
    """Work as `tipoff worker` does, until a file is there."""
    with open_house(load_settings(data_dir=Path(folder), league="practice", **settings), SystemClock()) as house:
        meeting = replace(house, bucket=MeetingBucket(house.bucket, meet, Path(folder)))  # type: ignore[arg-type]
        with working(meeting, scheduled=False):
            while not Path(until).exists():
                time.sleep(0.05)


def do(
    folder: str,
    systems: list[str],
    own: str,
    start: str,
    end: str,
    *,
    halt: str | None = None,
    meet: int = 0,
    workers: int = 1,
    shared: dict[str, str] | None = None,
    **plan: Any,
) -> dict[str, Any]:
    """Begin a backtest or go on with it, in this process alone unless told otherwise: its id, whether it was there, and its summary; or why
    it could not be done."""
    settings = load_settings(data_dir=Path(folder), league="practice", systems_file=Path(own), **(shared or {}))
    with open_house(settings, SystemClock()) as house:
        if halt is not None:
            house = replace(house, bucket=HaltingBucket(house.bucket, halt, Path(folder) / "halted"))  # type: ignore[arg-type]
        if meet:
            house = replace(house, bucket=MeetingBucket(house.bucket, meet, Path(folder)))  # type: ignore[arg-type]
        asked = plan_of(systems_named(systems, Path(own)), date.fromisoformat(start), date.fromisoformat(end), **plan)
        told: dict[str, Any] = {"told": {}}
        try:
            found, resumed = begin(house, asked)
            told |= {"id": found.backtest_id, "resumed": resumed}
            told["summary"] = run(house, found, _telling(told["told"]), workers=workers)
        except TipoffError as error:
            told |= {"error": type(error).__name__, "message": error.message, "hint": error.hint}
        return told


def _telling(told: dict[str, list[int | None]]) -> Callable[[str, int | None], Callable[[int], None]]:
    """What is told of how far it is: for each part how many there are, and how many were done."""

    def announce(part: str, total: int | None) -> Callable[[int], None]:
        told[part] = [total, 0]

        def tick(done: int) -> None:
            told[part][1] = (told[part][1] or 0) + done

        return tick

    return announce


def main() -> None:
    """For each line, an order, a process of its own that does it; its pid is the answer."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who dies is gone at once, as with a process that somebody looks after
    family_named("lightgbm")
    collect_seldom()
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored
            sys.stdin.close()
            order = json.loads(line)
            answer = Path(order.pop("answer"))
            aside = answer.with_suffix(".new")
            if "until" in order:
                work(**order)
                os._exit(0)
            aside.write_text(json.dumps(do(**order)))
            aside.rename(answer)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
