"""What a source makes of a payload: records in plain columns, and what it had to set apart.

A source declares requests and transforms payloads; it never fetches and never sees a table. Names stay as they were printed: who
is meant is decided in `load`, where the rosters are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

import pyarrow as pa

RecordKind = Literal["player_quotes", "game_quotes", "games", "box", "injuries", "submissions", "shots", "roster"]
League = Literal["nba", "practice"]

_INSTANT = pa.timestamp("us", "UTC")

SHAPES: dict[RecordKind, pa.Schema] = {
    # one row an (event, book, market, name, point): both sides' prices, decimal; at least one side is there
    "player_quotes": pa.schema(
        [
            ("event_id", pa.string()),
            ("commence_time", _INSTANT),
            ("home", pa.string()),
            ("away", pa.string()),
            ("bookmaker", pa.string()),
            ("market", pa.string()),
            ("name", pa.string()),
            ("point", pa.float64()),
            ("over_price", pa.float64()),
            ("under_price", pa.float64()),
            ("last_update", _INSTANT),
            ("snapshot_at", _INSTANT),
            ("path", pa.string()),  # of the first outcome, within the document
        ]
    ),
    # one row an (event, book, market, outcome, point); outcome is home, away, over or under; h2h has point 0
    "game_quotes": pa.schema(
        [
            ("event_id", pa.string()),
            ("commence_time", _INSTANT),
            ("home", pa.string()),
            ("away", pa.string()),
            ("bookmaker", pa.string()),
            ("market", pa.string()),
            ("outcome", pa.string()),
            ("team", pa.string()),
            ("point", pa.float64()),
            ("price", pa.float64()),
            ("last_update", _INSTANT),
            ("snapshot_at", _INSTANT),
            ("path", pa.string()),
        ]
    ),
    # one row a game; its ids may be null; status: scheduled, live, final, postponed, cancelled;
    # game_type: regular, playoff, play_in, cup_final, or null where the source does not say.
    # Where the source does not tell the tip, commence_time is null, and game_date is the New York day that it tells
    "games": pa.schema(
        [
            ("league_game_id", pa.string()),
            ("event_id", pa.string()),  # the odds source's
            ("espn_id", pa.string()),
            ("commence_time", _INSTANT),
            ("game_date", pa.date32()),
            ("home", pa.string()),
            ("away", pa.string()),
            ("game_type", pa.string()),
            ("status", pa.string()),
            ("home_score", pa.int64()),
            ("away_score", pa.int64()),
            ("known_at", _INSTANT),
        ]
    ),
    # one row a player of a FINAL game; minutes is decimal minutes. Where the source does not tell the tip, commence_time is null, and
    # the game is found by the league's id or by game_date and the teams; these may be null where the id says it
    "box": pa.schema(
        [
            ("league_game_id", pa.string()),
            ("commence_time", _INSTANT),
            ("game_date", pa.date32()),
            ("home_team", pa.string()),
            ("away_team", pa.string()),
            ("name", pa.string()),
            ("league_player_id", pa.string()),
            ("team", pa.string()),
            ("started", pa.bool_()),
            ("minutes", pa.float64()),
            *((name, pa.int64()) for name in ("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "stl", "blk")),
            ("tov", pa.int64()),
            ("pf", pa.int64()),
            ("plus_minus", pa.int64()),
            ("did_not_play", pa.bool_()),
            ("reason", pa.string()),
            ("known_at", _INSTANT),
            ("path", pa.string()),
        ]
    ),
    # one row a player's status; game_date is null where the source speaks of the team's next game
    "injuries": pa.schema(
        [
            ("name", pa.string()),
            ("team", pa.string()),
            ("status", pa.string()),  # available, probable, questionable, doubtful, out
            ("reason", pa.string()),
            ("game_date", pa.date32()),
            ("known_at", _INSTANT),
            ("path", pa.string()),
        ]
    ),
    # one row a team of a game that an injury report names: whether it has told yet who is hurt; only then is silence about a player news
    "submissions": pa.schema(
        [
            ("team", pa.string()),
            ("game_date", pa.date32()),
            ("submitted", pa.bool_()),
            ("known_at", _INSTANT),
        ]
    ),
    # one row a field goal tried, of a game that is over; zone is paint, mid or three, points its worth when made (2 or 3)
    "shots": pa.schema(
        [
            ("league_game_id", pa.string()),
            ("action_id", pa.int64()),
            ("name", pa.string()),
            ("league_player_id", pa.string()),
            ("team", pa.string()),
            ("zone", pa.string()),
            ("made", pa.bool_()),
            ("points", pa.int64()),
            ("known_at", _INSTANT),
            ("path", pa.string()),
        ]
    ),
    # one row a man on a team's roster; birth_date is null where it is not told
    "roster": pa.schema(
        [
            ("name", pa.string()),
            ("league_player_id", pa.string()),
            ("team", pa.string()),
            ("birth_date", pa.date32()),
            ("known_at", _INSTANT),
            ("path", pa.string()),
        ]
    ),
}


@dataclass(frozen=True)
class Payload:
    """A document as it came. `fetched_at` is None where it came from a folder; `origin` is its address without its key, or a file.

    `feed` and `game_date` say what it was asked for; they are empty where it came from a folder, and no transform may rely on them.
    """

    body: bytes
    origin: str
    fetched_at: datetime | None = None
    status: int = 0
    feed: str = ""
    game_date: date | None = None


@dataclass(frozen=True)
class Reject:
    """Something set apart: its field path in the document (`$` is the whole), the rule it broke, and what stood there.

    `rows` counts the rows that it cost: 0 where the row lives on without it (one side of a quote, a field that may be missing).
    """

    path: str
    rule: str
    value: str = ""
    rows: int = 1


@dataclass
class Parsed:
    """Everything that one payload gave. `offered` counts the rows it held: rows + rejected rows = offered."""

    source: str
    kind: str
    league: League | None = None
    event_id: str | None = None
    snapshot_at: datetime | None = None
    records: dict[RecordKind, pa.Table] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    offered: int = 0

    @property
    def rows(self) -> int:
        return sum(table.num_rows for table in self.records.values())
