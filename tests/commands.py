"""The real command, `tipoff`, in a process of its own that need not import everything first: that took longer than most commands do.

It is forked from one that has, with the arguments, the environment, the folder and the files in place of the terminal that it is given,
and ends as Python ends. Tests of how a process starts start one themselves. This module is also the process that is forked from: one JSON
order a line; the child's pid is its first answer, and how it ended, an exit code or minus a signal, its second.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from functools import cache
from pathlib import Path
from select import select
from typing import Any

import tipoff

TESTS = Path(__file__).parent
SOURCE = Path(tipoff.__file__).parent.parent  # the same code as ours
SECONDS = 120.0
_turn = threading.Lock()


def clean() -> dict[str, str]:
    """This process's environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}


def run(
    *arguments: str | Path, cwd: Path | None = None, environment: dict[str, str] | None = None, given: str = "", timeout: float = SECONDS
) -> subprocess.CompletedProcess[str]:
    """Runs `tipoff`, with `environment` besides the one that is ours: how it ended, and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_text(given)
        order = {
            "arguments": [str(argument) for argument in arguments],
            "cwd": str(cwd or Path.cwd()),
            "environment": clean() | (environment or {}),
            "streams": [str(stream) for stream in streams],
        }
        with _turn:
            code = _ordered(order, timeout)
        return subprocess.CompletedProcess(["tipoff", *order["arguments"]], code, streams[1].read_text(), streams[2].read_text())


def _ordered(order: dict[str, Any], timeout: float) -> int:
    parent = _parent()
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(f"{json.dumps(order)}\n".encode())
    parent.stdin.flush()
    pid = int(parent.stdout.readline())
    ended = bool(select([parent.stdout], [], [], timeout)[0])
    if not ended:
        os.kill(pid, signal.SIGKILL)
    code = int(parent.stdout.readline())
    if not ended:
        raise subprocess.TimeoutExpired(order["arguments"], timeout)
    return code


@cache
def _parent() -> subprocess.Popen[bytes]:
    """The process that commands are forked from, as long as this one lasts. Its answers are not buffered, so that they can be awaited."""
    environment = clean() | {"PYTHONPATH": os.pathsep.join((str(SOURCE), str(TESTS)))}
    parent = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0)

    def dismiss() -> None:
        with parent:
            parent.kill()

    atexit.register(dismiss)
    return parent


def _do(order: dict[str, Any]) -> int:
    """Be the command, in this process; its exit code."""
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    for number, (path, mode) in enumerate(
        zip(order["streams"], (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT), strict=True)
    ):
        opened = os.open(path, mode, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.argv = ["tipoff", *order["arguments"]]
    try:
        runpy.run_module("tipoff", run_name="__main__", alter_sys=True)
        code: Any = 0
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as Python does where nobody catches it
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


def main() -> None:
    """For each line a command in a process of its own."""
    from tipoff.collecting import collect_seldom
    from warm import Known, learn

    collect_seldom()
    for line in sys.stdin.buffer:
        ours, theirs = os.pipe()
        known = Known()
        if (pid := os.fork()) == 0:
            code = _do(json.loads(line))
            with os.fdopen(theirs, "wb") as tells:
                tells.write(known.learnt())
            os._exit(code)
        os.close(theirs)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        with os.fdopen(ours, "rb") as told:
            learn(told.read())
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
