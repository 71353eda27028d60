"""The play-by-play of the league's statistics, in its third version or in the live one's words: what to ask for, and how to read it.

Comes in: a decoded document. Goes out: one `shots` record a field goal tried, of a game that is over. The third version names no
areas but gives the place of each shot, in tenths of a foot from the centre of the basket: the paint is sixteen feet wide and ends
nineteen feet from the baseline, that is 13.75 feet in front of the basket (official rules, rule 1). On a recorded game whose live
play-by-play has both, this agrees with the league's own areas on 180 of 181 shots; the other is a tipped layup whose area contradicts
its own mark `pointsinthepaint`. The second version gives distances in words only, and is not read.

The third version has no word for the end of a game: it is over when its fourth period, or a later one, has ended without a tie.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from tipoff.scrape.reading import Refusal, number, whole
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_cdn.plays import LIVE
from tipoff.scrape.sources.nba_stats.requests import SOURCE
from tipoff.scrape.sources.plays import Action, Dialect, read_plays

_HALF_WIDTH, _DEPTH = 80.0, 137.5
_PERIODS = 4


def is_play_by_play(document: Any) -> bool:
    """Whether a document is a play-by-play, by its shape."""
    game = document.get("game") if isinstance(document, dict) else None
    return isinstance(game, dict) and "actions" in game


def transform_plays(document: dict[str, Any], payload: Payload) -> Parsed:
    """The shots of a game that is over; the third version has no moment where we did not fetch it, and is set apart then."""
    return read_plays(document, payload, _THIRD if "videoAvailable" in document["game"] else replace(LIVE, source=SOURCE))


def _worth(action: Action) -> int | Refusal | None:
    is_shot = whole(action.get("isFieldGoal"), 0, 1)
    if is_shot is None:
        return Refusal("isFieldGoal", "unreadable_flag")
    if not is_shot:
        return None
    return whole(action.get("shotValue"), 2, 3) or Refusal("shotValue", "unreadable_worth")


def _zone(action: Action, worth: int) -> str | Refusal:
    if worth == 3:
        return "three"
    x, y = number(action.get("xLegacy")), number(action.get("yLegacy"))
    if x is None or y is None:
        return Refusal("xLegacy", "unreadable_place")
    return "paint" if abs(x) <= _HALF_WIDTH and y <= _DEPTH else "mid"


def _over(actions: list[Action]) -> tuple[bool, datetime | None]:
    """Scores stand where they change; the newest of them holds at the end of a period."""
    scores: dict[str, int] = {}
    over = False
    for action in actions:
        for key in ("scoreHome", "scoreAway"):
            score = _score(action.get(key))
            if score is not None:
                scores[key] = max(score, scores.get(key, 0))
        period = whole(action.get("period"), 1, 20) or 0
        if action.get("actionType") == "period" and action.get("subType") == "end" and period >= _PERIODS:
            over = over or (len(scores) == 2 and scores["scoreHome"] != scores["scoreAway"])
    return over, None


def _score(value: Any) -> int | None:
    return int(value) if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 3 else whole(value, 0, 300)


_THIRD = Dialect(SOURCE, _worth, _zone, _over)
