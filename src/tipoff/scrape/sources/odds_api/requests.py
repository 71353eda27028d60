"""What to ask of The Odds API v4, and what each answer costs.

Cost in credits = markets x regions per call, ten times that for historical ones; every ten bookmakers named count as a region, and a
list of events costs nothing (1 where it is historical). Prices are asked for as decimal. The key is not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tipoff.clock import as_utc
from tipoff.config import Settings
from tipoff.scrape.records import League
from tipoff.scrape.request import Request, id_in_path
from tipoff.scrape.sources.odds_api.document import LEAGUES, SOURCE
from tipoff.scrape.sources.odds_api.markets import GAME_MARKETS

PROPS = ("player_points",)
_HISTORICAL = 10
_BOOKS_A_REGION = 10


def sports() -> Request:
    """Every sport that is in season: it costs nothing, and needs the key."""
    return Request(SOURCE, "sports", "/v4/sports")


@dataclass(frozen=True)
class Asking:
    """Whom to ask about: the league, and either bookmakers by key or, where none is named, whole regions.

    >>> Asking("nba").event_odds("9f2c", ["player_points"]).credits
    2
    """

    league: League = "nba"
    bookmakers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ("us", "us2")

    @classmethod
    def of(cls, settings: Settings) -> Asking:
        """As the settings say: their league, and their regions where some are named, else their books."""
        return cls(settings.league, (), settings.regions) if settings.regions else cls(settings.league, settings.books)

    def events(self) -> Request:
        """The coming events, without odds."""
        return Request(SOURCE, "events", f"{self._root()}/events", (("dateFormat", "iso"),))

    def event_odds(self, event_id: str, markets: Sequence[str] = PROPS) -> Request:
        """One event's odds, players' markets included."""
        path = f"{self._root()}/events/{id_in_path(event_id)}/odds"
        return Request(SOURCE, "event-odds", path, self._params(markets), self._cost(markets), event_id)

    def bulk_odds(self, markets: Sequence[str] = GAME_MARKETS) -> Request:
        """All events' game lines in one document."""
        return Request(SOURCE, "bulk-odds", f"{self._root()}/odds", self._params(markets), self._cost(markets))

    def historical_events(self, at: datetime) -> Request:
        """The events as they were listed at an instant (aware)."""
        params = (("dateFormat", "iso"), _date(at))
        return Request(SOURCE, "historical-events", f"{self._root('/historical')}/events", params, 1)

    def historical_event_odds(self, event_id: str, at: datetime, markets: Sequence[str] = PROPS) -> Request:
        """One event's odds as they were at an instant (aware); players' markets from 2023-05-03 on, in 5-minute snapshots."""
        path = f"{self._root('/historical')}/events/{id_in_path(event_id)}/odds"
        params = (*self._params(markets), _date(at))
        return Request(SOURCE, "historical-event-odds", path, params, self._cost(markets) * _HISTORICAL, event_id)

    def _root(self, section: str = "") -> str:
        sport = next(key for key, league in LEAGUES.items() if league == self.league)
        return f"/v4{section}/sports/{sport}"

    def _params(self, markets: Sequence[str]) -> tuple[tuple[str, str], ...]:
        whom = ("bookmakers", ",".join(self.bookmakers)) if self.bookmakers else ("regions", ",".join(self.regions))
        return (whom, ("markets", ",".join(markets)), ("oddsFormat", "decimal"), ("dateFormat", "iso"))

    def _cost(self, markets: Sequence[str]) -> int:
        regions = -(-len(self.bookmakers) // _BOOKS_A_REGION) if self.bookmakers else len(self.regions)
        return len(markets) * regions


def _date(at: datetime) -> tuple[str, str]:
    return "date", f"{as_utc(at):%Y-%m-%dT%H:%M:%SZ}"
