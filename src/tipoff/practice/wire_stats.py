"""The league's statistics, as documents: the traditional box score of version 3, and the scoreboard of a day.

Season and instant (UTC) in, JSON-able documents out, in the shape recorded from the real ones. The box score tells neither tip nor status;
players who were not dressed are not in it. `meta.time` is New York's wall clock written as if it were UTC, as it is there.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tipoff.clock import NEW_YORK
from tipoff.names import TEAMS
from tipoff.practice.boxes import BoxLine, Reason, box, points_at, progress
from tipoff.practice.season import Game, Season
from tipoff.practice.wire_nba import LEAGUE_ID, game_clock, game_code, game_status, status_text
from tipoff.practice.wire_odds import stamp

Document = dict[str, Any]

_COMMENTS: dict[Reason, str] = {"": "", "DNP_COACH": "DNP - Coach's Decision", "DNP_INJURY": "DND - Injury/Illness"}
_FIGURES = (
    *(("fieldGoalsMade", "fgm"), ("fieldGoalsAttempted", "fga"), ("threePointersMade", "fg3m"), ("threePointersAttempted", "fg3a")),
    *(("freeThrowsMade", "ftm"), ("freeThrowsAttempted", "fta"), ("reboundsOffensive", "oreb"), ("reboundsDefensive", "dreb")),
    *(("assists", "ast"), ("steals", "stl"), ("blocks", "blk"), ("turnovers", "tov"), ("foulsPersonal", "pf"), ("points", "points")),
)
_SHARES = (("fieldGoals", "fgm", "fga"), ("threePointers", "fg3m", "fg3a"), ("freeThrows", "ftm", "fta"))


def box_score(season: Season, game: Game, instant: datetime) -> Document:
    """The box score at an instant; before the tip there is none, and null stands in its place."""
    home, away = TEAMS[game.home], TEAMS[game.away]
    document: Document | None = None
    if game.has_begun(instant):
        found = box(season, game, None if game.is_over(instant) else instant)
        lead = sum(line.points for line in found.home) - sum(line.points for line in found.away)
        document = {
            "gameId": game.league_id,
            "awayTeamId": away.league_id,
            "homeTeamId": home.league_id,
            "homeTeam": _team(game.home, found.home, lead),
            "awayTeam": _team(game.away, found.away, -lead),
        }
    return {"meta": _meta(f"games/{game.league_id}/boxscoretraditional", instant), "boxScoreTraditional": document}


def scoreboard(season: Season, day: date, instant: datetime) -> Document:
    """The games of a New York day with their scores at an instant."""
    return {
        "meta": _meta(f"league/{LEAGUE_ID}/{day:%Y/%m/%d}/scoreboard", instant),
        "scoreboard": {
            "gameDate": day.isoformat(),
            "leagueId": LEAGUE_ID,
            "leagueName": "Practice League",
            "games": [_listed(season, game, instant) for game in season.games_on(day, instant)],
        },
    }


def _meta(what: str, instant: datetime) -> Document:
    local = instant.astimezone(NEW_YORK)
    return {"version": 1, "request": f"http://practice.invalid/{what}?Format=json", "time": f"{local:%Y-%m-%dT%H:%M:%S}.0Z"}


def _team(tricode: str, lines: tuple[BoxLine, ...], lead: int) -> Document:
    team = TEAMS[tricode]
    dressed = [line for line in lines if line.reason != "INACTIVE_INJURY"]
    starters = [line for line in dressed if _starts(line)]
    return {
        "teamId": team.league_id,
        "teamCity": team.city,
        "teamName": team.nickname,
        "teamTricode": tricode,
        "teamSlug": team.nickname.lower().replace(" ", ""),
        "players": [_player(line) for line in dressed],
        "statistics": _sums(dressed) | {"plusMinusPoints": float(lead)},
        "starters": _sums(starters),
        "bench": _sums([line for line in dressed if not _starts(line)]),
    }


def _starts(line: BoxLine) -> bool:
    return line.started and not line.reason


def _player(line: BoxLine) -> Document:
    player = line.player
    return {
        "personId": player.person_id,
        "firstName": player.first_name,
        "familyName": player.family_name,
        "nameI": f"{player.first_name[0]}. {player.family_name}",
        "playerSlug": player.lookup,
        "position": player.position if _starts(line) else "",
        "comment": _COMMENTS[line.reason],
        "jerseyNum": player.jersey,
        "statistics": _sums([line]) | {"minutes": _clock(line.seconds) if line.played else "", "plusMinusPoints": float(line.plus_minus)},
    }


def _sums(lines: list[BoxLine]) -> Document:
    total = {key: sum(getattr(line, name) for line in lines) for key, name in _FIGURES}
    shares = {f"{key}Percentage": _share(lines, made, tried) for key, made, tried in _SHARES}
    seconds = sum(line.seconds for line in lines)
    return {"minutes": _clock(seconds), **total, **shares, "reboundsTotal": total["reboundsOffensive"] + total["reboundsDefensive"]}


def _share(lines: list[BoxLine], made: str, tried: str) -> float:
    attempts = sum(getattr(line, tried) for line in lines)
    return round(sum(getattr(line, made) for line in lines) / attempts, 3) if attempts else 0.0


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


def _listed(season: Season, game: Game, instant: datetime) -> Document:
    at = progress(game, instant)
    local = game.tip.astimezone(NEW_YORK)
    points = (game.home_points, game.away_points) if at.final else tuple(points_at(season, game, at).sum(axis=1).tolist())
    return {
        "gameId": game.league_id,
        "gameCode": game_code(game),
        "gameStatus": game_status(game, instant),
        "gameStatusText": status_text(game, at, local),
        "period": at.period,
        "gameClock": game_clock(at),
        "gameTimeUTC": stamp(game.tip),
        "gameEt": f"{local:%Y-%m-%dT%H:%M:%S}Z",
        "regulationPeriods": 4,
        "ifNecessary": False,
        "seriesGameNumber": "",
        "gameLabel": "",
        "gameSubLabel": "",
        "seriesText": "",
        "seriesConference": "",
        "poRoundDesc": "",
        "gameSubtype": "",
        "isNeutral": False,
        "homeTeam": _side(game.home, points[0]),
        "awayTeam": _side(game.away, points[1]),
    }


def _side(tricode: str, score: int) -> Document:
    team = TEAMS[tricode]
    return {
        "teamId": team.league_id,
        "teamName": team.nickname,
        "teamCity": team.city,
        "teamTricode": tricode,
        "teamSlug": team.nickname.lower().replace(" ", ""),
        "score": score,
        "seed": 0,
        "inBonus": None,
        "timeoutsRemaining": 2,
    }
