"""The document of a graded night: per system and side what was won and lost, each rate with its N and interval.

Knows graded rows. It must never grade.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from tipoff.publish.documents import Document, Graded, Results, SideResults, SystemResults, Tally, Tonight
from tipoff.publish.ledger import SIDES
from tipoff.publish.reads import Row, Slate
from tipoff.rates import wilson


def results_of(slate: Slate, night: Tonight, headline: str | None) -> Results | None:
    """The results of a slate; None where nothing of it is graded."""
    if not slate.accuracy:
        return None
    ordered = sorted(slate.accuracy, key=lambda row: (row["system_id"], row["game_id"], row["player_lookup"]))
    by_system: dict[str, list[Row]] = {}
    for row in ordered:
        by_system.setdefault(row["system_id"], []).append(row)
    shared = {name: getattr(night, name) for name in Document.model_fields}
    same = [name for name in Graded.model_fields if name != "name"]
    return Results(
        **shared,
        game_date=slate.game_date,
        summary=[_system(name, rows, name == headline) for name, rows in by_system.items()],
        rows=[
            Graded(name=slate.names.get(row["player_lookup"], row["player_lookup"]), **{name: row[name] for name in same})
            for row in ordered
        ],
    )


def _system(system_id: str, rows: list[Row], headline: bool) -> SystemResults:
    decided = [row for row in rows if row["result"] in {"WIN", "LOSS"} and row["went_over"] is not None]
    return SystemResults(
        **_side(rows).model_dump(),
        system_id=system_id,
        headline=headline,
        over=_side([row for row in rows if row["recommendation"] == "OVER"]),
        under=_side([row for row in rows if row["recommendation"] == "UNDER"]),
        always_under=fmean(not row["went_over"] for row in decided) if decided else None,
    )


def _side(rows: list[Row]) -> SideResults:
    lined = [row for row in rows if row["absolute_error"] is not None and row["line_absolute_error"] is not None]
    return SideResults(
        **tally(rows).model_dump(),
        error_n=len(lined),
        mae=_mean(lined, "absolute_error"),
        line_mae=_mean(lined, "line_absolute_error"),
        shifted_line_mae=_mean(lined, "shifted_line_absolute_error"),
    )


def _mean(rows: list[Row], column: str) -> float | None:
    values = [row[column] for row in rows if row[column] is not None]
    return math.fsum(values) / len(values) if values else None


def tally(rows: Sequence[Row]) -> Tally:
    """Count the results of bets; a push and a void return the stake and are in no denominator (F53). Who was passed on and did not play is
    no bet, though his row says VOID."""
    bets = [row["result"] for row in rows if row["recommendation"] in SIDES]
    won, lost, push, void = (bets.count(result) for result in ("WIN", "LOSS", "PUSH", "VOID"))
    rate = wilson(won, won + lost)
    priced = [row["units"] for row in rows if row["result"] in {"WIN", "LOSS"} and row["units"] is not None]
    return Tally(
        n=won + lost,
        won=won,
        lost=lost,
        push=push,
        void=void,
        hit_rate=rate.rate,
        low=rate.low,
        high=rate.high,
        units=math.fsum(priced) if priced else None,
        units_n=len(priced),
    )
