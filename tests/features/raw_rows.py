"""Raw rows as plain dicts, whole: one maker a table, and a warehouse filled with them.

Every row has all columns of its table but those that say who wrote it, so that rows of one table have the same keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.schema import WRITTEN_NAMES
from tipoff.store.tables import table_named, table_of
from tipoff.store.warehouse import Work

Row = dict[str, Any]
Raw = dict[str, list[Row]]

TABLES = (
    "raw.schedule",
    "raw.player_box",
    "raw.shots",
    "raw.odds_player_points",
    "raw.odds_game_lines",
    "raw.injuries",
    "raw.injury_submissions",
    "ref.players",
    "ref.book_groups",
    "ref.sources",
)
_FACT = {"known_at_assumed": False, "source": "hand", "origin_rank": 1, "payload_id": "hand"}


def empty() -> Raw:
    """No rows in any table."""
    return {name: [] for name in TABLES}


def copy_of(raw: Raw) -> Raw:
    """The same rows, each a dict of its own."""
    return {name: [dict(row) for row in rows] for name, rows in raw.items()}


def row(table: str, **values: Any) -> Row:
    """A row of a table with all its columns; what is not given is None, provenance is filled in."""
    names = [name for name in table_named(table).column_names if name not in WRITTEN_NAMES]
    unknown = set(values) - set(names)
    assert not unknown, f"{table} has no {unknown}"
    stamped = values if table.startswith("ref.") else {**_FACT, "fetched_at": values.get("known_at"), **values}
    return {name: stamped.get(name) for name in names}


def game_id(day: date, away: str, home: str) -> str:
    return f"{day:%Y%m%d}_{away}_{home}"


def schedule_row(day: date, away: str, home: str, tip: datetime, known_at: datetime, **more: Any) -> Row:
    """A version of a game's schedule, of the league's own unless `league_game_id` says otherwise."""
    found = game_id(day, away, home)
    start = day.year if day.month >= 8 else day.year - 1
    values: Row = {
        "game_id": found,
        "league_game_id": f"league-{found}",
        "game_date": day,
        "season": f"{start}-{(start + 1) % 100:02d}",
        "commence_time": tip,
        "tip_assumed": False,
        "home": home,
        "away": away,
        "game_type": "regular",
        "status": "scheduled",
        "known_at": known_at,
        "origin_rank": 2,
    }
    return row("raw.schedule", **{**values, **more})


def box_row(game: Row, player: str, team: str, known_at: datetime, **stats: Any) -> Row:
    """A line of a game's box score; without statistics he did not play. Points follow from the shots where they are not given."""
    played = bool(stats)
    counts = ("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "stl", "blk", "tov", "pf", "plus_minus")
    values: Row = {
        "game_id": game["game_id"],
        "player_lookup": player,
        "game_date": game["game_date"],
        "season": game["season"],
        "team": team,
        "opponent": game["away"] if team == game["home"] else game["home"],
        "home": team == game["home"],
        "started": False,
        "minutes": 0.0,
        "did_not_play": not played,
        "known_at": known_at,
        **dict.fromkeys(counts, 0 if played else None),
    }
    return row("raw.player_box", **{**values, **stats})


def shot_row(game: Row, action_id: int, player: str, team: str, zone: str, made: bool, known_at: datetime) -> Row:
    """A shot from the paint, from mid-range or for three."""
    return row(
        "raw.shots",
        game_id=game["game_id"],
        action_id=action_id,
        league_game_id=game["league_game_id"],
        game_date=game["game_date"],
        player_lookup=player,
        team=team,
        zone=zone,
        made=made,
        points=3 if zone == "three" else 2,
        known_at=known_at,
    )


def quote_row(game: Row, player: str, bookmaker: str, point: float, snapshot_at: datetime, **more: Any) -> Row:
    """One book's quote on a player, its main line unless `is_main` says otherwise."""
    values: Row = {
        "event_id": f"event-{game['game_id']}",
        "bookmaker": bookmaker,
        "market": "player_points",
        "player_lookup": player,
        "point": point,
        "snapshot_at": snapshot_at,
        "game_id": game["game_id"],
        "game_date": game["game_date"],
        "commence_time": game["commence_time"],
        "over_price": 1.9,
        "under_price": 1.9,
        "is_main": True,
        "minutes_to_tip": (game["commence_time"] - snapshot_at) / timedelta(minutes=1),
        "known_at": snapshot_at,
        "source": "odds_api",
    }
    return row("raw.odds_player_points", **{**values, **more})


def game_line_rows(game: Row, bookmaker: str, spread: float, total: float, snapshot_at: datetime, **more: Any) -> list[Row]:
    """One book's spread (the home side's handicap) by both sides, and its total by both."""
    found = []
    for market, outcome, point in (
        ("spreads", "home", spread),
        ("spreads", "away", -spread),
        ("totals", "over", total),
        ("totals", "under", total),
    ):
        values: Row = {
            "event_id": f"event-{game['game_id']}",
            "bookmaker": bookmaker,
            "market": market,
            "outcome": outcome,
            "point": point,
            "snapshot_at": snapshot_at,
            "game_id": game["game_id"],
            "game_date": game["game_date"],
            "commence_time": game["commence_time"],
            "price": 1.91,
            "team": game.get(outcome),
            "known_at": snapshot_at,
            "source": "odds_api",
        }
        found.append(row("raw.odds_game_lines", **{**values, **more}))
    return found


def status_row(day: date, player: str, team: str, status: str, known_at: datetime, **more: Any) -> Row:
    """A player's status for a day, by a report of a moment."""
    return row("raw.injuries", **{"player_lookup": player, "game_date": day, "team": team, "status": status, "known_at": known_at, **more})


def submission_row(day: date, team: str, submitted: bool, known_at: datetime) -> Row:
    """Whether a team had handed in its part of a report of a moment."""
    return row("raw.injury_submissions", team=team, game_date=day, submitted=submitted, known_at=known_at)


def birth_row(player: str, birth_date: date | None) -> Row:
    """Somebody of whom a roster told, with or without his date of birth."""
    return row("ref.players", player_lookup=player, birth_date=birth_date)


def group_row(bookmaker: str, measured_at: datetime, book_group: str) -> Row:
    """The group in which a measurement put a book: sharp, soft or neither."""
    return row("ref.book_groups", bookmaker=bookmaker, measured_at=measured_at, book_group=book_group)


def source_row(source: str, kind: str, on_from: date | None = None, on_until: date | None = None) -> Row:
    return row("ref.sources", source=source, kind=kind, on_from=on_from, on_until=on_until)


def merge(work: Work, raw: Mapping[str, Sequence[Row]]) -> None:
    """Merge the rows of every table."""
    for name, rows in raw.items():
        if rows:
            work.merge(name, table_of(name, rows))


def fill(path: Path, raw: Mapping[str, Sequence[Row]]) -> DuckDBWarehouse:
    """A warehouse in a new file with these rows."""
    warehouse = DuckDBWarehouse(path)
    with warehouse.writing("hand") as work:
        merge(work, raw)
    return warehouse


def rows_of(warehouse: DuckDBWarehouse) -> Raw:
    """The rows that a warehouse holds, as dicts, of every table that features draw on."""
    found = empty()
    with warehouse.reading() as work:
        for name in TABLES:
            kept = [column for column in table_named(name).column_names if column not in WRITTEN_NAMES]
            found[name] = work.fetch(work.table(name).select(*kept)).to_pylist()
    return found
