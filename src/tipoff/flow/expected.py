"""What should exist of a game day, beside what does: the grid in the state database, and the repair of what is missing.

Comes in: a game day. Goes out: one row a (game, phase), with its deadline, for `status` and the pages, which never open the warehouse;
and, from `reconcile`, batches and asks for what is due and not there, each cell a few times a day. The rules of a cell are `cells`',
what is looked at `grid`'s, what is done about a gap `repair`'s.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from tipoff.flow.batch_log import batches, naive
from tipoff.flow.cells import Expected, Standing, utc
from tipoff.flow.desk import Desk
from tipoff.flow.grid import grid
from tipoff.flow.house import House
from tipoff.flow.lease import trigger
from tipoff.flow.repair import repairs_of
from tipoff.flow.scraping import ask_again
from tipoff.flow.state import METADATA, State

__all__ = ["EXPECTED", "Expected", "Standing", "expected_outputs", "reconcile", "write_expected"]

EXPECTED = sa.Table(
    "ops_expected_outputs",
    METADATA,
    sa.Column("game_date", sa.Date, primary_key=True),
    sa.Column("game_id", sa.String, primary_key=True),
    sa.Column("phase", sa.String, primary_key=True),
    sa.Column("tip", sa.DateTime, nullable=False),
    sa.Column("standing", sa.String, nullable=False),
    sa.Column("deadline", sa.DateTime, nullable=False),
    sa.Column("detail", sa.Text, nullable=True),
    sa.Column("repairs", sa.Integer, nullable=False),  # how often a repair was started: there is a cap
    sa.Column("repaired_at", sa.DateTime, nullable=True),
    sa.Column("updated_at", sa.DateTime, nullable=False),
)


def expected_outputs(state: State, game_date: date) -> list[Expected]:
    """The grid of a day as it was written last, by game and phase."""
    with state.reading() as connection:
        return _rows(connection, game_date)


def write_expected(house: House, game_date: date) -> list[Expected]:
    """Work out the grid of a day from what is there now, and write it; how often each cell was repaired stays with it."""
    cells = grid(house, game_date)
    moment = naive(house.clock.now())
    with house.state.transaction() as connection:
        before = {(cell.game_id, cell.phase): cell for cell in _rows(connection, game_date)}
        connection.execute(sa.delete(EXPECTED).where(EXPECTED.c.game_date == game_date))
        cells = [_with_repairs(cell, before.get((cell.game_id, cell.phase))) for cell in cells]
        if cells:
            connection.execute(sa.insert(EXPECTED), [{**_kept(cell), "updated_at": moment} for cell in cells])
    return cells


def reconcile(desk: Desk, game_date: date) -> list[Expected]:
    """Write the grid of a day, and start the repair of what is due and not there; the grid. Doing it often, or at once from several
    processes, starts nothing twice: a repair is counted in the row before it is started, by whoever is first."""
    house = desk.house
    cells = write_expected(house, game_date)
    for repair in repairs_of(cells, batches(house.state, game_date), house.clock.now()):
        if not _count(house, repair.cells):
            continue
        if repair.asks:
            ask_again(house.state, game_date, repair.asks, house.clock.now())
        if repair.feed:
            trigger(desk, repair.feed, game_date, repair.cause, repair.asked)
    return cells


def _count(house: House, cells: list[Expected]) -> bool:
    """Count a repair of these cells; False where somebody else did meanwhile."""
    moment = naive(house.clock.now())
    with house.state.transaction() as connection:
        stands = {(row.game_id, row.phase): row.repairs for row in _rows(connection, cells[0].game_date)} if cells else {}
        if any(stands.get((cell.game_id, cell.phase)) != cell.repairs for cell in cells):
            return False
        for cell in cells:
            mine = (EXPECTED.c.game_date == cell.game_date) & (EXPECTED.c.game_id == cell.game_id) & (EXPECTED.c.phase == cell.phase)
            connection.execute(sa.update(EXPECTED).where(mine).values(repairs=cell.repairs + 1, repaired_at=moment))
    return True


def _with_repairs(cell: Expected, before: Expected | None) -> Expected:
    if before is None:
        return cell
    return replace(cell, repairs=before.repairs, repaired_at=before.repaired_at)


def _rows(connection: sa.Connection, game_date: date) -> list[Expected]:
    query = sa.select(EXPECTED).where(EXPECTED.c.game_date == game_date).order_by(EXPECTED.c.game_id, EXPECTED.c.phase)
    return [
        Expected(
            row["game_date"],
            row["game_id"],
            row["phase"],
            row["standing"],
            utc(row["deadline"]),
            row["detail"],
            utc(row["tip"]),
            row["repairs"],
            utc(row["repaired_at"]) if row["repaired_at"] else None,
        )
        for row in connection.execute(query).mappings()
    ]


def _kept(cell: Expected) -> dict[str, Any]:
    return {**vars(cell), **{name: naive(getattr(cell, name)) for name in ("deadline", "tip", "repaired_at")}}
