"""What the slow reference speaks in: values found, past games, and which of several quotes counts. Plain Python.

It must never import anything from `tipoff`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from features.raw_rows import Row

SPORTSBOOKS = frozenset(
    (
        "draftkings",
        "fanduel",
        "betmgm",
        "williamhill_us",
        "betrivers",
        "bovada",
        "espnbet",
        "thescore_bet",
        "hardrockbet",
        "betonlineag",
        "fliff",
        "betparx",
        "ballybet",
        "pinnacle",
        "fanatics",
        "pointsbetus",
        "unibet_us",
        "mybookieag",
        "lowvig",
        "betus",
        "wynnbet",
        "superbook",
        "twinspires",
        "barstool",
    )
)
CONSENSUS = ("bettingpros_consensus", "kaggle_closing", "consensus_mean_line", "sportsbookreview_archive", "oddsapi_mean")
"""In the order in which they are asked; the first two share a rank, and never quote the same market in these tests."""


@dataclass(frozen=True)
class Found:
    """A value (None: missing) and its source, or the reason for which there is none where the reason decides something."""

    value: float | None
    source: str = "calculated"


@dataclass(frozen=True)
class Past:
    """A game that a player played, as a row's moment knows it. `usage` is in per cent."""

    game_id: str
    day: date
    tip: datetime
    season: str
    team: str
    opponent: str
    minutes: float
    points: float
    line: Row
    usage: float | None


@dataclass(frozen=True)
class TeamGame:
    """A team's past game as a row's moment knows it; `pace` per 48 minutes, ratings per 100 possessions."""

    game_id: str
    day: date
    tip: datetime
    season: str
    pace: float
    scored: float
    allowed: float
    margin: float


def newest_of(rows: Sequence[Row]) -> Row:
    """The newest quote; of two at one moment a payload's before an import's, then by event id and point, since nothing else is said."""
    newest = max((row["snapshot_at"], row["origin_rank"]) for row in rows)
    best = [row for row in rows if (row["snapshot_at"], row["origin_rank"]) == newest]
    return min(best, key=lambda row: (row["market"], row["event_id"], row["point"]))


def of_best_kind(rows: Sequence[Row]) -> list[Row]:
    """The sportsbooks' rows; where there are none, those of the first consensus source that has any; other kinds make no line."""
    books = [row for row in rows if row["bookmaker"] in SPORTSBOOKS]
    if books:
        return books
    for key in CONSENSUS:
        if found := [row for row in rows if row["bookmaker"] == key]:
            return found
    return []
