"""The application that misbehaves: around the one that does not, it carries out the fault that each request gets.

What HTTP can say goes out as an answer; what it cannot (a reset, a length that lies, a byte at a time) is written on the connection
itself, which `OpenProtocol` hands over. From this machine, `GET`, `POST` and `DELETE` on `/practice/mischief` tell what was asked, add
rules, and forget them. It must never know what the true answers mean.

    curl -H 'content-type: application/json' $URL/practice/mischief -d '{"where": "props", "faults": ["503", null, "html"]}'
    curl -H 'content-type: application/json' $URL/practice/mischief -d '{"where": "odds_api", "faults": ["reset"], "share": 0.1}'
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from collections import Counter
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tipoff.errors import BadInput
from tipoff.practice.faults import BODILESS, Fault
from tipoff.practice.mischief import Mischief

CONTROL = "/practice/mischief"
_CLAIMED_MORE = 1000
_RESET_WHEN_CLOSED = struct.pack("ii", 1, 0)


class OpenProtocol(H11Protocol):
    """HTTP that leaves its connection to the application, as `state["transport"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = self.app_state | {"transport": transport}


class _Rule(BaseModel):
    """A rule as it comes over HTTP: a script, with `share` a rate, with `until` a document that
    is late. A fault is a name of the catalogue, or its fields."""

    model_config = ConfigDict(extra="forbid")
    where: str = "*"
    faults: list[str | Fault | None] = Field(min_length=1)
    forever: bool = False
    share: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: int = 0
    in_a_row: Annotated[int, Field(ge=0)] | None = None
    until: AwareDatetime | None = None

    def add_to(self, mischief: Mischief) -> None:
        if self.until is not None:
            for fault in self.faults:
                if fault is not None:
                    mischief.late(self.where, self.until, fault)
        elif self.share is None:
            mischief.script(self.where, *self.faults, forever=self.forever)
        else:
            given = (fault for fault in self.faults if fault is not None)
            mischief.rate(self.where, self.share, *given, seed=self.seed, in_a_row=self.in_a_row)


@dataclass
class _Answer:
    """An answer as it will be sent."""

    status: int
    headers: MutableHeaders
    body: bytes

    def head(self, length: int) -> bytes:
        """Its head as it stands on the wire, for a body of this length."""
        self.headers["content-length"] = str(length)
        self.headers["connection"] = "close"
        phrase = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else ""
        lines = [f"HTTP/1.1 {self.status} {phrase}".encode(), *(name + b": " + value for name, value in self.headers.raw)]
        return b"\r\n".join(lines) + b"\r\n\r\n"


class Misbehaving:
    """An application around another."""

    def __init__(self, app: ASGIApp, mischief: Mischief) -> None:
        self._app = app
        self._mischief = mischief

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == CONTROL:
            response = await self._control(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self._mischief.next(scope["path"], has_key=b"apiKey=" in scope["query_string"])
        fault = asked.fault or Fault()
        answer = await self._true_answer(scope, receive) if fault.asks else _Answer(200, MutableHeaders(), b"")
        charged = int(answer.headers.get("x-requests-last", "0"))
        if not fault.takes_true_answer:
            answer = _Answer(fault.status or 200, MutableHeaders(), fault.own_body())
        before = answer.body
        if asked.fault:
            _spoil(answer, fault, scope)
        found_nothing = fault.edit is not None and answer.body == before
        self._mischief.note(replace(asked, credits=charged, fault=None if found_nothing else asked.fault))
        if fault.wait_seconds and await _gone_within(receive, fault.wait_seconds):
            return
        if fault.manner == "plain":
            await _send(answer, send)
        else:
            await _break(answer, fault, scope["state"]["transport"], receive)

    async def _true_answer(self, scope: Scope, receive: Receive) -> _Answer:
        found = _Answer(500, MutableHeaders(), b"")

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                found.status, found.headers = message["status"], MutableHeaders(raw=list(message["headers"]))
            else:
                found.body += message.get("body", b"")

        await self._app(scope, receive, keep)
        return found

    async def _control(self, request: Request) -> Response:
        host = request.client.host if request.client else ""
        if not host or not ipaddress.ip_address(host).is_loopback:
            return JSONResponse({"message": "Mischief is for this machine alone."}, 403)
        if request.method == "POST":
            if request.headers.get("content-type") != "application/json":  # which no page of a browser may send unasked
                return JSONResponse({"message": "Send it as application/json."}, 415)
            try:
                _Rule.model_validate_json(await request.body()).add_to(self._mischief)
            except ValidationError as error:
                return JSONResponse({"message": str(error)}, 422)
            except BadInput as error:
                return JSONResponse({"message": str(error)}, 422)
        elif request.method == "DELETE":
            self._mischief.calm()
        elif request.method != "GET":
            return JSONResponse({"message": "GET, POST or DELETE."}, 405)
        return JSONResponse(_told(self._mischief))


def _told(mischief: Mischief) -> dict[str, object]:
    """What was asked so far, for `GET`: per path how often, and which faults were given; and the credits charged."""
    paths: dict[str, Counter[str]] = {}
    for asked in mischief.asked():
        paths.setdefault(asked.path, Counter())[_name(asked.fault)] += 1
    return {"charged": mischief.charged(), "paths": {path: {"asked": told.total(), "given": dict(told)} for path, told in paths.items()}}


def _name(fault: Fault | None) -> str:
    if fault is None:
        return "the true answer"
    return fault.name or (str(fault.status) if fault.manner == "plain" and fault.status else fault.manner)


def _spoil(answer: _Answer, fault: Fault, scope: Scope) -> None:
    answer.body = fault.spoil(answer.body)
    if "content-type" not in answer.headers and answer.body:
        answer.headers["content-type"] = "application/json"
    for name, value in fault.headers:
        if value is None:
            del answer.headers[name]
        else:
            answer.headers[name] = value.replace("{path}", scope["path"]).replace("{query}", scope["query_string"].decode())


async def _send(answer: _Answer, send: Send) -> None:
    body = b"" if answer.status in BODILESS else answer.body
    if answer.status in BODILESS:
        del answer.headers["content-length"]
    else:
        answer.headers["content-length"] = str(len(body))
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers.raw})
    await send({"type": "http.response.body", "body": body})


async def _break(answer: _Answer, fault: Fault, connection: asyncio.Transport, receive: Receive) -> None:
    """What HTTP cannot say: written on the connection itself, which is over afterwards."""
    body = answer.body
    if fault.manner in ("drip", "drip_head"):
        head = answer.head(len(body))
        connection.write(head if fault.manner == "drip" else b"")
        for byte in body if fault.manner == "drip" else head + body:
            if await _gone_within(receive, fault.drip_seconds):
                return
            connection.write(bytes([byte]))
        connection.close()
    elif fault.manner in ("cut", "reset_midway"):
        connection.write(answer.head(len(body)) + body[: len(body) // 2])
        _end(connection, reset=fault.manner == "reset_midway")
    elif fault.manner in ("claims_more", "claims_less"):
        claimed = len(body) + _CLAIMED_MORE if fault.manner == "claims_more" else len(body) // 2
        connection.write(answer.head(claimed) + body)
        _end(connection, reset=False)
    elif fault.manner in ("reset", "close"):
        _end(connection, reset=fault.manner == "reset")
    await _gone(receive)


def _end(connection: asyncio.Transport, *, reset: bool) -> None:
    if reset:
        connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_WHEN_CLOSED)
        connection.abort()
    else:
        connection.close()


async def _gone(receive: Receive) -> None:
    """Until the other side is gone, or this one has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _gone_within(receive: Receive, seconds: float) -> bool:
    """Wait so long, less where the other side goes: True then."""
    try:
        await asyncio.wait_for(_gone(receive), seconds)
    except TimeoutError:
        return False
    return True
