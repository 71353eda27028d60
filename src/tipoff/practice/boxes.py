"""Box scores: of a finished game, or of one under way, always consistent in itself.

Shooting, points and seconds come from the season; rebounds, assists and the rest are drawn here for the one game that
is asked for. It knows results, and must never know wire formats. A row's `plus_minus` adds up to five times the lead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from tipoff.clock import as_utc
from tipoff.practice.health import Absence
from tipoff.practice.people import Player
from tipoff.practice.play import FREE_MADE, FREE_TRIED, SECONDS, THREE_MADE, THREE_TRIED, TWO_MADE, TWO_TRIED
from tipoff.practice.rosters import Floats, Ints
from tipoff.practice.rules import QUARTERS, ROSTER
from tipoff.practice.season import OVERTIME_LASTS, REGULATION_LASTS, Game, Season
from tipoff.practice.streams import Stream, stream

Reason = Literal["", "DNP_COACH", "INACTIVE_INJURY", "DNP_INJURY"]
"""Why a listed player did not play: the coach's decision, an injury known before, a late scratch."""
QUARTER_LASTS = REGULATION_LASTS / QUARTERS


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a game is: `period` counts from 1 (0 before the tip), `part` of it is played, 0 to 1."""

    period: int
    part: float
    final: bool

    @property
    def regulation_left(self) -> float:
        """Part of regulation still to be played, 0 to 1."""
        return max(0.0, 1.0 - (max(self.period - 1, 0) + self.part) / QUARTERS) if self.period else 1.0


@dataclass(frozen=True, slots=True)
class BoxLine:
    """One player's row of a box score; a player without court time has zeros and, when the game is over, a reason."""

    player: Player
    team: str
    started: bool
    played: bool
    reason: Reason
    description: str
    seconds: int
    points: int
    fgm: int
    fga: int
    fg3m: int
    fg3a: int
    ftm: int
    fta: int
    oreb: int
    dreb: int
    ast: int
    stl: int
    blk: int
    tov: int
    pf: int
    plus_minus: int
    plus: int
    """Points of his team while he was on the floor; `plus - plus_minus` are the opponent's."""


@dataclass(frozen=True, slots=True)
class Box:
    """Both teams' rows, starters first, and the points of each period."""

    game: Game
    progress: Progress
    home: tuple[BoxLine, ...]
    away: tuple[BoxLine, ...]
    home_periods: tuple[int, ...]
    away_periods: tuple[int, ...]


def progress(game: Game, instant: datetime) -> Progress:
    """How far a game is at an instant: a quarter lasts 35 minutes of the clock on the wall, an overtime 12."""
    since = as_utc(instant) - game.tip if game.standing == "on" else timedelta(-1)
    periods = QUARTERS + game.overtimes
    if since >= game.final_at - game.tip:
        return Progress(periods, 1.0, True)
    if since < timedelta(0):
        return Progress(0, 0.0, False)
    if since < REGULATION_LASTS:
        number, rest = divmod(since, QUARTER_LASTS)
        return Progress(number + 1, rest / QUARTER_LASTS, False)
    number, rest = divmod(since - REGULATION_LASTS, OVERTIME_LASTS)
    return Progress(QUARTERS + number + 1, rest / OVERTIME_LASTS, False)


def box(season: Season, game: Game, instant: datetime | None = None) -> Box:
    """The box score at an instant (UTC), or the final one. Under way, figures are whole too."""
    at = Progress(QUARTERS + game.overtimes, 1.0, True) if instant is None else progress(game, instant)
    shooting = shooting_at(season, game, at)
    periods = tuple(_points(shooting[:, :, n]).sum(axis=1) for n in range(max(at.period, QUARTERS)))
    total = shooting.sum(axis=2)
    other = _other_figures(season, game)
    if not at.final:
        done = 1 - at.regulation_left
        other = {name: (values * done).astype(np.int64) for name, values in other.items()}
        other["plus_minus"] = _plus_minus_zero(total)
        other["plus"] = np.maximum(other["plus"], 0)
    sides = [_lines(season, game, side, total[side], {name: v[side] for name, v in other.items()}, at) for side in (0, 1)]
    home, away = (tuple(int(p[side]) for p in periods) for side in (0, 1))
    return Box(game, at, sides[0], sides[1], home, away)


def shooting_at(season: Season, game: Game, at: Progress) -> Ints:
    """(2, 15, periods, 7) figures up to that point of the game."""
    stats = season.played.stats[2 * game.index : 2 * game.index + 2].copy()
    if not at.final:
        stats[:, :, max(at.period, 0) :] = 0
        if at.period:
            now = at.period - 1
            stats[:, :, now] = np.floor(stats[:, :, now] * at.part + _thresholds(season, game)).astype(np.int64)
    return np.asarray(stats)


def _thresholds(season: Season, game: Game) -> Floats:
    """(2, 15, 7) what a part of a figure must reach to count: fixed for the game, so that figures only grow, and the
    same for shots made and tried, so that no more are made than tried."""
    found = stream(season.seed, Stream.BOXES, game.index, 1).random((2, ROSTER, 7))
    for made, tried in ((TWO_MADE, TWO_TRIED), (THREE_MADE, THREE_TRIED), (FREE_MADE, FREE_TRIED)):
        found[..., tried] = found[..., made]
    return found


def points_at(season: Season, game: Game, at: Progress) -> Ints:
    """(2, 15) points up to that point of the game."""
    return _points(shooting_at(season, game, at).sum(axis=2))


def _points(stats: Ints) -> Ints:
    return np.asarray(2 * stats[..., TWO_MADE] + 3 * stats[..., THREE_MADE] + stats[..., FREE_MADE])


def _plus_minus_zero(total: Ints) -> Ints:
    return np.zeros(total.shape[:2], dtype=np.int64)


def _lines(season: Season, game: Game, side: int, total: Ints, other: dict[str, Ints], at: Progress) -> tuple[BoxLine, ...]:
    row = 2 * game.index + side
    absent = season.health.absent[row]
    starts = season.truth.starts[row]
    reasons = {item.player: item.reason for item in season.news_by_game.get(game.index, ()) if item.status == "Out"}
    points = _points(total)
    order = np.lexsort((-season.truth.minutes[row], ~starts, absent != Absence.NONE))
    columns = {name: values.tolist() for name, values in other.items()}
    figures = total.tolist()
    lines = []
    for slot in order.tolist():
        player = season.players[int(season.sheets.slots[row, slot])]
        stats = figures[slot]
        reason = _reason(Absence(int(absent[slot])), stats[SECONDS] > 0, at.final)
        lines.append(
            BoxLine(
                player=player,
                team=game.away if side else game.home,
                started=bool(starts[slot]),
                played=stats[SECONDS] > 0,
                reason=reason,
                description=reasons.get(player.index, "") if "INJURY" in reason else "",
                seconds=stats[SECONDS],
                points=int(points[slot]),
                fgm=stats[TWO_MADE] + stats[THREE_MADE],
                fga=stats[TWO_TRIED] + stats[THREE_TRIED],
                fg3m=stats[THREE_MADE],
                fg3a=stats[THREE_TRIED],
                ftm=stats[FREE_MADE],
                fta=stats[FREE_TRIED],
                **{name: values[slot] for name, values in columns.items()},
            )
        )
    return tuple(lines)


def _reason(absence: Absence, played: bool, final: bool) -> Reason:
    if absence is Absence.INJURY:
        return "INACTIVE_INJURY"
    if absence is Absence.LATE_SCRATCH:
        return "DNP_INJURY"
    return "DNP_COACH" if final and not played else ""


def _other_figures(season: Season, game: Game) -> dict[str, Ints]:
    """(2, 15) each, of the whole game; the same at every call."""
    total = season.played.stats[2 * game.index : 2 * game.index + 2].sum(axis=2)
    draw = stream(season.seed, Stream.BOXES, game.index)
    seconds = total[..., SECONDS].astype(float)
    sheet = season.sheets.slots[2 * game.index : 2 * game.index + 2]
    big = np.array([[season.players[int(n)].position in ("C", "PF") for n in row] for row in sheet])
    guard = np.array([[season.players[int(n)].position == "PG" for n in row] for row in sheet])
    missed = (total[..., TWO_TRIED] + total[..., THREE_TRIED] - total[..., TWO_MADE] - total[..., THREE_MADE]).sum(axis=1)
    oreb = draw.binomial(missed, 0.26)
    dreb = draw.binomial((missed - oreb)[::-1], 0.94)
    made = (total[..., TWO_MADE] + total[..., THREE_MADE]).sum(axis=1)
    tov = draw.poisson(13.5, 2)
    pull = seconds * np.exp(draw.normal(0, 0.25, seconds.shape))

    def dealt(counts: Ints, weight: Floats) -> Ints:
        return np.asarray(draw.multinomial(counts, weight / weight.sum(axis=1, keepdims=True)))

    found = {
        "oreb": dealt(oreb, pull * np.where(big, 2.5, 0.8)),
        "dreb": dealt(dreb, pull * np.where(big, 1.8, 0.9)),
        "ast": dealt(draw.binomial(made, 0.62), pull * np.where(guard, 2.4, np.where(big, 0.7, 1.0))),
        "stl": dealt(draw.binomial(tov[::-1], 0.55), pull),
        "blk": dealt(draw.binomial((total[..., TWO_TRIED] - total[..., TWO_MADE]).sum(axis=1)[::-1], 0.18), pull * np.where(big, 2.2, 0.6)),
        "tov": dealt(tov, pull * np.where(guard, 1.5, 1.0)),
        "pf": np.minimum(dealt(draw.poisson(19, 2), pull * np.where(big, 1.3, 1.0)), 6),
    }
    found["plus_minus"], found["plus"] = _on_floor(draw, seconds, (game.home_points, game.away_points))
    return found


def _on_floor(draw: np.random.Generator, seconds: Floats, scores: tuple[int, int]) -> tuple[Ints, Ints]:
    """Plus-minus that adds up to five times the lead, and the team's points while each was on the floor."""
    part = seconds / (seconds.sum(axis=1, keepdims=True) / 5)
    lead = np.array([[scores[0] - scores[1]], [scores[1] - scores[0]]])
    stray = np.sqrt(part * np.clip(1 - part, 0, 1)) * draw.normal(0, 11, part.shape)
    stray -= part * stray.sum(axis=1, keepdims=True) / 5
    raw = part * lead + stray
    whole = np.floor(raw).astype(np.int64)
    for side in (0, 1):
        missing = 5 * int(lead[side, 0]) - int(whole[side].sum())
        busy = np.flatnonzero(seconds[side] > 0)
        order = busy[np.argsort(-(raw - whole)[side, busy], kind="stable")]
        for n in range(abs(missing)):
            whole[side, order[n % len(order)]] += 1 if missing > 0 else -1
    scored = np.floor(part * np.array([[scores[0]], [scores[1]]]) + np.where(part > 0, whole - part * lead, 0) / 2)
    return whole, np.maximum(scored.astype(np.int64), np.maximum(whole, 0))
