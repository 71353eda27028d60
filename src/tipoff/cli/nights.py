"""Commands of the night: `demo`, `night`, `grade`, `train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tipoff.cli.common import (
    AsJson,
    DataDir,
    RunModeOption,
    busy,
    print_json,
    print_line,
    print_records,
    print_table,
    progress,
    run_mode_called,
    settings_of,
)

if TYPE_CHECKING:
    from tipoff.flow.night import Night, PhaseResult

DEMO_DIR = Path("tipoff-demo")


def demo(
    data_dir: Annotated[Path, typer.Option("--data-dir", help="Where the practice league is kept.")] = DEMO_DIR,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page at the end, until Ctrl-C.")] = True,
    port: Annotated[int | None, typer.Option("--port", help="Port of the page; 0 takes a free one.", show_default=False)] = None,
    json: AsJson = False,
) -> None:
    """A whole night on a league of invented players: scraped over HTTP, trained, predicted, published, last night graded.

    Needs no key and no network.
    """
    from tipoff.config import mask_url
    from tipoff.flow.demo import demo as run

    settings = settings_of(data_dir, port=port)
    with progress(json) as announce:
        story = run(settings, announce)
    if json:
        print_json(story.as_dict())
    else:
        _print_phases("The demo, step by step", story.steps)
        if story.grades:
            print_records(f"Last night, {story.last_night}, graded", story.grades)
        if story.night:
            _print_night(story.night)
        print_line(f"Published in {mask_url(settings.bucket) if settings.bucket else data_dir}/v1.")
    if serve and not json:
        from tipoff.web.server import serve as serve_pages

        print_line()
        serve_pages(settings, announce=lambda url, _: print_line(f"Tonight's page: {url}  (Ctrl-C ends)"))


def night(
    day: Annotated[str, typer.Argument(help="2025-11-05, TODAY or TOMORROW (New York).", metavar="DATE")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="Moment of knowledge, UTC; default: each game's tip.")] = None,
    run_mode: RunModeOption = "last_call",
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Predict a date on what is loaded: analyze, features, predict, publish."""
    from tipoff.clock import parse_instant, resolve_date
    from tipoff.config import clock_of
    from tipoff.flow.house import open_house
    from tipoff.flow.night import night as run

    mode = run_mode_called(run_mode)
    moment = parse_instant(as_of) if as_of else None
    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, progress(json) as announce:
        found = run(
            house,
            resolve_date(day, house.clock),
            as_of=moment,
            run_mode=mode,
            announce=lambda name: _tell(announce, name),
        )
    if json:
        print_json(found.as_dict())
        return
    _print_phases(f"Night of {found.game_date}", found.phases)
    _print_night(found)
    print_line("Published: `tipoff serve` shows it, player by player, with the best bets.")


def _tell(announce: Any, name: str) -> None:
    announce(name, None)


def grade(
    day: Annotated[str, typer.Argument(help="2025-11-05, TODAY or YESTERDAY (New York).", metavar="DATE")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Grade a date's predictions against the newest box scores; grading again replaces."""
    from dataclasses import asdict

    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.flow.house import open_house
    from tipoff.flow.night import grade_night

    settings = settings_of(data_dir)
    with open_house(settings, clock_of(settings)) as house, busy(json, "grade"):
        game_date = resolve_date(day, house.clock)
        records, phases = grade_night(house, game_date)
    if json:
        print_json(
            {"game_date": game_date, "systems": [asdict(record) for record in records], "phases": [asdict(phase) for phase in phases]}
        )
        return
    print_records(f"{game_date}, graded", records)


def train(
    until: Annotated[str, typer.Option("--until", help="Train for this day: on days before it alone.")] = "TODAY",
    window: Annotated[
        str | None, typer.Option("--window", help="Days of history, such as 1095d, or season; default: each system's own.")
    ] = None,
    systems: Annotated[str | None, typer.Option("--systems", help="Only these, comma-separated.")] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Train the systems of the fleet on what the warehouse holds of the days before a date."""
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.flow.house import open_house, systems_of
    from tipoff.flow.training import train_fleet

    settings = settings_of(data_dir)
    chosen = systems_of(settings, [name.strip() for name in systems.split(",")] if systems else None)
    with open_house(settings, clock_of(settings)) as house, progress(json) as announce:
        day = resolve_date(until, house.clock)
        tick = announce(f"train for {day}", len(chosen) + 1)
        trained = train_fleet(house, chosen, day, window, tick)
    if json:
        print_json([manifest.__dict__ | {"voice": None, "canary": None} for manifest in trained.manifests])
        return
    rows = [
        (
            item.model_id,
            item.rows,
            f"{item.trained_from} .. {item.trained_until}",
            int(item.metrics["n"]),
            item.metrics.get("mae"),
            int(item.metrics["lined_n"]),
            item.metrics.get("lined_log_loss"),
        )
        for item in trained.manifests
    ]
    columns = ("model", "rows", "trained on", "N held out", "MAE", "N with a line", "log loss of P(over)")
    for system_id, why in trained.refused.items():
        print_line(f"Not trained: {system_id}: {why}")
    print_table("Trained (figures on the held-out last days)", columns, rows, numeric=(1, 3, 4, 5, 6))


def _print_phases(title: str, phases: list[PhaseResult]) -> None:
    rows = [(phase.phase, f"{phase.seconds:.1f} s", _counts(phase.counts)) for phase in phases]
    rows.append(("total", f"{sum(phase.seconds for phase in phases):.1f} s", ""))
    print_table(title, ("phase", "time", "counts"), rows, numeric=(1,))


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in counts.items() if isinstance(value, int))


def _print_night(found: Night) -> None:
    kinds = ", ".join(f"{number} by a {kind}" for kind, number in sorted(found.lined_by_kind.items(), reverse=True))
    print_line(
        f"{found.game_date}: {found.games} games, {found.players} players, {found.lined} with a line{f' ({kinds})' if kinds else ''}."
    )
    for gap in found.gaps:
        print_line(f"Missing: {gap}.")
    print_table(
        "Predictions",
        ("system", "players", "with a line", "recommended"),
        [(name, found.predicted[name], found.predicted_lined[name], found.recommended[name]) for name in sorted(found.predicted)],
        numeric=(1, 2, 3),
    )
    if found.absences:
        print_table(
            "Not predicted (players x systems)",
            ("reason", "all", "with a line"),
            [(reason, number, found.lined_absences.get(reason, 0)) for reason, number in sorted(found.absences.items())],
            numeric=(1, 2),
        )
