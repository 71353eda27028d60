"""Bookmakers: under which key each is stored, and of what kind it is. Only sportsbooks make a market.

Knows keys and kinds. It must never know a price.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

BookKind = Literal["sportsbook", "pickem", "consensus", "unknown"]


@dataclass(frozen=True)
class Book:
    """`key` is what rows are stored under; `rank` orders consensus sources, lower first."""

    key: str
    kind: BookKind
    title: str
    spellings: tuple[str, ...] = ()
    rank: int = 100


BOOKS: dict[str, Book] = {
    book.key: book
    for book in (
        Book("draftkings", "sportsbook", "DraftKings"),
        Book("fanduel", "sportsbook", "FanDuel"),
        Book("betmgm", "sportsbook", "BetMGM"),
        Book("williamhill_us", "sportsbook", "Caesars", ("caesars", "williamhill")),
        Book("betrivers", "sportsbook", "BetRivers"),
        Book("bovada", "sportsbook", "Bovada"),
        Book("espnbet", "sportsbook", "ESPN BET", ("espn_bet",)),
        Book("thescore_bet", "sportsbook", "theScore Bet", ("thescorebet",)),
        Book("hardrockbet", "sportsbook", "Hard Rock Bet", ("hard_rock_bet", "hardrock")),
        Book("betonlineag", "sportsbook", "BetOnline.ag", ("betonline", "betonline_ag")),
        Book("fliff", "sportsbook", "Fliff"),
        Book("betparx", "sportsbook", "betPARX", ("betparx_us",)),
        Book("ballybet", "sportsbook", "Bally Bet", ("bally_bet",)),
        Book("pinnacle", "sportsbook", "Pinnacle"),
        Book("fanatics", "sportsbook", "Fanatics"),
        Book("pointsbetus", "sportsbook", "PointsBet (US)", ("pointsbet", "pointsbet_us")),
        Book("unibet_us", "sportsbook", "Unibet", ("unibet",)),
        Book("mybookieag", "sportsbook", "MyBookie.ag", ("mybookie", "mybookie_ag")),
        Book("lowvig", "sportsbook", "LowVig.ag"),
        Book("betus", "sportsbook", "BetUS"),
        Book("wynnbet", "sportsbook", "WynnBET"),
        Book("superbook", "sportsbook", "SuperBook"),
        Book("twinspires", "sportsbook", "TwinSpires"),
        Book("barstool", "sportsbook", "Barstool Sportsbook"),
        Book("prizepicks", "pickem", "PrizePicks"),
        Book("underdog", "pickem", "Underdog Fantasy"),
        Book("bettingpros_consensus", "consensus", "BettingPros consensus", rank=10),
        Book("consensus_mean_line", "consensus", "Mean of about seven books", rank=20),
        Book("kaggle_closing", "consensus", "Closing consensus", rank=10),
        Book("sportsbookreview_archive", "consensus", "Sportsbook Review closing lines", rank=20),
        Book("oddsapi_mean", "consensus", "Mean over books", rank=30),
    )
}


def _letters(text: str) -> str:
    """What is left of a spelling without its case, blanks and marks."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


_BY_SPELLING = {_letters(spelling): book.key for book in BOOKS.values() for spelling in (book.key, book.title, *book.spellings)}


@lru_cache(maxsize=1024)
def find_book(key: str) -> Book:
    """The book meant by any spelling of its key or title; one that nobody declared keeps its key and is of kind unknown."""
    if known := _BY_SPELLING.get(_letters(key)):
        return BOOKS[known]
    plain = re.sub(r"[\W_]+", "_", key.strip().casefold()).strip("_")
    return Book(plain or "unnamed", "unknown", key.strip() or "unnamed")


def books_of_kind(kind: BookKind) -> tuple[str, ...]:
    """The declared keys of a kind."""
    return tuple(book.key for book in BOOKS.values() if book.kind == kind)
