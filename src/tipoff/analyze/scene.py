"""What a set of games is judged by, read once and turned into arrays: the games with their moments, box scores and team games in versions.

Knows the schedule and box scores. It must never know lines, reports, or what is made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa

from tipoff.analyze.history import WINDOW, player_games, side_games
from tipoff.analyze.past import NEVER, Asked, Facts, Ints, Names, Past, Slices, Values, days, instants, numbers
from tipoff.analyze.schedule import Schedule
from tipoff.store.warehouse import Work

REACH = WINDOW.days
_DAY = 86_400_000_000
_BOX = ("minutes", "points", "fga", "fg3a", "ftm", "usage_rate", "started")
_TEAM = ("pace", "off_rating", "def_rating", "won", "margin", "whole")


@dataclass(frozen=True)
class Games:
    """The games asked for, one element each: ids, codes, instants (microseconds, UTC) and days; `known` is the schedule's own moment."""

    table: pa.Table
    code: Ints
    tip: Ints
    as_of: Ints
    day: Ints
    season: Ints
    home: Ints
    away: Ints
    known: Ints

    def __len__(self) -> int:
        return len(self.code)

    def asked(self, key: Ints, game: Ints) -> Asked:
        """Facts of these keys, as known at the moment of each one's game (an index into the games)."""
        return Asked(key, self.tip[game], self.as_of[game], self.day[game])


@dataclass(frozen=True)
class Sides:
    """Two a game, home first: side 2 g and 2 g + 1 are those of game g."""

    game: Ints
    team: Ints
    opponent: Ints

    def __len__(self) -> int:
        return len(self.game)


@dataclass(frozen=True)
class Scene:
    """Names as codes, the games, their sides, and history. `box` holds every line of a box score, `played` those with court time, both by
    player; `team_games` are by team. A `version` numbers a game's box score as it stood from some moment on."""

    work: Work
    schedule: Schedule
    players: Names
    teams: Names
    seasons: Names
    game_names: Names
    games: Games
    sides: Sides
    box: Facts
    played: Facts
    team_games: Facts
    first_day: date
    last_day: date

    @cached_property
    def line_of_player(self) -> Slices:
        """The played games by `version_player`."""
        return Slices(self.version_player(self.played.columns["version"], self.played.key))

    @cached_property
    def lines_of_side(self) -> Slices:
        """Every line of a box score by `version_team`."""
        return Slices(self.version_team(self.box.columns["version"], self.box.columns["team"]))

    def window(self, past: Past) -> Past:
        """Of each side's past games those of the team's window: with box scores of both sides, and of this season from the fifth on, before
        that of last season too."""
        past = past.where(past["whole"] == 1)
        this_season = past["season"] == self.games.season[self.sides.game[past.row]]
        young = past.total(this_season.astype(np.float64)) < 5
        return past.where(this_season | young[past.row])

    def game_player(self, game: Ints, player: Ints) -> Ints:
        """One number for a game and a player (codes)."""
        return game * (len(self.players) + 1) + player

    def played_for(self, version: Ints, player: Ints, team: Ints) -> Ints:
        """Where among the played games each player's line for a team in a version of a game stands; -1 where he did not play in it."""
        if not len(self.played):
            return np.full(len(version), -1, dtype=np.int64)
        line = self.line_of_player.one(self.version_player(version, player))
        return np.where((line >= 0) & (self.played.columns["team"][line] == team), line, -1)

    def version_player(self, version: Ints, player: Ints) -> Ints:
        """One number for a version of a game and a player."""
        return version * (len(self.players) + 1) + player

    def version_team(self, version: Ints, team: Ints) -> Ints:
        """One number for a version of a game and a team."""
        return version * (len(self.teams) + 1) + team


def read(work: Work, schedule: Schedule, games: pa.Table, *, also: Sequence[pa.ChunkedArray] = ()) -> Scene:
    """The scene of these games (`known_games` of the schedule). `also` are columns of players who get a code too."""
    first, last = _span(games)
    box = player_games(work, first - WINDOW - timedelta(days=1), last, schedule)
    of_teams = side_games(box)
    players = Names(box.column("player_lookup"), *also)
    teams = Names(box.column("team"), games.column("home"), games.column("away"))
    seasons = Names(box.column("season"), games.column("season"))
    names = Names(box.column("game_id"), games.column("game_id"))
    found = Games(
        table=games,
        code=names.codes(games.column("game_id")),
        tip=instants(games.column("tip")),
        as_of=instants(games.column("as_of")),
        day=days(games.column("game_date")),
        season=seasons.codes(games.column("season")),
        home=teams.codes(games.column("home")),
        away=teams.codes(games.column("away")),
        known=instants(games.column("known_at")),
    )
    side_game = np.repeat(np.arange(len(found)), 2)
    own = np.column_stack([found.home, found.away]).reshape(-1)
    other = np.column_stack([found.away, found.home]).reshape(-1)
    versions = _Versions(names, box)
    columns: dict[str, Values] = {name: numbers(box.column(name)) for name in _BOX}
    columns |= {
        "player": players.codes(box.column("player_lookup")),
        "team": teams.codes(box.column("team")),
        "opponent": teams.codes(box.column("opponent")),
        "season": seasons.codes(box.column("season")),
        "game": names.codes(box.column("game_id")),
        "version": versions.of(box),
    }
    every = _facts(box, columns["player"], columns)
    team_columns: dict[str, Values] = {name: numbers(of_teams.column(name)) for name in _TEAM}
    team_columns |= {
        "team": teams.codes(of_teams.column("team")),
        "opponent": teams.codes(of_teams.column("opponent")),
        "season": seasons.codes(of_teams.column("season")),
        "game": names.codes(of_teams.column("game_id")),
        "version": versions.of(of_teams),
    }
    return Scene(
        work=work,
        schedule=schedule,
        players=players,
        teams=teams,
        seasons=seasons,
        game_names=names,
        games=found,
        sides=Sides(side_game, own, other),
        box=every,
        played=every.where(every.columns["minutes"] > 0),
        team_games=_facts(of_teams, team_columns["team"], team_columns),
        first_day=first,
        last_day=last,
    )


def _span(games: pa.Table) -> tuple[date, date]:
    found: list[date] = games.column("game_date").to_pylist()
    return (min(found), max(found)) if found else (date(1970, 1, 1), date(1970, 1, 1))


class _Versions:
    """Numbers (game, moment of a version)."""

    def __init__(self, names: Names, box: pa.Table) -> None:
        self._names, self._moments = names, np.unique(instants(box.column("valid_from")))
        self._pairs = np.unique(self._paired(box))

    def _paired(self, table: pa.Table) -> Ints:
        moment = np.searchsorted(self._moments, instants(table.column("valid_from")))
        paired: Ints = self._names.codes(table.column("game_id")) * (len(self._moments) + 1) + moment
        return paired

    def of(self, table: pa.Table) -> Ints:
        """The version's number by row."""
        return np.searchsorted(self._pairs, self._paired(table))


def _facts(table: pa.Table, key: Ints, columns: dict[str, Values]) -> Facts:
    """Past games as facts; one without a tip on any schedule can't be placed in time, and is left out."""
    tip = instants(table.column("tip"))
    facts = Facts(
        key,
        tip,
        days(table.column("game_date")),
        np.maximum(instants(table.column("valid_from")), instants(table.column("placed_at"), -1)),
        instants(table.column("valid_to")),
        columns,
    )
    placed = facts.columns["at"] != NEVER
    return facts if placed.all() else facts.where(placed)


def rest(scene: Scene) -> tuple[Ints, Ints]:
    """By side the days from the team's game before to this one by the schedule as known then (-1: none on record), and the newest
    moment at which one of those games' schedules became known."""
    schedule = scene.schedule
    place, until = schedule.versions
    on = ~schedule.called_off[place]
    place, until = place[on], until[on]
    key = np.concatenate([scene.teams.codes(schedule.table.column(name))[place] for name in ("home", "away")])
    day, known, ends = (np.concatenate([values, values]) for values in (schedule.day[place], schedule.known[place], until))
    facts = Facts(key, day * _DAY, day, known, ends, {})
    games, side = scene.games, scene.sides
    asked = Asked(side.team, games.day[side.game] * _DAY, games.as_of[side.game], games.day[side.game])
    newest = facts.newest(asked, REACH)
    found = newest >= 0
    gap = np.where(found, games.day[side.game] - facts.day[newest], -1) if len(facts) else np.full(len(side), -1)
    return gap, np.where(found, facts.known_at[newest], -1) if len(facts) else gap
