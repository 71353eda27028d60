"""The page of the fleet: who serves in which state and how well, what each gate says, how alike systems are; and the forms that decide.

In: the fleet's two documents. Out: a page. A decision is a call of the control API, made by the page's script. It must never know the
registry, nor HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from tipoff.publish.systems import HEALTH, PERFORMANCE, GateShown, Health, ModelHealth, Pair, Performance, PerformanceDay, Window
from tipoff.web import figures
from tipoff.web.published import Published
from tipoff.web.rendering import Made, Rendering

MEASURES = {"margins": "What they say", "errors": "How they err", "picks": "Which side they take"}
_GATES = {
    "leak_alarm": "No leak alarm",
    "no_overlap": "No day it learnt from",
    "mean_against_line": "Mean against the line",
    "bias_by_tier": "Bias by tier",
    "mae_against_champion": "MAE against the champion",
    "log_loss_against_champion": "Log loss against the champion",
    "beats_the_market": "Beats the market",
    "calibration": "Calibration",
}
_HEALTH = {
    None: "not graded",
    "INSUFFICIENT_DATA": "too few bets",
    "BLOCKED": "blocked",
    "DEGRADING": "degrading",
    "WATCH": "watch",
    "HEALTHY": "healthy",
}
_VERDICTS = {
    "PASSED": ("✓", "passed"),
    "FAILED": ("✗", "failed"),
    "LEAK_ALARM": ("!", "leak alarm"),
    "INSUFFICIENT_DATA": ("?", "cannot tell"),
}
WIDTH, HEIGHT = 132.0, 34.0
_LOW, _HIGH = 0.43, 0.62


class FleetPages:
    """The fleet."""

    def __init__(self, published: Published, rendering: Rendering) -> None:
        self._published = published
        self._rendering = rendering
        words = {"health_word": health_word, "gate_name": gate_name, "verdict_of": verdict_of, "evidence": evidence}
        rendering.add(**figures.ALL, **words, judged_window=judged_window)

    def page(self, measure: str | None) -> Made | str | None:
        """The page; `measure` says by what systems are compared. None for a measure that is none. Raises BadInput for an unreadable
        document."""
        if measure is not None and measure not in MEASURES:
            return None
        found, kept = self._published.document(HEALTH, Health), self._published.document(PERFORMANCE, Performance)
        if found is None or not found[0].systems:
            return self._rendering.page("fleet_empty.html", "fleet")
        health, tag = found
        performance, of = kept or (None, "")
        chosen = measure or "margins"
        return self._rendering.kept(("fleet", chosen), (tag, of), lambda: self._made(health, performance, chosen))

    def _made(self, health: Health, performance: Performance | None, measure: str) -> str:
        days = {one.system_id: one.days for one in performance.systems} if performance else {}
        order = {"champion": 0, "shadow": 1, "candidate": 2}
        systems = sorted(health.systems, key=lambda one: (not one.headline, order.get(one.state, 3), one.system_id))
        pairs = performance.pairs if performance else []
        return self._rendering.page(
            "fleet.html",
            "fleet",
            health=health,
            systems=systems,
            sparks={one.system_id: spark(days.get(one.system_id, [])) for one in systems},
            alike=alike(pairs, measure) if pairs else None,
            measure=measure,
            measures=MEASURES,
        )


def health_word(word: str | None) -> str:
    """Health in a word or two."""
    return _HEALTH.get(word, (word or "").lower())


def gate_name(name: str) -> str:
    """A gate, for people."""
    return _GATES.get(name, name.replace("_", " ").capitalize())


def verdict_of(gate: GateShown) -> tuple[str, str]:
    """A gate's answer as a mark and a word."""
    return _VERDICTS.get(gate.verdict, ("?", gate.verdict.lower()))


def evidence(gates: Sequence[GateShown]) -> list[tuple[str, list[GateShown]]]:
    """Gates by the evidence that they were asked of."""
    return [(source, list(mine)) for source, mine in groupby(gates, key=lambda gate: gate.source)]


def judged_window(system: ModelHealth) -> Window | None:
    """The window that health was judged on; the longest where none says anything."""
    chosen = [window for window in system.windows if window.days == system.health_days] or system.windows[-1:]
    return chosen[0] if chosen else None


@dataclass(frozen=True)
class Spark:
    """The 30-day hit rate by day, oldest first, in a box of 132 x 34, with break-even beside it; `told` says it in words."""

    rate: str
    even: str
    end_x: float
    end_y: float
    told: str


def spark(days: Sequence[PerformanceDay]) -> Spark | None:
    """None where fewer than two days have a rate."""
    known = [(day, window) for day in reversed(days) for window in day.windows if window.days == 30 and window.hit_rate is not None]
    if len(known) < 2:
        return None
    step = (WIDTH - 8) / (len(known) - 1)
    rates = [(4 + place * step, _height(window.hit_rate)) for place, (_, window) in enumerate(known)]
    evens = [(4 + place * step, _height(window.break_even)) for place, (_, window) in enumerate(known) if window.break_even is not None]
    first, last = known[0], known[-1]
    told = (
        f"30-day hit rate from {figures.rate(first[1].hit_rate)} (n = {first[1].n}) on {first[0].game_date} "
        f"to {figures.rate(last[1].hit_rate)} (n = {last[1].n}) on {last[0].game_date}"
    )
    return Spark(_points(rates), _points(evens), *rates[-1], told)


def _height(rate: float | None) -> float:
    share = ((rate or 0.0) - _LOW) / (_HIGH - _LOW)
    return round(HEIGHT - 3 - min(max(share, 0.0), 1.0) * (HEIGHT - 6), 1)


def _points(dots: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)


@dataclass(frozen=True)
class Cell:
    """How alike two systems are: the figure, its N, and a step from 0 to 9 for its shade."""

    text: str
    n: int
    step: int


@dataclass(frozen=True)
class Alike:
    """Systems against each other; `least` and `most` are the smallest and largest N of any pair."""

    names: list[str]
    cells: dict[tuple[str, str], Cell]
    least: int
    most: int


def alike(pairs: Sequence[Pair], measure: str) -> Alike:
    """Every pair by one measure, both ways round."""
    names = sorted({name for pair in pairs for name in (pair.first, pair.second)})
    cells = {}
    for pair in pairs:
        value, n = {
            "margins": (pair.margins, pair.margins_n),
            "errors": (pair.errors, pair.errors_n),
            "picks": (pair.same_side, pair.picks_n),
        }[measure]
        text = figures.rate(value, 0) if measure == "picks" else figures.number(value)
        step = 0 if value is None else round(9 * min(max((value - 0.5) * 2 if measure == "picks" else value, 0.0), 1.0))
        cells[pair.first, pair.second] = cells[pair.second, pair.first] = Cell(text, n, step)
    sizes = [cell.n for cell in cells.values()]
    return Alike(names, cells, min(sizes), max(sizes))
