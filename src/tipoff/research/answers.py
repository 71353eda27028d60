"""What an answer looks like: groups with their figures, comparisons with corrected p-values, notes, and a sentence made from them by rule.

In: arrays of one element a row, and the game date of each (days since 1970). Out: frozen dataclasses of plain values. Knows figures. It
must never know which question was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from tipoff.grade.backtest_words import count, signed
from tipoff.rates import Paired, clustered_mean, wilson
from tipoff.research.effects import LEAST_DATES, LEAST_ROWS, holm, p_value

Unit = Literal["points", "share", "stake", "brier", "slope"]
"""Points; a share of 1, shown in per cent; profit per unit staked, in per cent; a Brier loss; a slope without a unit."""

DIGITS: dict[Unit, int] = {"points": 3, "share": 1, "stake": 1, "brier": 5, "slope": 3}
_WORDS: dict[Unit, str] = {"points": " points", "share": " percentage points", "stake": " % of the stake", "brier": " Brier", "slope": ""}
LEVEL = 0.05


@dataclass(frozen=True)
class Group:
    """One figure of one group of rows: over `n` rows of `player_games` distinct player-games; None where there is nothing to count.

    The interval is Wilson's for a share of a yes or no, else that of a mean clustered by game date, at 95 %.
    """

    name: str
    figure: str
    unit: Unit
    n: int
    player_games: int
    estimate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Comparison:
    """A difference, or slope, that would be 0 without an effect; the interval is at 95 %, before any correction.

    `claim` says in words what it would mean, and is empty where the sentence does not speak of it. `p` is None where too little is there
    to test; `p_corrected` is Holm's over all comparisons of the question that were tested.
    """

    name: str
    unit: Unit
    n: int
    dates: int
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_corrected: float | None = None
    claim: str = ""

    @property
    def holds(self) -> bool:
        """Whether the interval excludes no effect once corrected."""
        return self.p_corrected is not None and self.p_corrected < LEVEL


@dataclass(frozen=True)
class Answer:
    """A question's answer. `coverage` counts what it rests on and what was left out; `notes` say what is assumed."""

    question: str
    asks: str
    sentence: str
    start: date
    end: date
    system: str | None
    tested: int
    coverage: dict[str, int]
    groups: tuple[Group, ...]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, with whether each comparison holds."""
        holds = [{"holds": one.holds} for one in self.comparisons]
        told = asdict(self)
        return told | {"comparisons": [one | held for one, held in zip(told["comparisons"], holds, strict=True)]}


@dataclass(frozen=True)
class Findings:
    """What a question's module gives: everything but who asked, and what follows by rule. `empty` says what is missing where nothing was
    there to be tested."""

    asks: str
    empty: str
    coverage: dict[str, int]
    groups: Sequence[Group] = ()
    comparisons: Sequence[Comparison] = ()
    notes: Sequence[str] = ()


def answer(question: str, found: Findings, start: date, end: date, system: str | None) -> Answer:
    """Findings with their p-values corrected, and the sentence that follows from them."""
    corrected = holm([one.p for one in found.comparisons])
    comparisons = tuple(replace(one, p_corrected=value) for one, value in zip(found.comparisons, corrected, strict=True))
    tested = sum(one.p is not None for one in comparisons)
    return Answer(
        question=question,
        asks=found.asks,
        sentence=sentence(comparisons, found.empty),
        start=start,
        end=end,
        system=system,
        tested=tested,
        coverage=found.coverage,
        groups=tuple(found.groups),
        comparisons=comparisons,
        notes=tuple(found.notes),
    )


# --- figures of groups ------------------------------------------------------------------------------------------------


def share(name: str, figure: str, happened: ArrayLike, pairs: ArrayLike | None = None) -> Group:
    """The share of rows in which it happened (1, 0; NaN leaves the N) with Wilson's interval. `pairs` numbers each row's player-game."""
    known = np.isfinite(np.asarray(happened, dtype=np.float64))
    yes = np.asarray(happened, dtype=np.float64)[known]
    rate = wilson(int(yes.sum()), int(yes.size))
    return Group(name, figure, "share", rate.n, _distinct(known, pairs), rate.rate, rate.low, rate.high)


def mean(name: str, figure: str, unit: Unit, values: ArrayLike, days: ArrayLike, pairs: ArrayLike | None = None) -> Group:
    """The mean of rows with its interval, clustered by game date."""
    value = np.asarray(values, dtype=np.float64)
    found = clustered_mean(value, np.asarray(days))
    return Group(name, figure, unit, found.n, _distinct(np.isfinite(value), pairs), found.mean, found.low, found.high)


def _distinct(known: np.ndarray[tuple[int], np.dtype[np.bool_]], pairs: ArrayLike | None) -> int:
    return int(known.sum()) if pairs is None else int(np.unique(np.asarray(pairs)[known]).size)


def compare(name: str, unit: Unit, found: Paired, claim: str = "") -> Comparison:
    """A comparison out of a difference with its interval."""
    return Comparison(name, unit, found.n, found.clusters, found.mean, found.low, found.high, p_value(found), claim=claim)


def direction(found: Paired, above: str = "more", below: str = "less") -> str:
    """Which way a difference points, in words; both ways where its interval holds 0, or where it has none."""
    if found.low is None or found.high is None or found.low <= 0.0 <= found.high:
        return f"{above} or {below}"
    return below if found.high < 0.0 else above


# --- words ------------------------------------------------------------------------------------------------------------


def shown(value: float | None, unit: Unit) -> str:
    """A difference as people read it: shares and stakes in per cent."""
    return signed(value if value is None or unit not in ("share", "stake") else 100 * value, DIGITS[unit])


def with_interval(one: Comparison) -> str:
    """The difference, its interval, corrected p, and N."""
    between = "no interval" if one.low is None else f"{shown(one.low, one.unit)} to {shown(one.high, one.unit)}"
    corrected = "too few to test" if one.p_corrected is None else f"corrected p {probability(one.p_corrected)}"
    return f"{shown(one.difference, one.unit)}{_WORDS[one.unit]}, {between}, {corrected}, n = {count(one.n)}"


def probability(value: float | None) -> str:
    """.034, or < .001."""
    if value is None:
        return "–"
    return "< .001" if value < 0.0005 else f"{value:.3f}".lstrip("0") if value < 0.9995 else "1"


def sentence(comparisons: Sequence[Comparison], empty: str) -> str:
    """One plain sentence, by this rule: a claim whose interval excludes no effect after correction is told; of the others the nearest.

    Where no claim could be tested it says so, and why.
    """
    claims = [one for one in comparisons if one.claim]
    holding = [one for one in claims if one.holds]
    others = sorted((one for one in claims if one.p_corrected is not None and not one.holds), key=lambda one: (one.p_corrected, one.p))
    tested = sum(one.p is not None for one in comparisons)
    if not holding and not others:
        n = max((one.n for one in claims), default=0)
        few = f"a side has fewer than {LEAST_ROWS} rows or {LEAST_DATES} game dates"
        return f"Not measurable: {few if n else empty}, n = {count(n)}."
    told = [f"{one.claim} ({with_interval(one)})" for one in holding]
    if others:
        more = f", nor {len(others) - 1} other claim{'s' if len(others) > 2 else ''}" if len(others) > 1 else ""
        told.append(f"it is not shown that {others[0].claim} ({with_interval(others[0])}){more}")
    start = "Yes" if not others else "In part" if holding else "No"
    kept = [one for one in comparisons if one.holds]
    besides = [one.name for one in kept if not one.claim]
    besides = [*besides[:3], f"{len(besides) - 3} more"] if len(besides) > 4 else besides
    named = f" (besides: {'; '.join(besides)})" if besides else ""
    verb = "holds" if len(kept) == 1 else "hold"
    return f"{start}: {'; '.join(told)}. Of {tested} comparison{'s' if tested != 1 else ''} {len(kept)} {verb}{named}."
