"""The league's CDN, as documents: the schedule of the season with its scores.

Season and instant in, JSON-able values out, in the shape recorded from the real one. The league is "99", so that no
invented game is ever taken for a real one. Instants are UTC; the fields that end in `Est` are New York wall-clock.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from tipoff.clock import NEW_YORK, as_utc
from tipoff.names import TEAMS, Team
from tipoff.practice.boxes import Progress, points_at, progress
from tipoff.practice.rules import QUARTERS
from tipoff.practice.season import Game, Season
from tipoff.practice.wire_odds import stamp

Document = dict[str, Any]

LEAGUE_ID = "99"
SCHEDULED, UNDER_WAY, FINAL = 1, 2, 3
"""`gameStatus`."""
_SCOPES = "nationalTv nationalRadio nationalOtt homeTv homeRadio homeOtt awayTv awayRadio awayOtt intlRadio intlTv intlOtt"
_NO_BROADCASTERS: dict[str, list[Document]] = {f"{scope}Broadcasters": [] for scope in _SCOPES.split()}
_PERIOD_MINUTES, _OVERTIME_MINUTES = 12, 5


def game_status(game: Game, instant: datetime) -> int:
    """1 before the tip, 2 under way, 3 final."""
    if not game.has_begun(as_utc(instant)):
        return SCHEDULED
    return FINAL if game.is_over(as_utc(instant)) else UNDER_WAY


def schedule(season: Season, instant: datetime) -> Document:
    """The whole season, with scores and records as they stood at the instant."""
    records: dict[str, Counter[bool]] = {tricode: Counter() for tricode in TEAMS}
    games = season.listed(instant)
    for game in games:
        if game.is_over(instant):
            records[game.home][game.home_points > game.away_points] += 1
            records[game.away][game.away_points > game.home_points] += 1
    dates = []
    for day, of_day in groupby(games, key=lambda game: game.game_date):
        rows = [_scheduled(season, game, number, instant, records) for number, game in enumerate(of_day, 1)]
        dates.append({"gameDate": f"{day:%m/%d/%Y} 00:00:00", "games": rows})
    return {
        "meta": {"version": 1, "request": "http://practice.invalid/league/99/2025-26/scheduleleaguev2", "time": stamp(instant)},
        "leagueSchedule": {
            "seasonYear": "2025-26",
            "leagueId": LEAGUE_ID,
            "gameDates": dates,
            "weeks": _weeks(season),
            "broadcasterList": [],
        },
    }


def _weeks(season: Season) -> list[Document]:
    first, last = season.games[0].game_date, season.games[-1].game_date
    count = (last - first).days // 7 + 1
    return [
        {
            "weekNumber": number + 1,
            "weekName": f"Week {number + 1}",
            "startDate": f"{first + timedelta(days=7 * number)}T00:00:00Z",
            "endDate": f"{first + timedelta(days=7 * number + 6)}T00:00:00Z",
        }
        for number in range(count)
    ]


def _scheduled(season: Season, game: Game, number: int, instant: datetime, records: dict[str, Counter[bool]]) -> Document:
    local = game.tip.astimezone(NEW_YORK)
    midnight = datetime.combine(game.game_date, datetime.min.time(), tzinfo=NEW_YORK)
    home, away = TEAMS[game.home], TEAMS[game.away]
    week = (game.game_date - season.games[0].game_date).days // 7 + 1
    at = progress(game, instant)
    points = _scores(season, game, at)
    return {
        "gameId": game.league_id,
        "gameCode": game_code(game),
        "gameStatus": game_status(game, instant),
        "gameStatusText": status_text(game, at, local),
        "gameSequence": number,
        "gameDateEst": f"{game.game_date}T00:00:00Z",
        "gameTimeEst": f"1900-01-01T{local:%H:%M:%S}Z",
        "gameDateTimeEst": f"{local:%Y-%m-%dT%H:%M:%S}Z",
        "gameDateUTC": stamp(midnight),
        "gameTimeUTC": f"1900-01-01T{game.tip:%H:%M:%S}Z",
        "gameDateTimeUTC": stamp(game.tip),
        "awayTeamTime": wall_clock(game, away),
        "homeTeamTime": wall_clock(game, home),
        "day": f"{game.game_date:%a}",
        "monthNum": game.game_date.month,
        "weekNumber": week,
        "weekName": f"Week {week}",
        "ifNecessary": False,
        "seriesGameNumber": "",
        "gameLabel": "",
        "gameSubLabel": "",
        "seriesText": "",
        "arenaName": f"{home.city} Practice Arena",
        "arenaState": "",
        "arenaCity": home.city,
        "postponedStatus": "Y" if game.standing == "postponed" else "N",
        "branchLink": "",
        "gameSubtype": "",
        "isNeutral": False,
        "broadcasters": _NO_BROADCASTERS,
        "homeTeam": _scheduled_team(home, records[game.home], points[0]),
        "awayTeam": _scheduled_team(away, records[game.away], points[1]),
        "pointsLeaders": [],
    }


def _scores(season: Season, game: Game, at: Progress) -> tuple[int, int]:
    if at.final:
        return game.home_points, game.away_points
    home, away = points_at(season, game, at).sum(axis=1).tolist() if at.period else (0, 0)
    return home, away


def _scheduled_team(team: Team, record: Counter[bool], points: int) -> Document:
    return {
        "teamId": team.league_id,
        "teamName": team.nickname,
        "teamCity": team.city,
        "teamTricode": team.tricode,
        "teamSlug": team.nickname.lower().replace(" ", ""),
        "wins": record[True],
        "losses": record[False],
        "score": points,
        "seed": 0,
    }


def game_code(game: Game) -> str:
    """`20260114/AWYHOM`."""
    return f"{game.game_date:%Y%m%d}/{game.away}{game.home}"


def wall_clock(game: Game, team: Team) -> str:
    """The tip by the clock on a team's own wall, written with a Z as the schedule does."""
    return f"{game.tip.astimezone(team.zone):%Y-%m-%dT%H:%M:%S}Z"


def game_clock(at: Progress) -> str:
    """What is left of the period: `PT05M32.00S`."""
    if at.final or not at.period:
        return "PT00M00.00S" if at.final else ""
    seconds = round((1 - at.part) * 60 * (_PERIOD_MINUTES if at.period <= QUARTERS else _OVERTIME_MINUTES))
    return f"PT{seconds // 60:02d}M{seconds % 60:02d}.00S"


def status_text(game: Game, at: Progress, local: datetime) -> str:
    """`7:30 pm ET`, `Q2 5:32`, `OT1 0:10`, `Final`, `Final/OT2`; `PPD` and `CNCL` where it was called off."""
    if game.standing != "on":
        return "PPD" if game.standing == "postponed" else "CNCL"
    if at.final:
        return "Final" + ("" if not game.overtimes else "/OT" if game.overtimes == 1 else f"/OT{game.overtimes}")
    if not at.period:
        return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'} ET"
    clock = game_clock(at)
    period = f"Q{at.period}" if at.period <= QUARTERS else f"OT{at.period - QUARTERS}"
    return f"{period} {int(clock[2:4])}:{clock[5:7]}"
