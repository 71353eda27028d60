"""Bytes to a document: the fast decoder and the slow one agree, and doubled keys are found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.scrape.decode import Ambiguous, Unreadable, decode, shown
from tipoff.scrape.reading import Ledger, instant, number, text, whole

SCALAR = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DOCUMENT = st.recursive(SCALAR, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(DOCUMENT, st.sampled_from([None, 2]))
def test_what_json_wrote_is_read_as_it_was(document: Any, indent: int | None) -> None:
    found = decode(json.dumps(document, indent=indent).encode())
    assert found == document
    assert not contains_ambiguous(found)


def contains_ambiguous(node: Any) -> bool:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return isinstance(node, Ambiguous) or any(contains_ambiguous(child) for child in inner)


@given(DOCUMENT, st.text(), st.sampled_from([":", " :", "\n\t:"]))
def test_a_doubled_key_is_always_found(document: Any, key: str, colon: str) -> None:
    name, inner = json.dumps(key), json.dumps(document)
    found = decode(f'[{{{name}{colon}{inner},{name}: 2}}, "a\\": 1"]'.encode())
    assert isinstance(found[0], Ambiguous)


def test_the_same_key_written_with_an_escape_is_the_same_key() -> None:
    assert isinstance(decode(b'{"price": 1, "pr\\u0069ce": 2}'), Ambiguous)


@pytest.mark.parametrize("body", [b"[NaN]", b"[Infinity]", b"[-Infinity]", b"[1e999]", b"[" + b"9" * 10_000 + b"]"])
def test_a_number_that_is_none_is_left_for_its_field_to_refuse(body: bytes) -> None:
    assert number(decode(body)[0]) is None


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_unreadable(body: bytes) -> None:
    try:
        decode(body)
    except Unreadable as unreadable:
        reject = unreadable.reject
        assert (reject.path, reject.rows) == ("$", 1)
        assert len(reject.value) <= 200
        assert "\x00" not in reject.value
        reject.value.encode()


@given(DOCUMENT | st.text(st.characters(codec=None)) | st.floats())
def test_what_is_shown_fits_any_store(value: Any) -> None:
    found = shown(value)
    assert len(found) <= 200
    assert "\x00" not in found
    found.encode()


def test_what_is_shown_of_a_large_or_deep_value_is_short() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert len(shown(deep)) <= 200
    assert len(shown(["x" * 100] * 1_000_000)) == 200


@pytest.mark.parametrize(
    ("value", "expected"), [(7, 7), (7.0, 7), (7.5, None), (True, None), ("7", None), (-1, None), (11, None), (10**400, None)]
)
def test_a_whole_number_between_bounds(value: Any, expected: int | None) -> None:
    assert whole(value, 0, 10) == expected


@pytest.mark.parametrize("value", ["", "  ", "a\x00b", "a\ud800", "x" * 201, 5, None, b"bytes", ["a"]])
def test_a_text_that_is_none(value: Any) -> None:
    assert text(value) is None


@pytest.mark.parametrize("value", ["2025-11-05T22:30:00", "2025-11-05", "soon", "", 5, None, "1900-01-01T00:00:00Z", "\ud800", "2" * 100])
def test_an_instant_that_is_none(value: Any) -> None:
    assert instant(value) is None


def test_what_is_lost_was_offered() -> None:
    ledger = Ledger()
    ledger.offer(3)
    ledger.lost("$.a", "rule", rows=2)
    ledger.apart("$.b", "rule")
    assert (ledger.offered, [reject.rows for reject in ledger.rejects]) == (5, [2, 0])
