"""Where shots are taken from: a player's mix of paint, mid-range and three, and what defences allow in each, as known at each moment.

Every shot counts from its own `known_at` on. Knows shots and past games; it must never know lines or reports.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import ibis.expr.types as ir
import numpy as np

from tipoff.analyze.history import WINDOW
from tipoff.analyze.past import Floats, Ints, Past, Slices, Values, days, divide, instants, numbers, summed
from tipoff.analyze.roster import Rows
from tipoff.analyze.scene import REACH, Scene
from tipoff.store.warehouse import Work, day_of, instant

ZONES = ("paint", "mid", "three")
_REACH_US = REACH * 86_400_000_000
MIX_GAMES, DEFENCE_GAMES, LEAST_DEFENCE_GAMES = 10, 15, 5
"""Games behind a player's mix and behind a defence, and the fewest that make one."""


def _shots(work: Work, since: date, known_after: datetime, known_by: datetime) -> ir.Table:
    shots = work.table("raw.shots")
    recent = (shots.game_date >= day_of(since)) | (shots.known_at > instant(known_after))
    near = shots.filter(recent, shots.known_at <= instant(known_by))
    return near.group_by(["game_id", "team", "player_lookup", "zone", "known_at"]).agg(
        attempts=near.count(), scored=near.points.sum(where=near.made).fill_null(0)
    )


class Shots:
    """The shots of the scene's games: one element a (game, player, zone, moment), with attempts and points made."""

    def __init__(self, scene: Scene) -> None:
        moments = [datetime.fromtimestamp(int(moment) / 1e6, UTC) for moment in _ends(scene.games.as_of)]
        since = scene.first_day - WINDOW - timedelta(days=1)
        table = scene.work.ask(_shots, since, moments[0] - WINDOW, moments[1])
        self.known = instants(table.column("known_at"))
        self.game = scene.game_names.codes(table.column("game_id"))
        self.team = scene.teams.codes(table.column("team"))
        self.player = scene.players.codes(table.column("player_lookup"))
        zone = {name: index for index, name in enumerate(ZONES)}
        self.zone = np.array([zone.get(name, -1) for name in table.column("zone").to_pylist()], dtype=np.int64)
        self.attempts, self.scored = numbers(table.column("attempts")), numbers(table.column("scored"))

    def __len__(self) -> int:
        return len(self.known)


def _ends(moments: Ints) -> tuple[int, int]:
    """The first and the last of some moments; 1970 where there are none."""
    return (int(moments.min()), int(moments.max())) if len(moments) else (0, 0)


def zone_columns(scene: Scene, rows: Rows, window: Past) -> dict[str, Floats]:
    """By row: the player's share of attempts by zone (NaN without a shot on record), points an attempt that the opponent allows more than
    the league by zone, games behind the opponent's, and the newest moment of a shot (microseconds, -1 for none)."""
    shots = Shots(scene)
    mix, mix_known = _mix(scene, rows, shots)
    allowed, games, allowed_known = _allowed(scene, window, shots)
    league, league_known = _league(scene, shots)
    found: dict[str, Floats] = {"opponent_shot_games": rows.of_other_side(games)}
    for index, zone in enumerate(ZONES):
        found[f"share_{zone}"] = mix[index]
        found[f"allowed_{zone}"] = rows.of_other_side(allowed[index]) - league[index][rows.game]
    mix_known = np.maximum(mix_known, league_known[rows.game])
    found["shots_known_at"] = np.maximum(mix_known, np.nan_to_num(rows.of_other_side(allowed_known), nan=-1.0))
    return found


def _mix(scene: Scene, rows: Rows, shots: Shots) -> tuple[list[Floats], Floats]:
    """Shares of attempts by zone over each player's last ten games played."""
    nothing = [np.full(len(rows), np.nan) for _ in ZONES]
    newest = np.full(len(rows), -1.0)
    if not len(shots):
        return nothing, newest
    of_player = Slices(scene.game_player(shots.game, shots.player))
    attempts = [np.zeros(len(rows)) for _ in ZONES]
    for part, past in scene.played.parts(rows.asked, REACH):
        ten = past.newest(MIX_GAMES)
        entry, shot = of_player.of(scene.game_player(ten["game"], scene.played.key[ten.index]))
        row = ten.row[entry]
        known = shots.known[shot] <= ten.asked.as_of[row]
        row, shot = row[known], shot[known]
        for index in range(len(ZONES)):
            here = shots.zone[shot] == index
            attempts[index][part] = summed(row[here], shots.attempts[shot[here]], len(past.asked))
        newest[part] = _newest(row, shots.known[shot], len(past.asked))
    total = attempts[0] + attempts[1] + attempts[2]
    return [divide(values, total) for values in attempts], newest


def _allowed(scene: Scene, window: Past, shots: Shots) -> tuple[list[Floats], Floats, Floats]:
    """By side the points an attempt that it allowed by zone over its last fifteen games with shots on record, how many those are, and the
    newest moment of their shots."""
    size = len(scene.sides)
    if not len(shots):
        return [np.full(size, np.nan) for _ in ZONES], np.zeros(size), np.full(size, -1.0)
    of_team = Slices(shots.game * (len(scene.teams) + 1) + shots.team)
    entry, shot = of_team.of(window["game"] * (len(scene.teams) + 1) + window["opponent"])
    known = shots.known[shot] <= window.asked.as_of[window.row[entry]]
    entry, shot = entry[known], shot[known]
    with_shots = np.zeros(len(window.index), dtype=np.bool_)
    with_shots[entry] = True
    told = window.where(with_shots)
    place = np.full(len(window.index), DEFENCE_GAMES, dtype=np.int64)
    place[with_shots] = told.place
    recent = place[entry] < DEFENCE_GAMES
    entry, shot = entry[recent], shot[recent]
    side = window.row[entry]
    allowed = []
    for index in range(len(ZONES)):
        here = shots.zone[shot] == index
        scored = summed(side[here], shots.scored[shot[here]], size)
        allowed.append(divide(scored, summed(side[here], shots.attempts[shot[here]], size)))
    return allowed, told.newest(DEFENCE_GAMES).count(), _newest(side, shots.known[shot], size)


def _league(scene: Scene, shots: Shots) -> tuple[list[Floats], Floats]:
    """By game the league's points an attempt by zone, over the shots that became known in the 400 days up to its moment, and the newest
    moment of them (-1: none)."""
    order = np.argsort(shots.known, kind="stable")
    known = shots.known[order]
    start = np.searchsorted(known, scene.games.as_of - _REACH_US, side="right")
    end = np.searchsorted(known, scene.games.as_of, side="right")
    league = []
    for index in range(len(ZONES)):
        here = (shots.zone[order] == index) * 1.0
        scored, attempts = (
            np.concatenate(([0.0], np.cumsum(values[order] * here)))[end] - np.concatenate(([0.0], np.cumsum(values[order] * here)))[start]
            for values in (shots.scored, shots.attempts)
        )
        league.append(divide(scored, attempts))
    newest = np.append(known, -1)[end - 1].astype(np.float64)
    return league, np.where(end > start, newest, -1.0)


def _newest(row: Ints, known: Ints, size: int) -> Floats:
    newest = np.full(size, -1, dtype=np.int64)
    np.maximum.at(newest, row, known)
    return newest.astype(np.float64)


def _births(work: Work) -> ir.Table:
    people = work.table("ref.players")
    return people.filter(people.birth_date.notnull()).select("player_lookup", "birth_date")


def ages(work: Work, scene: Scene, rows: Rows) -> Floats:
    """Completed years on the game day by the birth date on record; NaN without one."""
    table = work.ask(_births)
    born = np.full(len(scene.players) + 1, np.datetime64("NaT"), dtype="datetime64[D]")
    born[scene.players.codes(table.column("player_lookup"))] = days(table.column("birth_date")).astype("datetime64[D]")
    born[-1] = np.datetime64("NaT")
    birth = born[rows.player]
    today = rows.asked.day.astype("datetime64[D]")
    years = _part(today, "Y") - _part(birth, "Y")
    before_birthday = _in_year(today) < _in_year(birth)
    return np.where(np.isnat(birth), np.nan, years - before_birthday)


def _part(moments: Values, unit: str) -> Floats:
    part: Floats = moments.astype(f"datetime64[{unit}]").astype(np.float64)
    return part


def _in_year(moments: Values) -> Floats:
    """Month and day as one number that orders them."""
    month = moments.astype("datetime64[M]")
    in_month = (moments - month.astype("datetime64[D]")).astype(np.float64)
    in_year: Floats = (month - moments.astype("datetime64[Y]").astype("datetime64[M]")).astype(np.float64)
    order: Floats = in_year * 100 + in_month
    return order
