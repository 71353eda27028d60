"""Rows for the tests of the store, and the slow, obvious reference of the rule of precedence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pyarrow as pa

from tipoff.store.tables import table_named, table_of

Row = dict[str, Any]

QUOTES = "raw.odds_player_points"
SCHEDULE = "raw.schedule"
GAME_IDS = "ref.game_ids"
NOON = datetime(2025, 11, 5, 17, tzinfo=UTC)
KEY = ("event_id", "bookmaker", "market", "player_lookup", "point", "snapshot_at")
# A payload beats an import, then the later fetch, then the larger payload_id; then the larger values, in the order of the columns.
RANK = ("origin_rank", "fetched_at", "payload_id", "over_price", "under_price", "known_at", "source")


def quote(event_id: str, **more: Any) -> Row:
    """One quote with every column that the tests speak of."""
    row: Row = {
        "event_id": event_id,
        "bookmaker": "fanduel",
        "market": "player_points",
        "player_lookup": "lebronjames",
        "point": 25.5,
        "snapshot_at": NOON,
        "over_price": 1.9,
        "under_price": 1.9,
        "origin_rank": 1,
        "fetched_at": NOON,
        "payload_id": "a",
        "known_at": NOON,
        "source": "odds-api",
    }
    return row | more


def version(game: str, known_at: datetime, **more: Any) -> Row:
    """One version of a game of the schedule."""
    return {"game_id": game, "known_at": known_at, "status": "scheduled", "origin_rank": 1, **more}


def arrow(name: str, rows: Iterable[Row]) -> pa.Table:
    return table_of(name, list(rows))


def later(first: Row, second: Row) -> Row:
    """The one of two rows of one key that stands, column by column; missing is less than anything."""
    for column in RANK:
        mine, other = first[column], second[column]
        if mine == other:
            continue
        if mine is None or (other is not None and other > mine):
            return second
        return first
    return first


def by_precedence(rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """The table in which these rows end, whatever their order: by key."""
    table: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in KEY)
        table[key] = later(table[key], row) if key in table else row
    return table


def as_table(rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """Rows as read, by key, with the columns that the reference speaks of. Fails where a key stands twice."""
    table: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in KEY)
        assert key not in table, f"{key} stands twice"
        table[key] = {name: row[name] for name in (*KEY, *RANK)}
    return table


def batches_of(seed: int, batches: int, rows: int) -> Iterator[list[Row]]:
    """What one loader brings: the same for the same seed, overlapping with every other seed's in keys and differing in values."""
    random = Random(seed)
    for batch in range(batches):
        yield [
            quote(
                f"event-{random.randrange(3)}",
                player_lookup=f"player{random.randrange(20)}",
                point=random.randrange(8, 12) + 0.5,
                over_price=random.choice([1.8, 1.9, 2.0, None]),
                origin_rank=random.randrange(2),
                fetched_at=NOON + timedelta(minutes=random.randrange(3)),
                payload_id=f"{seed}-{batch}",
            )
            for _ in range(rows)
        ]


def ids_of(batch: list[Row]) -> list[Row]:
    """Beside a batch, in the same transaction: one id an event, so that torn transactions are seen."""
    return [
        {"id_kind": "odds", "external_id": event, "game_id": "20251105_NYK_BOS"} for event in sorted({row["event_id"] for row in batch})
    ]


def columns_of(name: str) -> set[str]:
    return set(table_named(name).column_names)
