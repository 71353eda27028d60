"""Who is meant by a printed name: rosters, aliases and league ids decide; nobody is guessed.

Knows players, teams and seasons as the warehouse holds them. It must never know points or prices.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from tipoff.names import player_lookup, without_suffix
from tipoff.store.warehouse import Work


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
    team: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass
class Identity:
    """Everybody on record, indexed for resolving. Build it once a unit of work."""

    by_league_id: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    aliases: dict[tuple[str, str, str], str] = field(default_factory=dict)
    rosters: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, work: Work) -> Identity:
        """The identity index of an open warehouse."""
        found = cls()
        for row in work.fetch(work.table("ref.players").select("player_lookup", "name", "league_player_id")).to_pylist():
            found.add_player(row["player_lookup"], row["name"], row["league_player_id"])
        for row in work.fetch(work.table("ref.aliases").select("alias", "team", "season", "player_lookup")).to_pylist():
            found.aliases[row["alias"], row["team"], row["season"]] = row["player_lookup"]
        box = work.table("raw.player_box").select("player_lookup", "team", "season").distinct()
        for row in work.fetch(box).to_pylist():
            found.rosters[row["team"], row["season"]].add(row["player_lookup"])
        return found

    def add_player(self, lookup: str, name: str, league_player_id: str | None) -> None:
        self.names[lookup] = name
        if league_player_id:
            self.by_league_id[league_player_id] = lookup

    def resolve(self, mention: Mention) -> Resolution:
        """The player meant, by the first rule that gives exactly one: the league's id; an alias for the team and season; his
        normalised name on a roster of the game; the same but for a suffix; the same last name with one first name beginning with the
        other (Nic, Nicolas); his normalised name anywhere on record."""
        lookup = player_lookup(mention.name)
        if mention.league_player_id and mention.league_player_id in self.by_league_id:
            return Resolution(self.by_league_id[mention.league_player_id], "league-id")
        for team in mention.teams:
            if (lookup, team, mention.season) in self.aliases:
                return Resolution(self.aliases[lookup, team, mention.season], "alias", team)
        roster = self._roster(mention)
        if lookup in roster:
            return Resolution(lookup, "name", roster[lookup])
        plain = without_suffix(lookup)
        for how, alike in (
            ("suffix", [other for other in roster if without_suffix(other) == plain]),
            ("nickname", [other for other in roster if self._same_but_nickname(mention.name, other)]),
        ):
            if len(alike) == 1:
                return Resolution(alike[0], how, roster[alike[0]])
        if lookup in self.names:
            return Resolution(lookup, "name")
        near = difflib.get_close_matches(lookup, sorted(roster), n=3, cutoff=0.6)
        return Resolution(None, "unresolved", candidates=tuple(near))

    def _roster(self, mention: Mention) -> dict[str, str]:
        """Players of both teams with their team: this season's, and last season's who were not seen this season yet."""
        found: dict[str, str] = {}
        for season in (mention.season, _season_before(mention.season)):
            for team in mention.teams:
                for lookup in self.rosters.get((team, season), ()):
                    found.setdefault(lookup, team)
        return found

    def _same_but_nickname(self, name: str, other: str) -> bool:
        mine, theirs = _words(name), _words(self.names.get(other, ""))
        if len(mine) < 2 or len(theirs) < 2 or mine[1:] != theirs[1:]:
            return False
        short, long = sorted((mine[0], theirs[0]), key=len)
        return len(short) >= 3 and long.startswith(short)


def resolve_all(identity: Identity, mentions: Iterable[Mention]) -> dict[Mention, Resolution]:
    """Each distinct mention with its resolution."""
    return {mention: identity.resolve(mention) for mention in set(mentions)}


def learnt_aliases(resolutions: dict[Mention, Resolution]) -> pa.Table:
    """Alias rows for spellings that differ from the player's own, each for its team and season."""
    rows: dict[tuple[str, str, str], tuple[str, str]] = {}
    for mention, resolution in sorted(resolutions.items(), key=lambda pair: (pair[0].season, pair[0].name, pair[0].teams)):
        alias = player_lookup(mention.name)
        if resolution.player_lookup and alias and alias != resolution.player_lookup and resolution.how != "alias":
            for team in (resolution.team,) if resolution.team else mention.teams:
                rows[alias, team, mention.season] = (resolution.player_lookup, resolution.how)
    return pa.table(
        {
            "alias": pa.array([key[0] for key in rows], pa.string()),
            "team": pa.array([key[1] for key in rows], pa.string()),
            "season": pa.array([key[2] for key in rows], pa.string()),
            "player_lookup": pa.array([value[0] for value in rows.values()], pa.string()),
            "origin": pa.array([value[1] for value in rows.values()], pa.string()),
        }
    )


def _season_before(season: str) -> str:
    start = int(season[:4]) - 1
    return f"{start}-{(start + 1) % 100:02d}"


def _words(name: str) -> list[str]:
    words = [player_lookup(word) for word in name.replace("-", " ").split()]
    return [word for word in words if word and word not in {"jr", "sr", "ii", "iii", "iv"}]
