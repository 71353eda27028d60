"""Who may play: every player of either team as known at each game's moment, and whoever is quoted; for whom, and since when.

Knows the scene and who is quoted. It must never know what happened in the games it speaks of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tipoff.analyze.past import Asked, Bools, Floats, Ints, Past
from tipoff.analyze.scene import REACH, Scene

RECENT_TEAM_GAMES = 20


@dataclass(frozen=True)
class Rows:
    """One element a (game, player), in order of game and player. `game` is an index into the games; `team` and `opponent` are codes, -1
    where the player's newest game was for neither side; `last_team` is whose he was then (-1: no game on record); `side` is an index into
    the sides, -1 likewise; `joined` is the tip of his first game for that team on record."""

    game: Ints
    player: Ints
    last_team: Ints
    team: Ints
    opponent: Ints
    side: Ints
    joined: Ints
    listed_known: Ints
    asked: Asked

    def __len__(self) -> int:
        return len(self.game)

    @property
    def is_home(self) -> Floats:
        """1 at home, 0 away, NaN where the team is unknown."""
        return np.where(self.side < 0, np.nan, (self.side % 2 == 0) * 1.0)

    def of_side(self, values: Floats) -> Floats:
        """Values by side, by row; NaN where the team is unknown."""
        return np.where(self.side < 0, np.nan, values[self.side]) if len(values) else np.full(len(self), np.nan)

    def of_other_side(self, values: Floats) -> Floats:
        """Values of the opponent's side, by row."""
        return np.where(self.side < 0, np.nan, values[self.side ^ 1]) if len(values) else np.full(len(self), np.nan)


def roster(scene: Scene, team_past: Past, lined_game: Ints, lined_player: Ints) -> Rows:
    """Whoever stood in a box score of either team's last twenty games known by then and is still of one of the two, and whoever has a
    line (`lined_game`, `lined_player`). `team_past` lists each side's past games."""
    size = len(scene.players) + 1
    pairs = np.unique(np.concatenate([_listed(scene, team_past), lined_game * size + lined_player]))
    game, player = pairs // size, pairs % size
    newest = scene.box.newest(scene.games.asked(player, game), REACH)
    last_team = np.where(newest >= 0, scene.box.columns["team"][newest], -1) if len(scene.box) else np.full(len(game), -1)
    at_home, at_away = last_team == scene.games.home[game], last_team == scene.games.away[game]
    kept = at_home | at_away | np.isin(pairs, lined_game * size + lined_player)
    game, player, last_team, at_home, at_away = (part[kept] for part in (game, player, last_team, at_home, at_away))
    asked = scene.games.asked(player, game)
    joined, listed_known = _since(scene, asked, last_team)
    return Rows(
        game=game,
        player=player,
        last_team=last_team,
        team=np.where(at_home | at_away, last_team, -1),
        opponent=_either(at_home, scene.games.away[game], at_away, scene.games.home[game]),
        side=_either(at_home, 2 * game, at_away, 2 * game + 1),
        joined=joined,
        listed_known=listed_known,
        asked=asked,
    )


def _either(first: Bools, one: Ints, second: Bools, other: Ints) -> Ints:
    return np.where(first, one, np.where(second, other, -1))


def _listed(scene: Scene, team_past: Past) -> Ints:
    """(game, player) as one number, of everybody in the box scores of each side's newest twenty games."""
    recent = team_past.newest(RECENT_TEAM_GAMES)
    versions = scene.version_team(recent["version"], scene.sides.team[recent.row])
    entry, line = scene.lines_of_side.of(versions)
    game = scene.sides.game[recent.row[entry]]
    return np.unique(game * (len(scene.players) + 1) + scene.box.columns["player"][line])


def _since(scene: Scene, asked: Asked, team: Ints) -> tuple[Ints, Ints]:
    """By row the tip of the player's first game for a team, and when the newest of his box scores became known (-1: none)."""
    joined, known = np.full(len(asked), -1, dtype=np.int64), np.full(len(asked), -1, dtype=np.int64)
    for rows, past in scene.box.parts(asked, REACH):
        known[rows] = past.latest("known_at")
        mine = past.where(past["team"] == team[rows][past.row])
        joined[rows] = np.nan_to_num(mine.last("at"), nan=-1).astype(np.int64)
    return joined, known


def columns(scene: Scene, rows: Rows) -> dict[str, pa.Array]:
    """The identity of each row: game, player, season, day, tip, moment, team, opponent."""
    of_game = scene.games.table.take(pa.array(rows.game))
    named = {name: of_game.column(name) for name in ("game_id", "game_date", "season", "game_type", "tip", "as_of")}
    named |= {"player_lookup": scene.players.column(rows.player)}
    named |= {"team": scene.teams.column(rows.team), "opponent": scene.teams.column(rows.opponent)}
    return named
