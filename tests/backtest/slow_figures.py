"""A backtest's figures computed row by row in plain Python: slow and obvious, for the fast ones to agree with.

Rows are those of `said`, each with its facts under "facts". Means come with their intervals from lists of (value, date).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from backtest.invented import Row
from tipoff.rates import clustered_mean, wilson

Pairs = list[tuple[float, float, Any]]


def joined(facts: list[Row], said: list[Row], system: str, season: str | None) -> list[Row]:
    """What a system said, of a season or of all."""
    known = {(row["game_id"], row["player_lookup"]): row for row in facts}
    rows = [row | {"facts": known[row["game_id"], row["player_lookup"]]} for row in said if row["system_id"] == system]
    return [row for row in rows if season in (None, row["facts"]["season"])]


def against(pairs: Pairs) -> Row:
    """Two losses on the same rows."""
    mean = clustered_mean([ours - other for ours, other, _ in pairs], [str(day) for *_, day in pairs])
    return {
        "n": len(pairs),
        "ours": sum(ours for ours, *_ in pairs) / len(pairs) if pairs else None,
        "reference": sum(other for _, other, _ in pairs) / len(pairs) if pairs else None,
        "difference": mean.mean,
        "low": mean.low,
        "high": mean.high,
        "dates": mean.clusters,
    }


def mean_of(values: Iterable[tuple[float | None, Any]]) -> Row:
    """A mean with its interval; what is missing is left out."""
    known = [(value, day) for value, day in values if value is not None]
    found = clustered_mean([value for value, _ in known], [str(day) for _, day in known])
    return {"n": found.n, "mean": found.mean, "low": found.low, "high": found.high, "clusters": found.clusters}


def losses(rows: list[Row], ours: Callable[[Row], float | None], other: Callable[[Row], float | None]) -> Row:
    """`against` over rows that have both."""
    both = [(ours(row), other(row), row["facts"]["game_date"]) for row in rows]
    return against([(a, b, day) for a, b, day in both if a is not None and b is not None])


def period(rows: list[Row]) -> Row:
    """Everything of one system over these rows but the calibration, which has tests of its own."""
    return {
        "player_games": len(rows),
        "errors": _errors(rows),
        "last_10": losses(rows, _miss, lambda row: _off(row["facts"]["last_10"], row)),
        "crps": losses(rows, lambda row: row["crps"], lambda row: row["facts"]["reference_crps"]),
        "lined": _lined([row for row in rows if _is_lined(row)]),
        "priced": _lined([row for row in rows if _is_lined(row) and row["facts"]["market_over"] is not None]),
        "coverage": [_coverage(rows, level) for level in (80, 90)],
        "picks": _bets(rows, "recommendation", "result", "units"),
        "sides": _bets(rows, "side", "side_result", "side_units"),
    }


def _is_lined(row: Row) -> bool:
    return row["facts"]["line"] is not None and row["facts"]["actual_points"] is not None


def _off(value: float | None, row: Row) -> float | None:
    actual = row["facts"]["actual_points"]
    return None if value is None or actual is None else abs(value - actual)


def _miss(row: Row) -> float | None:
    return _off(row["predicted_whole"], row)


def _errors(rows: list[Row]) -> Row:
    played = [row for row in rows if row["facts"]["actual_points"] is not None]
    n = len(played)

    def average(value: Callable[[Row, float], float]) -> float | None:
        return sum(value(row, row["facts"]["actual_points"]) for row in played) / n if n else None

    square = average(lambda row, actual: (row["predicted_mean"] - actual) ** 2)
    return {
        "n": n,
        "mae": average(lambda row, actual: abs(row["predicted_whole"] - actual)),
        "rmse": None if square is None else math.sqrt(square),
        "bias": average(lambda row, actual: row["predicted_mean"] - actual),
        "median_bias": average(lambda row, actual: row["predicted_points"] - actual),
    }


def _lined(rows: list[Row]) -> Row:
    def over(row: Row) -> float | None:
        margin = row["facts"]["actual_points"] - row["facts"]["line"]
        return None if margin == 0 else float(margin > 0)

    def brier(chance: Callable[[Row], float | None]) -> Callable[[Row], float | None]:
        return lambda row: None if chance(row) is None or over(row) is None else (chance(row) - over(row)) ** 2  # type: ignore[operator]

    def log_loss(chance: Callable[[Row], float | None]) -> Callable[[Row], float | None]:
        def of(row: Row) -> float | None:
            said, happened = chance(row), over(row)
            return None if said is None or happened is None else -math.log(said if happened else 1 - said)

        return of

    def probability(loss: Callable[[Callable[[Row], float | None]], Callable[[Row], float | None]]) -> Row:
        ours = loss(lambda row: row["consensus_over"])
        return {
            "against_market": losses(rows, ours, loss(lambda row: row["facts"]["market_over"])),
            "against_recalibrated": losses(rows, ours, loss(lambda row: row["facts"]["recalibrated_over"])),
            "against_even": losses(rows, ours, loss(lambda _row: 0.5)),
        }

    return {
        "line": losses(rows, _miss, lambda row: _off(row["facts"]["line"], row)),
        "shifted_line": losses(rows, _miss, lambda row: _off(math.floor(row["facts"]["line"]), row)),
        "margin": mean_of((row["predicted_points"] - row["facts"]["line"], row["facts"]["game_date"]) for row in rows),
        "brier": probability(brier),
        "log_loss": probability(log_loss),
    }


def _coverage(rows: list[Row], level: int) -> Row:
    low, high, mass = f"low_{level}", f"high_{level}", f"mass_{level}"
    known = [row for row in rows if row["facts"]["actual_points"] is not None and row[low] is not None]
    held = [row[low] <= row["facts"]["actual_points"] <= row[high] for row in known]
    return {
        "level": level / 100,
        "held": vars(wilson(sum(held), len(held))),
        "nominal": sum(row[mass] for row in known) / len(known) if known else None,
        "difference": mean_of((inside - row[mass], row["facts"]["game_date"]) for inside, row in zip(held, known, strict=True)),
    }


def _bets(rows: list[Row], side: str, result: str, units: str) -> Row:
    staked = [row for row in rows if row[side] in ("OVER", "UNDER")]

    def record(bets: list[Row]) -> Row:
        return _record(bets, side, result, units)

    def edge(row: Row) -> str:
        return next(name for name, end in (("[0,1)", 1), ("[1,3)", 3), ("[3,5)", 5), ("[5,7)", 7), ("[7,)", 99)) if row["edge"] < end)

    def chance(row: Row) -> str:
        ends = (("<0", 0), ("[0,.02)", 0.02), ("[.02,.04)", 0.04), ("[.04,.06)", 0.06), ("[.06,)", 9))
        value = row["edge_probability"]
        return "no price" if value is None else next(name for name, end in ends if value < end)

    def tier(row: Row) -> str:
        ends = (("<10", 10), ("[10,15)", 15), ("[15,20)", 20), ("[20,25)", 25), ("[25,)", 999))
        return next(name for name, end in ends if row["line"] < end)

    def split(bucket: Callable[[Row], str]) -> Row:
        return {name: record([row for row in staked if bucket(row) == name]) for name in {bucket(row) for row in staked}}

    kinds = {"by_edge": edge, "by_edge_probability": chance, "by_side": lambda row: row[side], "by_tier": tier}
    return {"total": record(staked)} | {name: split(bucket) for name, bucket in kinds.items()}


def _record(bets: list[Row], side: str, result: str, units: str) -> Row:
    decided = [row for row in bets if row[result] in ("WIN", "LOSS")]
    won = [row for row in decided if row[result] == "WIN"]

    def price(row: Row) -> float | None:
        return row["over_price"] if row[side] == "OVER" else row["under_price"]  # type: ignore[no-any-return]

    def under_wins(row: Row) -> bool:
        return row["facts"]["actual_points"] < row["line"]  # type: ignore[no-any-return]

    def standard(wins: bool) -> float:
        return 100 / 110 if wins else -1.0

    def at(row: Row, wins: bool) -> float | None:
        return None if row["under_price"] is None else row["under_price"] - 1 if wins else -1.0

    def mean(value: Callable[[Row], float | None], rows: list[Row]) -> Row:
        return mean_of((value(row), row["facts"]["game_date"]) for row in rows)

    priced = [row for row in decided if price(row) is not None]
    paid = [row[units] for row in decided if row[units] is not None]
    return {
        "bets": len(bets),
        "won": len(won),
        "lost": len(decided) - len(won),
        "push": sum(row[result] == "PUSH" for row in bets),
        "void": sum(row[result] == "VOID" for row in bets),
        "hit_rate": vars(wilson(len(won), len(decided))),
        "priced_hit_rate": vars(wilson(sum(row[result] == "WIN" for row in priced), len(priced))),
        "break_even": sum(1 / row_price for row in priced if (row_price := price(row))) / len(priced) if priced else None,
        "units": sum(paid) if paid else None,
        "roi": mean(lambda row: row[units], decided),
        "roi_standard": mean(lambda row: standard(row[result] == "WIN"), decided),
        "under": {
            "hit_rate": vars(wilson(sum(map(under_wins, decided)), len(decided))),
            "roi": mean(lambda row: at(row, under_wins(row)), decided),
            "roi_standard": mean(lambda row: standard(under_wins(row)), decided),
        },
        "clv_points": mean(lambda row: row["clv_points"], bets),
        "clv_prob": mean(lambda row: row["clv_prob"], bets),
    }
