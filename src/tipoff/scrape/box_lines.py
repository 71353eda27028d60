"""What every source's box score is held to: figures that agree with each other, minutes that a game can have, a player once.

Comes in: one reader of a player for each source's own words. Goes out: `box` records. It must never know a source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tipoff.names import player_lookup
from tipoff.scrape.reading import Ledger, Refusal, objects, whole
from tipoff.scrape.tables import micros

MOST_MINUTES = 48 + 5 * 10  # ten overtimes: the record is six
_HIGHEST = 150
STATISTICS = ("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "stl", "blk", "tov", "pf", "plus_minus")
"""In the order of the shape."""
_NONE = (None,) * len(STATISTICS)
Figures = tuple[int | None, ...]


@dataclass(frozen=True)
class Line:
    """One player's line; without court time he has no figures, and perhaps a reason. `started` is None where the source does not say."""

    name: str
    league_player_id: str | None
    started: bool | None
    minutes: float | None
    figures: Figures
    did_not_play: bool = False
    reason: str | None = None

    @classmethod
    def absent(cls, name: str, league_player_id: str | None, started: bool | None, reason: str | None) -> Line:
        """Listed, and without a second of court time: games not played are no games."""
        return cls(name, league_player_id, started, 0.0, _NONE, did_not_play=True, reason=reason)


def figures(printed: Mapping[str, Any], keys: Sequence[str | None], prefix: str = "") -> Figures | Refusal:
    """The fifteen figures by a source's own names for them (None: it does not give that one), or why they are not taken.

    `prefix` leads to them from the player, for the refusal's key.
    """
    found: list[int | None] = []
    for statistic, key in zip(STATISTICS, keys, strict=True):
        value = None if key is None else whole(printed.get(key), -_HIGHEST if statistic == "plus_minus" else 0, _HIGHEST)
        if key is not None and value is None:
            return Refusal(f"{prefix}{key}", "unreadable_statistic")
        found.append(value)
    fault = _inconsistency(*(value or 0 for value in found[:7]))
    return Refusal(prefix.rstrip("."), fault) if fault else tuple(found)


def _inconsistency(points: int, fgm: int, fga: int, fg3m: int, fg3a: int, ftm: int, fta: int) -> str | None:
    if fgm > fga or fg3m > fg3a or ftm > fta or fg3m > fgm or fg3a > fga:
        return "more_made_than_attempted"
    return None if points == 2 * fgm + fg3m + ftm else "points_do_not_add_up"


class Lines:
    """The players of one game, on their way to records. `head` is where each begins: `games.Game.head`."""

    def __init__(self, ledger: Ledger, head: tuple[Any, ...], known_at: datetime | None) -> None:
        self._ledger, self._head, self._known_at = ledger, head, micros(known_at)
        self._rows: dict[str, tuple[Any, ...]] = {}
        self._twice: set[str] = set()

    def take_list(self, players: Any, path: str, team: str, read: Callable[[Any], Line | Refusal]) -> None:
        """One team's players as they stand in a list; each that cannot be read is set apart by itself."""
        if type(players) is not list:
            self._ledger.lost(path, "not_a_list", players)
        self.take(objects(players, path), team, read)

    def take(self, players: Iterable[tuple[str, Any]], team: str, read: Callable[[Any], Line | Refusal]) -> None:
        """One team's players with their paths."""
        for at, player in players:
            line = read(player)
            if isinstance(line, Refusal):
                self._ledger.lost(f"{at}.{line.key}" if line.key else at, line.rule, _value_at(player, line.key))
            else:
                self._enter(line, team, at)

    def rows(self) -> list[tuple[Any, ...]]:
        """The records."""
        return [row for person, row in self._rows.items() if person not in self._twice]

    def _enter(self, line: Line, team: str, at: str) -> None:
        """A player listed twice in the same words is one; where the two differ, both are set apart."""
        person = line.league_player_id or f"{team} {player_lookup(line.name)}"
        row = (
            *(*self._head, line.name, line.league_player_id, team, line.started, line.minutes, *line.figures),
            *(line.did_not_play, line.reason, self._known_at, at),
        )
        stood = self._rows.setdefault(person, row)
        if stood is row:
            self._ledger.offer()
        elif person in self._twice:
            self._ledger.apart(at, "player_twice", person)
        elif stood[:-1] != row[:-1]:
            self._twice.add(person)
            self._ledger.apart(stood[-1], "player_twice", person, rows=1)
            self._ledger.apart(at, "player_twice", person)


def _value_at(player: Any, key: str) -> Any:
    for part in filter(None, key.split(".")):
        player = player.get(part) if type(player) is dict else None
    return player


def listed(*lists: Any) -> int:
    """How many rows stand in these lists, for a document that is set apart whole."""
    return sum(len(players) for players in lists if type(players) is list)
