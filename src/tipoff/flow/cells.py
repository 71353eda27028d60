"""How each phase of a game stands: the rules, from what was seen of it, to one word and why.

Comes in: what is there, what was asked, which batches are at it. Goes out: a standing and a detail. Pure functions, that know no table
and no clock.

EXPECTED: not due yet. RUNNING: a batch is at it. COMPLETE: it is there. EMPTY_OK: it was done, and there is nothing to have. FAILED: it
is due, or was tried, and is not there; the detail says why. DEGRADED: it is there, and less than it should be; the detail says what lacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

from tipoff.clock import NEW_YORK
from tipoff.flow.batch_log import Batch

Standing = Literal["EXPECTED", "RUNNING", "COMPLETE", "EMPTY_OK", "FAILED", "DEGRADED"]
DOCUMENTS = ("lines", "props", "injuries", "box")
"""Phases that are documents of a source."""
SLATE = ("analyze", "features", "predict", "publish")
"""Phases that a slate's batch does, in their order."""
PHASES = ("lines", "props", "injuries", "load", *SLATE, "box", "grade")
"""The columns of the grid, as a night goes."""
NOTHING_CAME = "Asked, and nothing of it is there."
NOT_YET = "The source has nothing on it yet."
SET_APART = "Its answer is set apart"
ITS_BATCH = "Its batch is"
ANSWERED = (SET_APART, ITS_BATCH)
"""How the detail of a document begins that came: asking again would bring the same, and may cost credits."""
NOBODY_ASKED = "Nobody asked in time."
NOBODY_RAN = "Nobody ran it in time."
NO_LINES_YET = "It waits for its first lines."
Told = tuple[Standing, str | None]


@dataclass(frozen=True)
class Expected:
    """One cell of the grid. `deadline` and `tip` are UTC; `repairs` is how often a repair of it was started."""

    game_date: date
    game_id: str
    phase: str
    standing: Standing
    deadline: datetime
    detail: str | None
    tip: datetime
    repairs: int = 0
    repaired_at: datetime | None = None

    @property
    def is_there(self) -> bool:
        """Whether it was made, if with less than it should have."""
        return self.standing in ("COMPLETE", "DEGRADED")


@dataclass
class Said:
    """What the systems said of a game: predictions and, of them, those with a line, by system; the players' reasons of those who were
    silent, by system; how many (player, system) pairs wait for a phase that would mend them, by phase."""

    predicted: dict[str, int] = field(default_factory=dict)
    lined: dict[str, int] = field(default_factory=dict)
    absent: dict[str, Counter[str]] = field(default_factory=dict)
    mendable: dict[str, set[str]] = field(default_factory=dict)

    @property
    def silent(self) -> list[str]:
        """The systems that predicted nobody and, of somebody at least, not for want of anything but themselves: no model, or blocked."""
        return sorted(name for name, reasons in self.absent.items() if not self.predicted.get(name) and reasons["model_blocked"])

    @property
    def systems(self) -> set[str]:
        return {*self.predicted, *self.absent}


def document_stands(is_there: bool, ask: Mapping[str, Any] | None, batch: Batch | None, apart: str | None, *, late: bool) -> Told:
    """A document of a source, from its newest ask, its newest batch, and why its answer was set apart."""
    failed = ask is not None and ask["state"] in ("failed", "again")
    if batch is not None and not batch.over:
        return "RUNNING", None
    if is_there:
        return ("DEGRADED", ask["error"] or NOTHING_CAME) if failed and ask else ("COMPLETE", None)
    if failed and ask:
        return "FAILED", ask["error"] or NOTHING_CAME
    if batch is not None and batch.state in ("failed", "parked"):
        return "FAILED", f"{ITS_BATCH} {batch.state}."
    if apart:
        return "FAILED", apart
    if ask is not None:
        return ("FAILED", ask["error"] or NOTHING_CAME) if late else ("EMPTY_OK", NOT_YET)
    return ("FAILED", NOBODY_ASKED) if late else ("EXPECTED", None)


def loads_stand(newest: Collection[Batch]) -> Told:
    """Everything that came, from the newest batch of each feed."""
    went_wrong = sorted(batch.feed for batch in newest if batch.state in ("failed", "timeout", "parked") or _is_again(batch))
    if went_wrong:
        causes = "; ".join(f"{batch.feed}: {batch.error or batch.cause}" for batch in newest if batch.feed in went_wrong)
        return "FAILED", causes
    if any(not batch.over for batch in newest):
        return "RUNNING", None
    return ("COMPLETE", None) if newest else ("EXPECTED", None)


def phase_stands(phase: str, is_there: bool, batch: Batch | None, *, late: bool) -> Told:
    """A phase of a slate, or grading, from the newest batch that holds the game."""
    if batch is not None and not batch.over and not _is_again(batch) and not _did(batch, phase):
        return "RUNNING", None
    why = _why_failed(batch, phase)
    if is_there:
        return ("DEGRADED", why) if why else ("COMPLETE", None)
    if why:
        return "FAILED", why
    return ("FAILED", NOBODY_RAN) if late else ("EXPECTED", None)


def predictions_stand(said: Said | None, batch: Batch | None, *, late: bool, closed: bool) -> Told:
    """The predictions of a game. `closed` from its last quotes on, when no line comes any more."""
    standing, why = phase_stands("predict", bool(said and said.systems), batch, late=late)
    if standing != "COMPLETE" or said is None:
        return standing, why
    lacks = []
    if silent := said.silent:
        lacks.append(f"silent are {len(silent)} of {len(said.systems)} systems: {', '.join(silent)}")
    lacks += [f"waiting for {phase}: {', '.join(sorted(players))}" for phase, players in sorted(said.mendable.items())]
    if lacks:
        return "DEGRADED", f"{'; '.join(lacks).capitalize()}."
    if not any(said.lined.values()):
        return ("EMPTY_OK", "No lines were offered.") if closed else ("EXPECTED", NO_LINES_YET)
    return "COMPLETE", None


def grades_stand(is_there: bool, had_predictions: bool, has_box: bool, batch: Batch | None, *, late: bool) -> Told:
    """The grades of a game: there is nothing to grade where nothing was predicted."""
    if has_box and not had_predictions:
        return "EMPTY_OK", "Nothing was predicted."
    return phase_stands("grade", is_there, batch, late=late)


def _is_again(batch: Batch) -> bool:
    """Whether a batch waits to try again what another failed at."""
    return batch.state == "waiting" and batch.not_before is not None


def _did(batch: Batch, phase: str) -> bool:
    """Whether it is past a phase, which it ran or found up to date."""
    return phase in batch.progress.get("ran", ())


def _why_failed(batch: Batch | None, phase: str) -> str | None:
    """Why the newest batch did not do a phase: its error, at the phase that it failed at and at those after it."""
    if batch is None or _did(batch, phase):
        return None
    if _is_again(batch):
        assert batch.not_before is not None
        local = batch.not_before.astimezone(NEW_YORK)
        return f"{batch.cause} (again at {local:%H:%M:%S})"
    if batch.state in ("failed", "timeout", "parked"):
        return f"{batch.error} ({batch.state})"
    return None


def utc(kept: datetime) -> datetime:
    """An instant as the state database keeps it."""
    return kept.replace(tzinfo=UTC)
