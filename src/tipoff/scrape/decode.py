"""Bytes to a JSON document, whatever came: what can be read is read, and what is ambiguous is marked where it stands.

Knows JSON and encodings. It must never know what a document is about. The fast decoder reads what is well formed; the slow one
of the standard library takes over where a key is suspected to stand twice, or where the fast one refuses (NaN, numbers beyond
float64, a wrong byte within a text).
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from tipoff.scrape.records import Reject

MAX_BYTES = 64 * 1024 * 1024
_KEY = re.compile(rb'"[ \t\r\n]*:')
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_SHOWN = 200


class Ambiguous(dict[str, Any]):
    """An object that names a key twice: which value was meant cannot be known, so nothing in it is read."""


class Unreadable(Exception):
    """The whole body is no document; `reject` says why."""

    def __init__(self, rule: str, body: bytes) -> None:
        super().__init__(rule)
        self.reject = Reject("$", rule, shown_bytes(body))


def decode(body: bytes) -> Any:
    """The JSON document in a body.

    An object with a doubled key comes back as `Ambiguous`; a byte that is not UTF-8 as a lone surrogate within its text, for the
    field's own check to find. A UTF-8 byte order mark is accepted.

    Raises Unreadable with one of the rules `empty_body`, `too_large`, `wrong_encoding`, `too_deep`, `not_json`.
    """
    if len(body) > MAX_BYTES:
        raise Unreadable("too_large", body)
    if b"\x00" in body:  # never within JSON; always within UTF-16 and UTF-32
        raise Unreadable("wrong_encoding", body)
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise Unreadable("empty_body", body)
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _decode_slowly(body)
    return _decode_slowly(body) if _may_double_a_key(body, document) else document


def _decode_slowly(body: bytes) -> Any:
    try:
        text = body.decode("utf-8", "surrogateescape")
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except RecursionError:
        raise Unreadable("too_deep", body) from None
    except ValueError:
        raise Unreadable("wrong_encoding" if body[:2] in {b"\xff\xfe", b"\xfe\xff"} else "not_json", body) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Ambiguous(found)


def _integer(digits: str) -> int | float:
    """Python refuses to read integers of more than 4,300 digits; as floats they are infinite, and fail their field's check."""
    return int(digits) if len(digits) < 400 else float(digits)


def _may_double_a_key(body: bytes, document: Any) -> bool:
    """Whether there are more key tokens than keys. Never wrong when it says no; a text with an escaped quote may make it say yes."""
    keys, stack = 0, [document]
    while stack:
        value = stack.pop()
        if type(value) is dict:
            keys += len(value)
            stack.extend(value.values())
        elif type(value) is list:
            stack.extend(value)
    return sum(1 for _ in _KEY.finditer(body)) > keys


def shown(value: Any) -> str:
    """What stood there, as JSON cut to 200 characters; control characters and lone surrogates are escaped, so that any store takes it."""
    try:
        if isinstance(value, (list, dict)) and len(value) > _SHOWN:
            value = value[:_SHOWN] if isinstance(value, list) else dict(list(value.items())[:_SHOWN])
        text = json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError, TypeError):
        text = "(nested too deep to show)"
    return _printable(text[:_SHOWN])


def shown_bytes(body: bytes) -> str:
    """The beginning of a body, as text that any store takes."""
    return _printable(body[:_SHOWN].decode("utf-8", "backslashreplace"))[:_SHOWN]


def _printable(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
