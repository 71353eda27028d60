"""Every figure of ours beside its peer's or its floor's, measured in the same run, as one table.

    uv run --group bench --group bench-asof python -m bench                    # all of it
    uv run --group bench --group bench-asof python -m bench night quotes       # only these
    uv run --group bench --group bench-asof python -m bench --quick            # in little: does it run, and roughly how

`night` is a whole night from payloads to documents, on a laptop's engines and on Postgres; `quotes` tonight's market out of 1 to 20
million; `ingest` a season of documents loaded; `asof` the newest quote at each of many moments beside polars and pandas; `growth`
features as history grows; `workers` a backtest with more of them. What is made to be measured is kept in `--data-dir`. Each measurement
is a process of its own; ours and the other take turns, and medians count. The load of the machine before and after stands below the
table. The figures of record stand in bench/README.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bench import asof, growth, loading, quotes, whole_night, workers
from bench.rows import Row, load, table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="night, quotes, ingest, asof, growth, workers; default: all")
    parser.add_argument("--quick", action="store_true", help="small inputs and one turn; aims are for the whole ones")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--data-dir", type=Path, default=Path("bench-data"))
    parser.add_argument("--archive", type=Path, default=Path("../shared/data"), help="the real archive, for growth and workers")
    given = parser.parse_args()
    base, turns, quick = given.data_dir.absolute(), 1 if given.quick else given.turns, given.quick
    million = 1_000_000
    sizes, on_postgres = ((100_000,), (100_000,)) if quick else ((million, 5 * million, 20 * million), (million, 5 * million))
    sections: dict[str, Callable[[], Iterator[Row]]] = {
        "night": lambda: whole_night.rows(base, turns, quick=quick),
        "quotes": lambda: quotes.rows(base, turns, sizes, on_postgres),
        "ingest": lambda: loading.rows(turns, 20 if quick else 1230),
        "asof": lambda: asof.rows(turns, *((20, 5_000) if quick else (1230, 600_000))),
        "growth": lambda: growth.rows(given.archive.absolute(), base, turns),
        "workers": lambda: workers.rows(base, turns, given.archive.absolute(), quick=quick),
    }
    unknown = [name for name in given.sections if name not in sections]
    if unknown:
        parser.error(f"{unknown[0]!r} is no section; there are {', '.join(sections)}")
    # A child runs this very code, wherever it is started from.
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    base.mkdir(parents=True, exist_ok=True)
    before = load()
    rows: list[Row] = []
    for name in given.sections or sections:
        if name == "growth" and not (given.archive / "archive").is_dir():
            print(f"growth: left out, there is no archive in {given.archive}.", file=sys.stderr)
            continue
        for row in sections[name]():
            rows.append(replace(row, aim=None, mib_aim=None) if quick else row)
            print(f"{name}: {row.name}: {row.seconds:.3f} s", file=sys.stderr, flush=True)
    print(table(rows))
    print(f"\nBefore: {before}. After: {load()}.{' Quick: small inputs, one turn, no aims.' if quick else ''}")


if __name__ == "__main__":
    main()
