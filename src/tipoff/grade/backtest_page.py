"""A backtest as one HTML file that needs nothing else: no script, no request, light and dark, phone and desk.

In: figures, bankrolls, the plan, and what the leak check said. Out: the page's text, everything that comes from data escaped. It must never
compute a figure: what it shows stands in the JSON as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tipoff.grade import backtest_about as about
from tipoff.grade import backtest_charts as charts
from tipoff.grade import backtest_words as words
from tipoff.grade import bankroll_words
from tipoff.grade.backtest_alarm import LEAST_BETS, MOST_BELOW_THE_LINE, MOST_HIT_RATE
from tipoff.grade.backtest_best import Best
from tipoff.grade.backtest_bets import Bets, Record
from tipoff.grade.backtest_errors import Against
from tipoff.grade.backtest_figures import Figures, Period, SystemFigures
from tipoff.grade.bankroll import Bankroll
from tipoff.market.selection import PASSES
from tipoff.rates import Paired

MOST_COMPARED = 20
"""Systems side by side in a picture: more are not told apart by the eye. The tables have them all."""
MOST_PATHS, LEAST_DAYS = 6, 3
"""Bankrolls that are drawn: those with the most bets, on so many game days or more."""


@dataclass(frozen=True)
class Plot:
    """A picture with its caption, which says N."""

    title: str
    picture: Markup
    note: str


@dataclass(frozen=True)
class Dossier:
    """A system with its plots; `anchor` names it within the page, whatever its name holds."""

    anchor: str
    system: SystemFigures
    plots: list[Plot]


def page(
    figures: Figures,
    plan: Mapping[str, Any],
    leak: Mapping[str, Any] | None,
    bankrolls: Mapping[str, Bankroll] | None = None,
    best: Mapping[str, Best] | None = None,
) -> str:
    """The whole page. `plan` has a `summary` of the folds beside what was asked; `leak` has the `checks` that were made.

    A leak check that is missing or has findings is said at the top; without `bankrolls`, or `best`, nothing is said of them.
    """
    systems = words.ranked(figures)
    told = bankrolls or {}
    staked = {system.system_id: told[system.system_id] for system in systems if system.system_id in told}
    return (
        _environment()
        .get_template("backtest.html")
        .render(
            figures=figures,
            headline=words.headline(figures),
            sentences=words.sentences(figures),
            dossiers=[Dossier(f"system-{place}", system, _plots(system)) for place, system in enumerate(systems, 1)],
            comparisons=_comparisons(systems[:MOST_COMPARED]),
            most_compared=MOST_COMPARED,
            bankrolls=staked,
            best=best or {},
            passes=PASSES,
            paths=_paths(staked),
            silence=about.silence(figures, plan),
            alarming=[system for system in systems if system.alarms],
            rule={"hit_rate": MOST_HIT_RATE, "bets": LEAST_BETS, "below": MOST_BELOW_THE_LINE},
            plan=about.settings(plan),
            recipes=about.recipes(plan),
            leak=about.leaks(leak),
        )
    )


def _paths(bankrolls: Mapping[str, Bankroll]) -> list[Plot]:
    """The bankrolls with the most bets, each a picture of its own."""
    drawn = sorted((name for name, of in bankrolls.items() if of.days >= LEAST_DAYS), key=lambda name: (-bankrolls[name].bets, name))
    found = []
    for name in drawn[:MOST_PATHS]:
        of = bankrolls[name]
        picture = charts.bankroll(of)
        if picture is not None:
            note = (
                f"{words.count(of.bets)} bets on {words.count(of.days)} game days. ━ the bankroll; between the 5th and the 95th percentile "
                f"of {words.count(of.paths)} simulated ones if the same bets win as claimed (orange), and if they break even (blue)."
            )
            found.append(Plot(name, picture, note))
    return found


def _comparisons(systems: list[SystemFigures]) -> list[Plot]:
    """All systems side by side, one picture a question."""
    pooled = {system.system_id: system.pooled for system in systems}

    def each(pick: Any) -> dict[str, Against | Paired]:
        return {name: pick(period) for name, period in pooled.items()}

    def most(pick: Any) -> str:
        return words.count(max((pick(period) for period in pooled.values()), default=0))

    errors = {"lined": each(lambda of: of.lined.shifted_line), "priced": each(lambda of: of.priced.shifted_line)}
    errors_of = f"● rows with a line, up to {most(lambda of: of.lined.shifted_line.n)}; ◇ those with two-sided prices, up to "
    errors_of += f"{most(lambda of: of.priced.shifted_line.n)}."
    if errors["lined"] == errors["priced"]:
        del errors["priced"]
        errors_of = f"Rows with a line, up to {most(lambda of: of.lined.shifted_line.n)}, all with two-sided prices."
    wanted = (
        (
            "Error beside the shifted line",
            charts.differences("MAE less the shifted line's, points", errors, form="+.2f"),
            f"{errors_of} Left of zero errs less.",
        ),
        (
            "Probability beside the market",
            charts.differences(
                "Brier less the market's",
                {
                    "market": each(lambda of: of.priced.brier.against_market),
                    "recalibrated": each(lambda of: of.priced.brier.against_recalibrated),
                },
                form="+.4~f",
            ),
            f"● the devigged market, ◇ the market recalibrated on the past; up to {most(lambda of: of.priced.brier.against_market.n)}.",
        ),
        (
            "Distribution beside the reference",
            charts.differences("CRPS less the reference's, points", {"crps": each(lambda of: of.crps)}, form="+.2f"),
            f"Beside the kernel-empirical reference, on all rows with an outcome, up to {most(lambda of: of.crps.n)}.",
        ),
        (
            "Coverage beside the nominal mass",
            charts.differences(
                "share held less the interval's own mass",
                {"80": each(lambda of: of.coverage[0].difference), "90": each(lambda of: of.coverage[1].difference)},
                form="+.1%",
            ),
            f"● central 80 %, ◇ central 90 %; up to {most(lambda of: of.coverage[0].held.n)} rows. Left of zero: too narrow.",
        ),
        (
            "All rows beside the last-10 mean",
            charts.differences("MAE less the last-10 mean's, points", {"last": each(lambda of: of.last_10)}, form="+.2f"),
            f"Rows with a last-10 mean, up to {most(lambda of: of.last_10.n)}.",
        ),
        (
            "Return on stakes",
            charts.differences(
                "units won per unit staked",
                {"ours": each(lambda of: of.picks.total.roi), "under": each(lambda of: of.picks.total.under.roi)},
                form="+.0%",
            ),
            f"● recommendations at real prices, up to {most(lambda of: of.picks.total.roi.n)}; ◇ UNDER on the same rows.",
        ),
    )
    return [Plot(title, picture, note) for title, picture, note in wanted if picture is not None]


def _plots(system: SystemFigures) -> list[Plot]:
    """One system's own pictures."""
    period, series = system.pooled, system.series
    calibration, shifted = period.calibration, period.lined.shifted_line
    total = period.sides.total
    sides = (
        f"All {words.count(total.hit_rate.n)} decided sides. ● hit rate with 95 % interval, ━ break-even of the prices "
        f"({words.count(total.priced_hit_rate.n)} have one), ◇ UNDER on the same rows."
    )
    wanted = (
        (
            "Reliability",
            charts.reliability(calibration.bins),
            f"N {words.count(calibration.n)} lined rows in {len(calibration.bins)} bins of equal count, with 95 % intervals. "
            f"ECE {words.number(calibration.error, 4)}; 95 times of 100 a perfect model stays within "
            f"{words.number(calibration.perfect_95, 4)}.",
        ),
        (
            "Edge in probability against hit rate",
            charts.hit_rates(period.sides.by_edge_probability, "P(side) − break-even"),
            sides,
        ),
        (
            "Edge in points against hit rate",
            charts.hit_rates(period.sides.by_edge, "|predicted − line|, points"),
            sides,
        ),
        (
            "Cumulative units",
            charts.cumulative_units(series.units),
            f"━ {words.count(sum(series.units.bets))} recommendations at real prices, ╍ UNDER on the same rows "
            f"({words.count(sum(series.units.under_bets))}).",
        ),
        (
            "Error by week",
            charts.error_by_week(series.weeks, shifted),
            f"N {words.count(shifted.n)} lined rows in {words.count(len(series.weeks.week))} weeks; ╍ all of them, with the 95 % interval.",
        ),
    )
    return [Plot(title, picture, note) for title, picture, note in wanted if picture is not None]


def _buckets(bets: Bets) -> list[tuple[str, dict[str, Record]]]:
    """The splits of a record, with their names for people."""
    return [
        ("Edge in points", bets.by_edge),
        ("Edge in probability", bets.by_edge_probability),
        ("Side", bets.by_side),
        ("Line", bets.by_tier),
    ]


def _periods(system: SystemFigures) -> list[tuple[str, Period]]:
    """All rows, and each season where there are two or more."""
    return [("all", system.pooled), *(system.seasons.items() if len(system.seasons) > 1 else ())]


def _breakable(name: str) -> Markup:
    """A name that may be broken after an underscore, and elsewhere only where it must."""
    return Markup("_<wbr>").join(name.split("_"))  # `join` escapes the parts


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tipoff.grade"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "count": words.count,
        "number": words.number,
        "signed": words.signed,
        "percent": words.percent,
        "signed_percent": words.signed_percent,
        "interval": words.interval,
        "percent_interval": words.percent_interval,
        "told_apart": words.told_apart,
        "breakable": _breakable,
    }
    environment.globals |= {"buckets": _buckets, "periods": _periods, "brier_digits": words.BRIER_DIGITS, "staking": bankroll_words}
    return environment
