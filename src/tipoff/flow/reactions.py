"""What follows from what: which batch is asked for when a phase says that it is done.

Comes in: a completion message, perhaps twice, late, or before one that was sent earlier. Goes out: batches asked for; asking twice is
asking once. It must never know how a message travels, nor what a batch does.
"""

from __future__ import annotations

from datetime import date, timedelta

from tipoff.clock import game_date_of
from tipoff.flow.batch_log import batches
from tipoff.flow.desk import Desk
from tipoff.flow.expected import expected_outputs
from tipoff.flow.game_days import games_around
from tipoff.flow.house import House
from tipoff.flow.lease import trigger
from tipoff.flow.messages import CompletionMessage
from tipoff.flow.rounds import ROUND, TICK
from tipoff.flow.slate import ask
from tipoff.flow.state import State

A_ROUND = 30
"""What arrives in a round of the capture leads to one slate and one grading when it is through, which `ticks` says; where nobody lives to
say so, after so many times the pause of what arrives otherwise."""
OUTCOMES = ("box",)
"""Feeds after which a date is graded."""
MOVES = ("schedule", "scores")
"""Feeds that may tell that a game is put off, however late, or moved; and how one stands that is played."""
CIRCUMSTANCES = ("schedule", "scores", "lines", "props", "injuries", "roster", "box", "shots")
"""Feeds after which the open games of today may look otherwise. The list of events is none of them: quotes follow in the same cycle."""


def react(desk: Desk, message: CompletionMessage) -> None:
    """Ask for what follows from this message. New facts lead to the slate that they may change, and to grades; new models, and who is fit
    by his grades, to the slate of today."""
    if message.status not in ("success", "partial") or not message.record_count:
        return
    house = desk.house
    if message.phase in ("train", "performance"):
        cause = f"after {message.processor_name} of {message.game_date}"
        _slate(desk, game_date_of(house.clock.now()), cause, house.settings.settle_seconds, may_move=False)
    if message.phase != "load":
        return
    feed = message.processor_name.rpartition(":")[2]
    cause = f"{message.record_count} rows of {feed} of {message.game_date} were loaded"
    of_a_round = message.trigger == ROUND and desk.at_work(TICK)
    delay = house.settings.settle_seconds * (A_ROUND if of_a_round else 1)
    if feed in OUTCOMES:
        trigger(desk, "grade", message.game_date, cause, delay=delay if of_a_round else None)
    today = game_date_of(house.clock.now())
    may_move = feed in MOVES
    if may_move:  # of the days around, too
        days = {today - timedelta(days=1), today, today + timedelta(days=1)}
    else:
        days = {today if feed in ("roster", "box", "shots") else message.game_date} - {today - timedelta(days=1)}
    for day in sorted(days):
        if feed in CIRCUMSTANCES and day >= today - timedelta(days=1):
            _slate(desk, day, cause, delay, may_move=may_move)


def _slate(desk: Desk, day: date, cause: str, delay: float, *, may_move: bool) -> None:
    if has_begun(desk.house.state, day) and not is_over(desk.house, day, may_move=may_move):
        trigger(desk, "slate", day, cause, ask("line_update"), delay=delay)


def has_begun(state: State, game_date: date) -> bool:
    """Whether the first run over a date was asked for: before that, nothing that arrives starts one."""
    return bool(batches(state, game_date, "slate", last=1))


def is_over(house: House, game_date: date, *, may_move: bool) -> bool:
    """Whether nothing that arrives changes what is said of a date: every game that is known of it has tipped, or, where what arrives
    `may_move` one, is final and loaded. What is known later of a game that is over is a matter of its grades."""
    games = games_around(house.state, game_date, game_date).get(game_date, [])
    if not games:
        return False
    if not may_move:
        return all(game.tip <= house.clock.now() for game in games)
    boxed = {cell.game_id for cell in expected_outputs(house.state, game_date) if cell.phase == "box" and cell.is_there}
    return all(game.game_id in boxed for game in games)
