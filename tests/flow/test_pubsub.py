"""A Pub/Sub topic gets every message, against Google's own emulator; without the extra, or without a topic, nothing else is disturbed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flow.pubsub_process import MESSAGES
from tipoff.config import load_settings
from tipoff.errors import ConfigError

SCRIPT = Path(__file__).with_name("pubsub_process.py")
TESTS = Path(__file__).parent.parent
PLACES = [Path("/usr/lib/google-cloud-sdk"), Path("/usr/share/google-cloud-sdk"), Path("/opt/google-cloud-sdk")]
JARS = sorted(jar for place in PLACES for jar in place.glob("platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar"))


def relaying(folder: Path, what: str, host: str = "") -> dict[str, Any]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TIPOFF_", "PUBSUB_"))}
    paths = os.pathsep.join([str(TESTS), clean.get("PYTHONPATH", "")])
    given = {"PYTHONPATH": paths, **({"PUBSUB_EMULATOR_HOST": host} if host else {})}
    command = (sys.executable, "-W", "error", str(SCRIPT), str(folder), what)
    done = subprocess.run(command, env=clean | given, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """Its host and port."""
    java = shutil.which("java")
    if java is None or not JARS:
        pytest.skip("Google's Pub/Sub emulator, or the Java that it needs, is not on this machine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (java, "-Xmx256m", "-jar", str(JARS[-1]), "--host=127.0.0.1", f"--port={port}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            said = []
            while "listening" not in (line := process.stdout.readline()):
                said.append(line)
                assert line, "".join(said)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


class TestTheEmulator:
    def test_gives_every_message_byte_by_byte_with_its_id_and_its_day_as_the_ordering_key(self, emulator: str, tmp_path: Path) -> None:
        told = relaying(tmp_path, "topic", emulator)
        assert (told["relayed"], told["seen"], told["errors"]) == (3, 3, [])
        wanted = [
            {
                "data": one.to_json(),
                "attributes": {"message_id": one.message_id, "game_date": one.game_date.isoformat()},
                "ordering_key": one.game_date.isoformat(),
            }
            for one in MESSAGES
        ]
        assert sorted(told["pulled"], key=json.dumps) == sorted(wanted, key=json.dumps)

    def test_says_that_a_topic_is_not_there_and_the_message_waits(self, emulator: str, tmp_path: Path) -> None:
        told = relaying(tmp_path, "nowhere", emulator)
        assert (told["relayed"], told["seen"]) == (3, 3)
        (error,) = told["errors"]
        assert "NotFound" in error
        assert "Is the topic there" in error


def test_without_the_extra_the_message_waits_and_the_error_says_what_to_install(tmp_path: Path) -> None:
    told = relaying(tmp_path, "missing")
    assert (told["relayed"], told["seen"]) == (3, 3)
    (error,) = told["errors"]
    assert "Install tipoff[pubsub]." in error


def test_without_a_topic_googles_client_is_not_even_imported(tmp_path: Path) -> None:
    assert relaying(tmp_path, "plain") == {"relayed": 3, "seen": 3, "errors": [], "imported": False}


@pytest.mark.parametrize("topic", ["completions", "projects/p/topics/", "projects/p/topics/a/b", "projects//topics/t"])
def test_a_topic_is_written_whole(topic: str) -> None:
    with pytest.raises(ConfigError, match="pubsub_topic"):
        load_settings(pubsub_topic=topic)
