"""Problems: what a call that did not do what it was asked for answers, as RFC 9457 documents.

In: an error of ours, a request that does not fit its shape, or a status. Out: a document that says what happened, which field is wrong by
its path, and what to do next. What a caller sent is never sent back, nor is what only our log should know. It must never know a route.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tipoff import errors
from tipoff.errors import TipoffError

MEDIA_TYPE = "application/problem+json"
AGAIN_SECONDS = 5
"""So long to wait before what is held by others is asked for again."""


class Fault(BaseModel):
    """One thing that does not fit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="where it stands in the request, such as $.systems[0], or query.game_date")
    message: str = Field(description="what should stand there")


class Problem(BaseModel):
    """Why a call did not do what it was asked for (RFC 9457)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str = Field(description="which kind of problem, as an address on this server that explains it")
    title: str = Field(description="the kind in words")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what happened, and where")
    next: str = Field(description="the next thing to do")
    errors: list[Fault] = Field(default_factory=list, description="the fields that do not fit, each by its path")


@dataclass(frozen=True)
class Kind:
    """A kind of problem. `name` is its anchor on the page of the API."""

    name: str
    status: int
    title: str
    next: str


KINDS: Mapping[type[TipoffError], Kind] = {
    errors.TipoffError: Kind("failed", 500, "It failed", "Look at `tipoff status`, and at the server's log."),
    errors.ConfigError: Kind("configuration", 500, "The server's configuration is wrong", "`tipoff config` lists every setting."),
    errors.LeagueMismatch: Kind("league", 409, "Another league's data", "Use a warehouse of its own for each league."),
    errors.BadInput: Kind("bad-input", 422, "What was asked for does not fit", "Correct it, and ask again."),
    errors.UnknownDate: Kind("unknown-date", 404, "Nothing is known of that date", "Load a schedule or odds of that day first."),
    errors.UnknownBatch: Kind("unknown-batch", 404, "There is no such batch", "GET /status?game_date= tells a date's batches."),
    errors.NotReady: Kind("not-ready", 503, "What this needs is not there yet", "Run the earlier phase first."),
    errors.Conflict: Kind("conflict", 409, "It is done, and nothing is new", 'Ask with "force": true to do it all the same.'),
    errors.Busy: Kind("busy", 503, "Others hold what this needs", f"Ask again in {AGAIN_SECONDS} seconds."),
    errors.UpstreamError: Kind("upstream", 502, "A source did not answer as it should", "Look at the source, and ask again."),
    errors.BudgetSpent: Kind("budget-spent", 429, "The credits allowed are spent", "Wait until they renew, or raise the limit."),
    errors.StorageError: Kind(
        "storage", 507, "The disk or the bucket did not take it", "Look at the server's disk or bucket, and ask again."
    ),
    errors.ArtefactMismatch: Kind("artefact", 503, "A model file is not what its manifest says", "Train again."),
    errors.SlateStopped: Kind("slate-stopped", 409, "The slate is stopped", "Look at the named feature."),
    errors.PromotionRefused: Kind("promotion-refused", 409, "The gates do not let it through", "`tipoff fleet` shows each gate."),
    errors.BrokenInvariant: Kind("defect", 500, "A defect of ours", "Report it, with the server's log."),
}
INVALID = Kind("invalid", 422, "The request does not fit its shape", "Correct the fields named; /docs shows the shape.")
UNREADABLE = Kind("unreadable", 400, "The request's body cannot be read", "Send JSON, as /docs shows.")
UNAUTHORIZED = Kind(
    "unauthorized", 401, "The token is missing or wrong", "Send `Authorization: Bearer` with the value of TIPOFF_API_TOKEN."
)
NO_TOKEN = Kind(
    "no-token", 503, "Control is switched off: no token is set", "Set TIPOFF_API_TOKEN to a long random text, and start the server again."
)
BROKEN = Kind("broken", 500, "Something went wrong on our side", "Look at the server's log, and report it.")
REFUSED = Kind("refused", 400, "That cannot be done here", "/docs lists every call.")
ALL = (*KINDS.values(), INVALID, UNREADABLE, UNAUTHORIZED, NO_TOKEN, BROKEN, REFUSED)


def kind_of(error: TipoffError) -> Kind:
    """The kind that an error's class, or the nearest above it, stands for."""
    return next(KINDS[shape] for shape in type(error).__mro__ if shape in KINDS)


def problem(
    kind: Kind,
    detail: str,
    *,
    next_step: str = "",
    faults: Sequence[Fault] = (),
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that tells of a problem; `status` where it is another than its kind's."""
    told = Problem(
        type=f"/docs#{kind.name}",
        title=kind.title,
        status=status or kind.status,
        detail=detail,
        next=next_step or kind.next,
        errors=list(faults),
    )
    # Escaped: half a surrogate pair, which JSON can carry and UTF-8 cannot, must not turn a refusal into a failure.
    body = json.dumps(told.model_dump(), ensure_ascii=True).encode()
    return Response(body, told.status, dict(headers or {}), MEDIA_TYPE)


def told(error: TipoffError) -> Response:
    """The answer for an error of ours."""
    kind = kind_of(error)
    headers = {"Retry-After": str(AGAIN_SECONDS)} if isinstance(error, errors.Busy) else None
    return problem(kind, error.message, next_step=error.hint, headers=headers)


def refused(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer for what HTTP itself refuses: no such call, not by this method."""
    kind = UNREADABLE if status == UNREADABLE.status else REFUSED
    return problem(kind, detail, status=status, headers=headers)


def invalid(found: Sequence[Mapping[str, Any]], content_type: str = "application/json") -> Response:
    """The answer for a request that does not fit, from pydantic's errors: where, and what should stand there; never what did. A body whose
    `content_type` is another than JSON's was taken for text, whatever stands in it."""
    unreadable = [fault for fault in found if fault["type"] == "json_invalid"]
    faults = [Fault(path=_path(fault["loc"]), message=str(fault["msg"]).removeprefix("Value error, ")) for fault in found]
    if unreadable:
        return problem(UNREADABLE, "The body is no JSON.", faults=[Fault(path="$", message=str(unreadable[0].get("ctx", {}).get("error")))])
    if [fault.path for fault in faults] == ["$"] and not _JSON.match(content_type):
        return problem(INVALID, "The body was not sent as JSON.", next_step=_AS_JSON, faults=[Fault(path="$", message=_AS_JSON)])
    named = ", ".join(dict.fromkeys(fault.path for fault in faults))
    return problem(INVALID, f"{len(faults)} field{'' if len(faults) == 1 else 's'} {_do(len(faults))} not fit: {named}.", faults=faults)


_JSON = re.compile(r"application/([a-z0-9.-]+\+)?json\b", re.IGNORECASE)
_AS_JSON = "Send it with `Content-Type: application/json`."


def _do(number: int) -> str:
    return "does" if number == 1 else "do"


def _path(location: Sequence[int | str]) -> str:
    """pydantic's location as a path: `$` is the body, `query` the address's parameters."""
    where, *inner = location
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{str(step)[:_LONG]}" for step in inner)
    return f"{'$' if where == 'body' else where}{steps}"


_LONG = 80  # characters of a name that a caller made up, at most
