"""Games as documents tell of them, whatever the source: one record a game, an exhibition refused with its count.

Comes in: games that were read, or why one is not taken, with their paths. Goes out: `games` records. It must never know a source.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tipoff.names import Team
from tipoff.scrape.reading import Ledger, Refusal
from tipoff.scrape.records import League, Parsed
from tipoff.scrape.tables import days, micros


@dataclass(frozen=True)
class Game:
    """A game as one document tells of it. `commence_time` is UTC, and None where the document does not tell the tip: then `game_date` is
    the New York day that it tells. Status is one of the shape's."""

    league: League | None
    home: Team
    away: Team
    status: str
    commence_time: datetime | None
    game_date: date | None = None
    league_game_id: str | None = None
    espn_id: str | None = None
    game_type: str | None = None
    home_score: int | None = None
    away_score: int | None = None

    @property
    def head(self) -> tuple[Any, ...]:
        """Where a `box` record of this game begins: id, tip, day, home, away."""
        return (self.league_game_id, micros(self.commence_time), days(self.game_date), self.home.tricode, self.away.tricode)

    def row(self, known_at: datetime | None) -> tuple[Any, ...]:
        """As a `games` record."""
        return (
            *(self.league_game_id, None, self.espn_id, micros(self.commence_time), days(self.game_date)),
            *(self.home.tricode, self.away.tricode, self.game_type, self.status, self.home_score, self.away_score, micros(known_at)),
        )


class Games:
    """The games of one document: the first settles its league; exhibitions are refused by kind, each kind with its count."""

    def __init__(self, parsed: Parsed, ledger: Ledger) -> None:
        self._parsed, self._ledger = parsed, ledger
        self._games: dict[tuple[Any, ...], tuple[str, Game]] = {}
        self._clashed: set[tuple[Any, ...]] = set()
        self._refused: dict[str, list[str]] = {}

    def take(self, found: Game | Refusal, path: str, value: Any = None, id_key: str = "") -> None:
        """A game that stands at a path, or why it is not taken; `value` is what stood at the refusal's key, `id_key` names its id."""
        at = f"{path}.{id_key}" if id_key else path
        if isinstance(found, Refusal):
            if found.is_exhibition:
                self._refused.setdefault(found.rule, []).append(path)
            else:
                self._ledger.lost(f"{path}.{found.key}" if found.key else path, found.rule, value)
        elif None not in (found.league, self._parsed.league) and found.league != self._parsed.league:
            self._ledger.lost(at, "mixed_leagues", found.league_game_id or found.league)
        else:
            self._parsed.league = found.league or self._parsed.league
            self._enter(found, path)

    def rows(self, known_at: datetime | None) -> list[tuple[Any, ...]]:
        """The records; what was refused by kind is set apart now, so it is called once."""
        for rule, paths in self._refused.items():
            self._ledger.lost(paths[0], rule, f"{len(paths)} games, of which this is the first", rows=len(paths))
        return [game.row(known_at) for key, (_, game) in self._games.items() if key not in self._clashed]

    def _enter(self, game: Game, path: str) -> None:
        """The same game at the same tip twice is one; where they differ, both are set apart. A postponed game has two tips: both stand."""
        key = (game.league_game_id, game.espn_id, game.commence_time, game.game_date, *_sides(game))
        if key not in self._games:
            self._ledger.offer()
            self._games[key] = (path, game)
        elif key in self._clashed:
            self._ledger.apart(path, "conflicting_games", game.league_game_id)
        elif self._games[key][1] != game:
            self._clashed.add(key)
            self._ledger.apart(self._games[key][0], "conflicting_games", game.league_game_id, rows=1)
            self._ledger.apart(path, "conflicting_games", game.league_game_id)


def _sides(game: Game) -> tuple[str, ...]:
    """The teams, where no id says which game it is."""
    return () if game.league_game_id or game.espn_id else (game.home.tricode, game.away.tricode)
