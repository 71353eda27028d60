"""A process beside `tipoff backtest` on the same machine: it does units of backtests until its command lets it go, or is no more.

Started by `hands`, with the command's settings in its environment. The command holds the other end of its standard input: where that is
closed, however the command ended, this process leaves, and what it has not finished goes back into the queue. It must never know what a
unit does.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tipoff.collecting import collect_seldom
from tipoff.config import Settings, clock_of, environment_of, load_settings
from tipoff.flow.backtest_units import QUEUE, backtest_unit
from tipoff.flow.duties import duties
from tipoff.flow.engine import running_engine
from tipoff.flow.house import open_house

LEAVING = 30.0
"""Seconds that a process may take to leave before it is killed; another then takes over what it had."""


@contextmanager
def hands(settings: Settings, number: int) -> Iterator[None]:
    """So many processes that do units of backtests, until the block is left. What they have to say goes to standard error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")} | environment_of(settings)
    command = [sys.executable, "-m", "tipoff.flow.backtest_hand"]
    hired: list[subprocess.Popen[bytes]] = []
    try:
        while len(hired) < number:
            hired.append(subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL))  # noqa: S603
        yield
    finally:
        for hand in hired:
            assert hand.stdin is not None
            hand.stdin.close()
        for hand in hired:
            try:
                hand.wait(LEAVING)
            except subprocess.TimeoutExpired:
                hand.kill()
                hand.wait()


def main() -> None:
    """Do units until standard input is closed."""
    collect_seldom()
    logging.getLogger("stamina").setLevel(logging.ERROR)  # a file that is waited for a moment is no news
    settings = load_settings()
    with (
        suppress(KeyboardInterrupt),  # Ctrl-C reaches everybody in the terminal, and the command says what there is to say
        open_house(settings, clock_of(settings)) as house,
        running_engine(house, {QUEUE: (backtest_unit,)}, duties()),
    ):
        sys.stdin.read()
    os._exit(0)  # a fold that does not stop in time is another's by now: nobody waits for it


if __name__ == "__main__":
    main()
