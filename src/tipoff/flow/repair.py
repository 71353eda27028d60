"""What to do about a gap: which batch to start, or what to ask for again, and how often at most.

Comes in: the grid of a day, and its batches. Goes out: repairs. A phase that is due and not there gets a batch, a document that is not
there is asked for again at the capture's next tick. What a batch will try again by itself is left to it. Each cell is repaired `MOST`
times, with pauses that grow, so that a gap which nothing mends makes no storm (F29). It must never know what a batch does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tipoff.flow.batch_log import Batch
from tipoff.flow.cells import ANSWERED, SLATE, Expected
from tipoff.flow.day import FINAL_RETRY_BEFORE, last_call_of
from tipoff.flow.slate import ask

MOST = 4
"""Repairs of one cell of a game day."""
PAUSE = timedelta(minutes=5)
GROWTH = 3
"""How much longer each pause between two repairs of a cell is than the one before."""
OF_EVERY_GAME = ("lines", "injuries")
"""Documents that speak of all games."""
_STUCK = ("failed", "timeout", "parked")


@dataclass(frozen=True)
class Repair:
    """A batch to be started, or (feed, game) to be asked for again; and the cells that it mends."""

    cells: list[Expected]
    cause: str
    feed: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict)
    asks: Collection[tuple[str, str]] = ()


def repairs_of(cells: Sequence[Expected], on_record: Sequence[Batch], now: datetime) -> list[Repair]:
    """What would mend the gaps of a grid now. `on_record` are the day's batches."""
    open_feeds = {batch.feed for batch in on_record if not batch.over}
    gaps = [cell for cell in cells if cell.standing == "FAILED" and _may(cell, now)]
    found = _documents(gaps, now) + _loads(gaps, on_record)
    if "slate" not in open_feeds:
        found += _slates(gaps, min((cell.tip for cell in cells), default=now), now)
    if "grade" not in open_feeds and (late := [cell for cell in gaps if cell.phase == "grade"]):
        found.append(Repair(late, f"{len(late)} games are not graded", "grade"))
    return found


def _may(cell: Expected, now: datetime) -> bool:
    """Whether a cell may be repaired (again) now."""
    if cell.repairs >= MOST:
        return False
    return cell.repaired_at is None or now - cell.repaired_at >= PAUSE * GROWTH ** (cell.repairs - 1)


def _documents(gaps: Sequence[Expected], now: datetime) -> list[Repair]:
    """What a source did not give: before the tip what is quoted; box scores once the night's own asks are over. What came, and was set
    apart or not loaded, is not asked for again."""
    gaps = [cell for cell in gaps if not (cell.detail or "").startswith(ANSWERED)]
    quoted = [cell for cell in gaps if now < cell.tip]
    found = [
        Repair(mine, f"no {phase}", asks=[(phase, "")])
        for phase in OF_EVERY_GAME
        if (mine := [cell for cell in quoted if cell.phase == phase])
    ]
    props = [cell for cell in quoted if cell.phase == "props"]
    boxes = [cell for cell in gaps if cell.phase == "box" and now > cell.deadline]
    return found + [Repair([cell], f"no {cell.phase}", asks=[(cell.phase, cell.game_id)]) for cell in (*props, *boxes)]


def _loads(gaps: Sequence[Expected], on_record: Sequence[Batch]) -> list[Repair]:
    """What came and was not loaded, and will not be tried again by itself. The cells of all games count as one."""
    mine = [cell for cell in gaps if cell.phase == "load"]
    newest = {batch.feed: batch for batch in sorted(on_record, key=lambda batch: batch.number)}
    stuck = sorted(feed for feed, batch in newest.items() if feed not in ("slate", "grade", "train") and batch.state in _STUCK)
    return [Repair(mine if place == 0 else [], f"{feed} is {newest[feed].state}", feed) for place, feed in enumerate(stuck)] if mine else []


def _slates(gaps: Sequence[Expected], first_tip: datetime, now: datetime) -> list[Repair]:
    """Phases of a slate: before the tip all that lack, with the gate of the moment; afterwards what was said is only published."""
    mine = [cell for cell in gaps if cell.phase in SLATE]
    ahead = [cell for cell in mine if now < cell.tip]
    unpublished = [cell for cell in mine if cell.phase == "publish" and now >= cell.tip]
    found = []
    for run_mode in ("last_call", "final_retry", "retry"):
        if group := [cell for cell in ahead if _run_mode(cell, first_tip, now) == run_mode]:
            games = sorted({cell.game_id for cell in group})
            phases = ", ".join(phase for phase in SLATE if any(cell.phase == phase for cell in group))
            found.append(Repair(group, f"{phases} of {len(games)} games are missing", "slate", ask(run_mode, games)))
    if unpublished:
        found.append(Repair(unpublished, "it is not published", "slate", ask("last_call", phases=["publish"])))
    return found


def _run_mode(cell: Expected, first_tip: datetime, now: datetime) -> str:
    if now >= last_call_of(cell.tip):
        return "last_call"
    return "final_retry" if now >= first_tip - FINAL_RETRY_BEFORE else "retry"
