"""What a night's features cost as history grows: the real archive's last one, three and eleven seasons.

    uv run python -m bench growth --archive ../shared/data [--data-dir bench-data]

The archive is imported once; the smaller houses are copies of it in which older rows are deleted. Each is asked, in processes of its own
and in turns, for the features of one night of twelve games (bench/features.py), the first of a process. What each is held beside is the
smallest.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.features import NIGHT, measure
from bench.rows import Row, alone, in_turns, tell

SINCE = {1: "2025-07-01", 3: "2023-07-01", 11: None}
"""Seasons of history, the night's own among them, and the first day of them."""
AIM, MEMORY_AIM = 1.0, 2048.0


def houses(archive: Path, base: Path) -> dict[int, Path]:
    """A house for each length of history, made where it is not there."""
    whole = base / "seasons-11"
    if not (whole / "told").exists():
        command = [sys.executable, "-m", "tipoff", "import", str(archive / "archive"), "--data-dir", str(whole), "--json"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        (whole / "told").touch()
    found = {}
    for seasons, since in SINCE.items():
        found[seasons] = base / f"seasons-{seasons}"
        if since and not (found[seasons] / "told").exists():
            shutil.rmtree(found[seasons], ignore_errors=True)
            found[seasons].mkdir()
            shutil.copy(whole / "warehouse.duckdb", found[seasons])
            _forget(found[seasons] / "warehouse.duckdb", since)
            (found[seasons] / "told").touch()
    return found


def _forget(path: Path, since: str) -> None:
    import duckdb

    dated = "SELECT table_schema, table_name FROM information_schema.columns WHERE column_name = 'game_date' AND table_schema = 'raw'"
    with duckdb.connect(str(path)) as connection:
        for schema, name in connection.sql(dated).fetchall():
            connection.execute(f'DELETE FROM "{schema}"."{name}" WHERE game_date < DATE \'{since}\'')


def rows(archive: Path, base: Path, turns: int) -> Iterator[Row]:
    """A row for each length of history."""
    found = houses(archive, base)
    told = in_turns(turns, *(lambda house=house: alone("growth", house) for house in found.values()))
    least: dict[str, Any] = told[0]
    for seasons, one in zip(found, told, strict=True):
        name = f"features of a night ({one['rows']} players), history of {seasons} season{'s' * (seasons > 1)}"
        beside = "one season" if seasons > 1 else ""
        yield Row(name, one["seconds"], one["cpu"], one["mib"], beside, least["seconds"] if beside else None, AIM, MEMORY_AIM)


if __name__ == "__main__":
    result = measure(Path(sys.argv[1]), NIGHT)
    tell({**result, "seconds": result["first"]})
