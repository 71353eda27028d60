"""What to ask of ESPN. It costs no credits and needs no key."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tipoff.errors import BadInput
from tipoff.names import ESPN_IDS
from tipoff.scrape.request import Request, id_in_path

SOURCE = "espn"
_NBA = "/apis/site/v2/sports/basketball/nba"


def injuries() -> Request:
    """Ask for the current injuries of all teams. Costs no credits."""
    return Request(SOURCE, "injuries", f"{_NBA}/injuries")


def scoreboard(day: date) -> Request:
    """The games of one New York day, with ESPN's own ids of them."""
    return Request(SOURCE, "scoreboard", f"{_NBA}/scoreboard", (("dates", f"{day:%Y%m%d}"), ("limit", "100")), game_date=day)


def scores(day: date) -> Request:
    """The same document for its scores as they stand: a feed of its own, asked for while games are played."""
    return replace(scoreboard(day), kind="scores")


def box_score(espn_id: str) -> Request:
    """The summary of one game, by ESPN's own id of it. Raises BadInput for what is no id."""
    game = id_in_path(espn_id)
    return Request(SOURCE, "box", f"{_NBA}/summary", (("event", game),), event_id=game)


def roster(tricode: str) -> Request:
    """Ask for a team's roster as it stands. Costs no credits. Raises BadInput for what is no tricode."""
    if tricode not in ESPN_IDS:
        raise BadInput(f"{tricode[:80]!r} is no team.", hint="Teams are written as tricodes, such as BOS.")
    return Request(SOURCE, "roster", f"{_NBA}/teams/{ESPN_IDS[tricode]}/roster", event_id=tricode)
