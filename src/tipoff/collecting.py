"""How often this process looks for garbage in cycles.

Python looks after every 700 new objects that stay. A process that holds models, queries and statements has a million that stay for good,
and looked at them all again and again: a sixth of a simulated day. It must never decide what is kept.
"""

from __future__ import annotations

import gc

_NEW_OBJECTS = 50_000
_ROUNDS = 20


def collect_seldom() -> None:
    """Look after every 50,000 new objects in their place, and never again at what is there now. For a whole process, once it is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _ROUNDS, _ROUNDS)
