"""F13 over the wire: the same bodies, and true answers spoilt on their way, come through the client, the vault and the batches."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from faults.bodies import MALFORMED, document
from faults.mischievous import BRISK, Bench, games, know_the_players, mischievous
from flow.upstream import DAY, practice_house
from load import wire
from load.bench import Bench as Tables
from tipoff.flow.batch_log import Batch
from tipoff.flow.engine import Engine
from tipoff.flow.expected import Expected, write_expected
from tipoff.flow.lease import trigger, wait_for
from tipoff.flow.scraping import scrape_now
from tipoff.flow.worker import working
from tipoff.practice.faults import Fault
from tipoff.practice.mischief import Mischief
from tipoff.scrape.client import Client, Failed, Fetched
from tipoff.scrape.records import Parsed
from tipoff.scrape.request import Request
from tipoff.scrape.sources import nba_cdn, read_one
from tipoff.scrape.sources.odds_api import Asking

NIGHT = wire.TIP.date() - timedelta(days=1)
PLACES = {name: f"event-{place}" for place, name in enumerate(MALFORMED)}
ELSEWISE: dict[str, tuple[tuple[tuple[str, str], ...], int]] = {
    "broken gzip": ((("$", "not_json"),), 0),  # the client unpacks as far as it goes
    "no moment": ((), 3),  # the fetch itself is the moment
}
"""What a body comes to where the way matters: set apart, and quotes loaded."""


def _fault(name: str) -> Fault:
    """The answer that has this body."""
    packed = (("content-encoding", "gzip"),) if MALFORMED[name].suffix.endswith(".gz") else ()
    return Fault(name, body=MALFORMED[name].body(PLACES[name]), headers=packed)


@dataclass(frozen=True)
class Loaded:
    """What came over the wire, the batch that loaded it, what its source makes of each payload, and the warehouse."""

    fetched: list[Fetched | Failed]
    batch: Batch
    parsed: dict[str, Parsed]
    tables: Tables
    quotes: Counter[str]

    def apart(self, event_id: str) -> set[tuple[str, str]]:
        rows = self.tables.rows("raw.quarantine")
        return {(row["path"], row["rule"]) for row in rows if f"/events/{event_id}/" in row["origin"]}


def _fetched(bench: Bench, client: Client, request: Request, day: Any) -> Fetched | Failed:
    """One request at a moment of its own, so that each document has its own version of the game."""
    bench.clock.advance(timedelta(seconds=1))
    [found] = client.fetch_all([replace(request, game_date=day)])
    return found


def _batch(engine: Engine, feed: str, day: Any) -> Batch:
    [batch] = wait_for(engine, {(feed, day, trigger(engine, feed, day, "a test"))}, 120.0)
    return batch


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Every malformed body and one good one, asked for one after the other, and loaded in one batch."""
    folder = tmp_path_factory.mktemp("bodies")
    mischief = Mischief()
    for name, event_id in PLACES.items():
        mischief.script(f"*/events/{event_id}/odds", _fault(name))
    mischief.script("*/events/good/odds", Fault(body=wire.payload(document("good")).body))
    mischief.script("*/events/nothing/odds", "204")
    mischief.script("box", Fault(body=wire.payload(wire.rosters()).body))
    with practice_house(folder, wire.TIP - timedelta(hours=1), mischief=mischief, league="nba") as (house, clock):
        bench = Bench(house, clock, mischief, folder)
        with working(house, scheduled=False) as engine, bench.client(BRISK) as client:
            _fetched(bench, client, nba_cdn.box_score("0022500055"), NIGHT)
            _batch(engine, "box", NIGHT)
            asked = [Asking().event_odds(event_id) for event_id in (*PLACES.values(), "good", "nothing")]
            fetched = [_fetched(bench, client, request, NIGHT) for request in asked]
            batch = _batch(engine, "props", NIGHT)
    tables = Tables(folder)
    parsed = {found.request.event_id or "": read_one(found.payload, "odds_api") for found in fetched if isinstance(found, Fetched)}
    quotes = Counter(row["event_id"] for table in ("raw.odds_player_points", "raw.odds_game_lines") for row in tables.rows(table))
    return Loaded(fetched, batch, parsed, tables, quotes)


def test_f13_every_body_arrives_once_and_is_kept_as_it_came(loaded: Loaded) -> None:
    assert {type(found) for found in loaded.fetched} == {Fetched}
    assert loaded.batch.state == "complete"
    for found in loaded.fetched:
        assert isinstance(found, Fetched)
        assert loaded.tables.vault.get(found.payload_id) == found.payload.body


@pytest.mark.parametrize("name", MALFORMED)
def test_f13_it_is_set_apart_with_path_and_reason(loaded: Loaded, name: str) -> None:
    apart, _ = ELSEWISE.get(name, (MALFORMED[name].apart, 0))
    assert loaded.apart(PLACES[name]) == set(apart)


@pytest.mark.parametrize("name", MALFORMED)
def test_f13_what_is_sound_in_it_loads(loaded: Loaded, name: str) -> None:
    _, rows = ELSEWISE.get(name, ((), MALFORMED[name].rows))
    assert loaded.quotes[PLACES[name]] == rows


def test_f13_the_good_document_among_them_loads_whole(loaded: Loaded) -> None:
    row = loaded.tables.row("raw.odds_player_points", event_id="good")
    assert (row["player_lookup"], row["point"], row["over_price"], row["under_price"]) == ("jaysontatum", 27.5, 1.87, 1.95)
    assert not loaded.apart("good")


def test_f13_an_answer_without_content_is_a_success_with_no_rows(loaded: Loaded) -> None:
    assert loaded.parsed["nothing"].offered == 0
    assert not loaded.apart("nothing")


def test_f13_rows_in_and_rows_set_apart_are_the_rows_offered(loaded: Loaded) -> None:
    lost = sum(reject.rows for parsed in loaded.parsed.values() for reject in parsed.rejects)
    counts = loaded.batch.counts
    assert lost > 0
    assert counts["rows_offered"] == sum(parsed.offered for parsed in loaded.parsed.values())
    facts = {name: table["inserted"] for name, table in counts["tables"].items() if name.startswith("raw.")}
    assert sum(facts.values()) + lost == counts["rows_offered"]
    assert sum(counts["set_apart"].values()) == sum(len(parsed.rejects) for parsed in loaded.parsed.values())


SPOILT = {
    "truncated": ("FAILED", "not_json at $"),
    "claims less": ("FAILED", "not_json at $"),
    "utf-16": ("FAILED", "wrong_encoding at $"),
    "no team": ("FAILED", "unreadable_team at $.home_team"),
    "204": ("EMPTY_OK", "The source has nothing on it yet."),
    "empty": ("EMPTY_OK", "The source has nothing on it yet."),
    "no price": ("COMPLETE", "None"),
    "wrong market": ("COMPLETE", "None"),
}
"""Faults of a night, one a game, and what the grid says of its props."""


@dataclass(frozen=True)
class Night:
    grid: dict[tuple[str, str], Expected]
    apart: dict[str, list[tuple[str, str]]]
    books: dict[str, set[str]]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A night whose true answers are spoilt on their way, a game each; and the document of all games' lines with one price lost."""
    with mischievous(tmp_path_factory.mktemp("spoilt")) as bench:
        know_the_players(bench)
        for game, name in zip(games(), SPOILT, strict=False):
            bench.mischief.script(f"*/events/{game.event_id}/odds", name)
        bench.mischief.script("lines", "price nan")
        with working(bench.house, scheduled=False) as engine:
            scrape_now(engine, DAY, patience=BRISK)
        cells = write_expected(bench.house, DAY)
        tables = Tables(bench.folder)
    apart: dict[str, list[tuple[str, str]]] = {}
    for row in tables.rows("raw.quarantine"):
        if row["rule"] != "unresolved_name":
            apart.setdefault(row["origin"], []).append((row["path"], row["rule"]))
    books: dict[str, set[str]] = {}
    for row in tables.rows("raw.odds_player_points", game_date=DAY):
        books.setdefault(row["game_id"], set()).add(row["bookmaker"])
    return Night({(cell.game_id, cell.phase): cell for cell in cells}, apart, books)


@pytest.mark.parametrize(("place", "name"), list(enumerate(SPOILT)))
def test_f13_a_game_whose_answer_is_set_apart_stands_on_the_grid_with_the_reason(night: Night, place: int, name: str) -> None:
    cell = night.grid[games()[place].game_id, "props"]
    standing, detail = SPOILT[name]
    assert cell.standing == standing
    assert detail in str(cell.detail)


@pytest.mark.parametrize("name", ["no price", "wrong market"])
def test_f13_one_fault_in_an_answer_costs_what_it_touches_and_no_more(night: Night, name: str) -> None:
    game = games()[list(SPOILT).index(name)]
    [[(path, _)]] = [rejects for origin, rejects in night.apart.items() if game.event_id in origin]
    assert path.startswith("$.bookmakers[0].markets[0]")
    assert len(night.books[game.game_id]) > 5


def test_f13_one_lost_price_in_the_document_of_all_games_costs_no_game_its_lines(night: Night) -> None:
    assert {night.grid[game.game_id, "lines"].standing for game in games()} == {"COMPLETE"}
    [[(path, rule)]] = [rejects for origin, rejects in night.apart.items() if "/basketball_practice/odds" in origin]
    assert (path.endswith(".price"), rule) == (True, "unreadable_price")
