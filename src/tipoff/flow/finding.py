"""Findings: what came of one check, in words for people, with what to do; and how a check is made into one.

Knows checks and errors of ours. It must never know what is checked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tipoff.errors import TipoffError

State = Literal["ok", "note", "fault", "left out"]
"""`note`: it works, and there is something to know. `left out`: it was not looked at, or is not there and need not be."""


@dataclass(frozen=True)
class Said:
    """What a check has to say where it did not fail."""

    detail: str
    state: State = "ok"
    advice: str = ""


@dataclass(frozen=True)
class Finding:
    """What came of a check; `advice` is the next thing to do, `seconds` how long it took."""

    name: str
    state: State
    detail: str
    advice: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}


Check = Callable[[], Said]
"""Raises an error of ours where something is wrong: its message says what, its hint what to do."""


def found(name: str, check: Check, clean: Callable[[str], str]) -> Finding:
    """Make a check; none of it raises. `clean` strikes secrets out of whatever is told."""
    began = time.perf_counter()
    try:
        said = check()
    except TipoffError as error:
        said = Said(error.message, "fault", error.hint)
    except Exception as error:  # noqa: BLE001 - a doctor who falls ill himself helps nobody: what he met is told
        first = (str(error).splitlines() or [""])[0]
        said = Said(f"{type(error).__name__}: {first}", "fault", "Nothing is known here of this error: look it up by its words.")
    return Finding(name, said.state, clean(said.detail), clean(said.advice), time.perf_counter() - began)
