"""What should exist of a game day, beside what does: one row a (game, phase), with its deadline.

Comes in: a game day. Goes out: the grid in the state database, for `status` and the pages, which never open the warehouse. What is
expected follows from the schedule and from the sources that are switched on; nothing waits for a source that is off. It must never know
how anything is done.

EXPECTED: not due yet. RUNNING: a batch is at it. COMPLETE: its rows are there. EMPTY_OK: it was asked, and the source has nothing to say.
FAILED: it is due, or was asked, and is not there; the detail says why. DEGRADED: it is there, but the newest ask failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from tipoff.flow.batch_log import batches
from tipoff.flow.house import House
from tipoff.flow.plan import BOX_UNTIL, PlannedGame, quote_moments
from tipoff.flow.scraping import asks_on_record, planned_games
from tipoff.flow.state import METADATA, State
from tipoff.flow.there import games_in
from tipoff.load.quarantine import open_rows
from tipoff.scrape.access import switched_on
from tipoff.store.payloads import digest

Standing = Literal["EXPECTED", "RUNNING", "COMPLETE", "EMPTY_OK", "FAILED", "DEGRADED"]
_TABLES = {"props": "raw.odds_player_points", "lines": "raw.odds_game_lines", "box": "raw.player_box"}
_SUPPLIERS = {"props": ("odds_api",), "lines": ("odds_api",), "box": ("nba_cdn", "nba_stats", "espn", "balldontlie")}
_NO_CONTENT = digest(b"")
"""An empty body: as a 204 it is an answer, and set apart only where it came with another status."""
_NOTHING_CAME = "Asked, and nothing of it is there."
EXPECTED = sa.Table(
    "ops_expected_outputs",
    METADATA,
    sa.Column("game_date", sa.Date, primary_key=True),
    sa.Column("game_id", sa.String, primary_key=True),
    sa.Column("phase", sa.String, primary_key=True),
    sa.Column("standing", sa.String, nullable=False),
    sa.Column("deadline", sa.DateTime, nullable=False),
    sa.Column("detail", sa.Text, nullable=True),
    sa.Column("updated_at", sa.DateTime, nullable=False),
)


@dataclass(frozen=True)
class Expected:
    """One cell of the grid. `deadline` is UTC."""

    game_date: date
    game_id: str
    phase: str
    standing: Standing
    deadline: datetime
    detail: str | None


def expected_outputs(state: State, game_date: date) -> list[Expected]:
    """The grid of a day as it was written last, by game and phase."""
    query = sa.select(EXPECTED).where(EXPECTED.c.game_date == game_date).order_by(EXPECTED.c.game_id, EXPECTED.c.phase)
    with state.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Expected(row["game_date"], row["game_id"], row["phase"], row["standing"], row["deadline"].replace(tzinfo=UTC), row["detail"])
        for row in rows
    ]


def write_expected(house: House, game_date: date) -> list[Expected]:
    """Work out the grid of a day from what is there now, and write it."""
    cells = _grid(house, game_date)
    moment = house.clock.now().replace(tzinfo=None)
    rows = [{**cell.__dict__, "deadline": cell.deadline.replace(tzinfo=None), "updated_at": moment} for cell in cells]
    with house.state.transaction() as connection:
        connection.execute(sa.delete(EXPECTED).where(EXPECTED.c.game_date == game_date))
        if rows:
            connection.execute(sa.insert(EXPECTED), rows)
    return cells


def _grid(house: House, game_date: date) -> list[Expected]:
    games = planned_games(house, game_date, game_date).get(game_date, [])
    phases = [phase for phase, sources in _SUPPLIERS.items() if set(sources) & set(switched_on(house.settings))]
    there = {phase: games_in(house, _TABLES[phase], game_date) for phase in phases}
    asks: dict[tuple[str, str], dict[str, Any]] = {}
    for row in asks_on_record(house.state, game_date):
        if row["state"] != "missed":
            asks[row["feed"], row["game_id"]] = row
    apart = _set_apart(house, {row["payload_id"] for row in asks.values() if row["payload_id"]} - {_NO_CONTENT})
    at_work = {batch.feed: batch.state for batch in reversed(batches(house.state, game_date))}
    now = house.clock.now()
    found = []
    for game in games:
        for phase in phases:
            ask = asks.get((phase, game.game_id)) or asks.get((phase, ""))
            deadline = _deadline(game_date, game, phase)
            why = _why_apart(ask, apart)
            standing, detail = _standing(game.game_id in there[phase], ask, at_work.get(phase), why, late=now > deadline)
            found.append(Expected(game_date, game.game_id, phase, standing, deadline, detail))
    return found


def _standing(
    is_there: bool, ask: dict[str, Any] | None, batch: str | None, apart: str | None, *, late: bool
) -> tuple[Standing, str | None]:
    failed = ask is not None and ask["state"] == "failed"
    if batch in ("waiting", "processing"):
        return "RUNNING", None
    if is_there:
        return ("DEGRADED", ask["error"]) if failed and ask else ("COMPLETE", None)
    if failed and ask:
        return "FAILED", ask["error"]
    if batch in ("failed", "parked"):
        return "FAILED", f"Its batch is {batch}."
    if apart:
        return "FAILED", apart
    if ask is not None:
        return ("FAILED", ask["error"] or _NOTHING_CAME) if late else ("EMPTY_OK", "The source has nothing on it yet.")
    return ("FAILED", "Nobody asked in time.") if late else ("EXPECTED", None)


def _set_apart(house: House, payload_ids: set[str]) -> dict[str, list[tuple[str, str]]]:
    """The (path, rule) of everything of these documents that waits in quarantine, by document."""
    with house.warehouse.reading() as work:
        rows = open_rows(work, sorted(payload_ids))
    found: dict[str, list[tuple[str, str]]] = {}
    for row in sorted(rows, key=lambda row: (row["payload_id"], row["path"])):
        found.setdefault(row["payload_id"], []).append((row["path"], row["rule"]))
    return found


def _why_apart(ask: dict[str, Any] | None, apart: dict[str, list[tuple[str, str]]]) -> str | None:
    """Why there is nothing of an answer that came. One of many games tells only where it is set apart whole."""
    rejects = apart.get(ask["payload_id"], []) if ask else []
    mine = [(path, rule) for path, rule in rejects if path == "$" or (ask and ask["game_id"])]
    if not mine:
        return None
    [(path, rule), *others] = mine
    return f"Its answer is set apart: {rule} at {path}{f', and {len(others)} more' if others else ''}."


def _deadline(game_date: date, game: PlannedGame, phase: str) -> datetime:
    """Quotes by the last moment at which they are asked for before the tip; a box score by the last one on the same night."""
    return game.tip + BOX_UNTIL if phase == "box" else quote_moments(game_date, game.tip)[-1]
