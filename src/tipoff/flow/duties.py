"""What the watching process does on each of its rounds, whichever process that is: batches that hang, alerts that are to be told, messages
that are to be delivered.

Only the oldest living process acts. So whoever works on a state database has all of them, were it for a backtest alone: else nobody would
tell, nor deliver, for as long as that is the oldest. It must never know what else a process does.
"""

from __future__ import annotations

from tipoff.flow.engine import Duty, current
from tipoff.flow.outbox import Postman
from tipoff.flow.overseer import Overseer
from tipoff.flow.telling import Teller


def duties() -> tuple[Duty, ...]:
    """The duties of a process, which remember what they have seen: made anew for each engine."""
    return Overseer(), Teller(lambda: current().house), Postman(current)
