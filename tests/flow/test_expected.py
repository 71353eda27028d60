"""The grid of all phases on a real house: a night that is loaded, predicted, played, graded; and the repair of gaps."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from faults.nights import Evening, evening
from flow.upstream import DAY, practice_house
from tipoff.clock import ManualClock, local_instant
from tipoff.config import Settings, load_settings
from tipoff.flow.batch_log import BATCHES, Batch, batches, naive
from tipoff.flow.cells import Expected
from tipoff.flow.engine import open_desk
from tipoff.flow.expected import expected_outputs, reconcile, write_expected
from tipoff.flow.game_days import games_around, next_game_day
from tipoff.flow.grid import Seen, deadline_of, expected_phases, games_that_wait
from tipoff.flow.house import open_house
from tipoff.flow.lease import wait_for
from tipoff.flow.night import grade_night
from tipoff.flow.planned import planned_games
from tipoff.flow.repair import MOST, repairs_of
from tipoff.flow.rounds import capture_tick
from tipoff.flow.scraping import asked_again, asks_on_record, scrape_now
from tipoff.flow.worker import working
from tipoff.load.documents import load_payloads
from tipoff.practice.mischief import Mischief
from train import practice_house as played

NIGHT = played.NIGHT
GAMES = sorted(played.games_of_night(), key=lambda game: (game.tip, game.game_id))
FIRST = GAMES[0]
NOON = local_instant(NIGHT, time(12, 0))
TRAINED_ONLY = "DELETE FROM predictions.absences WHERE reason = 'model_blocked'"
"""The house has trained a handful of the fleet; without this the others are silent."""


@pytest.fixture
def tonight(tmp_path: Path) -> Iterator[tuple[Evening, ManualClock]]:
    with evening(tmp_path) as found:
        clock = found.house.clock
        assert isinstance(clock, ManualClock)
        clock.set(NOON)
        yield found, clock


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after the night was run, by noon."""
    folder = tmp_path_factory.mktemp("ran")
    with evening(folder) as found:
        found.night()
    return folder


@pytest.fixture
def after(ran: Path, tmp_path: Path) -> Iterator[tuple[Evening, ManualClock]]:
    """The night that was run, to be changed."""
    folder = tmp_path / "after"
    shutil.copytree(ran, folder)
    clock = ManualClock(NOON)
    settings = load_settings(data_dir=folder).model_copy(update={"league": "practice"})
    with open_house(settings, clock) as house:
        yield Evening(house, folder / "warehouse.duckdb"), clock


def standings(cells: list[Expected], phase: str) -> set[str]:
    return {cell.standing for cell in cells if cell.phase == phase}


def details(cells: list[Expected], phase: str) -> set[str | None]:
    return {cell.detail for cell in cells if cell.phase == phase}


class TestOneNight:
    def test_in_the_early_morning_everything_is_expected(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, clock = tonight
        clock.set(local_instant(NIGHT, time(7, 0)))
        found.spoil("DELETE FROM raw.odds_player_points", "DELETE FROM raw.odds_game_lines")
        cells = write_expected(found.house, NIGHT)
        assert {cell.standing for cell in cells} == {"EXPECTED"}
        assert {cell.game_id for cell in cells} == {game.game_id for game in GAMES}

    def test_what_the_first_run_should_have_made_and_nobody_ran_has_failed(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, _ = tonight
        cells = write_expected(found.house, NIGHT)
        for phase in ("analyze", "features", "predict", "publish"):
            assert standings(cells, phase) == {"FAILED"}
            assert details(cells, phase) == {"Nobody ran it in time."}
        assert standings(cells, "props") == standings(cells, "lines") == {"COMPLETE"}
        assert standings(cells, "box") == standings(cells, "grade") == {"EXPECTED"}

    def test_a_night_that_was_run_is_complete(self, after: tuple[Evening, ManualClock]) -> None:
        found, _ = after
        found.spoil(TRAINED_ONLY)
        cells = write_expected(found.house, NIGHT)
        for phase in ("analyze", "features", "predict", "publish"):
            assert standings(cells, phase) == {"COMPLETE"}, details(cells, phase)
        assert games_that_wait(cells) == set()

    def test_systems_that_are_silent_make_less_of_it(self, after: tuple[Evening, ManualClock]) -> None:
        found, _ = after
        predicted = Counter(row["system_id"] for row in found.rows("predictions.player_prop_predictions") if row["is_active"])
        predicted.update(dict.fromkeys({row["system_id"] for row in found.rows("predictions.absences")}, 0))
        silent = sorted(name for name, number in predicted.items() if not number)
        cells = write_expected(found.house, NIGHT)
        assert standings(cells, "predict") == {"DEGRADED"}
        assert details(cells, "predict") == {f"Silent are {len(silent)} of {len(predicted)} systems: {', '.join(silent)}."}

    def test_lined_players_whom_a_phase_would_mend_make_less_of_it(self, after: tuple[Evening, ManualClock]) -> None:
        found, _ = after
        found.spoil(
            TRAINED_ONLY,
            "CREATE TEMP TABLE one AS SELECT game_id, player_lookup FROM predictions.player_prop_predictions "
            f"WHERE is_active AND line IS NOT NULL AND game_id = '{FIRST.game_id}' LIMIT 1; "
            "INSERT INTO predictions.absences "
            "(game_id, player_lookup, system_id, batch_id, reason, mended_by, has_line, game_date, written_at) "
            "SELECT p.game_id, p.player_lookup, p.system_id, p.batch_id, 'not_quality_ready', 'scrape', true, p.game_date, "
            "(SELECT max(written_at) FROM predictions.absences) "
            "FROM predictions.player_prop_predictions p SEMI JOIN one USING (game_id, player_lookup) WHERE p.is_active; "
            "UPDATE predictions.player_prop_predictions SET is_active = false WHERE (game_id, player_lookup) IN (FROM one)",
        )
        absences = found.rows("predictions.absences")
        [waiting] = {row["player_lookup"] for row in absences if row["reason"] == "not_quality_ready" and row["mended_by"] == "scrape"}
        cells = {cell.game_id: cell for cell in write_expected(found.house, NIGHT) if cell.phase == "predict"}
        assert (cells[FIRST.game_id].standing, cells[FIRST.game_id].detail) == ("DEGRADED", f"Waiting for scrape: {waiting}.")
        assert {cell.standing for game, cell in cells.items() if game != FIRST.game_id} == {"COMPLETE"}
        assert games_that_wait(cells.values()) == {FIRST.game_id}

    def test_a_game_without_lines_waits_for_its_first_and_has_none_after_its_last_quotes(
        self, tonight: tuple[Evening, ManualClock]
    ) -> None:
        found, clock = tonight
        found.spoil(f"DELETE FROM raw.odds_player_points WHERE game_id = '{FIRST.game_id}'")
        found.night()
        found.spoil(TRAINED_ONLY)

        def predict() -> Expected:
            return next(cell for cell in write_expected(found.house, NIGHT) if (cell.phase, cell.game_id) == ("predict", FIRST.game_id))

        assert (predict().standing, predict().detail) == ("EXPECTED", "It waits for its first lines.")
        assert games_that_wait(write_expected(found.house, NIGHT)) == {FIRST.game_id}
        clock.set(FIRST.tip - timedelta(minutes=5))
        assert (predict().standing, predict().detail) == ("EMPTY_OK", "No lines were offered.")

    def test_what_was_not_graded_in_time_has_failed_and_is_complete_once_it_is(self, after: tuple[Evening, ManualClock]) -> None:
        found, clock = after
        clock.set(played.MORNING + timedelta(hours=1))
        late = write_expected(found.house, NIGHT)
        assert standings(late, "box") == standings(late, "grade") == {"FAILED"}
        pairs = ((payload, None) for payload in played.aftermath())
        load_payloads(found.house.warehouse, found.house.vault, pairs, seen_at=clock.now(), run_id="test")
        grade_night(found.house, NIGHT)
        cells = write_expected(found.house, NIGHT)
        assert standings(cells, "box") == standings(cells, "grade") == {"COMPLETE"}

    def test_where_nothing_was_predicted_there_is_nothing_to_grade(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, clock = tonight
        clock.set(played.MORNING + timedelta(hours=1))
        pairs = ((payload, None) for payload in played.aftermath())
        load_payloads(found.house.warehouse, found.house.vault, pairs, seen_at=clock.now(), run_id="test")
        assert standings(write_expected(found.house, NIGHT), "grade") == {"EMPTY_OK"}

    def test_a_game_that_was_called_off_is_not_on_the_grid(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, _ = tonight
        found.spoil(f"UPDATE raw.schedule SET status = 'postponed' WHERE game_id = '{FIRST.game_id}'")
        assert FIRST.game_id not in {cell.game_id for cell in write_expected(found.house, NIGHT)}


class TestGapsMendThemselves:
    def test_a_slate_that_nobody_ran_is_run(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, clock = tonight
        clock.set(local_instant(NIGHT, time(15, 0)))
        with working(found.house, scheduled=False) as engine:
            reconcile(engine, NIGHT)
            [begun] = batches(found.house.state, NIGHT, "slate")
            running = write_expected(found.house, NIGHT)
            wait_for(engine, {("slate", NIGHT, begun.number)}, 120)
        assert "analyze, features, predict, publish of" in begun.cause
        assert standings(running, "publish") == {"RUNNING"}
        cells = write_expected(found.house, NIGHT)
        for phase in ("analyze", "features", "publish"):
            assert standings(cells, phase) == {"COMPLETE"}
        assert {cell.repairs for cell in cells if cell.phase == "predict"} == {1}

    def test_grades_that_nobody_made_are_made(self, after: tuple[Evening, ManualClock]) -> None:
        found, clock = after
        clock.set(played.MORNING + timedelta(hours=1))
        pairs = ((payload, None) for payload in played.aftermath())
        load_payloads(found.house.warehouse, found.house.vault, pairs, seen_at=clock.now(), run_id="test")
        with working(found.house, scheduled=False) as engine:
            reconcile(engine, NIGHT)
            [begun] = batches(found.house.state, NIGHT, "grade")
            wait_for(engine, {("grade", NIGHT, begun.number)}, 120)
        assert standings(write_expected(found.house, NIGHT), "grade") == {"COMPLETE"}

    def test_what_nothing_mends_is_tried_a_few_times_with_growing_pauses_and_then_left(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, clock = tonight
        morning = local_instant(NIGHT, time(10, 30))
        started: list[int] = []
        with open_desk(found.house) as desk:
            for minutes in (0, 1, 4, 5, 6, 19, 20, 21, 64, 65, 66, 199, 200, 480):
                clock.set(morning + timedelta(minutes=minutes))
                before = len(batches(found.house.state, NIGHT, "slate"))
                reconcile(desk, NIGHT)
                if len(batches(found.house.state, NIGHT, "slate")) > before:
                    started.append(minutes)
                    _end_all(found, "failed")
        assert started == [0, 5, 20, 65]
        assert len(started) == MOST

    def test_two_that_look_at_once_start_a_repair_once(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, _ = tonight
        with open_desk(found.house) as desk, ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: reconcile(desk, NIGHT), range(2)))
        assert len(batches(found.house.state, NIGHT, "slate")) == 1
        assert {cell.repairs for cell in expected_outputs(found.house.state, NIGHT) if cell.phase == "predict"} == {1}

    def test_a_batch_that_will_be_tried_again_by_itself_is_left_to_it(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, clock = tonight
        with open_desk(found.house) as desk:
            reconcile(desk, NIGHT)
            with found.house.state.transaction() as connection:
                connection.execute(sa.update(BATCHES).values(not_before=naive(clock.now() + timedelta(hours=2)), cause="again: no"))
            clock.advance(timedelta(hours=1))
            cells = reconcile(desk, NIGHT)
            assert standings(cells, "predict") == {"FAILED"}
            assert details(cells, "predict") == {"again: no (again at 14:00:00)"}
            assert len(batches(found.house.state, NIGHT)) == 1

    def test_after_the_tip_nothing_is_predicted_any_more(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, clock = tonight
        clock.set(GAMES[-1].tip + timedelta(minutes=5))
        with open_desk(found.house) as desk:
            reconcile(desk, NIGHT)
        assert [batch.asked["phases"] for batch in batches(found.house.state, NIGHT, "slate")] == [["publish"]]

    def test_what_is_missing_is_asked_for_again_and_comes(self, tmp_path: Path) -> None:
        mischief = Mischief()
        with (
            practice_house(tmp_path, mischief=mischief, rosters=False, sources=("odds_api", "espn")) as (house, clock),
            working(house, scheduled=False) as engine,
        ):
            scrape_now(engine, DAY, ("schedule", "events"))
            mischief.script("lines", "404", forever=True)
            capture_tick(engine)
            cells = reconcile(engine, DAY)
            assert standings(cells, "lines") == {"FAILED"}
            assert {str(detail)[:23] for detail in details(cells, "props")} == {"Its answer is set apart"}  # nobody knows the players
            assert [ask.feed for ask in asked_again(house.state, DAY, planned_games(house, DAY, DAY)[DAY], clock.now())] == ["lines"]
            assert standings(write_expected(house, DAY), "lines") == {"FAILED"}
            mischief.calm()
            clock.advance(timedelta(minutes=5))
            assert [one.ask.feed for one in capture_tick(engine).cycles[DAY].asked].count("lines") == 1
            assert standings(write_expected(house, DAY), "lines") == {"COMPLETE"}
            assert asked_again(house.state, DAY, planned_games(house, DAY, DAY)[DAY], clock.now()) == []

    def test_a_day_without_games_starts_nothing(self, tmp_path: Path) -> None:
        day = DAY + timedelta(days=400)
        with practice_house(tmp_path, local_instant(day, time(15, 0))) as (house, _), open_desk(house) as desk:
            assert reconcile(desk, day) == []
            assert batches(house.state) == []
            assert asks_on_record(house.state, day) == []


def _end_all(found: Evening, state: str) -> None:
    with found.house.state.transaction() as connection:
        connection.execute(sa.update(BATCHES).values(state=state, error="it broke", finished_at=naive(found.house.clock.now())))


@pytest.mark.parametrize(
    ("sources", "off"),
    [
        (("nba_cdn", "espn"), {"lines", "props"}),
        (("odds_api", "nba_cdn"), {"injuries"}),
        (("odds_api", "nba_injuries"), {"box", "grade"}),
    ],
)
def test_what_a_source_that_is_off_would_tell_is_not_expected(sources: tuple[str, ...], off: set[str]) -> None:
    everything = set(expected_phases(Settings().model_copy(update={"sources": ("odds_api", "nba_cdn", "espn", "nba_injuries")})))
    assert everything - set(expected_phases(Settings().model_copy(update={"sources": sources}))) == off


def test_deadlines_follow_the_tip_and_what_runs_before_it_is_due_before_it() -> None:
    tip = local_instant(DAY, time(19, 0))
    by = {phase: deadline_of(phase, DAY, tip) for phase in expected_phases(Settings())}
    assert {by[phase] for phase in ("lines", "props", "injuries", "load")} == {tip - timedelta(minutes=10)}
    assert {by[phase] for phase in ("analyze", "features", "predict", "publish")} == {local_instant(DAY, time(10, 25))}
    assert by["box"] == tip + timedelta(hours=4, minutes=30)
    assert by["grade"] == local_instant(DAY + timedelta(days=1), time(9, 45))
    early = local_instant(DAY, time(10, 20))
    assert deadline_of("predict", DAY, early) < early


def test_the_newest_batch_is_the_last_that_was_made_also_where_the_clock_was_set_back() -> None:
    """F32: else what failed before the jump would be what stands for an hour, and be mended again and again."""
    values: dict[str, Any] = dict.fromkeys(Batch.__dataclass_fields__)
    values |= {"feed": "props", "game_date": NIGHT, "asked": {}, "progress": {}, "error": "it broke"}
    failed = Batch(**values | {"number": 1, "state": "failed", "created_at": NOON})
    mended = Batch(**values | {"number": 2, "state": "complete", "created_at": NOON - timedelta(minutes=50)})
    seen = Seen([], batches=[failed, mended])
    assert seen.newest("props") == mended
    assert seen.loads() == [mended]
    gap = Expected(NIGHT, FIRST.game_id, "load", "FAILED", NOON, "why", FIRST.tip)
    assert repairs_of([gap], [failed, mended], NOON) == []
    assert [repair.feed for repair in repairs_of([gap], [failed], NOON)] == ["props"]


def test_no_repair_is_made_of_what_is_not_failed(tonight: tuple[Evening, ManualClock]) -> None:
    found, clock = tonight
    cells = write_expected(found.house, NIGHT)
    for standing in ("EXPECTED", "RUNNING", "COMPLETE", "EMPTY_OK", "DEGRADED"):
        assert repairs_of([replace(cell, standing=standing) for cell in cells], [], clock.now()) == []


def test_the_games_around_a_day_are_on_record_without_the_warehouse(tonight: tuple[Evening, ManualClock]) -> None:
    found, _ = tonight
    write_expected(found.house, NIGHT)
    around = games_around(found.house.state, NIGHT, NIGHT)
    assert [(game.game_id, game.tip) for game in around[NIGHT]] == [(game.game_id, game.tip) for game in GAMES]
    later = sorted({game.game_date for game in played.season().games if game.game_date > NIGHT})
    assert next_game_day(found.house.state, NIGHT) == later[0]


def test_the_grid_is_read_as_it_was_written(tonight: tuple[Evening, ManualClock]) -> None:
    found, _ = tonight
    written = write_expected(found.house, NIGHT)
    assert sorted(expected_outputs(found.house.state, NIGHT), key=repr) == sorted(written, key=repr)
