"""A game's play-by-play to shots, whatever the league's dialect: what its actions have in common.

Comes in: the actions of a document, and a dialect that says which of them is a shot, worth what, and from where. Goes out: one `shots`
record a field goal that a player tried, of a game that is over; of any other game none. It must never know who is meant by a name.

Zones are the league's own areas taken together (its shot charts call them basic zones): *paint* is the restricted area and the rest of
the paint, *mid* is mid-range, *three* is everything that is worth three points. Where a document does not say from where a shot was
taken, it is set apart: how far it was says nothing about the paint, whose corner is sixteen feet from the basket and whose side eight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tipoff.clock import as_utc
from tipoff.names import find_team, player_lookup
from tipoff.scrape.reading import Ledger, Refusal, fault_of_object, objects, text, whole
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_cdn.games import read_id
from tipoff.scrape.tables import micros, tables

Action = dict[str, Any]
_ACTIONS = "$.game.actions"
_MADE = {"Made": True, "Missed": False}


@dataclass(frozen=True)
class Dialect:
    """How one source words its actions.

    `worth` gives the points of a shot (2 or 3), None for what is no shot of a player; `zone` the zone of a shot of that worth; `over`
    whether a list of actions goes to the end of its game, and when that was, where it says so.
    """

    source: str
    worth: Callable[[Action], int | Refusal | None]
    zone: Callable[[Action, int], str | Refusal]
    over: Callable[[list[Action]], tuple[bool, datetime | None]]


def read_plays(document: dict[str, Any], payload: Payload, dialect: Dialect) -> Parsed:
    """The shots of a document. They are known when it was fetched; out of a folder, when the game ended by its own account."""
    ledger = Ledger()
    parsed = Parsed(dialect.source, "shots", rejects=ledger.rejects)
    game = document["game"]
    if fault := fault_of_object(game):
        ledger.lost("$.game", fault, game)
        parsed.offered = ledger.offered
        return parsed
    actions = game.get("actions")
    readable = [action for action in actions if type(action) is dict] if type(actions) is list else []
    told = read_id(game.get("gameId"), "gameId")
    is_over, ended_at = dialect.over(readable)
    parsed.snapshot_at = known_at = as_utc(payload.fetched_at) if payload.fetched_at else ended_at
    if isinstance(told, Refusal):
        ledger.lost(f"$.game.{told.key}", told.rule, game.get(told.key), rows=_tried(readable, dialect))
    elif type(actions) is not list:
        ledger.lost(_ACTIONS, "not_a_list", actions)
    else:
        parsed.event_id, parsed.league = game["gameId"], told[0]
        if not is_over:
            ledger.lost(_ACTIONS, "game_not_over", readable[-1].get("description") if readable else None, rows=_tried(readable, dialect))
        elif known_at is None:
            ledger.lost("$", "no_snapshot", rows=_tried(readable, dialect))
        else:
            parsed.records = tables({"shots": _shots(actions, game["gameId"], known_at, dialect, ledger)})
    parsed.offered = ledger.offered
    return parsed


def _tried(actions: list[Action], dialect: Dialect) -> int:
    return sum(dialect.worth(action) is not None for action in actions)


def _shots(actions: list[Any], game_id: str, known_at: datetime, dialect: Dialect, ledger: Ledger) -> list[tuple[Any, ...]]:
    """One row an action: told twice in the same words it is one; where the two differ, both are set apart."""
    rows: dict[int, tuple[Any, ...]] = {}
    twice: set[int] = set()
    for path, action in objects(actions, _ACTIONS):
        if fault := fault_of_object(action):
            ledger.lost(path, fault, action)
            continue
        worth = dialect.worth(action)
        if worth is None:
            continue
        shot = worth if isinstance(worth, Refusal) else _read_shot(action, worth, dialect)
        if isinstance(shot, Refusal):
            ledger.lost(f"{path}.{shot.key}", shot.rule, action.get(shot.key))
            continue
        row = (game_id, *shot, micros(known_at), path)
        stood = rows.setdefault(shot[0], row)
        if stood is row:
            ledger.offer()
        elif shot[0] in twice:
            ledger.apart(path, "conflicting_shots", shot[0])
        elif stood[:-1] != row[:-1]:
            twice.add(shot[0])
            ledger.apart(stood[-1], "conflicting_shots", shot[0], rows=1)
            ledger.apart(path, "conflicting_shots", shot[0])
    return [row for number, row in rows.items() if number not in twice]


def _read_shot(action: Action, worth: int, dialect: Dialect) -> tuple[Any, ...] | Refusal:
    """Number, name, league's id, team, zone, made, worth; or why not."""
    number = whole(action.get("actionNumber"), 1, 10**6)
    if number is None:
        return Refusal("actionNumber", "unreadable_number")
    person = whole(action.get("personId"), 1, 10**12)
    if person is None:
        return Refusal("personId", "unreadable_id")
    name = text(action.get("playerNameI")) or text(action.get("playerName"))
    if name is None or not player_lookup(name):
        return Refusal("playerNameI", "unreadable_name")
    printed = text(action.get("teamTricode"))
    team = find_team(printed) if printed else None
    if team is None:
        return Refusal("teamTricode", "not_a_league_team" if printed else "unreadable_team")
    result = action.get("shotResult")
    made = _MADE.get(result) if type(result) is str else None
    if made is None:
        return Refusal("shotResult", "unreadable_result")
    zone = dialect.zone(action, worth)
    return zone if isinstance(zone, Refusal) else (number, name, str(person), team.tricode, zone, made, worth)
