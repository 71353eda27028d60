"""Does it go with accuracy that books disagree? One line a book, the newest before the tip; error is that of the books' median.

Knows player-games with lines and results. It must never know what a book's name is.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from tipoff.grade.metrics import brier_losses
from tipoff.market.grouped import Codes, Mask
from tipoff.market.prices import FloatArray
from tipoff.research.answers import Comparison, Findings, Group, compare, direction, mean, share
from tipoff.research.effects import effect
from tipoff.research.evidence import KEY, Graded, Lined, whole_point
from tipoff.store.warehouse import Work

BANDS = ("2-3", "4-6", "7-9", "10+")
LEVELS = ("agreed", "some", "split")
_ASKS = "Does disagreement between books go with accuracy?"


def least_apart(books: Codes) -> Codes:
    """How many of so many books must stand apart for a split: a third, rounded up."""
    return np.asarray(-(-books // 3))


def split_from(books: Codes) -> FloatArray:
    """The standard deviation (points) from which so many books (two or more) are split.

    It is the sample deviation of n lines of which k = `least_apart` stand one point from the others: sqrt(k (n - k) / (n (n - 1))), since
    lines are quoted in steps of a point. So two books that differ are split; of eight, three must stand apart, or one two points away.
    """
    n, k = books.astype(np.float64), least_apart(books).astype(np.float64)
    return np.asarray(np.sqrt(k * (n - k) / (n * (n - 1.0))))


def level_of(books: Codes, line_std: FloatArray) -> Codes:
    """0 where all stand at one line, 2 from `split_from` on, 1 between."""
    return np.where(line_std < 1e-9, 0, np.where(line_std < split_from(books) - 1e-9, 1, 2)).astype(np.int64)


def disagreement(work: Work, start: date, end: date, system: str | None) -> Findings:
    """Error and probability of the books' median where they agree, differ some, and are split; and a system's hits, where one is named."""
    every = Lined.read(work, start, end)
    rows = every.where(every.of("book_count") >= 2)
    books = rows.of("book_count").astype(np.int64)
    level, band = level_of(books, rows.of("line_std")), np.minimum(least_apart(books), len(BANDS)) - 1
    equal = whole_point(rows.line) * len(BANDS) + band
    loss = brier_losses(rows.of("implied_over"), rows.over)
    groups = [figure for at in range(3) for figure in _figures(f"all, {LEVELS[at]}", rows, level == at, loss)]
    for place, name in enumerate(BANDS):
        for at in range(3):
            groups += _figures(f"{name} books, {LEVELS[at]}", rows, (band == place) & (level == at), loss)[:1]
    comparisons = _comparisons(rows, level, band, equal, loss)
    coverage = {**every.coverage, "of them with two books or more": len(rows)}
    notes = [
        "A book counts once, at its newest main line before the tip; pick'em books and consensus sources do not count.",
        f"Split: the lines' standard deviation is at least that of a third of the books (rounded up) one point off: {_thresholds()}.",
        "Errors are compared at equal lines (to the whole point) and equal numbers of books: higher lines err more and have more books.",
    ]
    if system is not None:
        graded = Graded.read(work, system, start, end)
        coverage |= {f"{name} ({system})": n for name, n in graded.coverage.items()}
        more_groups, more = _of_system(graded, rows, level, band)
        groups, comparisons = [*groups, *more_groups], [*comparisons, *more]
        if not len(graded):
            notes.append(f"Nothing is on record of {system}: none of its predictions on these days is graded.")
    return Findings(_ASKS, "no player-game has lines of two sportsbooks before the tip", coverage, groups, comparisons, notes)


def _thresholds() -> str:
    return ", ".join(f"{n} books {value:.2f}" for n, value in ((n, float(split_from(np.array([n]))[0])) for n in (2, 3, 4, 6, 8, 10)))


def _figures(name: str, rows: Lined, chosen: Mask, loss: FloatArray) -> list[Group]:
    if not chosen.any():
        return []
    day = rows.day[chosen]
    return [
        mean(name, "error of the median line", "points", rows.error[chosen], day),
        mean(name, "Brier of the pooled P(over)", "brier", loss[chosen], day),
        share(name, "went over", rows.over[chosen]),
    ]


def _comparisons(rows: Lined, level: Codes, band: Codes, equal: Codes, loss: FloatArray) -> list[Comparison]:
    def against_agreed(values: FloatArray, at: int, kept: Mask | None = None) -> tuple[FloatArray, FloatArray, Codes, Codes]:
        chosen = ((level == at) | (level == 0)) & (True if kept is None else kept)
        return values[chosen], (level[chosen] == at).astype(np.float64), rows.day[chosen], equal[chosen]

    error, over = rows.error, rows.over
    wider = effect(*against_agreed(error, 2))
    worse = effect(*against_agreed(loss, 2))
    found = [
        compare("split, error", "points", wider, f"where books are split their median line errs {direction(wider)} than where they agree"),
        compare("some, error", "points", effect(*against_agreed(error, 1))),
        compare("error a point of deviation", "points", effect(error, rows.of("line_std"), rows.day, equal)),
        compare("split, Brier", "brier", worse, f"where books are split their pooled probability loses {direction(worse)}"),
        compare("split, went over", "share", effect(*against_agreed(over, 2))),
    ]
    found += [
        compare(f"split, {name} books, error", "points", effect(*against_agreed(error, 2, band == at)))
        for at, name in enumerate(BANDS)
        if (band == at).any()
    ]
    return found


def _of_system(graded: Graded, rows: Lined, level: Codes, band: Codes) -> tuple[list[Group], list[Comparison]]:
    """A system's decided recommendations by how its player-game's books agreed."""
    known = rows.table.select(KEY).append_column("level", pa.array(level)).append_column("band", pa.array(band))
    mine = Graded(graded.system, graded.table.join(known, KEY, join_type="inner"))
    at, of_band, won = mine.of("level"), mine.of("band"), mine.won
    groups = [share(f"{graded.system}, {LEVELS[one]}", "hit rate", won[at == one]) for one in range(3)]
    apart = at != 1
    found = effect(won[apart], at[apart] == 2, mine.day[apart], of_band[apart].astype(np.int64))
    claim = f"{graded.system} hits {direction(found)} often where books are split"
    return groups, [compare(f"split, hits of {graded.system}", "share", found, claim)]
