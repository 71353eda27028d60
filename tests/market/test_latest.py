"""The newest of several quotes that was known at a moment: beside a slow reference that looks at every quote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tipoff.market.latest import known_by, newest_of
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.warehouse import Work

Row = dict[str, Any]
INSTANT = pa.timestamp("us", "UTC")
QUOTES = pa.schema(
    [
        *((name, pa.string()) for name in ("game_id", "player_lookup", "event_id", "market")),
        *((name, INSTANT) for name in ("snapshot_at", "known_at")),
        ("origin_rank", pa.int64()),
        ("point", pa.float64()),
        ("over_price", pa.float64()),
    ]
)
PROBES = pa.schema([("game_id", pa.string()), ("player_lookup", pa.string()), ("as_of", INSTANT)])
KEYS = ("game_id", "player_lookup")
APART = ("market", "event_id", "point")
VALUES = ("over_price",)
NOON = datetime(2025, 12, 6, 12, tzinfo=UTC)


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def quote(minute: float, point: float = 20.5, known: float | None = None, **more: object) -> Row:
    return {
        "game_id": "one",
        "player_lookup": "a",
        "event_id": "event",
        "market": "player_points",
        "snapshot_at": at(minute),
        "known_at": at(minute if known is None else known),
        "origin_rank": 1,
        "point": point,
        "over_price": 1.9,
        **more,
    }


def probe(minute: float, **more: object) -> Row:
    return {"game_id": "one", "player_lookup": "a", "as_of": at(minute), **more}


@pytest.fixture(scope="module")
def work(league_warehouse: DuckDBWarehouse) -> Iterator[Work]:
    with league_warehouse.reading() as work:
        yield work


def of(schema: pa.Schema, rows: Sequence[Row]) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(list(rows), schema=schema))


def stood(
    work: Work, quotes: Sequence[Row], probes: Sequence[Row], apart: Sequence[str] = APART, values: Sequence[str] = VALUES
) -> list[Row]:
    """By probe, what stood at its moment, in no order; a probe before any quote has no row."""
    numbered = of(PROBES, probes).mutate(probe=ibis.row_number())
    seen = known_by(of(QUOTES, quotes).inner_join(numbered, KEYS), "as_of")
    found: list[Row] = work.fetch(newest_of(seen, by=["probe"], apart=apart, values=values)).to_pylist()
    return [{**probes[row.pop("probe")], **row} for row in found]


def points(work: Work, quotes: Sequence[Row], *minutes: float) -> list[float | None]:
    """The points that stood at these minutes."""
    found = {row["as_of"]: row["point"] for row in stood(work, quotes, [probe(minute) for minute in minutes])}
    return [found.get(at(minute)) for minute in minutes]


def settled(row: Row) -> tuple[object, ...]:
    """The order of quotes of one instant, as the domain words it."""
    return (-row["origin_rank"], row["market"], row["event_id"], row["point"])


def slow_newest(quotes: Sequence[Row], asked_for: Row) -> list[Row]:
    moment = asked_for["as_of"]
    there = [
        row
        for row in quotes
        if all(row[key] == asked_for[key] for key in KEYS) and row["snapshot_at"] <= moment and row["known_at"] <= moment
    ]
    newest = max((row["snapshot_at"] for row in there), default=None)
    found = sorted((row for row in there if row["snapshot_at"] == newest), key=settled)[:1]
    return [{**asked_for, **{name: row[name] for name in (*APART, "over_price", "snapshot_at")}} for row in found]


def by_all(rows: Sequence[Row]) -> list[str]:
    """Rows without an order, to be compared."""
    return sorted(" ".join(f"{name}={row[name]}" for name in sorted(row)) for row in rows)


keys = st.fixed_dictionaries({"game_id": st.sampled_from(("one", "two")), "player_lookup": st.sampled_from("ab")})
quotes_of_few = st.lists(
    st.builds(
        lambda key, minute, point, late, **more: quote(minute, point, minute + late, **key, **more),
        keys,
        st.integers(0, 6),
        st.sampled_from((19.5, 20.5)),
        st.sampled_from((0, 0, 0, 2)),
        event_id=st.sampled_from(("first", "second")),
        market=st.sampled_from(("player_points", "player_points_alternate")),
        origin_rank=st.integers(0, 1),
        over_price=st.sampled_from((None, 1.8, 1.9)),
    ),
    max_size=40,
    unique_by=lambda row: (*(row[key] for key in KEYS), row["snapshot_at"], *settled(row)),
)
probes_of_few = st.lists(st.builds(lambda key, minute: probe(minute, **key), keys, st.integers(-1, 8)), max_size=12)


@settings(max_examples=40)
@given(quotes_of_few, probes_of_few)
def test_each_probe_has_the_quote_that_a_look_at_every_quote_finds(work: Work, quotes: list[Row], probes: list[Row]) -> None:
    assert by_all(stood(work, quotes, probes)) == by_all([row for one in probes for row in slow_newest(quotes, one)])


def test_a_quote_counts_from_its_own_instant_on(work: Work) -> None:
    assert points(work, [quote(0, 20.5), quote(10, 21.5)], -1, 0, 9, 10, 99) == [None, 20.5, 20.5, 21.5, 21.5]


def test_a_quote_that_became_known_later_is_not_seen_before(work: Work) -> None:
    assert points(work, [quote(0, 20.5), quote(5, 21.5, known=30)], 10, 29, 30) == [20.5, 20.5, 21.5]


def test_of_one_instant_only_what_was_known_by_then_is_ranked(work: Work) -> None:
    assert points(work, [quote(0, 20.5, origin_rank=0), quote(0, 21.5, known=30)], 10, 30) == [20.5, 21.5]


@pytest.mark.parametrize(
    ("loser", "winner"),
    [
        ({"minute": 0, "origin_rank": 1}, {"minute": 1, "origin_rank": 0}),
        ({"minute": 0, "origin_rank": 0, "event_id": "a"}, {"minute": 0, "origin_rank": 1, "event_id": "b"}),
        ({"minute": 0, "market": "player_points_alternate", "event_id": "a"}, {"minute": 0, "event_id": "b"}),
        ({"minute": 0, "event_id": "b"}, {"minute": 0, "event_id": "a"}),
    ],
    ids=["the newer", "the payload's", "the main market's", "the first event's"],
)
def test_ties_are_settled_in_the_declared_order(work: Work, loser: Row, winner: Row) -> None:
    both = [quote(**loser, point=19.5), quote(**winner, point=20.5)]
    assert points(work, both, 5) == points(work, both[::-1], 5) == [20.5]


def test_of_quotes_that_differ_in_the_point_alone_the_lower_one_is_taken(work: Work) -> None:
    assert points(work, [quote(0, 21.5), quote(0, 20.5)], 5) == [20.5]


def test_a_newest_quote_without_a_price_does_not_take_an_older_ones(work: Work) -> None:
    quotes = [quote(0, 20.5, over_price=1.8), quote(10, 21.5, over_price=None)]
    told = stood(work, quotes, [probe(15)], apart=["event_id"], values=["point", "over_price"])
    assert [(row["point"], row["over_price"]) for row in told] == [(21.5, None)]


def test_a_probe_that_comes_twice_is_answered_twice(work: Work) -> None:
    assert [row["point"] for row in stood(work, [quote(0)], [probe(5), probe(5)])] == [20.5, 20.5]
