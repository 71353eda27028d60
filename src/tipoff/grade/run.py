"""Grade a day: every active prediction against the newest box scores, once a (player, game, system); grading again replaces.

Knows predictions, box scores, schedule, reports and closing quotes. It must never change a prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.history import newest_schedule
from tipoff.analyze.reports import coverage, silent_teams, statuses
from tipoff.analyze.schedule import Schedule
from tipoff.analyze.slate import known_games
from tipoff.analyze.slope import spread_of_points
from tipoff.errors import NotReady
from tipoff.grade.metrics import hit_rate, point_errors, shifted_line
from tipoff.grade.settle import Settlement, settle
from tipoff.market.closing import Closed, closing_lines, closing_values
from tipoff.predict.activate import PREDICTIONS
from tipoff.rates import Rate
from tipoff.store.warehouse import Warehouse, Work, day_of

ACCURACY = "predictions.prediction_accuracy"
_KEY = ["player_lookup", "game_id", "system_id"]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class SystemRecord:
    """How one system fared on a day: counts of results, hit rate with its interval, and errors beside the line's on the same rows."""

    system_id: str
    predictions: int
    won: int
    lost: int
    push: int
    void: int
    hit_rate: Rate
    n_error: int
    mae: float | None
    n_lined: int
    mae_lined: float | None
    line_mae: float | None
    shifted_line_mae: float | None
    units: float


def grade(warehouse: Warehouse, game_date: date, *, now: datetime, run_id: str) -> list[SystemRecord]:
    """Grade the active predictions of a day and give each system's record. `now` (UTC) is when they were graded.

    Raises NotReady where there is no prediction, or no game of the day is final.
    """
    with warehouse.writing(run_id) as work:
        return grade_within(work, game_date, now)


def grade_within(work: Work, game_date: date, now: datetime) -> list[SystemRecord]:
    """The same within a unit of work that writes."""
    rows, settled = _settled(work, game_date)
    graded = _accuracy(rows, settled, now)
    stood = work.table(ACCURACY).filter(lambda t: t.game_date == day_of(game_date))
    gone = stood.anti_join(ibis.memtable(graded.select(_KEY)), _KEY)  # what was taken down since it was graded is graded no more
    work.remove(ACCURACY, work.fetch(gone.select(*_KEY)))
    work.merge(ACCURACY, graded)
    return records(rows, settled)


def day_records(work: Work, game_date: date) -> list[SystemRecord]:
    """Each system's record of a day by what is known now; nothing is written. Raises as `grade` does."""
    return records(*_settled(work, game_date))


def _settled(work: Work, game_date: date) -> tuple[pa.Table, Settlement]:
    played = work.ask(_games_of_predictions, game_date).column("game_id").to_pylist()
    rows = work.ask(_to_grade, game_date, known_games(Schedule.read(work), played, None))
    if rows.num_rows == 0:
        raise NotReady(f"There are no predictions for {game_date}.", hint=f"Run `tipoff night {game_date}` first.")
    rows = rows.filter(rows.column("over"))  # a game that goes on is graded when it is over
    completed = _floats(rows, "completed")
    if not (completed == 1).any():
        raise NotReady(f"No game of {game_date} is final and has its box score.", hint="Load its box scores, then grade again.")
    return _with_closes(work, rows), _settle(rows)


def _with_closes(work: Work, rows: pa.Table) -> pa.Table:
    """The rows with the close of each player beside them (`closing_lines`), as of the tip of the game's newest schedule."""
    games = rows.group_by(["game_id"], use_threads=False).aggregate([("tip", "max")]).rename_columns(["game_id", "tip"])
    closes = closing_lines(work, ibis.memtable(games.filter(pc.is_valid(games.column("tip")))), partial(spread_of_points, work))
    placed = rows.append_column("place", pa.array(np.arange(rows.num_rows)))
    joined = placed.join(closes, ["game_id", "player_lookup"], join_type="left outer")
    return joined.sort_by("place").drop_columns(["place"]).combine_chunks()


def _standing(work: Work, game_date: date) -> ir.Table:
    predictions = work.table(PREDICTIONS)
    return predictions.filter(predictions.game_date == day_of(game_date), predictions.is_active)


def _games_of_predictions(work: Work, game_date: date) -> ir.Table:
    return _standing(work, game_date).select("game_id").distinct()


def _to_grade(work: Work, game_date: date, games: ir.Table) -> ir.Table:
    """Active predictions with the actuals beside them. A game is completed when its box score is there, as only final ones have; one that
    the schedule calls final before waits for it: without it everybody would seem to have sat out. Who was listed out is told by the reports
    known at the tip, and no later one; the silence of a team that had not submitted tells nothing."""
    mine = _standing(work, game_date)
    box = work.as_of("raw.player_box", game_date=game_date)
    actual = box.select("game_id", "player_lookup", "minutes", "did_not_play", absence="reason", actual_points=box.points.cast("float64"))
    schedule = newest_schedule(work.table("raw.schedule")).select("game_id", "status", tip="commence_time")
    boxed = box.group_by("game_id").agg(boxed=box.count())
    listed = statuses(work, games).select("game_id", "player_lookup", "injury_status")
    joined = mine.left_join(actual, ["game_id", "player_lookup"]).drop("game_id_right", "player_lookup_right")
    joined = joined.left_join(schedule, "game_id").drop("game_id_right").left_join(boxed, "game_id").drop("game_id_right")
    joined = joined.left_join(listed, ["game_id", "player_lookup"]).drop("game_id_right", "player_lookup_right")
    joined = joined.left_join(coverage(work, games), "game_id").drop("game_id_right")
    joined = joined.left_join(silent_teams(work, games), ["game_id", "team"]).drop("game_id_right", "team_right")
    called_off = joined.status.isin(("postponed", "cancelled"))
    told = joined.injury_status.notnull() | (joined.covered_at.notnull() & joined.silent_at.isnull())
    return joined.mutate(
        over=(joined.boxed.notnull() | called_off).fill_null(False),
        completed=ibis.ifelse(called_off, 0.0, 1.0),
        listed_out=ibis.ifelse(told, (joined.injury_status == "out").fill_null(False).cast("float64"), ibis.null("float64")),
    ).order_by(["game_id", "player_lookup", "system_id"])


def _price(rows: pa.Table, side: np.ndarray[tuple[int], np.dtype[np.object_]]) -> Floats:
    """The price of a side of each row. Nobody can bet at a consensus: its prices tell what the market thought, and return nothing."""
    price = np.where(side == "OVER", _floats(rows, "over_price"), np.where(side == "UNDER", _floats(rows, "under_price"), np.nan))
    price[np.asarray(pc.fill_null(pc.equal(rows.column("line_kind"), "consensus"), False).to_numpy(zero_copy_only=False))] = np.nan
    return price


def _closing_values(rows: pa.Table) -> tuple[Floats, Floats]:
    """Both closing line values of the quote that was taken, for the side leant to; NaN where they are not measurable, or nothing was."""
    side = np.asarray(rows.column("side").to_pylist(), dtype=object)
    quoted = rows.column("quote_at").cast(pa.int64()).fill_null(np.iinfo(np.int64).max).to_numpy()
    points, chance = closing_values(Closed.of(rows), side == "OVER", _floats(rows, "line"), _price(rows, side), quoted)
    took = (side == "OVER") | (side == "UNDER")
    return np.where(took, points, np.nan), np.where(took, chance, np.nan)


def _settle(rows: pa.Table) -> Settlement:
    side = np.asarray(rows.column("recommendation").to_pylist(), dtype=object)
    price = _price(rows, side)
    absent = np.array([np.nan if flag is None else float(flag) for flag in rows.column("did_not_play").to_pylist()])
    return settle(
        predicted=_floats(rows, "predicted_points"),
        actual_points=_floats(rows, "actual_points"),
        did_not_play=np.nan_to_num(absent),
        minutes=_floats(rows, "minutes"),
        recommendation=side,
        line=_floats(rows, "line"),
        price=price,
        game_completed=_floats(rows, "completed"),
        listed_out_before_tip=_floats(rows, "listed_out"),
        reason=np.asarray(rows.column("absence").to_pylist(), dtype=object),
    )


def _result(settled: Settlement) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """The result of each row; who had no court time is VOID whatever was recommended."""
    void = np.array([reason is not None for reason in settled.void_reason], dtype=np.bool_)
    return np.where(void, "VOID", settled.result)


def _accuracy(rows: pa.Table, settled: Settlement, now: datetime) -> pa.Table:
    actual, line = _floats(rows, "actual_points"), _floats(rows, "line")
    actual = np.where(np.isnan(settled.signed_error), np.nan, actual)
    price = _price(rows, np.asarray(rows.column("recommendation").to_pylist(), dtype=object))
    clv_points, clv_prob = _closing_values(rows)
    whole = _floats(rows, "predicted_whole")
    decided = np.isfinite(actual) & np.isfinite(line)
    kept = ("player_lookup", "game_id", "system_id", "prediction_id", "game_date", "recommendation", "line", "edge", "p_over")
    return pa.table(
        {
            **{name: rows.column(name) for name in kept},
            "actual_points": _nullable(actual),
            "result": pa.array(_result(settled).tolist(), pa.string()),
            "void_reason": pa.array(settled.void_reason.tolist(), pa.string()),
            "prediction_correct": pa.array(settled.prediction_correct.tolist(), pa.bool_()),
            "signed_error": _nullable(settled.signed_error),
            "absolute_error": _nullable(np.abs(whole - actual)),
            "predicted_margin": _nullable(settled.predicted_margin),
            "actual_margin": _nullable(settled.actual_margin),
            "line_absolute_error": _nullable(np.abs(line - actual)),
            "shifted_line_absolute_error": _nullable(np.abs(shifted_line(line) - actual)),
            "went_over": pa.array([bool(a > b) if ok else None for a, b, ok in zip(actual, line, decided, strict=True)], pa.bool_()),
            "close_line": rows.column("close_line"),
            "close_minutes": rows.column("close_minutes"),
            "clv_points": _nullable(clv_points),
            "clv_prob": _nullable(clv_prob),
            "price": _nullable(price),
            "units": _nullable(settled.units),
            "graded_at": pa.repeat(pa.scalar(now, pa.timestamp("us", "UTC")), rows.num_rows),
        }
    )


def records(rows: pa.Table, settled: Settlement) -> list[SystemRecord]:
    """Each system's record, by the name of the system."""
    systems = np.asarray(rows.column("system_id").to_pylist(), dtype=object)
    result = _result(settled)
    whole, line = _floats(rows, "predicted_whole"), _floats(rows, "line")
    actual = np.where(np.isnan(settled.signed_error), np.nan, _floats(rows, "actual_points"))
    found = []
    for system in sorted(set(systems)):
        mine = systems == system
        lined = mine & np.isfinite(line) & np.isfinite(actual)
        errors, ours = point_errors(whole[mine], actual[mine]), point_errors(whole[lined], actual[lined])
        books, shifted = point_errors(line[lined], actual[lined]), point_errors(shifted_line(line[lined]), actual[lined])
        count: dict[str, int] = {word: int((result[mine] == word).sum()) for word in ("WIN", "LOSS", "PUSH", "VOID")}
        found.append(
            SystemRecord(
                system_id=str(system),
                predictions=int(mine.sum()),
                won=count["WIN"],
                lost=count["LOSS"],
                push=count["PUSH"],
                void=count["VOID"],
                hit_rate=hit_rate(result[mine]),
                n_error=errors.n,
                mae=errors.mae,
                n_lined=ours.n,
                mae_lined=ours.mae,
                line_mae=books.mae,
                shifted_line_mae=shifted.mae,
                units=float(np.nansum(settled.units[mine])),
            )
        )
    return found


def _floats(rows: pa.Table, name: str) -> Floats:
    return np.asarray(rows.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _nullable(values: Any) -> pa.Array:
    return pa.array(np.asarray(values, dtype=np.float64), pa.float64(), from_pandas=True)
