"""Which books are sharp, by error, calibration and who moves first; and whether the sharper half tells more than the softer.

Knows books' closing lines, their moves and results. It must never take a book's reputation for anything.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

import numpy as np

from tipoff.analyze.books import MIN_LINES, BookLines, BookRecord, measure_books
from tipoff.analyze.slate import games_between
from tipoff.grade.calibration import calibration
from tipoff.market.grouped import Codes, Grouped, Mask
from tipoff.market.prices import FloatArray
from tipoff.rates import clustered_mean
from tipoff.research.answers import Comparison, Findings, Group, compare, direction, mean, share
from tipoff.research.effects import LEAST_ROWS, effect
from tipoff.research.evidence import Lined, went_over
from tipoff.research.moves import Moves
from tipoff.store.warehouse import Work

ALIKE = 0.97
"""Two books that stand at the same line on so large a share of their player-games are named."""
_DAY = timedelta(days=1)


# --- which books are sharp --------------------------------------------------------------------------------------------


def books(work: Work, start: date, end: date, system: str | None) -> Findings:  # noqa: ARG001 - every question is asked alike
    """Each sportsbook beside the median of the others on the same player-games, its probabilities beside what happened, its first moves."""
    lines, moves = BookLines.read(work, end + _DAY, start), Moves.read(work, start, end)
    others, groups, comparisons = lines.others, list[Group](), list[Comparison]()
    for number, name in enumerate(lines.books):
        rows = lines.book == number
        own, beside = lines.of_book(number), others[rows]
        error, over = np.abs(own.point - own.points), went_over(own.points, own.point)
        told = calibration(own.chance, over)
        groups.append(mean(name, "error of its line", "points", error, own.day))
        groups.append(mean(name, "Brier of its P(over)", "brier", (own.chance - over) ** 2, own.day))
        if told.error is not None:
            within = f"calibration error (a perfect book's is below {told.perfect_95:.3f} in 19 of 20)"
            groups.append(Group(name, within, "share", told.n, told.n, told.error, None, None))
        nearer = clustered_mean(error - np.abs(beside - own.points), own.day)
        claim = f"{name} errs {direction(nearer)} than the others' median" if nearer.n >= MIN_LINES else ""
        comparisons.append(compare(f"{name}, error - others'", "points", nearer, claim))
        comparisons.append(compare(f"{name}, P(over) - over", "share", clustered_mean(own.chance - over, own.day)))
    more_groups, more = _first_movers(moves)
    coverage = {
        "book rows (the last line of one book on one who played)": lines.size,
        "distinct player-games": int(np.unique(lines.pair).size),
        "of them with a close (15 minutes or less before the tip)": int(Lined.read(work, start, end).at_close.sum()),
        "books": len(lines.books),
        "first moves": int(moves.size.size),
    }
    notes = [
        "A book's line is its newest main line before the tip, however old: a close in the strict sense where the table below says so.",
        f"Of books with fewer than {MIN_LINES} lines beside others the sentence says nothing.",
        "A first move leads away from the middle of books that stand still at that snapshot; followed is how far, in points, these had "
        "come after it by the last quotes before the tip. Each book's are compared with those of all others; of books that move together "
        "each counts.",
    ]
    notes += _alike(lines)
    empty = "no sportsbook has closing lines beside another's on those who played"
    return Findings("Which books are sharp?", empty, coverage, [*groups, *more_groups], [*comparisons, *more], notes)


def _alike(lines: BookLines) -> list[str]:
    """A note on books that stand at one line nearly always: they are hardly two voices."""
    at = np.full((int(lines.pair.max(initial=-1)) + 1, len(lines.books)), np.nan)
    at[lines.pair, lines.book] = lines.point
    found = []
    for first, second in combinations(range(len(lines.books)), 2):
        both = ~np.isnan(at[:, first]) & ~np.isnan(at[:, second])
        same = int(np.count_nonzero(at[both, first] == at[both, second]))
        if both.sum() >= MIN_LINES and same >= ALIKE * both.sum():
            found.append(f"{lines.books[first]} and {lines.books[second]} ({same:,} of {int(both.sum()):,})")
    return [f"Nearly always at one line, and hardly two voices: {', '.join(found)}."] if found else []


def _first_movers(moves: Moves) -> tuple[list[Group], list[Comparison]]:
    groups, comparisons = [], []
    for number, name in enumerate(moves.books):
        own = moves.book == number
        if not own.any():
            continue
        came = np.where(moves.followed[own] == 0.0, 0.0, np.where(moves.followed[own] > 0, 1.0, 0.0))
        groups.append(share(f"{name}, first moves", "others came after", came, moves.pair[own]))
        groups.append(mean(f"{name}, first moves", "others came after by", "points", moves.followed[own], moves.day[own], moves.pair[own]))
        groups.append(mean(f"{name}, first moves", "still kept by the tip", "points", moves.kept[own], moves.day[own], moves.pair[own]))
        if own.sum() >= LEAST_ROWS:
            found = effect(moves.followed, own, moves.day)
            claim = f"the first moves of {name} are followed {direction(found)} than other books'"
            comparisons.append(compare(f"{name}, followed", "points", found, claim))
    return groups, comparisons


# --- the sharper half against the softer ------------------------------------------------------------------------------


def sharp_soft(work: Work, start: date, end: date, system: str | None) -> Findings:  # noqa: ARG001 - every question is asked alike
    """The books measured up to the middle of the span, and the lines of their sharper and softer halves judged from then on."""
    days = sorted({game[:8] for game in games_between(work, start, end)})
    middle = date.fromisoformat(days[len(days) // 2]) if days else end
    ranked = sorted(
        (record for record in measure_books(work, middle) if record.paired_n >= MIN_LINES and record.mae_difference is not None),
        key=lambda record: (record.mae_difference or 0.0, record.bookmaker),
    )
    half = len(ranked) // 2
    sharper, softer = ranked[:half], ranked[len(ranked) - half :]
    lines = BookLines.read(work, end + _DAY, middle)
    rows = _Halves.of(lines, [record.bookmaker for record in sharper], [record.bookmaker for record in softer])
    apart = np.abs(rows.delta) > 1e-9
    groups = [_standing(record, "sharper") for record in sharper] + [_standing(record, "softer") for record in softer]
    sides = (("sharper above", rows.delta > 1e-9), ("both alike", ~apart), ("sharper below", rows.delta < -1e-9))
    groups += [share(name, "over the softer half's line", rows.over[own]) for name, own in sides if own.any()]
    better = clustered_mean((np.abs(rows.sharp - rows.points) - np.abs(rows.soft - rows.points))[apart], rows.day[apart])
    told = effect(rows.over[apart], rows.delta[apart] > 0, rows.day[apart])
    comparisons = [
        compare("sharper - softer, error", "points", better, f"where the halves differ the sharper one errs {direction(better)}"),
        compare(
            "above - below, went over",
            "share",
            told,
            f"players go over the softer line {direction(told)} often where the sharper one is above it",
        ),
        compare("points - softer, a point", "points", effect(rows.points - rows.soft, rows.delta, rows.day)),
    ]
    coverage = {
        "books measured before the middle of the span": len(ranked),
        "of them sharp beyond chance": sum(record.book_group == "sharp" for record in ranked),
        "of them soft beyond chance": sum(record.book_group == "soft" for record in ranked),
        "player-games after it with lines of both halves": rows.size,
        "of them with halves that differ": int(apart.sum()),
    }
    notes = [
        f"Books are measured as `tipoff books --until {middle}` does, on all games on record before that day; the lines judged are those "
        "from that day on. The halves are by the error beside the others' median, whether or not it is told apart from chance.",
        f"Sharper: {_names(sharper)}. Softer: {_names(softer)}. A half's line is the mean of its books' last lines before the tip.",
        "These differences are not corrected for how many books were measured: `tipoff research books` does that.",
    ]
    empty = f"two books with {MIN_LINES} lines or more before {middle}, and lines of both after it, are not on record"
    return Findings("Do the sharper books tell more than the softer ones?", empty, coverage, groups, comparisons, notes)


def _names(records: list[BookRecord]) -> str:
    return ", ".join(record.bookmaker for record in records) or "none"


def _standing(record: BookRecord, half: str) -> Group:
    """How a book stood when it was measured."""
    return Group(
        f"{record.bookmaker}, {half}",
        "error - the others', before",
        "points",
        record.paired_n,
        record.paired_n,
        record.mae_difference,
        record.difference_low,
        record.difference_high,
    )


class _Halves:
    """Player-games with lines of both halves: the mean line of each, their difference, points, and over the softer one."""

    def __init__(self, sharp: FloatArray, soft: FloatArray, points: FloatArray, day: Codes) -> None:
        self.sharp, self.soft, self.points, self.day = sharp, soft, points, day
        self.delta, self.over, self.size = sharp - soft, went_over(points, soft), int(points.size)

    @classmethod
    def of(cls, lines: BookLines, sharper: list[str], softer: list[str]) -> _Halves:
        pairs = int(lines.pair.max(initial=-1)) + 1
        names = np.array(lines.books, dtype=np.object_)

        def line_of(half: list[str]) -> FloatArray:
            own: Mask = np.isin(names, half)[lines.book] if lines.size else np.zeros(0, np.bool_)
            return Grouped(lines.pair[own], pairs).mean(lines.point[own])

        first = Grouped(lines.pair, pairs).start
        sharp, soft = line_of(sharper), line_of(softer)
        both = np.flatnonzero(~np.isnan(sharp) & ~np.isnan(soft))
        return cls(sharp[both], soft[both], lines.points[first[both]], lines.day[first[both]])
