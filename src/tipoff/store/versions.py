"""Versions: how often what is known of a scope changed, and what each was made from, in the transaction of the data itself.

Comes in: a kind (`facts`, `features`, `predict:…`, `publish`, …) and scopes (a game's id, a game day). Goes out: their generations, by
which a phase tells whether it is up to date. It must never know which phase depends on which.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import ibis.expr.types as ir
import pyarrow as pa

from tipoff.store.tables import table_of
from tipoff.store.warehouse import Work

GENERATIONS = "ops.generations"
FACTS, FEATURES, PUBLISH, GRADE = "facts", "features", "publish", "grade"
ANYTHING = "*"
"""The scope of all facts together: a generation further with each commit that changed any."""


@dataclass(frozen=True)
class Version:
    """A generation, and the versions that it was made from (empty for facts)."""

    generation: int
    made_from: str = ""


def versions(work: Work, kinds: Collection[str], scopes: Collection[str]) -> dict[tuple[str, str], Version]:
    """The versions of these kinds and scopes that are on record, by (kind, scope)."""
    if not kinds or not scopes:
        return {}
    wanted = {"kind": kinds, "scope": scopes}
    rows = work.ask(_known, *(pa.table({name: pa.array(sorted(values), pa.string())}) for name, values in wanted.items())).to_pylist()
    return {(row["kind"], row["scope"]): Version(row["generation"], row["made_from"] or "") for row in rows}


def generation(work: Work, kind: str, scope: str) -> int:
    """The generation of one version; 0 where none is on record."""
    rows = work.ask(_one, kind, scope)
    return int(rows.column(0)[0].as_py()) if rows.num_rows else 0


def _one(work: Work, kind: str, scope: str) -> ir.Table:
    known = work.table(GENERATIONS)
    return known.filter(known.kind == kind, known.scope == scope).select("generation")


def _known(work: Work, kinds: ir.Table, scopes: ir.Table) -> ir.Table:
    known = work.table(GENERATIONS).semi_join(kinds, "kind").semi_join(scopes, "scope")
    return known.select("kind", "scope", "generation", "made_from")


def advance(work: Work, made_from: Mapping[tuple[str, str], str]) -> None:
    """Each of these (kind, scope) is a generation further, and was made from what is given."""
    kinds, scopes = ({key[place] for key in made_from} for place in (0, 1))
    stood = versions(work, kinds, scopes)
    first = Version(0)
    rows = [
        {"scope": scope, "kind": kind, "generation": stood.get((kind, scope), first).generation + 1, "made_from": text}
        for (kind, scope), text in sorted(made_from.items())
    ]
    if rows:
        work.merge(GENERATIONS, table_of(GENERATIONS, rows))
