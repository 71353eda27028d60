"""The built wheel, installed alone, runs every command's help and the whole demo."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from tipoff.clock import SystemClock
from tipoff.practice.server import API_KEY
from tipoff.predict.systems import systems_named
from tipoff.store.payloads import Vault, open_bucket
from web.serving import serving

ROOT = Path(__file__).parents[1]
UV = os.environ.get("UV") or shutil.which("uv")

pytestmark = pytest.mark.skipif(UV is None, reason="uv, which builds and installs the wheel, is not on this machine")


def clean() -> dict[str, str]:
    """This process's environment without what it knows of this project."""
    ours = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    return {name: value for name, value in os.environ.items() if name not in ours and "TIPOFF" not in name}


def run(*command: str, cwd: Path, environment: Path | None = None) -> subprocess.CompletedProcess[str]:
    alone = {"UV_PROJECT_ENVIRONMENT": str(environment)} if environment else {}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=clean() | alone)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def tipoff(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a wheel installed in an environment of its own, with the locked dependencies and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    uv = str(UV)
    run(uv, "build", "--wheel", "--offline", "--out-dir", str(folder), cwd=ROOT)
    wheel = next(folder.glob("tipoff-*.whl"))
    alone = folder / "alone"
    frugal = ("--no-dev", "--no-install-project", "--no-compile-bytecode")  # a third of what is installed is imported
    run(uv, "sync", "-q", "--locked", "--offline", *frugal, cwd=ROOT, environment=alone)
    python = alone / "bin" / "python"
    run(uv, "pip", "install", "-q", "--offline", "--no-deps", "--python", str(python), str(wheel), cwd=folder)
    return python.with_name("tipoff")


HELP = """
import sys
from typer.testing import CliRunner
from tipoff.cli import app
for command in sys.argv[1:]:
    told = CliRunner().invoke(app, [command, "--help"], prog_name="tipoff")
    assert told.exit_code == 0, told.output
    assert f"Usage: tipoff {command} " in told.output, told.output
"""


def test_every_command_has_help(tipoff: Path, tmp_path: Path) -> None:
    listed = run(str(tipoff), "--help", cwd=tmp_path).stdout
    commands = re.findall(r"^  ([a-z]+(?:-[a-z]+)*) ", listed.partition("Commands:")[2], re.MULTILINE)
    assert len(commands) >= 50
    assert "process-date" in commands
    run(str(tipoff.with_name("python")), "-c", HELP, *commands, cwd=tmp_path)
    assert "Usage: tipoff night " in run(str(tipoff), "night", "--help", cwd=tmp_path).stdout
    assert not list(tmp_path.iterdir()), "asking for help leaves nothing behind"


@dataclass(frozen=True)
class Demo:
    """What the demo left: its folder, and what it said."""

    folder: Path
    said: str
    story: dict[str, Any]


@pytest.fixture(scope="module")
def demo(tipoff: Path, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    done = run(str(tipoff), "demo", "--no-serve", "--json", cwd=folder)
    return Demo(folder / "tipoff-demo", done.stdout + done.stderr, json.loads(done.stdout))


def test_the_demo_ends_with_a_graded_night_and_published_documents(demo: Demo) -> None:
    story, published = demo.story, demo.folder / "v1"
    tonight = json.loads((published / "tonight" / "latest.json").read_text(encoding="utf-8"))
    assert (tonight["league"], tonight["state"], tonight["game_date"]) == ("practice", "ok", story["tonight"])
    assert (published / "status.json").is_file()
    systems = {system.system_id for system in systems_named(None)}
    assert set(story["night"]["predicted"]) == systems
    assert all(number > 90 for number in story["night"]["predicted_lined"].values())
    assert {record["system_id"] for record in story["grades"]} == systems
    for record in story["grades"]:
        assert record["won"] + record["lost"] == record["hit_rate"]["n"]
        assert record["predictions"] > 0
    spoken_of = sum(bool(player["predictions"]) or player["absence"] is not None for game in tonight["games"] for player in game["players"])
    assert spoken_of == tonight["total_players"], "every scheduled player has a prediction or a reason"


ALIKE = re.compile(r"(?<=/player/)[^/]+|\d{4}-\d{2}-\d{2}")
"""In an address, what stands for one of many."""
OF_A_KIND = 3
LINKED = re.compile(r'(?:href|src|hx-get)="(/[^"#]*)')


def test_every_page_to_which_a_page_of_the_demo_leads_is_there(tipoff: Path, demo: Demo) -> None:
    """Served by the command, from a house that is some hours old: weeks without lines, a night that is over, one to come."""
    command = [str(tipoff), "serve", "--data-dir", str(demo.folder), "--port", "0"]
    told = demo.folder.parent / "told.txt"
    with (
        told.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=demo.folder.parent, env=clean()) as server,
        ExitStack() as ending,
    ):
        ending.callback(server.send_signal, signal.SIGTERM)
        assert server.stdout is not None
        [base] = re.findall(r"Pages: (\S+)/", server.stdout.readline())
        found: dict[str, int] = {}
        kinds: Counter[str] = Counter()
        waiting = ["/", f"/pipeline/{demo.story['tonight']}", "/pipeline/2001-01-01"]
        with httpx.Client(base_url=base, timeout=60, follow_redirects=True) as client:
            while waiting:
                address = waiting.pop()
                kind = ALIKE.sub("*", address.partition("?")[0])
                if address in found or kinds[kind] == OF_A_KIND:
                    continue
                kinds[kind] += 1
                answer = client.get(address)
                found[address] = answer.status_code
                if answer.headers["content-type"].startswith("text/html"):
                    waiting += [unescape(link) for link in LINKED.findall(answer.text)]
    assert {address: status for address, status in found.items() if status != 200} == {}
    assert "Traceback" not in told.read_text()
    assert {"/", "/lines", "/players", "/record", "/fleet", "/pipeline", "/reports", "/player/*", "/tonight/*", "/pipeline/*"} <= set(kinds)


def texts_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Everything that a house holds, as text: rows of the warehouse and of the state database, files, payloads unpacked, pages."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        names = warehouse.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
        for schema, table in names:
            yield (
                f"{schema}.{table}",
                str(warehouse.execute(f'SELECT string_agg(t::VARCHAR, chr(10)) FROM "{schema}"."{table}" t').fetchone()),
            )
    with closing(sqlite3.connect(folder / "state.sqlite")) as state:
        yield "state.sqlite", "\n".join(state.iterdump())
    bucket = open_bucket(folder.as_uri())
    vault = Vault(bucket)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield str(path.relative_to(folder)), path.read_bytes().decode("latin-1")
        if path.suffix == ".zst":
            yield f"payload {path.stem}", vault.get(path.stem).decode("latin-1")
    with serving(bucket, SystemClock().now()) as client:
        for page in ("/", "/lines", "/players", "/record", "/fleet", "/reports", "/pipeline", "/v1/status.json", "/v1/intake.json"):
            answer = client.get(page)
            assert answer.status_code == 200, page
            yield page, f"{answer.headers} {answer.text}"


def test_f63_the_key_is_in_no_row_payload_log_or_page(demo: Demo) -> None:
    found = dict(texts_of(demo.folder))
    name = json.loads((demo.folder / "v1" / "players.json").read_text(encoding="utf-8"))["players"][0]["name"]
    seen = {where for where, text in found.items() if name in text or name.encode().decode("latin-1") in text}
    assert {"ref.players", "/players"} <= seen, "the scan reads what stands there"
    assert any(where.startswith("payload ") for where in seen)
    assert [where for where, text in found.items() if API_KEY in text] == []
    assert API_KEY not in demo.said
