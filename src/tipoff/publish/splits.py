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
from pydantic import TypeAdapter

from tipoff.market.grouped import Codes, Mask, encode, flags, floats
from tipoff.market.prices import FloatArray
from tipoff.publish.documents import Figure, Shape
from tipoff.publish.reads import Row

COLUMNS = ("player_lookup", "game_date", "game_id", "home", "opponent", "points", "minutes", "closing_line")
_FIGURES = ("n", "points", "minutes", "line_n", "line", "over", "under", "push")
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
    found: dict[str, list[Row]] = defaultdict(list)
    for kind, name, mask in masks:
        seen.add(found, kind, name, mask)
    against = np.array(games.column("opponent").to_pylist(), dtype=np.object_)[order]
    for team in sorted({team for teams in opponents.values() for team in teams}):
        seen.add(found, "opponent", team, against == team, {lookup for lookup, teams in opponents.items() if team in teams})
    seen.add(found, "line", "over", lines & (seen.points > seen.line))
    seen.add(found, "line", "under", lines & (seen.points < seen.line))
    return _SPLITS.validate_python(found)


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

    def add(self, to: dict[str, list[Row]], kind: SplitKind, name: str, mask: Mask, only: set[str] | None = None) -> None:
        """One split of every player that has a game in it; of `only` these, whether they have one or not."""
        rows = np.flatnonzero(mask)
        line = rows[~np.isnan(self.line[rows])]
        margin = self.points[line] - self.line[line]
        count, points = self._mean(rows, self.points)
        _, minutes = self._mean(rows[~np.isnan(self.minutes[rows])], self.minutes)
        lined, mean_line = self._mean(line, self.line)
        over, under, push = (self._count(line[hit]).tolist() for hit in (margin > 0, margin < 0, margin == 0))
        told = zip(self._players, count.tolist(), points, minutes, lined.tolist(), mean_line, over, under, push, strict=True)
        for lookup, *figures in told:
            if (only is None and figures[0]) or (only is not None and lookup in only):
                to[lookup].append({"kind": kind, "name": name, **dict(zip(_FIGURES, figures, strict=True))})

    def _count(self, rows: Codes) -> Codes:
        return np.bincount(self.player[rows], minlength=len(self._players)).astype(np.int64)

    def _mean(self, rows: Codes, values: FloatArray) -> tuple[Codes, list[float | None]]:
        count = self._count(rows)
        total = np.bincount(self.player[rows], weights=values[rows], minlength=len(self._players))
        means = (total / np.maximum(count, 1)).tolist()
        return count, [mean if there else None for mean, there in zip(means, count.tolist(), strict=True)]


_SPLITS = TypeAdapter(dict[str, list[Split]])
