"""The grid of all phases on a real house: a night that is loaded, predicted, played, graded; and the repair of gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from faults.nights import Evening, evening
from flow.upstream import DAY, practice_house
from tipoff.clock import ManualClock, local_instant
from tipoff.config import Settings
from tipoff.flow.batch_log import BATCHES, batches, naive
from tipoff.flow.cells import Expected
from tipoff.flow.expected import expected_outputs, reconcile, write_expected
from tipoff.flow.game_days import games_around, next_game_day
from tipoff.flow.grid import deadline_of, expected_phases, games_that_wait
from tipoff.flow.night import grade_night
from tipoff.flow.repair import MOST, repairs_of
from tipoff.flow.scraping import asked_again, asks_on_record, planned_games, scrape_now
from tipoff.flow.worker import capture_tick, working
from tipoff.practice.mischief import Mischief
from train import practice_house as played

NIGHT = played.NIGHT
GAMES = sorted(played.games_of_night(), key=lambda game: (game.tip, game.game_id))
FIRST = GAMES[0]
NOON = local_instant(NIGHT, time(12, 0))


@pytest.fixture
def tonight(tmp_path: Path) -> Iterator[tuple[Evening, ManualClock]]:
    with evening(tmp_path) as found:
        clock = found.house.clock
        assert isinstance(clock, ManualClock)
        clock.set(NOON)
        yield found, clock


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

    def test_a_night_that_was_run_is_complete(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, _ = tonight
        found.night()
        cells = write_expected(found.house, NIGHT)
        for phase in ("analyze", "features", "predict", "publish"):
            assert standings(cells, phase) == {"COMPLETE"}, details(cells, phase)
        assert games_that_wait(cells) == set()

    def test_a_system_that_is_silent_makes_less_of_it(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, _ = tonight
        found.spoil("DELETE FROM models.registry WHERE system_id = 'ridge'")
        night = found.night()
        cells = write_expected(found.house, NIGHT)
        assert standings(cells, "predict") == {"DEGRADED"}
        assert details(cells, "predict") == {f"1 of {len(night.predicted)} systems are silent: ridge."}

    def test_lined_players_whom_a_phase_would_mend_make_less_of_it(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, _ = tonight
        found.night()
        found.spoil(
            "CREATE TEMP TABLE one AS SELECT game_id, player_lookup FROM predictions.player_prop_predictions "
            f"WHERE is_active AND line IS NOT NULL AND game_id = '{FIRST.game_id}' LIMIT 1; "
            "INSERT INTO predictions.absences (game_id, player_lookup, system_id, batch_id, game_date, reason, mended_by, has_line, as_of) "
            "SELECT p.game_id, p.player_lookup, p.system_id, p.batch_id, p.game_date, 'not_quality_ready', 'scrape', true, p.as_of "
            "FROM predictions.player_prop_predictions p SEMI JOIN one USING (game_id, player_lookup) WHERE p.is_active; "
            "UPDATE predictions.player_prop_predictions SET is_active = false WHERE (game_id, player_lookup) IN (FROM one)"
        )
        cells = {cell.game_id: cell for cell in write_expected(found.house, NIGHT) if cell.phase == "predict"}
        assert (cells[FIRST.game_id].standing, cells[FIRST.game_id].detail) == ("DEGRADED", "1 players wait for scrape.")
        assert {cell.standing for game, cell in cells.items() if game != FIRST.game_id} == {"COMPLETE"}
        assert games_that_wait(cells.values()) == {FIRST.game_id}

    def test_a_game_without_lines_waits_for_its_first_and_has_none_after_its_last_quotes(
        self, tonight: tuple[Evening, ManualClock]
    ) -> None:
        found, clock = tonight
        found.spoil(f"DELETE FROM raw.odds_player_points WHERE game_id = '{FIRST.game_id}'")
        found.night()

        def predict() -> Expected:
            return next(cell for cell in write_expected(found.house, NIGHT) if (cell.phase, cell.game_id) == ("predict", FIRST.game_id))

        assert (predict().standing, predict().detail) == ("EXPECTED", "It waits for its first lines.")
        assert games_that_wait(write_expected(found.house, NIGHT)) == {FIRST.game_id}
        clock.set(FIRST.tip - timedelta(minutes=5))
        assert (predict().standing, predict().detail) == ("EMPTY_OK", "No lines were offered.")

    def test_a_night_that_was_graded_is_complete_to_the_end(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, clock = tonight
        found.night()
        clock.set(played.MORNING + timedelta(hours=1))
        late = write_expected(found.house, NIGHT)
        assert standings(late, "box") == standings(late, "grade") == {"FAILED"}
        for game in GAMES:
            found.house.vault.put(b"x")
        from load.bench import Bench  # noqa: F401, PLC0415

    def test_a_game_that_was_called_off_is_not_on_the_grid(self, tonight: tuple[Evening, ManualClock]) -> None:
        found, _ = tonight
        found.spoil(f"UPDATE raw.schedule SET status = 'postponed' WHERE game_id = '{FIRST.game_id}'")
        assert FIRST.game_id not in {cell.game_id for cell in write_expected(found.house, NIGHT)}
