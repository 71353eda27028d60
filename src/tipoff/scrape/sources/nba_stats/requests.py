"""What to ask of the league's statistics. It costs no credits and needs no key; it answers browsers only (`scrape.access`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tipoff.scrape.request import Request, id_in_path

SOURCE = "nba_stats"
_WHOLE_GAME = (("StartPeriod", "0"), ("EndPeriod", "0"), ("StartRange", "0"), ("EndRange", "0"), ("RangeType", "0"))


def box_score(league_game_id: str) -> Request:
    """The box score of one game. Raises BadInput for what is no id."""
    game = id_in_path(league_game_id)
    return Request(SOURCE, "box", "/stats/boxscoretraditionalv3", (("GameID", game), *_WHOLE_GAME), event_id=game)


def scoreboard(day: date) -> Request:
    """The games of one New York day, with their tips, statuses and scores."""
    return Request(SOURCE, "scoreboard", "/stats/scoreboardv3", (("GameDate", day.isoformat()), ("LeagueID", "00")), game_date=day)


def scores(day: date) -> Request:
    """The same document for its scores as they stand: a feed of its own, asked for while games are played."""
    return replace(scoreboard(day), kind="scores")


def play_by_play(league_game_id: str) -> Request:
    """The play-by-play of one game. Raises BadInput for what is no id."""
    game = id_in_path(league_game_id)
    params = (("EndPeriod", "0"), ("GameID", game), ("StartPeriod", "0"))
    return Request(SOURCE, "shots", "/stats/playbyplayv3", params, event_id=game)
