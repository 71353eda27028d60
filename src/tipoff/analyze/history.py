"""Box scores as games that were played, in versions: each row holds from when it was known until a newer version was.

A row joins a moment of knowledge where `valid_from <= as_of < valid_to`: so a correction counts only from when it was known, for
tonight and for eleven seasons alike. Knows box scores; it must never know lines, features or predictions.
"""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from tipoff.analyze.past import NEVER, Ints, Names, Slices, divide, instants, moment_column, numbers, summed
from tipoff.analyze.schedule import LEAGUE_ID, Schedule
from tipoff.store.warehouse import Work, day_of

WINDOW = timedelta(days=400)
_COLUMNS = ("game_id", "player_lookup", "game_date", "season", "team", "opponent", "home", "started", "minutes", "did_not_play", "known_at")
_SIDE_COLUMNS = ["placed_at", "game_id", "valid_from", "valid_to", "team", "opponent", "home", "game_date", "season", "tip"]
_STATS = ("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "tov")


def player_games(work: Work, first: date, last: date, schedule: Schedule | None = None) -> pa.Table:
    """One row a (game, version, player) of the game days from `first` to `last`: box score, tip, usage rate (%), validity.

    A version of a game is every moment at which any of its rows became known; it holds all rows known by then. Rows are in order of game,
    version and player; `valid_to` may be null, and so may `tip`, which is that of the schedule as it stood when the game tipped, and
    `placed_at`: when the game became known, where that was after its tip.
    `schedule` is read where it is not given.
    """
    schedule = schedule or Schedule.read(work)
    rows = work.ask(_boxes, first, last)
    names, people = Names(rows.column("game_id")), Names(rows.column("player_lookup"))
    line, version, valid_to = _versions(
        names.codes(rows.column("game_id")), people.codes(rows.column("player_lookup")), instants(rows.column("known_at"))
    )
    held = rows.take(pa.array(line))
    held = held.drop_columns(["known_at"]).append_column("valid_from", moment_column(version))
    held = held.append_column("valid_to", pa.array(valid_to, pa.int64(), mask=valid_to == NEVER).cast(pa.timestamp("us", "UTC")))
    game = schedule.names.codes(held.column("game_id"))
    place = np.append(schedule.as_played, -1)[game]
    tip = schedule.table.column("commence_time").take(pa.array(place, mask=place < 0))
    # Where nobody knew of a game before its tip, its place in time is known only from the first word on.
    late = np.where((place >= 0) & (schedule.known[place] > schedule.tip[place]), schedule.known[place], -1) if len(schedule.tip) else place
    held = held.append_column("placed_at", moment_column(late))
    return _with_usage(held.append_column("tip", tip))


def _boxes(work: Work, first: date, last: date) -> ir.Table:
    box = work.table("raw.player_box")
    return box.filter(box.game_date >= day_of(first), box.game_date <= day_of(last)).select(*_COLUMNS, *_STATS)


def _versions(game: Ints, player: Ints, known: Ints) -> tuple[Ints, Ints, Ints]:
    """Which row stands in which version: (row, moment of the version, moment of the game's next version), in order of game, version and
    player."""
    moments = np.unique(known)
    stamp = np.searchsorted(moments, known)
    of_game = game * (len(moments) + 1)
    versions = np.unique(of_game + stamp)
    order = np.lexsort((stamp, player, game))
    same = (game[order][1:] == game[order][:-1]) & (player[order][1:] == player[order][:-1])
    until = np.searchsorted(versions, of_game + len(moments))
    until[order[:-1][same]] = np.searchsorted(versions, (of_game + stamp)[order[1:][same]])
    start = np.searchsorted(versions, of_game + stamp)
    line = np.repeat(np.arange(len(game)), until - start)
    version = np.arange(len(line)) - np.repeat(np.cumsum(until - start) - until, until - start)
    order = np.lexsort((player[line], version))
    line, version = line[order], version[order]
    next_of_game = np.append(versions[1:] // (len(moments) + 1) == versions[:-1] // (len(moments) + 1), False)
    stamps = versions % (len(moments) + 1)
    following = np.where(next_of_game, moments[np.append(stamps[1:], 0)] if len(moments) else stamps, NEVER)
    return line, moments[stamps[version]] if len(moments) else version, following[version]


def newest_schedule(schedule: ir.Table) -> ir.Table:
    """One row a game: the league's own word before an odds source's, what is on record before what is assumed, of each the newest.

    A game that the league has moved to another day has another id there: the one that it had is postponed.
    """
    ranked = schedule.mutate(from_league=schedule.league_game_id.notnull().cast("int64"), assumed=schedule.known_at_assumed.cast("int64"))
    order = ibis.window(group_by="game_id", order_by=[ibis.desc("from_league"), "assumed", ibis.desc("known_at")])
    newest = ranked.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place == 0)
    newest = newest.left_join(_games_now(schedule), LEAGUE_ID)
    now = ibis.ifelse(newest.assumed == 1, newest.game_said, newest.game_recorded)
    newest = newest.mutate(status=ibis.ifelse((now != newest.game_id).fill_null(False), "postponed", newest.status))
    return newest.select(*schedule.columns)


def _games_now(schedule: ir.Table) -> ir.Table:
    """Of each of the league's ids that in a season has been that of several games the one that its newest word names (`game_said`), and the
    newest that is on record (`game_recorded`)."""
    games = schedule.group_by(LEAGUE_ID).agg(games=schedule.game_id.nunique())
    words = schedule.semi_join(games.filter(games.games > 1, games.league_game_id.notnull()), LEAGUE_ID)
    newest = [ibis.desc("known_at"), ibis.desc("fetched_at"), ibis.desc("game_id")]
    said = ibis.window(group_by=LEAGUE_ID, order_by=newest)
    recorded = ibis.window(group_by=LEAGUE_ID, order_by=[words.known_at_assumed.cast("int64"), *newest])
    first = {"game_said": words.game_id.first().over(said), "game_recorded": words.game_id.first().over(recorded)}
    return words.select(*LEAGUE_ID, **first).distinct()


def _with_usage(rows: pa.Table) -> pa.Table:
    """Usage rate: 100 x (FGA + .44 FTA + TOV) x (team minutes / 5) / (minutes x the team's FGA + .44 FTA + TOV)."""
    side, size = _sides(rows)
    minutes = numbers(rows.column("minutes"))
    used = numbers(rows.column("fga")) + 0.44 * numbers(rows.column("fta")) + numbers(rows.column("tov"))
    team_used, team_minutes = (summed(side, np.nan_to_num(values), size)[side] for values in (used, minutes))
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = 100.0 * used * (team_minutes / 5) / (minutes * team_used)
    return rows.append_column("usage_rate", pa.array(np.where((minutes > 0) & (team_used > 0), rate, np.nan), from_pandas=True))


def _sides(rows: pa.Table) -> tuple[Ints, int]:
    """By row a number for its (game, version, team), in order of these; and how many there are."""
    names, teams = Names(rows.column("game_id")), Names(rows.column("team"))
    _, moment = np.unique(instants(rows.column("valid_from")), return_inverse=True)
    key = (names.codes(rows.column("game_id")) * (int(moment.max(initial=0)) + 1) + moment) * (len(teams) + 1)
    found, side = np.unique(key + teams.codes(rows.column("team")), return_inverse=True)
    return side, len(found)


def team_games(players: pa.Table) -> pa.Table:
    """One row a (game, version, team) from `player_games`, of games with both sides: points, possessions, pace, ratings, result."""
    sides = side_games(players)
    return sides.filter(sides.column("whole")).drop_columns(["whole", "placed_at"])


def side_games(players: pa.Table) -> pa.Table:
    """As `team_games`, and also sides without figures: where the other side, or what makes possessions, is not there. `whole` tells them.

    Possessions of a side are FGA + .44 FTA - OREB + TOV; a game's are the mean of both sides'; pace is per 48 minutes.
    """
    side, size = _sides(players)
    of_side = {name: np.nan_to_num(numbers(players.column(name))) for name in ("points", "minutes", "fga", "fta", "oreb", "tov")}
    total = {name: summed(side, values, size) for name, values in of_side.items()}
    own = total["fga"] + 0.44 * total["fta"] - total["oreb"] + total["tov"]
    first = np.full(size, -1, dtype=np.int64)
    first[side[::-1]] = np.arange(len(side))[::-1]
    found = players.take(pa.array(first)).select(_SIDE_COLUMNS)
    other = _other_side(found)
    played = (total["minutes"] > 0) & (own > 0)
    whole = (other >= 0) & played & played[other] if size else played
    points = np.where(whole, total["points"], np.nan)
    allowed = np.where(whole, total["points"][other], np.nan) if size else own
    possessions = np.where(whole, (own + (own[other] if size else own)) / 2, np.nan)
    figures = {
        "points": points,
        "opponent_points": allowed,
        "minutes": total["minutes"],
        "possessions": possessions,
        "pace": divide(possessions * 48.0, total["minutes"] / 5),
        "off_rating": 100.0 * points / possessions,
        "def_rating": 100.0 * allowed / possessions,
        "margin": points - allowed,
    }
    found = found.append_column("whole", pa.array(whole)).append_column("won", pa.array(points > allowed))
    for name, values in figures.items():
        found = found.append_column(name, pa.array(values))
    return found


def _other_side(sides: pa.Table) -> Ints:
    """By side the place of its opponent's in the same version of the game; -1 where that is not there. Sides are in order of game."""
    teams, names = Names(sides.column("team"), sides.column("opponent")), Names(sides.column("game_id"))
    _, moment = np.unique(instants(sides.column("valid_from")), return_inverse=True)
    version = (names.codes(sides.column("game_id")) * (int(moment.max(initial=0)) + 1) + moment) * (len(teams) + 1)
    return Slices(version + teams.codes(sides.column("team"))).one(version + teams.codes(sides.column("opponent")))
