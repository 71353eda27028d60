"""The fast path over many documents says what `transform`, the slow reference, says of each, or nothing."""

from __future__ import annotations

import copy
import gzip
import json
from typing import Any

import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odds_documents import FETCHED_AT, SHARED, book, event, market, outcome, pair, two_books

from load.fuzz import spoilt
from tipoff.scrape.batches import DOCUMENT, Batch
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources import odds_api
from tipoff.scrape.sources.odds_api.bulk import read_plain

PAYLOADS = SHARED / "payloads" / "odds-api"


def payload(document: Any, *, fetched: bool = True) -> Payload:
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    return Payload(body, "a test", FETCHED_AT if fetched else None, 200 if fetched else 0)


def said(batch: Batch, place: int) -> Parsed | None:
    """What a batch says of one document, put together again."""
    parsed = batch.said[place]
    if parsed is None:
        return None
    found = {kind: rows.filter(pc.equal(rows.column(DOCUMENT), place)).drop_columns([DOCUMENT]) for kind, rows in batch.tables().items()}
    parsed.records.update({kind: rows.combine_chunks() for kind, rows in found.items() if rows.num_rows})
    return parsed


def agrees(payloads: list[Payload]) -> list[bool]:
    """Which of the documents were plain; each of those says the same on both paths."""
    batch = read_plain(payloads)
    plain = []
    for place, one in enumerate(payloads):
        fast, slow = said(batch, place), odds_api.transform(one)
        plain.append(fast is not None)
        if fast is not None:
            assert fast == slow, one.body[:300]
        else:
            assert not any(rows.column(DOCUMENT).to_pylist().count(place) for rows in batch.tables().values())
    return plain


def historical(document: Any) -> dict[str, Any]:
    return {"timestamp": "2025-11-05T22:25:00Z", "previous_timestamp": None, "next_timestamp": "2025-11-05T22:30:00Z", "data": document}


MONEYLINE = two_books()["bookmakers"][0]["markets"][3]
SOUND = {
    "an event": two_books(),
    "a list of events": [two_books(), event(book("betmgm", MONEYLINE), event_id="e2")],
    "history of an event": historical(two_books()),
    "history of a list": historical([two_books()]),
    "an event without books": event(),
    "alternates with overs alone": event(book("fanduel", market("player_points_alternate", [outcome("Over", "Jayson Tatum", 30.5, 2.4)]))),
    "one player in two spellings": event(
        book("fanduel", market("player_points", [outcome("Over", "Luka Dončić", 20.0, 1.9), outcome("Under", "Luka Doncic", 20.0, 1.9)]))
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_document_is_read_together_with_others(name: str) -> None:
    others = [payload(two_books()), payload({"not": "odds"}), payload(SOUND[name]), payload(event(event_id="other"))]
    assert agrees(others) == [True, False, True, True]


def test_without_a_fetch_the_newest_update_is_the_snapshot() -> None:
    assert agrees([payload(two_books(), fetched=False), payload(event(), fetched=False)]) == [True, False]


def _odd(change: str) -> Any:
    """A document in which one thing is unusual; it may be sound all the same."""
    document = two_books()
    books = document["bookmakers"]
    first = books[0]["markets"][0]["outcomes"][0]
    changes: dict[str, Any] = {
        "price below one": lambda: first.update(price=0.9),
        "price of a hundred": lambda: first.update(price=100.0),
        "American price": lambda: first.update(price=-140),
        "price as text": lambda: first.update(price="1.9"),
        "no price": lambda: first.pop("price"),
        "no point": lambda: first.pop("point"),
        "point null": lambda: first.update(point=None),
        "point in thirds": lambda: first.update(point=27.3),
        "point beyond all": lambda: first.update(point=1e308),
        "point as NaN": lambda: first.update(point=float("nan")),
        "point beyond a market": lambda: first.update(point=100.25),
        "side unknown": lambda: first.update(name="Yes"),
        "nameless": lambda: first.update(description=""),
        "name with a colon": lambda: first.update(description="Tatum: Jayson"),
        "another key": lambda: first.update(link="https://x"),
        "one price twice": lambda: books[0]["markets"][0]["outcomes"].append(dict(first)),
        "two prices": lambda: books[0]["markets"][0]["outcomes"].append({**first, "price": 1.5}),
        "description on a team": lambda: books[0]["markets"][3]["outcomes"][0].update(description="home"),
        "point on a moneyline": lambda: books[0]["markets"][3]["outcomes"][0].update(point=3.0),
        "assists": lambda: books[0]["markets"][0].update(key="player_assists"),
        "a market twice": lambda: books[0]["markets"].append(copy.deepcopy(books[0]["markets"][0])),
        "a book twice": lambda: books.append(copy.deepcopy(books[0])),
        "an update that is none": lambda: books[0]["markets"][0].update(last_update="soon"),
        "another sport": lambda: document.update(sport_key="icehockey_nhl"),
        "a team that is none": lambda: document.update(home_team="East All-Stars"),
        "scores": lambda: document.update(completed=True, scores=None),
        "a line of nought": lambda: first.update(point=-0.0),
    }
    if change in changes:
        changes[change]()
        return document
    body = json.dumps(document)
    twice = '"price": 1.5, "price": 1.87'
    texts = {
        "a key twice": body.replace('"price": 1.87', twice, 1),
        "a colon in disguise": body.replace('"Jayson Tatum"', '"Jayson\\u003a Tatum"').replace('"price": 1.87', twice, 1),
        "an escaped letter": body.replace("Jayson", "Ja\\u0079son"),
        "a lone surrogate": body.replace("Jayson", "Jayson\\ud800"),
        "a mark before it": "\N{ZERO WIDTH NO-BREAK SPACE}" + body,
    }
    return texts[change].encode()


ODD = (
    *("price below one", "price of a hundred", "American price", "price as text", "no price", "no point", "point null", "point in thirds"),
    *("point beyond all", "point as NaN", "point beyond a market", "side unknown", "nameless", "name with a colon", "another key"),
    *("one price twice", "two prices", "description on a team", "point on a moneyline", "assists", "a market twice", "a book twice"),
    *("an update that is none", "another sport", "a team that is none", "scores", "a line of nought", "a key twice", "a colon in disguise"),
    *("an escaped letter", "a lone surrogate", "a mark before it"),
)


@pytest.mark.parametrize("change", ODD)
def test_one_unusual_thing_changes_nothing_but_perhaps_the_path(change: str) -> None:
    between = [
        payload(two_books()),
        payload(_odd(change)),
        payload(event(book("betmgm", market("player_points", pair("Al Horford", 6.5))))),
    ]
    assert agrees(between)[::2] == [True, True]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 2**32), min_size=1, max_size=30))
def test_however_documents_are_spoilt_the_two_paths_agree(numbers: list[int]) -> None:
    agrees([spoilt(number)[0] for number in numbers])


@settings(max_examples=25, deadline=None)
@given(st.permutations([payload(document) for document in SOUND.values()]))
def test_the_neighbours_of_a_document_do_not_matter(payloads: list[Payload]) -> None:
    assert all(agrees(payloads))


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason=f"the shared data is not at {PAYLOADS}")
def test_every_document_of_the_archive_is_plain() -> None:
    files = sorted(PAYLOADS.rglob("*.json.gz"))
    payloads = [Payload(gzip.decompress(file.read_bytes()), str(file)) for file in files]
    assert all(agrees(payloads))


def test_batches_are_put_together_and_documents_refused_without_their_rows() -> None:
    first = read_plain([payload(two_books())])
    whole = Batch([None] * 3)
    whole.take(first, [2])
    later = two_books() | {"commence_time": "2025-11-07T00:30:00Z", "id": "e9"}
    whole.put(0, odds_api.transform(payload(later)))
    whole.put(1, odds_api.transform(payload(event())))
    assert [len(set(rows.column(DOCUMENT).to_pylist())) for rows in whole.tables().values()] == [2, 2, 3]
    whole.refuse(2, Parsed("odds_api", "event-odds", offered=19))
    assert {kind: set(rows.column(DOCUMENT).to_pylist()) for kind, rows in whole.tables().items()} == {
        "player_quotes": {0},
        "game_quotes": {0},
        "games": {0, 1},
    }
