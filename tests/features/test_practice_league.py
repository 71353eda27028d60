"""The builder on two weeks of the practice league, loaded through its real documents."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from features.built_rows import Rows, differences, disagreements, games, rows_by_key
from features.practice_history import corrected_game, fill_from_documents, two_weeks
from features.raw_rows import rows_of
from features.slow import Slow
from tipoff.features.build import Built, build
from tipoff.features.slate_checks import check_slate
from tipoff.practice import Game, Season, simulate
from tipoff.store.duckdb import DuckDBWarehouse

SAMPLE = 12
"""Every so many games are compared with the slow reference."""


@pytest.fixture(scope="module")
def season() -> Season:
    return simulate(7)


@pytest.fixture(scope="module")
def warehouse(season: Season, tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    return fill_from_documents(tmp_path_factory.mktemp("practice"), season)


@pytest.fixture(scope="module")
def built(season: Season, warehouse: DuckDBWarehouse) -> Built:
    with warehouse.reading() as work:
        return build(work, [game.game_id for game in two_weeks(season)])


@pytest.fixture(scope="module")
def fortnight(built: Built) -> Rows:
    return rows_by_key(built)


@pytest.fixture(scope="module")
def evening(season: Season) -> list[Game]:
    """The games of the second Friday that tip first."""
    first, *others = sorted((game for game in two_weeks(season) if game.game_date.isoformat() == "2025-11-14"), key=lambda game: game.tip)
    return [first, *(game for game in others if game.tip == first.tip)]


def changed(warehouse: DuckDBWarehouse, path: Path, statements: list[str], moment: datetime) -> DuckDBWarehouse:
    """A copy on which these statements have been run; `$1` is a moment."""
    shutil.copy(warehouse.path, path)
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement, [moment])
    return DuckDBWarehouse(path)


def of(warehouse: DuckDBWarehouse, played: list[Game]) -> Rows:
    with warehouse.reading() as work:
        return rows_by_key(build(work, [game.game_id for game in played]))


def test_everybody_who_is_under_contract_has_a_row(fortnight: Rows, season: Season) -> None:
    expected = {
        (game.game_id, player.lookup)
        for game in two_weeks(season)
        for team in (game.home, game.away)
        for player in season.roster(team, game.game_date)
    }
    assert set(fortnight) == expected


def test_every_recipe_agrees_with_the_reference_on_whole_games(fortnight: Rows, season: Season, warehouse: DuckDBWarehouse) -> None:
    slow = Slow(rows_of(warehouse))
    sample = [game.game_id for game in two_weeks(season)][::SAMPLE]
    rows = games(fortnight, *sample)
    assert len(rows) > 200
    assert [fault for (game, player), row in rows.items() for fault in disagreements(row, slow.features(game, player))] == []


def test_a_game_built_alone_has_the_rows_that_it_has_among_two_weeks(fortnight: Rows, season: Season, warehouse: DuckDBWarehouse) -> None:
    last = two_weeks(season)[-1]
    assert differences(of(warehouse, [last]), games(fortnight, last.game_id)) == []


def test_deleting_every_row_known_after_the_tips_changes_nothing(
    fortnight: Rows, evening: list[Game], warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    tables = ("player_box", "shots", "schedule", "odds_player_points", "odds_game_lines", "injuries")
    statements = [f"DELETE FROM raw.{table} WHERE known_at > $1" for table in tables]
    past = changed(warehouse, tmp_path / "past.duckdb", statements, evening[0].tip)
    assert differences(games(fortnight, *(game.game_id for game in evening)), of(past, evening)) == []


def test_altering_every_row_known_after_the_tips_changes_nothing(
    fortnight: Rows, evening: list[Game], warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    statements = [
        "UPDATE raw.player_box SET points = 3 * points, fga = 3 * fga, minutes = 41, team = opponent WHERE known_at > $1",
        "UPDATE raw.shots SET zone = 'mid', made = NOT made, points = 3 WHERE known_at > $1",
        "UPDATE raw.schedule SET status = 'postponed', game_type = 'playoff' WHERE known_at > $1",
        "UPDATE raw.odds_player_points SET point = point + 10 WHERE known_at > $1",
        "UPDATE raw.odds_game_lines SET point = point + 10 WHERE known_at > $1",
        "UPDATE raw.injuries SET status = 'out' WHERE known_at > $1",
        "INSERT INTO raw.injuries BY NAME SELECT player_lookup, game_date, team, 'out' AS status, false AS known_at_assumed, "
        "$1::TIMESTAMPTZ + INTERVAL 1 MINUTE AS known_at "
        "FROM (SELECT DISTINCT player_lookup, team, DATE '2025-11-14' AS game_date FROM raw.player_box)",
    ]
    future = changed(warehouse, tmp_path / "future.duckdb", statements, evening[0].tip)
    assert differences(games(fortnight, *(game.game_id for game in evening)), of(future, evening)) == []


def test_a_correction_of_the_next_morning_is_a_second_version(season: Season, warehouse: DuckDBWarehouse) -> None:
    game = corrected_game(season)
    with warehouse.reading() as work:
        table = work.table("raw.player_box")
        rows = work.fetch(table.filter(table.game_id == game.game_id).select("player_lookup", "points", "known_at")).to_pylist()
    by_player: dict[str, list[int]] = {}
    for row in sorted(rows, key=lambda row: row["known_at"]):
        by_player.setdefault(row["player_lookup"], []).append(row["points"])
    assert [second - first for first, second in (pair for pair in by_player.values() if None not in pair) if second != first] == [3]


def test_two_weeks_pass_the_slates_checks_and_most_rows_are_ready(built: Built) -> None:
    check_slate(built)
    assert built.scores.ready.mean() > 0.6
