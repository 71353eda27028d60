"""A process that relays, and kills itself at one point of it: no handler, no `finally`, as when the machine goes down.

    relay_process.py FOLDER RECEIVER_URL POINT

The reaction appends the message's id to FOLDER/reacted. At POINT `none` it lives, and prints how many it passed on.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from flow.message_house import BRISK, SECRET, START, Desk, desk_in
from tipoff.flow.messages import CompletionMessage
from tipoff.flow.outbox import relay
from tipoff.flow.targets import Letter, Send
from tipoff.flow.webhook import Webhook
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.warehouse import Work

POINTS = ("reacting", "reacted", "marking", "marked", "sending", "sent")


def reach(point: str) -> None:
    if sys.argv[3] == point:
        os.kill(os.getpid(), signal.SIGKILL)


class MortalWarehouse(DuckDBWarehouse):
    """The warehouse; relaying writes to it once, to mark."""

    @contextmanager
    def writing(self, run_id: str) -> Iterator[Work]:
        with super().writing(run_id) as work:
            yield work
            reach("marking")
        reach("marked")


@dataclass(frozen=True)
class MortalWebhook(Webhook):
    @contextmanager
    def open(self) -> Iterator[Send]:
        with super().open() as inner:

            def send(letter: Letter) -> None:
                reach("sending")
                inner(letter)
                reach("sent")

            yield send


def main(folder: Path, url: str) -> None:
    def react(_desk: Desk, message: CompletionMessage) -> None:
        reach("reacting")
        with (folder / "reacted").open("a") as record:
            record.write(f"{message.message_id}\n")
        reach("reacted")

    with desk_in(folder) as desk:
        desk.clock.set(START + timedelta(minutes=1))
        desk.house = replace(desk.house, warehouse=MortalWarehouse(folder / "warehouse.duckdb"))
        print(relay(desk, react, [MortalWebhook(SecretStr(url), SecretStr(SECRET), desk.clock, BRISK)]))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
