"""A BigQuery emulator for tests: local-bigquery in a process of its own, started when the first test asks, gone with the session.

It needs a Python of its own, which `BIGQUERY_EMULATOR_PYTHON` names (docs/bigquery.md tells how to make one). Where that is absent such
tests are skipped, and say so. Knows a process; it must never know what a test keeps there.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PYTHON = "BIGQUERY_EMULATOR_PYTHON"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def bigquery_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator's address, for as long as the session lasts."""
    python = os.environ.get(PYTHON)
    if not python:
        pytest.skip(f"{PYTHON} names no interpreter with local-bigquery (docs/bigquery.md tells how to make one)")
    pytest.importorskip("google.cloud.bigquery", reason="Google's client comes with the extra `bigquery`")
    folder = tmp_path_factory.mktemp("bigquery")
    command = [python, str(Path(__file__).with_name("bigquery_process.py")), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"HOME": str(folder), "PATH": os.environ["PATH"]}) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            pytest.fail(f"The emulator ended with {process.wait()} before it served.")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BIGQUERY_EMULATOR_HOST", address)
            yield address
        process.terminate()


def fresh() -> str:
    """The URL of a warehouse that nobody has used yet."""
    return f"bigquery://tipoff-test/w{next(_numbers)}"
