"""What to ask of the league's CDN. It costs no credits and needs no key."""

from __future__ import annotations

from tipoff.scrape.request import Request, id_in_path
from tipoff.scrape.sources.nba_cdn.games import SOURCE


def schedule() -> Request:
    """The whole season's schedule."""
    return Request(SOURCE, "schedule", "/staticData/scheduleLeagueV2.json")


def box_score(league_game_id: str) -> Request:
    """The live box score of one game; final some hours after its tip. Raises BadInput for what is no id."""
    game = id_in_path(league_game_id)
    return Request(SOURCE, "box", f"/liveData/boxscore/boxscore_{game}.json", event_id=game)


def play_by_play(league_game_id: str) -> Request:
    """The play-by-play of one game; complete once it is over. Raises BadInput for what is no id."""
    game = id_in_path(league_game_id)
    return Request(SOURCE, "shots", f"/liveData/playbyplay/playbyplay_{game}.json", event_id=game)
