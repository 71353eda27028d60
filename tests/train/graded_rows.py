"""Predictions with their grades, written by hand: what `predict` and `grade` would have left in a warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tipoff.predict.activate import PREDICTIONS
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Warehouse
from tipoff.train.evidence import ACCURACY

DAY = date(2025, 11, 30)
NOON = datetime(2025, 12, 1, 17, tzinfo=UTC)


@dataclass(frozen=True)
class Bet:
    """One graded prediction. `back`: days before `DAY`; `price` is that of the side recommended."""

    result: str | None = "WIN"
    back: int = 0
    system: str = "echo"
    side: str = "OVER"
    price: float | None = 1.9
    line: float | None = 20.5
    points: float | None = 23.0
    predicted: float = 22.0
    over: float = 0.54
    push: float = 0.0
    model: str = ""
    kind: str = "sportsbook"

    def rows(self, place: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The prediction, and its grade."""
        key = {
            "game_id": f"g{place // 10}",
            "player_lookup": f"p{place}",
            "system_id": self.system,
            "prediction_id": f"{self.system}-{place}",
        }
        day = DAY - timedelta(days=self.back)
        lined = self.line is not None
        told = {"game_date": day, "recommendation": self.side, "line": self.line, "p_over": self.over * (1 - self.push) if lined else None}
        prices = {"over_price": 1.9, "under_price": 1.9} | (
            {f"{self.side.lower()}_price": self.price} if self.side in ("OVER", "UNDER") else {}
        )
        said = {
            "model_id": self.model or f"{self.system}-1",
            "predicted_points": self.predicted,
            "predicted_whole": round(self.predicted),
            "p_push": self.push if lined else None,
            "is_active": True,
            "line_kind": self.kind,
            **(prices if lined else {"over_price": None, "under_price": None}),
        }
        played = self.points is not None
        grade = {
            "result": self.result,
            "actual_points": self.points,
            "price": self.price if self.side in ("OVER", "UNDER") else None,
            "signed_error": self.predicted - self.points if self.points is not None else None,
            "absolute_error": abs(round(self.predicted) - self.points) if self.points is not None else None,
            "actual_margin": self.points - self.line if self.points is not None and self.line is not None else None,
            "went_over": self.points > self.line if self.points is not None and self.line is not None and played else None,
            "graded_at": NOON,
        }
        return key | told | said, key | told | grade


def keep(warehouse: Warehouse, bets: Sequence[Bet], first: int = 0) -> None:
    """Store them, numbered from `first` on."""
    pairs = [bet.rows(place) for place, bet in enumerate(bets, first)]
    with warehouse.writing("graded rows") as work:
        work.merge(PREDICTIONS, table_of(PREDICTIONS, [said for said, _ in pairs]))
        work.merge(ACCURACY, table_of(ACCURACY, [grade for _, grade in pairs]))


def streak(won: int, lost: int, **given: Any) -> list[Bet]:
    """So many won and so many lost."""
    return [Bet("WIN", **given)] * won + [Bet("LOSS", **given)] * lost


def model(model_id: str, system: str = "echo", trained_until: date = DAY, **given: Any) -> dict[str, Any]:
    """A row of the registry."""
    row: dict[str, Any] = {
        "model_id": model_id,
        "system_id": system,
        "trained_until": trained_until,
        "metrics": '{"lined_log_loss": 0.69}',
        "state": "candidate",
        "state_since": NOON,
        "created_at": NOON,
    }
    return row | given
