"""The pages of reports: backtests and findings listed, one of them opened, two backtests side by side.

In: the reports' documents. Out: pages with their charts. It must never know how a figure is worked out, nor HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tipoff.publish.reports import (
    BACKTESTS,
    FINDINGS,
    BacktestEntry,
    BacktestList,
    BacktestReport,
    ComparisonShown,
    Finding,
    FindingList,
    SystemFigures,
    SystemHeadline,
    backtest_path,
    finding_path,
)
from tipoff.web import figures
from tipoff.web.published import Published
from tipoff.web.rendering import Made, Rendering
from tipoff.web.report_charts import differences_chart, runs_chart

Show = Callable[[float | None], str]
_LIST = "index"
"""The name of the lists themselves: no report is called so."""
_FORMS = {"points": "+.2f", "share": "+.1%", "stake": "+.1%", "brier": "+.4f", "slope": "+.2f"}
_AXES = {
    "points": "difference in points",
    "share": "difference in share",
    "stake": "profit per unit staked",
    "brier": "difference in Brier loss",
    "slope": "slope",
}
_BY = {"side": "Side", "tier": "Line", "edge-probability": "Edge in probability", "edge": "Edge in points"}


class ReportPages:
    """Backtests and findings."""

    def __init__(self, published: Published, rendering: Rendering) -> None:
        self._published = published
        self._rendering = rendering
        rendering.add(**figures.ALL, closest=closest, in_unit=in_unit, ends_in_unit=ends_in_unit, splits=_BY)

    def listed(self) -> Made | str:
        """Both lists, newest first. Raises BadInput for an unreadable document, as every page here does."""
        backtests, findings = self._published.document(BACKTESTS, BacktestList), self._published.document(FINDINGS, FindingList)
        version = (backtests[1] if backtests else None, findings[1] if findings else None)
        values = {
            "backtests": backtests[0].backtests if backtests else [],
            "findings": findings[0].findings if findings else [],
        }
        return self._rendering.kept(("reports",), version, lambda: self._rendering.page("reports.html", "reports", **values))

    def backtest(self, name: str) -> Made | str | None:
        """One backtest; None where there is none of this name."""
        found = self._backtest(name)
        if found is None:
            return None
        report, tag = found
        return self._rendering.kept(("backtest", name), (tag,), lambda: self._opened(report))

    def finding(self, name: str) -> Made | str | None:
        """One finding; None where there is none of this name."""
        found = self._published.document(finding_path(name), Finding) if name != _LIST else None
        if found is None:
            return None
        finding, tag = found
        chart = _comparisons(finding.comparisons)
        return self._rendering.kept(
            ("finding", name), (tag,), lambda: self._rendering.page("report_finding.html", "reports", finding=finding, chart_of=chart)
        )

    def compared(self, first: str | None, second: str | None) -> Made | str | None:
        """Two backtests side by side; None where one of them is none."""
        one, other = (self._backtest(name) if name else None for name in (first, second))
        if one is None or other is None:
            return None
        values = {"a": one[0], "b": other[0], "rows": _side_by_side(one[0], other[0])}
        return self._rendering.kept(
            ("compared", first, second), (one[1], other[1]), lambda: self._rendering.page("report_compare.html", "reports", **values)
        )

    def _backtest(self, name: str) -> tuple[BacktestReport, str] | None:
        return self._published.document(backtest_path(name), BacktestReport) if name != _LIST else None

    def _opened(self, report: BacktestReport) -> str:
        systems = sorted(report.systems, key=_rank)
        market = [_row(one.system_id, one.against_market) for one in systems]
        lines = [_row(one.system_id, one.against_shifted_line) for one in systems]
        charts = {
            "market": differences_chart(market, "log loss, ours less the market's (nats)", "+.3f"),
            "line": differences_chart(lines, "MAE, ours less the shifted line's (points)", "+.2f"),
            "units": runs_chart(systems),
        }
        return self._rendering.page("report_backtest.html", "reports", report=report, systems=systems, charts=charts)


def _row(name: str, against: Any) -> tuple[str, float | None, float | None, float | None, int]:
    return name, against.difference, against.low, against.high, against.n


def _rank(one: SystemFigures | SystemHeadline) -> tuple[bool, float, str]:
    """By the log loss beside the market's, the least first."""
    difference = one.against_market.difference
    return difference is None, difference or 0.0, one.system_id


def closest(entry: BacktestEntry) -> SystemHeadline | None:
    """The system of a backtest whose log loss is the least beside the market's."""
    return min(entry.systems, key=_rank, default=None)


def in_unit(value: float | None, unit: str, signed: bool = True) -> str:
    """A figure of a finding in its unit, for people."""
    if unit in ("share", "stake"):
        return figures.gain(value) if signed else figures.rate(value)
    digits = {"points": 2, "brier": 4}.get(unit, 3)
    return figures.change(value, digits) if signed else figures.number(value, digits)


def ends_in_unit(low: float | None, high: float | None, unit: str, signed: bool = True) -> str:
    """Its interval; nothing without one."""
    return "" if low is None or high is None else f"{in_unit(low, unit, signed)} to {in_unit(high, unit, signed)}"


def _comparisons(found: list[ComparisonShown]) -> dict[str, Any] | None:
    """Those in the unit of the first that is claimed or, without one, of the first with an interval."""
    known = [one for one in found if one.low is not None]
    lead = next((one for one in known if one.claim), known[0] if known else None)
    if lead is None:
        return None
    rows = [(one.name, one.difference, one.low, one.high, one.n) for one in known if one.unit == lead.unit]
    return differences_chart(rows, _AXES.get(lead.unit, lead.unit), _FORMS.get(lead.unit, "+.3f"))


@dataclass(frozen=True)
class Beside:
    """One figure of one system in two backtests: each as text with its n, and the first less the second."""

    system_id: str
    figure: str
    first: str
    first_n: int | None
    second: str
    second_n: int | None
    difference: str


def _side_by_side(first: BacktestReport, second: BacktestReport) -> list[Beside]:
    mine, theirs = ({one.system_id: one for one in report.systems} for report in (first, second))
    rows = []
    for name in sorted({*mine, *theirs}):
        told = [_told(one) if one else {} for one in (mine.get(name), theirs.get(name))]
        for figure in ("MAE", "log loss less the market’s", "hit rate", "return on stakes"):
            (a, n_a), (b, n_b) = (each.get(figure, (None, None)) for each in told)
            show, differ = _SHOWN[figure]
            difference = differ(a - b if a is not None and b is not None else None)
            rows.append(Beside(name, figure, show(a), n_a, show(b), n_b, difference))
    return rows


_SHOWN: dict[str, tuple[Show, Show]] = {
    "MAE": (figures.number, figures.change),
    "log loss less the market’s": (partial(figures.change, digits=4), partial(figures.change, digits=4)),
    "hit rate": (figures.rate, figures.gain),
    "return on stakes": (figures.gain, figures.gain),
}


def _told(one: SystemFigures) -> dict[str, tuple[float | None, int]]:
    return {
        "MAE": (one.mae, one.n),
        "log loss less the market’s": (one.against_market.difference, one.against_market.n),
        "hit rate": (one.bets.hit_rate.rate, one.bets.hit_rate.n),
        "return on stakes": (one.bets.roi.mean, one.bets.roi.n),
    }
