"""Bodies that no source should send (F13): each with what is to be set apart of it, and how many of its quotes still load."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from load import wire

Spoil = Callable[[wire.Document], Any]
OUTCOME = "$.bookmakers[0].markets[0].outcomes[0]"


@dataclass(frozen=True)
class Malformed:
    """A body, what is to be set apart of it, and how many of its three quotes still load: a player's line, two sides of a total."""

    body: Callable[[str], bytes]
    apart: tuple[tuple[str, str], ...]
    rows: int
    suffix: str = ".json"


def document(event_id: str) -> wire.Document:
    return wire.event(wire.book("draftkings", wire.points(wire.pair("Jayson Tatum", 27.5)), wire.totals()), event_id=event_id)


def spoilt(spoil: Spoil, *apart: tuple[str, str], rows: int) -> Malformed:
    """The document with one thing changed in place."""

    def body(event_id: str) -> bytes:
        found = document(event_id)
        changed = spoil(found)
        return json.dumps(changed if changed is not None else found).encode()

    return Malformed(body, apart, rows)


def replaced(old: str, new: str, *apart: tuple[str, str], rows: int, encoding: str = "utf-8") -> Malformed:
    """The document's text with one piece of it replaced, for what no JSON writer would write."""

    def body(event_id: str) -> bytes:
        text = json.dumps(document(event_id))
        assert old in text
        return text.replace(old, new, 1).encode(encoding)

    return Malformed(body, apart, rows)


def raw(body: bytes, rule: str, suffix: str = ".json") -> Malformed:
    """A body that is no document at all; the event's id behind it keeps two such bodies apart."""
    return Malformed(lambda event_id: body, (("$", rule),), 0, suffix)


def outcome(found: wire.Document, number: int = 0) -> wire.Document:
    side: wire.Document = found["bookmakers"][0]["markets"][0]["outcomes"][number]
    return side


def market(found: wire.Document) -> wire.Document:
    first: wire.Document = found["bookmakers"][0]["markets"][0]
    return first


def without(key: str) -> Spoil:
    return lambda found: outcome(found).pop(key) and None


def lost_price(literal: str, rule: str) -> Malformed:
    return replaced('"price": 1.87', f'"price": {literal}', (f"{OUTCOME}.price", rule), rows=3)


def lost_point(literal: str) -> Malformed:
    return replaced('"point": 27.5', f'"point": {literal}', (f"{OUTCOME}.point", "unreadable_point"), rows=3)


MALFORMED: dict[str, Malformed] = {
    "empty": raw(b"", "empty_body"),
    "blank": raw(b" \r\n\t ", "empty_body"),
    "null": raw(b"null", "unrecognised"),
    "a number": raw(b"17", "unrecognised"),
    "a list of numbers": raw(b"[1, 2, 3]", "unrecognised"),
    "an error of the source": raw(b'{"message": "Usage quota has been reached.", "error_code": "OUT_OF_USAGE_CREDITS"}', "unrecognised"),
    "html": raw(b"<!doctype html><html><body>502 Bad Gateway</body></html>", "not_json"),
    "truncated": Malformed(lambda event_id: json.dumps(document(event_id)).encode()[:-40], (("$", "not_json"),), 0),
    "utf-16": Malformed(lambda event_id: json.dumps(document(event_id)).encode("utf-16"), (("$", "wrong_encoding"),), 0),
    "nested": raw(b"[" * 5_000_000 + b"]" * 5_000_000, "too_deep"),
    "broken gzip": raw(gzip.compress(json.dumps(document("zipped")).encode())[:-60], "wrong_encoding", ".json.gz"),
    "html in gzip": raw(gzip.compress(b"<html>503</html>"), "not_json", ".json.gz"),
    "price missing": spoilt(without("price"), (f"{OUTCOME}.price", "unreadable_price"), rows=3),
    "price null": lost_price("null", "unreadable_price"),
    "price text": lost_price('"1.87"', "unreadable_price"),
    "price true": lost_price("true", "unreadable_price"),
    "price nan": lost_price("NaN", "unreadable_price"),
    "price infinite": lost_price("1e999", "unreadable_price"),
    "price 1e308": lost_price("1e308", "price_out_of_range"),
    "price negative": lost_price("-1.87", "price_out_of_range"),
    "price zero": lost_price("0", "price_out_of_range"),
    "point missing": spoilt(without("point"), (f"{OUTCOME}.point", "unreadable_point"), rows=3),
    "point nan": lost_point("NaN"),
    "point 1e308": lost_point("1e308"),
    "point negative": lost_point("-27.5"),
    "point between quarters": lost_point("27.3"),
    "player missing": spoilt(without("description"), (f"{OUTCOME}.description", "unreadable_name"), rows=3),
    "player in latin-1": replaced(
        "Jayson Tatum", "Jayson Tatüm", (f"{OUTCOME}.description", "unreadable_name"), rows=3, encoding="latin-1"
    ),
    "side missing": spoilt(without("name"), (f"{OUTCOME}.name", "not_a_side"), rows=3),
    "price named twice": replaced('"price": 1.87', '"price": 1.87, "price": 2.4', (OUTCOME, "duplicate_key"), rows=3),
    "event named twice": replaced('"sport_key"', '"id": "other", "sport_key"', ("$", "duplicate_key"), rows=0),
    "two prices for one side": spoilt(
        lambda found: market(found)["outcomes"].append(outcome(found) | {"price": 1.99}),
        (f"{OUTCOME}.price", "conflicting_outcomes"),
        ("$.bookmakers[0].markets[0].outcomes[2].price", "conflicting_outcomes"),
        rows=3,
    ),
    "wrong market": spoilt(
        lambda found: market(found).update(key="player_assists"), ("$.bookmakers[0].markets[0]", "market_refused"), rows=2
    ),
    "market without a key": spoilt(
        lambda found: market(found).pop("key") and None, ("$.bookmakers[0].markets[0].key", "unreadable_market"), rows=2
    ),
    "outcomes no list": spoilt(
        lambda found: market(found).update(outcomes={"Over": 1.9}), ("$.bookmakers[0].markets[0].outcomes", "not_a_list"), rows=2
    ),
    "book no object": spoilt(lambda found: found["bookmakers"].insert(0, "draftkings"), ("$.bookmakers[0]", "not_an_object"), rows=3),
    "bookmakers no list": Malformed(
        lambda event_id: json.dumps(document(event_id) | {"bookmakers": "none", "last_update": "2025-11-05T22:00:00Z"}).encode(),
        (("$.bookmakers", "not_a_list"),),
        0,
    ),
    "team missing": spoilt(lambda found: found.pop("home_team") and None, ("$.home_team", "unreadable_team"), rows=0),
    "team of another league": spoilt(lambda found: found.update(away_team="Real Madrid"), ("$.away_team", "not_a_league_team"), rows=0),
    "tip without a zone": spoilt(
        lambda found: found.update(commence_time="2025-11-06T00:30:00"), ("$.commence_time", "unreadable_instant"), rows=0
    ),
    "another sport": spoilt(lambda found: found.update(sport_key="icehockey_nhl"), ("$.sport_key", "unknown_sport"), rows=0),
    "no moment": spoilt(
        lambda found: [part.pop("last_update") for part in found["bookmakers"][0]["markets"]] and None, ("$", "no_snapshot"), rows=0
    ),
}
