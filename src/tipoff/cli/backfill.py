"""The command that fetches history: `backfill`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, progress, settings_of

if TYPE_CHECKING:
    from tipoff.flow.backfill import BackfillDay, DayPlan


def backfill(
    kind: Annotated[str, typer.Argument(help="odds, box, schedule or injuries.", metavar="KIND")],
    first: Annotated[str, typer.Option("--start-date", help="First game day (New York).")],
    last: Annotated[str, typer.Option("--end-date", help="Last game day.")],
    historical: Annotated[bool, typer.Option("--historical", help="Ask the odds source's history, at ten times the price.")] = False,
    plan_only: Annotated[bool, typer.Option("--plan", help="Only show what would be asked, and its price.")] = False,
    max_credits: Annotated[int | None, typer.Option("--max-credits", help="Stop before this run costs more.", min=0)] = None,
    snapshots: Annotated[str, typer.Option("--snapshots", help="Moments before each tip, comma-separated.")] = "T-3h,T-15m",
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Fetch and load history: odds at moments before each tip, box scores with play-by-play, the schedule, injury reports.

    What is there already is not asked for again; after a stop or a kill the same command goes on where it was. Several at once are safe.
    """
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.errors import BadInput, BudgetSpent, UpstreamUnavailable
    from tipoff.flow.backfill import KINDS, Snapshot, Wanted, backfilling, days_of, plan_days, start, stop, wait
    from tipoff.flow.house import open_house

    kinds = {name: name for name in KINDS}
    if kind not in kinds:
        raise BadInput(f"{kind!r} is no kind of backfill.", hint=f"There are {', '.join(KINDS)}.")
    if kind == "odds" and not historical:
        raise BadInput(
            "Past odds are only in the source's history, at ten times the price.", hint="Give --historical; --plan shows the price first."
        )
    wanted = Wanted(kinds[kind], tuple(Snapshot.parse(text) for text in snapshots.split(",")))
    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house:
        plans = plan_days(house, wanted, resolve_date(first, house.clock), resolve_date(last, house.clock))
        due = [plan for plan in plans if plan.left]
        if plan_only or not due:
            _print_plan(kind, plans, json)
            return
        with backfilling(house) as engine, progress(json) as announce:
            tick = announce(f"backfill {kind}", len(due))
            with house.state.phase(house.run_id, f"backfill {kind}", None) as recorded:
                backfill_id = start(engine, wanted, [plan.game_date for plan in due], max_credits)
                try:
                    days = wait(engine, backfill_id, tick)
                except KeyboardInterrupt:
                    stop(engine, backfill_id)
                    raise
                recorded.counts = _sums(days)
        days = days_of(house.state, backfill_id)
    if json:
        print_json({"backfill_id": backfill_id, **_sums(days), "days": [day.__dict__ for day in days]})
    else:
        _print_days(kind, days)
    again = "The same command goes on where it was; the causes stand above."
    if stopped := [day for day in days if day.state == "stopped"]:
        raise BudgetSpent(f"{len(stopped):,} days were stopped before their end.", hint=again)
    if failed := [day for day in days if day.state == "failed"]:
        raise UpstreamUnavailable(f"Of {len(failed):,} days not everything was answered, or loaded.", hint=again)


def _sums(days: list[BackfillDay]) -> dict[str, int]:
    names = ("asked", "failed", "left", "credits")
    return {"days": len(days)} | {name: sum(getattr(day, name) for day in days) for name in names}


def _print_plan(kind: str, plans: list[DayPlan], json: bool) -> None:
    total = sum(plan.credits for plan in plans)
    left = sum(len(plan.left) for plan in plans)
    there = sum(len(plan.planned) for plan in plans) - left
    if json:
        days = [
            {"game_date": plan.game_date, "planned": len(plan.planned), "left": len(plan.left), "credits": plan.credits} for plan in plans
        ]
        print_json({"kind": kind, "credits": total, "left": left, "there": there, "days": days})
        return
    rows = [(plan.game_date, len(plan.planned), len(plan.planned) - len(plan.left), len(plan.left), plan.credits) for plan in plans]
    rows.append(("total", left + there, there, left, total))  # type: ignore[arg-type]
    print_table(f"Backfill of {kind}: the plan", ("day", "requests", "there already", "left", "credits"), rows, numeric=(1, 2, 3, 4))
    if not left:
        print_line("Everything is there already.")


def _print_days(kind: str, days: list[BackfillDay]) -> None:
    told = [day for day in days if day.state != "complete"]
    sums = _sums(days)
    print_line(
        f"{kind}: {sums['days']} days, {sums['asked']:,} answers, {sums['failed']:,} failures, {sums['credits']:,} credits reserved, "
        f"{sums['left']:,} requests left for later."
    )
    if told:
        rows = [(day.game_date, day.state, day.asked, day.failed, day.left, day.error or "") for day in told]
        print_table("Not complete", ("day", "state", "asked", "failed", "left", "cause"), rows, numeric=(2, 3, 4))
