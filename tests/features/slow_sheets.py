"""The slow reference of a side's sheet, from which minutes are projected: its players with their last games. Plain Python.

It shares the learned tables of chances with the kernel and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from features.raw_rows import Row
from features.slow_kinds import Found
from features.slow_minutes import Man, missed_class, slow_minutes, usual_minutes
from tipoff.analyze.minutes import CHANCE_NOT_YET_SEEN, CHANCE_OF_STATUS, CHANCE_UNMENTIONED, USUAL_FROM

if TYPE_CHECKING:
    from features.slow import Slow

GAMES_BACK = 20


def minutes_of(slow: Slow, game: Row, player: str, team: str | None, reports: Mapping[str, Row] | None) -> Found:
    """Projected minutes of a player; `team` where it is one of the game's sides, `reports` the newest status by player."""
    if reports is not None and player in reports and reports[player]["status"] == "out":
        return Found(None, "out")
    if reports is None or (team is not None and slow.silent(team, game)):
        return Found(None, "no_report_covers_the_game")
    if team is None:
        return Found(None, "team_unknown")
    of_side = slow.once(("minutes", game["game_id"], game["as_of"], team), lambda: _side(slow, game, team, reports))
    return Found(of_side[player], "no_games" if of_side[player] is None else "calculated")


def _side(slow: Slow, game: Row, team: str, reports: Mapping[str, Row]) -> dict[str, float | None]:
    men = {name: _man(slow, game, name, team) for name in sorted(_roster(slow, game, team))}
    side = [replace(man, chance=_chance(man, reports.get(name))) for name, man in men.items()]
    return dict(zip(men, slow_minutes(side), strict=True))


def _roster(slow: Slow, game: Row, team: str) -> set[str]:
    """Whoever is of the team by his newest box score, and stood in one of its last twenty games, or is quoted now."""
    recent = slow.games_with_a_box_score(team, game)[:GAMES_BACK]
    listed = {row["player_lookup"] for game_id in recent for row in slow.box_of(game_id, game["as_of"]) if row["team"] == team}
    quoted = {player for player in slow.players_quoted(game) if slow.current(game, player)}
    return {name for name in listed | quoted if slow.team_of(name, game) == team}


def _man(slow: Slow, game: Row, player: str, team: str) -> Man:
    listed = slow.listed(player, game)
    own = slow.played(listed, game)[:GAMES_BACK]
    joined = min(tip for tip, row in listed if row["team"] == team)
    of_team = slow.whole_games(team, game)[:GAMES_BACK]
    lines = {row["game_id"]: row for _, row in listed if row["team"] == team and (row["minutes"] or 0) > 0}
    return Man(
        own_minutes=[past.minutes for past in own],
        own_season_games=sum(past.season == game["season"] for past in own),
        team_minutes=[_minutes(lines.get(past.game_id)) if past.tip >= joined else None for past in of_team],
        team_started=[past.game_id in lines and bool(lines[past.game_id]["started"]) for past in of_team],
        team_season_games=sum(past.season == game["season"] for past in of_team),
        days_since_last=(game["game_date"] - own[0].day).days if own else None,
        chance=None,
    )


def _minutes(line: Row | None) -> float:
    return 0.0 if line is None else float(line["minutes"])


def _chance(man: Man, report: Row | None) -> float:
    """By the word of the report; where it has none that is known, by games missed in a row, usual minutes, and whether he was seen yet."""
    if report is not None and report["status"] in CHANCE_OF_STATUS:
        return CHANCE_OF_STATUS[report["status"]]
    chances = CHANCE_UNMENTIONED if man.own_season_games > 0 else CHANCE_NOT_YET_SEEN
    usual = sum(usual_minutes(man) >= float(first) for first in USUAL_FROM) - 1
    return float(chances[missed_class(man), usual])
