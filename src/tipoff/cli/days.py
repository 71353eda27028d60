"""A game day for people: `day`, its plan and what happened; and the grid of what should exist, which `status` shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from tipoff.cli.common import AsJson, DataDir, print_json, print_line, print_table, settings_of

if TYPE_CHECKING:
    from tipoff.flow.cells import Expected
    from tipoff.flow.day_story import Moment

_WORDS = {"COMPLETE": "ok", "EXPECTED": ".", "RUNNING": "runs", "EMPTY_OK": "none", "DEGRADED": "less", "FAILED": "FAILED"}


def day(
    day: Annotated[str, typer.Argument(help="2025-11-05, TODAY, TOMORROW or YESTERDAY (New York).", metavar="DATE")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """The plan of a game day and what happened of it, in New York's time: asks, runs, batches, alerts, and what is next."""
    from contextlib import closing

    from tipoff.clock import resolve_date
    from tipoff.config import clock_of
    from tipoff.flow.day_story import day_story
    from tipoff.flow.expected import expected_outputs
    from tipoff.flow.overview import judged
    from tipoff.flow.state import State

    settings = settings_of(data_dir)
    clock = clock_of(settings)
    game_date = resolve_date(day, clock)
    with closing(State(settings, clock)) as state:
        story = day_story(state, settings, clock.now(), game_date)
        found = judged(state, settings, clock.now(), game_date, expected_outputs(state, game_date))
    if json:
        print_json({"verdict": found.sentence, "all_right": found.all_right, **story.as_dict()})
        return
    print_line(found.sentence)
    print_line()
    table = [
        (_local(at, game_date), kind, _what(moments), moments[0].mark, _detail(moments))
        for (at, kind, _), moments in ((key, list(group)) for key, group in groupby(story.moments, _row))
    ]
    print_table(f"{game_date}: {len(story.games)} games (New York)", ("when", "what", "of", "stands", "detail"), table)
    if story.next:
        print_line(f"Next: {_local(story.next.at, game_date)} {story.next.kind} {story.next.name}.")


def _row(moment: Moment) -> tuple[datetime, str, str]:
    """Asks of one moment that stand alike make one row; anything else one each."""
    return (moment.at, moment.kind, moment.mark if moment.kind == "ask" else moment.name)


def _what(moments: Sequence[Moment]) -> str:
    if moments[0].kind != "ask":
        games = len(moments[0].games)
        return f"{moments[0].name}{f' x{games}' if games else ''}"
    return ", ".join(f"{moment.name}{_times(moment)}" for moment in moments)


def _times(moment: Moment) -> str:
    """How many documents, and of how many of them it stands otherwise."""
    number = sum(moment.marks.values())
    others = [f"{count} {mark}" for mark, count in sorted(moment.marks.items()) if mark != moment.mark]
    times = f" x{number}" if number > 1 else ""
    return f"{times} ({', '.join(others)})" if others else times


def _detail(moments: Sequence[Moment]) -> str:
    return "; ".join(dict.fromkeys(moment.detail for moment in moments if moment.detail))


def _local(at: datetime, game_date: date) -> str:
    from tipoff.clock import NEW_YORK

    local = at.astimezone(NEW_YORK)
    later = (local.date() - game_date).days
    return f"{local:%H:%M}{f' ({later:+d}d)' if later else ''}"


def print_grid(game_date: date, cells: Sequence[Expected]) -> None:
    """What should exist of a game day as games x phases, and below it what is not as it should be, with its cause."""
    if not cells:
        return
    from tipoff.flow.cells import PHASES

    phases = [phase for phase in PHASES if any(cell.phase == phase for cell in cells)]
    ordered = sorted(cells, key=lambda cell: (cell.tip, cell.game_id))
    rows = []
    for game_id, group in groupby(ordered, lambda cell: cell.game_id):
        mine = {cell.phase: cell for cell in group}
        tip = next(iter(mine.values())).tip
        words = [_WORDS[mine[phase].standing] if phase in mine else "" for phase in phases]
        rows.append((_local(tip, game_date), "-".join(game_id.split("_")[1:]), *words))
    title = f"{game_date} (New York): . expected, none: nothing to have, less: degraded"
    print_table(title, ("tip", "game", *phases), rows)
    for (phase, standing, detail), group in groupby(sorted(ordered, key=_cause), _cause):
        if standing in ("FAILED", "DEGRADED"):
            mine_too = list(group)
            games = ", ".join("-".join(cell.game_id.split("_")[1:]) for cell in mine_too)
            repairs = max(cell.repairs for cell in mine_too)
            repaired = f" ({repairs} repairs so far)" if repairs else ""
            print_line(f"{standing} {phase} of {games}: {detail}{repaired}")


def _cause(cell: Expected) -> tuple[str, str, str]:
    return (cell.phase, cell.standing, cell.detail or "")
