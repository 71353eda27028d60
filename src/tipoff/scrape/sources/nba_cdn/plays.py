"""The live play-by-play of the league's CDN to shots: its own words for what was tried, from which area, and the end of the game.

Knows the words of its actions. An area is the league's: `Restricted Area` and `In The Paint (Non-RA)` are the paint, `Mid-Range` is mid;
what is worth three is a three, from the corners, above the break or the backcourt. Where area, worth and the mark `pointsinthepaint`
contradict each other, the shot is set apart. From 2025-26 on a missed heave at the end of a quarter is an attempt of the team and of no
player, as it is in the box score.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tipoff.scrape.reading import Refusal, instant, text
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_cdn.games import SOURCE
from tipoff.scrape.sources.plays import Action, Dialect, read_plays

_WORTH = {"2pt": 2, "3pt": 3}
_HEAVE = "heave"
_ZONES = {
    "Restricted Area": "paint",
    "In The Paint (Non-RA)": "paint",
    "Mid-Range": "mid",
    "Left Corner 3": "three",
    "Right Corner 3": "three",
    "Above the Break 3": "three",
    "Backcourt": "three",
}
_IN_THE_PAINT = "pointsinthepaint"


def is_play_by_play(document: dict[str, Any]) -> bool:
    """Whether a document is a live play-by-play, by its shape; that of the league's statistics tells of videos besides."""
    game = document.get("game")
    return isinstance(game, dict) and "actions" in game and "videoAvailable" not in game


def transform_plays(document: dict[str, Any], payload: Payload) -> Parsed:
    """The shots of a game that is over."""
    return read_plays(document, payload, LIVE)


def _worth(action: Action) -> int | Refusal | None:
    kind = action.get("actionType")
    if type(kind) is not str:
        return Refusal("actionType", "unreadable_type")
    if kind.casefold() == _HEAVE:
        return 3 if action.get("shotResult") == "Made" else None
    worth = _WORTH.get(kind)
    return Refusal("actionType", "unknown_shot_type") if worth is None and action.get("isFieldGoal") == 1 else worth


def _zone(action: Action, worth: int) -> str | Refusal:
    area = text(action.get("area"))
    zone = _ZONES.get(area) if area else None
    if zone is None:
        return Refusal("area", "unknown_area" if area else "unreadable_area")
    marks = action.get("qualifiers")
    in_the_paint = type(marks) is list and _IN_THE_PAINT in marks
    if (zone == "three") != (worth == 3) or (in_the_paint and zone != "paint"):
        return Refusal("area", "conflicting_zone")
    return zone


def _over(actions: list[Action]) -> tuple[bool, datetime | None]:
    ends = [action for action in actions if action.get("actionType") == "game" and action.get("subType") == "end"]
    return bool(ends), instant(ends[-1].get("timeActual")) if ends else None


LIVE = Dialect(SOURCE, _worth, _zone, _over)
"""The words of the live play-by-play."""
