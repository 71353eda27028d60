"""Tonight's market as of a moment, out of 1 to 20 million quotes, on DuckDB and Postgres, beside a plain ranking in the engine's own SQL.

    uv run python -m bench quotes [--data-dir bench-data]

The warehouse holds nights of ten games, fifteen players a game, twelve books and sixteen moments (bench/market.py makes them, and they are
kept), with every column that the loader fills. Ours is `market.lines.market_as_of`, the question that a night asks: each book's newest
quote, its first, that of six hours ago, and consensus, movement and probability of each player. The peer is the newest quote alone, by
`ROW_NUMBER` in the same file, `DISTINCT ON` on Postgres, through the engine's own client. Each is a process of its own, and tells the
first time that it was asked and the median of five more.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.market import LAST, fill
from bench.rows import Row, alone, in_turns, tell, timed

if TYPE_CHECKING:
    from tipoff.store.warehouse import Warehouse

GAMES, REPEAT = 10, 5
ASK_AIM, MEMORY_AIM = 1.0, 2048.0
TABLE = "raw.odds_player_points"


def asked(day: date) -> tuple[list[str], datetime]:
    """The night's games, and the moment: half an hour before the tip."""
    return [f"{day:%Y%m%d}_A{number:02d}_H{number:02d}" for number in range(GAMES)], datetime(
        day.year, day.month, day.day, 23, 24, tzinfo=UTC
    )


def said(ask: Callable[[], int]) -> None:
    """Ask, and tell what it took."""
    answers: list[int] = []
    taken = [timed(lambda: answers.append(ask())) for _ in range(REPEAT + 1)]
    again = statistics.median(seconds for seconds, _ in taken[1:])
    tell({"seconds": taken[0][0], "of": taken[0][1], "again": again, "rows": answers[0]})


def ours(warehouse: Warehouse) -> None:
    import ibis
    import pyarrow as pa

    from tipoff.market.lines import market_as_of

    names, at = asked(LAST)
    moments = pa.array([at] * GAMES, pa.timestamp("us", "UTC"))
    games = pa.table({"game_id": names, "game_date": [LAST] * GAMES, "tip": moments, "as_of": moments})

    def ask() -> int:
        with warehouse.reading() as work:
            return market_as_of(work, ibis.memtable(games)).quotes.num_rows

    said(ask)


NEWEST = """SELECT {distinct} game_id, player_lookup, bookmaker, point, over_price, under_price, snapshot_at FROM {table}
WHERE game_date = '{day}' AND game_id IN ({games}) AND is_main AND snapshot_at <= '{at}' AND known_at <= '{at}' {last}"""


def peer(path: Path) -> None:
    import duckdb

    by = "PARTITION BY game_id, player_lookup, bookmaker ORDER BY snapshot_at DESC, origin_rank DESC, event_id"
    last = f"QUALIFY ROW_NUMBER() OVER ({by}) = 1"
    names, at = asked(LAST)
    games = ", ".join(f"'{name}'" for name in names)
    sql = NEWEST.format(distinct="", table=TABLE, day=LAST, games=games, at=at.isoformat(), last=last)

    def ask() -> int:
        with duckdb.connect(str(path), read_only=True) as connection:
            return int(connection.sql(sql).to_arrow_table().num_rows)

    said(ask)


def postgres_peer(url: str) -> None:
    import psycopg

    by = "game_id, player_lookup, bookmaker"
    names, at = asked(LAST)
    games = ", ".join(f"'{name}'" for name in names)
    last = f"ORDER BY {by}, snapshot_at DESC, origin_rank DESC, event_id"
    sql = NEWEST.format(distinct=f"DISTINCT ON ({by})", table=TABLE, day=LAST, games=games, at=at.isoformat(), last=last)

    def ask() -> int:
        with psycopg.connect(url) as connection:
            return len(connection.execute(sql).fetchall())

    said(ask)


def make(base: Path, quotes: int) -> Path:
    """A DuckDB warehouse with so many quotes, made where it is not there."""
    path = base / f"quotes-{quotes}.duckdb"
    if not path.exists():
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=base) as scratch:
            made = Path(scratch) / "made.duckdb"
            alone("quotes", "fill", "--quotes", quotes, "--warehouse", made)
            shutil.move(made, path)
    return path


def rows(base: Path, turns: int, sizes: tuple[int, ...], on_postgres: tuple[int, ...]) -> Iterator[Row]:
    """The rows of the table, DuckDB's first."""
    for quotes in sizes:
        path = make(base, quotes)
        mine, theirs = in_turns(
            turns,
            lambda path=path: alone("quotes", "ours", "--warehouse", path),
            lambda path=path: alone("quotes", "peer", "--warehouse", path),
        )
        yield from _both(f"{quotes:,} quotes, DuckDB", "newest by ROW_NUMBER", mine, theirs)
    if on_postgres:
        from bench.whole_night import database, server

        with server() as running:
            for quotes in on_postgres:
                url = database(running, f"quotes_{quotes}")
                alone("quotes", "fill", "--quotes", quotes, "--warehouse", url)
                mine, theirs = in_turns(
                    turns,
                    lambda url=url: alone("quotes", "ours", "--warehouse", url),
                    lambda url=url: alone("quotes", "peer", "--warehouse", url),
                )
                yield from _both(f"{quotes:,} quotes, Postgres", "newest by DISTINCT ON", mine, theirs)


def _both(name: str, beside: str, mine: dict[str, Any], theirs: dict[str, Any]) -> Iterator[Row]:
    aims = (ASK_AIM, MEMORY_AIM) if "DuckDB" in name else (None, None)
    view = f"tonight's market of {name}"
    yield Row(f"{view}: first time", mine["seconds"], mine["of"], mine["mib"], beside, theirs["seconds"], *aims)
    yield Row(f"{view}: again", mine["again"], None, mine["mib"], beside, theirs["again"], *aims)


def opened(place: str) -> Warehouse:
    from tipoff.store.duckdb import DuckDBWarehouse
    from tipoff.store.postgres import PostgresWarehouse

    return PostgresWarehouse(place) if place.startswith("postgresql:") else DuckDBWarehouse(Path(place))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("fill", "ours", "peer"))
    parser.add_argument("--warehouse", required=True)
    parser.add_argument("--quotes", type=int, default=0)
    given = parser.parse_args()
    postgres = given.warehouse.startswith("postgresql:")
    if given.part == "fill":
        seconds, _ = timed(lambda: fill(opened(given.warehouse), given.quotes, games=GAMES))
        tell({"seconds": seconds})
    elif given.part == "ours":
        ours(opened(given.warehouse))
    elif postgres:
        postgres_peer(given.warehouse)
    else:
        peer(Path(given.warehouse))


if __name__ == "__main__":
    main()
