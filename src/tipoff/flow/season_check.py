"""Whether a simulated season ended whole, and whether two of them ended the same.

Comes in: the house of a season that is over, and the league as it was played. Goes out: findings, each a sentence, none where all is well;
and of two houses the columns in which what they say, or how they graded it, differs. It must never know how a season was lived.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tipoff.flow.alerts import ALERTS
from tipoff.flow.batch_log import BATCHES
from tipoff.flow.house import House
from tipoff.names import game_id as id_of_game
from tipoff.practice import Game, Season
from tipoff.store.warehouse import day_of

PREDICTIONS = "predictions.player_prop_predictions"
ABSENCES = "predictions.absences"
GRADES = "predictions.prediction_accuracy"
CONTEXT = "analytics.upcoming_player_game_context"
KEY = ("game_id", "player_lookup", "system_id")
OF_A_RUN = ("prediction_id", "superseded_by", "model_id", "batch_id", "run_id", "written_at", "created_at", "graded_at", "run_mode")
"""Columns that tell which run said it and when it was written, not what was said. `run_mode` is among them: of two runs at one instant
either may be the first."""


@dataclass
class Verdict:
    """How a season ended: counts, and what is wrong."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"whole": self.is_whole, "counts": self.counts, "findings": self.findings}

    def expect_none(self, what: str, found: Iterable[Any], shown: int = 5) -> None:
        """A finding, unless there is nothing of this."""
        rows = list(found)
        if rows:
            more = f", and {len(rows) - shown} more" if len(rows) > shown else ""
            self.findings.append(f"{what}: {', '.join(map(str, rows[:shown]))}{more}")


def played_id(game: Game) -> str:
    """The id under which a game is on record: that of the day on which it was played."""
    return id_of_game(game.game_date, game.away, game.home)


def check(house: House, season: Season, first: date, last: date) -> Verdict:
    """Look at everything of the game days (New York) from the first to the last."""
    found = Verdict()
    played = [game for game in season.games if game.standing == "on" and first <= game.game_date <= last]
    names = {played_id(game) for game in played}
    off = {id_of_game(one.game_date, season.games[one.game].away, season.games[one.game].home) for one in season.postponements}
    tables = {name: _of_days(house, name, first, last) for name in ("raw.player_box", PREDICTIONS, ABSENCES, GRADES)}
    boxed = set(tables["raw.player_box"].column("game_id").unique().to_pylist())
    active = tables[PREDICTIONS].filter(pc.field("is_active"))
    found.counts = {
        "games": len(played),
        "called off": sum(first <= one.game_date <= last for one in season.postponements),
        "box scores": len(boxed & names),
        "predictions": active.num_rows,
        "absences": tables[ABSENCES].select(list(KEY)).group_by(list(KEY)).aggregate([]).num_rows,
        "grades": tables[GRADES].num_rows,
    }
    found.expect_none("No box score of", sorted(names - boxed))
    found.expect_none("A box score of a game that was not played", sorted(boxed - names))
    found.expect_none("More than one active prediction of", _twice(active))
    found.expect_none("More than one grade of", _twice(tables[GRADES]))
    said = _keys(active) | _keys(tables[ABSENCES])
    speakers = {key[2] for key in said}
    lineup = {(row["game_id"], row["player_lookup"]) for row in _scheduled(house, first, last) if row["game_id"] in names}
    found.counts |= {"systems": len(speakers), "players scheduled": len(lineup)}
    found.expect_none("No word on", sorted({(*who, system) for who in lineup for system in speakers} - said))
    found.expect_none("Never predicted", sorted(names - {key[0] for key in _keys(active)}))
    found.expect_none("Not graded", sorted({key for key in _keys(active) if key[0] in names} - _keys(tables[GRADES])))
    found.expect_none("Predicted, and never played", sorted({key for key in _keys(active) if key[0] not in names}))
    found.expect_none("Graded, and never played", sorted({key for key in _keys(tables[GRADES]) if key[0] in off - names}))
    _check_state(house, found)
    return found


def _check_state(house: House, found: Verdict) -> None:
    newest = sa.select(BATCHES.c.feed, BATCHES.c.game_date, sa.func.max(BATCHES.c.number).label("number")).group_by("feed", "game_date")
    last = newest.subquery()
    same = (BATCHES.c.feed == last.c.feed) & (BATCHES.c.game_date == last.c.game_date) & (BATCHES.c.number == last.c.number)
    with house.state.reading() as connection:
        states = connection.execute(sa.select(BATCHES.c.state, sa.func.count()).group_by(BATCHES.c.state)).all()
        left = connection.execute(sa.select(BATCHES.c.feed, BATCHES.c.game_date, BATCHES.c.state, BATCHES.c.error).join(last, same)).all()
        alerts = connection.execute(sa.select(ALERTS.c.key).where(ALERTS.c.recovered_at.is_(None)).order_by(ALERTS.c.key)).scalars().all()
    found.counts |= {f"batches {state}": number for state, number in states} | {"alerts open": len(alerts)}
    found.expect_none(
        "Not ended well", (f"{row.feed} of {row.game_date}: {row.state} ({row.error})" for row in left if row.state != "complete")
    )
    found.expect_none("An alert is still open", (key for key in alerts if not key.startswith(LASTING)))
    with house.warehouse.reading() as work:
        outbox = work.table("ops.outbox")
        unread = work.fetch(outbox.filter(outbox.sent_at.isnull()).select("message_id")).num_rows
    found.expect_none("Messages unread", [unread] if unread else [])


LASTING = ("blocked ",)
"""Families of alerts that may be true in the end: a system whose bets lose is blocked, and rightly, until they do not."""


def differences(one: House, other: House, first: date, last: date) -> list[str]:
    """What differs between two houses in active predictions and in grades, but for who wrote it and when; empty where nothing does."""
    found = []
    for name in (PREDICTIONS, GRADES):
        mine, theirs = (_of_days(house, name, first, last + timedelta(days=30)) for house in (one, other))
        if name == PREDICTIONS:
            mine, theirs = (table.filter(pc.field("is_active")) for table in (mine, theirs))
        found += _differ(name, mine, theirs)
    return found


def _differ(name: str, mine: pa.Table, theirs: pa.Table) -> list[str]:
    only = [_keys(mine) - _keys(theirs), _keys(theirs) - _keys(mine)]
    found = [
        f"{name}: only in the {which}: {sorted(keys)[:3]} ({len(keys)})"
        for which, keys in zip(("first", "second"), only, strict=True)
        if keys
    ]
    if found:
        return found
    order = [(column, "ascending") for column in KEY]
    mine, theirs = mine.sort_by(order), theirs.sort_by(order)
    for column in mine.column_names:
        if column in OF_A_RUN:
            continue
        left, right = mine.column(column).combine_chunks(), theirs.column(column).combine_chunks()
        if left.equals(right):
            continue
        rows = [
            at for at, (a, b) in enumerate(zip(left.to_pylist(), right.to_pylist(), strict=True)) if not (a == b or (a != a and b != b))
        ]
        if rows:
            key = tuple(mine.column(part)[rows[0]].as_py() for part in KEY)
            told = f"{left[rows[0]].as_py()} and {right[rows[0]].as_py()}"
            found.append(f"{name}.{column}: {len(rows)} of {mine.num_rows} rows, first {key}: {told}")
    return found


def _of_days(house: House, name: str, first: date, last: date) -> pa.Table:
    with house.warehouse.reading() as work:
        table = work.table(name)
        return work.fetch(table.filter(table.game_date >= day_of(first), table.game_date <= day_of(last)))


def _scheduled(house: House, first: date, last: date) -> list[dict[str, Any]]:
    """The players whose circumstances were last summed up for a game."""
    rows = _of_days(house, CONTEXT, first, last).select(["game_id", "player_lookup", "as_of"]).to_pylist()
    newest: dict[str, Any] = {}
    for row in rows:
        newest[row["game_id"]] = max(newest.get(row["game_id"], row["as_of"]), row["as_of"])
    return [row for row in rows if row["as_of"] == newest[row["game_id"]]]


def _keys(table: pa.Table) -> set[tuple[str, str, str]]:
    return set(zip(*(table.column(part).to_pylist() for part in KEY), strict=True)) if table.num_rows else set()


def _twice(table: pa.Table) -> list[tuple[str, ...]]:
    counted = (
        table.select(list(KEY))
        .append_column("one", pa.array([1] * table.num_rows, pa.int64()))
        .group_by(list(KEY))
        .aggregate([("one", "sum")])
    )
    return [tuple(row[part] for part in KEY) for row in counted.filter(pc.field("one_sum") > 1).to_pylist()]
