"""Teams that have not submitted their part of a report: silence about their players says nothing; what is said of one holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from features import changes as do
from features.built_rows import Rows, disagreements, games, rows_by_key
from features.raw_rows import Raw, copy_of, fill, submission_row
from features.slow import Slow
from features.small_league import HERO, NIGHT, game_of
from tipoff.features.build import build

EARLIER, LATER = do.SECOND_TIP - timedelta(hours=5), do.SECOND_TIP - timedelta(hours=2)


@pytest.fixture(scope="module")
def told(league: Raw) -> Raw:
    """On the night BOS never submits, CHI does after all; the others' reports do not tell."""
    raw = copy_of(league)
    raw["raw.injury_submissions"] += [
        submission_row(NIGHT, "BOS", False, EARLIER),
        submission_row(NIGHT, "CHI", False, EARLIER),
        submission_row(NIGHT, "BOS", False, LATER),
        submission_row(NIGHT, "CHI", True, LATER),
        submission_row(NIGHT, "BOS", True, do.SECOND_TIP + timedelta(minutes=1)),
    ]
    return raw


@pytest.fixture(scope="module")
def built(told: Raw, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    warehouse = fill(tmp_path_factory.mktemp("submissions") / "warehouse.duckdb", told)
    of_night = sorted({row["game_id"] for row in told["raw.schedule"] if row["game_date"] == NIGHT})
    with warehouse.reading() as work:
        return rows_by_key(build(work, of_night))


@pytest.fixture(scope="module")
def game(league: Raw) -> str:
    return str(game_of(league, NIGHT, "BOS")["game_id"])


def _unmentioned(built: Rows, told: Raw, game: str, team: str) -> list[dict[str, Any]]:
    """The rows of a team's players of whom no report of the night speaks."""
    mentioned = {row["player_lookup"] for row in told["raw.injuries"] if row["game_date"] == NIGHT and row["team"] == team}
    return [row for (_, player), row in games(built, game).items() if row["team"] == team and player not in mentioned]


def test_the_status_of_whom_a_team_that_has_not_submitted_does_not_mention_is_unknown(built: Rows, told: Raw, game: str) -> None:
    silent = _unmentioned(built, told, game, "BOS")
    assert len(silent) > 3
    assert {row["injury_risk_source"] for row in silent} == {"missing: no_report_covers_the_game"}
    assert {row["star_teammates_out"] for row in silent} == {None}


def test_a_status_that_is_told_holds_though_his_team_has_not_submitted(built: Rows, game: str) -> None:
    assert built[game, HERO]["injury_risk"] == 1.0


def test_a_team_that_submitted_after_all_is_covered(built: Rows, told: Raw, game: str) -> None:
    covered = _unmentioned(built, told, game, "CHI")
    assert len(covered) > 3
    assert {row["injury_risk"] for row in covered} == {0.0}


def test_the_slow_reference_agrees_on_every_row_of_the_night(built: Rows, told: Raw) -> None:
    slow = Slow(told)
    assert len(built) > 50
    assert [fault for (game_id, player), row in built.items() for fault in disagreements(row, slow.features(game_id, player))] == []
