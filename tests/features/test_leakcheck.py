"""The leak check finds leaks that are planted, names them, and finds none in the builder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import numpy as np
import pyarrow.compute as pc
import pytest

from features.planted import LEAKS, Leak, planted
from features.small_league import LATE, NIGHT
from tipoff.errors import BadInput, UnknownDate
from tipoff.features.build import Built, build
from tipoff.features.leakcheck import OFFSETS, Game, LeakCheck, leakcheck, plan
from tipoff.features.trials import (
    ALONE,
    BY_ITSELF,
    DELAY,
    EVERY,
    NEWER,
    OTHER_GAMES,
    REWRITING,
    TRUNCATION,
    UNSTABLE,
    Builder,
    Finding,
)
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.warehouse import Work

STRAY = "points_avg_last_5"


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


def test_a_value_that_depends_on_the_other_games_of_the_set_is_blamed_on_them(league_warehouse: DuckDBWarehouse) -> None:
    checked = leakcheck(league_warehouse, NIGHT, NIGHT, offsets=OFFSETS[:1], builder=altering(lambda built, _number: float(built.size)))
    assert {(finding.feature, finding.table, finding.probe) for finding in checked.findings} == {(STRAY, OTHER_GAMES, ALONE)}


def test_a_value_that_is_another_each_time_is_blamed_on_no_table(league_warehouse: DuckDBWarehouse) -> None:
    checked = leakcheck(league_warehouse, NIGHT, NIGHT, offsets=OFFSETS[1:], builder=altering(lambda _built, number: float(number)))
    assert {(finding.feature, finding.table, finding.probe) for finding in checked.findings} == {(STRAY, BY_ITSELF, UNSTABLE)}


def test_a_row_that_says_itself_that_it_is_too_new_is_told(league_warehouse: DuckDBWarehouse) -> None:
    def hasty(work: Work, game_ids: Sequence[str], as_of: datetime | None = None) -> Built:
        built = build(work, game_ids, as_of)
        tomorrow = pc.add(built.ingredients.column("as_of"), timedelta(days=1))
        place = built.ingredients.column_names.index("newest_known_at")
        return replace(built, ingredients=built.ingredients.set_column(place, "newest_known_at", tomorrow))

    checked = leakcheck(league_warehouse, NIGHT, NIGHT, offsets=OFFSETS[:1], builder=hasty)
    assert ("newest_known_at", NEWER) in {(finding.feature, finding.probe) for finding in checked.findings}


def altering(value: Callable[[Built, int], float]) -> Builder:
    """The real builder, built once for the same games and moment, with one feature made of the rows and of how often it was asked."""
    honest, number = planted(), count()

    def builder(work: Work, game_ids: Sequence[str], as_of: datetime | None = None) -> Built:
        built = honest(work, game_ids, as_of)
        return replace(built, values=built.values | {STRAY: np.full(built.size, value(built, next(number)))})

    return builder


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
