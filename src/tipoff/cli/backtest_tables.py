"""A backtest's figures for the terminal: what came out in a few sentences, then tables. The page and the JSON file hold the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipoff.cli.common import print_line, print_table

if TYPE_CHECKING:
    from tipoff.grade.backtest_errors import Against
    from tipoff.grade.backtest_figures import Figures, Period, SystemFigures
    from tipoff.rates import Paired


def print_report(figures: Figures, *, full: bool = False) -> None:
    """Systems, the best first, in one table; with `full` errors, probabilities, bets and seasons in tables of their own.

    Each figure with its N, interval and references; alarms before anything else.
    """
    from tipoff.grade import backtest_words as words

    systems = words.ranked(figures)
    for system in systems:
        for alarm in system.alarms[:1]:
            value = words.percent(alarm.value) if alarm.threshold > 0 else words.signed(alarm.value)
            limit = words.percent(alarm.threshold, 0) if alarm.threshold > 0 else words.signed(alarm.threshold, 2)
            more = f", and {len(system.alarms) - 1} more" if len(system.alarms) > 1 else ""
            print_line(f"LEAK ALARM {system.system_id}: {alarm.of}, {value} beyond {limit}, N {words.count(alarm.n)}{more}.")
    print_line(f"{words.headline(figures)}.")
    for sentence in words.sentences(figures):
        print_line(sentence)
    if not systems:
        return
    print_line()
    _print_glance(systems)
    if not full:
        return
    _print_errors(systems)
    _print_probabilities(systems)
    _print_bets(systems)
    if len(figures.references_by_season) > 1:
        _print_seasons(systems)


def _print_glance(systems: list[SystemFigures]) -> None:
    """One table that fits 140 columns with names of 22 letters."""
    from tipoff.grade import backtest_words as words

    rows = []
    for system in systems:
        of = system.pooled
        brier, total = of.priced.brier, of.picks.total
        rate, roi = total.hit_rate, total.roi
        of_n = "" if roi.n == rate.n else f" of {words.count(roi.n)}"
        cells = (
            words.count(of.lined.shifted_line.n),
            _short(of.lined.shifted_line),
            _short(brier.against_market, 4),
            _short(brier.against_recalibrated, 4),
            _short(of.crps),
            _short(of.last_10),
            f"{words.percent(rate.rate)} of {words.count(rate.n)}\n{words.percent_interval(rate)}" if rate.n else words.DASH,
            f"{words.signed_percent(roi.mean)}{of_n}\n{words.percent_interval(roi, 0)}" if roi.n else words.DASH,
        )
        rows.append((system.system_id, *cells))
    columns = (
        "system",
        "N lined",
        "MAE less shifted line",
        "Brier less market",
        "less recalibrated",
        "CRPS less reference",
        "MAE less last-10, all",
        "hit rate of picks",
        "ROI",
    )
    print_table("Differences with 95 % intervals by game date, on the same rows", columns, rows, numeric=range(1, 9), tight=True)


def _short(of: Against | Paired, digits: int = 3) -> str:
    """A difference without the zeros before its points: +.016 [-.055, +.087], on two lines."""
    return _difference(of, digits).replace("+0.", "+.").replace("−0.", "−.")


def _print_errors(systems: list[SystemFigures]) -> None:
    from tipoff.grade import backtest_words as words

    rows = []
    for system in systems:
        of = system.pooled
        shifted, errors = of.lined.shifted_line, of.errors
        of_line = (words.count(shifted.n), words.number(shifted.ours), _difference(shifted), _difference(of.lined.line))
        of_all = (
            words.count(errors.n),
            words.number(errors.mae),
            words.signed(errors.bias, 2),
            _difference(of.last_10),
            _difference(of.crps),
        )
        rows.append((system.system_id, *of_line, *of_all))
    columns = (
        "system",
        "N lined",
        "MAE",
        "less shifted line",
        "less line",
        "N all",
        "MAE",
        "bias",
        "less last-10 mean",
        "CRPS less reference",
    )
    print_table("Error in points, differences with 95 % intervals by game date", columns, rows, numeric=range(1, 10))


def _print_probabilities(systems: list[SystemFigures]) -> None:
    from tipoff.grade import backtest_words as words

    rows = []
    for system in systems:
        of = system.pooled
        brier, calibration = of.priced.brier, of.calibration
        ece = f"{words.number(calibration.error, 4)} ({words.number(calibration.perfect_95, 4)})"
        market = (_difference(brier.against_market, words.BRIER_DIGITS), _difference(brier.against_recalibrated, words.BRIER_DIGITS))
        covered = [f"{words.percent(one.held.rate)} ({words.percent(one.nominal)})" for one in of.coverage]
        rows.append((system.system_id, words.count(brier.against_market.n), *market, words.count(calibration.n), ece, *covered))
    columns = (
        "system",
        "N priced",
        "Brier less market",
        "less recalibrated",
        "N lined",
        "ECE (95 % if perfect)",
        "80 % (nominal)",
        "90 % (nominal)",
    )
    print_table("Probability of over at the consensus, and coverage", columns, rows, numeric=range(1, 8))


def _print_bets(systems: list[SystemFigures]) -> None:
    from tipoff.grade import backtest_words as words

    rows = []
    for system in systems:
        for which, bets in (("picks", system.pooled.picks), ("sides", system.pooled.sides)):
            total = bets.total
            rate, under = total.hit_rate, total.under.hit_rate
            hit = (f"{words.percent(rate.rate)}\n{words.percent_interval(rate)}", words.percent(total.break_even))
            made = (words.count(total.roi.n), f"{words.signed_percent(total.roi.mean)}\n{words.percent_interval(total.roi)}")
            close = f"{words.signed(total.clv_points.mean, 2)} ({words.count(total.clv_points.n)})"
            rows.append((system.system_id, which, words.count(rate.n), *hit, *made, words.percent(under.rate), close))
    columns = ("system", "bets", "N", "hit rate", "break-even", "N priced", "ROI", "UNDER's hit rate", "CLV points (N)")
    print_table("Recommendations, and all sides leant to", columns, rows, numeric=range(2, 9))


def _print_seasons(systems: list[SystemFigures]) -> None:
    from tipoff.grade import backtest_words as words

    def cells(of: Period) -> tuple[Any, ...]:
        shifted, brier, total = of.lined.shifted_line, of.priced.brier.against_market, of.picks.total
        hit = f"{words.percent(total.hit_rate.rate)}\n{words.percent_interval(total.hit_rate)}"
        return (
            words.count(shifted.n),
            _difference(shifted),
            words.count(brier.n),
            _difference(brier, words.BRIER_DIGITS),
            words.count(total.hit_rate.n),
            hit,
        )

    rows = [(system.system_id, season, *cells(of)) for system in systems for season, of in system.seasons.items()]
    columns = ("system", "season", "N lined", "MAE less shifted line", "N priced", "Brier less market", "N picks", "hit rate")
    print_table("By season", columns, rows, numeric=range(2, 8))


def _difference(of: Against | Paired, digits: int = 3) -> str:
    from tipoff.grade import backtest_words as words
    from tipoff.grade.backtest_errors import Against

    return f"{words.signed(of.difference if isinstance(of, Against) else of.mean, digits)}\n{words.interval(of, digits)}"
