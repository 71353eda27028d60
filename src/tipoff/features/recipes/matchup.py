"""Recipes of the match-up: what the opponent allows, how fast it plays, and how a player's shots and usage meet it."""

from __future__ import annotations

import numpy as np

from tipoff.analyze.past import Floats
from tipoff.analyze.zones import LEAST_DEFENCE_GAMES, ZONES
from tipoff.features.recipes.arithmetic import BOX, REPORTS, choose, clamp, has_team, zero_if_missing
from tipoff.features.registry import Ingredients, Value, recipe

_SHOTS = ("raw.shots", *BOX)
_FEW = "opponent_fewer_than_5_games"


def _opponent_pace(i: Ingredients) -> Floats:
    """f14: the opponent's pace over its last 15 games, missing below 5."""
    return np.where(i["opponent_team_games"] >= 5, i["opponent_pace_last_15"], np.nan)


@recipe("shot_zone_mismatch_score", *_SHOTS, needs="shots")
def _(i: Ingredients) -> Value:
    """100 x the sum over zones of share x min(share / 50 %, 1) x (points an attempt that the opponent allows - the league's): points per
    100 of his attempts. Share: his last ten games played. Allowed: the opponent's last 15 games with shots on record, from 5 on. League:
    shots that became known in the 400 days up to as_of."""
    edge = sum((i[f"share_{zone}"] * np.minimum(i[f"share_{zone}"] / 0.5, 1.0) * i[f"allowed_{zone}"] for zone in ZONES), np.zeros(i.size))
    enough = i["opponent_shot_games"] >= LEAST_DEFENCE_GAMES
    reason = has_team(i, choose(np.isnan(i["share_paint"]), "no_shots", _FEW))
    return Value(np.where(enough, 100.0 * edge, np.nan), "calculated", reason)


@recipe("pct_paint", *_SHOTS, needs="shots")
def _(i: Ingredients) -> Value:
    """Attempts in the paint / attempts, of the shots on record of his last ten games played."""
    return Value(i["share_paint"], "calculated", choose(i["games"] > 0, "no_shots", "no_games"))


@recipe("pct_mid_range", *_SHOTS, needs="shots")
def _(i: Ingredients) -> Value:
    """Mid-range attempts / attempts, of the shots on record of his last ten games played."""
    return Value(i["share_mid"], "calculated", choose(i["games"] > 0, "no_shots", "no_games"))


@recipe("pace_score", *BOX)
def _(i: Ingredients) -> Value:
    """f14 - f22, halved."""
    return Value(clamp((_opponent_pace(i) - i["pace_last_10"]) / 2, -3, 3), "calculated", has_team(i, _FEW))


@recipe("usage_spike_score", *REPORTS)
def _(i: Ingredients) -> Value:
    """Projected usage: mean of his last five games played; baseline: of his last twenty. Stars as in f37; where no report tells, none."""
    stars = zero_if_missing(i["star_teammates_out"])
    lift = np.where(stars >= 2, 1.30, np.where(stars == 1, 1.15, 1.0))
    return Value(clamp(0.3 * (i["usage_last_5"] - i["usage_last_20"]) * lift, -3, 3), "calculated", "no_games")


@recipe("opponent_def_rating", *BOX)
def _(i: Ingredients) -> Value:
    """Mean over the games of 100 x points allowed / possessions."""
    enough = i["opponent_team_games"] >= 5
    return Value(np.where(enough, i["opponent_def_rating_last_15"], np.nan), "calculated", has_team(i, _FEW))


@recipe("opponent_pace", *BOX)
def _(i: Ingredients) -> Value:
    """Possessions of a game: mean over both sides of FGA + .44 FTA - OREB + TOV."""
    return Value(_opponent_pace(i), "calculated", has_team(i, _FEW))


@recipe("opponent_pace_mismatch", *BOX)
def _(i: Ingredients) -> Value:
    """f14 - f22."""
    return Value(_opponent_pace(i) - i["pace_last_10"], "calculated", has_team(i, _FEW))
