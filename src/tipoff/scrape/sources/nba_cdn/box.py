"""The league's live box score to players' lines, once the game is final.

Comes in: a decoded document. Goes out: one `games` record, and one `box` record a listed player of a final game. Who did not play is
listed too, with the reason and without statistics: games not played are no games.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tipoff.clock import as_utc
from tipoff.names import player_lookup
from tipoff.scrape.box_lines import MOST_MINUTES, Line, Lines, figures, listed
from tipoff.scrape.games import Game
from tipoff.scrape.reading import Ledger, Refusal, fault_of_object, number, text, whole
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_cdn.games import SOURCE, known_at_of, read_game
from tipoff.scrape.tables import tables

_MINUTES = re.compile(r"PT(?:([0-9]{1,3})H)?(?:([0-9]{1,3})M)?(?:([0-9]{1,2}(?:\.[0-9]{1,6})?)S)?")
STATISTIC_KEYS = (  # in the order of the shape
    "points",
    "fieldGoalsMade",
    "fieldGoalsAttempted",
    "threePointersMade",
    "threePointersAttempted",
    "freeThrowsMade",
    "freeThrowsAttempted",
    "reboundsOffensive",
    "reboundsDefensive",
    "assists",
    "steals",
    "blocks",
    "turnovers",
    "foulsPersonal",
    "plusMinusPoints",
)


def transform_box(document: dict[str, Any], payload: Payload) -> Parsed:
    """A live box score. While the game is not final it gives only the game, with its status.

    A box is known when it was fetched; `known_at` of its rows is null where it came from a folder: `load` then assumes it.
    """
    ledger = Ledger()
    parsed = Parsed(SOURCE, "box", snapshot_at=known_at_of(payload, document), rejects=ledger.rejects)
    game = document["game"]
    fault = fault_of_object(game)
    found = Refusal("", fault) if fault else read_game(game, "$.game", ledger)
    if isinstance(found, Refusal):
        value = game.get(found.key) if found.key else game
        ledger.lost(f"$.game.{found.key}" if found.key else "$.game", found.rule, value, rows=1 + _listed(game))
    else:
        parsed.league, parsed.event_id = found.league, found.league_game_id
        ledger.offer()
        known_at = as_utc(payload.fetched_at) if payload.fetched_at else None
        players = _players(found, game, known_at, ledger) if found.status == "final" else []
        parsed.records = tables({"games": [found.row(parsed.snapshot_at)], "box": players})
    parsed.offered = ledger.offered
    return parsed


def _listed(game: Any) -> int:
    sides = [game.get(key) for key in ("homeTeam", "awayTeam")] if type(game) is dict else []
    return listed(*(side.get("players") for side in sides if type(side) is dict))


def _players(found: Game, game: dict[str, Any], known_at: datetime | None, ledger: Ledger) -> list[tuple[Any, ...]]:
    lines = Lines(ledger, found.head, known_at)
    for key, team in (("homeTeam", found.home), ("awayTeam", found.away)):
        lines.take_list(game[key].get("players"), f"$.game.{key}.players", team.tricode, _read_player)
    return lines.rows()


def _read_player(player: Any) -> Line | Refusal:
    if fault := fault_of_object(player):
        return Refusal("", fault)
    name = text(player.get("name")) or text(f"{player.get('firstName')} {player.get('familyName')}" if "familyName" in player else None)
    if name is None or not player_lookup(name):
        return Refusal("name", "unreadable_name")
    person = whole(player.get("personId"), 1, 10**12)
    if person is None:
        return Refusal("personId", "unreadable_id")
    flags = [_flag(player.get(key)) for key in ("starter", "played")]
    if None in flags:
        return Refusal("starter" if flags[0] is None else "played", "unreadable_flag")
    started, played = flags
    if not played:
        return _absent(player, name, person, started)
    statistics = player.get("statistics")
    if fault := fault_of_object(statistics):
        return Refusal("statistics", fault)
    minutes = decimal_minutes(statistics.get("minutes"))
    if minutes is None:
        return Refusal("statistics.minutes", "unreadable_minutes")
    found = figures(statistics, STATISTIC_KEYS, "statistics.")
    if isinstance(found, Refusal):
        return found
    if minutes == 0:  # listed as played, and without a second of court time
        return _absent(player, name, person, started)
    return Line(name, str(person), started, minutes, found)


def _flag(value: Any) -> bool | None:
    """The league writes flags as "1" and "0"."""
    return {"1": True, "0": False}.get(str(value)) if type(value) in (str, int) else None


def _absent(player: dict[str, Any], name: str, person: int, started: bool | None) -> Line | Refusal:
    statistics = player.get("statistics")
    points = statistics.get("points") if type(statistics) is dict else None
    if number(points):
        return Refusal("played", "points_without_playing")
    parts = [text(player.get(key)) for key in ("notPlayingReason", "notPlayingDescription")]
    reason = ": ".join(part for part in parts if part) or text(player.get("status"))
    return Line.absent(name, str(person), started, reason)


def decimal_minutes(value: Any) -> float | None:
    """`PT20M46.00S` as decimal minutes; None where it is no such duration, or longer than any game.

    >>> decimal_minutes("PT20M30.00S")
    20.5
    """
    match = _MINUTES.fullmatch(value) if type(value) is str else None
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    total = hours * 60 + minutes + seconds / 60
    return total if total <= MOST_MINUTES else None
