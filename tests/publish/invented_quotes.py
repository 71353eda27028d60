"""Quotes and injury reports about players who do not exist: books that move, stray, fall silent, take a player off, and quote in play."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from publish.invented_rows import Man

QUOTING = ("draftkings", "fanduel", "betmgm", "bovada", "prizepicks")
STRAYS = "bovada"
"""The book that stands three points above the others on each side's first man."""
BEFORE_MINUTES = (540, 300, 120, 60, 30)
"""How long before the moment of knowledge each capture was; two more came afterwards, one of them in play."""


def quote_rows(men: Sequence[Man], night: date, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Quotes on the first seven of each side. One book takes the seventh man off, one is seen no more after its first capture."""
    rows: list[dict[str, Any]] = []
    for man in men:
        if man.place >= 7:
            continue
        captures = [man.snapshot - timedelta(minutes=minutes) for minutes in BEFORE_MINUTES]
        captures += [man.snapshot + timedelta(minutes=10), man.tip + timedelta(minutes=30)]
        for book in QUOTING:
            point = np.floor(man.level) + 0.5 + (3.0 if book == STRAYS and man.place == 0 else 0.0)
            for place, at in enumerate(captures):
                if (book == "fanduel" and man.place == 6 and place > 1) or (book == "betmgm" and man.team in {"UTA", "DEN"} and place > 0):
                    continue
                point = max(0.5, point + float(rng.choice([0.0, 0.0, 0.0, 1.0, -1.0])))
                over = float(rng.choice([1.83, 1.87, 1.91]))
                more = {"over_price": over, "under_price": None if book == "prizepicks" else round(3.74 - over, 2), "is_main": True}
                rows.append(_quote(man, book, float(point), at, night) | more)
    return rows


def _quote(man: Man, book: str, point: float, at: Any, night: date) -> dict[str, Any]:
    return {
        "event_id": f"e-{man.game}",
        "bookmaker": book,
        "market": "player_points",
        "player_lookup": man.lookup,
        "point": point,
        "snapshot_at": at,
        "game_id": man.game,
        "game_date": night,
        "commence_time": man.tip,
        "known_at": at,
        "known_at_assumed": False,
        "source": "invented",
        "origin_rank": 1,
    }


def report_rows(men: Sequence[Man], night: date) -> list[dict[str, Any]]:
    """Three reports: each side's sixth man is doubtful, then questionable, then listed no more; its eighth is out from the second on. The
    last comes after the moment of knowledge, and has the first man out."""
    rows: list[dict[str, Any]] = []
    for man in men:
        told = {5: ("doubtful", "questionable", None, None), 8: (None, "out", "out", "out"), 0: (None, None, None, "out")}.get(man.place)
        for status, minutes in zip(told or (), (600, 200, 45, -20), strict=bool(told)):
            if status is not None:
                row = {"player_lookup": man.lookup, "game_date": night, "team": man.team, "status": status, "name": man.name}
                more = {"reason": "left knee", "known_at": man.snapshot - timedelta(minutes=minutes), "known_at_assumed": False}
                rows.append(row | more | {"source": "invented", "origin_rank": 1})
    return rows
