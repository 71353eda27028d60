"""Splits: a player's games of the last 400 days by circumstance, each with how many it rests on.

In: games with court time as rows, in whatever order, and whom each player meets. Out: splits by player. A game counts in several: at home
or away, by the days he had off before it, against the opponent of the slate, and by how it ended against its closing line. It must never
know what is said of him.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.market.grouped import Codes, Mask, encode, flags, floats
from tipoff.market.prices import FloatArray
from tipoff.publish.documents import Figure, Shape

COLUMNS = ("player_lookup", "game_date", "game_id", "home", "opponent", "points", "minutes", "closing_line")
SplitKind = Literal["all", "place", "rest", "opponent", "line"]


class Split(Shape):
    """`n` games with their mean points and minutes; of the `line_n` that had a closing line its mean, and how often he went over, under and
    hit it. `name`: all; home, away; 0, 1 and 2+ (days off since his last game); a tricode; over, under (the closing line)."""

    kind: SplitKind
    name: str
    n: int
    points: Figure | None
    minutes: Figure | None
    line_n: int
    line: Figure | None
    over: int
    under: int
    push: int


def splits_of(games: pa.Table, opponents: Mapping[str, list[str]]) -> dict[str, list[Split]]:
    """By player the splits that hold a game, in the order of the shape's names; those against `opponents` (tricodes by player) always."""
    games = games.filter(pc.is_valid(games.column("points")))
    player, players = encode(games.column("player_lookup"))
    day = np.asarray(games.column("game_date").cast(pa.int32()).to_numpy(), dtype=np.int64)
    game, _ = encode(games.column("game_id"))
    order = np.lexsort((game, day, player))
    seen = _Seen(games.take(pa.array(order)), player[order], day[order], players.to_pylist())
    lines = ~np.isnan(seen.line)
    home, known_place = seen.flag("home")
    masks: list[tuple[SplitKind, str, Mask]] = [
        ("all", "all", np.ones(seen.player.size, np.bool_)),
        ("place", "home", home),
        ("place", "away", known_place & ~home),
        ("rest", "0", seen.rest == 0),
        ("rest", "1", seen.rest == 1),
        ("rest", "2+", seen.rest >= 2),
    ]
    found: dict[str, list[Split]] = defaultdict(list)
    for kind, name, mask in masks:
        seen.add(found, kind, name, mask)
    against = np.array(games.column("opponent").to_pylist(), dtype=np.object_)[order]
    for team in sorted({team for teams in opponents.values() for team in teams}):
        seen.add(found, "opponent", team, against == team, {lookup for lookup, teams in opponents.items() if team in teams})
    seen.add(found, "line", "over", lines & (seen.points > seen.line))
    seen.add(found, "line", "under", lines & (seen.points < seen.line))
    return found


class _Seen:
    """Games as arrays, in order of player and time."""

    def __init__(self, games: pa.Table, player: Codes, day: Codes, players: list[str]) -> None:
        self._games, self.player, self._players = games, player, players
        self.points, self.minutes, self.line = (floats(games.column(name)) for name in ("points", "minutes", "closing_line"))
        same = np.diff(player, prepend=-1) == 0
        self.rest = np.where(same, np.maximum(np.diff(day, prepend=0) - 1, 0), -1)

    def flag(self, name: str) -> tuple[Mask, Mask]:
        """Where it is true, and where it is known."""
        column = self._games.column(name)
        return flags(column), np.asarray(column.is_valid().to_numpy(), dtype=np.bool_)

    def add(self, to: dict[str, list[Split]], kind: SplitKind, name: str, mask: Mask, only: set[str] | None = None) -> None:
        """One split of every player that has a game in it; of `only` these, whether they have one or not."""
        rows = np.flatnonzero(mask)
        line = rows[~np.isnan(self.line[rows])]
        margin = self.points[line] - self.line[line]
        n, points = self._mean(rows, self.points)
        _, minutes = self._mean(rows[~np.isnan(self.minutes[rows])], self.minutes)
        line_n, mean_line = self._mean(line, self.line)
        ends = {side: self._count(line[hit]) for side, hit in (("over", margin > 0), ("under", margin < 0), ("push", margin == 0))}
        for place, lookup in enumerate(self._players):
            if (only is None and n[place]) or (only is not None and lookup in only):
                told = {side: int(count[place]) for side, count in ends.items()}
                means = {"points": _of(points[place]), "minutes": _of(minutes[place]), "line": _of(mean_line[place])}
                to[lookup].append(Split(kind=kind, name=name, n=int(n[place]), line_n=int(line_n[place]), **means, **told))

    def _count(self, rows: Codes) -> Codes:
        return np.bincount(self.player[rows], minlength=len(self._players)).astype(np.int64)

    def _mean(self, rows: Codes, values: FloatArray) -> tuple[Codes, FloatArray]:
        count = self._count(rows)
        total = np.bincount(self.player[rows], weights=values[rows], minlength=len(self._players))
        return count, np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _of(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
