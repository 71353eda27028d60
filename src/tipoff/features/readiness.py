"""How many of the players with a line are fit to be predicted, week by week, and what holds the others back: each game as of its tip.

Knows built rows and the rules of quality. It must never know a model, nor a result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tipoff.analyze.past import Bools
from tipoff.analyze.schedule import Schedule
from tipoff.analyze.slate import known_games_on
from tipoff.errors import BadInput, UnknownDate
from tipoff.features.build import Built, build
from tipoff.features.quality import MIN_SCORE, READY_MATCHUP, RunMode, gate
from tipoff.features.slate_checks import RedAlert, red_alerts
from tipoff.features.verdicts import listed
from tipoff.rates import Rate, wilson
from tipoff.store.warehouse import Work

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Readiness:
    """One week from its Monday on, within the days asked for. `ready` and `let_through` are shares of the `lined` player-games, each with
    its N; `let_through` is the gate's. `blocked` counts player-games by what the gate says, the commonest first: one may stand under
    several. `waived` counts the same by feature; `stopped` are the slates that red alerts stop, by day."""

    week: date
    games: int
    lined: int
    ready: Rate
    let_through: Rate
    blocked: dict[str, int]
    waived: dict[str, int]
    stopped: dict[date, list[RedAlert]]


def readiness(
    work: Work, first: date, last: date, run_mode: RunMode = "last_call", tick: Callable[[int], None] = lambda _: None
) -> list[Readiness]:
    """Every week between two game days, both included, that has a game; `tick` is told of each week.

    Raises BadInput where the span is empty, UnknownDate where no game is known in it.
    """
    if last < first:
        raise BadInput(f"{first} is later than {last}.", hint="Give --start before --end.")
    found = []
    schedule = Schedule.read(work)
    for begin, end in weeks(first, last):
        games = known_games_on(schedule, begin, end, None).column("game_id").to_pylist()
        if games:
            found.append(_week(begin - timedelta(days=begin.weekday()), build(work, games), run_mode))
        tick(1)
    if not found:
        raise UnknownDate(f"No game is known from {first} to {last}.", hint="`tipoff coverage` shows which days are on record.")
    return found


def weeks(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days of each week, from Monday to Sunday, cut to the span."""
    begin = first
    while begin <= last:
        end = min(begin - timedelta(days=begin.weekday()) + WEEK - timedelta(days=1), last)
        yield begin, end
        begin = end + timedelta(days=1)


def _week(monday: date, built: Built, run_mode: RunMode) -> Readiness:
    days = np.array(built.ingredients.column("game_date").to_pylist(), dtype=object)
    alerts = {day: red_alerts(built, days == day) for day in sorted(set(days.tolist()))}
    stopped = {day: told for day, told in alerts.items() if told}
    lined = np.isfinite(built.values["vegas_points_line"])
    halted = np.array([day in stopped for day in days], dtype=np.bool_)
    found = gate(built.scores, run_mode)
    total = int(lined.sum())
    return Readiness(
        week=monday,
        games=len(set(built.ingredients.column("game_id").to_pylist())),
        lined=total,
        ready=wilson(int((lined & built.scores.ready).sum()), total),
        let_through=wilson(int((lined & ~found.closed & ~halted).sum()), total),
        blocked=_commonest(built, lined, found.low & ~found.lacking, found.weak, halted, run_mode),
        waived=dict(Counter(name for row in np.flatnonzero(lined) for name in listed(built.scores.waived[row])).most_common()),
        stopped=stopped,
    )


def _commonest(built: Built, lined: Bools, low: Bools, weak: Bools, halted: Bools, run_mode: RunMode) -> dict[str, int]:
    """What the gate says of the lined rows. A score that is low because a required feature is missing is not counted again."""
    counted = Counter(item for row in np.flatnonzero(lined) for item in listed(built.scores.missing[row]))
    counted[f"score below {MIN_SCORE[run_mode]:.0f} with nothing missing"] = int((lined & low).sum())
    counted[f"matchup below {READY_MATCHUP:.0f}"] = int((lined & weak).sum())
    counted["slate stopped"] = int((lined & halted).sum())
    return {reason: number for reason, number in counted.most_common() if number}
