"""Best bets in a backtest: the very selection of the published document, over every night, with each system in the lead by turns.

In: the tables `facts` and `said` of all folds together. Out: by system what its best bets came to, and why the others were passed, as plain
numbers. It must never know how the selection is made.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.grade.backtest_bets import Record, bets_of
from tipoff.grade.backtest_rows import read_tables
from tipoff.market.selection import KEY, SelectionRule, best_bets

_NEEDED = ("team", "quality_score", "book_count", "line_range")
"""Of the facts: a backtest of before there was a selection lacks them."""


@dataclass(frozen=True)
class Best:
    """One system in the lead: of `looked_at` player-games those that were picked, on `days` game dates (of `all_days`), and the others by
    the reason why they were passed. `record` is of flat stakes, with always-UNDER on the same rows."""

    system_id: str
    looked_at: int
    days: int
    all_days: int
    record: Record
    passed: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def best_of(facts: pa.Table, said: pa.Table, rule: SelectionRule | None = None) -> dict[str, Best]:
    """The best bets of each system, by its name; none where the facts do not hold what the selection asks for.

    Raises BadInput as `read_tables` and `best_bets` do.
    """
    if any(name not in facts.column_names for name in _NEEDED):
        return {}
    about = facts.select([*KEY, *_NEEDED])
    selected = {system: best_bets(said, about, system, rule) for system in sorted(pc.unique(said.column("system_id")).to_pylist())}
    picked = [_keys(rows, system) for system, rows in selected.items()]
    kept = said.join(pa.concat_tables(picked), ["system_id", *KEY], join_type="left semi") if picked else said.slice(0, 0)
    records = {one.system_id: bets_of(one.picks).total for one in read_tables(facts, kept).said()}
    nothing = (
        bets_of(next(iter(read_tables(facts, said).said())).picks.take(np.zeros(0, dtype=np.int64))).total
        if len(records) < len(selected)
        else None
    )
    found = {}
    for system, rows in selected.items():
        record = records.get(system, nothing)
        assert record is not None
        found[system] = Best(
            system_id=system,
            looked_at=rows.num_rows,
            days=_days(rows.filter(rows.column("rank").is_valid())),
            all_days=_days(rows),
            record=record,
            passed=_counted(rows),
        )
    return found


def _keys(rows: pa.Table, system: str) -> pa.Table:
    mine = rows.filter(rows.column("rank").is_valid()).select(list(KEY))
    return mine.append_column("system_id", pa.array([system] * mine.num_rows, pa.string()))


def _days(rows: pa.Table) -> int:
    return int(pc.count_distinct(rows.column("game_date")).as_py())


def _counted(rows: pa.Table) -> dict[str, int]:
    counted = pc.value_counts(rows.column("why").drop_null()).to_pylist()
    return dict(sorted(((one["values"], one["counts"]) for one in counted), key=lambda pair: (-pair[1], pair[0])))
