"""Rows as of so long before each tip are those of a game alone as of then; part of what was built is what building the part gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from features.built_rows import Rows, games, rows_by_key
from features.raw_rows import Raw
from features.small_league import CORRECTED, LATE, NIGHT
from tipoff.analyze.slate import games_as_of
from tipoff.features.build import Built, Strays, build
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.warehouse import Work

HOUR = timedelta(minutes=60)
DAYS = (CORRECTED, LATE, NIGHT)


@pytest.fixture(scope="module")
def work(league_warehouse: DuckDBWarehouse) -> Iterator[Work]:
    with league_warehouse.reading() as work:
        yield work


@pytest.fixture(scope="module")
def ids(league: Raw) -> list[str]:
    return sorted({row["game_id"] for row in league["raw.schedule"] if row["game_date"] in DAYS})


@pytest.fixture(scope="module")
def at_tip(work: Work, ids: list[str]) -> Built:
    return build(work, ids)


@pytest.fixture(scope="module")
def an_hour_before(work: Work, ids: list[str]) -> Rows:
    return rows_by_key(build(work, ids, None, HOUR))


def test_rows_of_an_hour_before_each_tip_are_those_of_each_game_alone_as_of_then(work: Work, ids: list[str], an_hour_before: Rows) -> None:
    known = {row["game_id"]: row for row in work.fetch(games_as_of(work, ids, None, HOUR)).to_pylist()}
    assert {game for game, _ in an_hour_before} == set(known)
    for game_id, game in known.items():
        assert game["as_of"] == game["tip"] - HOUR
        alone = rows_by_key(build(work, [game_id], game["tip"] - HOUR))
        assert games(an_hour_before, game_id) == alone


def test_nothing_of_the_last_hour_is_in_them(an_hour_before: Rows, at_tip: Built) -> None:
    later = rows_by_key(at_tip)
    for key, row in an_hour_before.items():
        assert row["newest_known_at"] <= row["as_of"] == later[key]["as_of"] - HOUR
    assert any(row["vegas_points_line"] != later[key]["vegas_points_line"] for key, row in an_hour_before.items())


def test_of_a_moment_asked_for_and_an_hour_before_the_tip_the_earlier_one_counts(work: Work, ids: list[str], an_hour_before: Rows) -> None:
    tips = {row["game_id"]: row["tip"] for row in work.fetch(games_as_of(work, ids, None)).to_pylist()}
    game_id = max(tips, key=lambda game: tips[game])
    assert rows_by_key(build(work, [game_id], tips[game_id], HOUR)) == games(an_hour_before, game_id)
    earlier = tips[game_id] - 3 * HOUR
    assert rows_by_key(build(work, [game_id], earlier, HOUR)) == rows_by_key(build(work, [game_id], earlier))


def test_a_part_of_what_was_built_is_what_building_the_part_gives(work: Work, ids: list[str], at_tip: Built) -> None:
    part = ids[1::2]
    of = at_tip.ingredients.column("game_id").to_pylist()
    rows = np.flatnonzero([game in part for game in of])
    assert 0 < len(rows) < at_tip.size
    taken, built = at_tip.take(rows), build(work, part)
    assert taken.to_arrow().equals(built.to_arrow())
    assert taken.size == built.size == len(rows)
    assert taken.out_of_range == built.out_of_range


def test_what_is_taken_has_its_own_values_out_of_range_and_no_others(at_tip: Built) -> None:
    strays = {
        "points_avg_season": Strays(np.array([1, 4, 7]), np.array([-1.0, -4.0, -7.0])),
        "fatigue_score": Strays(np.array([2]), np.array([9e9])),
    }
    values = dict(at_tip.values)
    for name, apart in strays.items():
        values[name] = values[name].copy()
        values[name][apart.rows] = np.nan
    built = replace(at_tip, values=values, strays=strays)
    rows = np.array([0, 4, 5, 7, 8])
    taken = built.take(rows)
    assert taken.strays["points_avg_season"].rows.tolist() == [1, 3]
    assert list(taken.strays) == ["points_avg_season"]
    for name in built.values:
        assert np.array_equal(taken.computed(name), built.computed(name)[rows], equal_nan=True), name


def test_none_and_all_of_the_rows_can_be_taken(at_tip: Built) -> None:
    assert at_tip.take(np.arange(at_tip.size)).to_arrow().equals(at_tip.to_arrow())
    assert at_tip.take(np.empty(0, dtype=np.int64)).to_arrow().num_rows == 0
