"""Health of the systems in service: the rolling hit rate at real prices, judged by its interval; and the daily record of performance.

In: graded predictions. Out: one row a system and day, of all systems at once. It must never know a model's state, beyond writing it down.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tipoff.predict.activate import PREDICTIONS
from tipoff.rates import Rate, wilson
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Merged, Work
from tipoff.train.evidence import ACCURACY
from tipoff.train.registry import serving

Word = Literal["INSUFFICIENT_DATA", "BLOCKED", "DEGRADING", "WATCH", "HEALTHY"]

PERFORMANCE = "models.performance_daily"
WINDOWS = (7, 14, 30)
WIDEST = 0.20
"""An interval wider than 20 points says nothing yet."""


@dataclass(frozen=True)
class Window:
    """Decided bets at real prices of so many days. `break_even`: the mean of 1 / price over these bets; None at n = 0."""

    days: int
    rate: Rate
    break_even: float | None

    @property
    def word(self) -> Word:
        """The first of the words that holds."""
        low, share, high, even = self.rate.low, self.rate.rate, self.rate.high, self.break_even
        if low is None or share is None or high is None or even is None or high - low > WIDEST:
            return "INSUFFICIENT_DATA"
        if high < even:
            return "BLOCKED"
        if share < even:
            return "DEGRADING"
        return "WATCH" if low <= even else "HEALTHY"


@dataclass(frozen=True)
class Health:
    """A system's health on a day: of its windows (shortest first) the first with enough bets is the one that is judged."""

    system_id: str
    game_date: date
    windows: tuple[Window, ...]
    n_error: int = 0
    mae: float | None = None
    bias: float | None = None
    n_brier: int = 0
    brier: float | None = None

    @property
    def judged(self) -> Window:
        """The shortest window that says something; the longest where none does."""
        return next((window for window in self.windows if window.word != "INSUFFICIENT_DATA"), self.windows[-1])

    @property
    def word(self) -> Word:
        return self.judged.word

    @property
    def told(self) -> str:
        """In words, with the N, the interval and what it is held against."""
        window = self.judged
        rate = window.rate
        if rate.rate is None or rate.low is None or rate.high is None or window.break_even is None:
            return f"{self.word}: no decided bet at a real price in {window.days} days up to {self.game_date}"
        won = f"won {rate.rate:.1%} [{rate.low:.1%}, {rate.high:.1%}] of {rate.n:,} bets"
        return f"{self.word}: {won} in {window.days} days up to {self.game_date}, break-even {window.break_even:.1%}"

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        windows = {f"{window.days}d": vars(window.rate) | {"break_even": window.break_even} for window in self.windows}
        errors = {"n_error": self.n_error, "mae": self.mae, "bias": self.bias, "n_brier": self.n_brier, "brier": self.brier}
        return {"health": self.word, "judged_days": self.judged.days, "game_date": self.game_date, "windows": windows, **errors}


def healths(work: Work, days: Collection[date]) -> list[Health]:
    """The health of every system that was graded in the 30 days up to and with each of these days; in order of day and system."""
    if not days:
        return []
    wanted = sorted(set(days))
    starts = {f"from_{size}d": pa.array([day - timedelta(days=size - 1) for day in wanted], pa.date32()) for size in WINDOWS}
    found = []
    for row in work.ask(_rolling, pa.table({"day": pa.array(wanted, pa.date32()), **starts})).to_pylist():
        windows = tuple(
            Window(size, wilson(row[f"won_{size}d"], row[f"n_{size}d"]), row[f"break_even_{size}d"] if row[f"n_{size}d"] else None)
            for size in WINDOWS
        )
        errors = {name: row[name] for name in ("n_error", "mae", "bias", "n_brier", "brier")}
        found.append(Health(row["system_id"], row["day"], windows, **errors))
    return found


def blocked(work: Work, day: date) -> dict[str, Health]:
    """The systems that may not publish on a day: BLOCKED by what was graded of the days before it."""
    return {health.system_id: health for health in healths(work, [day - timedelta(days=1)]) if health.word == "BLOCKED"}


def fill_performance(work: Work, day: date) -> Merged:
    """Write the daily record of a day, and again of the days after it that have one: its grades are in their windows too."""
    known = work.table(PERFORMANCE).select("game_date").distinct()
    later = [row for row in work.fetch(known).column("game_date").to_pylist() if day < row < day + timedelta(days=max(WINDOWS))]
    found = healths(work, [day, *later])
    if not found:
        return Merged()
    states = {system: row["state"] for system, row in serving(work.fetch(work.table("models.registry")).to_pylist()).items()}
    return work.merge(PERFORMANCE, table_of(PERFORMANCE, [_row(health, states) for health in found]))


def _row(health: Health, states: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"system_id": health.system_id, "game_date": health.game_date}
    for window in health.windows:
        rate = window.rate
        figures = {"n": rate.n, "hit_rate": rate.rate, "low": rate.low, "high": rate.high, "break_even": window.break_even}
        row |= {f"{name}_{window.days}d": value for name, value in figures.items()}
    row |= {name: getattr(health, name) for name in ("n_error", "mae", "bias", "n_brier", "brier")}
    return row | {"state": states.get(health.system_id), "health": health.word, "health_days": health.judged.days}


def _rolling(work: Work, asked: ir.Table) -> ir.Table:
    """Sums over each day's windows, by system, of all systems and days in one query. `asked`: days, and where their windows begin."""
    rows = _graded(work)
    longest = f"from_{max(WINDOWS)}d"
    joined = asked.join(rows, [rows.game_date <= asked.day, rows.game_date >= asked[longest]])
    sums: dict[str, ir.Scalar] = {}
    for size in WINDOWS:
        inside = joined.decided & (joined.game_date >= joined[f"from_{size}d"])
        sums[f"n_{size}d"] = inside.sum()
        sums[f"won_{size}d"] = (inside & joined.won).sum()
        sums[f"break_even_{size}d"] = joined.break_even.mean(where=inside)
    errors = {
        "n_error": joined.absolute_error.count(),
        "mae": joined.absolute_error.mean(),
        "bias": joined.signed_error.mean(),
        "n_brier": joined.brier.count(),
        "brier": joined.brier.mean(),
    }
    return joined.group_by("day", "system_id").agg(**sums, **errors).order_by("day", "system_id")


def _graded(work: Work) -> ir.Table:
    """Graded predictions: whether each is a bet that was decided at a sportsbook's price, whether it won, what it needed, how it erred."""
    pushes = work.table(PREDICTIONS).select("prediction_id", "game_id", "p_push", "line_kind")
    rows = work.table(ACCURACY).left_join(pushes, ["prediction_id", "game_id"])
    passed = rows.actual_margin.notnull() & (rows.actual_margin != 0) & (rows.p_push < 1)
    over = rows.p_over / (1 - rows.p_push)
    gap = over - rows.went_over.cast("float64")
    return rows.select(
        "system_id",
        "game_date",
        "absolute_error",
        "signed_error",
        decided=(rows.result.isin(("WIN", "LOSS")) & rows.price.notnull() & (rows.line_kind == "sportsbook")).fill_null(False),
        won=(rows.result == "WIN").fill_null(False),
        break_even=1 / rows.price,
        brier=ibis.ifelse(passed, gap * gap, ibis.null("float64")),
    )
