"""Finished backtests in the bucket, as evidence: `backtests/ID/plan.json`, and two tables a fold below `backtests/ID/folds/DATE/`.

Knows where they lie. It must never know how a backtest is made, nor what is judged on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from obstore.store import ObjectStore

from tipoff.errors import BadInput
from tipoff.store.bucket import level, listed, read
from tipoff.train.evidence import Evidence, from_backtest, nothing

FOLDER = "backtests/"


@dataclass(frozen=True)
class Backtest:
    """A finished backtest: `recipes` are the hashes of the systems that it holds, by their ids; `created_at` is in ISO 8601, UTC;
    `leaks` is what its leak check found."""

    backtest_id: str
    created_at: str
    recipes: Mapping[str, str]
    leaks: int
    bucket: ObjectStore = field(repr=False)

    @cached_property
    def tables(self) -> tuple[pa.Table, pa.Table]:
        """`facts` and `said`, of all folds; one without a game, or in which nobody spoke, has no rows, and may have no columns. Raises
        BadInput where a fold is missing, or where nothing was said in any."""
        paths = sorted(found["path"] for found in listed(self.bucket, f"{FOLDER}{self.backtest_id}/folds"))
        parts = [[path for path in paths if path.endswith(f"/{name}.parquet")] for name in ("facts", "said")]
        if not parts[0] or len(parts[0]) != len(parts[1]):
            raise BadInput(
                f"The backtest {self.backtest_id} has {len(parts[0])} tables of facts and {len(parts[1])} of what was said.",
                hint="Run the backtest again.",
            )
        folds = [[pq.read_table(pa.BufferReader(read(self.bucket, path))) for path in part] for part in parts]
        facts, said = ([table for table in part if table.num_rows] for part in folds)
        if not said:
            raise BadInput(f"Nobody said anything in the backtest {self.backtest_id}.", hint="Run one of other days, or other systems.")
        return pa.concat_tables(facts), pa.concat_tables(said)

    def evidence(self, system_id: str) -> Evidence:
        """What it holds of a system: no row of one that said nothing."""
        facts, said = self.tables
        if not pc.any(pc.equal(said.column("system_id"), system_id)).as_py():
            return nothing(system_id, f"backtest {self.backtest_id}")
        found = from_backtest(facts, said, system_id, self.backtest_id)
        return replace(found, leaks=self.leaks)


def finished(bucket: ObjectStore, backtest_id: str | None = None) -> list[Backtest]:
    """The finished backtests, the newest first; or the one of this id. Raises BadInput where that is none, or has not finished."""
    if backtest_id is not None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", backtest_id):
            raise BadInput(f"{backtest_id!r} is no id of a backtest.", hint="Ids are of letters, digits, dots and dashes.")
        found = _read(bucket, backtest_id)
        if found is None:
            raise BadInput(f"There is no finished backtest {backtest_id!r}.", hint="`tipoff backtest` makes one, or goes on with one.")
        return [found]
    ids = [folder.removeprefix(FOLDER) for folder in level(bucket, FOLDER)[0]]
    complete = [backtest for backtest in (_read(bucket, name) for name in ids) if backtest is not None]
    return sorted(complete, key=lambda backtest: (backtest.created_at, backtest.backtest_id), reverse=True)


def _plan(backtest_id: str) -> str:
    return f"{FOLDER}{backtest_id}/plan.json"


def _read(bucket: ObjectStore, backtest_id: str) -> Backtest | None:
    """The backtest of this id; None where there is none, or it has not finished. Raises BadInput where its plan cannot be read."""
    try:
        plan: dict[str, Any] = json.loads(read(bucket, _plan(backtest_id)))
        if plan["state"] != "finished":
            return None
        return Backtest(backtest_id, str(plan["created_at"]), dict(plan["recipes"]), int(plan.get("leaks_found", 0)), bucket)
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"The plan of the backtest {backtest_id} cannot be read: {error!r}.", hint="Run the backtest again.") from None
