"""By whom and when: results by days of rest, and by tier of the line; of the market's line, or of one system's graded predictions.

Knows player-games with lines and results, box scores before them, and grades. It must never know how a pick was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from tipoff.grade.backtest_bets import TIERS
from tipoff.market.grouped import Codes, floats
from tipoff.market.prices import FloatArray
from tipoff.rates import clustered_mean
from tipoff.research.answers import Comparison, Findings, Group, compare, direction, mean, share
from tipoff.research.effects import effect
from tipoff.research.evidence import KEY, Graded, Lined, tier_of, whole_point
from tipoff.store.warehouse import Work, day_of

LOOK_BACK = timedelta(days=60)
RESTS = ("back to back", "1 day", "2 days", "3 to 9 days", "10+ days")
_FROM = (-1, 1, 2, 3, 10)


@dataclass(frozen=True)
class _Judged:
    """What is split, one element a row: `hit` is 1 or 0, NaN where undecided; `loss` an error and `said` a signed one, in points; and what
    each of the three is called. `line` in points, `day` in days since 1970; `key` has game_id and player_lookup."""

    key: pa.Table
    day: Codes
    line: FloatArray
    hit: FloatArray
    loss: FloatArray
    hits: str
    losses: str
    said: FloatArray
    saying: str
    coverage: dict[str, int]
    empty: str

    @classmethod
    def of(cls, work: Work, start: date, end: date, system: str | None) -> _Judged:
        """The market's line: overs and its error; or a system: its hits, and its error less the line's on the same rows."""
        if system is None:
            rows = Lined.read(work, start, end)
            return cls(
                *(rows.table.select(KEY), rows.day, rows.line, rows.over, rows.error, "went over", "error of the median line"),
                *(rows.points - rows.line, "points - line", rows.coverage, "no player-game has a sportsbook's line before the tip"),
            )
        graded = Graded.read(work, system, start, end)
        less = graded.of("absolute_error") - graded.of("line_absolute_error")
        return cls(
            *(graded.table.select(KEY), graded.day, graded.of("line"), graded.won, less),
            *("hit rate", "its error - the line's", graded.of("signed_error"), "predicted - points", graded.coverage),
            f"nothing is on record: no prediction of {system} on these days is graded",
        )


def rest(work: Work, start: date, end: date, system: str | None) -> Findings:
    """By days since the player's last game played, less one."""
    rows = _Judged.of(work, start, end, system)
    joined = rows.key.append_column("place", pa.array(np.arange(rows.key.num_rows)))
    joined = joined.join(work.ask(_rested, start - LOOK_BACK, end), KEY).sort_by("place")
    rested = floats(joined.column("days_rest").cast(pa.float64()))
    place = np.where(np.isnan(rested), -1, np.searchsorted(_FROM, rested, side="right") - 1).astype(np.int64)
    known = place >= 0
    groups, comparisons = _split(rows, place, RESTS, whole_point(rows.line))
    tired = effect(rows.hit[known], place[known] == 0, rows.day[known])
    subject = "players without a day of rest go over" if system is None else f"picks of {system} on players without a day of rest hit"
    others = "than rested ones" if system is None else "than on rested ones"
    lead = compare(f"back to back: {rows.hits}", "share", tired, f"{subject} {direction(tired)} often {others}")
    notes = [
        "Days of rest are the days since the player's last game with court time, less one, as the feature days_rest has it.",
        f"A player without a game in the {LOOK_BACK.days} days before is left out.",
        "Each is compared with all other rows; errors at equal lines, to the whole point.",
    ]
    coverage = {**rows.coverage, "of them with a game before": int(known.sum())}
    return Findings("Does rest go with the result?", rows.empty, coverage, groups, [lead, *comparisons], notes)


def tiers(work: Work, start: date, end: date, system: str | None) -> Findings:
    """By tier of the line, as picks and gates are split."""
    rows = _Judged.of(work, start, end, system)
    place = tier_of(rows.line)
    groups, comparisons = _split(rows, place, TIERS, None)
    higher = effect(rows.hit, rows.line / 10.0, rows.day)
    words = "players go over" if system is None else f"picks of {system} hit"
    lead = compare(f"{rows.hits}, 10 points of line", "share", higher, f"{words} {direction(higher)} often the higher the line")
    notes = [
        "Tiers are of the line, never of the outcome: by outcome every line is off by several points.",
        "Each tier's rate is compared with all other rows'; a system's errors in it with 0.",
    ]
    if system is None:
        notes.append("Points are skewed: their mean lies above their median, which is what a line tells, the more so below 10 points.")
    else:
        for name, values in ((rows.saying, rows.said), (rows.losses, rows.loss)):
            for at, tier in enumerate(TIERS):
                own = place == at
                comparisons.append(compare(f"{tier}: {name}", "points", clustered_mean(values[own], rows.day[own])))
    return Findings("Do results differ by tier of the line?", rows.empty, rows.coverage, groups, [lead, *comparisons], notes)


def _split(rows: _Judged, place: Codes, names: Sequence[str], equal: Codes | None) -> tuple[list[Group], list[Comparison]]:
    """Each part's figures; and beside all other rows its hits and, where strata are given, at equal ones its loss."""
    groups, comparisons = list[Group](), list[Comparison]()
    known = place >= 0
    for at, name in enumerate(names):
        own = place == at
        if not own.any():
            continue
        groups += [
            share(name, rows.hits, rows.hit[own]),
            mean(name, rows.losses, "points", rows.loss[own], rows.day[own]),
            mean(name, rows.saying, "points", rows.said[own], rows.day[own]),
        ]
        if at or equal is None:
            comparisons.append(compare(f"{name}: {rows.hits}", "share", effect(rows.hit[known], own[known], rows.day[known])))
        if equal is not None:
            loss = effect(rows.loss[known], own[known], rows.day[known], equal[known])
            comparisons.append(compare(f"{name}: error", "points", loss))
    return groups, comparisons


def _rested(work: Work, first: date, last: date) -> ir.Table:
    """Of each game played the days since the same player's game before it, less one."""
    box = work.as_of("raw.player_box")
    box = box.filter(box.game_date >= day_of(first), box.game_date <= day_of(last), box.minutes > 0)
    before = box.game_date.lag().over(ibis.window(group_by="player_lookup", order_by=["game_date", "game_id"]))
    since = box.game_date.delta(before, unit="day") - 1
    return box.select(*KEY, days_rest=since)
