"""Small archives, Parquet or CSV, with the columns that come in the wild: one night of two games."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]

NIGHT = date(2025, 11, 5)
TIP = datetime(2025, 11, 6, 0, 30, tzinfo=UTC)
BOSTON, DENVER = "20251105_LAL_BOS", "20251105_MIA_DEN"
DENVER_TIP = datetime(2025, 11, 6, 2, tzinfo=UTC)
"""Nobody recorded it: 19:00 in Denver."""
SNAPSHOT = TIP - timedelta(minutes=90)


IDLE = ("fga", "fg3a", "oreb", "dreb", "ast", "stl", "blk", "tov", "pf", "plus_minus")
"""Besides what was made, the figures of one who did not play are nought."""


def write(path: Path, rows: Sequence[Row]) -> Path:
    """Rows as a file, by the path's suffix; a column that a row lacks is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.table({name: pa.array([row.get(name) for row in rows]) for name in names}), path)
        return path
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows({name: _printed(row.get(name)) for name in names} for row in rows)
    return path


def _printed(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def game(**given: Any) -> Row:
    row: Row = {
        "season": "2025-26",
        "season_type": "Regular Season",
        "game_id": "0022500101",
        "game_date": NIGHT,
        "home": "BOS",
        "away": "LAL",
        "home_pts": 117,
        "away_pts": 105,
        "tip_utc": TIP,
    }
    return row | given


def games() -> list[Row]:
    """Two games of one night; of the second nobody recorded when it began."""
    return [game(), game(game_id="0022500102", home="DEN", away="MIA", home_pts=122, away_pts=112, tip_utc=None)]


def line(name: str, person: int, team: str, scored: int, **given: Any) -> Row:
    """A player's line in a box score."""
    opponent, home = {"BOS": ("LAL", True), "LAL": ("BOS", False), "DEN": ("MIA", True), "MIA": ("DEN", False)}[team]
    row: Row = {
        "game_id": "0022500101" if team in ("BOS", "LAL") else "0022500102",
        "game_date": NIGHT,
        "player_name": name,
        "player_id": str(person),
        "team": team,
        "opp": opponent,
        "home": home,
        "starter": True,
        "min": 30.0,
        "pts": scored,
        "fgm": scored // 2,
        "fga": scored // 2 + 7,
        "fg3m": 0,
        "fg3a": 2,
        "ftm": scored % 2,
        "fta": scored % 2,
        **dict.fromkeys(("oreb", "dreb", "ast", "stl", "blk", "tov", "pf"), 2),
        "plus_minus": -3,
    }
    return row | given


def lines() -> list[Row]:
    return [
        line("Jayson Tatum", 1628369, "BOS", 28),
        line("Jaylen Brown", 1627759, "BOS", 25),
        line("Luka Doncic", 1629029, "LAL", 33, min=36.5),
        line("Jaxson Hayes", 1629637, "LAL", 0, min=0.0, starter=False, **dict.fromkeys(IDLE, 0)),
        line("Nikola Jokic", 203999, "DEN", 30),
        line("Bam Adebayo", 1628389, "MIA", 21),
    ]


def absent(**given: Any) -> Row:
    """Who was listed and did not play, with the reason."""
    row: Row = {
        "season": "2025-26",
        "game_date": NIGHT,
        "bref_game_id": "202511050BOS",
        "team": "BOS",
        "player_name": "Neemias Queta",
        "reason": "Coach's Decision",
    }
    return row | given


def game_line(**given: Any) -> Row:
    """Spread, total and moneylines of a game at one book, American prices."""
    row: Row = {
        "game_id": "0022500101",
        "event_id": "e1",
        "game_date": NIGHT,
        "home": "BOS",
        "away": "LAL",
        "commence_utc": TIP,
        "book": "draftkings",
        "snapshot_utc": SNAPSHOT,
        "spread_home": -4.5,
        "spread_home_price": -110.0,
        "spread_away_price": -110.0,
        "total": 231.5,
        "over_price": -105.0,
        "under_price": -115.0,
        "ml_home": -190.0,
        "ml_away": 160.0,
    }
    return row | given


def prop(**given: Any) -> Row:
    """A player's points line at one book, American prices."""
    row: Row = {
        "game_id": "0022500101",
        "event_id": "e1",
        "game_date": NIGHT,
        "home": "BOS",
        "away": "LAL",
        "commence_utc": TIP,
        "player": "Jayson Tatum",
        "player_id": None,
        "book": "draftkings",
        "line": 27.5,
        "over_price": -115.0,
        "under_price": -105.0,
        "snapshot_utc": SNAPSHOT,
        "market_update_utc": SNAPSHOT - timedelta(minutes=1),
    }
    return row | given


def status(**given: Any) -> Row:
    """A row of the official injury report."""
    row: Row = {
        "Game Date": NIGHT,
        "Matchup": "LAL@BOS",
        "Team": "Boston Celtics",
        "Player Name": "Brown, Jaylen",
        "Current Status": "Questionable",
        "Reason": "Injury/Illness - Left Ankle; Sprain",
        "report_date": NIGHT,
    }
    return row | given
