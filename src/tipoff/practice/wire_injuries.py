"""The league's official injury report at an instant, as a PDF: one row a player with news, or NOT YET SUBMITTED for a team.

It lists the games of the New York day and of the next one that have not tipped. A team submits at five on the day before its game, or at
one on the day itself where it played the day before. Season and the report's name in, the file out, or None where there is no such
report (yet). Names are the league's: by the hour until 2025-12-22, printed at half past; from that day on by the quarter of an hour.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from tipoff.clock import NEW_YORK, as_utc, game_date_of, local_instant
from tipoff.names import TEAMS
from tipoff.practice.health import InjuryNews
from tipoff.practice.report_sheet import SheetRow, sheet
from tipoff.practice.season import Game, Season

BY_THE_QUARTER = date(2025, 12, 22)
NOT_YET = "NOT YET SUBMITTED"
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)_(\d\d)(?:_(\d\d))?([AP]M)")
_TROUBLES = ("Sprain", "Soreness", "Strain", "Injury Management and Return to Competition Reconditioning")


def injury_report(season: Season, name: str, now: datetime) -> bytes | None:
    """The report of a name such as `2025-11-05_05PM` or `2026-01-28_05_30PM`, where it has been printed by `now`."""
    at = printed_at(name)
    return report(season, at) if at is not None and at <= as_utc(now) else None


def printed_at(name: str) -> datetime | None:
    """When the report of this name is printed, UTC; None where no report has such a name."""
    found = _NAME.fullmatch(name)
    try:
        wall = datetime.strptime(f"{found[1]} {found[2]}:{found[3] or '30'} {found[4]}", "%Y-%m-%d %I:%M %p") if found else None  # noqa: DTZ007
    except ValueError:
        return None
    if found is None or wall is None or wall.minute % 15 or (wall.date() >= BY_THE_QUARTER) != (found[3] is not None):
        return None
    return local_instant(wall.date(), wall.time())


def report(season: Season, at: datetime) -> bytes:
    """The report printed at an instant."""
    wall = at.astimezone(NEW_YORK)
    return sheet(f"Practice League Injury Report: {wall:%m/%d/%y %I:%M} {_half(wall)}", report_rows(season, at))


def report_rows(season: Season, at: datetime) -> list[SheetRow]:
    """The rows of the report printed at an instant, games by their tip, away teams first."""
    day = game_date_of(at)
    coming = [
        game for day in (day, day + timedelta(days=1)) for game in season.games_on(day, at) if game.tip > at and game.standing == "on"
    ]
    return [row for game in coming for team in (game.away, game.home) for row in _of_team(season, game, team, at)]


def _of_team(season: Season, game: Game, team: str, at: datetime) -> list[SheetRow]:
    wall = game.tip.astimezone(NEW_YORK)
    stands = (f"{game.game_date:%m/%d/%Y}", f"{wall:%I:%M} (ET)", f"{game.away}@{game.home}", _TEAM_NAMES.get(team, TEAMS[team].name))
    if at < submits_at(season, game, team, at):
        return [SheetRow(*stands, reason=NOT_YET)]
    rows = []
    for item in newest_news(season, game, team, at):
        player = season.players[item.player]
        rows.append(SheetRow(*stands, f"{player.family_name}, {player.first_name}", item.status, reason_of(item)))
    return sorted(rows, key=lambda row: row.player) or [SheetRow(*stands)]


def newest_news(season: Season, game: Game, team: str, at: datetime) -> list[InjuryNews]:
    """What was last told by an instant of each player of a side, for this game."""
    row = 2 * game.index + (team == game.away)
    side = set(season.sheets.slots[row].tolist())
    told = {item.player: item for item in season.news_by_game.get(game.index, ()) if item.at <= at and item.player in side}
    return list(told.values())


def submits_at(season: Season, game: Game, team: str, at: datetime | None = None) -> datetime:
    """When a team hands its report in, UTC, by the fixtures as played, or as listed at an instant."""
    before = game.game_date - timedelta(days=1)
    tired = any(team in (other.home, other.away) for other in season.games_on(before, at))
    return local_instant(game.game_date, time(13)) if tired else local_instant(before, time(17))


def reason_of(item: InjuryNews) -> str:
    """As the league words it: `Injury/Illness - Left Ankle; Sprain`."""
    if item.body_part == "Illness":
        return "Injury/Illness - N/a; Illness"
    return f"Injury/Illness - {item.reason}; {_TROUBLES[(item.game + item.player) % len(_TROUBLES)]}"


def _half(wall: datetime) -> str:
    return "AM" if wall.hour < 12 else "PM"


_TEAM_NAMES = {"LAC": "LA Clippers"}
