"""Small valid documents of The Odds API, to be spoilt one field at a time."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources import odds_api

FETCHED_AT = datetime(2025, 11, 5, 22, 30, tzinfo=UTC)
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def outcome(side: str, player: str, point: float, price: float) -> dict[str, Any]:
    return {"name": side, "description": player, "price": price, "point": point}


def pair(player: str, point: float, over: float = 1.87, under: float = 1.95) -> list[dict[str, Any]]:
    return [outcome("Over", player, point, over), outcome("Under", player, point, under)]


def market(key: str, outcomes: list[dict[str, Any]], last_update: str = "2025-11-05T22:29:00Z") -> dict[str, Any]:
    return {"key": key, "last_update": last_update, "outcomes": outcomes}


def book(key: str, *markets: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "title": key.title(), "markets": list(markets)}


def event(*books: dict[str, Any], event_id: str = "e1") -> dict[str, Any]:
    return {
        "id": event_id,
        "sport_key": "basketball_nba",
        "sport_title": "NBA",
        "commence_time": "2025-11-06T00:30:00Z",
        "home_team": "Boston Celtics",
        "away_team": "Los Angeles Lakers",
        "bookmakers": list(books),
    }


def two_books() -> dict[str, Any]:
    """Two books, three players each, both kinds of market: 2 x (3 + 2 + 2 + 2) + 1 game = 19 rows."""
    points = [*pair("Jayson Tatum", 27.5), *pair("Luka Dončić", 20.0), *pair("Austin Reaves", 24.5)]
    spreads = [
        {"name": "Boston Celtics", "price": 1.91, "point": -4.5},
        {"name": "Los Angeles Lakers", "price": 1.92, "point": 4.5},
    ]
    totals = [{"name": "Over", "price": 1.9, "point": 231.5}, {"name": "Under", "price": 1.93, "point": 231.5}]
    h2h = [{"name": "Boston Celtics", "price": 1.5}, {"name": "Los Angeles Lakers", "price": 2.7}]
    markets = (market("player_points", points), market("spreads", spreads), market("totals", totals), market("h2h", h2h))
    return json.loads(json.dumps(event(book("draftkings", *markets), book("fanduel", *markets))))  # type: ignore[no-any-return]


def parse(document: Any, *, fetched_at: datetime | None = FETCHED_AT) -> Parsed:
    """A document, or raw bytes, through the source; the counting rule is checked on the way."""
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    parsed = odds_api.transform(Payload(body, "a test", fetched_at, 200 if fetched_at else 0))
    adds_up(parsed)
    return parsed


def adds_up(parsed: Parsed) -> None:
    """Rows made + rows that the rejects cost = rows offered, and each reject has a path of its own."""
    assert parsed.rows + sum(reject.rows for reject in parsed.rejects) == parsed.offered
    assert all(reject.rows >= 0 for reject in parsed.rejects)
    paths = [reject.path for reject in parsed.rejects]
    assert len(set(paths)) == len(paths)


def rows(parsed: Parsed, kind: str) -> list[dict[str, Any]]:
    table = parsed.records.get(kind)  # type: ignore[call-overload]
    return table.to_pylist() if table is not None else []


def at(document: Any, path: str) -> Any:
    """What stands at a path such as `$.bookmakers[2].markets[0]`."""
    for part in re.findall(r"[A-Za-z_]+|[0-9]+", path):
        document = document[int(part) if part.isdigit() else part]
    return document


def rules(parsed: Parsed) -> list[tuple[str, str]]:
    return [(reject.path, reject.rule) for reject in parsed.rejects]
