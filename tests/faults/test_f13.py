"""F13 Bodies: 204, empty, `null`, HTML, truncated JSON, missing price, missing point, missing team, wrong market, NaN, 1e308, negative
prices, 10 MB of nesting, duplicate keys, wrong encoding: each is quarantined with its path and reason, the rest loads."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faults.command import load_folder
from load import wire
from load.bench import SEEN, Bench
from tipoff.load.documents import load_payloads
from tipoff.scrape.records import Payload

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


@dataclass(frozen=True)
class Loaded:
    """What the command printed, and the warehouse that it left."""

    printed: dict[str, Any]
    bench: Bench
    quotes: Counter[str]

    def apart(self, name: str) -> set[tuple[str, str]]:
        return {(row["path"], row["rule"]) for row in self.printed["quarantine"] if Path(row["origin"]).name.split(".")[0] == name}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Every malformed body and two good ones in one folder, loaded by the real command, once."""
    folder = tmp_path_factory.mktemp("bodies")
    documents = folder / "documents"
    documents.mkdir()
    for place, (name, malformed) in enumerate(MALFORMED.items()):
        (documents / f"{name}{malformed.suffix}").write_bytes(malformed.body(f"event-{place}"))
    (documents / "a good one.json").write_text(json.dumps(document("good")))
    (documents / "rosters.json").write_text(json.dumps(wire.rosters()))
    printed, bench = load_folder(documents, folder / "data"), Bench(folder / "data")
    quotes = Counter(row["event_id"] for table in ("raw.odds_player_points", "raw.odds_game_lines") for row in bench.rows(table))
    return Loaded(printed, bench, quotes)


@pytest.mark.parametrize("name", MALFORMED)
def test_f13_every_malformed_body_is_set_apart_with_path_and_reason(loaded: Loaded, name: str) -> None:
    assert loaded.apart(name) == set(MALFORMED[name].apart)


@pytest.mark.parametrize(("place", "name"), list(enumerate(MALFORMED)))
def test_f13_what_is_sound_in_it_loads(loaded: Loaded, place: int, name: str) -> None:
    assert loaded.quotes[f"event-{place}"] == MALFORMED[name].rows


def test_f13_the_good_documents_beside_them_load_whole(loaded: Loaded) -> None:
    row = loaded.bench.row("raw.odds_player_points", event_id="good")
    assert (row["player_lookup"], row["point"], row["over_price"], row["under_price"]) == ("jaysontatum", 27.5, 1.87, 1.95)
    assert len(loaded.bench.rows("raw.player_box")) == 6
    assert not loaded.apart("a good one") | loaded.apart("rosters")


def test_f13_every_body_is_in_the_vault_as_it_came(loaded: Loaded) -> None:
    kept = {row["url"].rpartition("/")[2]: row["payload_id"] for row in loaded.bench.rows("raw.payloads")}
    truncated = MALFORMED["truncated"].body(f"event-{list(MALFORMED).index('truncated')}")
    assert loaded.bench.vault.get(kept["truncated.json"]) == truncated
    assert len(kept) == len(MALFORMED) + 2


def test_f13_an_answer_without_content_is_a_success_with_no_rows(bench: Bench) -> None:
    nothing = Payload(b"", "https://upstream.invalid/odds", SEEN, 204)
    counts = load_payloads(bench.warehouse, bench.vault, [(nothing, "odds_api")], seen_at=SEEN, run_id="a run")
    assert (counts.documents, counts.offered, counts.set_apart) == (1, 0, {})
    assert bench.rows("raw.quarantine") == []
