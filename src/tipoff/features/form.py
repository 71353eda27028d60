"""Ingredients from a player's own past games, as known at each row's moment: sums and counts over his last games.

Rows in: (game_id, player_lookup, game_date, season, tip, as_of). Rows out: one a row in, with the columns named below; games that he
did not play are in no average. Knows past box scores; it must never know the game of the row itself.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from tipoff.analyze.slate import ROW as KEYS

STRUCTURAL_GAP_DAYS = 14


def form(past: ir.Table) -> ir.Table:
    """Sums over each player's last games. `n` counts played games back from the newest, 0 first; `days` are days before the game."""
    back = ibis.window(group_by=KEYS, order_by=ibis.desc("past_tip"))
    past = past.mutate(team_now=past.past_team.first().over(back))
    played = past.filter(past.minutes > 0)
    older = ibis.window(group_by=KEYS, order_by=ibis.desc("past_tip"), following=(1, None))
    played = played.mutate(
        n=ibis.row_number().over(back),
        days=played.game_date.delta(played.past_date, unit="day"),
        date_before=played.past_date.lead(1).over(back),
        team_before=played.past_team.lead(1).over(back),
        average_before=played.points.mean().over(older),
        this_season=played.past_season == played.season,
    )
    gap = played.past_date.delta(played.date_before, unit="day")
    against_side = (played.past_opponent == played.home) | (played.past_opponent == played.away)
    played = played.mutate(gap=gap, opponent_now=against_side & (played.past_opponent != played.team_now))
    x = -played.n.cast("float64")
    p = played.points.cast("float64")
    first = {size: played.n < size for size in (2, 3, 5, 7, 10, 20)}
    week = played.days <= 7
    fortnight = played.days <= 14
    met = played.opponent_now & (played.days <= 365)
    broke = (played.gap > STRUCTURAL_GAP_DAYS) | (played.team_before != played.past_team)
    return played.group_by(KEYS).agg(
        games=played.count(),
        points_last_2=p.mean(where=first[2]),
        points_games_3_to_5=p.mean(where=(played.n >= 2) & (played.n < 5)),
        points_last_3=p.mean(where=first[3]),
        points_last_5=p.mean(where=first[5]),
        points_last_10=p.mean(where=first[10]),
        points_sd_last_10=p.std(where=first[10], how="sample"),
        points_season=p.mean(where=played.this_season),
        points_sd_season=p.std(where=played.this_season, how="sample"),
        games_season=played.count(where=played.this_season),
        points_sum_last_10=p.sum(where=first[10]),
        minutes_sum_last_10=played.minutes.sum(where=first[10]),
        minutes_last_5=played.minutes.mean(where=first[5]),
        minutes_last_10=played.minutes.mean(where=first[10]),
        minutes_sd_last_10=played.minutes.std(where=first[10], how="sample"),
        fga_last_10=played.fga.sum(where=first[10]),
        fg3a_last_10=played.fg3a.sum(where=first[10]),
        ftm_last_10=played.ftm.sum(where=first[10]),
        usage_last_5=played.usage_rate.mean(where=first[5]),
        usage_last_20=played.usage_rate.mean(where=first[20]),
        x_sum_10=x.sum(where=first[10]),
        xx_sum_10=(x * x).sum(where=first[10]),
        xy_sum_10=(x * p).sum(where=first[10]),
        n_last_10=played.count(where=first[10]),
        x_sum_7=x.sum(where=first[7]),
        xx_sum_7=(x * x).sum(where=first[7]),
        xy_sum_7=(x * p).sum(where=first[7]),
        y_sum_7=p.sum(where=first[7]),
        n_last_7=played.count(where=first[7]),
        points_60_days=p.mean(where=played.days <= 60),
        points_sd_60_days=p.std(where=played.days <= 60, how="sample"),
        games_last_week=played.count(where=week),
        minutes_last_week=played.minutes.sum(where=week),
        back_to_backs_fortnight=played.count(where=fortnight & (played.gap == 1)),
        last_game_days=played.days.min(),
        points_vs_opponent=p.mean(where=met),
        games_vs_opponent=played.count(where=met),
        first_not_below=played.n.min(where=(p >= played.average_before) | played.average_before.isnull()),
        first_break=played.n.min(where=broke),
        long_away=played.days.min() > STRUCTURAL_GAP_DAYS,
    )
