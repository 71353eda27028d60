"""What an upstream can do wrong, as data: statuses, bodies, headers, delays, and connections that break.

A fault either replaces the true answer or spoils it: what it leaves open is the true answer's. The catalogue names the usual ones, so
that they can be asked for by name. Knows HTTP's words; it must never know what is asked, nor the web's libraries.

    Fault(status=429, headers=(("retry-after", "2"),))      an answer of its own
    Fault(edit=(r'"price":[^,}]+', '"price":NaN'))          the true answer with one thing changed
    Fault(manner="reset", charged=True)                     the call is paid for, and its answer is lost
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any, ClassVar, Literal

from tipoff.errors import BadInput

Manner = Literal[
    "plain",  # as HTTP is meant
    "silent",  # no word, for as long as the other side waits
    "close",  # no word, and the connection is closed
    "reset",  # no word, and the connection is reset
    "cut",  # closed in the middle of the body
    "reset_midway",  # reset in the middle of the body
    "claims_more",  # a content-length that is more than the body
    "claims_less",  # a content-length that is less than the body
    "drip",  # the body a byte at a time
    "drip_head",  # everything a byte at a time, from the status line on
]
Headers = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Fault:
    """One way to misbehave. With neither status nor body the true answer is taken; with a status alone, a short body stands for it.

    `headers` replace the answer's own (None: left out); `{path}` and `{query}` in them are the request's, the key included. `edit` is a
    pattern and what stands in the place of its first match; where nothing matches, the answer stays as it is. `charged` has the call
    carried out, and paid for, though its answer is lost. Times in seconds.
    """

    name: str = ""
    status: int | None = None
    body: bytes | None = None
    headers: Headers = ()
    edit: tuple[str, str] | None = None
    recoded: str | None = None  # the body's text in this encoding
    dropped_bytes: int = 0  # so many fewer at the end
    padding_bytes: int = 0  # so many blanks more
    manner: Manner = "plain"
    wait_seconds: float = 0.0  # before the first byte
    drip_seconds: float = 0.02  # between two bytes that drip
    charged: bool = False

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    @property
    def asks(self) -> bool:
        """Whether the true answer is needed, or at least paid for."""
        return self.charged or self.takes_true_answer

    @property
    def takes_true_answer(self) -> bool:
        return self.status is None and self.body is None and self.manner not in _WORDLESS

    def own_body(self) -> bytes:
        """The body of a fault that does not take the true answer."""
        if self.body is not None:
            return self.body
        return b"" if self.status in BODILESS else b'{"message":"The practice upstream misbehaves."}'

    def spoil(self, body: bytes) -> bytes:
        """The body as it is sent in the end."""
        if self.edit is not None:
            pattern, instead = self.edit
            body = re.sub(pattern, lambda _: instead, _text(body), count=1).encode("utf-8", "surrogateescape")
        if self.recoded is not None:
            body = _text(body).encode(self.recoded, "replace")
        return body[: max(0, len(body) - self.dropped_bytes)] + b" " * self.padding_bytes


def _text(body: bytes) -> str:
    """A body as text, also one that is none: what is not touched comes back as it was."""
    return body.decode("utf-8", "surrogateescape")


_WORDLESS = ("silent", "close", "reset")
BODILESS = (204, 304)
"""Statuses whose answers have no body."""


def too_many(after: float | datetime | str) -> Fault:
    """A 429 that asks to be left alone: for so many seconds, until a moment, or in words of one's own."""
    if isinstance(after, datetime):
        after = format_datetime(after, usegmt=True)
    told = after if isinstance(after, str) else f"{after:g}"
    return Fault(f"429 for {told}", 429, headers=(("retry-after", told),))


def redirect(location: str, status: int = 302) -> Fault:
    """Sends the client on, to a location in which `{path}` and `{query}` are the request's own."""
    return Fault(f"{status} to {location}", status, b"", headers=(("location", location),))


def _outcome(name: str, literal: str | None) -> tuple[str, str]:
    """The first `name` of a document with this literal, or without it."""
    given = r"(?:\"(?:[^\"\\]|\\.)*\"|[^,}\]]+)"
    return (f',"{name}":{given}', "" if literal is None else f',"{name}":{literal}')


_STATUSES = {str(status): Fault(status=status) for status in (204, 304, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503, 504)}
_BODIES = {
    "empty": Fault(body=b""),
    "null": Fault(body=b"null"),
    "html": Fault(body=b"<!doctype html><html><body>Bad gateway</body></html>", headers=(("content-type", "text/html"),)),
    "nested": Fault(body=b"[" * 5_000_000 + b"]" * 5_000_000),
    "no gzip": Fault(headers=(("content-encoding", "gzip"),)),
    "truncated": Fault(dropped_bytes=40),
    "oversize": Fault(padding_bytes=64 * 1024 * 1024 + 1),
    "utf-16": Fault(recoded="utf-16"),
    "latin-1": Fault(edit=('"description":"', '"description":"ü'), recoded="latin-1"),
    "no price": Fault(edit=_outcome("price", None)),
    "price nan": Fault(edit=_outcome("price", "NaN")),
    "price 1e308": Fault(edit=_outcome("price", "1e308")),
    "price negative": Fault(edit=_outcome("price", "-1.87")),
    "price twice": Fault(edit=('"price":', '"price":1.5,"price":')),
    "no point": Fault(edit=_outcome("point", None)),
    "no player": Fault(edit=_outcome("description", None)),
    "no team": Fault(edit=_outcome("home_team", None)),
    "wrong market": Fault(edit=('"key":"player_points"', '"key":"player_assists"')),
}
_CREDITS = {
    "credits untold": Fault(headers=tuple((f"x-requests-{name}", None) for name in ("remaining", "used", "last"))),
    "credits absurd": Fault(headers=(("x-requests-remaining", "1e30"), ("x-requests-used", "nan"), ("x-requests-last", "-7"))),
}
_REDIRECTS = {
    "redirect loop": redirect("{path}"),
    "redirect with the key": redirect("{path}?{query}"),
    "redirect elsewhere": redirect("http://elsewhere.invalid{path}?{query}"),
}
_MANNERS: dict[str, Fault] = {
    "silent": Fault(manner="silent"),
    "close": Fault(manner="close"),
    "reset": Fault(manner="reset"),
    "cut": Fault(manner="cut"),
    "reset midway": Fault(manner="reset_midway"),
    "claims more": Fault(manner="claims_more"),
    "claims less": Fault(manner="claims_less"),
    "drip": Fault(manner="drip"),
    "drip head": Fault(manner="drip_head"),
    "slow": Fault(wait_seconds=2.0),
}
FAULTS: dict[str, Fault] = {
    name: replace(fault, name=name) for name, fault in (_STATUSES | _BODIES | _CREDITS | _REDIRECTS | _MANNERS).items()
}
"""The usual faults, by name."""


def fault_named(name: str) -> Fault:
    """A fault of the catalogue. Raises BadInput for another name."""
    if name not in FAULTS:
        raise BadInput(f"{name!r} is no fault of the practice upstream.", hint=f"There are {', '.join(FAULTS)}.")
    return FAULTS[name]
