"""What is set apart, for somebody who looks: which rows, and what stands at their place in the document.

Comes in: filters, or a payload and a path. Goes out: rows of the quarantine, and a short text out of the vault. It must never change a row.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

from tipoff.clock import game_date_of
from tipoff.errors import BadInput
from tipoff.load.imports import read_rows
from tipoff.scrape.decode import Unreadable, decode
from tipoff.store.warehouse import Work

SHOWN = 2_000
"""So many characters of a document are shown at most."""
SHORTEST_PREFIX = 4
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_ROW = re.compile(r"row (\d+)(?:\.\w+)?")


def set_apart_rows(
    work: Work, *, rule: str | None = None, source: str | None = None, day: date | None = None, replayed: bool = False
) -> list[dict[str, Any]]:
    """What waits in quarantine (with `replayed`, also what has left it), newest first, as rows of `raw.quarantine` with `game_date`.

    `day` is the game day of the document; of one that is of none, the New York day on which it was set apart first.
    """
    rows = work.table("raw.quarantine")
    if not replayed:
        rows = rows.filter(rows.replayed_at.isnull())
    if rule is not None:
        rows = rows.filter(rows.rule == rule)
    if source is not None:
        rows = rows.filter(rows.source == source)
    days = work.table("raw.payloads").select("payload_id", "game_date")
    found = work.fetch(rows.left_join(days, "payload_id").drop("payload_id_right")).to_pylist()
    for row in found:
        row["game_date"] = row["game_date"] or game_date_of(row["first_seen"])
    kept = [row for row in found if day in (None, row["game_date"])]
    kept.sort(key=lambda row: (row["payload_id"], row["path"]))
    return sorted(kept, key=lambda row: row["first_seen"], reverse=True)


def payload_named(work: Work, prefix: str) -> dict[str, Any]:
    """The row of `raw.payloads` whose id begins so. Raises BadInput for none, for several, and for what is no beginning of an id."""
    if not re.fullmatch(f"[0-9a-f]{{{SHORTEST_PREFIX},64}}", prefix):
        raise BadInput(f"{prefix!r} is no payload id.", hint=f"Give {SHORTEST_PREFIX} or more of its characters, 0-9 and a-f.")
    payloads = work.table("raw.payloads")
    found: list[dict[str, Any]] = work.fetch(payloads.filter(payloads.payload_id.startswith(prefix)).order_by("payload_id")).to_pylist()
    if not found:
        raise BadInput(f"No payload begins with {prefix}.", hint="`tipoff quarantine list` shows those with rows in quarantine.")
    if len(found) > 1:
        shown = ", ".join(row["payload_id"][: len(prefix) + 4] for row in found[:5])
        raise BadInput(f"{len(found)} payloads begin with {prefix}: {shown}{' …' if len(found) > 5 else ''}", hint="Give more of it.")
    return found[0]


def what_stands_at(body: bytes, path: str) -> str:
    """The value at a path of a document, or a row of an imported file, as text cut to two thousand characters.

    Where the path leads nowhere, what stands where it ends; where the document cannot be read, its first bytes.
    """
    if row := _ROW.fullmatch(path):
        return _cut(_row_of_file(body, int(row[1])))
    try:
        value = decode(body)
    except Unreadable as unreadable:
        return _cut(body[:SHOWN].decode("utf-8", "backslashreplace") or f"(nothing: {unreadable.reject.rule})")
    followed = "$"
    for step in _STEP.finditer(path):
        key: str | int = step[1] if step[1] is not None else int(step[2])
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return _cut(f"(no {step[0]} in {followed}) {_as_json(value)}")
        followed += step[0]
    return _cut(_as_json(value))


def _row_of_file(body: bytes, number: int) -> str:
    try:
        rows = read_rows(body, "file.parquet" if body[:4] == b"PAR1" else "file.csv")
    except BadInput as error:
        return f"({error.message})"
    if number in rows.ragged:
        return rows.ragged[number]
    found = rows.table.slice(number - 1, 1).to_pylist()
    return json.dumps(found[0], default=str, ensure_ascii=False) if found else f"(the file has {rows.table.num_rows} rows)"


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError):
        return "(nested too deep to show)"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} characters in all)"
