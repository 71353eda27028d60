"""The arithmetic that recipes share: missing stays missing, and a count of nothing is 0."""

from __future__ import annotations

import numpy as np

from tipoff.analyze.past import Floats, divide
from tipoff.features.labels import Labels, choose
from tipoff.features.registry import Ingredients

BOX = ("raw.player_box", "raw.schedule")
REPORTS = ("raw.injuries", "raw.injury_submissions", *BOX)
QUOTES = ("raw.odds_player_points", "raw.schedule")
GAME_QUOTES = ("raw.odds_game_lines", "raw.schedule")

__all__ = ["BOX", "GAME_QUOTES", "QUOTES", "REPORTS", "choose", "clamp", "has_team", "no_report", "ratio", "zero_if_missing"]

ratio = divide


def clamp(values: Floats, low: float, high: float) -> Floats:
    """Values held within [low, high]; missing stays missing."""
    return np.clip(values, low, high)


def zero_if_missing(values: Floats) -> Floats:
    """Counts: nothing counted is 0, which is a value."""
    return np.where(np.isnan(values), 0.0, values)


def has_team(i: Ingredients, otherwise: str | Labels) -> Labels:
    """`team_unknown` where the player's newest game was for neither side, else the reason given."""
    return choose(np.isnan(i["is_home"]), "team_unknown", otherwise)


def no_report(i: Ingredients) -> Labels:
    """Why an absence is not known."""
    return choose(np.isnan(i["is_home"]) & (i["covered"] == 1), "team_unknown", "no_report_covers_the_game")
