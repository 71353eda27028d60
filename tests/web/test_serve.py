"""`serve` as a process: it tells its address, answers there, and ends when it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx

PROGRAM = """
import sys
from tipoff.config import Settings
from tipoff.web.server import serve

serve(Settings(data_dir=sys.argv[1], port=0), announce=lambda url, _: print(url, flush=True))
"""


def test_serve_announces_a_free_port_answers_there_and_ends_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        url = server.stdout.readline().strip()
        with httpx.Client(base_url=url, timeout=30) as client:
            assert client.get("/health").json() == {"status": "alive"}
            assert "Nothing is published yet" in client.get("/").text
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
        assert server.stdout.read() == ""
        assert server.stderr.read() == ""
