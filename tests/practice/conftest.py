"""One season for all tests of the room, its quotes, and the folder of recorded responses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tipoff.practice import Season, simulate
from tipoff.practice.books import BOOKS
from tipoff.practice.quotes import Offers, QuoteRoom
from tipoff.practice.season import Game

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "recorded"
ALL_BOOKS = frozenset(book.key for book in BOOKS)
ALL_MARKETS = frozenset({"player_points", "player_points_alternate"})

Sampled = list[tuple[Game, list[Offers]]]


@pytest.fixture(scope="session")
def season() -> Season:
    return simulate(7)


@pytest.fixture(scope="session")
def room(season: Season) -> QuoteRoom:
    return QuoteRoom(season)


@pytest.fixture(scope="session")
def closing(season: Season, room: QuoteRoom) -> Sampled:
    """Every offer of all books, five minutes before the tip of each third game."""
    asked = season.games[::3]
    return [(game, room.player_points(game, game.tip - timedelta(minutes=5), ALL_BOOKS, ALL_MARKETS)) for game in asked]


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Any]:
    """Reads a recorded response by its path; skips where the folder is not there."""

    def read(path: str) -> Any:
        if not RECORDED.is_dir():
            pytest.skip(f"recorded responses are not at {RECORDED}")
        return json.loads((RECORDED / path).read_text(encoding="utf-8"))

    return read


def key_paths(document: Any, path: str = "") -> set[str]:
    """Every key of a document by its path, the elements of a list taken together: `games[].homeTeam.score`."""
    if isinstance(document, dict):
        found = {f"{path}.{key}".lstrip(".") for key in document}
        return found.union(*(key_paths(value, f"{path}.{key}".lstrip(".")) for key, value in document.items()))
    if isinstance(document, list):
        return set().union(*(key_paths(item, f"{path}[]") for item in document))
    return set()
