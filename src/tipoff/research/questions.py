"""The questions by name, and asking one.

Knows which module answers what. It must never know how an answer is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from tipoff.errors import BadInput
from tipoff.research.answers import Answer, Findings, answer
from tipoff.research.closing import closing_value
from tipoff.research.disagreement import disagreement
from tipoff.research.juice import juice
from tipoff.research.movement import movement
from tipoff.research.players import rest, tiers
from tipoff.research.sharpness import books, sharp_soft
from tipoff.store.warehouse import Work

Ask = Callable[[Work, date, date, str | None], Findings]


@dataclass(frozen=True)
class Question:
    """How a question is answered, and whether it may be asked of one system's graded predictions."""

    ask: Ask
    of_system: bool = False


QUESTIONS: dict[str, Question] = {
    "disagreement": Question(disagreement, of_system=True),
    "sharp-soft": Question(sharp_soft),
    "juice": Question(juice),
    "movement": Question(movement),
    "closing-value": Question(closing_value, of_system=True),
    "books": Question(books),
    "rest": Question(rest, of_system=True),
    "tiers": Question(tiers, of_system=True),
}


def research(work: Work, question: str, start: date, end: date, system: str | None = None) -> Answer:
    """The answer by what is on record of the game days from `start` to `end` (New York, both included).

    Raises BadInput for a question that is none, for days in the wrong order, and for a system where the question is of the market alone.
    """
    asked = QUESTIONS.get(question)
    if asked is None:
        raise BadInput(f"{question!r} is no question.", hint=f"There are {', '.join(QUESTIONS)}.")
    if end < start:
        raise BadInput(f"{end} is before {start}.", hint="Give the first day as --start, the last one as --end.")
    if system is not None and not asked.of_system:
        of_some = ", ".join(name for name, one in QUESTIONS.items() if one.of_system)
        raise BadInput(f"{question} is asked of the market, not of a system.", hint=f"--system goes with {of_some}.")
    return answer(question, asked.ask(work, start, end, system), start, end, system)
