"""Commands of features: `features list|show|reference|check|readiness` show them, `features build` stores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tipoff.cli.common import AsJson, DataDir, RunModeOption, print_json, print_line, print_table, progress, run_mode_called, settings_of

if TYPE_CHECKING:
    from tipoff.features.readiness import Readiness
    from tipoff.features.reference import Described
    from tipoff.features.refresh import Refreshed
    from tipoff.features.verdicts import Cell, SlateVerdict, Verdict

SHOWN_REASONS = 4

features = typer.Typer(name="features", help="What predictions rest on: each feature, and what a slate has of it.", no_args_is_help=True)


@features.command(name="list")
def list_(
    of_set: Annotated[str | None, typer.Option("--set", help="Only those of a trainer's set: v9, v12, v12_noveg, v18.")] = None,
    category: Annotated[str | None, typer.Option("--category", help="Only those of a category, such as matchup.")] = None,
    json: AsJson = False,
) -> None:
    """Every feature: index, name, category, unit, range, window."""
    from tipoff.features.reference import described, features_in

    told = [described(feature) for feature in features_in(of_set, category)]
    if json:
        print_json([asdict(item) for item in told])
        return
    rows = [
        (item.index, item.name, item.category, item.unit, item.range, _yes(item.required), _yes(item.may_be_constant), item.window)
        for item in told
    ]
    columns = ("", "feature", "category", "unit", "range", "required", "constant", "window")
    print_table(f"Features: {len(told)}", columns, rows)
    print_line("`tipoff features show NAME` tells how one is computed.")


@features.command()
def show(name: Annotated[str, typer.Argument(help="A feature: its name, or f0, f1 …")], json: AsJson = False) -> None:
    """One feature wholly: what it is, what it is made of, how it is computed, and the qualities that its value can have."""
    from tipoff.features.reference import described, feature_called
    from tipoff.features.registry import QUALITY

    told = described(feature_called(name))
    if json:
        print_json(asdict(told) | {"qualities": QUALITY})
        return
    print_table(f"{told.index} {told.name}", ("", ""), _facts(told))
    print_line("Quality by source: " + ", ".join(f"{source} {grade}" for source, grade in QUALITY.items()) + ", missing 0.")


def _facts(told: Described) -> list[tuple[str, str]]:
    return [
        ("category", told.category),
        ("unit", told.unit),
        ("range", told.range),
        ("required", _yes(told.required)),
        ("may be constant", _yes(told.may_be_constant)),
        ("window", told.window or "-"),
        ("made of", ", ".join(told.inputs)),
        ("needs", f"a source of {told.needs}" if told.needs else "-"),
        ("in the sets", ", ".join(told.sets)),
        ("definition", told.definition),
        ("how", told.how),
    ]


@features.command()
def reference(
    write: Annotated[Path | None, typer.Option("--write", help="Write it to this file instead.", metavar="PATH")] = None,
) -> None:
    """The reference page of all features, in Markdown: docs/features.md."""
    from tipoff.features.reference import reference_page, write_reference

    if write is None:
        print_line(reference_page().rstrip("\n"))
        return
    write_reference(write)
    print_line(f"Wrote {write}.")


@features.command()
def check(
    day: Annotated[str, typer.Argument(help="2025-11-05, TODAY or TOMORROW (New York).", metavar="DATE")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="Moment of knowledge, UTC; default: each game's tip.")] = None,
    run_mode: RunModeOption = "last_call",
    player: Annotated[str | None, typer.Option("--player", help="Explain one player: every feature, and the gate's verdict.")] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Build a slate's features and judge them, writing nothing: who would be let through, who would not and why, what would mend it.

    Ends as `tipoff night` would where the slate is stopped: with exit code 9, by the feature's name.
    """
    from tipoff.clock import parse_instant, resolve_date
    from tipoff.config import clock_of
    from tipoff.features.slate_checks import check_slate
    from tipoff.features.verdicts import explain, read_slate, verdicts_on
    from tipoff.store import open_warehouse

    mode = run_mode_called(run_mode)
    settings = settings_of(data_dir)
    game_date, moment = resolve_date(day, clock_of(settings)), parse_instant(as_of) if as_of else None
    with open_warehouse(settings).reading() as work:
        built, slate = read_slate(work, game_date, moment, mode)
    if player is not None:
        told = [(verdict, explain(built, verdict)) for verdict in verdicts_on(slate, player)]
        if json:
            print_json([asdict(verdict) | {"features": [asdict(cell) for cell in cells]} for verdict, cells in told])
        else:
            for verdict, cells in told:
                _print_player(verdict, cells)
    elif json:
        print_json({"game_date": game_date, "as_of": moment, "fit": slate.fit, **asdict(slate)})
    else:
        _print_slate(f"{game_date}", slate)
    check_slate(built)


def _print_slate(title: str, slate: SlateVerdict) -> None:
    lined = [player for player in slate.players if player.has_line]
    rows = [
        (
            player.name,
            player.team,
            "yes" if player.has_line else "-",
            f"{player.score:.0f}",
            player.tier,
            *(_whole(score) for score in player.by_category.values()),
            _yes(player.quality_ready),
            "open" if player.gate_open else player.why,
            player.mended_by or "-",
        )
        for player in slate.players
    ]
    columns = (
        "player",
        "team",
        "line",
        "score",
        "tier",
        "match",
        "hist",
        "team",
        "vegas",
        "game",
        "ready",
        f"gate ({slate.run_mode})",
        "mend",
    )
    print_table(f"{title}: {len(slate.players)} players, {len(lined)} with a line", columns, rows, numeric=(3, 5, 6, 7, 8, 9))
    _print_counts("Missing", ("feature", "reason"), [key.partition("=")[::2] for key in slate.missing], slate.missing)
    _print_counts("Waived", ("feature",), [(name,) for name in slate.waived], slate.waived)
    _print_counts("Out of range", ("feature",), [(name,) for name in slate.out_of_range], slate.out_of_range)
    through = sum(player.gate_open for player in slate.players)
    print_line(
        f"{through} of {len(slate.players)} players are let through ({sum(player.gate_open for player in lined)} of "
        f"{len(lined)} with a line), "
        f"{sum(player.quality_ready for player in slate.players)} are quality-ready."
    )
    if slate.fit:
        print_line("Nothing stops the slate. `--player NAME` explains one player wholly.")


def _print_counts(title: str, columns: Sequence[str], keys: Sequence[Sequence[str]], counts: dict[str, int]) -> None:
    if counts:
        rows = [(*key, count) for key, count in zip(keys, counts.values(), strict=True)]
        print_table(title, (*columns, "players"), rows, numeric=(len(columns),))


def _print_player(player: Verdict, cells: Sequence[Cell]) -> None:
    rows = [
        (
            cell.index,
            cell.name,
            "-" if cell.value is None else f"{cell.value:g}",
            cell.unit,
            cell.quality,
            cell.source or f"{cell.standing}: {cell.reason}. {cell.meaning}",
            cell.mended_by or "-",
        )
        for cell in cells
    ]
    columns = ("", "feature", "value", "unit", "quality", "source, or why it is missing", "mend")
    print_table(f"{player.name}, {player.team or 'no team'} in {player.game_id}", columns, rows, numeric=(2, 4))
    print_line(f"As of {_minute(player.as_of)}; newest input of {_minute(player.newest_known_at)}{_age(player)}.")
    categories = ", ".join(f"{name.replace('_', ' ')} {_whole(score)}" for name, score in player.by_category.items())
    print_line(
        f"Score {player.score:.1f}, {player.tier}: {categories}. {'Quality-ready' if player.quality_ready else 'Not quality-ready'}."
    )
    if player.waived:
        print_line(f"Waived: {', '.join(player.waived)}.")
    if player.warm_up:
        print_line("Within the season's first 14 days: not trained on.")
    print_line("The gate is open." if player.gate_open else f"The gate is closed: {player.why}. It would be mended by {player.mended_by}.")


def _age(player: Verdict) -> str:
    if player.newest_known_at is None:
        return ""
    return f", {(player.as_of - player.newest_known_at).total_seconds() / 3600:.1f} h before"


@features.command()
def readiness(
    start: Annotated[str, typer.Option("--start", help="First game day.", metavar="DATE")],
    end: Annotated[str, typer.Option("--end", help="Last game day.", metavar="DATE")],
    run_mode: RunModeOption = "last_call",
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Week by week: players with a line, how many of them are quality-ready as of each tip, and what holds the others back."""
    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.features.readiness import readiness as measure
    from tipoff.features.readiness import weeks
    from tipoff.store import open_warehouse

    mode = run_mode_called(run_mode)
    settings = settings_of(data_dir)
    first, last = (resolve_date(day, clock_of(settings)) for day in (start, end))
    with open_warehouse(settings).reading() as work, progress(json) as announce:
        found = measure(work, first, last, mode, announce("readiness", len(list(weeks(first, last)))))
    if json:
        print_json({"start": first, "end": last, "run_mode": mode, "weeks": [_plain(week) for week in found]})
    else:
        _print_readiness(found, mode)


def _plain(week: Readiness) -> dict[str, Any]:
    stopped = {day.isoformat(): [asdict(alert) for alert in alerts] for day, alerts in week.stopped.items()}
    return asdict(week) | {"stopped": stopped}


def _print_readiness(found: Sequence[Readiness], mode: str) -> None:
    rows = [
        (
            week.week,
            week.games,
            week.lined,
            week.ready.wins,
            _share(week.ready.rate),
            _share(week.let_through.rate),
            "; ".join(f"{reason} {number:,}" for reason, number in list(week.blocked.items())[:SHOWN_REASONS]) or "-",
        )
        for week in found
    ]
    columns = ("week of", "games", "lined", "ready", "share", "let through", "held back by (player-games; one may have several reasons)")
    print_table(f"Quality-ready as of each tip, gate {mode}", columns, rows, numeric=(1, 2, 3, 4, 5))
    lined, ready = sum(week.lined for week in found), sum(week.ready.wins for week in found)
    print_line(f"{ready:,} of {lined:,} player-games with a line are quality-ready.")
    waived = sorted({name for week in found for name in week.waived})
    if waived:
        print_line(f"Waived in some of them: {', '.join(waived)}.")
    by_feature: dict[str, list[date]] = {}
    for week in found:
        for day, alerts in week.stopped.items():
            for alert in alerts:
                by_feature.setdefault(alert.feature, []).append(day)
    if by_feature:
        stops = [(name, len(days), days[0], days[-1]) for name, days in by_feature.items()]
        print_table("Slates that would be stopped, by feature", ("feature", "slates", "first", "last"), stops, numeric=(1,))


def _share(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


def _whole(score: float | None) -> str:
    return "-" if score is None else f"{score:.0f}"


def _yes(value: bool) -> str:
    return "yes" if value else "-"


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z" if moment else "-"


@features.command()
def build(
    start: Annotated[str, typer.Option("--start", help="First game day.", metavar="DATE")],
    end: Annotated[str, typer.Option("--end", help="Last game day.", metavar="DATE")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Moment of knowledge, UTC, such as 2025-12-06T20:00Z (default: each game's tip).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Build also what is up to date: after a replay, or names set right.")] = False,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Bring the stored features of these days up to date: games that nothing new may reach are left as they are."""
    from tipoff.clock import parse_instant, resolve_date
    from tipoff.config import clock_of
    from tipoff.features.refresh import months, refresh_days
    from tipoff.flow.house import open_house

    settings = settings_of(data_dir)
    clock = clock_of(settings)
    first, last = resolve_date(start, clock), resolve_date(end, clock)
    moment = parse_instant(as_of) if as_of else None
    with open_house(settings, clock) as house, progress(json) as announce:
        tick = announce("months", sum(1 for _ in months(first, last)))
        with house.state.phase(house.run_id, "features build", None) as recorded:
            found = refresh_days(house.warehouse, first, last, run_id=house.run_id, as_of=moment, force=force, tick=tick)
            recorded.counts = asdict(found)
    if json:
        print_json({"start": first, "end": last, "as_of": moment, **asdict(found)})
    else:
        print_line(f"{first} to {last}, as of {f'{moment:%Y-%m-%d %H:%M}Z' if moment else 'each tip'}: {_told(found)}")


def _told(found: Refreshed) -> str:
    return f"{found.built:,} games built with {found.rows:,} rows, {found.up_to_date:,} games up to date."
