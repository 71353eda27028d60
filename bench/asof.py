"""The newest quote at each of many moments, beside polars and pandas: bench/features_asof.py's measures as rows of the one table."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.rows import ROOT, Row

PEERS = ("polars", "pandas", "asof_join")
SCRIPT = str(ROOT / "bench" / "features_asof.py")


def rows(turns: int, games: int, probes: int) -> Iterator[Row]:
    """A row a peer. Each tool is asked `turns` times in one process."""
    with tempfile.TemporaryDirectory() as scratch:
        _run("rows", scratch, "--games", games, "--probes", probes)
        _run("fill", scratch, "--games", games)
        ours = _run("ours", scratch, "--repeat", turns)
        for peer in PEERS:
            theirs = _run(peer, scratch, "--repeat", turns)
            same = _answer(scratch, "ours").equals(_answer(scratch, peer))
            if not same:
                raise SystemExit(f"{peer} answers otherwise than ours.")
            name = f"{probes:,} as-of questions to {games:,} games' quotes"
            yield Row(name, ours["ask"], None, ours["mib"], f"{peer}, sorting included", theirs["sort"] + theirs["ask"])


def _run(part: str, folder: str, *given: object) -> dict[str, Any]:
    command = [sys.executable, SCRIPT, "--part", part, "--folder", folder, *map(str, given)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _answer(folder: str, name: str) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(Path(folder) / f"{name}.parquet")
