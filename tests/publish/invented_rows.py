"""Rows about players who do not exist: what each phase before publication would have left in its table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from tipoff.names import game_id

BOOKS = ("draftkings", "fanduel", "betmgm", "betrivers", "espnbet", "ballybet")
_SPREAD = 0.34


@dataclass(frozen=True)
class Man:
    """One invented player and his level."""

    lookup: str
    name: str
    team: str
    opponent: str
    home: bool
    game: str
    tip: datetime
    level: float
    place: int

    @property
    def snapshot(self) -> datetime:
        """The moment of knowledge: 18:00 New York on the night, before every tip."""
        return self.tip.replace(hour=0, minute=0) - timedelta(hours=1)


def points_of(level: float, rng: np.random.Generator) -> int:
    return round(float(rng.gamma(shape=(1 / _SPREAD) ** 2, scale=level * _SPREAD**2)))


def _half(value: float) -> float:
    return math.floor(value) + 0.5


def past_rows(man: Man, night: date, rng: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for back in range(1, 13 if man.place != 7 else 4):
        points, line = points_of(man.level, rng), _half(man.level + float(rng.normal(0, 1)))
        day = night - timedelta(days=2 * back)
        rows.append(
            {
                "game_id": game_id(day, man.team, man.opponent),
                "player_lookup": man.lookup,
                "game_date": day,
                "season": "2030-31",
                "team": man.team,
                "opponent": man.opponent,
                "did_not_play": False,
                "minutes": round(14 + man.level * 0.75 + float(rng.normal(0, 3)), 1),
                "usage_rate": 12.0 + man.level * 0.5 + back % 4,
                "points": points,
                "closing_line": line,
                "over_under_result": "OVER" if points > line else "UNDER",
                "margin": points - line,
                "known_at": man.tip - timedelta(days=2 * back),
            }
        )
    return rows


def context_row(man: Man, night: date, rng: np.random.Generator) -> dict[str, Any]:
    total, spread = 221.5 + (hash_of(man.game) % 17) - 8, (hash_of(man.game) % 21) / 2 - 6
    status = {5: "questionable", 8: "out"}.get(man.place, "available")
    return {
        "game_id": man.game,
        "player_lookup": man.lookup,
        "as_of": man.snapshot,
        "game_date": night,
        "season": "2030-31",
        "commence_time": man.tip,
        "team": man.team,
        "opponent": man.opponent,
        "home": man.home,
        "days_rest": float(hash_of(man.team) % 3),
        "game_total": total,
        "home_spread": spread,
        "injury_status": status,
        "star_teammates_out": float(man.team in {"TOR", "DEN"}),
        "streak_over": int(rng.integers(0, 5)),
        "streak_under": 0,
        "newest_known_at": man.snapshot,
    }


def line_row(man: Man, rng: np.random.Generator) -> dict[str, Any]:
    line, moved = _half(man.level - 0.4), float(rng.choice([-1.0, -0.5, 0.0, 0.0, 0.0, 0.5, 1.0]))
    over, under = rng.choice(len(BOOKS), 2)
    spread = float(rng.choice([0.0, 1.0, 1.0, 2.0]))
    return {
        "game_id": man.game,
        "player_lookup": man.lookup,
        "as_of": man.snapshot,
        "line_kind": "sportsbook",
        "consensus_line": line,
        "line_range": spread,
        "book_count": int(rng.integers(4, 12)),
        "opening_line": line - moved,
        "line_movement": moved,
        "implied_over": round(0.5 + float(rng.normal(0, 0.02)), 3),
        "best_over_book": BOOKS[over],
        "best_over_point": line - spread / 2,
        "best_over_price": 1.95,
        "best_under_book": BOOKS[under],
        "best_under_point": line + spread / 2,
        "best_under_price": 1.93,
        "newest_known_at": man.snapshot,
    }


def features_row(man: Man, night: date, rng: np.random.Generator) -> dict[str, Any]:
    score = 74.0 if man.place == 7 else 88 + float(rng.random()) * 11
    tier = "gold" if score >= 95 else "silver" if score >= 85 else "bronze"
    return {
        "game_id": man.game,
        "player_lookup": man.lookup,
        "as_of": man.snapshot,
        "game_date": night,
        "fatigue_score": round(60 + float(rng.random()) * 35, 1),
        "quality_score": score,
        "tier": tier,
        "missing": "points_avg_last_5=too_few_games" if man.place == 7 else "",
        "waived": "pct_paint,pct_mid_range,pct_three",
        "newest_known_at": man.snapshot,
    }


def reason_of(man: Man, system: str) -> str | None:
    if man.place == 8:
        return "low_minutes" if hash_of(man.team) % 3 == 0 else "out"
    if man.place == 7 and system != "moving_average":
        return "not_quality_ready(points_avg_last_5)"
    return "doubtful" if man.place == 7 and hash_of(man.team) % 4 == 0 else None


def absence_row(man: Man, system: str, reason: str, night: date) -> dict[str, Any]:
    detail = {"out": "listed out, left ankle", "low_minutes": "5.1 minutes a game, and no line", "doubtful": "listed doubtful, illness"}
    return {
        "game_id": man.game,
        "player_lookup": man.lookup,
        "system_id": system,
        "batch_id": "b1",
        "game_date": night,
        "team": man.team,
        "reason": reason,
        "detail": detail.get(reason, "a required feature is missing"),
        "as_of": man.snapshot,
        "mended_by": "features" if reason.startswith("not_quality") else None,
        "has_line": False,
    }


def prediction_row(man: Man, system: str, place: int, night: date, threshold: float, rng: np.random.Generator) -> dict[str, Any]:
    mean = max(1.0, man.level + float(rng.normal(0, 1.3)) + (0.5 - 0.4 * place))
    sd = mean * _SPREAD * float(rng.uniform(0.9, 1.1)) + 0.8
    median = mean - sd * sd / mean / 6
    line = _half(man.level - 0.4) if man.place < 7 else None
    row: dict[str, Any] = {
        "prediction_id": f"{man.game}-{man.lookup}-{system}",
        "game_id": man.game,
        "player_lookup": man.lookup,
        "system_id": system,
        "model_id": f"{system}-m1",
        "game_date": night,
        "team": man.team,
        "opponent": man.opponent,
        "predicted_points": median,
        "predicted_mean": mean,
        "predicted_whole": round(median),
        "sd": sd,
        "recommendation": "NO_LINE",
        "line_source": "NO_PROP_LINE",
        "is_active": True,
        "quality_score": 91.0,
        "batch_id": "b1",
        "run_mode": "first",
        "as_of": man.snapshot,
    }
    if line is None:
        return row
    over = 0.5 * math.erfc((line - median) / sd / math.sqrt(2))
    margin = median - line
    call = "PASS" if abs(margin) < threshold else "OVER" if margin > 0 else "UNDER"
    return row | {
        "p_over": over,
        "p_push": 0.0,
        "p_under": 1 - over,
        "line": line,
        "line_source": "ACTUAL_PROP",
        "line_kind": "sportsbook",
        "bookmaker": BOOKS[hash_of(man.lookup) % 6],
        "over_price": 1.91,
        "under_price": 1.89,
        "edge": abs(margin),
        "line_margin": margin,
        "recommendation": call,
        "side": "OVER" if margin > 0 else "UNDER",
        "edge_probability": over - 1 / 1.91 if margin > 0 else 1 - over - 1 / 1.89,
    }


def model_row(system: str, night: date, champion: str | None) -> dict[str, Any]:
    return {
        "model_id": f"{system}-m1",
        "system_id": system,
        "state": "champion" if system == champion else "candidate",
        "trained_until": night - timedelta(days=3),
        "created_at": datetime(2031, 2, 10, 9, tzinfo=UTC),
        "state_since": datetime(2031, 2, 10, 9, tzinfo=UTC),
    }


def box_row(man: Man, points: int | None, night: date, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "game_id": man.game,
        "player_lookup": man.lookup,
        "game_date": night,
        "team": man.team,
        "opponent": man.opponent,
        "home": man.home,
        "minutes": 0.0 if points is None else 14 + man.level * 0.75 + float(rng.normal(0, 3)),
        "points": points,
        "did_not_play": points is None,
        "known_at": man.tip + timedelta(hours=3),
        "source": "invented",
        "origin_rank": 1,
    }


def grade_row(row: dict[str, Any], points: int | None) -> dict[str, Any]:
    line, call = row["line"], row["recommendation"]
    grade = {
        **{
            name: row[name]
            for name in ("player_lookup", "game_id", "system_id", "prediction_id", "game_date", "recommendation", "line", "edge", "p_over")
        },
        "graded_at": datetime(2031, 2, 13, 9, tzinfo=UTC),
    }
    if points is None:
        return grade | {"result": "VOID", "void_reason": "dnp_unknown", "units": 0.0}  # also of a pass, as grading has it
    grade |= {
        "actual_points": float(points),
        "signed_error": row["predicted_points"] - points,
        "absolute_error": abs(row["predicted_whole"] - points),
    }
    if line is None:
        return grade
    errors = {"line_absolute_error": abs(line - points), "shifted_line_absolute_error": abs(math.floor(line) - points)}
    grade |= errors | {"went_over": points > line, "actual_margin": points - line, "predicted_margin": row["line_margin"]}
    if call not in {"OVER", "UNDER"}:
        return grade
    won = (points > line) == (call == "OVER")
    price = row["over_price"] if call == "OVER" else row["under_price"]
    result = "PUSH" if points == line else "WIN" if won else "LOSS"
    return grade | {
        "result": result,
        "price": price,
        "units": {"WIN": price - 1, "LOSS": -1.0, "PUSH": 0.0}[result],
        "clv_points": 0.5 if won else None,
    }


def hash_of(text: str) -> int:
    """A small stable number for a text."""
    return sum(ord(char) * (place + 3) for place, char in enumerate(text))
