"""The Odds API v4: any of its documents to quotes and games.

Comes in: a payload. Goes out: player quotes, game quotes, one game record an event, and what was set apart. It never fetches, and
never looks at where a payload came from: a document is recognised by its shape.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tipoff.clock import as_utc
from tipoff.names import find_team
from tipoff.scrape.opening import open_document
from tipoff.scrape.reading import Ledger, fault_of_object, instant, objects, text, whole
from tipoff.scrape.records import League, Parsed, Payload
from tipoff.scrape.sources.odds_api.markets import Event, Quotes
from tipoff.scrape.sources.odds_api.prices import is_american
from tipoff.scrape.sources.odds_api.slots import unread_event
from tipoff.scrape.tables import micros, tables

SOURCE = "odds_api"
LEAGUES: dict[str, League] = {"basketball_nba": "nba", "basketball_practice": "practice"}
_EVENT_KEYS = {"id", "sport_key", "commence_time", "home_team", "away_team"}
EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LIST_KINDS = {"bookmakers": "bulk-odds", "scores": "scores", "": "events"}


def recognise(document: Any) -> str | None:
    """The kind of a decoded document, from its shape alone, or None where it is none of The Odds API's.

    `event-odds`, `bulk-odds`, `events`, `scores`, and with a wrapper around it `historical-event-odds`, `historical-bulk-odds`,
    `historical-events`. An empty list is `events`.
    """
    if isinstance(document, dict) and {"timestamp", "data"} <= document.keys():
        inner = _kind_of(document["data"])
        return f"historical-{inner}" if inner else None
    return _kind_of(document)


def _kind_of(document: Any) -> str | None:
    if _is_event(document):
        return "event-odds"
    if type(document) is not list:
        return None
    if not document:
        return "events"
    events = [element for element in document if _is_event(element)]
    marks = [mark for mark in ("bookmakers", "scores") if any(mark in event for event in events)]
    return _LIST_KINDS[marks[0] if marks else ""] if events else None


def _is_event(value: Any) -> bool:
    return isinstance(value, dict) and len(_EVENT_KEYS & value.keys()) >= 3


def transform(payload: Payload) -> Parsed:
    """Everything that a payload of The Odds API holds. Never raises for what stands in it.

    The snapshot is the wrapper's timestamp where there is one, else the time of the fetch, else the newest `last_update` in it.
    A 204, an empty list and events without bookmakers are a success.
    """
    opened = open_document(payload, SOURCE, recognise)
    if isinstance(opened, Parsed):
        return opened
    document, kind = opened
    ledger = Ledger()
    parsed = Parsed(SOURCE, kind, rejects=ledger.rejects)
    is_wrapped = kind.startswith("historical-")
    body, root = (document["data"], "$.data") if is_wrapped else (document, "$")
    events = list(objects(body, root)) if type(body) is list else [(root, body)]
    parsed.snapshot_at = instant(document["timestamp"]) if is_wrapped else _snapshot(payload, events)
    if parsed.snapshot_at is None:
        _without_snapshot(ledger, events, document, is_wrapped)
    else:
        _read_events(parsed, ledger, events, parsed.snapshot_at, is_single=type(body) is not list)
    parsed.offered = ledger.offered
    return parsed


def _snapshot(payload: Payload, events: list[tuple[str, Any]]) -> datetime | None:
    if payload.fetched_at is not None:
        return as_utc(payload.fetched_at)
    updates = (instant(holder.get("last_update")) for _, event in events for holder in _holders(event))
    return max((at for at in updates if at is not None), default=None)


def _holders(event: Any) -> Iterator[dict[str, Any]]:
    """Everything in an event that can hold a `last_update`: itself, its bookmakers, their markets."""
    if type(event) is not dict:
        return
    yield event
    for _, book in objects(event.get("bookmakers"), ""):
        if type(book) is dict:
            yield book
            yield from (market for _, market in objects(book.get("markets"), "") if type(market) is dict)


def _without_snapshot(ledger: Ledger, events: list[tuple[str, Any]], document: Any, is_wrapped: bool) -> None:
    """A document whose moment is unknown is set apart, unless nothing stands in it that had one (a bare list of events)."""
    rows = sum(unread_event(event) for _, event in events)
    if is_wrapped:
        ledger.lost("$.timestamp", "unreadable_instant", document["timestamp"], rows=rows)
    elif any(type(event) is not dict or event.get("bookmakers") or event.get("scores") for _, event in events):
        ledger.lost("$", "no_snapshot", rows=rows)


def _read_events(parsed: Parsed, ledger: Ledger, events: list[tuple[str, Any]], snapshot: datetime, *, is_single: bool) -> None:
    heads = [(path, event, head) for path, event in events if (head := _head(parsed, ledger, event, path))]
    spellings = Counter(event_id for event_id, _ in {(head.event_id, head) for _, _, head in heads})
    quotes = Quotes(ledger, is_american(price for _, event in events for price in _prices(event)))
    games: dict[str, tuple[Any, ...]] = {}
    known_at = micros(snapshot)
    assert known_at is not None
    for path, event, head in heads:
        if spellings[head.event_id] > 1:
            ledger.lost(path, "conflicting_events", head.event_id, rows=unread_event(event))
            continue
        if head.event_id not in games:
            ledger.offer()
            status, home_score, away_score = _progress(ledger, event, path)
            games[head.event_id] = game_row(head, status, home_score, away_score, known_at)
        if "bookmakers" in event:
            quotes.read(head, event["bookmakers"], f"{path}.bookmakers")
    if is_single and heads:
        parsed.event_id = heads[0][2].event_id
    player_quotes, game_quotes = quotes.rows(known_at)
    parsed.records = tables({"player_quotes": player_quotes, "game_quotes": game_quotes, "games": list(games.values())})


def game_row(head: Event, status: str, home_score: int | None, away_score: int | None, known_at: int | None) -> tuple[Any, ...]:
    """An event as a `games` record; `known_at` in microseconds since 1970 UTC."""
    head_of_row = (None, head.event_id, None, head.commence_time, None, head.home, head.away)
    return (*head_of_row, None, status, home_score, away_score, known_at)


def _head(parsed: Parsed, ledger: Ledger, event: Any, path: str) -> Event | None:
    """The head of an event, or None where it is set apart; the first one settles the document's league."""
    fault = _fault_of_head(parsed, event)
    if fault is not None:
        key, rule = fault
        value = event.get(key) if isinstance(event, dict) and key else event
        ledger.lost(f"{path}.{key}" if key else path, rule, value, rows=unread_event(event))
        return None
    parsed.league = LEAGUES[event["sport_key"]]
    home, away, at = find_team(event["home_team"]), find_team(event["away_team"]), micros(instant(event["commence_time"]))
    assert home is not None
    assert away is not None
    assert at is not None
    return Event(event["id"], at, home.tricode, away.tricode)


def _fault_of_head(parsed: Parsed, event: Any) -> tuple[str, str] | None:
    """The key and the rule that it breaks, or None."""
    if fault := fault_of_object(event):
        return "", fault
    sport = event.get("sport_key")
    if type(sport) is not str or sport not in LEAGUES:
        return "sport_key", "unknown_sport"
    if parsed.league not in (None, LEAGUES[sport]):
        return "sport_key", "mixed_leagues"
    if type(event.get("id")) is not str or not EVENT_ID.fullmatch(event["id"]):
        return "id", "unreadable_id"
    if instant(event.get("commence_time")) is None:
        return "commence_time", "unreadable_instant"
    for key in ("home_team", "away_team"):
        name = text(event.get(key))
        if name is None:
            return key, "unreadable_team"
        if find_team(name) is None:
            return key, "not_a_league_team"
    return ("away_team", "same_team_twice") if find_team(event["home_team"]) == find_team(event["away_team"]) else None


def _prices(event: Any) -> Iterator[Any]:
    for holder in _holders(event):
        for _, outcome in objects(holder.get("outcomes"), ""):
            if type(outcome) is dict:
                yield outcome.get("price")


def _progress(ledger: Ledger, event: dict[str, Any], path: str) -> tuple[str, int | None, int | None]:
    """Status and final score of an event of the `scores` kind; any other is scheduled."""
    completed, scores = event.get("completed"), event.get("scores")
    if type(completed) is not bool or not (completed or scores):
        return "scheduled", None, None
    if not completed:
        return "live", None, None
    found = {
        score.get("name"): score.get("score") for _, score in objects(scores, "") if type(score) is dict and type(score.get("name")) is str
    }
    home, away = (_score(found.get(event[key])) for key in ("home_team", "away_team"))
    if home is None or away is None:
        ledger.apart(f"{path}.scores", "unreadable_score", scores)
        return "final", None, None
    return "final", home, away


def _score(value: Any) -> int | None:
    """A score; The Odds API writes it as text."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 3:
        value = int(value)
    return whole(value, 0, 300)
