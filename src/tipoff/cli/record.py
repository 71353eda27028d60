"""The command that tells how what was said turned out: `record`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, settings_of

if TYPE_CHECKING:
    from tipoff.grade.record import Entry
    from tipoff.rates import Paired


class Split(StrEnum):
    """By what the record is split (`grade.record.By`)."""

    SYSTEM = "system"
    DAY = "day"
    MONTH = "month"
    SIDE = "side"
    TIER = "tier"
    EDGE = "edge"
    EDGE_PROBABILITY = "edge-probability"
    QUALITY = "quality"
    BOOK = "book"
    DIRECTION = "direction"
    MOVEMENT = "movement"


def record(
    since: Annotated[
        str | None, typer.Option("--since", help="The first game day (New York); default: the first graded.", metavar="DATE")
    ] = None,
    until: Annotated[str, typer.Option("--until", help="The last one.", metavar="DATE")] = "TODAY",
    by: Annotated[Split, typer.Option("--by", help="Split each system's record by this.")] = Split.SYSTEM,
    systems: Annotated[list[str] | None, typer.Option("--system", help="Only this system; may be given again.")] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """How what was said turned out: results, returns, errors and closing values by system, and by one split, each with its N."""
    from dataclasses import asdict
    from datetime import date

    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.flow.house import open_house
    from tipoff.grade.record import record as record_of

    settings = settings_of(data_dir)
    clock = clock_of(settings)
    first, last = resolve_date(since, clock) if since else date.min, resolve_date(until, clock)
    with open_house(settings, clock) as house, house.warehouse.reading() as work:
        entries = record_of(work, first, last, by=by.value, systems=systems or ())
    if json:
        print_json({"since": first if since else None, "until": last, "by": by.value, "entries": [asdict(entry) for entry in entries]})
        return
    span = f"{first} .. {last}" if since else f"up to {last}"
    _print_bets(f"Bets, {span}, by {by.value}", entries)
    print_line()
    _print_errors(f"Errors in points, {span}, by {by.value}", entries)


def _print_bets(title: str, entries: list[Entry]) -> None:
    from tipoff.grade import backtest_words as words

    rows = []
    for entry in entries:
        bets = entry.bets
        rate, roi, under = bets.hit_rate, bets.roi, bets.under.hit_rate
        rows.append(
            (
                entry.system_id,
                entry.part,
                f"{bets.won}-{bets.lost}-{bets.push}-{bets.void}",
                f"{words.percent(rate.rate)} of {words.count(rate.n)}\n{words.percent_interval(rate)}" if rate.n else words.DASH,
                words.percent(under.rate) if under.n else words.DASH,
                words.percent(bets.break_even),
                f"{words.signed_percent(roi.mean)} of {words.count(roi.n)}\n{words.percent_interval(roi, 0)}" if roi.n else words.DASH,
                _value(bets.clv_points.n, bets.bets, words.signed(bets.clv_points.mean, 2)),
                _value(bets.clv_prob.n, bets.bets, words.signed_percent(bets.clv_prob.mean)),
            )
        )
    columns = (
        *("system", "part", "W-L-P-void", "hit rate of N", "always UNDER", "break-even", "return on stakes"),
        *("closing value, pts", "closing value, prob"),
    )
    print_table(title, columns, rows, numeric=tuple(range(2, len(columns))))
    print_line("PUSH and void stay out of the hit rate; closing values: how many of the bets they are measurable for, and the mean.")


def _value(measured: int, bets: int, mean: str) -> str:
    """A closing value with its coverage."""
    if not bets:
        return "–"
    return f"{mean}\n{measured:,} of {bets:,}" if measured else f"not measurable\n0 of {bets:,}"


def _interval(difference: Paired) -> str:
    return "–" if difference.low is None else f"[{difference.low:+.3f}, {difference.high:+.3f}]"


def _print_errors(title: str, entries: list[Entry]) -> None:
    from tipoff.grade import backtest_words as words

    rows = [
        (
            entry.system_id,
            entry.part,
            words.count(entry.predictions),
            words.count(entry.errors.n),
            entry.errors.mae,
            entry.errors.bias,
            words.count(entry.n_lined),
            entry.mae,
            entry.line_mae,
            entry.shifted_line_mae,
            "–"
            if entry.against_shifted_line.low is None
            else f"[{entry.against_shifted_line.low:+.3f}, {entry.against_shifted_line.high:+.3f}]",
        )
        for entry in entries
    ]
    columns = ("system", "part", "said", "N", "MAE", "bias", "N lined", "MAE", "line's", "shifted line's", "ours - shifted")
    print_table(title, columns, rows, numeric=tuple(range(2, len(columns))))
