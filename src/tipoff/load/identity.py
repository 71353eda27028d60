"""Who is meant by a printed name: rosters, league ids and the operator's word decide; nobody is guessed.

Comes in: every spelling on record (`ref.spellings`), from box scores and rosters, and the aliases that the operator gave. Goes out: what
each player is called, and who is meant where. All of it is a function of what is on record, whatever the order in which it came. Knows
players, teams and seasons. It must never know points or prices.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tipoff.names import player_lookup, without_suffix
from tipoff.store.warehouse import Work

OPERATOR = "operator"
QUOTES = "quotes"
"""Where a spelling was met that an odds source gave with the league's id: it says how somebody is called, not that he is there."""
_Alias = tuple[str, str, str]


@dataclass(frozen=True)
class Mention:
    """A name as printed, the league's player id where the source gave one, the teams of the game, and its season."""

    name: str
    league_player_id: str | None
    teams: tuple[str, ...]
    season: str


@dataclass(frozen=True)
class Resolution:
    """`player_lookup` is None where nobody, or more than one, is meant; `how` is the rule that found him."""

    player_lookup: str | None
    how: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spelling:
    """A name as it stood in box scores (or on rosters) of a team in a season; `league_player_id` is empty where none stood beside it."""

    seen_in: str
    name: str
    league_player_id: str
    team: str
    season: str


@dataclass
class _Sides:
    """The players of the teams of a game, by every spelling that they were met under."""

    players: set[str] = field(default_factory=set)
    spelled: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    plain: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


@dataclass
class Identity:
    """Everybody on record, indexed for resolving. Build it once a unit of work; what was resolved once is remembered."""

    by_league_id: dict[str, str] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Every printed name of a player, by `player_lookup`."""
    bearers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The players who were ever met under a normalised name."""
    aliases: dict[_Alias, str] = field(default_factory=dict)
    rosters: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    _sides: dict[tuple[tuple[str, ...], str], _Sides] = field(default_factory=dict)

    @classmethod
    def of(cls, work: Work) -> Identity:
        """The identity index of an open warehouse."""
        found = cls(aliases=operator_aliases(work))
        columns = ("seen_in", "name", "league_player_id", "team", "season", "player_lookup")
        spellings = work.fetch(work.table("ref.spellings").select(*columns)).to_pylist()
        for row in spellings:
            if row["player_lookup"]:
                found.add_player(row["player_lookup"], row["name"], row["league_player_id"])
                if row["seen_in"] != QUOTES:
                    found.rosters[row["team"], row["season"]].add(row["player_lookup"])
        for row in work.fetch(work.table("ref.players").select("player_lookup", "name", "league_player_id")).to_pylist():
            found.add_player(row["player_lookup"], row["name"] or row["player_lookup"], row["league_player_id"])
        if not spellings:  # box scores that were not loaded by this package's own hand
            box = work.table("raw.player_box").select("player_lookup", "team", "season").distinct()
            for row in work.fetch(box).to_pylist():
                found.rosters[row["team"], row["season"]].add(row["player_lookup"])
        return found

    def add_player(self, lookup: str, name: str, league_player_id: str | None) -> None:
        """A player, and a name that he was met under."""
        self.names[lookup].add(name)
        self.bearers[player_lookup(name)].add(lookup)
        self.bearers[lookup].add(lookup)
        if league_player_id:
            self.by_league_id[league_player_id] = lookup

    def resolve(self, mention: Mention) -> Resolution:
        """The player meant, by the first rule that gives exactly one: the league's id; the operator's alias for the team and season; his
        normalised name, now or formerly, on a roster of the game; the same but for a suffix; the same last name with one first name
        beginning with the other (Nic, Nicolas); his normalised name anywhere on record."""
        lookup, how = self.find(mention)
        if lookup:
            return Resolution(lookup, how)
        near = difflib.get_close_matches(player_lookup(mention.name), sorted(self._players_of(mention).players), n=3, cutoff=0.6)
        return Resolution(None, how, tuple(near))

    def find(self, mention: Mention) -> tuple[str | None, str]:
        """As `resolve`, without asking who else it might be: `player_lookup` and the rule."""
        lookup = player_lookup(mention.name)
        if mention.league_player_id and mention.league_player_id in self.by_league_id:
            return self.by_league_id[mention.league_player_id], "league-id"
        for team in mention.teams:
            if (lookup, team, mention.season) in self.aliases:
                return self.aliases[lookup, team, mention.season], "alias"
        sides = self._players_of(mention)
        if found := _bearer(lookup, sides.spelled.get(lookup)):
            return found, "name"
        if found := _only(sides.plain.get(without_suffix(lookup))):
            return found, "suffix"
        if found := _only({other for other in sides.players if self._same_but_nickname(mention.name, other)}):
            return found, "nickname"
        if found := _bearer(lookup, self.bearers.get(lookup)):
            return found, "name"
        return None, "unresolved"

    def _players_of(self, mention: Mention) -> _Sides:
        """Players of both teams, of this season and of the last: a season begins with nobody seen in it."""
        key = (mention.teams, mention.season)
        known = self._sides.get(key)
        if known is None:
            known = self._sides[key] = _Sides()
            for season in (mention.season, season_before(mention.season)):
                for team in mention.teams:
                    known.players |= self.rosters.get((team, season), set())
            for player in known.players:
                for spelling in {player, *map(player_lookup, self.names.get(player, ()))}:
                    known.spelled[spelling].add(player)
                    known.plain[without_suffix(spelling)].add(player)
        return known

    def _same_but_nickname(self, name: str, other: str) -> bool:
        mine = _words(name)
        return any(_same_but_first_name(mine, _words(theirs)) for theirs in self.names.get(other, ()))


def operator_aliases(work: Work) -> dict[_Alias, str]:
    """Who is meant by (alias, team, season), where the operator has said so."""
    aliases = work.table("ref.aliases")
    rows = work.fetch(aliases.filter(aliases.origin == OPERATOR).select("alias", "team", "season", "player_lookup")).to_pylist()
    return {(row["alias"], row["team"], row["season"]): row["player_lookup"] for row in rows}


def called(spellings: dict[Spelling, date], aliases: dict[_Alias, str]) -> dict[Spelling, str | None]:
    """The `player_lookup` of every spelling, given the last day on which each was met.

    Whoever has an id of the league is called by the name that it bears newest (by game date, then name) in box scores, or where it is in
    none on rosters; other spellings are of one of those, where exactly one may be meant, and else of somebody else by that name. A feed
    without ids that writes `Jimmy Butler` on the day of his trade means the one `Jimmy Butler III` of this season or the last, wherever
    he was. A spelling of quotes is his whose id stands beside it; nobody's, None, as long as no box score and no roster knows that id.
    """
    newest: dict[str, tuple[bool, date, str]] = {}
    for spelling, day in spellings.items():
        if spelling.league_player_id and spelling.seen_in != QUOTES:
            rank = (spelling.seen_in == "box", day, spelling.name)
            newest[spelling.league_player_id] = max(rank, newest.get(spelling.league_player_id, rank))
    by_id = {league_id: player_lookup(name) for league_id, (_, _, name) in newest.items()}
    known = Identity(aliases=aliases)
    for spelling in spellings:
        if lookup := by_id.get(spelling.league_player_id):
            known.add_player(lookup, spelling.name, spelling.league_player_id)
            if spelling.seen_in != QUOTES:
                known.rosters[spelling.team, spelling.season].add(lookup)
    plain: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (_, season), players in known.rosters.items():
        for player in players:
            plain[season, without_suffix(player)].add(player)
    found: dict[Spelling, str | None] = {}
    for spelling in spellings:
        if spelling.seen_in == QUOTES:
            found[spelling] = by_id.get(spelling.league_player_id)
            continue
        mention = Mention(spelling.name, spelling.league_player_id or None, (spelling.team,), spelling.season)
        lookup = player_lookup(spelling.name)
        elsewhere = (plain.get((season, without_suffix(lookup)), set()) for season in (spelling.season, season_before(spelling.season)))
        found[spelling] = known.find(mention)[0] or _only(set().union(*elsewhere)) or lookup
    return found


def resolve_all(identity: Identity, mentions: Iterable[Mention]) -> dict[Mention, Resolution]:
    """Each distinct mention with its resolution."""
    return {mention: identity.resolve(mention) for mention in set(mentions)}


@dataclass(frozen=True)
class Change:
    """What a new identity index may resolve otherwise than an old one: rosters, normalised names (those of aliases too), league ids."""

    rosters: frozenset[tuple[str, str]]
    names: frozenset[str]
    league_ids: frozenset[str]

    @classmethod
    def between(cls, before: Identity, after: Identity) -> Change:
        people = _differing(before.names, after.names)
        rosters = _differing(before.rosters, after.rosters)
        rosters |= {key for identity in (before, after) for key, players in identity.rosters.items() if not people.isdisjoint(players)}
        return cls(
            frozenset(rosters),
            frozenset(_differing(before.bearers, after.bearers) | {alias for alias, _, _ in _differing(before.aliases, after.aliases)}),
            frozenset(_differing(before.by_league_id, after.by_league_id)),
        )

    def __bool__(self) -> bool:
        return bool(self.rosters or self.names or self.league_ids)

    def concerns(self, mention: Mention) -> bool:
        """Whether this mention may be resolved otherwise now."""
        if mention.league_player_id in self.league_ids or player_lookup(mention.name) in self.names:
            return True
        seasons = (mention.season, season_before(mention.season))
        return any((team, season) in self.rosters for team in mention.teams for season in seasons)


def _bearer(lookup: str, players: set[str] | None) -> str | None:
    """Of the players who ever bore a name the one who bears it now, else the only one."""
    return lookup if players and lookup in players else _only(players)


def _only(players: set[str] | None) -> str | None:
    return next(iter(players)) if players and len(players) == 1 else None


def _differing(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> set[Any]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def season_before(season: str) -> str:
    """The season before a season: `2024-25` of `2025-26`."""
    start = int(season[:4]) - 1
    return f"{start}-{(start + 1) % 100:02d}"


def _words(name: str) -> list[str]:
    words = [player_lookup(word) for word in name.replace("-", " ").split()]
    return [word for word in words if word and word not in {"jr", "sr", "ii", "iii", "iv"}]


def _same_but_first_name(mine: list[str], theirs: list[str]) -> bool:
    if len(mine) < 2 or len(theirs) < 2 or mine[1:] != theirs[1:]:
        return False
    short, long = sorted((mine[0], theirs[0]), key=len)
    return len(short) >= 3 and long.startswith(short)
