"""The sheets from which minutes are projected: each side's players with their last games, for the sides that a report covers.

Knows the scene and the reports as of each moment. It must never know who turned out to play.
"""

from __future__ import annotations

import numpy as np

from tipoff.analyze.absent import Reported
from tipoff.analyze.minutes import CHANCE_OF_STATUS, GAMES_BACK, Sheets, chance_to_play, projected_minutes
from tipoff.analyze.past import Floats, Ints, Past, summed
from tipoff.analyze.roster import Rows
from tipoff.analyze.scene import REACH, Scene

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def minutes_ahead(scene: Scene, rows: Rows, team_past: Past, reports: Reported) -> Floats:
    """By row the expected minutes, given that he plays; NaN where no report covers the side, where he is out, or was never seen.

    `team_past` lists each side's past games.
    """
    found = np.full(len(rows), np.nan)
    place = np.flatnonzero(reports.covered & (rows.side >= 0))
    place = place[np.argsort(rows.side[place], kind="stable")]
    if not len(place):
        return found
    listed = np.array([status if status in CHANCE_OF_STATUS else "" for status in reports.status[place]], dtype=object)
    sheets = _sheets(scene, rows, place, team_past)
    found[place] = projected_minutes(sheets, chance_to_play(sheets, np.where(reports.mentioned[place], listed, "").astype(object)))
    return found


def _sheets(scene: Scene, rows: Rows, place: Ints, team_past: Past) -> Sheets:
    season = scene.games.season[rows.game[place]]
    own = scene.played.known(rows.asked.take(place), REACH).newest(GAMES_BACK)
    team = team_past.where(team_past["whole"] == 1).newest(GAMES_BACK)
    which, entry = team.entries(rows.side[place])
    row = place[which]
    since = team["at"][entry] >= rows.joined[row]
    line = scene.played_for(team["version"][entry], rows.player[row], rows.team[row])
    spots = (which, team.place[entry])
    minutes = np.where(since, np.where(line >= 0, scene.played.columns["minutes"][line], 0.0), np.nan)
    started = np.where(line >= 0, np.nan_to_num(scene.played.columns["started"][line]), 0.0)
    return Sheets(
        side=rows.side[place],
        own_minutes=_matrix(len(place), (own.row, own.place), own["minutes"]),
        own_season_games=own.total((own["season"] == season[own.row]) * 1.0),
        team_minutes=_matrix(len(place), spots, minutes),
        team_started=np.nan_to_num(_matrix(len(place), spots, started)),
        team_season_games=summed(which, team["season"][entry] == season[which], len(place)),
        days_since_last=own.asked.day - own.first("day"),
    )


def _matrix(rows: int, spots: tuple[Ints, Ints], values: Floats) -> Matrix:
    """Values by row and place, newest first; NaN beyond."""
    found = np.full((rows, GAMES_BACK), np.nan)
    found[spots] = values
    return found
