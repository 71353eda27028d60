"""`tipoff backtest`: walk forward over past days, and say what it came to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, progress, settings_of

if TYPE_CHECKING:
    from tipoff.flow.backtest_plan import Plan


def backtest(
    start: Annotated[str, typer.Option("--start", help="First day to predict (New York).")],
    end: Annotated[str, typer.Option("--end", help="Last day to predict.")],
    systems: Annotated[str | None, typer.Option("--systems", help="Only these, comma-separated; an ensemble brings its members.")] = None,
    refit: Annotated[str, typer.Option("--refit", help="Train again after so many days.")] = "7d",
    before: Annotated[str, typer.Option("--before", help="Predict so long before each tip: 0m, 45m, 3h.")] = "0m",
    window: Annotated[str | None, typer.Option("--window", help="Days of history, or season; default: each system's own.")] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes here that do folds, this one included; default: as many as idle cores."),
    ] = None,
    leak_days: Annotated[int, typer.Option("--leak-days", min=1, help="On how many days the leak is looked for.")] = 3,
    file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.", show_default=False)] = None,
    full: Annotated[bool, typer.Option("--full", help="Print every table, and not only the first.")] = False,
    data_dir: DataDir = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but where the report is.")] = False,
) -> None:
    """Refit on schedule, predict past nights as of a moment before each tip, grade them as live, and report; a killed one goes on."""
    import json

    from tipoff.cli.backtest_tables import print_report
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.errors import BadInput
    from tipoff.flow import backtest as flow
    from tipoff.flow.backtest_plan import plan_of
    from tipoff.flow.backtest_report import report
    from tipoff.flow.house import open_house, systems_of
    from tipoff.predict.systems import linked, window_of, with_window

    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise BadInput(
            f"{file} cannot be written as a file.", hint="Give --json a file in a folder that is there: it is written at the end."
        )
    settings = settings_of(data_dir)
    clock = clock_of(settings)
    chosen = systems_of(settings, [name.strip() for name in systems.split(",")] if systems else None)
    if window is not None:
        chosen = linked([with_window(system, window) for system in chosen])
    plan = plan_of(
        chosen,
        resolve_date(start, clock),
        resolve_date(end, clock),
        refit_days=window_of(refit).days,
        before_minutes=_minutes(before),
        min_minutes=settings.thresholds.min_minutes,
        leak_days=leak_days,
    )
    with open_house(settings, clock) as house, progress(quiet) as announce:
        plan, resumed = flow.begin(house, plan)
        if resumed and not quiet:
            print_line(f"Going on with {plan.backtest_id}, which was not finished.")
        summary = flow.run(house, plan, announce, workers=workers)
        announce("report", None)
        figures = report(house, plan, summary)
    if file is not None:
        file.write_text(json.dumps(figures.as_dict(), indent=1), encoding="utf-8")
    if not quiet:
        print_report(figures, full=full)
    print_line(f"The report: {_where(settings.bucket_url, plan)}")


def _minutes(text: str) -> int:
    """`45m` or `3h` in minutes. Raises BadInput for anything else."""
    import re

    from tipoff.errors import BadInput

    found = re.fullmatch(r"(\d{1,4})(m|h)", text)
    if not found:
        raise BadInput(f"{text!r} is no time before the tip.", hint="Write it like 0m, 45m or 3h.")
    return int(found[1]) * (60 if found[2] == "h" else 1)


def _where(bucket_url: str, plan: Plan) -> str:
    return f"{bucket_url.removeprefix('file://')}/backtests/{plan.backtest_id}/report.html"


def backtests(
    publish: Annotated[bool, typer.Option("--publish", help="Publish those that have finished again, for the pages.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """The backtests on record."""
    from tipoff.cli.common import print_table
    from tipoff.flow.backtest_plan import backtests as known
    from tipoff.store.payloads import open_bucket

    found = known(open_bucket(settings_of(data_dir).bucket_url))
    if publish:
        _publish(data_dir, [plan for plan in found.plans if plan.state == "finished"], quiet=json)
    if json:
        print_json([plan.as_dict() for plan in found.plans])
        return
    rows = [
        (plan.backtest_id, f"{plan.start} .. {plan.end}", f"{plan.refit_days}d", f"{plan.before_minutes}m", len(plan.systems), plan.state)
        for plan in found.plans
    ]
    print_table("Backtests", ("id", "days", "refit", "before tip", "systems", "state"), rows, numeric=(4,))
    for backtest_id, why in found.unreadable.items():
        print_line(f"{backtest_id} cannot be read: {why}")


def _publish(data_dir: Path | None, plans: list[Plan], *, quiet: bool) -> None:
    from tipoff.config import clock_of
    from tipoff.flow.backtest_report import publish_again
    from tipoff.flow.house import open_house

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        for plan in plans:
            for path in publish_again(house, plan):
                if not quiet:
                    print_line(f"Wrote {path}.")
