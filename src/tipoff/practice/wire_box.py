"""The league's CDN, as documents: a game's live or final box score, in the shape recorded from the real one.

Season and instant in, a JSON-able document out; None before the tip, when the real CDN has no such file. What the
practice league does not play (arena, officials, runs, leads) is filled with what is neutral there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tipoff.clock import NEW_YORK
from tipoff.names import TEAMS
from tipoff.practice.boxes import Box, BoxLine, box
from tipoff.practice.rules import QUARTERS
from tipoff.practice.season import OVERTIME_LASTS, REGULATION_LASTS, Game, Season
from tipoff.practice.wire_nba import FINAL, UNDER_WAY, game_clock, game_code, status_text

Document = dict[str, Any]

_SUMMED = ("fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "stl", "blk", "tov", "pf", "points", "seconds")


def box_score(season: Season, game: Game, instant: datetime) -> Document | None:
    """The document at an instant (UTC); None before the tip."""
    if not game.has_begun(instant):
        return None
    found = box(season, game, None if game.is_over(instant) else instant)
    return {
        "meta": {
            "version": 1,
            "code": 200,
            "request": f"http://practice.invalid/games/{game.league_id}/boxscore",
            "time": f"{instant.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S.%f}",
        },
        "game": _game(found),
    }


def _game(found: Box) -> Document:
    game, at = found.game, found.progress
    home, away = TEAMS[game.home], TEAMS[game.away]
    local = game.tip.astimezone(NEW_YORK)
    lasts = REGULATION_LASTS + game.overtimes * OVERTIME_LASTS
    sides = [_totals(found.home), _totals(found.away)]
    return {
        "gameId": game.league_id,
        "gameTimeLocal": game.tip.astimezone(home.zone).isoformat(),
        "gameTimeUTC": game.tip.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "gameTimeHome": game.tip.astimezone(home.zone).isoformat(),
        "gameTimeAway": game.tip.astimezone(away.zone).isoformat(),
        "gameEt": local.isoformat(),
        "duration": int(lasts.total_seconds() // 60) if at.final else 0,
        "gameCode": game_code(game),
        "gameStatusText": status_text(game, at, local),
        "gameStatus": FINAL if at.final else UNDER_WAY,
        "regulationPeriods": QUARTERS,
        "period": at.period,
        "gameClock": game_clock(at),
        "attendance": 0,
        "sellout": "0",
        "arena": {
            "arenaId": 990_000 + home.league_id % 1000,
            "arenaName": f"{home.city} Practice Arena",
            "arenaCity": home.city,
            "arenaState": "",
            "arenaCountry": "",
            "arenaTimezone": home.time_zone,
        },
        "officials": [],
        "homeTeam": _team(game.home, found.home, found.home_periods, at.period, sides[0], sides[1]),
        "awayTeam": _team(game.away, found.away, found.away_periods, at.period, sides[1], sides[0]),
    }


def _team(
    tricode: str, lines: tuple[BoxLine, ...], periods: tuple[int, ...], period: int, own: dict[str, int], other: dict[str, int]
) -> Document:
    team = TEAMS[tricode]
    return {
        "teamId": team.league_id,
        "teamName": team.nickname,
        "teamCity": team.city,
        "teamTricode": tricode,
        "score": own["points"],
        "inBonus": "0",
        "timeoutsRemaining": 2,
        "periods": [
            {"period": n, "periodType": "REGULAR" if n <= QUARTERS else "OVERTIME", "score": score}
            for n, score in enumerate(periods[: max(period, QUARTERS)], 1)
        ],
        "players": [_player(order, line) for order, line in enumerate(lines, 1)],
        "statistics": _team_statistics(lines, own, other),
    }


def _totals(lines: tuple[BoxLine, ...]) -> dict[str, int]:
    return {name: sum(getattr(line, name) for line in lines) for name in _SUMMED}


def _player(order: int, line: BoxLine) -> Document:
    player = line.player
    inactive = line.reason == "INACTIVE_INJURY"
    document: Document = {"status": "INACTIVE" if inactive else "ACTIVE"}
    if line.reason:
        document["notPlayingReason"] = line.reason
    if line.description:
        document["notPlayingDescription"] = line.description
    document |= {"order": order, "personId": player.person_id, "jerseyNum": player.jersey}
    if line.started and not line.reason:
        document["position"] = player.position
    return document | {
        "starter": "1" if line.started and not line.reason else "0",
        "oncourt": "0",
        "played": "1" if line.played else "0",
        "statistics": _statistics(line),
        "name": player.name,
        "nameI": f"{player.first_name[0]}. {player.family_name}",
        "firstName": player.first_name,
        "familyName": player.family_name,
    }


def _share(made: int, tried: int) -> float:
    return made / tried if tried else 0.0


def _minutes(seconds: int) -> str:
    return f"PT{seconds // 60:02d}M{seconds % 60:02d}.00S"


def _statistics(line: BoxLine) -> Document:
    twos, two_tried = line.fgm - line.fg3m, line.fga - line.fg3a
    return {
        "assists": line.ast,
        "blocks": line.blk,
        "blocksReceived": 0,
        "fieldGoalsAttempted": line.fga,
        "fieldGoalsMade": line.fgm,
        "fieldGoalsPercentage": _share(line.fgm, line.fga),
        "foulsOffensive": 0,
        "foulsDrawn": line.fta // 2,
        "foulsPersonal": line.pf,
        "foulsTechnical": 0,
        "freeThrowsAttempted": line.fta,
        "freeThrowsMade": line.ftm,
        "freeThrowsPercentage": _share(line.ftm, line.fta),
        "minus": float(line.plus - line.plus_minus),
        "minutes": _minutes(line.seconds),
        "minutesCalculated": f"PT{(line.seconds + 30) // 60:02d}M",
        "plus": float(line.plus),
        "plusMinusPoints": float(line.plus_minus),
        "points": line.points,
        "pointsFastBreak": 0,
        "pointsInThePaint": 2 * (twos * 2 // 3),
        "pointsSecondChance": 0,
        "reboundsDefensive": line.dreb,
        "reboundsOffensive": line.oreb,
        "reboundsTotal": line.dreb + line.oreb,
        "steals": line.stl,
        "threePointersAttempted": line.fg3a,
        "threePointersMade": line.fg3m,
        "threePointersPercentage": _share(line.fg3m, line.fg3a),
        "turnovers": line.tov,
        "twoPointersAttempted": two_tried,
        "twoPointersMade": twos,
        "twoPointersPercentage": _share(twos, two_tried),
    }


_NEUTRAL = {
    "biggestLead": 0,
    "biggestLeadScore": "0-0",
    "biggestScoringRun": 0,
    "biggestScoringRunScore": "0-0",
    "fastBreakPointsAttempted": 0,
    "fastBreakPointsMade": 0,
    "fastBreakPointsPercentage": 0.0,
    "foulsOffensive": 0,
    "foulsTechnical": 0,
    "foulsTeamTechnical": 0,
    "leadChanges": 0,
    "pointsFastBreak": 0,
    "pointsFromTurnovers": 0,
    "pointsSecondChance": 0,
    "reboundsTeam": 0,
    "reboundsTeamDefensive": 0,
    "reboundsTeamOffensive": 0,
    "secondChancePointsAttempted": 0,
    "secondChancePointsMade": 0,
    "secondChancePointsPercentage": 0.0,
    "timeLeading": "PT00M00.00S",
    "timesTied": 0,
    "turnoversTeam": 0,
}


def _team_statistics(lines: tuple[BoxLine, ...], own: dict[str, int], other: dict[str, int]) -> Document:
    twos, two_tried = own["fgm"] - own["fg3m"], own["fga"] - own["fg3a"]
    true_attempts = own["fga"] + 0.44 * own["fta"]
    paint = sum((line.fgm - line.fg3m) * 2 // 3 for line in lines)
    return _NEUTRAL | {
        "assists": own["ast"],
        "assistsTurnoverRatio": _share(own["ast"], own["tov"]),
        "benchPoints": sum(line.points for line in lines if not line.started),
        "blocks": own["blk"],
        "blocksReceived": other["blk"],
        "fieldGoalsAttempted": own["fga"],
        "fieldGoalsEffectiveAdjusted": (own["fgm"] + 0.5 * own["fg3m"]) / own["fga"] if own["fga"] else 0.0,
        "fieldGoalsMade": own["fgm"],
        "fieldGoalsPercentage": _share(own["fgm"], own["fga"]),
        "foulsDrawn": other["pf"],
        "foulsPersonal": own["pf"],
        "foulsTeam": own["pf"],
        "freeThrowsAttempted": own["fta"],
        "freeThrowsMade": own["ftm"],
        "freeThrowsPercentage": _share(own["ftm"], own["fta"]),
        "minutes": f"PT{own['seconds'] // 60}M{own['seconds'] % 60:02d}.00S",
        "minutesCalculated": f"PT{(own['seconds'] + 30) // 60}M",
        "points": own["points"],
        "pointsAgainst": other["points"],
        "pointsInThePaint": 2 * paint,
        "pointsInThePaintAttempted": 2 * paint,
        "pointsInThePaintMade": paint,
        "pointsInThePaintPercentage": 0.5 if paint else 0.0,
        "reboundsDefensive": own["dreb"],
        "reboundsOffensive": own["oreb"],
        "reboundsPersonal": own["dreb"] + own["oreb"],
        "reboundsTotal": own["dreb"] + own["oreb"],
        "steals": own["stl"],
        "threePointersAttempted": own["fg3a"],
        "threePointersMade": own["fg3m"],
        "threePointersPercentage": _share(own["fg3m"], own["fg3a"]),
        "trueShootingAttempts": true_attempts,
        "trueShootingPercentage": own["points"] / (2 * true_attempts) if true_attempts else 0.0,
        "turnovers": own["tov"],
        "turnoversTotal": own["tov"],
        "twoPointersAttempted": two_tried,
        "twoPointersMade": twos,
        "twoPointersPercentage": _share(twos, two_tried),
    }
