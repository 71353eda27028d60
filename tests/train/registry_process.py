"""A process of its own that promotes a model once it is told to: several of them at once must leave one champion.

Knows no test: what is right is judged by the process that commands.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tipoff.errors import PromotionRefused
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.train.gates import Gate, Verdict
from tipoff.train.registry import SHADOW_FOR, raise_to
from train.graded_rows import NOON


def main(path: str, model_id: str) -> None:
    verdicts = [Verdict(model_id, "backtest b", None, (Gate("calibration", 0.01, 0.03, 3000, "PASSED", "well"),))]
    warehouse = DuckDBWarehouse(Path(path))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    try:
        with warehouse.writing(model_id) as work:
            raise_to(work, model_id, "champion", verdicts, compared_with=None, now=NOON + SHADOW_FOR, by="a process", reason="a race")
        sys.stdout.write("raised\n")
    except PromotionRefused:
        sys.stdout.write("refused\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
