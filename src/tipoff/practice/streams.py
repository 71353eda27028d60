"""Random streams: one independent generator for each purpose, so that a change in one leaves the others as they were.

It knows seeds and tags. There is no global random state in the practice league.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a generator is for. The numbers are part of what a seed means: append, never renumber."""

    PEOPLE = 1
    FIXTURES = 2
    HEALTH = 3
    DRIFT = 4
    PLAY = 5
    TRADES = 6
    QUOTES = 7
    BOXES = 8
    SHOTS = 9
    BIRTHS = 10
    POSTPONEMENTS = 11


def stream(seed: int, purpose: Stream, *keys: int) -> np.random.Generator:
    """A generator of its own for (seed, purpose, keys); the same ones give the same numbers everywhere."""
    return np.random.default_rng([seed, int(purpose), *keys])


def hex_id(*parts: object) -> str:
    """32 hexadecimal characters that depend on the parts alone."""
    return hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=16).hexdigest()
