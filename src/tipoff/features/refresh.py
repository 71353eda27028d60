"""Feature rows kept up to date: a night, or a span of days, builds its dirty games alone.

Comes in: games and a moment. Goes out: `features.store` as a build of all of them would leave it. Knows the builder and which games are
dirty; it must never know how a feature is computed, nor who reads the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.schedule import Schedule
from tipoff.analyze.slate import known_games, known_games_on
from tipoff.errors import BadInput, UnknownDate
from tipoff.features.build import Built, build
from tipoff.features.dirty import dirty_games, stored_rows
from tipoff.store.warehouse import Merged, Warehouse, Work


@dataclass(frozen=True)
class Refreshed:
    """How many games were built, how many were up to date, and how many rows the built ones have."""

    built: int = 0
    up_to_date: int = 0
    rows: int = 0

    def __add__(self, other: Refreshed) -> Refreshed:
        return Refreshed(self.built + other.built, self.up_to_date + other.up_to_date, self.rows + other.rows)


def refresh(work: Work, game_ids: Sequence[str], as_of: datetime | None = None, *, force: bool = False) -> Refreshed:
    """Build those of these games whose rows at their moment (UTC; the earlier of `as_of` and the tip; None: the tip) are missing or may
    be out of date (`dirty_games`), and put them in the place of what `features.store` had at that moment.

    Needs a unit of work that writes. `force` builds all: after rows of an input were taken away, which `written_at` does not tell. Games
    unknown by then or called off are not counted, and a game without a player is built each time. Rows at other moments stay.
    Raises BadInput for a naive moment.
    """
    return _refresh(work, known_games(Schedule.read(work), game_ids, as_of), as_of, force=force)


def refresh_days(
    warehouse: Warehouse,
    first: date,
    last: date,
    *,
    run_id: str,
    as_of: datetime | None = None,
    force: bool = False,
    tick: Callable[[int], None] = lambda _months: None,
) -> Refreshed:
    """The same for all games from `first` to `last` (New York, both included), month by month, each in a transaction of its own.

    `tick` is called for each month that is done. Raises BadInput for a span that ends before it begins or a naive moment, and UnknownDate
    where no game of the span is known.
    """
    if last < first:
        raise BadInput(f"From {first} to {last} there is no day.", hint="Give --start before --end.")
    found = Refreshed()
    for begin, end in months(first, last):
        with warehouse.writing(run_id) as work:
            found += _refresh(work, known_games_on(Schedule.read(work), begin, end, as_of), as_of, force=force)
        tick(1)
    if not found.built + found.up_to_date:
        raise UnknownDate(f"No game from {first} to {last} is known.", hint="`tipoff coverage` shows what is on record.")
    return found


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The first and the last day of each calendar month of a span, cut at its ends."""
    while first <= last:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(last, following - timedelta(days=1))
        first = following


def _refresh(work: Work, games: pa.Table, as_of: datetime | None, *, force: bool) -> Refreshed:
    names = games.column("game_id").to_pylist() if force else dirty_games(work, games)
    up_to_date = games.num_rows - len(names)
    if not names:
        return Refreshed(0, up_to_date)
    built = build(work, names, as_of)
    store_rows(work, games.filter(pc.is_in(games.column("game_id"), value_set=pa.array(names, pa.string()))), built)
    return Refreshed(len(names), up_to_date, built.size)


def store_rows(work: Work, games: pa.Table, built: Built) -> Merged:
    """Put what was built of these games (`known_games`) in the place of what `features.store` had of them at the same moments.

    A merge leaves a row that says the same as it was written, and a player who has no row any more: so all are taken away before.
    """
    work.remove("features.store", work.fetch(stored_rows(work, games).select("game_id", "player_lookup", "as_of")))
    return work.merge("features.store", built.to_arrow())
