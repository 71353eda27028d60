"""Backfills: what is planned, what it costs, what is there already. The budget's end is F19, a kill and two at once F09."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from flow.upstream import DAY, practice_house, season
from tipoff.errors import BadInput
from tipoff.flow.backfill import BackfillDay, Snapshot, Wanted, backfilling, plan_days, start, wait
from tipoff.flow.expected import expected_outputs
from tipoff.flow.grid import expected_phases
from tipoff.flow.house import House
from tipoff.practice.mischief import Mischief

LAST_NIGHT = DAY - timedelta(days=1)
ONE = (Snapshot.parse("T-15m"),)


class TestSnapshots:
    def test_hours_and_minutes_before_the_tip(self) -> None:
        assert Snapshot.parse("T-3h").before == timedelta(hours=3)
        assert Snapshot.parse(" T-15m ").before == timedelta(minutes=15)

    @pytest.mark.parametrize("text", ["", "T+3h", "3h", "T-3d", "T-h", "T-3h;DROP", "T-99999m"])
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(BadInput, match="no snapshot"):
            Snapshot.parse(text)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in January that knows the season's schedule, and has backfilled last night's box scores and closing lines."""
    with practice_house(tmp_path_factory.mktemp("backfill")) as (house, _):
        with backfilling(house) as engine:
            for wanted in (Wanted("schedule"), Wanted("box"), Wanted("odds", ONE)):
                wait(engine, start(engine, wanted, [LAST_NIGHT], None))
        yield house


def _left(house: House, wanted: Wanted, first: date, last: date) -> int:
    return sum(len(plan.left) for plan in plan_days(house, wanted, first, last))


def test_what_was_fetched_is_there_and_is_not_asked_for_again(house: House) -> None:
    assert _left(house, Wanted("box"), LAST_NIGHT, LAST_NIGHT) == 0
    assert _left(house, Wanted("odds", ONE), LAST_NIGHT, LAST_NIGHT) == 0


def test_what_came_is_on_the_grid_of_its_day(house: House) -> None:
    cells = expected_outputs(house.state, LAST_NIGHT)
    assert {cell.phase for cell in cells if cell.standing == "COMPLETE"} == {"props", "lines", "box", "load"}
    assert len(cells) == len(expected_phases(house.settings)) * len(season().games_on(LAST_NIGHT))


def test_another_moment_of_the_same_games_is_still_to_be_asked(house: House) -> None:
    games = len({row["game_id"] for row in house.warehouse.read("raw.player_box").to_pylist()})
    assert _left(house, Wanted("odds", (*ONE, Snapshot.parse("T-3h"))), LAST_NIGHT, LAST_NIGHT) == games


def test_a_historical_document_costs_ten_times_its_markets_and_regions(house: House) -> None:
    far = DAY + timedelta(days=40)  # of whose games no event is known yet
    (plan,) = plan_days(house, Wanted("odds", ONE), far, far)
    listing, *games = plan.planned
    assert listing.credits == 1
    assert {one.credits for one in games} == {4 * 2 * 10}
    assert plan.credits == 1 + 80 * len(games)


def test_the_rows_are_those_of_the_moment_asked_for(house: House) -> None:
    rows = house.warehouse.read("raw.odds_game_lines", source="odds_api").to_pylist()
    assert rows
    assert all(15 <= row["minutes_to_tip"] <= 20 for row in rows)


def test_games_that_have_not_been_played_have_no_box_score_to_ask_for(house: House) -> None:
    assert plan_days(house, Wanted("box"), DAY + timedelta(days=1), DAY + timedelta(days=1)) == []


def test_a_range_upside_down_and_a_range_without_games_are_refused(house: House) -> None:
    with pytest.raises(BadInput, match="no range"):
        plan_days(house, Wanted("box"), DAY, LAST_NIGHT)
    with pytest.raises(BadInput, match="No games are known"):
        plan_days(house, Wanted("box"), date(2020, 7, 1), date(2020, 7, 3))


NOWHERE = "http://127.0.0.1:9"


def test_sources_that_are_silent_are_told_and_the_day_has_failed(tmp_path: Path) -> None:
    with practice_house(tmp_path, nba_cdn_url=NOWHERE, espn_url=NOWHERE) as (house, _), backfilling(house) as engine:
        (day,) = wait(engine, start(engine, Wanted("schedule"), [LAST_NIGHT], None))
    assert (day.state, day.failed) == ("failed", 1)
    assert "nba_cdn schedule" in str(day.error)
    assert "espn scoreboard" in str(day.error)


def test_where_the_season_s_schedule_is_silent_the_scoreboard_of_the_day_answers(tmp_path: Path) -> None:
    with practice_house(tmp_path, nba_cdn_url=NOWHERE) as (house, _), backfilling(house) as engine:
        (day,) = wait(engine, start(engine, Wanted("schedule"), [LAST_NIGHT], None))
        games = {row["game_id"] for row in house.warehouse.read("raw.schedule").to_pylist()}
    assert (day.state, games) == ("complete", {game.game_id for game in season().games_on(LAST_NIGHT)})


def test_an_answer_that_is_set_apart_whole_is_told_and_asked_for_again(tmp_path: Path) -> None:
    wanted, mischief = Wanted("odds", ONE), Mischief()

    def run(kind: Wanted) -> BackfillDay:
        (day,) = wait(engine, start(engine, kind, [LAST_NIGHT], None))
        return day

    with practice_house(tmp_path, mischief=mischief) as (house, _), backfilling(house) as engine:
        run(Wanted("schedule"))
        mischief.script("events", "html")
        listless = run(wanted)
        assert listless.state == "failed"
        assert "historical-events: its answer is set apart whole" in str(listless.error)

        mischief.script("props", "truncated", "204", "utf-16")
        spoilt = run(wanted)
        assert (spoilt.state, spoilt.failed) == ("failed", 2)
        assert _left(house, wanted, LAST_NIGHT, LAST_NIGHT) == 2

        mended = run(wanted)
        assert (mended.state, mended.asked) == ("complete", 2)
        assert _left(house, wanted, LAST_NIGHT, LAST_NIGHT) == 0
