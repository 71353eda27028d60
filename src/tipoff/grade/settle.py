"""Settle: what became of each prediction, at the point and the price that were stored with it.

In: one array per column, all of shape (rows,) or scalars that stand for every row; None and NaN are missing. Out: a
`Settlement` of arrays of shape (rows,). Points are points, prices decimal, units flat stakes of 1. It must never know
where a box score or an injury report came from, nor compute a rate: that is `metrics`.

    >>> settle(
    ...     predicted=[26.1, 17.0], actual_points=[27.0, 18.0], did_not_play=False, minutes=[34.0, 30.0],
    ...     recommendation=["OVER", "UNDER"], line=[24.5, 18.0], price=[1.91, 1.87], game_completed=True,
    ... ).result.tolist()
    ['WIN', 'PUSH']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tipoff.errors import BadInput
from tipoff.market.prices import FloatArray, valid_price

ObjectArray = NDArray[np.object_]
Words = ArrayLike | Sequence[object]

RESULTS = ("WIN", "LOSS", "PUSH", "VOID")
VOID_REASONS = ("dnp_injury_confirmed", "dnp_late_scratch", "dnp_unknown", "game_not_completed")
RECOMMENDATIONS = ("OVER", "UNDER", "PASS", "NO_LINE")

_NO_RESULT, _NOT_VOID, _NOT_GRADED = len(RESULTS), len(VOID_REASONS), 2
_RESULT_WORDS = np.array([*RESULTS, None], dtype=np.object_)
_REASON_WORDS = np.array([*VOID_REASONS, None], dtype=np.object_)
_CORRECT_WORDS = np.array([True, False, None], dtype=np.object_)


@dataclass(frozen=True)
class Settlement:
    """What `settle` returns, row for row.

    - `result`: WIN, LOSS, PUSH or VOID; None for PASS and NO_LINE, which are graded for error only.
    - `void_reason`: one of `VOID_REASONS` on every row, of whatever recommendation, that has no actual points to be
      graded by; None elsewhere. So a PASS on a player who sat out is not forgotten either.
    - `prediction_correct`: True for WIN, False for LOSS, None elsewhere.
    - `signed_error` = predicted - actual, `absolute_error`, `predicted_margin` = predicted - line, `actual_margin` =
      actual - line, in points; NaN where a part is missing or the row is void.
    - `units`: price - 1 for WIN, -1 for LOSS, 0 for PUSH and VOID; NaN where nothing was staked, or where a WIN or LOSS
      has no price on record.
    """

    result: ObjectArray
    void_reason: ObjectArray
    prediction_correct: ObjectArray
    signed_error: FloatArray
    absolute_error: FloatArray
    predicted_margin: FloatArray
    actual_margin: FloatArray
    units: FloatArray


def settle(
    *,
    predicted: ArrayLike,
    actual_points: ArrayLike,
    did_not_play: ArrayLike,
    minutes: ArrayLike,
    recommendation: Words,
    line: ArrayLike,
    price: ArrayLike,
    game_completed: ArrayLike,
    listed_out_before_tip: Words | None = None,
    reason: Words | None = None,
) -> Settlement:
    """Grade predictions against final box scores; settling again with corrected ones simply gives the new answer.

    "VOID: no court time, or the game was not completed." No court time is: did_not_play, or zero minutes, or
    `actual_points` missing (a player absent from final actuals is void, not forgotten). Unknown minutes (NaN) beside
    points are court time. A game not known to be completed counts as not completed. A push is an actual equal to the
    line.

    The reason of a void, where the game was completed:

    - dnp_injury_confirmed: `listed_out_before_tip` is True: a report before the tip had him out;
    - dnp_late_scratch: it is False (a report covered the game and did not have him out), and `reason`, the box score's
      own words for his absence, names a cause other than the coach's decision;
    - dnp_unknown: everything else: no report covered him (None), no cause was given, or he was dressed and stayed on
      the bench.

    Raises BadInput for an unknown recommendation, and for an OVER or UNDER without a line: it cannot be settled.
    """
    columns = np.broadcast_arrays(
        _floats(predicted),
        _floats(actual_points),
        _floats(did_not_play),
        _floats(minutes),
        _floats(line),
        valid_price(price),
        _floats(game_completed),
        _floats(np.nan if listed_out_before_tip is None else listed_out_before_tip),
        np.asarray(recommendation, dtype=np.object_),
        np.asarray(reason, dtype=np.object_),
    )
    columns = np.atleast_1d(*columns)
    guess, actual, absent, played_minutes, point, decimal_price, completed, listed_out, side, words = columns
    is_over, is_under = side == "OVER", side == "UNDER"
    _refuse(~(is_over | is_under | (side == "PASS") | (side == "NO_LINE")), side, "recommendation is unknown")
    _refuse((is_over | is_under) & np.isnan(point), side, "recommendation has no line")

    not_completed = ~(completed == 1.0)
    void = not_completed | (absent == 1.0) | (played_minutes == 0.0) | np.isnan(actual)
    scored = np.where(void, np.nan, actual)
    margin = scored - point
    side_margin = np.where(is_under, -margin, margin)
    code = np.select([void, side_margin > 0.0, side_margin < 0.0, side_margin == 0.0], [3, 0, 1, 2], _NO_RESULT)
    code = np.where(is_over | is_under, code, _NO_RESULT)
    result = _RESULT_WORDS[code]
    error = guess - scored
    return Settlement(
        result=result,
        void_reason=_void_reason(void, not_completed, listed_out, words),
        prediction_correct=_CORRECT_WORDS[np.minimum(code, _NOT_GRADED)],
        signed_error=error,
        absolute_error=np.abs(error),
        predicted_margin=guess - point,
        actual_margin=margin,
        units=flat_units(result, decimal_price),
    )


def flat_units(result: Words, price: ArrayLike) -> FloatArray:
    """Profit of a stake of 1 at a decimal price: price - 1, -1, 0 and 0 for WIN, LOSS, PUSH and VOID; else NaN.

    A WIN or LOSS without a price is NaN, both alike: a sum that knew only its losses would lie. Given
    `prices.STANDARD_PRICE` it answers what the same picks had made at -110.
    """
    outcome = np.asarray(result, dtype=np.object_)
    win, loss, returned = outcome == "WIN", outcome == "LOSS", (outcome == "PUSH") | (outcome == "VOID")
    profit = valid_price(price) - 1.0
    return np.select([win, loss & ~np.isnan(profit), returned], [profit, -1.0, 0.0], np.nan)


def _void_reason(
    void: NDArray[np.bool_],
    not_completed: NDArray[np.bool_],
    listed_out: FloatArray,
    words: ObjectArray,
) -> ObjectArray:
    """The void reason of each row; the words are read only on rows that need them."""
    code = np.where(void, np.where(not_completed, 3, np.where(listed_out == 1.0, 0, 2)), _NOT_VOID)
    unlisted = np.flatnonzero((code == 2) & (listed_out == 0.0))
    text = words.ravel()[unlisted]
    given = (text != None) & (text == text)  # noqa: E711  elementwise: neither None nor NaN
    cause = np.strings.lower(np.strings.strip(text[given].astype(np.str_)))
    other_cause = (cause != "") & (np.strings.find(cause, "coach") < 0)
    np.put(code, unlisted[given][other_cause], 1)
    return np.asarray(_REASON_WORDS[code])


def _floats(values: Words) -> FloatArray:
    """Numbers or booleans as float64, None as NaN: so that a flag has three states, 1, 0 and unknown."""
    return np.asarray(values, dtype=np.float64)


def _refuse(wrong: NDArray[np.bool_], side: ObjectArray, complaint: str) -> None:
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise BadInput(
            f"{int(wrong.sum())} of {wrong.size} predictions cannot be settled: their {complaint}; the first is row "
            f"{first}, {side.ravel()[first]!r}.",
            hint=f"A recommendation is one of {', '.join(RECOMMENDATIONS)}, and the first two stand beside a line.",
        )
