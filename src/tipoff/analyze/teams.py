"""Both sides of each game as known at its moment: pace, ratings, results, rest; the share of its games that each player missed.

Knows team games, box scores and the schedule. It must never know lines, reports, or the game of the row itself.
"""

from __future__ import annotations

import numpy as np

from tipoff.analyze.past import Floats, Past, divide, summed
from tipoff.analyze.roster import Rows
from tipoff.analyze.scene import Scene, rest

BLOWOUT = 15


def sides_context(scene: Scene, window: Past) -> dict[str, Floats]:
    """One value a side for each name, over the games of the team's window; `known_at` as microseconds, -1 for none."""
    ten, fifteen = window.newest(10), window.newest(15)
    season = window.where(window["season"] == scene.games.season[scene.sides.game[window.row]])
    gap, schedule_known = rest(scene)
    return {
        "team_games": window.count(),
        "season_games": season.count(),
        "pace_last_10": ten.mean("pace"),
        "off_rating_last_10": ten.mean("off_rating"),
        "def_rating_last_15": fifteen.mean("def_rating"),
        "pace_last_15": fifteen.mean("pace"),
        "win_share": season.mean("won"),
        "blowout_share": window.mean((np.abs(window["margin"]) >= BLOWOUT) * 1.0),
        "team_rest": np.where(gap < 0, np.nan, gap - 1.0),
        "team_known_at": np.maximum(window.latest("known_at"), schedule_known).astype(np.float64),
    }


def by_row(rows: Rows, context: dict[str, Floats]) -> dict[str, Floats]:
    """What the sides' context says of each row's own team and of its opponent."""
    own = ("team_games", "season_games", "pace_last_10", "off_rating_last_10", "win_share", "blowout_share", "team_rest")
    of_opponent = {
        "opponent_team_games": "team_games",
        "opponent_pace_last_15": "pace_last_15",
        "opponent_def_rating_last_15": "def_rating_last_15",
        "opponent_rest": "team_rest",
    }
    found = {name: rows.of_side(context[name]) for name in own}
    return found | {name: rows.of_other_side(context[source]) for name, source in of_opponent.items()}


def games_missed(scene: Scene, rows: Rows, window: Past) -> Floats:
    """By row the share of the team's last ten games, of those since he joined it, that he did not play; NaN over none."""
    ten = window.newest(10)
    of_side = np.flatnonzero(rows.side >= 0)
    which, entry = ten.entries(rows.side[of_side])
    row = of_side[which]
    due = ten["at"][entry] >= rows.joined[row]
    row, version = row[due], ten["version"][entry[due]]
    played = scene.played_for(version, rows.player[row], rows.team[row]) >= 0
    return 1.0 - divide(summed(row, played * 1.0, len(rows)), summed(row, np.ones(len(row)), len(rows)))
