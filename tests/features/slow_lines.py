"""The slow reference of what hangs on lines of several books and games: streaks, changes, probabilities, who lacks a line. Plain Python.

Where more than one thing is missing, the reason named is the first of: whose player he is, a line tonight, what the past should tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import takewhile
from statistics import fmean, median
from typing import TYPE_CHECKING

from features.raw_rows import Row
from features.slow_kinds import CONSENSUS, Found, Past, of_best_kind
from features.slow_pricing import inverse_logit, logit, power_over

if TYPE_CHECKING:
    from features.slow import Slow

LONGEST_STREAK = 20
FORTNIGHT = 14
SIX_HOURS = timedelta(hours=6)


def line_features(slow: Slow, game: Row, player: str, team: str | None, played: Sequence[Past]) -> dict[str, Found]:
    """The features of a row, by name; `played` newest first, `team` where it is one of the game's sides."""
    now = of_best_kind(slow.current(game, player))
    return {
        **_against_closing_lines(slow, player, played),
        "prop_line_delta": _since_the_previous_game(slow, game, player, played, now),
        "implied_over_probability": _implied_over(slow, game, now),
        "sharp_soft_delta": _sharp_less_soft(slow, game, now),
        "consensus_line_velocity": _an_hour(slow, game, player, now),
        "regulars_without_a_line": _regulars_without(slow, game, player, team),
    }


def _against_closing_lines(slow: Slow, player: str, played: Sequence[Past]) -> dict[str, Found]:
    closing = [(past.points, slow.closing_line(past.game_id, player)) for past in played]
    margins = [points - line for points, line in closing if line is not None]
    overs = [margin > 0 for margin in margins if margin != 0]
    none = Found(None, "no_lined_games")
    unders = [not over for over in overs]
    return {
        "prop_over_streak": Found(_in_a_row(overs)) if overs else none,
        "prop_under_streak": Found(_in_a_row(unders)) if overs else none,
        "over_rate_last_10": Found(fmean(overs[:10])) if overs else none,
        "margin_vs_line_avg_last_5": Found(fmean(margins[:5])) if margins else none,
    }


def _in_a_row(went: Sequence[bool]) -> float:
    return float(min(sum(1 for _ in takewhile(bool, went)), LONGEST_STREAK))


def _source(now: Sequence[Row]) -> str:
    return "consensus" if now[0]["bookmaker"] in CONSENSUS else "odds"


def _since_the_previous_game(slow: Slow, game: Row, player: str, played: Sequence[Past], now: Sequence[Row]) -> Found:
    if not now:
        return Found(None, "no_line")
    if not played or (game["game_date"] - played[0].day).days > FORTNIGHT:
        return Found(None, "no_game_in_14_days")
    then = {row["bookmaker"]: row["point"] for row in slow.closing(played[0].game_id, player)}
    both = [(row["point"], then[row["bookmaker"]]) for row in now if row["bookmaker"] in then]
    if not both:
        return Found(None, "no_line_at_previous_game")
    return Found(median(point for point, _ in both) - median(before for _, before in both), _source(now))


def _implied_over(slow: Slow, game: Row, now: Sequence[Row]) -> Found:
    if not now:
        return Found(None, "no_line")
    line = median(row["point"] for row in now)
    spread = slow.spread_of_points(game["as_of"])
    priced = [row for row in now if row["over_price"] is not None and row["under_price"] is not None]
    if not priced:
        return Found(None, "no_prices")
    logits = []
    for row in priced:
        here = logit(power_over(row["over_price"], row["under_price"]))
        if row["point"] == line:
            logits.append(here)
        elif spread is not None:
            logits.append(here + spread.logit_per_point(line) * (row["point"] - line))
    return Found(inverse_logit(fmean(logits)), _source(now)) if logits else Found(None, "no_slope")


def _sharp_less_soft(slow: Slow, game: Row, now: Sequence[Row]) -> Found:
    """Sportsbooks alone are measured: a consensus is in no group."""
    if not now:
        return Found(None, "no_line")
    if not slow.groups_measured(game["as_of"]):
        return Found(None, "groups_not_measured")
    groups = [(slow.group_of(row["bookmaker"], game["as_of"]), row["point"]) for row in now if row["bookmaker"] not in CONSENSUS]
    sharp, soft = ([point for group, point in groups if group == wanted] for wanted in ("sharp", "soft"))
    if not sharp or not soft:
        return Found(None, "group_without_line")
    return Found(fmean(sharp) - fmean(soft), "odds")


def _an_hour(slow: Slow, game: Row, player: str, now: Sequence[Row]) -> Found:
    if not now:
        return Found(None, "no_line")
    then = {row["bookmaker"]: row["point"] for row in slow.current({**game, "as_of": game["as_of"] - SIX_HOURS}, player)}
    since = [row for row in now if row["snapshot_at"] > game["as_of"] - SIX_HOURS]
    moved = [(row["point"] - then[row["bookmaker"]]) / 6 for row in since if row["bookmaker"] in then]
    return Found(median(moved), _source(now)) if moved else Found(None, "no_line_6h_ago")


def _regulars_without(slow: Slow, game: Row, player: str, team: str | None) -> Found:
    if team is None:
        return Found(None, "team_unknown")
    if len(slow.books_out(game)) < 2:
        return Found(None, "lines_not_out")
    lined = list(_lined_games(slow, team, game))
    if len(lined) < 3:
        return Found(None, "no_lined_games")
    quoted = {name for past in lined for name in slow.players_quoted(past)} - {player}
    without = [name for name in quoted if slow.team_of(name, game) == team and not slow.sportsbooks(game, name)]
    return Found(float(sum(_is_regular(slow, name, lined) for name in without)), "odds")


def _lined_games(slow: Slow, team: str, game: Row) -> Iterator[Row]:
    """Those of a team's last ten games, each as of its own tip, at which two sportsbooks had a line on somebody."""
    for past in slow.team_games(team, game)[:10]:
        at_tip = slow.at_its_tip(past.game_id)
        if at_tip is not None and len(slow.books_out(at_tip)) >= 2:
            yield at_tip


def _is_regular(slow: Slow, name: str, lined: Sequence[Row]) -> bool:
    """Whether a sportsbook had a line on him at the tip of half of these games at least, and of three."""
    times = sum(bool(slow.sportsbooks(past, name)) for past in lined)
    return times >= 3 and 2 * times >= len(lined)
