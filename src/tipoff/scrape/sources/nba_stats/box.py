"""The league's traditional box score, versions 3 and 2, to players' lines, once the game is played.

Comes in: a decoded document. Goes out: one `box` record a listed player. Neither version tells the tip, so no `games` record is made, and
`load` finds the game by the league's id; version 2 does not tell who is at home either. Whether it is final: `final`. Players who were
not dressed are not in it. Its `meta.time` is no moment: it has been seen to lie before the tip of a finished game.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tipoff.clock import as_utc
from tipoff.names import Team, find_team, player_lookup
from tipoff.scrape.box_lines import Line, Lines, figures, listed
from tipoff.scrape.reading import Ledger, Refusal, fault_of_object, number, objects, text, whole
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_cdn.box import STATISTIC_KEYS
from tipoff.scrape.sources.nba_cdn.games import read_id
from tipoff.scrape.sources.nba_stats.final import clock_minutes, is_whole_game
from tipoff.scrape.sources.nba_stats.requests import SOURCE
from tipoff.scrape.sources.nba_stats.sets import rows_of
from tipoff.scrape.tables import tables

_BOX = "$.boxScoreTraditional"
_SIDES = ("homeTeam", "awayTeam")
_SET_KEYS = ("PTS", "FGM", "FGA", "FG3M", "FG3A", "FTM", "FTA", "OREB", "DREB", "AST", "STL", "BLK", "TO", "PF", "PLUS_MINUS")
SET_HEADERS = frozenset({"GAME_ID", "TEAM_ID", "PLAYER_ID", "PLAYER_NAME", "START_POSITION", "COMMENT", "MIN", *_SET_KEYS})
"""Without these a set `PlayerStats` is of another kind of box score."""
_MOST_POINTS = 300


@dataclass(frozen=True)
class _Words:
    """How a version names what it says of a player; `statistics` is where his figures stand, empty where beside his name."""

    person: str
    position: str
    comment: str
    minutes: str
    statistics: str
    keys: tuple[str, ...]


_V3 = _Words("personId", "position", "comment", "minutes", "statistics", STATISTIC_KEYS)
_V2 = _Words("PLAYER_ID", "START_POSITION", "COMMENT", "MIN", "", _SET_KEYS)


def transform_box(document: dict[str, Any], payload: Payload) -> Parsed:
    """A box score of version 3."""
    ledger = Ledger()
    parsed = Parsed(SOURCE, "box", snapshot_at=_fetched(payload), rejects=ledger.rejects)
    box = document["boxScoreTraditional"]
    fault = fault_of_object(box)
    sides = [box.get(key) for key in _SIDES] if not fault else []
    refusal = Refusal("", fault) if fault else _refuse(box, sides)
    if refusal:
        ledger.lost(
            f"{_BOX}.{refusal.key}" if refusal.key else _BOX,
            refusal.rule,
            box.get(refusal.key) if refusal.key else box,
            rows=max(1, listed(*(side.get("players") for side in sides if type(side) is dict))),
        )
    else:
        _take_id(parsed, box["gameId"])
        teams = [_team(side, "teamTricode") for side in sides]
        lines = Lines(ledger, (box["gameId"], None, None, *(team.tricode for team in teams)), parsed.snapshot_at)
        for key, side, team in zip(_SIDES, sides, teams, strict=True):
            players = side.get("players")
            lines.take_list(players, f"{_BOX}.{key}.players", team.tricode, _reader(_V3, starters_told=_five(objects(players, ""), _V3)))
        parsed.records = tables({"box": lines.rows()})
    parsed.offered = ledger.offered
    return parsed


def _refuse(box: dict[str, Any], sides: list[Any]) -> Refusal | None:
    if isinstance(head := read_id(box.get("gameId"), "gameId"), Refusal):
        return head
    for key, side in zip(_SIDES, sides, strict=True):
        if fault := fault_of_object(side):
            return Refusal(key, fault)
        if find_team(text(side.get("teamTricode")) or "") is None:
            return Refusal(key, "not_a_league_team" if text(side.get("teamTricode")) else "unreadable_team")
    if _team(sides[0], "teamTricode") == _team(sides[1], "teamTricode"):
        return Refusal("awayTeam", "same_team_twice")
    sums = [side["statistics"] if type(side.get("statistics")) is dict else {} for side in sides]
    home, away = sums
    points = (whole(home.get("points"), 1, _MOST_POINTS), whole(away.get("points"), 1, _MOST_POINTS))
    return None if is_whole_game((home.get("minutes"), away.get("minutes")), points) else Refusal("", "not_final")


def transform_sets(document: dict[str, Any], payload: Payload) -> Parsed:
    """A box score of version 2, in result sets."""
    ledger = Ledger()
    parsed = Parsed(SOURCE, "box", snapshot_at=_fetched(payload), rejects=ledger.rejects)
    players = list(rows_of(document, "PlayerStats", ledger))
    refusal = _refuse_sets(players, [row for _, row in rows_of(document, "TeamStats", Ledger())])
    if refusal and players:
        at, first = players[0]
        ledger.lost(f"{at}.{refusal.key}" if refusal.key else "$", refusal.rule, first.get(refusal.key), rows=len(players))
    elif players:
        game_id = players[0][1]["GAME_ID"]
        _take_id(parsed, game_id)
        lines = Lines(ledger, (game_id, None, None, None, None), parsed.snapshot_at)
        for team_id in dict.fromkeys(row["TEAM_ID"] for _, row in players):
            side = [(at, row) for at, row in players if row["TEAM_ID"] == team_id]
            team = find_team(str(team_id))
            assert team is not None
            lines.take(side, team.tricode, _reader(_V2, starters_told=_five(side, _V2)))
        parsed.records = tables({"box": lines.rows()})
    parsed.offered = ledger.offered
    return parsed


def _refuse_sets(players: list[tuple[str, Any]], sums: list[Any]) -> Refusal | None:
    if not players:
        return None
    rows = [row for _, row in players]
    if isinstance(head := read_id(rows[0].get("GAME_ID"), "GAME_ID"), Refusal):
        return head
    if any(row["GAME_ID"] != rows[0]["GAME_ID"] for row in rows):
        return Refusal("GAME_ID", "conflicting_games")
    if any(type(row["TEAM_ID"]) is not int or find_team(str(row["TEAM_ID"])) is None for row in rows):
        return Refusal("TEAM_ID", "not_a_league_team")
    sides = {row["TEAM_ID"] for row in rows}
    both = [row for row in sums if type(row.get("TEAM_ID")) is int and row["TEAM_ID"] in sides]
    if len(sides) != 2 or len(both) != 2 or both[0]["TEAM_ID"] == both[1]["TEAM_ID"]:
        return Refusal("", "not_final")
    points = (whole(both[0].get("PTS"), 1, _MOST_POINTS), whole(both[1].get("PTS"), 1, _MOST_POINTS))
    return None if is_whole_game((both[0].get("MIN"), both[1].get("MIN")), points) else Refusal("", "not_final")


def _take_id(parsed: Parsed, game_id: str) -> None:
    head = read_id(game_id, "")
    assert not isinstance(head, Refusal)
    parsed.league, parsed.event_id = head[0], game_id


def _fetched(payload: Payload) -> datetime | None:
    return as_utc(payload.fetched_at) if payload.fetched_at else None


def _team(side: dict[str, Any], key: str) -> Team:
    team = find_team(side[key])
    assert team is not None
    return team


def _five(players: Iterable[tuple[str, Any]], words: _Words) -> bool:
    """Whether a side's starters are told: exactly five have a position."""
    return sum(bool(text(player.get(words.position))) for _, player in players if type(player) is dict) == 5


def _reader(words: _Words, *, starters_told: bool) -> Callable[[Any], Line | Refusal]:
    """A reader of one player. Started is null where the side's five are not told."""

    def read(player: Any) -> Line | Refusal:
        if fault := fault_of_object(player):
            return Refusal("", fault)
        name = _name(player)
        if name is None or not player_lookup(name):
            return Refusal("familyName" if words is _V3 else "PLAYER_NAME", "unreadable_name")
        person = whole(player.get(words.person), 1, 10**12)
        if person is None:
            return Refusal(words.person, "unreadable_id")
        started = bool(text(player.get(words.position))) if starters_told else None
        prefix = f"{words.statistics}." if words.statistics else ""
        printed = player.get(words.statistics) if words.statistics else player
        if fault := fault_of_object(printed):
            return Refusal(words.statistics, fault)
        on_court = printed.get(words.minutes)
        minutes = 0.0 if on_court in (None, "") else clock_minutes(on_court)
        if minutes is None:
            return Refusal(f"{prefix}{words.minutes}", "unreadable_minutes")
        if minutes == 0:
            if number(printed.get(words.keys[0])):
                return Refusal(f"{prefix}{words.minutes}", "points_without_playing")
            return Line.absent(name, str(person), started, text(player.get(words.comment)))
        found = figures(printed, words.keys, prefix)
        return found if isinstance(found, Refusal) else Line(name, str(person), started, minutes, found)

    return read


def _name(player: dict[str, Any]) -> str | None:
    if "PLAYER_NAME" in player:
        return text(player["PLAYER_NAME"])
    first, family = (text(player.get(key)) for key in ("firstName", "familyName"))
    return f"{first} {family}" if first and family else family or first
