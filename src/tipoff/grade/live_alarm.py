"""The alarm on live figures: the same limits as a backtest's, on what was graded lately. A figure that is too good is a leak until shown
otherwise.

In: graded predictions. Out: alarms, by system. It must never know what follows from one.
"""

from __future__ import annotations

from datetime import date

from tipoff.grade.backtest_alarm import LEAST_BETS, MOST_BELOW_THE_LINE, MOST_HIT_RATE, Alarm
from tipoff.rates import wilson
from tipoff.store.warehouse import Work, day_of

ACCURACY = "predictions.prediction_accuracy"


def live_alarms(work: Work, since: date, last: date) -> dict[str, list[Alarm]]:
    """By system what is too good to be believed, of the game days from `since` to `last`; systems without an alarm are not in it.

    The hit rate is that of decided recommendations; the error that of the whole-number median beside the line's on the same rows, over at
    least as many of them.
    """
    rows = work.table(ACCURACY)
    rows = rows.filter(rows.game_date >= day_of(since), rows.game_date <= day_of(last))
    both = rows.absolute_error.notnull() & rows.line_absolute_error.notnull()
    sums = rows.group_by("system_id").agg(
        won=(rows.result == "WIN").fill_null(False).sum(),
        decided=rows.result.isin(("WIN", "LOSS")).fill_null(False).sum(),
        lined=both.sum(),
        below=(rows.absolute_error - rows.line_absolute_error).mean(where=both),
    )
    found: dict[str, list[Alarm]] = {}
    for row in work.fetch(sums.order_by("system_id")).to_pylist():
        rate = wilson(row["won"], row["decided"])
        alarms = []
        if rate.rate is not None and rate.n >= LEAST_BETS and rate.rate > MOST_HIT_RATE:
            alarms.append(Alarm("hit rate", rate.rate, MOST_HIT_RATE, rate.n))
        if row["lined"] >= LEAST_BETS and row["below"] < -MOST_BELOW_THE_LINE:
            alarms.append(Alarm("MAE less the line's", row["below"], -MOST_BELOW_THE_LINE, row["lined"]))
        if alarms:
            found[row["system_id"]] = alarms
    return found
