"""Rows of the benchmarks' table, and measures in processes of their own.

Knows figures and processes. It must never know what is measured.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_STARTED = time.perf_counter()


@dataclass(frozen=True)
class Row:
    """One figure beside its peer's or its floor's, in seconds of the clock; `processor` are seconds of the processor that ours took.

    `aim` is the most that `seconds` (or, where `mib_aim` is given, the memory too) may be; without one nothing is judged.
    """

    name: str
    seconds: float
    processor: float | None = None
    mib: float | None = None
    peer: str = ""
    peer_seconds: float | None = None
    aim: float | None = None
    mib_aim: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the peer's time ours is."""
        return None if not self.peer_seconds else self.seconds / self.peer_seconds

    @property
    def met(self) -> bool | None:
        """Whether every aim that it has is reached; None where it has none."""
        judged = [(self.seconds, self.aim), (self.mib, self.mib_aim)]
        told = [value <= most for value, most in judged if most is not None and value is not None]
        return all(told) if told else None

    def cells(self) -> list[str]:
        """As the table has it."""
        aims = [f"{most:,.4g} {unit}" for most, unit in ((self.aim, "s"), (self.mib_aim, "MiB")) if most is not None]
        return [
            self.name,
            _seconds(self.seconds),
            _seconds(self.processor),
            "" if self.mib is None else f"{self.mib:,.0f} MiB",
            self.peer,
            _seconds(self.peer_seconds),
            "" if self.ratio is None else f"{self.ratio:.2f}",
            ", ".join(aims),
            {True: "yes", False: "**no**", None: ""}[self.met],
        ]


HEAD = ("figure", "seconds", "of the processor", "peak memory", "beside", "its seconds", "ratio", "aim", "met")


def table(rows: Sequence[Row]) -> str:
    """A Markdown table."""
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def load() -> str:
    """What the machine does besides, in words."""
    one, five, fifteen = os.getloadavg()
    return f"{os.cpu_count()} cores, load average {one:.1f}, {five:.1f}, {fifteen:.1f}"


def alone(module: str, *arguments: object, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """What a module of this folder tells by `tell`, run in a process of its own. Its errors go where ours go."""
    command = [sys.executable, "-m", f"bench.{module}", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **(environment or {})}, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def tell(found: dict[str, Any]) -> None:
    """The last line of a process that `alone` started: what it found, with what the process has taken up to now."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    process = {"mib": own.ru_maxrss / 1024, "process": time.perf_counter() - _STARTED}
    print(json.dumps({"cpu": own.ru_utime + own.ru_stime, **process, **found}))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock and of this process's processor."""
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


def in_turns(turns: int, *sides: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
    """Each side's median turn by its seconds; the sides follow each other, so that what else the machine does hits them all."""
    found: list[list[dict[str, Any]]] = [[] for _ in sides]
    for _ in range(turns):
        for side, told in zip(sides, found, strict=True):
            told.append(side())
    return [_middle(told) for told in found]


def _middle(told: list[dict[str, Any]]) -> dict[str, Any]:
    middle = median(one["seconds"] for one in told[: len(told) - 1 + len(told) % 2])  # of an even number one fewer
    return next(one for one in told if one["seconds"] == middle)
