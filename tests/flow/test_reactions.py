"""What arrives leads to a slate and to grades: to one of each for a round of the capture, and to none once nothing changes any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flow.message_house import message
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow import ticks
from tipoff.flow.batch_log import batches
from tipoff.flow.engine import Engine
from tipoff.flow.expected import EXPECTED
from tipoff.flow.game_days import GAMES
from tipoff.flow.house import House, open_house
from tipoff.flow.lease import trigger, wait_for
from tipoff.flow.messages import CompletionMessage
from tipoff.flow.reactions import is_over, react
from tipoff.flow.rounds import ROUND
from tipoff.flow.worker import working

DAY = date(2025, 11, 5)
TIPS = {"20251105_BOS_NYK": datetime(2025, 11, 6, 0, 0), "20251105_LAL_GSW": datetime(2025, 11, 6, 3, 0)}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(load_settings(data_dir=tmp_path), ManualClock(datetime(2025, 11, 6, 2, 0, tzinfo=UTC))) as found:
        with found.state.transaction() as connection:
            rows = [{"game_id": game, "game_date": DAY, "tip": tip} for game, tip in TIPS.items()]
            connection.execute(sa.insert(GAMES), rows)
        yield found


def box_stands(house: House, game: str, standing: str) -> None:
    now = house.clock.now().replace(tzinfo=None)
    row = {"game_date": DAY, "game_id": game, "phase": "box", "standing": standing, "deadline": now, "tip": now, "repairs": 0}
    with house.state.transaction() as connection:
        connection.execute(sa.delete(EXPECTED).where(EXPECTED.c.game_id == game))
        connection.execute(sa.insert(EXPECTED).values(updated_at=now, **row))


def test_quotes_change_nothing_once_the_last_game_has_tipped(house: House) -> None:
    assert not is_over(house, DAY, may_move=False)
    assert isinstance(house.clock, ManualClock)
    house.clock.set(house.clock.now() + timedelta(hours=1))
    assert is_over(house, DAY, may_move=False)


def test_a_schedule_may_change_something_until_every_box_score_is_there(house: House) -> None:
    assert isinstance(house.clock, ManualClock)
    house.clock.set(house.clock.now() + timedelta(hours=12))
    first, second = TIPS
    assert not is_over(house, DAY, may_move=True)
    box_stands(house, first, "COMPLETE")
    box_stands(house, second, "FAILED")
    assert not is_over(house, DAY, may_move=True)
    box_stands(house, second, "DEGRADED")
    assert is_over(house, DAY, may_move=True)


def test_of_a_date_without_games_on_record_nothing_is_known(house: House) -> None:
    for may_move in (True, False):
        assert not is_over(house, DAY + timedelta(days=1), may_move=may_move)


LONG = 10_000.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Of a day whose first slate is over, in a house in which what arrives is waited with for hours."""
    settings = load_settings(data_dir=tmp_path, settle_seconds=LONG)
    with open_house(settings, ManualClock(datetime(2025, 11, 5, 22, 0, tzinfo=UTC))) as house, working(house, scheduled=False) as found:
        done(found, trigger(found, "slate", DAY, "the first"))
        yield found


def done(engine: Engine, number: int, feed: str = "slate") -> None:
    """Wait until a batch is over."""
    wait_for(engine, {(feed, DAY, number)}, 60.0)


def loaded(feed: str, cause: str) -> CompletionMessage:
    return message(phase="load", processor_name=f"load:{feed}", trigger=cause)


def states(engine: Engine) -> list[tuple[str, str]]:
    """How the batches of the day stand: grades first, then slates."""
    found = [batch for feed in ("slate", "grade") for batch in batches(engine.house.state, DAY, feed)]
    return sorted((batch.feed, batch.state) for batch in found)


def is_delayed(engine: Engine, workflow_id: str) -> bool:
    [found] = engine._client.list_workflows(workflow_ids=[workflow_id])
    return bool(found.status == "DELAYED")


def test_what_arrives_in_a_round_leads_to_one_slate_and_one_grading_at_its_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def arrive(_: Engine) -> None:
        for feed in ("schedule", "lines", "box", "injuries", "box"):
            react(engine, loaded(feed, ROUND))
        seen.append((states(engine), is_delayed(engine, f"load:slate:{DAY}:2"), is_delayed(engine, f"load:grade:{DAY}:1")))

    monkeypatch.setitem(ticks.PARTS, "capture", arrive)
    assert ticks.tick(engine.house.clock.now(), None) == []
    assert seen == [([("grade", "waiting"), ("slate", "complete"), ("slate", "waiting")], True, True)]
    done(engine, 2)
    done(engine, 1, "grade")
    assert {state for _, state in states(engine)} == {"complete"}


def test_a_message_of_a_round_that_comes_after_it_is_treated_as_any_other(engine: Engine) -> None:
    react(engine, loaded("box", ROUND))
    done(engine, 1, "grade")
    assert is_delayed(engine, f"load:slate:{DAY}:2")


def test_what_arrives_by_itself_is_graded_at_once_and_leads_to_a_slate_a_moment_later(engine: Engine) -> None:
    react(engine, loaded("box", "somebody asked"))
    done(engine, 1, "grade")
    assert is_delayed(engine, f"load:slate:{DAY}:2")


def test_a_round_waits_for_what_loads_have_to_tell_and_not_for_a_load_that_still_runs(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a backfill's, on another machine, and there may be one all day."""
    monkeypatch.setattr(ticks, "_TOLD_WITHIN", LONG)
    with engine.house.warehouse.writing("somebody whose turn it is"):  # so that the load has begun, and cannot go on
        number = trigger(engine, "box", DAY, "a backfill")
        until = time.monotonic() + 60
        while not any(engine.unfinished("load").values()) and time.monotonic() < until:
            time.sleep(0.02)
        part = threading.Thread(target=ticks.start_tasks, args=(engine,), daemon=True)
        part.start()
        part.join(60)
        assert not part.is_alive()
        assert any(engine.unfinished("load").values())
    done(engine, number, "box")


def test_who_asks_for_a_slate_that_is_to_wait_need_not(engine: Engine) -> None:
    react(engine, loaded("lines", ROUND))
    number = trigger(engine, "slate", DAY, "by hand", {"force": True})
    done(engine, number)
    assert states(engine) == [("slate", "complete"), ("slate", "complete")]
