"""What the operator says of names: who is meant by one, or that he is somebody new.

Comes in: a printed name and a player. Goes out: an alias for a team and a season, or a player on record; loading the rows that wait is for
whoever calls. It must never guess: a player whom nobody knows is refused, with those whom he might be.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from tipoff.clock import season_of
from tipoff.errors import BadInput
from tipoff.load.commit import count_generations
from tipoff.load.counts import Counts
from tipoff.load.identity import OPERATOR, Identity
from tipoff.load.people import resolve_what_stands
from tipoff.names import player_lookup, team_named
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Work


@dataclass(frozen=True)
class Said:
    """What was said: the player meant by the name, and the (team, season) pairs for which it holds; none for somebody new."""

    name: str
    player_lookup: str
    holds_for: tuple[tuple[str, str], ...]


def waiting_names(work: Work) -> list[dict[str, Any]]:
    """The names that lead to nobody, as rows of `ref.unresolved_names`, those with the most rows first."""
    names = work.table("ref.unresolved_names")
    rows: list[dict[str, Any]] = work.fetch(names.filter(names.resolved_at.isnull())).to_pylist()
    return sorted(rows, key=lambda row: (-row["rows_waiting"], row["name"], row["game_id"], row["source"]))


def payloads_with(work: Work, name: str) -> list[str]:
    """The documents in which this name waits, in any spelling of the same letters."""
    rows = work.table("raw.quarantine")
    waiting = work.fetch(rows.filter(rows.rule == "unresolved_name", rows.replayed_at.isnull()).select("payload_id", "value").distinct())
    lookup = player_lookup(name)
    return sorted({row["payload_id"] for row in waiting.to_pylist() if player_lookup(row["value"]) == lookup})


def say_who(work: Work, name: str, player: str, *, team: str | None = None, season: str | None = None) -> Said:
    """Write the alias: this name means that player, for a team and a season; by default those of the games in which it waits. Rows that
    stand under another player by this name move to him; those that wait are loaded by whoever calls.

    Raises BadInput for a name without letters, a player who is not on record, a team or season that is none, and where no row waits and
    not both of team and season are given.
    """
    alias = _letters(name)
    lookup = _known(work, player)
    if season is not None and not re.fullmatch(r"\d{4}-\d{2}", season):
        raise BadInput(f"{season!r} is no season.", hint="Write it like 2025-26.")
    tricode = team_named(team).tricode if team is not None else None
    if tricode and season:
        pairs = {(tricode, season)}
    else:
        games = [row["game_id"] for row in waiting_names(work) if row["player_lookup"] == alias]
        pairs = {pair for game in games for pair in _sides(work, game, lookup, tricode) if season in (None, pair[1])}
    if not pairs:
        raise BadInput(f"No row waits for {name!r} there.", hint="Give both --team and --season to say it for rows still to come.")
    held = sorted(pairs)
    rows = [{"alias": alias, "team": side, "season": year, "player_lookup": lookup, "origin": OPERATOR} for side, year in held]
    before = Identity.of(work)
    work.merge("ref.aliases", table_of("ref.aliases", rows))
    counts = Counts()
    resolve_what_stands(work, counts, before)  # nobody becomes unknown by it: an alias only ever leads to somebody
    count_generations(work, counts)
    return Said(name, lookup, tuple(held))


def make_known(work: Work, name: str, *, team: str | None = None) -> Said:
    """Put a new player on record under this name. Raises BadInput for a name without letters, or one that is on record."""
    lookup = _letters(name)
    players = work.table("ref.players")
    if work.fetch(players.filter(players.player_lookup == lookup)).num_rows:
        raise BadInput(f"{name!r} is on record already, as {lookup}.", hint="`tipoff names list` shows his spellings.")
    side = team_named(team).tricode if team is not None else None
    work.merge("ref.players", table_of("ref.players", [{"player_lookup": lookup, "name": name, "team": side}]))
    return Said(name, lookup, ())


def spellings_of(work: Work, player: str) -> list[dict[str, Any]]:
    """Every spelling of a player: (alias, origin, team, season), his own name first. Raises BadInput for one who is not on record."""
    lookup = _known(work, player)
    players, aliases = work.table("ref.players"), work.table("ref.aliases")
    own = work.fetch(players.filter(players.player_lookup == lookup)).to_pylist()[0]
    first = {"alias": lookup, "name": own["name"], "origin": "own name", "team": own["team"], "season": None}
    others = work.fetch(aliases.filter(aliases.player_lookup == lookup).select("alias", "origin", "team", "season")).to_pylist()
    return [first, *sorted(({**row, "name": None} for row in others), key=lambda row: (row["alias"], row["season"], row["team"]))]


def _letters(name: str) -> str:
    lookup = player_lookup(name)
    if not lookup:
        raise BadInput(f"{name!r} has no letter or digit by which it could be told from others.", hint="Write the name in Latin letters.")
    return lookup


def _known(work: Work, player: str) -> str:
    """The lookup of a player on record. Raises BadInput with those whom it might be."""
    lookup = player_lookup(player)
    known: list[str] = work.fetch(work.table("ref.players").select("player_lookup")).column(0).to_pylist()
    if lookup in set(known):
        return lookup
    near = difflib.get_close_matches(lookup, sorted(known), n=5, cutoff=0.6)
    hint = f"Perhaps {', '.join(near)}?" if near else "Nobody is called alike; `--new` makes him known."
    raise BadInput(f"No player on record is called {player!r}.", hint=hint)


def _sides(work: Work, game: str, lookup: str, team: str | None) -> set[tuple[str, str]]:
    """The (team, season) for which a name met in this game holds: the player's own side where that is known, else both."""
    day, *teams = game.split("_")
    season = season_of(date(int(day[:4]), int(day[4:6]), int(day[6:8])))
    if team is not None:
        return {(team, season)} if team in teams else set()
    box = work.table("raw.player_box")
    played = box.filter(box.player_lookup == lookup, box.season == season, box.team.isin(teams)).select("team").distinct()
    own = work.fetch(played).column(0).to_pylist()
    return {(side, season) for side in (own if len(own) == 1 else teams)}
