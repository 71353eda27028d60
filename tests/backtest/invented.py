"""A backtest's tables, invented: rows as dictionaries, from which tests leave out, bend and plant what they are about."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pyarrow as pa

Row = dict[str, Any]

_FLOATS = pa.float64()
FACTS = pa.schema(
    [
        *[(name, pa.string()) for name in ("game_id", "player_lookup", "season")],
        ("game_date", pa.date32()),
        *[(name, _FLOATS) for name in ("actual_points", "line", "market_over", "recalibrated_over", "last_10", "reference_crps")],
    ]
)
SAID = pa.schema(
    [
        *[(name, pa.string()) for name in ("system_id", "model_id", "game_id", "player_lookup")],
        *[(name, _FLOATS) for name in ("predicted_points", "predicted_mean", "consensus_over", "line", "over_price", "under_price")],
        ("predicted_whole", pa.int64()),
        *[(name, _FLOATS) for name in ("edge", "edge_probability", "units", "side_units", "crps", "log_score", "clv_points", "clv_prob")],
        *[(name, _FLOATS) for name in ("low_80", "high_80", "mass_80", "low_90", "high_90", "mass_90")],
        *[(name, pa.string()) for name in ("side", "recommendation", "result", "side_result", "bookmaker")],
        ("game_date", pa.date32()),
        *[(name, _FLOATS) for name in ("p_over", "p_push", "p_under")],
    ]
)


def tables(facts: list[Row], said: list[Row]) -> tuple[pa.Table, pa.Table]:
    """As the backtest writes them."""
    return pa.Table.from_pylist(facts, FACTS), pa.Table.from_pylist(said, SAID)


def fact(number: int, **given: Any) -> Row:
    """A player-game with a half line, prices on both sides and an outcome; one on each date."""
    plain = {
        "game_id": f"game{number}",
        "player_lookup": f"player{number}",
        "season": "2024-25",
        "game_date": date(2024, 11, 4) + timedelta(days=number),
        "actual_points": 20.0,
        "line": 18.5,
        "market_over": 0.52,
        "recalibrated_over": 0.5,
        "last_10": 17.0,
        "reference_crps": 3.4,
    }
    return plain | given


def word(about: Row, **given: Any) -> Row:
    """What a system said of a player-game: OVER, recommended, at the consensus line and fair prices; settled as the outcome has it."""
    row = {
        "system_id": "one",
        "model_id": "one-1",
        "game_id": about["game_id"],
        "player_lookup": about["player_lookup"],
        "game_date": about["game_date"],
        "bookmaker": "draftkings",
        "p_over": 0.55,
        "p_push": 0.0,
        "p_under": 0.45,
        "predicted_points": 20.2,
        "predicted_mean": 20.9,
        "predicted_whole": 20,
        "consensus_over": 0.55,
        "line": about["line"],
        "over_price": 1.9,
        "under_price": 2.0,
        "edge": 1.7,
        "edge_probability": 0.024,
        "side": "OVER",
        "recommendation": "OVER",
        "crps": 3.2,
        "log_score": 2.9,
        "low_80": 12.0,
        "high_80": 29.0,
        "mass_80": 0.83,
        "low_90": 10.0,
        "high_90": 33.0,
        "mass_90": 0.92,
        "clv_points": 0.5,
        "clv_prob": -0.01,
    }
    row |= given
    result = settled(row["side"], row["line"], about["actual_points"])
    price = row["over_price"] if row["side"] == "OVER" else row["under_price"]
    won = units(result, price)
    taken = row["recommendation"] in ("OVER", "UNDER")
    row |= {
        "side_result": result,
        "side_units": won,
        "result": result if taken or result == "VOID" else None,
        "units": won if taken else None,
    }
    return row | given


def settled(side: str | None, line: float | None, actual: float | None) -> str | None:
    """What becomes of a bet."""
    if side is None or line is None:
        return None
    if actual is None:
        return "VOID"
    margin = actual - line if side == "OVER" else line - actual
    return "WIN" if margin > 0 else "LOSS" if margin < 0 else "PUSH"


def units(result: str | None, price: float | None) -> float | None:
    """Of a stake of 1."""
    if result in ("PUSH", "VOID"):
        return 0.0
    if result is None or price is None:
        return None
    return price - 1 if result == "WIN" else -1.0


def at_random(seed: int, size: int, systems: tuple[str, ...] = ("one", "two")) -> tuple[list[Row], list[Row]]:
    """A season and a half in which everything that can be missing sometimes is."""
    draw = Random(seed)

    def perhaps(value: Any, missing: float = 0.2) -> Any:
        return None if draw.random() < missing else value

    facts, said = [], []
    for number in range(size):
        day = draw.randrange(6)
        line = perhaps(draw.randrange(4, 60) / 2, 0.3)
        market = perhaps(draw.choice([0.45, 0.5, 0.55])) if line is not None else None
        row = fact(
            number,
            season="2023-24" if day < 4 else "2024-25",
            game_date=date(2024, 4, 1) + timedelta(days=day if day < 4 else 200 + 7 * day),
            actual_points=perhaps(float(draw.randrange(35)), 0.1),
            line=line,
            market_over=market,
            recalibrated_over=None if market is None else perhaps(market - 0.01),
            last_10=perhaps(draw.uniform(2, 30)),
            reference_crps=perhaps(draw.uniform(1, 6)),
        )
        facts.append(row)
        said += [word(row, **_opinion(draw, perhaps, row, system)) for system in systems if draw.random() < 0.9]
    return facts, said


def _opinion(draw: Random, perhaps: Any, row: Row, system: str) -> Row:
    predicted = draw.uniform(2, 32)
    lined = row["line"] is not None
    taken = row["line"] + draw.choice([-0.5, 0.0, 0.5]) if lined else None
    side = None if taken is None else "OVER" if predicted > taken else "UNDER"
    priced = lined and draw.random() < 0.7
    return {
        "system_id": system,
        "model_id": f"{system}-{draw.randrange(3)}",
        "predicted_points": predicted,
        "predicted_mean": predicted + 0.5,
        "predicted_whole": round(predicted),
        "consensus_over": perhaps(draw.choice([0.3, 0.45, 0.5, 0.6])) if lined else None,
        "line": taken,
        "over_price": draw.uniform(1.7, 2.1) if priced else None,
        "under_price": perhaps(draw.uniform(1.7, 2.1)) if priced else None,
        "edge": None if taken is None else abs(predicted - taken),
        "edge_probability": perhaps(draw.choice([-0.03, 0.0, 0.01, 0.02, 0.05, 0.2])) if priced else None,
        "side": side,
        "recommendation": "NO_LINE" if not lined else draw.choice([side, "PASS"]),
        "crps": perhaps(draw.uniform(1, 6)),
        "low_80": perhaps(float(draw.randrange(10))),
        "high_80": float(draw.randrange(10, 30)),
        "mass_80": draw.uniform(0.8, 0.86),
        "mass_90": draw.uniform(0.9, 0.95),
        "clv_points": perhaps(draw.choice([-0.5, 0.0, 1.0]), 0.5) if lined else None,
        "clv_prob": perhaps(draw.uniform(-0.1, 0.1), 0.5) if lined else None,
    }
