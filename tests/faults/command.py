"""The real command in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import commands


def tipoff(*arguments: str | Path, environment: dict[str, str] | None = None, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs `tipoff` and checks its exit code."""
    done = commands.run(*arguments, environment=environment)
    assert done.returncode == expect, f"exit {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done


def tipoff_on_a_full_disk(largest_file: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs `tipoff` in a process whose files may not grow beyond so many bytes: what is written further fails, as on a full disk."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest_file}, {largest_file}))"
    script = f"{limit}; import runpy; runpy.run_module('tipoff', run_name='__main__')"
    return subprocess.run([sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def load_folder(folder: Path, data_dir: Path, **environment: str) -> dict[str, Any]:
    """`tipoff load --payloads FOLDER --json`."""
    found: dict[str, Any] = json.loads(
        tipoff("load", "--payloads", folder, "--data-dir", data_dir, "--json", environment=environment).stdout
    )
    return found
