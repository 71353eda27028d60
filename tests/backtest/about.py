"""What stands around a backtest's figures, invented: its plan as it is kept, and what the leak check said."""

from __future__ import annotations

from typing import Any


def planned(system_id: str, **given: Any) -> dict[str, Any]:
    """A system of the plan."""
    plain: dict[str, Any] = {
        "system_id": system_id,
        "family": "catboost",
        "features": "v12",
        "loss": "RMSE",
        "window": "1095d",
        "half_life_days": None,
        "feature_weights": {},
        "threshold": 1.0,
        "threshold_in": "points",
        "members": [],
        "parameters": {"depth": 6.0, "learning_rate": 0.05},
    }
    return plain | given


PLAN: dict[str, Any] = {
    "backtest_id": "2024-10-22-7d-a1b2",
    "start": "2024-10-22",
    "end": "2025-04-13",
    "refit_days": 7,
    "before_minutes": 0,
    "min_minutes": 8.0,
    "created_at": "2025-04-14T08:15:00.123456+00:00",
    "systems": [planned("one"), planned("two", family="ensemble", loss="none", members=["one", "three"], threshold_in="probability")],
    "recipes": {"one": "a1b2c3", "two": "d4e5f6"},
    "summary": {
        "folds": 25,
        "seconds_to_fit": 1234.56,
        "in_play": 31,
        "held_back": {"two": 3},
        "absences": {"no_line": 17, "low_minutes": 4200},
        "refused": {"three": {"2024-10-22": "Too little to learn from: 12 rows.", "2024-10-29": "Too little to learn from: 90 rows."}},
    },
}
CHECK: dict[str, Any] = {
    "first": "2024-10-22",
    "last": "2024-10-22",
    "moments": 160,
    "features": 65,
    "columns": 214,
    "compared": {"truncated": {"builds": 160, "rows": 9000}, "delayed": {"builds": 80, "rows": 4321}},
    "altered": ["raw.player_box"],
    "unaltered": ["ref.sources"],
    "findings": [],
}
LEAK: dict[str, Any] = {"checks": [CHECK, CHECK | {"first": "2025-01-02", "last": "2025-01-02"}]}
