"""Practice: a league that plays by known rules, and an upstream server that speaks the sources' own wire formats.

The league, the books and the documents are pure functions of a seed and an instant; only `server` and `misbehaving` know the web. The
room knows nothing of store, load, features or anything later: it imports `tipoff.names`, `clock`, `errors` and `config`.
"""

from tipoff.practice.rules import Rules
from tipoff.practice.season import Game, Season, simulate

__all__ = ["Game", "Rules", "Season", "simulate"]
