"""The shapes of what is asked of the control API, and of what it answers.

A field that does not fit is refused by its path, an unknown one too; nothing is guessed. Dates are game days (New York), written
2025-11-05. It must never know how a call is carried out.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from tipoff.errors import BadInput
from tipoff.features.quality import RunMode
from tipoff.flow.backfill import SNAPSHOTS, Kind
from tipoff.flow.coordinator import Processor
from tipoff.flow.standing import BATCH_ID
from tipoff.predict.systems import THIS_SEASON, window_of
from tipoff.publish.export import DocumentName
from tipoff.web.published import FIRST_DAY, LAST_DAY

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _day(value: Any) -> date:
    if isinstance(value, str) and _ISO.fullmatch(value):
        try:
            found = date.fromisoformat(value)
        except ValueError:
            found = None
        if found is not None and FIRST_DAY <= found <= LAST_DAY:
            return found
    raise ValueError(f"a date such as 2025-11-05, from {FIRST_DAY} to {LAST_DAY}")


def _one_line(text: str) -> str:
    """Words for the record: nothing that could break a line, a log or an encoding."""
    if not text.strip() or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise ValueError("one line of text, not empty")
    return text.strip()


def _window(text: str) -> str:
    """A window of training, checked where it is asked for: a batch would come to it late, and try again."""
    if text != THIS_SEASON:
        try:
            window_of(text)
        except BadInput as error:
            raise ValueError("a number of days, such as 1095d, or season") from error
    return text


GameDay = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$", "examples": ["2025-11-05"]}),
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:+-]*$", max_length=120)]
Words = Annotated[str, Field(max_length=500), AfterValidator(_one_line)]
Window = Annotated[Name, AfterValidator(_window)]
Systems = Annotated[list[Name], Field(max_length=100)]
BatchId = Annotated[str, Field(pattern=f"^{BATCH_ID}$")]


class Asked(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class StartRequest(Asked):
    """A date to be analyzed, predicted and published."""

    game_date: GameDay
    run_mode: RunMode = Field("first", description="how strict the gate is: first … last_call")
    force: bool = Field(False, description="do it again where everything is up to date")
    systems: Systems = Field([], description="only these; empty: all")


class ProcessDateRequest(Asked):
    """Phases 2 to 4 of a date, or those of the named processors."""

    analysis_date: GameDay
    processors: Annotated[list[Processor], Field(max_length=20)] = Field([], description="only these; empty: all")
    skip_dependency_check: bool = Field(False, description="do it on what is there, whatever is missing")


class ResetRequest(Asked):
    """A date whose batch is to end."""

    game_date: GameDay


class ExportRequest(Asked):
    """A date whose documents are to be published again."""

    game_date: GameDay
    documents: Annotated[list[DocumentName], Field(max_length=20)] = Field([], description="only these; empty: all")


class GradeRequest(Asked):
    """A date to be graded against the newest box scores."""

    game_date: GameDay


class BackfillRequest(Asked):
    """History to be fetched: what is there already is not asked for again."""

    kind: Kind
    start_date: GameDay
    end_date: GameDay
    plan_only: bool = Field(False, description="only tell what would be asked, and its price in credits")
    historical: bool = Field(False, description="ask the odds source's history, at ten times the price; odds need it")
    snapshots: Annotated[list[Name], Field(min_length=1, max_length=20)] = Field(
        list(SNAPSHOTS), description="moments before each tip, such as T-3h"
    )
    max_credits: Annotated[int, Field(ge=0, le=10**9)] | None = Field(None, description="stop before this backfill costs more")


class TrainRequest(Asked):
    """Systems to be trained on the days before a date."""

    until: GameDay | None = Field(None, description="train for this day; default: today in New York")
    systems: Systems = Field([], description="only these; empty: all")
    window: Window | None = Field(None, description="days of history, such as 1095d, or season; default: each system's own")


class ReplayRequest(Asked):
    """Dead letters that are to be taken again."""

    letters: Annotated[list[Name], Field(max_length=200)] = Field([], description="by id or its beginning; empty: all that wait")


class PromoteRequest(Asked):
    """A model to be raised, where the gates let it through."""

    model_id: Name
    to: Literal["shadow", "champion"]
    by: Words = Field(description="who decides: a name, for the record")
    reason: Words = Field(description="why, for the record")
    backtest_id: Name | None = Field(None, description="judge on this backtest; default: the newest that fits")


class RollbackRequest(Asked):
    """The champion before is to come back, and the present one to retire."""

    by: Words = Field(description="who decides: a name, for the record")
    reason: Words = Field(description="why, for the record")


class Answer(BaseModel):
    """What is answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedAnswer(Answer):
    """What a start will give, as far as it is known."""

    games: int
    systems: int
    players: int | None = Field(description="null until the slate is analyzed")
    predictions: int | None = Field(description="players x systems")


class TicketAnswer(Answer):
    """The batch that does it; GET /status?batch_id= tells how it stands."""

    batch_id: str
    game_date: date
    state: str
    workers: int = Field(description="workers that are alive; with none of them it waits")


class StartAnswer(TicketAnswer):
    """The batch of the date."""

    expected: ExpectedAnswer | None = Field(description="null where the batch that runs was not started by hand")


class ProcessDateAnswer(Answer):
    """What became of the phases, by the time of this answer."""

    game_date: date
    ran: list[str]
    up_to_date: list[str]
    open: list[str] = Field(description="not over yet, or failed")
    batches: list[str] = Field(description="the batches that see to it; GET /status?batch_id= tells how each stands")
    problems: list[str]
    workers: int = Field(description="workers that are alive; with none of them it waits")


class ResetAnswer(Answer):
    """The batches that were ended; their rows stay."""

    game_date: date
    ended: list[str]


class PlannedDay(Answer):
    """A day of a backfill's plan."""

    game_date: date
    requests: int
    there: int
    left: int
    credits: int


class BackfillAnswer(Answer):
    """The plan; and the id under which it runs, where it was started."""

    backfill_id: str | None
    kind: str
    left: int
    credits: int
    days: list[PlannedDay]


class PromoteAnswer(Answer):
    """What a model was, and is; and what the gates said."""

    model_id: str
    was: str
    state: str
    gates: list[dict[str, Any]]


class ReplayAnswer(Answer):
    """How many dead letters were taken, and how many are left."""

    taken: int
    left: int


class RollbackAnswer(Answer):
    """Who is champion again, what that model was, and who is retired for it, if anyone."""

    champion: str
    was: str
    retired: str | None


class Lease(Answer):
    """Who holds a batch."""

    owner: str | None
    generation: int | None
    since: str | None
    until: str | None = Field(description="it is taken away then, unless he gives another sign of progress")
    beats: int


class ShortBatch(Answer):
    """A batch in short."""

    batch_id: str
    feed: str
    state: str
    cause: str
    finished_at: str | None
    error: str | None


class StatusAnswer(Answer):
    """How a date or a batch stands: the same from every process."""

    game_date: str
    feed: str
    batch_id: str | None
    state: str = Field(description="none, waiting, processing, complete, failed, timeout, parked or reset")
    cause: str | None
    attempt: int | None
    error: str | None
    created_at: str | None
    not_before: str | None
    started_at: str | None
    finished_at: str | None
    lease: Lease | None
    phase: str | None = Field(description="the last one that is done")
    as_of: str | None = Field(description="the moment whose knowledge it rests on; null for a date of the past: each game's tip")
    ran: list[str]
    up_to_date: list[str]
    asked: dict[str, Any]
    stands_of: str | None = Field(
        description="the batch of which games, systems and absences are told: this one, or the newest that got so far"
    )
    games: dict[str, Any] = Field(description="by game: players, lined, predicted")
    systems: dict[str, Any] = Field(description="by system: predicted, lined, recommended, absent, absences by reason")
    absences: dict[str, int] = Field(description="by reason, players x systems")
    counts: dict[str, Any]
    before: list[ShortBatch]
    others: list[ShortBatch]


class DependencyAnswer(Answer):
    """Something that the pipeline rests on."""

    name: str
    ready: bool
    detail: str


class ReadyAnswer(Answer):
    """Whether everything that the pipeline rests on can be used."""

    ready: bool
    dependencies: list[DependencyAnswer]
