"""A process that notes or tells, and may die in the middle: `python telling_process.py FOLDER WHAT [URL]`."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.alerts import note
from tipoff.flow.channels import channels_of
from tipoff.flow.state import State
from tipoff.flow.telling import tell

NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)


def main(folder: str, what: str, url: str = "") -> None:
    clock = ManualClock(NOON)
    settings = load_settings(data_dir=Path(folder)).model_copy(update={"alert_webhook_url": SecretStr(url) if url else None})
    state = State(settings, clock)
    if what == "note and die":
        note(state, "feed ", {"feed a": "is stale"}, NOON)
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    tell(state, channels_of(settings, clock)[1:], clock)
    state.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
