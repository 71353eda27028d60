"""The latest quote of a game, player and book at or before each of many moments: ours beside polars, pandas and Feast.

    uv run --group bench-asof python bench/features_asof.py [--games 1230] [--probes 600000] [--repeat 3] [--tools ours polars …]

A season of quotes (20 million) and 600,000 probes are made by a seed (asof_rows.py). Each tool is a process of its own: it brings the same
Arrow table into its own form (load), sorts where it must (sort), and is asked (ask), medians of three; its peak memory counts from the
loaded table on. Ours is loaded by the warehouse's own merge, whole rows with their provenance, and each question opens the file. Every
tool's answers must be the same, or the run fails. Prints one table; the figures of record stand in bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from asof_rows import KEYS, VALUES, Tool, batches, measured, probes_in, quotes_in, say, season, timed, write_rows

TABLE = "raw.odds_player_points"


def fill_warehouse(folder: Path, games: int) -> float:
    """The season, merged into a new warehouse as a backfill would; the seconds that merging took."""
    from tipoff.store.duckdb import DuckDBWarehouse

    warehouse = DuckDBWarehouse(folder / "warehouse.duckdb")
    seconds = 0.0
    for quotes in batches(season(games)):
        rows = _as_stored(quotes)
        seconds += timed(lambda rows=rows: warehouse.merge(TABLE, rows, "bench"))[0]
    return seconds


def _as_stored(quotes: pa.Table) -> pa.Table:
    """The columns that the loader fills in. `is_main` is worked out after a merge; here each row is, from the start."""
    size = quotes.num_rows
    same = {
        "market": "player_points",
        "is_main": True,
        "known_at_assumed": False,
        "source": "odds_api",
        "origin_rank": 1,
        "payload_id": "0" * 64,
    }
    for name, value in same.items():
        quotes = quotes.append_column(name, pa.repeat(pa.scalar(value), size))
    for name in ("known_at", "fetched_at", "last_update"):
        quotes = quotes.append_column(name, quotes["snapshot_at"])
    return quotes


def _warehouse(folder: Path) -> tuple[float, Any]:
    from tipoff.store.duckdb import DuckDBWarehouse

    return 0.0, (DuckDBWarehouse(folder / "warehouse.duckdb"), probes_in(folder))


def _in_warehouse(table: Any, question: Any) -> pa.Table:
    """A question on the main quotes of an opened warehouse and the probes."""
    import ibis

    warehouse, asked = table
    with warehouse.reading() as work:
        stored = work.table(TABLE)
        main = stored.filter(stored.is_main)
        wanted = main.select(*KEYS, *VALUES, "snapshot_at", "known_at", "origin_rank", "event_id")
        return work.fetch(question(work, wanted, ibis.memtable(asked)).select(*KEYS, "as_of", *VALUES))


def ask_ours(table: Any) -> pa.Table:
    import ibis

    from tipoff.market.latest import known_by, newest_of

    def newest(work: Any, quotes: Any, asked: Any) -> Any:
        probes = work.keep(asked.mutate(probe=ibis.row_number()))
        seen = known_by(quotes.inner_join(probes, KEYS), "as_of")
        return probes.inner_join(newest_of(seen, by=["probe"], apart=["event_id"], values=VALUES), "probe")

    return _in_warehouse(table, newest)


def ask_ranking(table: Any) -> pa.Table:
    """The way that is obvious in SQL: join, rank all that came before, take the first."""
    import ibis

    from tipoff.market.latest import known_by

    def ranked(_: Any, quotes: Any, asked: Any) -> Any:
        seen = known_by(quotes.inner_join(asked, KEYS), "as_of")
        ties = [ibis.desc("snapshot_at"), ibis.desc("origin_rank"), ibis.asc("event_id")]
        order = ibis.window(group_by=[*KEYS, "as_of"], order_by=ties)
        return seen.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place == 0)

    return _in_warehouse(table, ranked)


def ask_asof_join(table: Any) -> pa.Table:
    """DuckDB's own as-of join, which other engines have not."""
    import duckdb

    warehouse, asked = table
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        # As a table: of an Arrow scan DuckDB does not know the size, and the join then does not end in minutes.
        connection.register("asked", asked)
        connection.execute("CREATE TEMP TABLE probes AS SELECT * FROM asked")
        equal = " AND ".join(f"p.{key} = q.{key}" for key in KEYS)
        values = ", ".join(f"q.{value}" for value in VALUES)
        quotes = f"(SELECT * FROM {TABLE} WHERE is_main) AS q"
        sql = f"SELECT p.*, {values} FROM temp.probes AS p ASOF LEFT JOIN {quotes} ON {equal} AND p.as_of >= q.snapshot_at"
        return connection.sql(sql).to_arrow_table()


def load_polars(folder: Path) -> tuple[float, Any]:
    import polars as pl

    quotes, asked = quotes_in(folder), probes_in(folder)
    return timed(lambda: (pl.from_arrow(quotes), pl.from_arrow(asked)))


def sort_polars(table: Any) -> Any:
    quotes, asked = table
    return quotes.sort("snapshot_at"), asked.sort("as_of")


def sort_polars_probes(table: Any) -> Any:
    """The quotes as they are: each game's are in order already, which polars takes on trust."""
    quotes, asked = table
    return quotes, asked.sort("as_of")


def ask_polars(table: Any) -> Any:
    quotes, asked = table
    return asked.join_asof(quotes, left_on="as_of", right_on="snapshot_at", by=KEYS, check_sortedness=False)


def load_pandas(folder: Path) -> tuple[float, Any]:
    quotes, asked = quotes_in(folder), probes_in(folder)
    return timed(lambda: (quotes.to_pandas(), asked.to_pandas()))


def sort_pandas(table: Any) -> Any:
    quotes, asked = table
    return quotes.sort_values("snapshot_at"), asked.sort_values("as_of")


def ask_pandas(table: Any) -> Any:
    import pandas as pd

    quotes, asked = table
    return pd.merge_asof(asked, quotes, left_on="as_of", right_on="snapshot_at", by=KEYS)


TOOLS = {
    "ours": Tool(_warehouse, ask_ours),
    "ranking": Tool(_warehouse, ask_ranking),
    "asof_join": Tool(_warehouse, ask_asof_join),
    "polars": Tool(load_polars, ask_polars, sort_polars, lambda answer: answer.to_arrow()),
    "polars_in_order": Tool(load_polars, ask_polars, sort_polars_probes, lambda answer: answer.to_arrow()),
    "pandas": Tool(load_pandas, ask_pandas, sort_pandas, lambda answer: pa.Table.from_pandas(answer, preserve_index=False)),
}
FEAST = {"feast_duckdb": "duckdb", "feast_dask": "dask"}


def run(name: str, folder: Path, repeat: int) -> dict[str, float]:
    """One tool in a process of its own, Feast in its own environment."""
    if name in FEAST:
        script = str(Path(__file__).with_name("asof_feast.py"))
        command = [os.environ.get("UV", "uv"), "run", "--quiet", "--script", script, "--store", FEAST[name]]
    else:
        command = [sys.executable, __file__, "--part", name]
    given = ["--folder", str(folder), "--repeat", str(repeat)]
    done = subprocess.run([*command, *given], stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=1230)
    parser.add_argument("--probes", type=int, default=600_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--tools", nargs="+", choices=[*TOOLS, *FEAST], default=[*TOOLS, *FEAST])
    parser.add_argument("--part", choices=[*TOOLS, "fill", "rows"])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.part == "rows":
        say({"rows": write_rows(given.folder, given.games, given.probes)})
    elif given.part == "fill":
        say({"load": fill_warehouse(given.folder, given.games)})
    elif given.part:
        say(measured(TOOLS[given.part], given.folder, given.part, given.repeat))
    else:
        compare(given.games, given.probes, given.repeat, given.tools)


def compare(games: int, count: int, repeat: int, names: list[str]) -> None:
    """All tools on the same rows, one after another, and a table of what they took."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rows = write_rows(folder, games, count)
        fill = [sys.executable, __file__, "--part", "fill", "--folder", scratch, "--games", str(games)]
        filled = json.loads(subprocess.run(fill, stdout=subprocess.PIPE, text=True, check=True).stdout)
        print(f"{rows:,} quotes of {games:,} games, {count:,} probes; loaded into the warehouse in {filled['load']:.0f} s")
        print("| | load, s | sort, s | ask, s | sort + ask | quotes/s | peak memory | times ours |")
        print("|---|---|---|---|---|---|---|---|")
        first: pa.Table | None = None
        ours = 0.0
        for name in names:
            found = run(name, folder, repeat)
            answer = pq.read_table(folder / f"{name}.parquet")
            first = answer if first is None else first
            if not answer.equals(first):
                raise SystemExit(f"{name} answers otherwise than {names[0]}: {answer.num_rows:,} rows against {first.num_rows:,}.")
            whole = found["sort"] + found["ask"]
            ours = ours or whole
            load = found["load"] or filled["load"]
            print(
                f"| {name} | {load:.1f} | {found['sort']:.2f} | {found['ask']:.2f} | {whole:.2f} | {rows / whole:,.0f} "
                f"| {found['mib']:,.0f} MiB | {whole / ours:.1f} |",
                flush=True,
            )
        print(f"all gave the same answer to {first.num_rows if first else 0:,} probes; the others are earlier than any quote")


if __name__ == "__main__":
    main()
