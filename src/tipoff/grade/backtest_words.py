"""A backtest's figures in words: numbers for tables, and the few sentences that say what came out.

In: figures. Out: plain text, nothing escaped; None is a dash, never zero. It must never know a page or a terminal.
"""

from __future__ import annotations

from tipoff.grade.backtest_errors import Against
from tipoff.grade.backtest_figures import Figures, SystemFigures
from tipoff.rates import Paired, Rate

DASH = "–"
MINUS = "−"
BRIER_DIGITS = 5
"""Brier differences of honest models are of the order of .0001."""


def count(value: int | None) -> str:
    """12,345."""
    return DASH if value is None else f"{value:,}"


def number(value: float | None, digits: int = 3) -> str:
    """4.956, with a true minus."""
    return DASH if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """+0.012 or −0.012; 0.000 has no sign."""
    if value is None:
        return DASH
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def percent(value: float | None, digits: int = 1) -> str:
    """53.5 %, with a narrow space that does not break."""
    return DASH if value is None else f"{number(100 * value, digits)}\u202f%"


def signed_percent(value: float | None, digits: int = 1) -> str:
    """−4.2 %."""
    return DASH if value is None else f"{signed(100 * value, digits)}\u202f%"


def interval(of: Against | Paired, digits: int = 3) -> str:
    """[−0.062, −0.036]; a dash where there is none."""
    return DASH if of.low is None or of.high is None else f"[{signed(of.low, digits)}, {signed(of.high, digits)}]"


def percent_interval(of: Paired | Rate, digits: int = 1) -> str:
    """[−5.5, −0.2] in per cent."""
    if of.low is None or of.high is None:
        return DASH
    shown = number if isinstance(of, Rate) else signed
    return f"[{shown(100 * of.low, digits)}, {shown(100 * of.high, digits)}]"


def told_apart(of: Against | Paired) -> str:
    """`below` or `above` where the whole interval lies on that side of 0; else nothing."""
    if of.low is None or of.high is None:
        return ""
    return "below" if of.high < 0 else "above" if of.low > 0 else ""


def ranked(figures: Figures) -> list[SystemFigures]:
    """Systems by how much less than the shifted line they err, those without lined rows last."""

    def key(system: SystemFigures) -> tuple[bool, float, str]:
        difference = system.pooled.lined.shifted_line.difference
        return difference is None, difference or 0.0, system.system_id

    return sorted(figures.systems.values(), key=key)


def best(figures: Figures) -> SystemFigures | None:
    """The first of those told apart below the shifted line, or else simply the first.

    Only those who spoke of at least half as many lined rows as anybody: a few lucky rows make no best system.
    """
    most = max((system.pooled.lined.shifted_line.n for system in figures.systems.values()), default=0)
    heard = [system for system in ranked(figures) if 0 < most <= 2 * system.pooled.lined.shifted_line.n]
    below = (system for system in heard if told_apart(system.pooled.lined.shifted_line) == "below")
    return next(below, heard[0] if heard else None)


def headline(figures: Figures) -> str:
    """What came out, in one clause."""
    lead = best(figures)
    if lead is None:
        return "No prediction could be compared with a line"
    shifted = lead.pooled.lined.shifted_line
    alarm = "Leak alarm: " if lead.alarms else ""
    by = f"{number(abs(shifted.difference or 0.0))} points"
    if told_apart(shifted) == "below":
        return f"{alarm}{lead.system_id} errs {by} less than the shifted line"
    alone = len(figures.systems) == 1
    whose = (
        f"{lead.system_id} does not beat the shifted line" if alone else f"No system beats the shifted line: {lead.system_id}, the nearest,"
    )
    if told_apart(shifted) == "above":
        return f"{alarm}{whose}{': it' if alone else ''} errs {by} more"
    return f"{alarm}{whose}{': it' if alone else ''} errs {by} {_more(shifted.difference)}, which may be chance"


def sentences(figures: Figures) -> list[str]:
    """The findings about the best system, each with its n and interval."""
    lead = best(figures)
    if lead is None:
        return []
    return [_of_errors(figures, lead), _of_probabilities(lead), _of_picks(lead), _of_all_rows(lead)]


def _of_errors(figures: Figures, lead: SystemFigures) -> str:
    shifted, line = lead.pooled.lined.shifted_line, lead.pooled.lined.line
    systems = len(figures.systems)
    among = f", chosen of {systems} systems by this very figure, which flatters it," if systems > 1 else ""
    return (
        f"On {count(shifted.n)} player-games with a line, on {count(shifted.dates)} game dates, {lead.system_id}{among} has an MAE of "
        f"{number(shifted.ours)} points, the shifted line {number(shifted.reference)} (difference {signed(shifted.difference)}, 95 % "
        f"interval {_to(shifted)}), and the line {number(line.reference)}."
    )


def _of_probabilities(lead: SystemFigures) -> str:
    brier = lead.pooled.priced.brier
    if brier.against_market.n == 0:
        return "No line had prices on both sides: there is no market to compare its probabilities with."
    told = []
    for against, whose in ((brier.against_market, "the market's"), (brier.against_recalibrated, "the recalibrated market's")):
        if against.n == 0:
            continue
        word = {"below": "better than", "above": "worse than", "": "not told apart from"}[told_apart(against)]
        told.append(
            f"{word} {whose} (Brier {signed(against.difference, BRIER_DIGITS)}, {_to(against, BRIER_DIGITS)}, on {count(against.n)})"
        )
    return f"Its probabilities of over are {' and '.join(told)}."


def _of_picks(lead: SystemFigures) -> str:
    total = lead.pooled.picks.total
    rate = total.hit_rate
    if rate.n == 0:
        return "It recommended nothing that was decided."
    asked, priced = "", total.priced_hit_rate
    if priced.n:
        which = "" if priced.n == rate.n else f", the {count(priced.n)} with a price {percent(priced.rate)} {percent_interval(priced)}"
        asked = f"{which} where the prices ask for {percent(total.break_even)}"
    made, roi = "", total.roi
    if roi.mean is not None:
        verb = "lost" if roi.mean < 0 else "made"
        made = f", and {verb} {percent(abs(roi.mean))} of the stakes {percent_interval(roi)}".rstrip(f" {DASH}")
    return (
        f"Its {count(rate.n)} decided recommendations hit {percent(rate.rate)} {percent_interval(rate)}{asked}{made}; UNDER on the same "
        f"rows hit {percent(total.under.hit_rate.rate)} {percent_interval(total.under.hit_rate)}."
    )


def _of_all_rows(lead: SystemFigures) -> str:
    errors, last = lead.pooled.errors, lead.pooled.last_10
    if last.n == 0:
        return f"On all {count(errors.n)} player-games its MAE is {number(errors.mae)} points."
    return (
        f"On all {count(errors.n)} player-games its MAE is {number(errors.mae)} points; on the {count(last.n)} with a last-10 mean it errs "
        f"{number(abs(last.difference or 0.0))} {_more(last.difference)} than that does ({_to(last)})."
    )


def _more(difference: float | None) -> str:
    return "more" if (difference or 0.0) > 0 else "less"


def _to(of: Against | Paired, digits: int = 3) -> str:
    return "no interval" if of.low is None or of.high is None else f"{signed(of.low, digits)} to {signed(of.high, digits)}"
