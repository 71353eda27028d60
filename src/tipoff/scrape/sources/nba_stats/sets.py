"""The older wire format of the league's statistics: result sets, each with the headers of its rows.

Comes in: a decoded document. Goes out: rows as objects by header, with their paths. It must never know what a set is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tipoff.scrape.reading import Ledger, objects

SETS = "$.resultSets"


def set_named(document: dict[str, Any], name: str) -> tuple[str, dict[str, Any]] | None:
    """The first set of that name with its path."""
    for path, found in objects(document.get("resultSets"), SETS):
        if type(found) is dict and found.get("name") == name:
            return path, found
    return None


def headers_of(found: dict[str, Any]) -> list[str] | None:
    """Its headers; None where they are no list of texts, each there once."""
    headers = found.get("headers")
    if type(headers) is not list or not all(type(header) is str for header in headers) or len(set(headers)) != len(headers):
        return None
    return headers


def rows_of(document: dict[str, Any], name: str, ledger: Ledger) -> Iterator[tuple[str, Any]]:
    """The rows of a set as objects, with their paths. What cannot be read so is set apart; a set that is not there has no rows."""
    there = set_named(document, name)
    if there is None:
        return
    path, found = there
    headers = headers_of(found)
    if headers is None:
        ledger.lost(f"{path}.headers", "unreadable_headers", found.get("headers"))
    elif type(found.get("rowSet")) is not list:
        ledger.lost(f"{path}.rowSet", "not_a_list", found.get("rowSet"))
    else:
        for at, row in objects(found["rowSet"], f"{path}.rowSet"):
            if type(row) is not list or len(row) != len(headers):
                ledger.lost(at, "not_a_row", row)
            else:
                yield at, dict(zip(headers, row, strict=True))
