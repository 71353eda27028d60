"""The built wheel, installed alone, runs every command's help and the whole demo."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tipoff.predict.systems import systems_named

ROOT = Path(__file__).parents[1]
UV = os.environ.get("UV") or shutil.which("uv")

pytestmark = pytest.mark.skipif(UV is None, reason="uv, which builds and installs the wheel, is not on this machine")


def run(*command: str, cwd: Path, environment: Path | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"} and "TIPOFF" not in name}
    if environment:
        clean["UV_PROJECT_ENVIRONMENT"] = str(environment)
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=clean)
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
    run(uv, "sync", "-q", "--locked", "--offline", "--no-dev", "--no-install-project", cwd=ROOT, environment=alone)
    python = alone / "bin" / "python"
    run(uv, "pip", "install", "-q", "--offline", "--no-deps", "--python", str(python), str(wheel), cwd=folder)
    return python.with_name("tipoff")


def test_every_command_has_help(tipoff: Path, tmp_path: Path) -> None:
    listed = run(str(tipoff), "--help", cwd=tmp_path).stdout
    commands = re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)
    assert len(commands) >= 10
    for command in commands:
        assert "Usage: tipoff" in run(str(tipoff), command, "--help", cwd=tmp_path).stdout
    assert not list(tmp_path.iterdir()), "asking for help leaves nothing behind"


def test_the_demo_ends_with_a_graded_night_and_published_documents(tipoff: Path, tmp_path: Path) -> None:
    story: dict[str, Any] = json.loads(run(str(tipoff), "demo", "--no-serve", "--json", cwd=tmp_path).stdout)
    published = tmp_path / "tipoff-demo" / "v1"
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
