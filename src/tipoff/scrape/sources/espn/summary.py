"""ESPN's summary of a game to players' lines, once the game is final.

Comes in: a decoded document. Goes out: one `games` record, and one `box` record a listed player of a final game. ESPN has names and no ids
of the league; its minutes are whole, so that less than one on court stands as unknown minutes, not as none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tipoff.names import Team, find_team, player_lookup
from tipoff.scrape.box_lines import MOST_MINUTES, Line, Lines, figures, listed
from tipoff.scrape.games import Game
from tipoff.scrape.reading import Ledger, Refusal, fault_of_object, objects, text
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.espn.games import known_at_of, league_of, read_game
from tipoff.scrape.sources.espn.requests import SOURCE
from tipoff.scrape.tables import tables

_PLAYERS = "$.boxscore.players"
_COMPETITION = "$.header.competitions[0]"
_MADE_ATTEMPTED = ("fieldGoalsMade-fieldGoalsAttempted", "threePointFieldGoalsMade-threePointFieldGoalsAttempted")
_FREE_THROWS = "freeThrowsMade-freeThrowsAttempted"
_SINGLE = ("points", "offensiveRebounds", "defensiveRebounds", "assists", "steals", "blocks", "turnovers", "fouls", "plusMinus")
_NEEDED = frozenset({"minutes", *_MADE_ATTEMPTED, _FREE_THROWS, *_SINGLE})
_KEYS = (  # in the order of the shape; a pair of figures is taken apart at its hyphen
    *("points", "fieldGoalsMade", "fieldGoalsAttempted", "threePointFieldGoalsMade", "threePointFieldGoalsAttempted"),
    *("freeThrowsMade", "freeThrowsAttempted", *_SINGLE[1:]),
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,3}")


def transform_summary(document: dict[str, Any], payload: Payload) -> Parsed:
    """A summary. While the game is not final it gives only the game, with its status."""
    ledger = Ledger()
    parsed = Parsed(SOURCE, "box", snapshot_at=known_at_of(payload), rejects=ledger.rejects)
    box = document["boxscore"]
    sides = box.get("players") if type(box) is dict else None
    game = _game(document["header"], ledger)
    if isinstance(game, Refusal):
        ledger.lost(f"$.header{game.key and f'.{game.key}'}", game.rule, document["header"], rows=1 + _listed(sides))
    else:
        parsed.league, parsed.event_id = game.league, game.espn_id
        ledger.offer()
        lines = Lines(ledger, game.head, parsed.snapshot_at)
        if game.status == "final":
            _read_sides(sides, game, lines, ledger)
        parsed.records = tables({"games": [game.row(parsed.snapshot_at)], "box": lines.rows()})
    parsed.offered = ledger.offered
    return parsed


def _game(header: Any, ledger: Ledger) -> Game | Refusal:
    if fault := fault_of_object(header):
        return Refusal("", fault)
    league = header.get("league")
    found = league_of(league.get("slug")) if type(league) is dict else None
    if found is None:
        return Refusal("league", "unknown_league")
    competitions = header.get("competitions")
    if type(competitions) is not list or len(competitions) != 1 or type(competitions[0]) is not dict:
        return Refusal("competitions", "not_a_single_game")
    season = header.get("season")
    game = read_game(
        competitions[0],
        _COMPETITION,
        ledger,
        league=found,
        season_type=season.get("type") if type(season) is dict else None,
        status=competitions[0].get("status"),
        title=text(header.get("gameNote")) or "",
    )
    if not isinstance(game, Refusal):
        return game
    return Refusal(f"competitions[0]{game.key and f'.{game.key}'}", game.rule, game.is_exhibition)


def _listed(sides: Any) -> int:
    blocks = [block for _, side in objects(sides, "") if type(side) is dict for _, block in objects(side.get("statistics"), "")]
    return listed(*(block.get("athletes") for block in blocks if type(block) is dict))


def _read_sides(sides: Any, game: Game, lines: Lines, ledger: Ledger) -> None:
    """The players of both teams; a list that is not there, or is of another team, is set apart by itself."""
    if type(sides) is not list or not sides:
        ledger.lost(_PLAYERS, "not_a_list", sides)
    met: set[str] = set()
    for path, side in objects(sides, _PLAYERS):
        if fault := fault_of_object(side):
            ledger.lost(path, fault, side)
            continue
        team = _team(side)
        if team is None or team.tricode not in (game.home.tricode, game.away.tricode):
            ledger.lost(f"{path}.team", "team_not_in_game", side.get("team"), rows=max(1, _listed([side])))
        elif team.tricode in met:
            ledger.lost(f"{path}.team", "same_team_twice", side.get("team"), rows=max(1, _listed([side])))
        else:
            met.add(team.tricode)
            _read_block(side.get("statistics"), f"{path}.statistics", team, lines, ledger)


def _read_block(blocks: Any, path: str, team: Team, lines: Lines, ledger: Ledger) -> None:
    """A team's one table: the names of its columns, and a row a player."""
    if type(blocks) is not list or len(blocks) != 1 or type(blocks[0]) is not dict:
        ledger.lost(path, "not_a_single_table", blocks)
        return
    keys = blocks[0].get("keys")
    if type(keys) is not list or not all(type(key) is str for key in keys) or not set(keys) >= _NEEDED or len(set(keys)) != len(keys):
        ledger.lost(f"{path}[0].keys", "unreadable_headers", keys, rows=max(1, listed(blocks[0].get("athletes"))))
        return
    lines.take_list(blocks[0].get("athletes"), f"{path}[0].athletes", team.tricode, _reader(keys))


def _team(side: dict[str, Any]) -> Team | None:
    team = side.get("team")
    name = text(team.get("displayName") or team.get("abbreviation")) if type(team) is dict else None
    return find_team(name) if name else None


def _reader(keys: list[str]) -> Callable[[Any], Line | Refusal]:
    def read(player: Any) -> Line | Refusal:
        if fault := fault_of_object(player):
            return Refusal("", fault)
        athlete = player.get("athlete")
        name = text(athlete.get("displayName")) if type(athlete) is dict else None
        if name is None or not player_lookup(name):
            return Refusal("athlete", "unreadable_name")
        started, absent, stats = player.get("starter"), player.get("didNotPlay"), player.get("stats")
        if started is not None and type(started) is not bool:
            return Refusal("starter", "unreadable_flag")
        if absent is not None and type(absent) is not bool:
            return Refusal("didNotPlay", "unreadable_flag")
        if absent or stats == []:
            return Line.absent(name, None, started, text(player.get("reason")) if absent else None)
        if type(stats) is not list or len(stats) != len(keys):
            return Refusal("stats", "not_a_row")
        printed = dict(zip(keys, stats, strict=True))
        minutes = _number(printed["minutes"])
        if minutes is None or not 0 <= minutes <= MOST_MINUTES:
            return Refusal("stats", "unreadable_minutes")
        found = figures(_taken_apart(printed), _KEYS)
        if isinstance(found, Refusal):
            return Refusal("stats", found.rule)
        return Line(name, None, started, float(minutes) if minutes else None, found)

    return read


def _taken_apart(printed: dict[str, Any]) -> dict[str, int | None]:
    """Every figure by a name of its own: `9-20` under `a-b` is 9 under a and 20 under b."""
    found = {key: _number(printed[key]) for key in _SINGLE}
    for pair in (*_MADE_ATTEMPTED, _FREE_THROWS):
        value = printed[pair]
        halves = value.split("-") if type(value) is str else []
        for key, half in zip(pair.split("-"), halves if len(halves) == 2 else (None, None), strict=True):
            found[key] = _number(half)
    return found


def _number(value: Any) -> int | None:
    """A whole number; ESPN writes it as text, plus-minus with its sign."""
    return int(value) if type(value) is str and _NUMBER.fullmatch(value) else None
