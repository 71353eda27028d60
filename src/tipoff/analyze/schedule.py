"""The schedule in versions, as arrays: what is in force at a moment, what stood when a game tipped, who played the day before.

Of several versions of a game the league's own word goes before an odds source's, what is on record before what is assumed, of each the
newest. A game that the league has moved to another day has another id there: under the one that it had it is postponed from that word on
(both as in `history.newest_schedule`). Knows the schedule; it must never know what happened in a game.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.past import NEVER, Bools, Ints, Names, days, instants
from tipoff.store.warehouse import Work

CALLED_OFF = ("postponed", "cancelled")
_COLUMNS = (
    "game_id",
    "game_date",
    "season",
    "home",
    "away",
    "game_type",
    "status",
    "commence_time",
    "known_at",
    "known_at_assumed",
    "league_game_id",
    "fetched_at",
)
_EVER = datetime.min.replace(tzinfo=UTC)
LEAGUE_ID = ["season", "league_game_id"]
"""A game is moved within its season: some archives count their games anew each year."""
_league_id = itemgetter(*LEAGUE_ID)


def _every_version(work: Work) -> ir.Table:
    return work.table("raw.schedule").select(*_COLUMNS)


@dataclass(frozen=True, eq=False)
class Schedule:
    """One element a version of a game. `table` has columns of `raw.schedule`; `game` is a code of `names`; instants are microseconds."""

    table: pa.Table
    names: Names
    game: Ints
    tip: Ints
    day: Ints
    known: Ints
    rank: Ints
    called_off: Bools

    @classmethod
    def read(cls, work: Work) -> Schedule:
        """Every version on record."""
        return cls.of(work.ask(_every_version))

    @classmethod
    def of(cls, table: pa.Table) -> Schedule:
        """From rows of `raw.schedule`; `table` has besides them a postponed version of each game that a word moved to another day."""
        table = _with_moved(table)
        names = Names(table.column("game_id"))
        own_word = np.asarray(table.column("league_game_id").is_valid().to_numpy(), dtype=np.int64)
        recorded = ~np.asarray(table.column("known_at_assumed").fill_null(False).to_numpy(), dtype=np.bool_)
        return cls(
            table=table,
            names=names,
            game=names.codes(table.column("game_id")),
            tip=instants(table.column("commence_time")),
            day=days(table.column("game_date")),
            known=instants(table.column("known_at")),
            rank=2 * own_word + recorded,
            called_off=np.asarray(pc.is_in(table.column("status"), value_set=pa.array(CALLED_OFF)).to_numpy(), dtype=np.bool_),
        )

    def newest(self, rows: Bools) -> Ints:
        """The place of the version in force of each game that has one among these rows, in order of game."""
        places = np.flatnonzero(rows)
        order = places[np.lexsort((self.known[places], self.rank[places], self.game[places]))]
        return order[np.append(np.diff(self.game[order]) != 0, True)] if len(order) else order

    def by_game(self, places: Ints, values: Ints) -> Ints:
        """Values of some versions, one a game, by the game's code; NEVER where a game has none."""
        found = np.full(len(self.names), NEVER, dtype=np.int64)
        found[self.game[places]] = values[places]
        return found

    @cached_property
    def as_played(self) -> Ints:
        """By game (code) the place of its version when it tipped: of what was known by then the one in force; of a game that became known
        only later the first word. So no later version moves a game that has been played."""
        in_time = self.known <= self.tip
        late = np.flatnonzero(~in_time)
        first = late[np.lexsort((-self.rank[late], self.known[late], self.game[late]))]
        first = first[np.diff(self.game[first], prepend=-1) != 0]
        found = np.full(len(self.names), -1, dtype=np.int64)
        found[self.game[first]] = first
        timely = self.newest(in_time)
        found[self.game[timely]] = timely
        return found

    def as_of(self, wanted: pa.Array, moment: int | Ints | None, before: int = 0) -> pa.Table:
        """The games of these ids in force at their effective moment: the earlier of the one asked for (microseconds; one for all, or one a
        game by its code) and their tip, or so long `before` it.

        In order of game_id, without those unknown by then or called off; `as_of` and `tip` beside the columns of `raw.schedule`.
        """
        asked = np.asarray(pc.is_in(self.table.column("game_id"), value_set=wanted).to_numpy(), dtype=np.bool_)
        limit = self.by_game(self.newest(asked), self.tip - before)
        limit = limit if moment is None else np.minimum(limit, moment)
        found = self.newest(asked & (self.known <= limit[self.game]))
        # A version in force then may have an earlier tip than the newest one, and one that was known only after that does not count.
        while (limit[self.game[found]] > self.tip[found] - before).any():
            limit = np.minimum(limit, self.by_game(found, self.tip - before))
            found = self.newest(asked & (self.known <= limit[self.game]))
        found = found[~self.called_off[found] & (self.tip[found] != NEVER)]
        as_of = pa.array(limit[self.game[found]]).cast(pa.timestamp("us", "UTC"))
        columns = ["game_id", "game_date", "season", "home", "away", "game_type", "known_at"]
        known = self.table.take(pa.array(found))
        return known.select(columns).append_column("as_of", as_of).append_column("tip", known.column("commence_time"))

    @cached_property
    def versions(self) -> tuple[Ints, Ints]:
        """Of each game the versions that were in force at some moment, in order of game and time: their places, and until when."""
        order = np.lexsort((self.known, self.game))
        best = np.maximum.accumulate(4 * self.game[order] + self.rank[order])
        kept = order[4 * self.game[order] + self.rank[order] == best]
        followed = np.append(self.game[kept][1:] == self.game[kept][:-1], False) if len(kept) else np.zeros(0, dtype=np.bool_)
        until = np.where(followed, np.append(self.known[kept][1:], 0), NEVER) if len(kept) else kept
        return kept, until


Word = dict[str, Any]
"""A version of a game: the columns of its row."""


def _with_moved(table: pa.Table) -> pa.Table:
    """The versions; and where a later word of the league's, and not a weaker one, says of a game that it is another now, its version in
    force once more, postponed, as known with that word."""
    games = table.filter(table.column("league_game_id").is_valid()).group_by(LEAGUE_ID).aggregate([("game_id", "count_distinct")])
    several = games.filter(pc.greater(games.column("game_id_count_distinct"), 1)).column("league_game_id").combine_chunks()
    words = table.filter(pc.is_in(table.column("league_game_id"), value_set=several)).to_pylist()
    words.sort(key=lambda word: (*_league_id(word), *_order(word)))
    moved = [version for _, told in groupby(words, key=_league_id) for version in _postponed(told)]
    return pa.concat_tables([table, pa.Table.from_pylist(moved, schema=table.schema)]) if moved else table


def _postponed(words: Iterable[Word]) -> Iterator[Word]:
    """Of the words on one id of the league, in their order: each version in force, postponed, as of the first word on another game that
    counts more."""
    in_force: dict[str, Word] = {}
    off: dict[str, Word] = {}
    for known_at, told in groupby(words, key=itemgetter("known_at")):
        moment = [*told]
        for word in moment:
            if word["game_id"] not in in_force or _strength(word) >= _strength(in_force[word["game_id"]]):
                in_force[word["game_id"]] = word
        for word in moment:
            for game, version in in_force.items():
                if game != word["game_id"] and off.get(game) is not version and _counts_more(word, version):
                    off[game] = version
                    yield {**version, "status": "postponed", "known_at": known_at}


def _counts_more(word: Word, version: Word) -> bool:
    return _strength(word) >= _strength(version) and _order(word) > _order(version)


def _strength(word: Word) -> int:
    return 1 if word["known_at_assumed"] else 2


def _order(word: Word) -> tuple[datetime, datetime, str]:
    """Of two words of one moment the one that was fetched later is the later one."""
    return word["known_at"], word["fetched_at"] or _EVER, word["game_id"]
