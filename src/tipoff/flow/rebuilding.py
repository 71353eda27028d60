"""A house's warehouse made anew from its payloads, compared with the one that stands, and put in its place.

Comes in: an open house where nobody works. Goes out: a warehouse with the facts of every payload and, as they stand, all rows that do not
come from payloads; what is different in it; and, where asked, that it is in force. Whatever happens before the last step leaves the old
warehouse in force. It must never know what a row says, nor an engine.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tipoff.clock import game_date_of
from tipoff.config import mask_url
from tipoff.errors import BadInput, Conflict
from tipoff.flow.backup import warehouse_is_empty
from tipoff.flow.house import House
from tipoff.flow.messages import Execution, Outcome, completion, put
from tipoff.flow.processes import at_work
from tipoff.load.rebuild import MADE, Again, bring_all, load_all_again
from tipoff.store import warehouse_at
from tipoff.store.compare import Compared, compare
from tipoff.store.parquet import together
from tipoff.store.schema import WRITTEN_NAMES, Table
from tipoff.store.tables import ALL, table_named
from tipoff.store.versions import ANYTHING, FACTS, advance
from tipoff.store.warehouse import Successor, Warehouse, Work

CARRIED = tuple(table.name for table in ALL if table.name not in MADE)
"""The tables that no payload fills: they go over as they stand, and so do the generations."""
_OF_GAMES = ("raw.schedule", "raw.player_box", "raw.shots", "raw.odds_player_points", "raw.odds_game_lines")
_FEEDS = {
    "raw.schedule": "schedule",
    "raw.player_box": "box",
    "raw.shots": "shots",
    "raw.odds_player_points": "props",
    "raw.odds_game_lines": "lines",
    "raw.injuries": "injuries",
}
"""As whose load a change of a table's rows is told: what follows from it is the same."""
_SHOWN = 5
Progress = Callable[[int], None]
Row = dict[str, Any]


@dataclass
class Difference:
    """A table as it stood beside as it was rebuilt: rows equal, differing, only in the old, only in the new; the first few of these."""

    equal: int = 0
    differing: int = 0
    only_old: int = 0
    only_new: int = 0
    examples: list[Row] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.differing or self.only_old or self.only_new)

    def add(self, table: Table, found: Compared) -> None:
        """Count these rows too."""
        self.equal += found.equal.num_rows
        self.differing += found.differing.num_rows
        self.only_old += found.only_here.num_rows
        self.only_new += found.only_there.num_rows
        for what, old, new in (
            ("differs", found.differing, found.differing_there),
            ("only old", found.only_here, None),
            ("only new", found.only_there, None),
        ):
            for place, row in enumerate(old.slice(0, max(0, _SHOWN - len(self.examples))).to_pylist()):
                other = new.slice(place, 1).to_pylist()[0] if new is not None else row
                changed = [name for name in row if row[name] != other[name] and name not in WRITTEN_NAMES]
                said = {"old": {name: row[name] for name in changed}, "new": {name: other[name] for name in changed}} if changed else {}
                self.examples.append({"what": what, "key": {name: row[name] for name in table.key}, **said})


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did: what it loaded, how each table of facts differs, how many other rows went over, and the games whose facts are
    others now; where the new warehouse is (None: nothing was kept), and where the old one."""

    again: Again
    tables: dict[str, Difference]
    carried: int
    games: tuple[str, ...]
    into: str | None
    kept: str | None

    @property
    def same(self) -> bool:
        """Whether every fact is as it was."""
        return not any(self.tables.values())


def rebuild(house: House, *, into: str | None = None, dry_run: bool = False, progress: Progress | None = None) -> Rebuilt:
    """Make the warehouse anew from the payloads of the house.

    A dry run only compares. Else the new one takes the place of the old, which is kept; or, with `into`, it stays at that URL, and that
    warehouse must be empty. Raises Conflict where processes are at work, where the old warehouse was written meanwhile, or where one that
    was replaced before is kept still; BadInput where the engine needs `into`.
    """
    old = house.warehouse
    if not dry_run:
        _nobody_works(house)
    before = _standing(old)
    if dry_run:
        house.settings.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="rebuild-", dir=house.settings.data_dir) as aside:
            again, tables, games, _ = _made(house, warehouse_at(f"duckdb://{Path(aside) / 'warehouse.duckdb'}"), progress)
        return Rebuilt(again, tables, 0, tuple(sorted(games)), None, None)
    place = None if into is not None else _successor(old)
    new = place.warehouse if place is not None else _empty_at(into or "")
    again, tables, games, changed = _made(house, new, progress)
    carried = bring_all(old, new, CARRIED, house.run_id)
    with new.writing(house.run_id) as work:
        advance(work, {(FACTS, scope): "" for scope in games | ({ANYTHING} if any(tables.values()) else set())})
        _tell(house, work, changed)
    if place is None:
        _unwritten(before, _standing(old))
        return Rebuilt(again, tables, carried, tuple(sorted(games)), mask_url(new.url), None)
    _nobody_works(house)
    kept = place.take_place(lambda work: _unwritten(before, _standing_in(work)))
    return Rebuilt(again, tables, carried, tuple(sorted(games)), mask_url(old.url), kept)


Changed = Counter[tuple[str, date]]
"""How many rows of a table and game day are others now."""


def _made(house: House, new: Warehouse, progress: Progress | None) -> tuple[Again, dict[str, Difference], set[str], Changed]:
    """The facts in an empty warehouse, how they differ from those in force, the games that differ, and how many rows of each day."""
    old = house.warehouse
    with old.lingering(), new.lingering():
        again = load_all_again(old, new, house.vault, house.receipts, seen_at=house.clock.now(), run_id=house.run_id, progress=progress)
        return again, *_settle(old, new, house.run_id)


def _tell(house: House, work: Work, changed: Changed) -> None:
    """Leave a message of each feed and day whose facts are others, as its load would: of the days of which something was said, whose grades
    may be others too, and of those to come. What was never spoken of has nothing that follows from it."""
    now = house.clock.now()
    said = work.table("predictions.player_prop_predictions").select("game_date").distinct()
    days = set(work.fetch(said).column("game_date").to_pylist())
    for (table, day), rows in sorted(changed.items()):
        if day in days or day >= game_date_of(now):
            about = f"rebuild {house.run_id} {table} {day}"
            execution = Execution(f"load:{_FEEDS[table]}", day, now, "rebuilt from the payloads", house.run_id, about)
            put(work, completion("load", execution, table, Outcome.whole(rows), now))


def _nobody_works(house: House) -> None:
    if living := at_work(house.state):
        told = ", ".join(f"{worker.host} {worker.pid}" for worker in living)
        raise Conflict(f"{len(living)} processes are at work: {told}.", hint="Stop them first; `--dry-run` compares meanwhile.")


def _empty_at(url: str) -> Warehouse:
    new = warehouse_at(url)
    if not warehouse_is_empty(new):
        raise Conflict(f"{mask_url(url)} is not empty.", hint="Give --into an empty database.")
    return new


def _successor(old: Warehouse) -> Successor:
    place = old.successor()
    if place is None:
        raise BadInput(
            f"{mask_url(old.url)} is not replaced in place.", hint="Name an empty warehouse with --into, and then as TIPOFF_WAREHOUSE."
        )
    return place


_Standing = dict[str, tuple[int, datetime | None]]


def _standing(warehouse: Warehouse) -> _Standing:
    with warehouse.reading() as work:
        return _standing_in(work)


def _standing_in(work: Work) -> _Standing:
    """By table how many rows there are, and when the last was written."""
    found = {}
    for table in ALL:
        rows = work.table(table.name)
        [row] = work.fetch(rows.agg(rows=rows.count(), written=rows.written_at.max())).to_pylist()
        found[table.name] = (row["rows"], row["written"])
    return found


def _unwritten(before: _Standing, now: _Standing) -> None:
    written = [name for name in before if before[name] != now[name]]
    if written:
        raise Conflict(
            f"The warehouse was written while it was rebuilt: {', '.join(written)}.", hint="It is in force as it was; rebuild it again."
        )


def _settle(old: Warehouse, new: Warehouse, run_id: str) -> tuple[dict[str, Difference], set[str], Changed]:
    """Compare the facts. A row that is as it was keeps who wrote it and when, so that nothing that is made from it is out of date."""
    tables: dict[str, Difference] = {}
    games: set[str] = set()
    changed: Changed = Counter()
    for name in MADE:
        table, found = table_named(name), Difference()
        for part in compare(old, new, table):
            found.add(table, part)
            for rows in together(table, [part.equal]):
                with new.writing(run_id) as work:
                    work.bring(name, rows)
            if name in _FEEDS:
                for rows in (part.differing_there, part.only_here, part.only_there):
                    changed.update((name, day) for day in rows.column("game_date").to_pylist() if day is not None)
            if name in _OF_GAMES:
                for rows in (part.differing, part.differing_there, part.only_here, part.only_there):
                    games |= {game for game in rows.column("game_id").unique().to_pylist() if game is not None}
        tables[name] = found
    return tables, games, changed
