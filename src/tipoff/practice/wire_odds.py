"""The Odds API v4, as documents: events, odds of one event, bulk odds, and historical snapshots of all three.

Season and instant in, JSON-able values out. The sport is `basketball_practice`, never a real one: by this invented
data is told from real data. Prices are decimal unless american was asked for; instants are written in UTC with a Z.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tipoff.clock import as_utc
from tipoff.names import TEAMS
from tipoff.practice.books import Book
from tipoff.practice.lines import GameLines, game_lines
from tipoff.practice.odds_question import FEATURED, EventFilter, OddsFault, OddsQuestion
from tipoff.practice.pricing import american_price
from tipoff.practice.quotes import PLAYER_POINTS, PLAYER_POINTS_ALTERNATE, Offers, QuoteRoom
from tipoff.practice.season import Game, Season

SPORT_KEY = "basketball_practice"
SPORT_TITLE = "Practice League"
EVENTS_AHEAD = timedelta(hours=48)
"""Before its tip an event is listed from so long on; until the last buzzer."""
SNAPSHOT_EVERY = timedelta(minutes=5)
HISTORICAL_FACTOR = 10

Document = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A document and the credits that it costs."""

    document: Any
    cost: int


def stamp(instant: datetime) -> str:
    """`2026-01-14T23:30:00Z`."""
    return as_utc(instant).strftime("%Y-%m-%dT%H:%M:%SZ")


def listed_games(season: Season, instant: datetime, chosen: EventFilter | None = None) -> list[Game]:
    """The events that the source lists at an instant: upcoming within two days, and under way."""
    chosen = chosen or EventFilter()
    return [
        game
        for game in season.listed(instant)
        if is_listed(game, instant)
        and (chosen.start is None or game.tip >= chosen.start)
        and (chosen.end is None or game.tip <= chosen.end)
        and (chosen.ids is None or game.event_id in chosen.ids)
    ]


def is_listed(game: Game, instant: datetime) -> bool:
    """Whether the source lists a game, taken as it stood at the instant: one that was called off is gone until it has its new tip."""
    return game.standing == "on" and game.tip - EVENTS_AHEAD <= instant < game.final_at


def event_document(game: Game) -> Document:
    """An event without odds."""
    return {
        "id": game.event_id,
        "sport_key": SPORT_KEY,
        "sport_title": SPORT_TITLE,
        "commence_time": stamp(game.tip),
        "home_team": TEAMS[game.home].name,
        "away_team": TEAMS[game.away].name,
    }


def events(season: Season, instant: datetime, chosen: EventFilter) -> Answer:
    """All events listed; costs nothing."""
    return Answer([event_document(game) for game in listed_games(season, instant, chosen)], 0)


def event_odds(room: QuoteRoom, event_id: str, instant: datetime, asked: OddsQuestion, *, historical: bool = False) -> Answer:
    """One event's odds. A market stands in it only where some book offers it, and only such markets are billed.

    Raises OddsFault (404) for an event that is not listed at the instant. Historical documents have `last_update` on
    the bookmaker as well as on the market.
    """
    found = room.season.by_event.get(event_id)
    game = room.season.as_listed(found, instant) if found else None
    if game is None or not is_listed(game, instant):
        raise OddsFault(404, "EVENT_NOT_FOUND", "Event not found. The event may have expired or the event id is invalid")
    markets = _markets(room, game, instant, asked)
    books = [_bookmaker(book, found, on_book=historical, on_market=True) for book, found in markets.items()]
    returned = {market["key"] for found in markets.values() for market, _ in found}
    cost = len(returned) * asked.regions * (HISTORICAL_FACTOR if historical else 1)
    return Answer({**event_document(game), "bookmakers": books}, cost)


def bulk_odds(room: QuoteRoom, instant: datetime, asked: OddsQuestion, chosen: EventFilter, *, historical: bool = False) -> Answer:
    """Winner, spread and total of all events listed; `last_update` stands on the bookmaker alone."""
    found: list[Document] = []
    returned = False
    for game in listed_games(room.season, instant, chosen):
        markets = _markets(room, game, instant, asked)
        returned = returned or bool(markets)
        books = [_bookmaker(book, rows, on_book=True, on_market=False) for book, rows in markets.items()]
        found.append({**event_document(game), "bookmakers": books})
    cost = len(asked.markets) * asked.regions * (HISTORICAL_FACTOR if historical else 1) if returned else 0
    return Answer(found, cost)


def snapshot_at(date: datetime, now: datetime) -> datetime:
    """The five-minute mark at or before `date`, and never after the present."""
    seconds = int(min(date, now).timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(SNAPSHOT_EVERY.total_seconds()), tz=UTC)


def wrapped(document: object, mark: datetime, now: datetime) -> Document:
    """A historical answer; `next_timestamp` is null where that snapshot is still to come."""
    later = mark + SNAPSHOT_EVERY
    return {
        "timestamp": stamp(mark),
        "previous_timestamp": stamp(mark - SNAPSHOT_EVERY),
        "next_timestamp": stamp(later) if later <= now else None,
        "data": document,
    }


def _markets(room: QuoteRoom, game: Game, instant: datetime, asked: OddsQuestion) -> dict[Book, list[tuple[Document, str]]]:
    """Each book's markets, in the order asked, with when they were last looked at."""
    american = asked.odds_format == "american"
    found: dict[Book, dict[str, tuple[Document, str]]] = {}
    if any(name in FEATURED for name in asked.markets):
        for lines in game_lines(room, game, instant, asked.books):
            at = stamp(lines.last_update)
            made = {name: ({"key": name, "outcomes": _sides(name, lines, game, american)}, at) for name in FEATURED}
            found.setdefault(lines.book, {}).update(made)
    props = frozenset(asked.markets) & {PLAYER_POINTS, PLAYER_POINTS_ALTERNATE}
    if props:
        for offers in room.player_points(game, instant, asked.books, props):
            market = {"key": offers.market, "outcomes": _outcomes(offers, american)}
            found.setdefault(offers.book, {})[offers.market] = (market, stamp(offers.last_update))
    ordered = {book: [made[name] for name in asked.markets if name in made] for book, made in found.items()}
    return {book: markets for book, markets in ordered.items() if markets}


def _bookmaker(book: Book, markets: list[tuple[Document, str]], *, on_book: bool, on_market: bool) -> Document:
    document: Document = {"key": book.key, "title": book.title}
    if on_book:
        document["last_update"] = max(at for _, at in markets)
    document["markets"] = [
        {"key": market["key"], "last_update": at, "outcomes": market["outcomes"]} if on_market else market for market, at in markets
    ]
    return document


def _outcomes(offers: Offers, american: bool) -> list[Document]:
    names = [player.name for player in offers.players]
    over: list[float] = [american_price(x) for x in offers.over] if american else list(offers.over)
    found = []
    if offers.under is None:
        for name, point, price in zip(names, offers.points, over, strict=True):
            found.append({"name": "Over", "description": name, "price": price, "point": point})
        return found
    under: list[float] = [american_price(x) for x in offers.under] if american else list(offers.under)
    for name, point, price, other in zip(names, offers.points, over, under, strict=True):
        found.append({"name": "Over", "description": name, "price": price, "point": point})
        found.append({"name": "Under", "description": name, "price": other, "point": point})
    return found


def _sides(market: str, lines: GameLines, game: Game, american: bool) -> list[Document]:
    home, away = TEAMS[game.home].name, TEAMS[game.away].name

    def price(value: float) -> float:
        return american_price(value) if american else value

    if market == "h2h":
        return [{"name": home, "price": price(lines.home_price)}, {"name": away, "price": price(lines.away_price)}]
    if market == "spreads":
        return [
            {"name": home, "price": price(lines.home_spread_price), "point": lines.spread},
            {"name": away, "price": price(lines.away_spread_price), "point": -lines.spread},
        ]
    return [
        {"name": "Over", "price": price(lines.over_price), "point": lines.total},
        {"name": "Under", "price": price(lines.under_price), "point": lines.total},
    ]
