"""What many payloads gave, in whole tables: a column of a hundred thousand rows costs what a column of ten does.

Comes in: payloads, or what was said of each. Goes out: one `Parsed` a payload, without its records, and one table a kind for all of
them. Knows shapes only; it must never know a source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from tipoff.errors import BrokenInvariant
from tipoff.scrape.records import Parsed, RecordKind

DOCUMENT = "document"


@dataclass
class Batch:
    """`said` holds one Parsed a payload, its records taken out of it; None where nobody has read it yet.

    `records` holds the rows of all of them, each with `document` (int32): the place of its payload in `said`.
    """

    said: list[Parsed | None]
    records: dict[RecordKind, list[pa.Table]] = field(default_factory=dict)

    @property
    def whole(self) -> list[Parsed]:
        """What was said of each payload, once all are read. Raises BrokenInvariant where one is not."""
        found = [parsed for parsed in self.said if parsed is not None]
        if len(found) != len(self.said):
            raise BrokenInvariant(f"{len(self.said) - len(found)} of {len(self.said)} payloads were not read.")
        return found

    def add(self, kind: RecordKind, rows: pa.Table, documents: pa.Array) -> None:
        """Rows of a kind, and for each the place of its payload."""
        if rows.num_rows:
            self.records.setdefault(kind, []).append(rows.append_column(DOCUMENT, documents.cast(pa.int32())))

    def put(self, place: int, parsed: Parsed) -> None:
        """What one payload gave."""
        for kind, rows in parsed.records.items():
            self.add(kind, rows, pa.repeat(pa.scalar(place, pa.int32()), rows.num_rows))
        self.said[place] = replace(parsed, records={})

    def take(self, other: Batch, places: Sequence[int]) -> None:
        """All that another batch read; its n-th payload is the one at `places[n]` of this one."""
        for number, parsed in enumerate(other.said):
            if parsed is not None:
                self.said[places[number]] = parsed
        here = pa.array(places, pa.int32())
        for kind, parts in other.records.items():
            for rows in parts:
                self.add(kind, rows.drop_columns([DOCUMENT]), here.take(rows.column(DOCUMENT).combine_chunks()))

    def refuse(self, place: int, parsed: Parsed) -> None:
        """What a payload gave counts no longer: in its stead stands this, which has no records."""
        self.said[place] = parsed
        for kind, parts in self.records.items():
            self.records[kind] = [rows.filter(pa.array(rows.column(DOCUMENT).to_numpy() != np.int32(place))) for rows in parts]

    def tables(self) -> dict[RecordKind, pa.Table]:
        """One table a kind, of those that have rows."""
        whole = {kind: pa.concat_tables(parts).combine_chunks() for kind, parts in self.records.items()}
        return {kind: rows for kind, rows in whole.items() if rows.num_rows}
