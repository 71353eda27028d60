"""The page of the pipeline: whether a game day is all right, its grid, batches, processes, alerts, credits, messages, what came in.

In: the state database and published documents. Out: the page, its board, which is asked for again whenever something changed, and the
stream that tells so. It must never open the warehouse, nor do any work: what an operator does here, the calls of the control API do.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from tipoff.clock import Clock, game_date_of
from tipoff.config import Settings
from tipoff.flow.alerts import Alert, alerts
from tipoff.flow.batch_log import Batch
from tipoff.flow.cells import PHASES, Expected
from tipoff.flow.day_story import Moment, day_story
from tipoff.flow.living import living
from tipoff.flow.overview import Overview, overview
from tipoff.flow.state import State
from tipoff.publish.intake import Intake
from tipoff.web import words
from tipoff.web.published import Published
from tipoff.web.rendering import Made, Rendering

FRESH = 1.0
"""So many seconds a board is good for whoever looks next: however many look, the state database is asked once."""
PAGE_FRESH = 4.0
"""The same for a whole page, whose script hears of what is newer."""
BREATH = 15.0
_RECOVERED = timedelta(days=2)
"""So long an alert that is over is still shown."""
_MARKS = {"EXPECTED": "·", "RUNNING": "…", "COMPLETE": "✓", "EMPTY_OK": "–", "FAILED": "✕", "DEGRADED": "!"}
_SAID = {
    "EXPECTED": "not due yet",
    "RUNNING": "a batch is at it",
    "COMPLETE": "there",
    "EMPTY_OK": "nothing to have",
    "FAILED": "not there",
    "DEGRADED": "there, with less than it should have",
}


@dataclass(frozen=True)
class GridRow:
    """One game of the grid: its cells by phase."""

    game_id: str
    tip: datetime
    cells: dict[str, Expected]


@dataclass(frozen=True)
class Board:
    """What the board shows at a moment; `tag` changes with anything of it but the ages."""

    found: Overview
    phases: tuple[str, ...]
    rows: tuple[GridRow, ...]
    alive: frozenset[str]
    recovered: tuple[Alert, ...]
    moments: tuple[Moment, ...]
    intake: tuple[Intake, str] | None
    tag: str


class Pipeline:
    """The board of any game day, read at most once in `FRESH` seconds. Safe to share between threads."""

    def __init__(self, state: State, clock: Clock, settings: Settings, published: Published, rendering: Rendering) -> None:
        self._state, self._clock, self._settings = state, clock, settings
        self._published, self._rendering = published, rendering
        self._mutex = threading.Lock()
        self._read: dict[date, tuple[float, Board]] = {}
        rendering.add(cell_mark=_MARKS.get, cell_said=_SAID.get, batch_said=batch_said, standing_of=standing_of, since=self._since)

    def today(self) -> date:
        """The game day of this moment, New York."""
        return game_date_of(self._clock.now())

    def page(self, day: date, *, open_to_look: bool, token_set: bool) -> Made | str:
        """The whole page; where looking needs the token the board is left out, and the page's script asks for it."""
        board = self._at(day, PAGE_FRESH) if open_to_look else None
        said: dict[str, Any] = {"day": day, "token_set": token_set, "open_to_look": open_to_look, "before": day - timedelta(days=1)}
        said |= {"after": day + timedelta(days=1), "today": self.today()}
        if board is None:
            return self._rendering.page("pipeline.html", "pipeline", **said)
        version = (said["today"], board.tag, board.intake and board.intake[1], int(time.monotonic() / PAGE_FRESH))
        shown = {"board": board, "intake": board.intake and board.intake[0]}
        return self._rendering.kept(("pipeline", day), version, lambda: self._rendering.page("pipeline.html", "pipeline", **said, **shown))

    def board(self, day: date) -> str:
        """The board alone, as it is at this moment: it is asked for because something changed."""
        with self._mutex:
            self._read.pop(day, None)
        board = self._at(day)
        return self._rendering.page("pipeline_board.html", day=day, board=board, intake=board.intake and board.intake[0])

    def tag(self, day: date) -> str:
        """What changes when the board does."""
        return self._at(day).tag

    def _at(self, day: date, fresh: float = FRESH) -> Board:
        with self._mutex:
            now = time.monotonic()  # not the house's clock, which may stand still, or jump
            self._read = {other: read for other, read in self._read.items() if now - read[0] < PAGE_FRESH}
            if day not in self._read or now - self._read[day][0] >= fresh:
                self._read[day] = now, self._look(day, self._clock.now())
            return self._read[day][1]

    def _look(self, day: date, now: datetime) -> Board:
        found = overview(self._state, self._clock, self._settings, day, last=12)
        alive = frozenset(worker.worker_id for worker in living(self._state, self._clock))
        recovered = tuple(alert for alert in alerts(self._state) if alert.recovered_at and now - alert.recovered_at < _RECOVERED)
        moments = tuple(day_story(self._state, self._settings, now, day).moments)
        told = (found.verdict, found.alerts, found.credits, found.runs, found.batches, found.expected, found.dead_letters)
        tag = hashlib.sha256(repr((*told, found.undelivered, sorted(alive), moments)).encode()).hexdigest()[:16]
        phases = tuple(phase for phase in PHASES if any(cell.phase == phase for cell in found.expected))
        return Board(found, phases, _rows(found.expected), alive, recovered, moments, self._published.intake(), tag)

    def _since(self, moment: datetime) -> str:
        """How long ago, in words."""
        now = self._clock.now()
        if abs((now - moment).total_seconds()) < 60:
            return "just now"
        return f"{words.age(moment, now)} ago" if moment <= now else f"in {words.age(now, moment)}"


def _rows(cells: list[Expected]) -> tuple[GridRow, ...]:
    games: dict[str, GridRow] = {}
    for cell in sorted(cells, key=lambda cell: (cell.tip, cell.game_id)):
        games.setdefault(cell.game_id, GridRow(cell.game_id, cell.tip, {})).cells[cell.phase] = cell
    return tuple(games.values())


def batch_said(batch: Batch) -> str:
    """How a batch stands, for people: how far it is, or how it ended."""
    if batch.state == "processing":
        done = batch.progress.get("phase") or batch.progress.get("phases")
        return f"at work{f': {done}' if isinstance(done, str) else ''}"
    return batch.state.replace("_", " ")


def standing_of(cells: list[Expected]) -> list[tuple[str, int]]:
    """How many cells stand how, the worst first."""
    order = ("FAILED", "DEGRADED", "RUNNING", "EXPECTED", "COMPLETE", "EMPTY_OK")
    counted: Counter[str] = Counter(cell.standing for cell in cells)
    return [(standing, counted[standing]) for standing in order if counted[standing]]


def changes(pipeline: Pipeline, day: date, ending: Callable[[], bool]) -> StreamingResponse:
    """Server-sent events for as long as somebody listens: `changed` with the board's tag at first, and whenever it is another one."""

    async def told() -> AsyncIterator[str]:
        before, silent = "", 0.0
        while not ending():
            tag = await run_in_threadpool(pipeline.tag, day)
            if tag != before:
                before, silent = tag, 0.0
                yield f"event: changed\ndata: {tag}\n\n"
            elif silent >= BREATH:
                silent = 0.0
                yield ": still here\n\n"  # so that a listener who left is noticed
            await asyncio.sleep(FRESH)
            silent += FRESH

    return StreamingResponse(told(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
