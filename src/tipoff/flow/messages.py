"""The completion message: what a phase says when it is done, checked where it is written and again where it is read (F20).

Comes in: what a phase knows of its own end, or the JSON of somebody's message. Goes out: a message that is whole, or an error with the
path of each field that is not. It must never know who reads it, nor how it travels.

Everything but `error` is required and typed: a missing number is an error, never 0 or 100. That a message ends before it began is no
fault: clocks are set back (F32).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, Literal, get_args

import ibis.expr.types as ir
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo

from tipoff.clock import as_utc
from tipoff.errors import BadInput
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Work

SCHEMA_VERSION = 1
Phase = Literal["scrape", "load", "analyze", "features", "predict", "publish", "grade", "performance", "train"]
Status = Literal["success", "partial", "no_data", "failed"]
PHASES: tuple[Phase, ...] = get_args(Phase)


def _day_as_written(value: Any, info: ValidationInfo) -> Any:
    """A day out of JSON, written as ISO 8601 writes it: pydantic would also take "86400", a day after the beginning of 1970."""
    if info.mode != "json" or not isinstance(value, str):
        return value
    if not _ISO_DAY.fullmatch(value):
        raise ValueError("input should be written as in 2025-11-05")
    return date.fromisoformat(value)


def _instant_as_written(value: Any, info: ValidationInfo) -> Any:
    """An instant out of JSON, likewise."""
    if info.mode != "json" or not isinstance(value, str):
        return value
    if not _ISO_INSTANT.match(value):
        raise ValueError("input should be written as in 2025-11-05T22:30:00Z")
    return datetime.fromisoformat(value)


def _in_utc(moment: datetime) -> datetime:
    try:
        return as_utc(moment)
    except BadInput as error:
        raise ValueError(error.message.rstrip(".")) from None


_ISO_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_INSTANT = re.compile(f"{_ISO_DAY.pattern}T[0-9]{{2}}:[0-9]{{2}}")
Version = Annotated[int, Field(ge=1, le=1)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Day = Annotated[date, BeforeValidator(_day_as_written)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant_as_written), AfterValidator(_in_utc)]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class MessageError(BaseModel):
    """Why a phase failed, or what of it did."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    type: Name
    message: str


class CompletionMessage(BaseModel):
    """What a phase says of its end. `game_date` is the New York day; instants are aware, and UTC once they are in; `completion_pct` is
    between 0 and 100. `error` alone may be absent.

    Made by `completion`, or read by `read_message`; both raise BadInput where pydantic would raise its own error.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    schema_version: Version
    processor_name: Name
    phase: Phase
    execution_id: Name
    correlation_id: Name
    game_date: Day
    output_dataset: Name
    output_table: Name
    status: Status
    record_count: Count
    records_failed: Count
    completion_pct: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
    started_at: Instant
    finished_at: Instant
    trigger: Name
    error: MessageError | None = None

    @property
    def message_id(self) -> str:
        """The same for the same news, whenever it is told: of everything but the two instants.

        A step that runs again after a kill says what it said before at another time: one message. If it did something else this time, such
        as the rest of the rows, that is other news, and another message.
        """
        news = self.model_dump(mode="json", exclude={"started_at", "finished_at"}, exclude_none=True)
        return hashlib.sha256(json.dumps(news, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32]

    def to_json(self) -> str:
        """As it travels and is kept: fields in the contract's order, `error` only where there is one."""
        return self.model_dump_json(exclude=None if self.error else {"error"}, warnings="none")


@dataclass(frozen=True)
class Execution:
    """Who speaks. `correlation_id` names the whole chain, and is handed on from message to message; `execution_id` names this execution,
    and is the same when it is taken up again after a kill: a batch's id, never a process's or a run's. `trigger` says what started it."""

    processor_name: str
    game_date: date
    started_at: datetime
    trigger: str
    correlation_id: str
    execution_id: str


@dataclass(frozen=True)
class Outcome:
    """What it came to: rows written, rows that could not be, and how much of what was to be done is done, in per cent."""

    status: Status
    record_count: int
    records_failed: int
    completion_pct: float
    error: BaseException | MessageError | None = None

    @classmethod
    def of(cls, rows: int, failed: int, pct: float) -> Outcome:
        """Of a phase that ran to its end: in part where some of it could not be done."""
        return cls("no_data" if not rows else "partial" if failed or pct < 100 else "success", rows, failed, pct)

    @classmethod
    def whole(cls, rows: int) -> Outcome:
        """Of a phase that did all that there was to do."""
        return cls.of(rows, 0, 100.0)


def completion(phase: Phase, execution: Execution, table: str, outcome: Outcome, finished_at: datetime) -> CompletionMessage:
    """The message of a phase that has ended. `table` is what it wrote, such as `features.store`.

    Raises BadInput with the path of each field that does not fit.
    """
    dataset, _, name = table.partition(".") if isinstance(table, str) else (table, "", table)
    error = outcome.error
    if isinstance(error, BaseException):
        error = MessageError(type=type(error).__name__, message=str(error).encode("utf-8", "backslashreplace").decode())
    return _whole(
        lambda: CompletionMessage(
            schema_version=SCHEMA_VERSION,
            phase=phase,
            output_dataset=dataset,
            output_table=name,
            finished_at=finished_at,
            **{**vars(execution), **vars(outcome), "error": error},
        )
    )


def read_message(body: bytes | str) -> CompletionMessage:
    """Somebody's message, whole. Raises BadInput with the path of each field that does not fit."""
    return _whole(lambda: CompletionMessage.model_validate_json(_once_each(body)))


def put(work: Work, message: CompletionMessage) -> None:
    """Write a message to the outbox, in the transaction of the data that it speaks of: both are kept, or neither.

    The same news twice is one message, sent once. Raises BadInput where the message is not whole, however it was made.
    """
    whole = read_message(message.to_json())
    if work.ask(_on_record, whole.message_id).num_rows:
        return
    row = {
        "message_id": whole.message_id,
        "game_date": whole.game_date,
        "body": whole.to_json(),
        "created_at": whole.finished_at,
    }
    work.merge("ops.outbox", table_of("ops.outbox", [row]))


def _on_record(work: Work, message_id: str) -> ir.Table:
    outbox = work.table("ops.outbox")
    return outbox.filter(outbox.message_id == message_id).select("message_id")


def _once_each(body: bytes | str) -> bytes | str:
    """The body, if no field of it stands there twice: two readers could take two different ones. Other faults are the model's affair."""

    def refuse(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = sorted(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        if twice:
            raise BadInput(_told(f"{_shown(name)}: stands there twice" for name in twice), hint=_HINT)
        return dict(pairs)

    try:
        json.loads(body, object_pairs_hook=refuse)
    except (ValueError, RecursionError):
        return body
    return body


def _whole(make: Callable[[], CompletionMessage]) -> CompletionMessage:
    try:
        return make()
    except ValidationError as error:
        raise BadInput(_told(map(_fault, error.errors(include_url=False))), hint=_HINT) from None


def _fault(fault: Any) -> str:
    """One fault, its path first."""
    path, kind = _shown(".".join(map(str, fault["loc"]))) or "$", fault["type"]
    if kind == "missing":
        return f"{path}: is missing"
    if kind == "extra_forbidden":
        known = MessageError if path.startswith("error.") else CompletionMessage
        meant = get_close_matches(str(fault["loc"][-1]), known.model_fields, n=1)
        return f"{path}: is no field of it{f' (is {meant[0]} meant?)' if meant else ''}"
    said = str(fault["msg"]).removeprefix("Value error, ")
    return f"{path}: {said[0].lower()}{said[1:]}"


def _shown(name: str) -> str:
    """A name from outside: on one line, and no longer than anybody reads."""
    plain = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in name)
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[:_LONGEST_NAME]}…"


def _told(faults: Iterable[str]) -> str:
    first = [*islice(found := iter(faults), _MOST_FAULTS)]
    more = sum(1 for _ in found)
    return f"A completion message does not fit: {'; '.join(first)}{f'; and {more} more' if more else ''}."


_LONGEST_NAME = 80
_MOST_FAULTS = 20
_HINT = "Correct its sender, and send it again; docs/messages.md lists the fields."
