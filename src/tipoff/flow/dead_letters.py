"""Receiving a message, and what becomes of one that cannot be received: it is set aside, and can be replayed once the reason is gone.

Comes in: bodies from the outbox, from an operator, from another program; the reaction to them. Goes out: the reaction, or a dead letter.
It must never know what the reaction does, nor let one message stand in another's way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Protocol, TypeVar

from tipoff.errors import BadInput, Busy, TipoffError
from tipoff.flow.dead_letter_log import DEAD_LETTERS as DEAD_LETTERS
from tipoff.flow.dead_letter_log import HERE, DeadLetter, dead_letters, letter_id, note_dead_letter, note_taken
from tipoff.flow.deliveries import deliver_again, deliver_due
from tipoff.flow.house import House
from tipoff.flow.messages import CompletionMessage, read_message
from tipoff.flow.targets import Target, configured_targets

_LOG = logging.getLogger(__name__)


class HasHouse(Protocol):
    """Whatever has the open house: a desk, an engine."""

    @property
    def house(self) -> House: ...


D = TypeVar("D", bound=HasHouse)
Reaction = Callable[[D, CompletionMessage], None]
"""What follows a message. A message may come twice, late, or before an older one (F21): the end must be the same."""


def receive(desk: D, body: bytes | str, react: Reaction[D], origin: str = "by hand") -> bool:
    """Take a message: check it again, and react. Whether that went well; if not, it is a dead letter, and nothing is raised but Busy.

    `origin` says where it came from, for whoever mends it.
    """
    house = desk.house
    kept = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    identity = letter_id(HERE, kept)
    reason = _taken(desk, kept, react)
    if reason is None:
        if dead_letters(house.state, [identity]):
            with house.state.transaction() as connection:
                note_taken(connection, [identity], house.clock.now())
        return True
    with house.state.transaction() as connection:
        note_dead_letter(connection, HERE, origin, kept, reason, house.clock.now())
    _LOG.warning("A message was set aside as dead letter %s: %s", identity, reason.encode("utf-8", "backslashreplace").decode())
    return False


def _taken(desk: D, body: bytes, react: Reaction[D]) -> str | None:
    """None where the message was read and reacted to, else why not."""
    try:
        message = read_message(body)
    except BadInput as error:
        return str(error)
    try:
        react(desk, message)
    except Busy:
        raise  # no fault of the message: it is read again when others have let go
    except Exception as error:  # noqa: BLE001 - whatever the reaction met, the other messages are not to meet it
        told = str(error) if isinstance(error, TipoffError) else f"{type(error).__name__}: {error}"
        return f"The reaction to {message.phase} of {message.game_date} failed: {told}"
    return None


def replay(desk: D, react: Reaction[D], ids: Collection[str] | None = None, targets: list[Target] | None = None) -> int:
    """Take dead letters again: these (by id, or by the beginning of one), or all that are open; how many were taken.

    One for this pipeline is received again, one for a target is delivered again, from its first try. What is refused again stays, with the
    newer reason. Raises BadInput for an id that is no open letter's, or the beginning of several; nothing is then replayed.
    """
    house = desk.house
    chosen = _chosen(dead_letters(house.state), ids)
    for letter in chosen:
        if letter.addressee == HERE:
            receive(desk, letter.body, react, letter.origin)
        else:
            with house.state.transaction() as connection:
                deliver_again(connection, letter.addressee, letter.body)
    if any(letter.addressee != HERE for letter in chosen):
        deliver_due(house.state, house.clock, configured_targets(house.settings, house.clock) if targets is None else targets)
    still = {letter.letter_id for letter in dead_letters(house.state)}
    return sum(letter.letter_id not in still for letter in chosen)


def _chosen(waiting: list[DeadLetter], ids: Collection[str] | None) -> list[DeadLetter]:
    if ids is None:
        return waiting
    chosen: dict[str, DeadLetter] = {}
    for wanted in ids:
        found = [letter for letter in waiting if wanted and letter.letter_id.startswith(wanted)]
        if len(found) != 1:
            what = f"is the beginning of {len(found)} of them" if found else "is none that is open"
            raise BadInput(f"Dead letter {wanted!r} {what}.", hint="`tipoff messages list` shows them.")
        chosen[found[0].letter_id] = found[0]
    return list(chosen.values())
