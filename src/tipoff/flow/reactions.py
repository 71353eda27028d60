"""What follows from what: which batch is asked for when a phase says that it is done.

Comes in: a completion message, perhaps twice, late, or before one that was sent earlier. Goes out: batches asked for; asking twice is
asking once. It must never know how a message travels, nor what a batch does.
"""

from __future__ import annotations

from datetime import date, timedelta

from tipoff.clock import game_date_of
from tipoff.flow.batch_log import batches
from tipoff.flow.engine import Desk
from tipoff.flow.lease import trigger
from tipoff.flow.messages import CompletionMessage
from tipoff.flow.slate import ask
from tipoff.flow.state import State

OUTCOMES = ("box",)
"""Feeds after which a date is graded."""
CIRCUMSTANCES = ("schedule", "scores", "lines", "props", "injuries", "roster", "box", "shots")
"""Feeds after which the open games of today may look otherwise. The list of events is none of them: quotes follow in the same cycle."""


def react(desk: Desk, message: CompletionMessage) -> None:
    """Ask for what follows from this message. New facts lead to the slate that they may change, and to grades; new models, and who is fit
    by his grades, to the slate of today."""
    if message.status not in ("success", "partial") or not message.record_count:
        return
    house = desk.house
    if message.phase in ("train", "performance"):
        _slate(desk, game_date_of(house.clock.now()), f"after {message.processor_name} of {message.game_date}")
    if message.phase != "load":
        return
    feed = message.processor_name.rpartition(":")[2]
    cause = f"{message.record_count} rows of {feed} of {message.game_date} were loaded"
    if feed in OUTCOMES:
        trigger(desk, "grade", message.game_date, cause)
    today = game_date_of(house.clock.now())
    if feed in ("schedule", "scores"):  # a game may be put off late, or be moved here: of the days around, too
        days = {today - timedelta(days=1), today, today + timedelta(days=1)}
    else:
        days = {today if feed in ("roster", "box", "shots") else message.game_date} - {today - timedelta(days=1)}
    for day in sorted(days):
        if feed in CIRCUMSTANCES and day >= today - timedelta(days=1):
            _slate(desk, day, cause)


def _slate(desk: Desk, day: date, cause: str) -> None:
    if has_begun(desk.house.state, day):
        trigger(desk, "slate", day, cause, ask("line_update"), delay=desk.house.settings.settle_seconds)


def has_begun(state: State, game_date: date) -> bool:
    """Whether the first run over a date was asked for: before that, nothing that arrives starts one."""
    return bool(batches(state, game_date, "slate", last=1))
