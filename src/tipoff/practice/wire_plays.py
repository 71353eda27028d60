"""The league's CDN, as documents: a game's play-by-play, in the shape recorded from the real one.

Season and instant in, a JSON-able document out; None before the tip. While a game is under way it tells of the periods that are over;
of a finished one everything, and last that the game has ended. It tells of shots, free throws and periods; rebounds, fouls and the rest,
which the practice league deals out without an order, are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tipoff.clock import NEW_YORK
from tipoff.names import TEAMS
from tipoff.practice.boxes import QUARTER_LASTS, progress
from tipoff.practice.rules import QUARTERS
from tipoff.practice.season import OVERTIME_LASTS, REGULATION_LASTS, Game, Season
from tipoff.practice.shots import Try, tries

Document = dict[str, Any]
_FIRST_NUMBER = 2
_PERIOD_SECONDS, _OVERTIME_SECONDS = 720, 300


def play_by_play(season: Season, game: Game, instant: datetime) -> Document | None:
    """The document at an instant (UTC); None before the tip."""
    if not game.has_begun(instant):
        return None
    at = progress(game, instant)
    periods = QUARTERS + game.overtimes if at.final else at.period - 1
    return {
        "meta": {
            "version": 1,
            "code": 200,
            "request": f"http://practice.invalid/games/{game.league_id}/playbyplay?Format=json",
            "time": f"{instant.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S.%f}",
        },
        "game": {"gameId": game.league_id, "actions": list(_actions(season, game, periods, at.final))},
    }


def _actions(season: Season, game: Game, periods: int, is_over: bool) -> Iterator[Document]:
    score = {game.home: 0, game.away: 0}
    number = _FIRST_NUMBER
    own: dict[int, int] = {}

    def head(period: int, part: float, kind: str, form: str, text: str) -> Document:
        moment = f"{_moment(game, period, part):%Y-%m-%dT%H:%M:%S}.0Z"
        left = round((_PERIOD_SECONDS if period <= QUARTERS else _OVERTIME_SECONDS) * (1 - part))
        return {
            "actionNumber": number,
            "clock": f"PT{left // 60:02d}M{left % 60:02d}.00S",
            "timeActual": moment,
            "period": period,
            "periodType": "REGULAR" if period <= QUARTERS else "OVERTIME",
            "actionType": kind,
            "subType": form,
            "qualifiers": [],
            "personId": 0,
            "x": None,
            "y": None,
            "possession": 0,
            "scoreHome": str(score[game.home]),
            "scoreAway": str(score[game.away]),
            "edited": moment,
            "orderNumber": number * 10_000,
            "isTargetScoreLastPeriod": False,
            "xLegacy": None,
            "yLegacy": None,
            "isFieldGoal": 0,
            "side": None,
            "description": text,
            "personIdsFilter": [],
        }

    all_tries = tries(season, game) if periods else ()
    for period in range(1, periods + 1):
        yield head(period, 0.0, "period", "start", "Period Start")
        number += 1
        for one in (one for one in all_tries if one.period == period):
            if one.made:
                score[one.team] += one.worth
                own[one.player.index] = own.get(one.player.index, 0) + one.worth
            kind = "freethrow" if one.worth == 1 else f"{one.worth}pt"
            form = "1 of 1" if one.worth == 1 else "Jump Shot" if one.area != "Restricted Area" else "Layup"
            yield head(period, one.part, kind, form, _told(one)) | _try(one, own.get(one.player.index, 0))
            number += 1
        yield head(period, 1.0, "period", "end", "Period End")
        number += 1
    if is_over:
        yield head(periods, 1.0, "game", "end", "Game End")


def _moment(game: Game, period: int, part: float) -> datetime:
    if period <= QUARTERS:
        return game.tip + (period - 1 + part) * QUARTER_LASTS
    return game.tip + REGULATION_LASTS + (period - QUARTERS - 1 + part) * OVERTIME_LASTS


def _told(one: Try) -> str:
    name = f"{one.player.first_name[0]}. {one.player.family_name}"
    what = "Free Throw 1 of 1" if one.worth == 1 else f"{math.hypot(one.x, one.y) / 10:.0f}' {'3PT ' if one.worth == 3 else ''}Shot"
    return f"{name} {what}" if one.made else f"MISS {name} {what}"


def _try(one: Try, points: int) -> Document:
    """What a try has beside what every action has; `points` are all that he has scored until then."""
    team, player = TEAMS[one.team], one.player
    document: Document = {
        "teamId": team.league_id,
        "teamTricode": team.tricode,
        "personId": player.person_id,
        "playerName": player.family_name,
        "playerNameI": f"{player.first_name[0]}. {player.family_name}",
        "personIdsFilter": [player.person_id],
        "possession": team.league_id,
        "shotResult": "Made" if one.made else "Missed",
    }
    if one.made:
        document["pointsTotal"] = points
    if one.worth == 1:
        return document
    return document | {
        "isFieldGoal": 1,
        "area": one.area,
        "areaDetail": _detail(one),
        "side": "left",
        "shotDistance": round(math.hypot(one.x, one.y) / 10, 2),
        "xLegacy": one.x,
        "yLegacy": one.y,
        "x": (one.y + 52.5) / 9.4,
        "y": 50 - one.x / 5,
        "qualifiers": ["pointsinthepaint"] if one.zone == "paint" else [],
    }


def _detail(one: Try) -> str:
    """`16-24 Left Center`: how far, and on which side."""
    distance = math.hypot(one.x, one.y)
    how_far = "0-8" if distance < 80 else "8-16" if distance < 160 else "16-24" if one.worth == 2 else "24+"
    side = "Left" if one.x < 0 else "Right"
    if distance < 80 or abs(one.x) < 60:
        return f"{how_far} Center"
    return f"{how_far} {side}" if one.y < 90 else f"{how_far} {side} Center"
