"""balldontlie's box scores of a day, as a document.

Season and instant (UTC) in, a JSON-able document out, in the shape recorded from the real one, which has neither tip nor plus-minus. Names
are in plain letters, minutes whole, rounded down; who did not play has `00`. Beside `data` stands the league: without it nothing would say
that the games are invented.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tipoff.clock import NEW_YORK
from tipoff.names import TEAMS
from tipoff.practice.boxes import BoxLine, Progress, box
from tipoff.practice.rules import QUARTERS
from tipoff.practice.season import Game, Season
from tipoff.practice.wire_espn_games import plain
from tipoff.practice.wire_nba import game_clock, status_text

Document = dict[str, Any]

_ORDINALS = ("1st", "2nd", "3rd", "4th")


def box_scores(season: Season, day: date, instant: datetime) -> Document:
    """The box scores of a New York day at an instant; a game that has not begun has nobody in it."""
    return {"league": "practice", "data": [_game(season, game, instant) for game in season.games_on(day, instant)]}


def _game(season: Season, game: Game, instant: datetime) -> Document:
    found = box(season, game, None if game.is_over(instant) else instant)
    begun = game.has_begun(instant)
    scores = [sum(line.points for line in lines) for lines in (found.home, found.away)]
    return {
        "date": game.game_date.isoformat(),
        "season": 2025,
        "status": _status(game, found.progress),
        "period": found.progress.period,
        "time": "Final" if found.progress.final else game_clock(found.progress),
        "postseason": False,
        "home_team_score": scores[0],
        "visitor_team_score": scores[1],
        "home_team": _team(game.home, found.home if begun else ()),
        "visitor_team": _team(game.away, found.away if begun else ()),
    }


def _status(game: Game, at: Progress) -> str:
    if at.final:
        return "Final"
    if not at.period:
        return status_text(game, at, game.tip.astimezone(NEW_YORK))
    return f"{_ORDINALS[at.period - 1]} Qtr" if at.period <= QUARTERS else f"OT{at.period - QUARTERS}"


def _team(tricode: str, lines: tuple[BoxLine, ...]) -> Document:
    team = TEAMS[tricode]
    return {
        "id": list(TEAMS).index(tricode) + 1,
        "conference": "",
        "division": "",
        "city": team.city,
        "name": team.nickname,
        "full_name": team.name,
        "abbreviation": tricode,
        "players": [_player(line) for line in lines],
    }


def _player(line: BoxLine) -> Document:
    player = line.player
    return {
        "min": f"{line.seconds // 60:02d}",
        "fgm": line.fgm,
        "fga": line.fga,
        "fg_pct": _share(line.fgm, line.fga),
        "fg3m": line.fg3m,
        "fg3a": line.fg3a,
        "fg3_pct": _share(line.fg3m, line.fg3a),
        "ftm": line.ftm,
        "fta": line.fta,
        "ft_pct": _share(line.ftm, line.fta),
        "oreb": line.oreb,
        "dreb": line.dreb,
        "reb": line.oreb + line.dreb,
        "ast": line.ast,
        "stl": line.stl,
        "blk": line.blk,
        "turnover": line.tov,
        "pf": line.pf,
        "pts": line.points,
        "player": {
            "id": player.person_id,
            "first_name": plain(player.first_name),
            "last_name": plain(player.family_name),
            "position": player.position,
            "height": "",
            "weight": "",
            "jersey_number": player.jersey,
            "college": "",
            "country": "",
            "draft_year": None,
            "draft_round": None,
            "draft_number": None,
        },
    }


def _share(made: int, tried: int) -> float:
    return made / tried if tried else 0.0
