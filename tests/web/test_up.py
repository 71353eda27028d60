"""`tipoff up` and `tipoff serve` as processes: what they say, what answers there, and how they leave."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

TOKEN = "a-token-for-tests-0123456789"


@contextmanager
def command(folder: Path, *arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A command that serves: its process, its address, and what it says of the token."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    # Asked of nobody: a worker whose clock says that it is time would reach for the sources.
    clean |= {
        f"TIPOFF_{name}_URL": "http://127.0.0.1:9" for name in ("ODDS_API", "NBA_CDN", "NBA_STATS", "NBA_INJURIES", "ESPN", "BALLDONTLIE")
    }
    process = subprocess.Popen(
        (sys.executable, "-m", "tipoff", *arguments, "--port", "0", "--data-dir", str(folder / "data")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=clean | {"COLUMNS": "200"} | variables,
    )
    with process:
        try:
            assert process.stdout is not None
            first, second = process.stdout.readline(), process.stdout.readline()
            assert first, process.stderr.read() if process.stderr else ""
            yield process, first.split()[1], second
        finally:
            process.kill()


@pytest.mark.parametrize("signalled", [signal.SIGTERM, signal.SIGINT])
def test_up_works_serves_and_leaves_when_it_is_told_to(tmp_path: Path, signalled: signal.Signals) -> None:
    with command(tmp_path, "up", TIPOFF_API_TOKEN=TOKEN) as (process, url, about), httpx.Client(base_url=url, timeout=30) as client:
        assert "TIPOFF_API_TOKEN" in about
        assert TOKEN not in about
        assert client.get("/ready").json()["ready"] is True, client.get("/ready").text
        assert "Nothing is published yet" in client.get("/").text
        asked = client.post("/grade", json={"game_date": "2025-11-05"}, headers={"Authorization": f"Bearer {TOKEN}"})
        assert asked.status_code == 404
        process.send_signal(signalled)
        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    with closing(sqlite3.connect(tmp_path / "data" / "state.sqlite")) as state:
        assert state.execute("SELECT count(*), count(left_at) FROM ops_workers").fetchone() == (1, 1), "it has left"


def test_serve_asks_and_does_not_work_and_says_where_no_token_is_set(tmp_path: Path) -> None:
    with command(tmp_path, "serve") as (process, url, about), httpx.Client(base_url=url, timeout=30) as client:
        assert "not set" in about
        assert client.post("/start", json={}).status_code == 503
        told = {part["name"]: part["ready"] for part in client.get("/ready").json()["dependencies"]}
        assert told == {"state": True, "warehouse": True, "bucket": True, "worker": False}
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def test_up_on_an_address_that_is_taken_says_so_and_leaves(tmp_path: Path) -> None:
    with command(tmp_path, "serve") as (_, url, _about):
        port = url.rstrip("/").rpartition(":")[2]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
        arguments = (sys.executable, "-m", "tipoff", "up", "--port", port, "--data-dir", str(tmp_path / "other"))
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=tmp_path, env=clean)
    assert done.returncode == 3
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
