"""The other feeds of games and box scores: the league's statistics, ESPN, balldontlie: what each address answers.

A season, the parameters of a question and an instant (UTC) in, a JSON-able document out; None where there is no such game. It must never
know the web.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from tipoff.clock import game_date_of
from tipoff.errors import BadInput
from tipoff.practice import wire_balldontlie, wire_espn_games, wire_stats
from tipoff.practice.season import Season

Answer = Callable[[Season, Mapping[str, str], datetime], dict[str, Any] | None]


def _stats_box(season: Season, given: Mapping[str, str], now: datetime) -> dict[str, Any] | None:
    game = season.by_league_id.get(given.get("GameID", ""))
    return wire_stats.box_score(season, game, now) if game else None


def _stats_scoreboard(season: Season, given: Mapping[str, str], now: datetime) -> dict[str, Any] | None:
    return wire_stats.scoreboard(season, _day(given.get("GameDate"), now), now)


def _espn_scoreboard(season: Season, given: Mapping[str, str], now: datetime) -> dict[str, Any] | None:
    return wire_espn_games.scoreboard(season, _day(given.get("dates"), now), now)


def _espn_summary(season: Season, given: Mapping[str, str], now: datetime) -> dict[str, Any] | None:
    game = wire_espn_games.game_of(season, given.get("event", ""))
    return wire_espn_games.summary(season, game, now) if game else None


def _balldontlie(season: Season, given: Mapping[str, str], now: datetime) -> dict[str, Any] | None:
    return wire_balldontlie.box_scores(season, _day(given.get("date"), now), now)


def _day(given: str | None, now: datetime) -> date:
    """The day asked for, written with or without hyphens; without one, the New York day of the instant."""
    try:
        return date.fromisoformat(given) if given else game_date_of(now)
    except ValueError:
        raise BadInput(f"{given!r} is no date.") from None


FEEDS: dict[str, Answer] = {
    "/nba-stats/stats/boxscoretraditionalv3": _stats_box,
    "/nba-stats/stats/scoreboardv3": _stats_scoreboard,
    "/espn/apis/site/v2/sports/basketball/nba/scoreboard": _espn_scoreboard,
    "/espn/apis/site/v2/sports/basketball/nba/summary": _espn_summary,
    "/balldontlie/v1/box_scores": _balldontlie,
}
KEYED = frozenset({"/balldontlie/v1/box_scores"})
"""Of these, the ones that ask for the key in the authorization header."""
