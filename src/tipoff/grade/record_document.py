"""The record as documents: every system's figures over the last year and over all days, filled into the shapes that are published.

Comes in: graded rows of all days, read once. Goes out: one document of all systems, and one of each with its days, reliability, splits and
newest rows. Figures are those of `grade.record`, `grade.calibration` and `rates`: it must never work one out in another way.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.grade.backtest_rows import LOSS, NONE, OVER, PUSH, RESULT_WORDS, SIDES, WIN
from tipoff.grade.calibration import calibration
from tipoff.grade.graded import RECOMMENDATIONS, Graded
from tipoff.grade.record import SPLITS, By, entries
from tipoff.grade.shapes import bets_shape, errors_shape, reliability_shape
from tipoff.market.prices import FloatArray
from tipoff.publish.documents import Halt, League
from tipoff.publish.record import DAYS, ROWS, GradedRow, Part, Record, Split, SystemDetails, SystemRecord, Total, UnitsDay
from tipoff.store.warehouse import Work

Z_90 = 1.6448536269514722
"""Half the width of a central 90 % interval, in standard deviations."""
_SPLITS: tuple[By, ...] = tuple(by for by in SPLITS if by not in ("system", "day"))


def record_documents(
    work: Work, headline: str | None, *, halt: Halt, generated_at: datetime, league: League
) -> tuple[Record, list[SystemDetails]]:
    """The documents of all that is graded by now; `headline` is the system that stands for the slate."""
    graded = Graded.read(work, date.min, date.max)
    envelope: dict[str, Any] = {"league": league, "generated_at": generated_at, "halt": halt}
    if graded is None:
        told = {"data_as_of": None, "state": "nothing_qualified", "state_detail": "nothing has been graded yet"}
        nobody: dict[str, Any] = {"headline_system": headline, "first": None, "year_from": None, "last": None, "systems": []}
        return Record(**envelope, **told, **nobody), []
    first, last = graded.span
    year_from = max(first, last - timedelta(days=DAYS - 1))
    envelope |= {"data_as_of": pc.max(graded.rows.column("graded_at")).as_py(), "state": "halted" if halt.active else "ok"}
    envelope |= {"state_detail": halt.reason}
    year = graded.take(graded.bet.days >= np.datetime64(year_from)) if year_from > first else graded
    of_year = _totals(year)
    of_all = of_year if year is graded else _totals(graded)
    names = _names(work, year)
    splits = _splits(year)
    systems = [
        SystemRecord(system_id=name, headline=name == headline, year=of_year.get(name, of_all[name]), all=of_all[name])
        for name in sorted(of_all)
    ]
    record = Record(**envelope, headline_system=headline, first=first, year_from=year_from, last=last, systems=systems)
    details = [
        SystemDetails(
            **envelope,
            system_id=name,
            headline=name == headline,
            first=of_year[name].first,
            last=of_year[name].last,
            year=of_year[name],
            all=of_all[name],
            days=_days(mine),
            reliability=reliability_shape(calibration(mine.chance(), mine.went_over())),
            splits=splits[name],
            rows=_rows(mine, names),
        )
        for name in sorted(of_year)
        for mine in [year.of(name)]
    ]
    return record, details


def _totals(graded: Graded) -> dict[str, Total]:
    as_if = {entry.system_id: entry.bets for entry in entries(graded, bet=graded.passed())}
    found = {}
    for number, entry in enumerate(entries(graded)):
        mine = graded.system == number
        said, days = graded.recommendation[mine], np.unique(graded.bet.days[mine])
        count = {word: int(np.count_nonzero(said == place)) for place, word in enumerate(RECOMMENDATIONS)}
        found[entry.system_id] = Total(
            first=days[0].item(),
            last=days[-1].item(),
            days=days.size,
            predictions=entry.predictions,
            passes=count["PASS"],
            no_lines=count["NO_LINE"],
            bets=bets_shape(entry.bets),
            errors=errors_shape(entry),
            passes_as_if=bets_shape(as_if[entry.system_id]),
        )
    return found


def _splits(graded: Graded) -> dict[str, list[Split]]:
    found: dict[str, list[Split]] = {name: [] for name in graded.names}
    for by in _SPLITS:
        parts: dict[str, list[Part]] = {}
        for entry in entries(graded, by):
            part = Part(part=entry.part, predictions=entry.predictions, bets=bets_shape(entry.bets), errors=errors_shape(entry))
            parts.setdefault(entry.system_id, []).append(part)
        for name, mine in parts.items():
            found[name].append(Split(by=by, parts=mine))
    return found


def _days(mine: Graded) -> list[UnitsDay]:
    """Units by game date beside what the stated probabilities promised: of a bet the mean is p (price - 1) - q with p that of its side
    and q that of the other, a push returning the stake; its variance follows. Bets are taken as independent."""
    bet = mine.bet
    over, push = mine.stated()
    won = np.where(bet.side == OVER, over, 1.0 - push - over)
    lost = 1.0 - push - won
    mean = won * (bet.price - 1.0) - lost
    variance = won * (bet.price - 1.0) ** 2 + lost - mean**2
    counted = ((bet.result == WIN) | (bet.result == LOSS) | (bet.result == PUSH)) & np.isfinite(bet.units) & np.isfinite(mean)
    days, member, n = np.unique(bet.days[counted], return_inverse=True, return_counts=True)
    units, expected, spread = (_sums(values[counted], member, n.size) for values in (bet.units, mean, variance))
    total, promised, half = np.cumsum(units), np.cumsum(expected), Z_90 * np.sqrt(np.cumsum(spread))
    columns = zip(days, n.tolist(), units, total, promised, promised - half, promised + half, strict=True)
    names = ("game_date", "n", "units", "total", "expected", "low", "high")
    return [UnitsDay(**dict(zip(names, (day.item(), *rest), strict=True))) for day, *rest in columns]


def _sums(values: FloatArray, member: Any, count: int) -> FloatArray:
    return np.asarray(np.bincount(member.ravel(), weights=values, minlength=count), dtype=np.float64)


def _rows(mine: Graded, names: dict[str, str]) -> list[GradedRow]:
    """The newest rows, newest date first; of a date by game and player."""
    order = np.lexsort((np.arange(mine.system.size), -mine.bet.days.astype(np.int64)))[:ROWS]
    passed = mine.passed()
    kept = mine.rows.take(pa.array(order))
    leant, would = passed.side[order], RESULT_WORDS[passed.result[order]]
    prices = np.where(leant == NONE, mine.bet.price[order], passed.price[order])
    units = np.where(leant == NONE, mine.bet.units[order], passed.units[order])
    same = ("game_date", "game_id", "player_lookup", "recommendation", "line", "p_over", "actual_points", "void_reason", "signed_error")
    told = kept.select([*same, "result", "clv_points", "clv_prob"]).to_pylist()
    return [
        GradedRow(
            **{name: row[name] for name in (*same, "clv_points", "clv_prob")},
            name=names.get(row["player_lookup"], row["player_lookup"]),
            leant=None if side == NONE else SIDES[side],
            result=row["result"] or result,
            price=_known(price),
            units=_known(won),
        )
        for row, side, result, price, won in zip(told, leant.tolist(), would.tolist(), prices.tolist(), units.tolist(), strict=True)
    ]


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _names(work: Work, graded: Graded) -> dict[str, str]:
    players = pa.table({"player_lookup": pa.array(sorted(pc.unique(graded.rows.column("player_lookup")).to_pylist()), pa.string())})
    return {row["player_lookup"]: row["name"] for row in work.ask(_of_players, players).to_pylist() if row["name"]}


def _of_players(work: Work, players: ir.Table) -> ir.Table:
    return work.table("ref.players").semi_join(players, "player_lookup").select("player_lookup", "name")
