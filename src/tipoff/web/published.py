"""What the pages read: published documents out of the bucket, parsed once for as long as they do not change.

Knows the bucket's `v1/` and the documents' shapes. It must never open the warehouse.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
import time
from collections import OrderedDict
from datetime import date
from functools import cached_property
from typing import TypeVar, cast

import msgspec
from obstore.store import ObjectStore
from pydantic import BaseModel, ValidationError

from tipoff.errors import BadInput
from tipoff.publish.documents import Results, Tonight
from tipoff.publish.intake import INTAKE, Intake
from tipoff.publish.lines import Lines
from tipoff.publish.people import PLAYERS, PlayerDocument, Players
from tipoff.publish.write import LATEST, is_document_path, lines_path, player_path, results_path, tonight_path
from tipoff.store.bucket import level, read_changed
from tipoff.web.latest import Latest

_KEPT, _PARSED = 48, 24
FIRST_DAY, LAST_DAY = date(1946, 11, 1), date(2100, 12, 31)
"""A game day lies between them: the league's first, and one that nobody plans."""
FRESH = 1.0
"""So many seconds the list of nights is good for whoever asks next."""
_DAY = re.compile(r"v1/tonight/(\d{4}-\d{2}-\d{2})\.json")
_DATED = re.compile(r"v1/(tonight|results|best-bets|lines)/\d{4}-\d{2}-\d{2}\.json")
Shaped = TypeVar("Shaped", bound=BaseModel)


class Body:
    """A document as it lies in the bucket; `tag` is a digest of its bytes, `packed` the same gzipped."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.tag = hashlib.sha256(content).hexdigest()[:32]

    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.content, 6, mtime=0)

    @cached_property
    def final(self) -> bool:
        """Whether the document says of itself that it will hardly change any more."""
        try:
            return msgspec.json.decode(self.content, type=_Finality).final
        except msgspec.DecodeError:
            return False


class _Finality(msgspec.Struct):
    """Of a document what is needed here: it may be large."""

    final: bool


class Published:
    """The documents of one bucket. Safe to share between threads."""

    def __init__(self, bucket: ObjectStore) -> None:
        self._bucket = bucket
        self._parsed: Latest[BaseModel] = Latest(_PARSED)
        self._bodies: OrderedDict[str, tuple[str, Body]] = OrderedDict()
        self._days: tuple[float, list[date]] = (-FRESH, [])
        self._mutex = threading.Lock()

    def body(self, path: str) -> Body | None:
        """A document's bytes; None where there is none, or where the path cannot be a document's (F61). They are read again only where the
        bucket holds others. Raises ConfigError or StorageError where the bucket does not answer."""
        if not is_document_path(path):
            return None
        with self._mutex:
            mark, held = self._bodies.get(path, ("", None))
        try:
            found = read_changed(self._bucket, path, mark if held else None)
        except FileNotFoundError:
            return None
        if found is None:
            return held
        body, mark = Body(found[0]), found[1]
        with self._mutex:
            if mark:
                self._bodies[path] = mark, body
                self._bodies.move_to_end(path)
            while len(self._bodies) > _KEPT:
                self._bodies.popitem(last=False)
        return body

    def tonight(self, day: date | None) -> tuple[Tonight, str] | None:
        """A night, or the latest one, and its tag. Raises BadInput where the document is not one of this version."""
        return self._shaped(LATEST if day is None else tonight_path(day), Tonight)

    def results(self, day: date) -> tuple[Results, str] | None:
        """A night's results and their tag; None before it is graded."""
        return self._shaped(results_path(day), Results)

    def intake(self) -> tuple[Intake, str] | None:
        """What came in and what did not, and its tag; None before it is published."""
        return self._shaped(INTAKE, Intake)

    def document(self, path: str, shape: type[Shaped]) -> tuple[Shaped, str] | None:
        """Any document of a shape, and its tag; None where there is none, or where the path cannot be a document's (F61). Raises BadInput
        where it is not one of this version."""
        return self._shaped(path, shape)

    def lines(self, day: date) -> tuple[Lines, str] | None:
        """A day's lines and their tag; None where they are not published. Raises as `tonight` does."""
        return self._shaped(lines_path(day), Lines)

    def player(self, player_lookup: str) -> tuple[PlayerDocument, str] | None:
        """A player's document and its tag; None where he has none. Raises as `tonight` does."""
        return self._shaped(player_path(player_lookup), PlayerDocument)

    def players(self) -> tuple[Players, str] | None:
        """Every player that has a document, and the list's tag; None before there is one. Raises as `tonight` does."""
        return self._shaped(PLAYERS, Players)

    def neighbours(self, day: date) -> tuple[date | None, date | None]:
        """The published nights next to this one, before and after."""
        days = self.days()
        return max((other for other in days if other < day), default=None), min((other for other in days if other > day), default=None)

    def days(self) -> list[date]:
        """Every published night."""
        with self._mutex:
            at, days = self._days
        if time.monotonic() - at < FRESH:
            return days
        found = (_DAY.fullmatch(path) for path in level(self._bucket, "v1/tonight")[1])
        days = sorted(day for match in found if match and (day := _day(match[1])))
        with self._mutex:
            self._days = time.monotonic(), days
        return days

    def is_final(self, path: str, body: Body) -> bool:
        """Whether a document will hardly change any more: so that it may be cached for a day. Only one of a single date ever is."""
        return bool(_DATED.fullmatch(path)) and body.final

    def _shaped(self, path: str, shape: type[Shaped]) -> tuple[Shaped, str] | None:
        body = self.body(path)
        if body is None:
            return None

        def parsed() -> BaseModel:
            try:
                return shape.model_validate_json(body.content)
            except ValidationError as error:
                raise BadInput(f"{path} was published by another version of Tipoff: {error.error_count()} fields differ.") from error

        tag, held = self._parsed.get((path, shape), body.tag, parsed)
        return cast(Shaped, held), cast(str, tag)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
