"""The practice upstream on loopback for commands in processes of their own: the season is over, and all of it is history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tipoff.clock import SystemClock
from tipoff.practice import simulate
from tipoff.practice.season import Season
from tipoff.practice.server import API_KEY, running
from tipoff.store.duckdb import DuckDBWarehouse

WRITTEN = {"written_at", "run_id", "first_seen"}
BACKFILLED = ("raw.odds_player_points", "raw.odds_game_lines", "raw.player_box", "ref.game_ids", "ref.players", "ref.bookmakers")


@cache
def season() -> Season:
    return simulate(7)


@contextmanager
def history(api_key: str = API_KEY) -> Iterator[dict[str, str]]:
    """The environment of a command that asks the practice upstream for a season that is over."""
    with running(season(), SystemClock(), api_key=api_key) as base:
        yield {
            "TIPOFF_LEAGUE": "practice",
            "TIPOFF_ODDS_API_URL": f"{base}/odds-api",
            "TIPOFF_NBA_CDN_URL": f"{base}/nba-cdn",
            "TIPOFF_ESPN_URL": f"{base}/espn",
            "TIPOFF_NBA_INJURIES_URL": f"{base}/nba-injuries",
            "TIPOFF_ODDS_API_KEY": api_key,
            "TIPOFF_SOURCES": '["odds_api", "nba_cdn", "espn"]',
        }


def rows_of(data_dir: Path, *names: str) -> dict[str, set[tuple[Any, ...]]]:
    """The rows of tables, but for what says when and by whom they were written, or fetched."""
    warehouse = DuckDBWarehouse(data_dir / "warehouse.duckdb")
    aside = {*WRITTEN, "fetched_at", "payload_id"}
    return {
        name: {tuple(value for column, value in row.items() if column not in aside) for row in warehouse.read(name).to_pylist()}
        for name in names
    }
