"""Slates written by hand: who is on them, with what features, how good the rows are, and what the books quote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from tipoff.features.build import Built
from tipoff.features.quality import Scores
from tipoff.features.registry import FEATURE_VERSION, feature_hash, feature_set
from tipoff.predict.artefacts import Manifest, library_version
from tipoff.predict.families import Matrix, Vector
from tipoff.predict.slate import Slate, SlateOptions, Spoken, slate_of, speak
from tipoff.predict.speakers import Single
from tipoff.predict.systems import System
from tipoff.predict.voices import LEVELS, Scaled
from tipoff.store.tables.features import catalogue

DAY = date(2025, 11, 5)
TIP = datetime(2025, 11, 6, 0, 30, tzinfo=UTC)
AS_OF = TIP - timedelta(minutes=10)
GAME = "20251105_LAL_BOS"
NAN = float("nan")


@dataclass(frozen=True)
class Man:
    """A player on a slate: his features of interest, the state of his row, and what is reported of him."""

    name: str
    line: float | None = 20.5
    estimate: float | None = 21.0
    minutes: float | None = 30.0
    status: str | None = "available"
    score: float = 96.0
    matchup: float = 100.0
    missing: str = ""
    game: str = GAME

    @property
    def lacking(self) -> int:
        return len(self.missing.split(", ")) if self.missing else 0


def _number(value: float | None) -> float:
    return NAN if value is None else value


def built(men: Sequence[Man]) -> Built:
    """The feature rows of a slate; what the model is to estimate stands in `points_avg_last_10`."""
    size = len(men)
    ingredients = pa.table(
        {
            "game_id": [man.game for man in men],
            "player_lookup": [man.name for man in men],
            "game_date": pa.array([DAY] * size, pa.date32()),
            "team": ["BOS"] * size,
            "opponent": ["LAL"] * size,
            "as_of": pa.array([AS_OF] * size, pa.timestamp("us", "UTC")),
            "injury_status": pa.array([man.status for man in men], pa.string()),
        }
    )
    values = {entry.name: np.full(size, NAN) for entry in catalogue()}
    values["vegas_points_line"] = np.array([_number(man.line) for man in men])
    values["points_avg_last_10"] = np.array([_number(man.estimate) for man in men])
    values["minutes_avg_last_10"] = np.array([_number(man.minutes) for man in men])
    lacking = np.array([man.lacking for man in men], dtype=np.int64)
    score = np.array([man.score for man in men])
    matchup = np.array([man.matchup for man in men])
    scores = Scores(
        score=score,
        tier=np.array(["gold"] * size, dtype=object),
        by_category={"matchup": matchup},
        missing_required=lacking,
        missing=np.array([man.missing for man in men], dtype=object),
        waived=np.array([""] * size, dtype=object),
        ready=(score >= 70) & (matchup >= 50) & (lacking == 0),
    )
    return Built(ingredients, values, {}, {}, scores, np.zeros(size, dtype=np.bool_), {})


def quote(name: str, point: float, *, book: str = "draftkings", over: float | None = 1.9, under: float | None = 1.9) -> dict[str, Any]:
    return {
        "game_id": GAME,
        "player_lookup": name,
        "bookmaker": book,
        "line_kind": "sportsbook",
        "point": point,
        "over_price": over,
        "under_price": under,
        "snapshot_at": AS_OF - timedelta(minutes=1),
    }


def quotes(*rows: dict[str, Any]) -> pa.Table:
    kinds = {"point": pa.float64(), "over_price": pa.float64(), "under_price": pa.float64(), "snapshot_at": pa.timestamp("us", "UTC")}
    names = list(quote("x", 1.0))
    return pa.Table.from_pylist(list(rows), schema=pa.schema([(name, kinds.get(name, pa.string())) for name in names]))


class Echo:
    """A model that estimates what stands in a player's average of ten games, and more by a constant."""

    suffix = "json"
    rounds = 0

    def __init__(self, names: tuple[str, ...], above: float = 0.0) -> None:
        self._place = names.index("points_avg_last_10")
        self._above = above

    def predict(self, features: Matrix) -> Vector:
        return np.asarray(features[:, self._place] + self._above)

    def to_bytes(self) -> bytes:
        return b"{}"


SYSTEM = System(system_id="echo", family="moving_average", features="v9", threshold=1.0)
OPTIONS = SlateOptions("a batch", "first", 8.0)


def even() -> Scaled:
    """Misses that are as often above as below: the median is the estimate."""
    return Scaled(2.0, 0.2, tuple(np.linspace(-2.5, 2.5, LEVELS).tolist()))


def echo(above: float = 0.0) -> Single:
    """The echo, ready to speak."""
    names = feature_set(SYSTEM.features)
    return Single("echo-1", names, Echo(names, above), even())


def slate(men: Sequence[Man], *rows: dict[str, Any], options: SlateOptions = OPTIONS) -> Slate:
    """The slate of these players at these quotes."""
    return slate_of(built(men), quotes(*rows), options)


def said(men: Sequence[Man], *rows: dict[str, Any], above: float = 0.0, options: SlateOptions = OPTIONS) -> Spoken:
    """What the echo says of them."""
    return speak(slate(men, *rows, options=options), SYSTEM, "echo-1", echo(above))


def manifest(**given: Any) -> Manifest:
    """That of the echo, or of another."""
    names = feature_set(given.get("feature_set", SYSTEM.features))
    about: dict[str, Any] = {
        "model_id": "echo-1",
        "system_id": "echo",
        "family": "moving_average",
        "feature_set": SYSTEM.features,
        "features": names,
        "feature_hash": feature_hash(names),
        "feature_version": FEATURE_VERSION,
        "loss": "none",
        "window": "1095d",
        "threshold": 1.0,
        "threshold_in": "points",
        "recipe_hash": "x",
        "trained_from": "2025-01-01",
        "trained_until": "2025-11-04",
        "rows": 1000,
        "rounds": 0,
        "data_hash": "x",
        "seed": 1,
        "library_version": library_version("moving_average"),
        "sha256": "",
        "artefact": "models/echo-1/model.json",
        "voice": {},
        "members": {},
        "metrics": {},
        "canary": {"features": [], "means": []},
    }
    return Manifest(**(about | given))
