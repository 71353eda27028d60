"""What a line's movement tells: of the later line, and of the result.

Knows lines before the tip, their first quotes, and results. It must never know a book's name, or why a line moved.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from tipoff.analyze.slate import games_as_of, games_between
from tipoff.market.board import pre_tip_quotes
from tipoff.market.books import books_of_kind
from tipoff.market.grouped import Mask, floats
from tipoff.market.prices import FloatArray
from tipoff.rates import clustered_mean
from tipoff.research.answers import Comparison, Findings, Group, compare, direction, mean, share
from tipoff.research.effects import effect
from tipoff.research.evidence import KEY, Lined, went_over
from tipoff.store.warehouse import Work

MOVED = ("fell 1 or more", "fell less than 1", "stood still", "rose less than 1", "rose 1 or more")


def movement(work: Work, start: date, end: date, system: str | None) -> Findings:  # noqa: ARG001 - every question is asked alike
    """Results by how far the books' lines went from their first quotes to their last ones before the tip."""
    every = Lined.read(work, start, end)
    often = (
        every.table.select(KEY)
        .append_column("place", pa.array(np.arange(len(every))))
        .join(_moments(work, start, end), KEY)
        .sort_by("place")
    )
    seen = every.where((np.nan_to_num(floats(often.column("moments"))) >= 2) & np.isfinite(every.of("line_movement")))
    moved, last, day, minutes = seen.of("line_movement"), seen.line, seen.day, seen.of("close_minutes")
    first = last - moved
    over_first, over_last = went_over(seen.points, first), went_over(seen.points, last)
    place = np.searchsorted((-0.999, -1e-9, 1e-9, 0.999), moved, side="right")
    groups: list[Group] = []
    for at, name in enumerate(MOVED):
        own = place == at
        if own.any():
            groups += [
                share(name, "over the first line", over_first[own]),
                share(name, "over the last line", over_last[own]),
                mean(name, "error of the first line", "points", np.abs(first - seen.points)[own], day[own]),
                mean(name, "error of the last line", "points", seen.error[own], day[own]),
            ]
    coverage = {
        **every.coverage,
        "of them seen at two moments or more": len(seen),
        "of them with a line that moved": int(np.count_nonzero(moved)),
        "of them with a close": int((seen.at_close & (np.abs(moved) > 1e-9)).sum()),
    }
    typical = np.nanmedian(minutes) if np.isfinite(minutes).any() else np.nan
    notes = [
        "Movement is the median over books of last quote - first quote, each book by itself; the first line is the last one less that.",
        f"The last quote stands {'at no recorded moment' if np.isnan(typical) else f'{typical:.0f} minutes (median)'} before the tip: "
        "it is the close only where that is 15 minutes or less; those rows are tested apart.",
        "Only games with quotes at two moments or more tell of movement; a set with one snapshot a day does not count.",
    ]
    comparisons = _of_movement(seen, moved, over_first, over_last)
    return Findings("What does the movement of a line tell?", "no line was seen at two moments", coverage, groups, comparisons, notes)


def _moments(work: Work, start: date, end: date) -> pa.Table:
    """Of each player-game at how many moments before the tip its most watched sportsbook was seen; an assumed moment is none."""
    quotes = pre_tip_quotes(work, games_as_of(work, games_between(work, start, end), None), "raw.odds_player_points")
    quotes = quotes.filter(quotes.bookmaker.isin(books_of_kind("sportsbook")), quotes.is_main, ~quotes.known_at_assumed)
    by_book = quotes.group_by([*KEY, "bookmaker"]).agg(moments=quotes.snapshot_at.nunique())
    return work.fetch(by_book.group_by(KEY).agg(moments=by_book.moments.max().cast("float64")))


def _of_movement(seen: Lined, moved: FloatArray, over_first: FloatArray, over_last: FloatArray) -> list[Comparison]:
    day, went = seen.day, np.abs(moved) > 1e-9
    gain = seen.error - np.abs(seen.line - moved - seen.points)
    better, closed = clustered_mean(gain[went], day[went]), went & seen.at_close
    rose = (moved[went] > 0).astype(np.float64)
    told = effect(over_first[went], rose, day[went])
    left = effect(over_last[went], rose, day[went])
    still = ~went

    def beside_still(kept: Mask, over: FloatArray) -> Comparison:
        rows = kept | still
        name = "rose" if moved[kept].mean() > 0 else "fell"
        return compare(f"{name} - still, over the last", "share", effect(over[rows], kept[rows], day[rows]))

    sides = [beside_still(kept, over_last) for kept in (moved < -1e-9, moved > 1e-9) if kept.any() and still.any()]
    return [
        compare("last - first, error", "points", better, f"a line that moved errs {direction(better)} than where it began"),
        compare(
            "rose - fell, over the first",
            "share",
            told,
            f"lines that rose went over their first number {direction(told)} often than those that fell",
        ),
        compare("rose - fell, over the last", "share", left, f"after the movement those that rose still go over {direction(left)} often"),
        *sides,
        compare("points - last, a point moved", "points", effect(seen.points - seen.line, moved, day)),
        compare("close - first, error", "points", clustered_mean(gain[closed], day[closed])),
    ]
