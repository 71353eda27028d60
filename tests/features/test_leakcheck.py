"""The leak check finds leaks that are planted, names them, and finds none in the builder."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from features.planted import LEAKS, Leak, planted
from features.small_league import LATE, NIGHT
from tipoff.errors import BadInput, UnknownDate
from tipoff.features.leakcheck import OFFSETS, Game, LeakCheck, leakcheck, plan
from tipoff.features.trials import DELAY, EVERY, REWRITING, TRUNCATION, Finding
from tipoff.store.duckdb import DuckDBWarehouse


@pytest.fixture(scope="module")
def checked(league_warehouse: DuckDBWarehouse) -> LeakCheck:
    """The night of a builder with all ten leaks, each in a feature of its own."""
    return leakcheck(league_warehouse, NIGHT, NIGHT, builder=planted(*LEAKS))


def of(checked: LeakCheck, feature: str) -> list[Finding]:
    return [finding for finding in checked.findings if finding.feature == feature]


@pytest.mark.parametrize("leak", LEAKS, ids=[leak.words for leak in LEAKS])
def test_a_planted_leak_is_found_and_its_feature_and_table_are_named(checked: LeakCheck, leak: Leak) -> None:
    found = of(checked, leak.feature)
    assert found
    assert {finding.table for finding in found} == {leak.table}


def test_no_feature_without_a_leak_is_blamed(checked: LeakCheck) -> None:
    assert {finding.feature for finding in checked.findings} == {leak.feature for leak in LEAKS}


def test_a_finding_tells_rows_of_the_night_that_really_differ(checked: LeakCheck) -> None:
    for finding in checked.findings:
        assert 0 < len(finding.rows) <= finding.count
        assert all(row.game_id.startswith("20251206") and row.before != row.after for row in finding.rows)
        assert finding.moments >= 1


@pytest.mark.parametrize(
    ("feature", "probe"),
    [
        pytest.param("points_avg_last_10", "new version", id="a correction is found by correcting"),
        pytest.param("games_in_last_7_days", "delayed", id="a join on dates by facts that come late"),
        pytest.param("vegas_opening_line", "in play", id="a quote in play by quotes in play"),
        pytest.param("vegas_points_line", "late quote", id="a close by quotes a minute later"),
        pytest.param("points_avg_season", "own night", id="the game itself by a result that claims to be old"),
    ],
)
def test_the_probe_tells_what_kind_of_leak_it_is(checked: LeakCheck, feature: str, probe: str) -> None:
    assert probe in {finding.probe for finding in of(checked, feature)}


def test_the_real_builder_passes_around_late_and_corrected_box_scores(league_warehouse: DuckDBWarehouse) -> None:
    done: list[int] = []
    checked = leakcheck(league_warehouse, LATE + timedelta(days=1), LATE + timedelta(days=1), tick=done.append)
    assert checked.findings == ()
    assert (checked.days, checked.moments, done) == (1, 2, [1])
    assert {trial.name for trial in EVERY} <= checked.compared.keys()
    assert all(compared.rows > 30 for compared in checked.compared.values())
    assert {"raw.player_box", "raw.schedule", "raw.odds_player_points", "raw.odds_game_lines", "raw.injuries"} <= set(checked.altered)
    assert "ref.sources" in checked.unaltered


def test_days_without_games_are_no_fault_and_a_span_without_any_is(league_warehouse: DuckDBWarehouse) -> None:
    with pytest.raises(UnknownDate, match="No game from 2025-11-16 to 2025-11-18"):
        leakcheck(league_warehouse, date(2025, 11, 16), date(2025, 11, 18))


@pytest.mark.parametrize(
    ("first", "last", "offsets", "told"),
    [
        pytest.param(NIGHT, NIGHT - timedelta(days=1), OFFSETS, "there is no day", id="a span that ends before it begins"),
        pytest.param(NIGHT, NIGHT, (), "at a tip or before", id="no offset"),
        pytest.param(NIGHT, NIGHT, (timedelta(hours=-1),), "at a tip or before", id="a moment after the tip"),
    ],
)
def test_what_cannot_be_checked_is_refused(
    league_warehouse: DuckDBWarehouse, first: date, last: date, offsets: tuple[timedelta, ...], told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        leakcheck(league_warehouse, first, last, offsets=offsets)


def month_of_games() -> list[Game]:
    """Three games a night, two of which tip together."""
    nights = [datetime(2025, 11, day, tzinfo=UTC) for day in range(2, 32 - 1)]
    return [
        Game(f"{night:%Y%m%d}_{number}", night.date() - timedelta(days=1), night + timedelta(hours=hours))
        for night in nights
        for number, hours in enumerate((0, 0, 2))
    ]


def test_over_a_month_every_trial_is_made_many_times_at_every_offset() -> None:
    days = [*plan(month_of_games(), OFFSETS, seed=3)]
    made = [(trial.name, moment.at_tip) for day in days for moment, trials in day.trials for trial in trials]
    for trial, at_least in ((TRUNCATION, 8), (REWRITING, 8), (DELAY, 4)):
        assert min(made.count((trial.name, True)), made.count((trial.name, False))) >= at_least


def test_a_seed_draws_the_same_moments_again_and_another_seed_others() -> None:
    games = month_of_games()
    assert [*plan(games, OFFSETS, 1)] == [*plan(games, OFFSETS, 1)]
    assert [*plan(games, OFFSETS, 1)] != [*plan(games, OFFSETS, 2)]


def test_at_a_tip_its_own_games_are_built_and_earlier_all_that_are_to_come() -> None:
    [day] = plan(month_of_games()[:3], OFFSETS, seed=0)
    (at_tip, _), (earlier, _) = day.trials
    assert set(at_tip.game_ids) < set(earlier.game_ids) == set(day.game_ids)
    assert earlier.cut.to_come == earlier.game_ids
