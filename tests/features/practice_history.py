"""Four weeks of the practice league in a warehouse, through its real documents: wire formats, sources, load.

The schedule as it stood before the season and at the end, every team's roster, box scores and play-by-play a quarter of an hour after
the last buzzer (one box score corrected the next morning, one play-by-play told only then), and of the last two weeks the odds of four
books and the injury list, in play too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec

from tipoff.load.documents import load_payloads
from tipoff.names import ESPN_IDS
from tipoff.practice import Game, Season
from tipoff.practice.odds_question import odds_question
from tipoff.practice.quotes import QuoteRoom
from tipoff.practice.wire_box import box_score
from tipoff.practice.wire_espn import injuries
from tipoff.practice.wire_nba import schedule
from tipoff.practice.wire_odds import event_odds
from tipoff.practice.wire_plays import play_by_play
from tipoff.practice.wire_roster import roster
from tipoff.scrape.records import Payload
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault, open_bucket

FIRST_LINES, LAST = date(2025, 11, 3), date(2025, 11, 16)
BOOKS = "draftkings,fanduel,betmgm,bovada"
BEFORE_TIP = (400, 240, 10, -20)
"""Minutes before the tip at which the odds of a game are asked for."""
_encode = msgspec.json.encode


def two_weeks(season: Season) -> list[Game]:
    """The games with lines."""
    return [game for game in season.games if FIRST_LINES <= game.game_date <= LAST]


def fill_from_documents(folder: Path, season: Season) -> DuckDBWarehouse:
    """A warehouse in a folder, loaded from the documents alone."""
    warehouse, vault = DuckDBWarehouse(folder / "warehouse.duckdb"), Vault(open_bucket((folder / "bucket").as_uri()))
    end = datetime.combine(LAST, time(20), tzinfo=UTC) + timedelta(days=1)
    counts = load_payloads(warehouse, vault, _documents(season, end), seen_at=end, run_id="practice")
    assert not counts.set_apart, counts.set_apart
    return warehouse


def corrected_game(season: Season) -> Game:
    """The game whose box score is corrected the morning after it was played."""
    return next(game for game in season.games if game.game_date == date(2025, 11, 10))


def _documents(season: Season, end: datetime) -> Iterator[tuple[Payload, str | None]]:
    for at in (datetime(2025, 10, 15, 12, tzinfo=UTC), end):
        yield _payload(schedule(season, at), "schedule", at)
        yield from (_payload(roster(season, str(number), at), "rosters", at) for number in ESPN_IDS.values())
    for game in season.games:
        if game.game_date <= LAST:
            at = game.final_at + timedelta(minutes=15)
            yield _payload(box_score(season, game, at), "box", at)
            told_at = at + timedelta(hours=10) if game == corrected_game(season) else at
            yield _payload(play_by_play(season, game, told_at), "plays", told_at)
    corrected = corrected_game(season)
    at = corrected.final_at + timedelta(hours=10)
    yield _payload(_with_three_more(box_score(season, corrected, at) or {}), "box", at)
    room = QuoteRoom(season)
    asked = [
        odds_question({"bookmakers": BOOKS, "markets": f"player_points,spreads,totals{more}", "oddsFormat": "decimal"}, bulk=False)
        for more in ("", ",player_points_alternate")
    ]
    for game in two_weeks(season):
        for minutes in BEFORE_TIP:
            at = game.tip - timedelta(minutes=minutes)
            question = asked[minutes == 10 and game.index % 8 == 0]
            yield _payload(event_odds(room, game.event_id, at, question).document, "odds", at)
    for day in sorted({game.game_date for game in two_weeks(season)}):
        for hours in (17, 22):
            at = datetime.combine(day, time(hours, 30), tzinfo=UTC)
            yield _payload(injuries(season, at), "injuries", at)


def _payload(document: object, origin: str, at: datetime) -> tuple[Payload, str | None]:
    return Payload(_encode(document), origin, at, 200), None


def _with_three_more(document: dict[str, Any]) -> dict[str, Any]:
    """One three-pointer more for the home side's first starter."""
    first = next(player for player in document["game"]["homeTeam"]["players"] if player["played"] == "1")
    for name, more in (
        ("points", 3),
        ("fieldGoalsMade", 1),
        ("fieldGoalsAttempted", 1),
        ("threePointersMade", 1),
        ("threePointersAttempted", 1),
    ):
        first["statistics"][name] += more
    return document
