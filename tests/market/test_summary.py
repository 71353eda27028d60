"""What the market says of each player, field by field against a slow reference, on the small league."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
import pytest

from features.changes import SECOND_TIP
from features.raw_rows import Raw, Row
from features.slow import Slow, of_best_kind
from features.small_league import HERO, NIGHT
from tipoff.analyze.slate import games_as_of
from tipoff.market.devig import devig
from tipoff.market.grouped import Codes
from tipoff.market.prices import FloatArray
from tipoff.market.summary import line_summary
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.schema import WRITTEN_NAMES
from tipoff.store.tables import table_named

EARLY = SECOND_TIP - timedelta(hours=1)
Key = tuple[str, str]
SEASON = "2025-26"
SPREAD = (8.0, 2.5)
"""Variance of points = 8 + 2.5 x line."""


def spread(as_of: Codes) -> tuple[FloatArray, FloatArray]:
    return np.full(as_of.size, SPREAD[0]), np.full(as_of.size, SPREAD[1])


def summaries(warehouse: DuckDBWarehouse, league: Raw, as_of: datetime | None) -> dict[Key, Row]:
    ids = sorted({row["game_id"] for row in league["raw.schedule"] if row["season"] == SEASON})
    with warehouse.reading() as work:
        found = line_summary(work, games_as_of(work, ids, as_of), spread).to_pylist()
    return {(row["game_id"], row["player_lookup"]): row for row in found}


@pytest.fixture(scope="module")
def at_tip(league_warehouse: DuckDBWarehouse, league: Raw) -> dict[Key, Row]:
    return summaries(league_warehouse, league, None)


@pytest.fixture(scope="module")
def early(league_warehouse: DuckDBWarehouse, league: Raw) -> dict[Key, Row]:
    return summaries(league_warehouse, league, EARLY)


def expected(slow: Slow, key: Key, asked: datetime | None) -> Row | None:
    """Every field that is filled, from the raw rows alone; None where no book that counts quotes him."""
    game = slow.game(key[0], asked)
    assert game is not None
    rows = of_best_kind(slow.current(game, key[1]))
    if not rows:
        return None
    first = {row["bookmaker"]: row["point"] for row in slow.first(game, key[1])}
    points = [row["point"] for row in rows]
    line = median(points)
    sharp, soft = (_mean_line(slow, game, rows, group) for group in ("sharp", "soft"))
    closed = game["as_of"] >= game["commence_time"]
    seen = [row for row in slow.pre_tip(game, slow.quotes[key[0]]) if row["player_lookup"] == key[1]]
    slope = 4 / math.sqrt(2 * math.pi) / math.sqrt(SPREAD[0] + SPREAD[1] * line)
    implied = [
        math.log(p / (1 - p)) + slope * (row["point"] - line)
        for row in rows
        if not math.isnan(p := float(devig([row["over_price"] or math.nan], [row["under_price"] or math.nan])[0]))
    ]
    then = {row["bookmaker"]: row["point"] for row in slow.current({**game, "as_of": game["as_of"] - timedelta(hours=6)}, key[1])}
    moved = [row["point"] - then[row["bookmaker"]] for row in rows if row["bookmaker"] in then]
    minutes = [(game["commence_time"] - row["snapshot_at"]) / timedelta(minutes=1) for row in rows if not row["known_at_assumed"]]
    chance = 1 / (1 + math.exp(-fmean(implied))) if implied else None
    overs = [row for row in rows if row["over_price"] is not None]
    unders = [row for row in rows if row["under_price"] is not None]
    over = min(overs, key=lambda row: (row["point"], -row["over_price"], row["bookmaker"]), default=None)
    under = min(unders, key=lambda row: (-row["point"], -row["under_price"], row["bookmaker"]), default=None)
    return {
        "as_of": game["as_of"],
        "game_date": game["game_date"],
        "line_kind": "consensus" if rows[0]["bookmaker"].endswith(("consensus", "mean_line")) else "sportsbook",
        "consensus_line": line,
        "line_std": stdev(points) if len(points) > 1 else None,
        "line_range": max(points) - min(points),
        "book_count": len(rows),
        "outlier_count": sum(abs(point - line) >= 1.5 for point in points),
        "agreement_ratio": fmean(abs(point - line) <= 0.5 for point in points),
        "sharp_avg": sharp,
        "soft_avg": soft,
        "sharp_soft_delta": None if sharp is None or soft is None else sharp - soft,
        "implied_over": chance,
        "juice_asymmetry": None if chance is None else chance - 0.5,
        **{f"best_over_{name}": over and over[column] for name, column in _BEST["over"].items()},
        **{f"best_under_{name}": under and under[column] for name, column in _BEST["under"].items()},
        "opening_line": median(row["point"] for row in of_best_kind(slow.first(game, key[1]))),
        "closing_line": line if closed else None,
        "close_minutes": min(minutes, default=None) if closed else None,
        "velocity": median(moved) / 6 if moved else None,
        "line_movement": median(row["point"] - first[row["bookmaker"]] for row in rows),
        "snapshot_count": len({row["snapshot_at"] for row in seen}),
        "pulled_books": len(slow.pulled(game, key[1])),
        "newest_known_at": max(row["snapshot_at"] for row in rows),
    }


def _mean_line(slow: Slow, game: Row, rows: list[Row], wanted: str) -> float | None:
    """The mean line of these books that the newest measurement by then put in a group."""
    newest: dict[str, str] = {}
    for row in sorted(slow.raw["ref.book_groups"], key=lambda row: row["measured_at"]):
        if row["measured_at"] <= game["as_of"]:
            newest[row["bookmaker"]] = row["book_group"]
    points = [row["point"] for row in rows if newest.get(row["bookmaker"]) == wanted]
    return fmean(points) if points else None


_BEST = {side: {"book": "bookmaker", "point": "point", "price": f"{side}_price"} for side in ("over", "under")}


def faults(found: dict[Key, Row], slow: Slow, asked: datetime | None) -> list[str]:
    told = []
    for key, row in found.items():
        wanted = expected(slow, key, asked)
        told += [f"{key}: {name}" for name, value in (wanted or {"no row": None}).items() if not _same(row.get(name, "absent"), value)]
    return told


def _same(value: Any, other: Any) -> bool:
    return math.isclose(value, other, abs_tol=1e-9) if isinstance(value, float) and isinstance(other, float) else bool(value == other)


def test_every_field_agrees_with_the_slow_reference_at_the_tips(at_tip: dict[Key, Row], league: Raw) -> None:
    assert len(at_tip) > 90
    assert faults(at_tip, Slow(league), None) == []


def test_some_books_took_a_player_off_and_some_did_not(at_tip: dict[Key, Row]) -> None:
    assert {row["pulled_books"] > 0 for row in at_tip.values()} == {True, False}


def test_every_field_agrees_with_the_slow_reference_before_the_tip(early: dict[Key, Row], league: Raw) -> None:
    assert faults(early, Slow(league), EARLY) == []


def test_everybody_with_a_current_line_is_there_and_nobody_else(at_tip: dict[Key, Row], league: Raw) -> None:
    slow = Slow(league)
    quoted = {
        (game_id, row["player_lookup"])
        for game_id, rows in slow.quotes.items()
        if (game := slow.game(game_id)) and game["season"] == SEASON
        for row in rows
        if of_best_kind(slow.current(game, row["player_lookup"]))
    }
    assert set(at_tip) == quoted


def test_closing_fields_stand_once_the_tip_is_the_moment_and_not_before(at_tip: dict[Key, Row], early: dict[Key, Row]) -> None:
    key = ("20251206_BOS_CHI", HERO)
    assert at_tip[key]["closing_line"] == at_tip[key]["consensus_line"] == 19.5
    assert at_tip[key]["close_minutes"] == 30.0  # espnbet's, five minutes before, is assumed
    assert (early[key]["closing_line"], early[key]["close_minutes"]) == (None, None)


def test_a_summary_fits_its_table(at_tip: dict[Key, Row]) -> None:
    columns = set(table_named("analytics.player_line_summary").column_names)
    assert set(next(iter(at_tip.values()))) == columns - set(WRITTEN_NAMES)
    assert {row["game_date"] for row in at_tip.values()} >= {NIGHT}
