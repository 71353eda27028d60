"""The story of a game day, from the state database alone: what was planned, what happened, what is next."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from flow.upstream import AFTERNOON, DAY, practice_house
from tipoff.cli import app
from tipoff.clock import ManualClock, local_instant
from tipoff.flow.alerts import note_alerts
from tipoff.flow.batch_log import BATCHES
from tipoff.flow.day_story import Moment, Story, day_story, upcoming
from tipoff.flow.expected import expected_outputs, write_expected
from tipoff.flow.halts import halt, lift
from tipoff.flow.house import House
from tipoff.flow.overview import judged, overview
from tipoff.flow.plan import Ask
from tipoff.flow.planned import planned_games
from tipoff.flow.scraping import Asked, record_asks, scrape_now
from tipoff.flow.state import State
from tipoff.flow.worker import working

FIRST = local_instant(DAY, time(10, 5))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An afternoon: the schedule and the lines were asked for by hand, the first run was started in the morning, a retry was missed, a
    batch failed, an alert began and is over. Only the clock is turned by the tests."""
    with practice_house(tmp_path_factory.mktemp("story"), rosters=False, play_by_play=False) as (house, _):
        with working(house, scheduled=False) as engine:
            scrape_now(engine, DAY, ("schedule", "events", "lines"))
        record_asks(house, [Asked(DAY, Ask(FIRST, "slate:first"), "asked")])
        record_asks(house, [Asked(DAY, Ask(FIRST + timedelta(minutes=30), "slate:retry"), "missed", error="It passed.")])
        with house.state.transaction() as connection:
            failed = {"state": "failed", "error": "it broke"}
            connection.execute(sa.update(BATCHES).where(BATCHES.c.feed == "lines").values(**failed))
            note_alerts(connection, "gap ", {"gap a": "no lines"}, local_instant(DAY, time(15, 0)))
            note_alerts(connection, "gap ", {}, local_instant(DAY, time(15, 10)))
            note_alerts(connection, "old ", {"old": "long ago"}, local_instant(DAY - timedelta(days=3), time(15, 0)))
        write_expected(house, DAY)
        yield house


def told(house: House, at: datetime = AFTERNOON) -> Story:
    return day_story(house.state, house.settings, at, DAY)


def of(story: Story, kind: str, name: str, at: datetime | None = None) -> Moment:
    [found] = [one for one in story.moments if (one.kind, one.name) == (kind, name) and at in (None, one.at)]
    return found


def test_it_is_in_the_order_of_time(lived: House) -> None:
    moments = told(lived).moments
    assert [one.at for one in moments] == sorted(one.at for one in moments)


def test_asks_of_one_moment_and_feed_are_one_row_with_their_number(lived: House) -> None:
    games = planned_games(lived, DAY, DAY)[DAY]
    evening = of(told(lived), "ask", "props", local_instant(DAY, time(16, 0)))
    assert evening.marks == {"planned": len(games)}
    assert set(evening.games) == {game.game_id for game in games}


def test_marks_tell_what_was_done_what_was_missed_what_is_due_and_what_is_planned(lived: House) -> None:
    story = told(lived)
    assert of(story, "task", "slate:first").mark == "done"
    assert of(story, "task", "slate:retry", FIRST + timedelta(minutes=30)).mark == "missed"
    assert of(story, "task", "slate:retry", FIRST + timedelta(hours=1)).mark == "missed"
    assert of(story, "task", "slate:line_check", local_instant(DAY, time(15, 10))).mark == "due"
    assert of(story, "task", "slate:final_retry").mark == "planned"
    assert of(story, "ask", "lines", AFTERNOON).mark == "done"
    assert of(story, "ask", "props", AFTERNOON).mark == "due"
    assert of(story, "ask", "props", local_instant(DAY, time(10, 0))).mark == "missed"


def test_what_has_no_use_any_more_and_was_not_done_is_missed(lived: House) -> None:
    late = told(lived, max(game.tip for game in planned_games(lived, DAY, DAY)[DAY]) + timedelta(hours=1))
    assert {one.mark for one in late.moments if one.name == "slate:last_call"} == {"missed"}


def test_batches_tell_what_they_loaded_and_why_they_failed(lived: House) -> None:
    story = told(lived)
    assert of(story, "batch", f"schedule-{DAY}-1").mark == "done"
    assert "1 documents" in of(story, "batch", f"schedule-{DAY}-1").detail
    failed = of(story, "batch", f"lines-{DAY}-1")
    assert (failed.mark, failed.detail.endswith("it broke")) == ("failed", True)


def test_alerts_of_the_day_are_told_where_they_began_and_where_they_were_over(lived: House) -> None:
    alerts = [(one.name, one.mark) for one in told(lived).moments if one.kind == "alert"]
    assert alerts == [("gap a", "began"), ("gap a", "over")]


def test_what_is_next_is_the_first_that_is_to_come(lived: House) -> None:
    story = told(lived, AFTERNOON)
    assert story.next is not None
    assert story.next.mark in ("due", "planned")
    assert [one.at for one in upcoming(story)] == [one.at for one in story.upcoming]


def test_the_verdict_and_the_grid_are_told_from_the_state_database_alone(lived: House, tmp_path: Path) -> None:
    """Another process has the state database, and no warehouse."""
    settings = lived.settings.model_copy(update={"data_dir": tmp_path, "database": None, "warehouse": "duckdb:///nowhere/at/all"})
    lived.state.close()
    shutil.copy(lived.settings.data_dir / "state.sqlite", tmp_path)
    clock = ManualClock(AFTERNOON)
    with closing(State(settings, clock)) as state:
        found = overview(state, clock, settings, DAY)
        assert found.verdict == judged(lived.state, lived.settings, AFTERNOON, DAY, found.expected)
        assert found.verdict.word == "bad"
        assert len({cell.game_id for cell in found.expected}) == len(planned_games(lived, DAY, DAY)[DAY])


def test_a_halt_in_force_is_what_the_sentence_tells(lived: House) -> None:
    halted = halt(lived.state, AFTERNOON, "a look at the fleet", by="me", game_date=DAY)
    during = judged(lived.state, lived.settings, AFTERNOON, DAY, expected_outputs(lived.state, DAY))
    lift(lived.state, AFTERNOON, by="me", game_date=DAY)
    after = judged(lived.state, lived.settings, AFTERNOON, DAY, expected_outputs(lived.state, DAY))
    assert halted.reason in during.sentence
    assert during.do == "tipoff resume"
    assert halted.reason not in after.sentence


def _command(house: House, *arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, "--data-dir", str(house.settings.data_dir)])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_tells_the_same_for_people_and_for_programs(lived: House) -> None:
    shown = _command(lived, "day", DAY.isoformat())
    assert "slate:first" in shown
    assert "slate:last_call" in shown
    document = json.loads(_command(lived, "day", DAY.isoformat(), "--json"))
    assert {moment["name"] for moment in document["moments"]} >= {"props", "slate:first", f"lines-{DAY}-1", "gap a"}
    assert shown.startswith(document["verdict"][:40])


def test_status_tells_the_sentence_first_and_then_the_grid(lived: House) -> None:
    shown = _command(lived, "status", "--date", DAY.isoformat())
    document = json.loads(_command(lived, "status", "--date", DAY.isoformat(), "--json"))
    assert shown.startswith(document["verdict"]["sentence"][:60])
    assert shown.index("tip") < shown.index("FAILED")
    assert {cell["phase"] for cell in document["expected"]} >= {"props", "predict", "grade"}


def test_a_day_without_games_has_nothing_but_the_schedules_ask(lived: House) -> None:
    story = day_story(lived.state, lived.settings, AFTERNOON, DAY + timedelta(days=400))
    assert [(one.kind, one.name) for one in story.moments] == [("ask", "schedule")]
