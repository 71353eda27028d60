"""Recipes of both teams and of the game: pace, ratings, rest, venue, and who is reported out."""

from __future__ import annotations

import numpy as np

from tipoff.features.recipes.arithmetic import BOX, REPORTS, choose, clamp, has_team, no_report
from tipoff.features.registry import EXCUSED, Ingredients, Value, recipe

_STATUS_RISK = {"available": 0.0, "probable": 1.0, "questionable": 2.0, "doubtful": 3.0, "out": 3.0}


@recipe("rest_advantage", "raw.schedule", "raw.player_box")
def _(i: Ingredients) -> Value:
    """By the schedule as known then: days between the team's games, less one."""
    return Value(clamp(i["team_rest"] - i["opponent_rest"], -2, 2), "calculated", has_team(i, "no_schedule_before"))


@recipe("injury_risk", *REPORTS, needs="injuries")
def _(i: Ingredients) -> Value:
    """By the newest report for the day; available where a report covers game and team and does not mention him."""
    known = np.array([_STATUS_RISK.get(status, np.nan) for status in i.text("injury_status")], dtype=np.float64)
    return Value(known, "store", no_report(i))


@recipe("home_away", "raw.schedule", "raw.player_box")
def _(i: Ingredients) -> Value:
    """His team is the one for which he stood in a box score last."""
    return Value(i["is_home"], "store", "team_unknown")


@recipe("back_to_back", "raw.schedule", "raw.player_box")
def _(i: Ingredients) -> Value:
    """By the schedule as known then, whether he played himself or not."""
    rested = i["team_rest"]
    return Value(np.where(np.isnan(rested), np.nan, (rested == 0) * 1.0), "calculated", has_team(i, "no_schedule_before"))


@recipe("playoff_game", "raw.schedule")
def _(i: Ingredients) -> Value:
    """1 in the playoffs alone: the play-in and the cup final are none."""
    kinds = i.text("game_type")
    flags = np.array([np.nan if kind is None else float(kind == "playoff") for kind in kinds], dtype=np.float64)
    return Value(flags, "store", "game_type_unknown")


@recipe("team_pace", *BOX)
def _(i: Ingredients) -> Value:
    """Possessions of a game: mean over both sides of FGA + .44 FTA - OREB + TOV."""
    return Value(i["pace_last_10"], "calculated", has_team(i, "no_team_games"))


@recipe("team_off_rating", *BOX)
def _(i: Ingredients) -> Value:
    """Mean over the games of 100 x points / possessions."""
    return Value(i["off_rating_last_10"], "calculated", has_team(i, "no_team_games"))


@recipe("team_win_pct", *BOX)
def _(i: Ingredients) -> Value:
    """Of the season's games with box scores of both sides; before five of them missing, `warm_up`."""
    share = np.where(i["season_games"] >= 5, i["win_share"], np.nan)
    return Value(share, "calculated", has_team(i, EXCUSED))


@recipe("dnp_rate", *BOX)
def _(i: Ingredients) -> Value:
    """Of the team's last ten games those since his first for it."""
    return Value(i["dnp_share"], "calculated", has_team(i, "no_team_games"))


@recipe("star_teammates_out", *REPORTS, needs="injuries")
def _(i: Ingredients) -> Value:
    """Averages over the games that each played for the team, of its last ten; himself not counted. 0 where a report covers game and team
    and lists no star."""
    return Value(i["star_teammates_out"], "store", no_report(i))


@recipe("teammate_usage_available", *REPORTS, needs="injuries")
def _(i: Ingredients) -> Value:
    """Mean usage rate of each over his games for the team in the 30 days before the game day, himself not counted. 0 where a report covers
    game and team and lists nobody of them."""
    return Value(i["usage_out"], "calculated", no_report(i))


@recipe("projected_minutes", *REPORTS, needs="injuries")
def _(i: Ingredients) -> Value:
    """Recent minutes and role, and the minutes that reported absences set free (`tipoff.analyze.minutes`)."""
    unseen = choose((i["covered"] == 1) & ~np.isnan(i["is_home"]), "no_games", no_report(i))
    return Value(i["projected_minutes"], "calculated", choose(i["reported_out"] == 1, "out", unseen))


@recipe("blowout_minutes_risk", *BOX)
def _(i: Ingredients) -> Value:
    """Of the season's games with box scores of both sides; before five of them of last season's too."""
    return Value(i["blowout_share"], "calculated", has_team(i, "no_team_games"))
