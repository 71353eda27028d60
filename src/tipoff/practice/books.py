"""The twelve bookmakers: what each charges, how well it knows, how fast it hears, what it lists and when.

It knows habits, declared here as plain figures that a test may recover. It must never know a game.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from tipoff.clock import local_instant
from tipoff.config import TWELVE_BOOKS

Opening = Literal["evening", "morning", "noon"]
"""When a book puts up players' points: 21:00 New York on the evening before, 09:00, or 12:00 on the day."""

_OPENS = {"evening": (-1, time(21, 0)), "morning": (0, time(9, 0)), "noon": (0, time(12, 0))}
GAME_LINES_OPEN = timedelta(hours=34)
"""Before the tip: when every book puts up winner, spread and total."""


@dataclass(frozen=True)
class Book:
    """One bookmaker. Points are NBA points, delays minutes; a margin of .07 means that the implied chances of a
    two-sided quote add up to 1.07."""

    key: str
    title: str
    region: Literal["us", "us2"]
    margin: float
    """On players' points, at the main line."""
    line_margin: float
    """On winner, spread and total."""
    error: float
    """Standard deviation of the book's own error in a player's mean points, near the tip, for a mean of 15."""
    bias: float
    """Points by which it sets its lines above what it believes: people like overs."""
    copies: float
    """Share of its error that it takes from the sharpest book as that stood a while ago, 0 to 1."""
    news_delay: float
    """Minutes until it reacts to injury news."""
    refresh: int
    """Minutes between two looks at its prices; between them nothing changes."""
    opening: Opening
    lists_from: float
    """Expected points from which it lists a player."""
    lists_share: float
    """Chance that it lists a player near that level; regulars are always listed."""
    pulls_doubtful: bool
    """Whether a questionable or doubtful player is taken down until there is word of him."""
    whole_points: bool
    """Whether whole points (20, on which a bet can be returned) are used beside halves."""
    cents: int
    """Prices are rounded to so many American cents."""
    alternates: tuple[float, ...] = ()
    """Points offset from the main line in `player_points_alternate`; empty where there is no such market."""
    alternates_over_only: bool = False
    ladder: tuple[float, ...] = ()
    """Further points, by offset, that this book puts into `player_points` itself."""
    in_play: bool = False
    """Whether it goes on quoting after the tip."""

    def opens(self, game_date: date, tip: datetime) -> datetime:
        """When its players' points go up for a game (UTC); three hours before the tip at the latest."""
        days, at = _OPENS[self.opening]
        return min(local_instant(game_date + timedelta(days=days), at), tip - timedelta(hours=3))


_WIDE = tuple(float(n) for n in (-8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
_NARROW = (-6.0, -4.0, -2.0, 2.0, 4.0, 6.0)
_TALL = (-5.0, 5.0, 10.0, 15.0)
BOOKS: tuple[Book, ...] = (
    Book("draftkings", "DraftKings", "us", 0.066, 0.046, 0.55, 0.15, 0.3, 3, 2, "evening", 7.5, 0.9, True, False, 1),
    Book("fanduel", "FanDuel", "us", 0.064, 0.045, 0.50, 0.10, 0.2, 2, 1, "evening", 7.5, 0.85, True, False, 2,
         alternates=_TALL, alternates_over_only=True, in_play=True),
    Book("betmgm", "BetMGM", "us", 0.072, 0.048, 0.75, 0.20, 0.4, 8, 4, "morning", 6.0, 0.9, False, False, 5),
    Book("williamhill_us", "Caesars", "us", 0.070, 0.047, 0.70, 0.15, 0.4, 6, 3, "morning", 7.0, 0.85, True, False, 3),
    Book("betrivers", "BetRivers", "us", 0.076, 0.050, 0.80, 0.20, 0.3, 12, 5, "morning", 9.0, 0.7, False, False, 5,
         ladder=(-2.0, 2.0), in_play=True),
    Book("bovada", "Bovada", "us", 0.078, 0.046, 0.65, 0.25, 0.3, 10, 5, "noon", 8.5, 0.75, True, True, 5, alternates=_NARROW),
    Book("espnbet", "theScore Bet", "us2", 0.075, 0.049, 0.85, 0.25, 0.5, 15, 6, "morning", 7.5, 0.8, False, False, 5),
    Book("hardrockbet", "Hard Rock Bet", "us2", 0.070, 0.048, 0.80, 0.15, 0.5, 9, 4, "noon", 8.5, 0.8, True, False, 5),
    Book("betonlineag", "BetOnline.ag", "us", 0.058, 0.040, 0.35, 0.05, 0.0, 4, 2, "evening", 8.0, 0.8, True, True, 1,
         in_play=True),
    Book("fliff", "Fliff", "us2", 0.090, 0.055, 1.00, 0.30, 0.5, 25, 10, "noon", 10.0, 0.7, False, False, 5),
    Book("betparx", "betPARX", "us2", 0.077, 0.050, 0.85, 0.20, 0.4, 14, 6, "noon", 9.0, 0.7, False, False, 5,
         alternates=_WIDE, in_play=True),
    Book("ballybet", "Bally Bet", "us2", 0.080, 0.052, 0.95, 0.25, 0.5, 18, 8, "morning", 9.5, 0.7, True, True, 5),
)  # fmt: skip
"""In the order of `tipoff.config.TWELVE_BOOKS`."""

BY_KEY = {book.key: book for book in BOOKS}
SHARPEST = min(range(len(BOOKS)), key=lambda n: BOOKS[n].error)
"""The number of the book that the others copy."""
MARKET_ERROR = 0.45
"""Standard deviation of the error that all books share, near the tip, in points, for a mean of 15."""
REGIONS = ("us", "us2", "uk", "eu", "au")
"""What the source knows as regions; the last three have no practice book."""

if tuple(BY_KEY) != TWELVE_BOOKS:  # pragma: no cover - a slip in this file
    raise AssertionError("The practice books are not the twelve of the configuration.")
