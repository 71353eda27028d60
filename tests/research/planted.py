"""A season by hand in which one thing at a time is true: a game a day, six books, and whatever is planted.

`line` is where the books stand; points stray around it. What is planted says how points, prices and lines hang together; without it nothing
goes with anything.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from features.raw_rows import Raw, Row, box_row, quote_row, schedule_row

FIRST_DAY, DAYS, PLAYERS = date(2025, 11, 1), 80, 12
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
BOOKS = ("betmgm", "betrivers", "bovada", "draftkings", "fanatics", "fanduel")
OPENED, LED, CLOSED = timedelta(hours=5), timedelta(hours=4), timedelta(minutes=10)


@dataclass(frozen=True)
class Planted:
    """What goes with what. `split`: points stray three times as far where the books are split. `juice`: the side that the prices lean to
    comes. `moved`: points follow the line of the end, and not of the beginning. `tired`: who plays each day scores less. `sharp`: betmgm
    stands where points are, bovada four points off. `led`: betmgm moves an hour after the opening, and the others come after; what fanduel
    does then nobody follows."""

    split: bool = False
    juice: bool = False
    moved: bool = False
    tired: bool = False
    sharp: bool = False
    led: bool = False


def season(planted: Planted = Planted(), *, seed: int = 5, days: int = DAYS) -> Raw:
    dice = random.Random(seed)
    schedule, boxes, quotes = [], [], []
    for number in range(days):
        day = FIRST_DAY + timedelta(days=number)
        tip = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
        game = schedule_row(day, "BOS", "NYK", tip, tip - timedelta(days=9), status="final")
        schedule.append(game)
        for place in range(PLAYERS):
            if place % 2 and number % 3:
                continue  # every other player has two days of rest
            points, rows = _player_game(planted, dice, game, place)
            boxes.append(box_row(game, f"p{place}", "BOS", tip + timedelta(hours=3), minutes=30.0, points=points))
            quotes += rows
    return {"raw.schedule": schedule, "raw.player_box": boxes, "raw.odds_player_points": quotes}


def _player_game(planted: Planted, dice: random.Random, game: Row, place: int) -> tuple[int, list[Row]]:
    first = 8.5 + 2 * place
    moved = dice.choice((-2.0, 0.0, 0.0, 2.0)) if planted.moved or planted.led else 0.0
    split, lean = dice.random() < 0.4, dice.choice((-1, 0, 1))
    centre = first + (moved if planted.moved else 0.0) + 4.0 * lean * planted.juice - 4.0 * (planted.tired and place % 2 == 0)
    points = max(0, round(dice.gauss(centre, 9.0 if planted.split and split else 3.0)))
    prices = {-1: (2.1, 1.75), 0: (1.91, 1.91), 1: (1.75, 2.1)}[lean]
    stray = dice.random() < 0.3
    rows = []
    for book in BOOKS:
        apart = 1.0 if split and book in ("betmgm", "draftkings") else 0.0
        if planted.sharp:
            apart = {"betmgm": points - first, "bovada": dice.choice((-4.0, 4.0))}.get(book, 0.0)
        early = moved if book == "betmgm" and planted.led else 0.0
        early = 1.0 if book == "fanduel" and planted.led and stray and not moved else early
        for before, point in ((OPENED, first), (LED, first + early), (CLOSED, first + moved)):
            at = game["commence_time"] - before
            line = max(0.5, point + (0.0 if planted.led else apart))
            rows.append(quote_row(game, f"p{place}", book, line, at, over_price=prices[0], under_price=prices[1]))
    return points, rows


def in_play(raw: Raw) -> Raw:
    """The same with a quote of every book after each tip, far from everything, and dearer on one side."""
    late = []
    for row in raw["raw.odds_player_points"]:
        if row["minutes_to_tip"] == 10.0:
            at = row["commence_time"] + timedelta(minutes=20)
            late.append({**row, "snapshot_at": at, "known_at": at, "fetched_at": at, "point": 60.5, "over_price": 1.1, "under_price": 6.0})
    return {**raw, "raw.odds_player_points": raw["raw.odds_player_points"] + late}
