"""Every recipe against the slow reference, on the small league with all its awkward cases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from features import changes as do
from features.built_rows import Key, Rows, differences, disagreements, games, rows_by_key
from features.raw_rows import Raw
from features.slow import QUALITY, Found, Slow
from features.small_league import HERO, NIGHT, game_of
from tipoff.features.build import build
from tipoff.features.registry import features
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables.features import catalogue

EARLY = do.SECOND_TIP - timedelta(hours=1, minutes=45)
"""Between the night's tips: the first game has tipped, the second's books have been seen twice."""


@pytest.fixture(scope="module")
def early_rows(league_warehouse: DuckDBWarehouse, season_games: list[str]) -> Rows:
    """The whole season as of EARLY: games before it as of their own tips."""
    with league_warehouse.reading() as work:
        return rows_by_key(build(work, season_games, EARLY))


References = dict[Key, dict[str, Found]]
COMPUTED = [feature.name for feature in features()]
REASONED = [
    name
    for name in COMPUTED
    if name
    in {
        *("shot_zone_mismatch_score", "pct_paint", "pct_mid_range", "teammate_usage_available", "projected_minutes"),
        *("prop_over_streak", "prop_under_streak", "over_rate_last_10", "margin_vs_line_avg_last_5", "prop_line_delta"),
        *("implied_over_probability", "sharp_soft_delta", "consensus_line_velocity", "regulars_without_a_line"),
    }
]
"""Of these the reference tells for which reason each is missing."""


@pytest.fixture(scope="module")
def references(whole_rows: Rows, slow: Slow) -> References:
    return {key: slow.features(*key) for key in whole_rows}


@pytest.fixture(scope="module")
def early_references(early_rows: Rows, slow: Slow) -> References:
    return {key: slow.features(*key, EARLY) for key in early_rows}


def _faults(rows: Rows, references: References, name: str) -> list[str]:
    return [fault for key, row in rows.items() for fault in disagreements(row, {name: references[key][name]})]


@pytest.mark.parametrize("name", COMPUTED)
def test_every_recipe_agrees_with_the_reference_on_every_row_of_a_season(whole_rows: Rows, references: References, name: str) -> None:
    assert len(whole_rows) > 600
    assert _faults(whole_rows, references, name) == []


@pytest.mark.parametrize("name", COMPUTED)
def test_every_recipe_agrees_with_the_reference_at_a_moment_before_the_tip(
    early_rows: Rows, early_references: References, name: str
) -> None:
    assert _faults(early_rows, early_references, name) == []


@pytest.mark.parametrize("name", REASONED)
def test_what_is_missing_is_missing_for_the_reason_of_the_reference(whole_rows: Rows, references: References, name: str) -> None:
    expected = {key: f"missing: {found[name].source}" for key, found in references.items() if found[name].value is None}
    assert {key: whole_rows[key][f"{name}_source"] for key in expected} == expected


def test_the_reference_speaks_of_every_feature_of_the_catalogue(slow: Slow, league: Raw) -> None:
    assert set(slow.features(game_of(league, NIGHT, "BOS")["game_id"], HERO)) == {entry.name for entry in catalogue()}


def test_the_awkward_cases_do_occur(whole_rows: Rows) -> None:
    """Else the agreement above would prove little."""
    sources = {row[f"{feature.name}_source"] for row in whole_rows.values() for feature in features()}
    assert sources >= {
        *("store", "odds", "calculated", "calculated_partial", "minutes", "opponent_history", "consensus", "fallback"),
        *("missing: warm_up", "missing: out_of_range", "missing: no_line", "missing: no_game_line", "missing: team_unknown"),
        *("missing: not_supplied", "missing: no_report_covers_the_game", "missing: fewer_than_2_books", "missing: no_games"),
        *("missing: game_type_unknown", "missing: opponent_fewer_than_5_games", "missing: fewer_than_3_games"),
        *("missing: no_shots", "missing: no_lined_games", "missing: no_game_in_14_days", "missing: no_line_at_previous_game"),
        *("missing: no_prices", "missing: groups_not_measured", "missing: group_without_line", "missing: lines_not_out"),
    }


def test_who_has_a_row_is_whom_the_reference_can_place_or_who_has_a_line(whole_rows: Rows, slow: Slow, season_games: list[str]) -> None:
    """Everybody whose newest box score is of either side, and everybody with a current line; nobody else."""
    expected = set()
    for game_id in season_games:
        game = slow.game(game_id)
        for player in slow.games_of_player.keys() | {row["player_lookup"] for row in slow.quotes[game_id]} if game else ():
            found = slow.features(game_id, player)
            if found["home_away"].value is not None or found["has_vegas_line"].value:
                expected.add((game_id, player))
    assert set(whole_rows) == expected


def test_an_earlier_moment_sees_only_the_quotes_up_to_it(early_rows: Rows, league: Raw, slow: Slow) -> None:
    game = game_of(league, NIGHT, "BOS")["game_id"]
    row = early_rows[game, HERO]
    assert row["as_of"] == EARLY
    assert row["newest_known_at"] <= EARLY
    current = slow.current(slow.game(game, EARLY) or {}, HERO)
    assert {quote["snapshot_at"] for quote in current} == {do.SECOND_TIP - timedelta(hours=2)}
    assert {quote["bookmaker"] for quote in current} == {"ballybet", "betmgm", "draftkings", "fanduel"}


def test_games_that_have_tipped_by_then_are_as_of_their_own_tips(early_rows: Rows, whole_rows: Rows, league: Raw) -> None:
    over = [game for game, _ in whole_rows if game <= "20251205"] + [game_of(league, NIGHT, "NYK")["game_id"]]
    assert differences(games(early_rows, *over), games(whole_rows, *over)) == []


def test_a_missing_value_has_quality_nought_and_a_value_has_that_of_its_source(whole_rows: Rows) -> None:
    for row in whole_rows.values():
        for feature in features():
            source, quality = row[f"{feature.name}_source"], row[f"{feature.name}_quality"]
            assert quality == (0 if row[feature.name] is None else QUALITY[source]), (feature.name, source)
            assert source.startswith("missing: ") == (row[feature.name] is None), (feature.name, source)
