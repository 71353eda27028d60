"""F13 by machine: a valid document, spoilt at random. Nothing crashes, the counts add up, and what was not touched is still there."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from odds_documents import adds_up, at, parse, rows, two_books

from tipoff.scrape.records import SHAPES, Parsed, Payload
from tipoff.scrape.sources import SOURCES, recognise

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=12),
    st.sampled_from(["player_points", "player_assists", "Over", "Jayson Tatum", "2025-11-05T22:29:00", -140, 1e308, 20.0, "1.91"]),
    st.just([]),
    st.just({}),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.sampled_from(["key", "price", "outcomes", "markets", "x"]), st.none() | st.integers(), max_size=3),
)


def places(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document but its root."""
    found: list[tuple[str | int, ...]] = [path] if path else []
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in children:
        found += places(value, (*path, key))
    return found


PLACES = places(two_books())
BELOW_THE_FIRST_BOOK = [place for place in PLACES if place[:2] == ("bookmakers", 0) and len(place) > 2]


def spoil(document: Any, place: tuple[str | int, ...], how: str, junk: Any) -> None:
    """Replace, delete, double or move one value; places that are gone already are left alone."""
    *way, last = place
    try:
        holder = document
        for key in way:
            holder = holder[key]
        if how == "delete":
            del holder[last]
        elif how == "double" and isinstance(holder, list) and isinstance(last, int):
            holder.insert(last, copy.deepcopy(holder[last]))
        else:
            holder[last] = copy.deepcopy(junk)
    except (KeyError, IndexError, TypeError):
        return


MUTATION = st.tuples(st.sampled_from(PLACES), st.sampled_from(["replace", "delete", "double"]), JUNK)


def is_sound(parsed: Parsed) -> None:
    adds_up(parsed)
    for kind, table in parsed.records.items():
        table.validate(full=True)
        assert table.schema.equals(SHAPES[kind])
    for row in rows(parsed, "player_quotes"):
        prices = [price for price in (row["over_price"], row["under_price"]) if price is not None]
        assert prices
        assert all(1 < price < 1000 for price in prices)
        assert 0 <= row["point"] <= 100
    keys = [(row["event_id"], row["bookmaker"], row["market"], row["name"], row["point"]) for row in rows(parsed, "player_quotes")]
    assert len(set(keys)) == len(keys)


@given(st.lists(MUTATION, min_size=1, max_size=6), st.sampled_from(["event", "bulk", "wrapped"]))
@settings(max_examples=400, deadline=None)
def test_no_mutation_of_a_document_crashes_or_loses_count(mutations: list[tuple[Any, str, Any]], form: str) -> None:
    document = two_books()
    for place, how, junk in mutations:
        spoil(document, place, how, junk)
    whole: Any = {
        "event": document,
        "bulk": [document, two_books() | {"id": "e2"}],
        "wrapped": {"timestamp": "2025-11-05T22:25:00Z", "data": document},
    }[form]
    is_sound(parse(json.dumps(whole).encode("utf-8", "surrogatepass")))


@given(st.lists(st.tuples(st.sampled_from(BELOW_THE_FIRST_BOOK), st.sampled_from(["replace", "delete", "double"]), JUNK), max_size=3))
@settings(max_examples=200, deadline=None)
def test_one_bad_book_never_touches_its_neighbour(mutations: list[tuple[Any, str, Any]]) -> None:
    document = two_books()
    for place, how, junk in mutations:
        spoil(document, place, how, junk)
    parsed = parse(json.dumps(document).encode("utf-8", "surrogatepass"))
    whole = parse(two_books())
    for kind in ("player_quotes", "game_quotes"):
        assert second_book(parsed, kind) == second_book(whole, kind)


def second_book(parsed: Parsed, kind: str) -> list[dict[str, Any]]:
    return [row for row in rows(parsed, kind) if row["path"].startswith("$.bookmakers[1]")]


@given(st.sampled_from([place for place in PLACES if "outcomes" in place and isinstance(place[-1], int) and place[-2] == "outcomes"]), JUNK)
@settings(max_examples=200, deadline=None)
def test_every_row_says_what_the_document_says_at_its_path(place: Any, junk: Any) -> None:
    document = two_books()
    spoil(document, place, "replace", junk)
    for row in rows(parse(json.dumps(document).encode("utf-8", "surrogatepass")), "player_quotes"):
        told = at(document, row["path"])
        assert (told["description"].strip(), told["point"]) == (row["name"], row["point"])


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_byte_flipped_cut_or_inserted_crashes_any_source(data: st.DataObject) -> None:
    body = bytearray(json.dumps(two_books(), ensure_ascii=False).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(body) - 1))
        how = data.draw(st.sampled_from(["flip", "cut", "insert"]))
        if how == "flip":
            body[position] = data.draw(st.integers(0, 255))
        elif how == "cut" and position > 10:
            del body[position:]
        else:
            body[position:position] = data.draw(st.binary(max_size=6))
    is_sound(parse(bytes(body)))
    recognise(bytes(body))


ANY_JSON = st.recursive(JUNK, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3))


@given(st.binary(max_size=60) | ANY_JSON.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")))
@settings(max_examples=300, deadline=None)
def test_whatever_is_thrown_at_a_source_it_answers(body: bytes) -> None:
    for source in SOURCES.values():
        adds_up(source.transform(Payload(body, "a test")))
