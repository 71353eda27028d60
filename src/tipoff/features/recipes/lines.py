"""Recipes of the market: lines on the player and on the game, their moves, and how his games went against them."""

from __future__ import annotations

import numpy as np

from tipoff.analyze.past import Floats
from tipoff.analyze.quoted import LEAST_LINED_GAMES, LINED_BOOKS, RECENT_DAYS
from tipoff.features.labels import Labels
from tipoff.features.recipes.arithmetic import BOX, GAME_QUOTES, QUOTES, choose, has_team
from tipoff.features.registry import Ingredients, Value, recipe

_LONGEST_STREAK = 20.0


def _odds(i: Ingredients, values: Floats, otherwise: str | Labels = "no_line") -> Value:
    """A value of the market: at full quality from sportsbooks, as a fallback from somebody's consensus."""
    source = choose(i.text("line_kind") == "consensus", "consensus", "odds")
    return Value(values, source, choose(np.isfinite(i["consensus_line"]), otherwise, "no_line"))


def _of_game(i: Ingredients, values: Floats, *kinds: str, reason: str | Labels = "no_game_line") -> Value:
    """A value of the lines on the game; `kinds` are the columns that say whose these are."""
    source: str | Labels = "odds"
    for kind in kinds:
        source = choose(i.text(kind) == "consensus", "consensus", source)
    return Value(values, source, reason)


@recipe("vegas_points_line", *QUOTES)
def _(i: Ingredients) -> Value:
    """One main line a book; a quote that was pulled, or whose book fell silent for three hours, has lapsed. A consensus source stands in
    where no sportsbook quotes."""
    return _odds(i, i["consensus_line"])


@recipe("vegas_opening_line", *QUOTES)
def _(i: Ingredients) -> Value:
    """First quotes seen; told only where there is a current line."""
    return _odds(i, i["opening_line"])


@recipe("vegas_line_move", *QUOTES)
def _(i: Ingredients) -> Value:
    """A book with one quote so far moved by 0."""
    return _odds(i, i["line_movement"])


@recipe("has_vegas_line", *QUOTES)
def _(i: Ingredients) -> Value:
    """1 where f25 has a value."""
    return Value(np.isfinite(i["consensus_line"]) * 1.0, "odds")


@recipe("game_total_line", *GAME_QUOTES)
def _(i: Ingredients) -> Value:
    """Sportsbooks; where there are none, the consensus source that is asked first."""
    return _of_game(i, i["game_total"], "total_kind")


@recipe("spread_magnitude", *GAME_QUOTES)
def _(i: Ingredients) -> Value:
    """Median over books of the home side's latest pre-tip spread, without its sign; the books as in f38."""
    return _of_game(i, np.abs(i["home_spread"]), "spread_kind")


@recipe("implied_team_total", *GAME_QUOTES, "raw.player_box")
def _(i: Ingredients) -> Value:
    """For the player's own team."""
    signed = np.where(i["is_home"] == 1, -i["home_spread"], i["home_spread"])
    total = np.where(np.isnan(i["is_home"]), np.nan, (i["game_total"] + signed) / 2)
    return _of_game(i, total, "total_kind", "spread_kind", reason=has_team(i, "no_game_line"))


@recipe("multi_book_line_std", *QUOTES)
def _(i: Ingredients) -> Value:
    """Over the books behind f25."""
    return Value(i["line_std"], "odds", choose(np.isfinite(i["consensus_line"]), "fewer_than_2_books", "no_line"))


@recipe("prop_over_streak", *QUOTES, "raw.player_box")
def _(i: Ingredients) -> Value:
    """Closing line: f25 as of that game's own tip. Games played with a closing line other than the points decide; capped at 20."""
    return _streak(i, "over_streak")


@recipe("prop_under_streak", *QUOTES, "raw.player_box")
def _(i: Ingredients) -> Value:
    """Closing line: f25 as of that game's own tip. Games played with a closing line other than the points decide; capped at 20."""
    return _streak(i, "under_streak")


def _streak(i: Ingredients, name: str) -> Value:
    decided = i["decided_games"] > 0
    return Value(np.where(decided, np.minimum(i[name], _LONGEST_STREAK), np.nan), "calculated", "no_lined_games")


@recipe("line_vs_season_avg", *QUOTES, "raw.player_box")
def _(i: Ingredients) -> Value:
    """Missing without a line, and before his first game of the season."""
    return _odds(i, i["consensus_line"] - i["points_season"], "no_season_average")


@recipe("prop_line_delta", *QUOTES, "raw.player_box")
def _(i: Ingredients) -> Value:
    """Previous game: the last that he played, of 14 days back at most. Books with a main line now and at that game's tip: median now less
    median then."""
    recent = i["days_since_played"] <= RECENT_DAYS
    return _odds(i, i["line_delta"], choose(recent, "no_line_at_previous_game", "no_game_in_14_days"))


@recipe("over_rate_last_10", *QUOTES, "raw.player_box")
def _(i: Ingredients) -> Value:
    """Of the last ten games that decided, as in f51."""
    return Value(i["over_rate_last_10"], "calculated", "no_lined_games")


@recipe("margin_vs_line_avg_last_5", *QUOTES, "raw.player_box")
def _(i: Ingredients) -> Value:
    """The last five games played that had a closing line; a push counts as 0."""
    return Value(i["margin_last_5"], "calculated", "no_lined_games")


@recipe("implied_over_probability", *QUOTES, *BOX)
def _(i: Ingredients) -> Value:
    """Power devig of each book's main quote; the logit moves by 1.596 / sd a point, sd being a player's standard deviation at that level
    of points, learned on the box scores of the 400 days before the month."""
    priced = i["priced_books"] > 0
    return _odds(i, i["implied_over"], choose(priced, "no_slope", "no_prices"))


@recipe("sharp_soft_delta", *QUOTES, "ref.book_groups")
def _(i: Ingredients) -> Value:
    """Groups as measured last before as_of (`tipoff books --keep`)."""
    return _odds(i, i["sharp_soft_delta"], choose(i["groups_measured"] == 1, "group_without_line", "groups_not_measured"))


@recipe("consensus_line_velocity", *QUOTES)
def _(i: Ingredients) -> Value:
    """(Point now - point six hours before) / 6 of each book quoted at both; median over books. A book that was not seen again within the
    six hours is not compared with itself."""
    return _odds(i, i["velocity"], "no_line_6h_ago")


@recipe("regulars_without_a_line", *QUOTES, "raw.player_box")
def _(i: Ingredients) -> Value:
    """A regular has a closing line of a sportsbook in half, and at least three, of the team's lined games: those of its last ten at whose
    tip two sportsbooks or more had lines. Himself not counted."""
    out, told = i["books_now"] >= LINED_BOOKS, i["lined_team_games"] >= LEAST_LINED_GAMES
    reason = has_team(i, choose(out, "no_lined_games", "lines_not_out"))
    return Value(np.where(out & told, i["regulars_without_a_line"], np.nan), "odds", reason)
