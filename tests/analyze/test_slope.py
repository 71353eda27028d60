"""The variance of points by vintages: plain Python agrees, and nothing known after a vintage has a say in it."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean, variance

import numpy as np
import pytest

from features.raw_rows import Row, box_row, fill, schedule_row
from tipoff.analyze.slope import spread_of_points
from tipoff.store.duckdb import DuckDBWarehouse

FIRST_DAY = date(2023, 11, 1)
MOMENTS = [
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2024, 1, 31, 23, 59, tzinfo=UTC),
    datetime(2024, 3, 12, 1, tzinfo=UTC),
    datetime(2025, 3, 1, tzinfo=UTC),
]


def rows_of_a_league(players: int = 26) -> list[Row]:
    """A game every third day for 480 days: better scorers stray further, some sit out, and some box scores are corrected days later."""
    dice = random.Random(60)
    rows = []
    for number in range(160):
        day = FIRST_DAY + timedelta(days=3 * number)
        tip = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
        game = schedule_row(day, "BOS", "NYK", tip, tip - timedelta(days=9))
        known = tip + timedelta(hours=3)
        for player in range(players):
            if dice.random() < 0.3:
                rows.append(box_row(game, f"p{player:02d}", "BOS", known))
                continue
            points = max(0, round(dice.gauss(4 + player, math.sqrt(8 + 2.5 * player))))
            rows.append(box_row(game, f"p{player:02d}", "BOS", known, minutes=30.0, points=points))
            if dice.random() < 0.1:
                rows.append(box_row(game, f"p{player:02d}", "BOS", known + timedelta(days=9), minutes=30.0, points=points + 7))
    return rows


def by_hand(rows: list[Row], as_of: datetime) -> tuple[float, float] | None:
    vintage = as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    newest: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda row: row["known_at"]):
        if row["known_at"] <= vintage:
            newest[row["game_id"], row["player_lookup"]] = row
    points = defaultdict(list)
    for row in newest.values():
        if row["minutes"] > 0 and vintage.date() - timedelta(days=400) <= row["game_date"] < vintage.date():
            points[row["player_lookup"]].append(row["points"])
    known = [own for own in points.values() if len(own) >= 5]
    if len(known) < 20:
        return None
    weights = [len(own) - 1 for own in known]
    centre = sum(w * fmean(own) for w, own in zip(weights, known, strict=True)) / sum(weights)
    level = sum(w * variance(own) for w, own in zip(weights, known, strict=True)) / sum(weights)
    slope = sum(w * (fmean(own) - centre) * variance(own) for w, own in zip(weights, known, strict=True))
    slope /= sum(w * (fmean(own) - centre) ** 2 for w, own in zip(weights, known, strict=True))
    return level - slope * centre, slope


def asked(warehouse: DuckDBWarehouse, moments: list[datetime]) -> list[tuple[float, float] | None]:
    with warehouse.reading() as work:
        base, slope = spread_of_points(work, np.array([round(moment.timestamp() * 1e6) for moment in moments], dtype=np.int64))
    return [None if np.isnan(a) else (float(a), float(b)) for a, b in zip(base, slope, strict=True)]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return rows_of_a_league()


@pytest.fixture(scope="module")
def warehouse(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    return fill(tmp_path_factory.mktemp("slope") / "warehouse.duckdb", {"raw.player_box": rows})


def test_plain_python_agrees_at_every_vintage(rows: list[Row], warehouse: DuckDBWarehouse) -> None:
    for found, moment in zip(asked(warehouse, MOMENTS), MOMENTS, strict=True):
        assert found == pytest.approx(by_hand(rows, moment), abs=1e-9)


def test_moments_of_one_month_share_its_vintage_and_company_changes_nothing(warehouse: DuckDBWarehouse) -> None:
    together = asked(warehouse, MOMENTS)
    assert together[0] == together[1] != together[2]
    assert [asked(warehouse, [moment])[0] for moment in MOMENTS] == together


def test_what_is_known_only_after_the_vintage_changes_nothing(rows: list[Row], warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    vintage = datetime(2024, 3, 1, tzinfo=UTC)
    altered = [row if row["known_at"] <= vintage or not row["points"] else {**row, "points": row["points"] + 40} for row in rows]
    altered += [
        {**row, "points": 0, "known_at": vintage + timedelta(microseconds=1)}
        for row in rows
        if row["known_at"] <= vintage and row["points"]
    ]
    other = fill(tmp_path / "warehouse.duckdb", {"raw.player_box": altered})
    assert asked(other, [MOMENTS[2]]) == asked(warehouse, [MOMENTS[2]])
    assert asked(other, [MOMENTS[3]]) != asked(warehouse, [MOMENTS[3]])


def test_fewer_than_twenty_players_with_five_games_give_no_slope(tmp_path: Path) -> None:
    few = fill(tmp_path / "few.duckdb", {"raw.player_box": rows_of_a_league(players=19)})
    assert asked(few, MOMENTS) == [None] * len(MOMENTS)
    enough = fill(tmp_path / "enough.duckdb", {"raw.player_box": rows_of_a_league(players=20)})
    assert None not in asked(enough, MOMENTS)
    assert asked(enough, [datetime(2023, 11, 9, tzinfo=UTC)]) == [None]


def test_no_moments_are_no_answers(warehouse: DuckDBWarehouse) -> None:
    assert asked(warehouse, []) == []
