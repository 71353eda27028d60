"""Who is missing by the reports known at each game's moment, and what his absence sets free: stars, usage.

Knows reports and past box scores. Absences come from timed reports alone: a box score never tells who was absent.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np

from tipoff.analyze.past import Bools, Floats, Ints, Past, Slices, Values, divide, instants, summed
from tipoff.analyze.reports import AWAY, coverage, silent_teams, statuses
from tipoff.analyze.roster import Rows
from tipoff.analyze.scene import REACH, Scene
from tipoff.analyze.slate import ROW
from tipoff.store.warehouse import Work

STAR_POINTS, STAR_MINUTES, STAR_USAGE = 18.0, 28.0, 25.0
USAGE_DAYS, USAGE_MINUTES = 30, 10.0


@dataclass(frozen=True)
class Reported:
    """By row the status as reported (None: not known), whether the report mentions him, whether one covers the game and team, what is
    missing beside him (NaN where it is not known), and the newest moment of a report that this rests on (-1: none)."""

    status: Values
    mentioned: Bools
    covered: Bools
    stars_out: Floats
    usage_out: Floats
    known: Ints


def reported(scene: Scene, rows: Rows, window: Past) -> Reported:
    """What the reports say of each row. Where one covers game and team, who is not mentioned is available and nobody is missing."""
    games = ibis.memtable(scene.games.table)
    listed = scene.work.ask(_in_order, games)
    game_of = {name: index for index, name in enumerate(scene.games.table.column("game_id").to_pylist())}
    listed_game = np.array([game_of[name] for name in listed.column("game_id").to_pylist()], dtype=np.int64)
    listed_player = scene.players.codes(listed.column("player_lookup"))
    status = np.asarray(listed.column("injury_status").to_pylist(), dtype=object)
    place = Slices(scene.game_player(listed_game, listed_player)).one(scene.game_player(rows.game, rows.player))
    mentioned = place >= 0
    covered_at, silent_at = _by_game(scene, game_of, games), _by_side(scene, game_of, games)
    known = np.maximum(covered_at[rows.game], np.where(rows.side >= 0, silent_at[rows.side], -1))
    known = np.maximum(known, np.where(mentioned, instants(listed.column("report_known_at"))[place], -1) if len(listed_game) else -1)
    covered = (covered_at[rows.game] >= 0) & ~((rows.side >= 0) & (silent_at[rows.side] >= 0))
    found = np.full(len(rows), None, dtype=object)
    found[covered] = "available"
    if len(listed_game):
        found = np.where(mentioned, status[place], found)
    away = np.isin(status.astype(str), AWAY) & (listed_player >= 0)
    team = scene.teams.codes(listed.column("report_team"))[away]
    stars, usage = _missing(scene, rows, window, (listed_game[away], listed_player[away], team))
    known_team = covered & (rows.side >= 0)
    return Reported(found, mentioned, covered, np.where(known_team, stars, np.nan), np.where(known_team, usage, np.nan), known)


def _in_order(work: Work, games: ir.Table) -> ir.Table:
    return statuses(work, games).order_by(ROW)


def _by_game(scene: Scene, game_of: dict[str, int], games: ir.Table) -> Ints:
    """When the newest report that covers each game became known; -1 where none does."""
    found = np.full(len(scene.games), -1, dtype=np.int64)
    table = scene.work.ask(coverage, games)
    found[[game_of[name] for name in table.column("game_id").to_pylist()]] = instants(table.column("covered_at"))
    return found


def _by_side(scene: Scene, game_of: dict[str, int], games: ir.Table) -> Ints:
    """When each side was last told not to have submitted; -1 where it was not."""
    found = np.full(len(scene.sides), -1, dtype=np.int64)
    table = scene.work.ask(silent_teams, games)
    game = np.array([game_of[name] for name in table.column("game_id").to_pylist()], dtype=np.int64)
    team = scene.teams.codes(table.column("team"))
    found[_side_of(scene, game, team)] = instants(table.column("silent_at"))
    return found


def _side_of(scene: Scene, game: Ints, team: Ints) -> Ints:
    return np.where(scene.games.home[game] == team, 2 * game, 2 * game + 1)


def _missing(scene: Scene, rows: Rows, window: Past, away: tuple[Ints, Ints, Ints]) -> tuple[Floats, Floats]:
    """By row the stars and the usage of team-mates who are out or doubtful, himself not counted. `away`: game, player, team."""
    game, player, team = away
    side = _side_of(scene, game, team)
    star = _is_star(scene, window, side, player) * 1.0
    usage = _recent_usage(scene, game, player, team)
    own = Slices(scene.game_player(game, player)).one(scene.game_player(rows.game, rows.player))
    same_side = (own >= 0) & (side[own] == rows.side) if len(own) and len(side) else np.zeros(len(rows), dtype=np.bool_)
    found = []
    for values in (star, usage):
        of_side = rows.of_side(summed(side, values, len(scene.sides)))
        found.append(of_side - np.where(same_side, values[own], 0.0) if len(values) else of_side)
    return found[0], found[1]


def _is_star(scene: Scene, window: Past, side: Ints, player: Ints) -> Bools:
    """Whether each of these players weighs heavily over the last ten games of his team's window, of those that he played for it."""
    ten = window.newest(10)
    who, entry = ten.entries(side)
    line = scene.played_for(ten["version"][entry], player[who], scene.sides.team[side[who]])
    who, line = who[line >= 0], line[line >= 0]
    average = {}
    for name in ("points", "minutes", "usage_rate"):
        values = scene.played.columns[name][line]
        known = ~np.isnan(values)
        average[name] = divide(summed(who[known], values[known], len(side)), summed(who[known], np.ones(int(known.sum())), len(side)))
    return (average["points"] >= STAR_POINTS) | (average["minutes"] >= STAR_MINUTES) | (average["usage_rate"] >= STAR_USAGE)


def _recent_usage(scene: Scene, game: Ints, player: Ints, team: Ints) -> Floats:
    """Mean usage rate (%) of each of these players over his games for the team in the last 30 days; 0 up to 10 minutes a game."""
    past = scene.played.known(scene.games.asked(player, game), REACH)
    recent = past.where((past.age <= USAGE_DAYS) & (past["team"] == team[past.row]))
    return np.where(recent.mean("minutes") > USAGE_MINUTES, np.nan_to_num(recent.mean("usage_rate")), 0.0)
