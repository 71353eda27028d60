"""An invented night for the tests of `publish` and `web`: five games, ninety players who do not exist, three systems.

Everything follows from the seed. It fills tables directly, as the phases before publication would have left them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from tipoff.names import game_id, player_lookup
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Warehouse

NIGHT = date(2031, 2, 12)
MATCHES = (("BKN", "CLE", 0.0), ("MIA", "TOR", 0.5), ("CHI", "DAL", 1.5), ("DEN", "UTA", 2.0), ("PHX", "SAC", 3.0))
SYSTEMS = ("boosted_quantiles", "moving_average", "ridge_line")
BOOKS = ("draftkings", "fanduel", "betmgm", "betrivers", "espnbet", "ballybet")
_FIRST = (
    "Corvin",
    "Tavio",
    "Brem",
    "Osric",
    "Jundar",
    "Ilo",
    "Maddox",
    "Ketil",
    "Renzo",
    "Ansel",
    "Wystan",
    "Dario",
    "Yorick",
    "Fenno",
    "Luc",
)
_LAST = (
    "Ashdale",
    "Vellacourt",
    "Ombrese",
    "Quillan",
    "Tharsk",
    "Norvane",
    "Ibarrow",
    "Keldt",
    "Sundqvarr",
    "Petrakoss",
    "Mbelani",
    "Drusk",
)
_SPREAD = 0.34


def filling(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as Arrow, in the table's own types; columns that no row has are left out."""
    declared = table_named(name)
    given = [column for column in declared.columns if any(column.name in row for row in rows)]
    return pa.Table.from_pylist(rows, schema=pa.schema([(column.name, column.arrow) for column in given]))


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


@dataclass
class Night:
    """What is to be invented. `graded` plays the games; `threshold` is the edge that earns a recommendation."""

    night: date = NIGHT
    seed: int = 7
    graded: bool = False
    threshold: float = 1.0
    systems: tuple[str, ...] = SYSTEMS
    champion: str | None = None
    league: str = "practice"

    def tips(self) -> list[tuple[str, str, str, datetime]]:
        """(game, away, home, tip)."""
        first = datetime(self.night.year, self.night.month, self.night.day, tzinfo=UTC) + timedelta(days=1)
        return [(game_id(self.night, away, home), away, home, first + timedelta(hours=hours)) for away, home, hours in MATCHES]

    def men(self) -> list[Man]:
        """Nine a side, strongest first."""
        rng = np.random.default_rng(self.seed)
        found: list[Man] = []
        for game, away, home, tip in self.tips():
            for team, opponent in ((away, home), (home, away)):
                for place in range(9):
                    name = f"{_FIRST[len(found) % 15]} {_LAST[(len(found) * 7 + len(found) // 15) % 12]}"
                    if len(found) % 23 == 5:
                        name += " Jr."
                    level = max(3.5, 27.5 * math.exp(-0.24 * place) + float(rng.normal(0, 1.6)))
                    found.append(Man(player_lookup(name), name, team, opponent, team == home, game, tip, level, place))
        return found

    def schedule(self, warehouse: Warehouse) -> None:
        """The schedule, and the league's claim."""
        with warehouse.writing("invented") as work:
            work.claim_league(self.league)
            rng = np.random.default_rng(self.seed + 1)
            rows = []
            for game, away, home, tip in self.tips():
                row: dict[str, Any] = {
                    "game_id": game,
                    "league_game_id": f"L{game}",
                    "game_date": self.night,
                    "season": "2030-31",
                    "commence_time": tip,
                    "tip_assumed": False,
                    "home": home,
                    "away": away,
                    "game_type": "regular",
                    "status": "scheduled",
                    "known_at": tip - timedelta(days=20),
                    "source": "invented",
                    "origin_rank": 1,
                }
                rows.append(row)
                if self.graded:
                    scores = {"home_score": int(rng.integers(98, 128)), "away_score": int(rng.integers(98, 127))}
                    rows.append(row | {"status": "final", "known_at": tip + timedelta(hours=3)} | scores)
            work.merge("raw.schedule", filling("raw.schedule", rows))

    def people(self, warehouse: Warehouse) -> None:
        """Players, their past games, the circumstances and the market of this night."""
        rng = np.random.default_rng(self.seed + 2)
        men = self.men()
        with warehouse.writing("invented") as work:
            names = [{"player_lookup": man.lookup, "name": man.name, "team": man.team} for man in men]
            work.merge("ref.players", filling("ref.players", names))
            past = [row for man in men for row in _past(man, self.night, rng)]
            work.merge("analytics.player_game_summary", filling("analytics.player_game_summary", past))
            context = [_context(man, self.night, rng) for man in men]
            work.merge("analytics.upcoming_player_game_context", filling("analytics.upcoming_player_game_context", context))
            work.merge(
                "analytics.player_line_summary", filling("analytics.player_line_summary", [_line(man, rng) for man in men if man.place < 7])
            )
            work.merge("features.store", filling("features.store", [_features(man, self.night, rng) for man in men]))

    def opinions(self, warehouse: Warehouse) -> None:
        """Predictions of every system, and the reasons of those that it left out."""
        rng = np.random.default_rng(self.seed + 3)
        said: list[dict[str, Any]] = []
        silent: list[dict[str, Any]] = []
        for man in self.men():
            for place, system in enumerate(self.systems):
                reason = _reason(man, system)
                if reason is None:
                    said.append(_prediction(man, system, place, self.night, self.threshold, rng))
                else:
                    silent.append(_absence(man, system, reason, self.night))
        models = [_model(system, self.night, self.champion) for system in self.systems if system != "moving_average"]
        with warehouse.writing("invented") as work:
            work.merge("predictions.player_prop_predictions", filling("predictions.player_prop_predictions", said))
            work.merge("predictions.absences", filling("predictions.absences", silent))
            work.merge("models.registry", filling("models.registry", models))

    def play(self, warehouse: Warehouse) -> None:
        """Box scores and grades."""
        rng = np.random.default_rng(self.seed + 4)
        points = {man.lookup: (None if man.place == 8 or rng.random() < 0.03 else _points(man.level, rng)) for man in self.men()}
        box = [_box(man, points[man.lookup], self.night, rng) for man in self.men()]
        with warehouse.writing("invented") as work:
            said = work.fetch(work.table("predictions.player_prop_predictions")).to_pylist()
            grades = [_grade(row, points[row["player_lookup"]]) for row in said if row["game_date"] == self.night]
            work.merge("raw.player_box", filling("raw.player_box", box))
            work.merge("predictions.prediction_accuracy", filling("predictions.prediction_accuracy", grades))


def fill(warehouse: Warehouse, night: Night | None = None) -> Night:
    """Everything: the night as it stands before its first tip, or after its grading."""
    night = night or Night()
    night.schedule(warehouse)
    night.people(warehouse)
    night.opinions(warehouse)
    if night.graded:
        night.play(warehouse)
    return night


def _points(level: float, rng: np.random.Generator) -> int:
    return round(float(rng.gamma(shape=(1 / _SPREAD) ** 2, scale=level * _SPREAD**2)))


def _half(value: float) -> float:
    return math.floor(value) + 0.5


def _past(man: Man, night: date, rng: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for back in range(1, 13 if man.place != 7 else 4):
        points, line = _points(man.level, rng), _half(man.level + float(rng.normal(0, 1)))
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
                "points": points,
                "closing_line": line,
                "over_under_result": "OVER" if points > line else "UNDER",
                "margin": points - line,
                "known_at": man.tip - timedelta(days=2 * back),
            }
        )
    return rows


def _context(man: Man, night: date, rng: np.random.Generator) -> dict[str, Any]:
    total, spread = 221.5 + (hash_of(man.game) % 17) - 8, (hash_of(man.game) % 21) / 2 - 6
    status = {5: "questionable", 8: "out"}.get(man.place, "available")
    return {
        "game_id": man.game,
        "player_lookup": man.lookup,
        "as_of": man.tip - timedelta(hours=1),
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
        "newest_known_at": man.tip - timedelta(hours=1, minutes=14),
    }


def _line(man: Man, rng: np.random.Generator) -> dict[str, Any]:
    line, moved = _half(man.level - 0.4), float(rng.choice([-1.0, -0.5, 0.0, 0.0, 0.0, 0.5, 1.0]))
    over, under = rng.choice(len(BOOKS), 2)
    spread = float(rng.choice([0.0, 1.0, 1.0, 2.0]))
    return {
        "game_id": man.game,
        "player_lookup": man.lookup,
        "as_of": man.tip - timedelta(hours=1),
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
        "newest_known_at": man.tip - timedelta(hours=1, minutes=20),
    }


def _features(man: Man, night: date, rng: np.random.Generator) -> dict[str, Any]:
    score = 74.0 if man.place == 7 else 88 + float(rng.random()) * 11
    tier = "gold" if score >= 95 else "silver" if score >= 85 else "bronze"
    return {
        "game_id": man.game,
        "player_lookup": man.lookup,
        "as_of": man.tip - timedelta(hours=1),
        "game_date": night,
        "fatigue_score": round(60 + float(rng.random()) * 35, 1),
        "quality_score": score,
        "tier": tier,
        "missing": "points_avg_last_5=too_few_games" if man.place == 7 else "",
        "waived": "pct_paint,pct_mid_range,pct_three",
        "newest_known_at": man.tip - timedelta(hours=1, minutes=15),
    }


def _reason(man: Man, system: str) -> str | None:
    if man.place == 8:
        return "low_minutes" if hash_of(man.team) % 3 == 0 else "out"
    if man.place == 7 and system != "moving_average":
        return "not_quality_ready(points_avg_last_5)"
    return "doubtful" if man.place == 7 and hash_of(man.team) % 4 == 0 else None


def _absence(man: Man, system: str, reason: str, night: date) -> dict[str, Any]:
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
        "as_of": man.tip - timedelta(hours=1),
        "mended_by": "features" if reason.startswith("not_quality") else None,
        "has_line": False,
    }


def _prediction(man: Man, system: str, place: int, night: date, threshold: float, rng: np.random.Generator) -> dict[str, Any]:
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
        "as_of": man.tip - timedelta(hours=1),
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
    }


def _model(system: str, night: date, champion: str | None) -> dict[str, Any]:
    return {
        "model_id": f"{system}-m1",
        "system_id": system,
        "state": "champion" if system == champion else "candidate",
        "trained_until": night - timedelta(days=3),
        "created_at": datetime(2031, 2, 10, 9, tzinfo=UTC),
        "state_since": datetime(2031, 2, 10, 9, tzinfo=UTC),
    }


def _box(man: Man, points: int | None, night: date, rng: np.random.Generator) -> dict[str, Any]:
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


def _grade(row: dict[str, Any], points: int | None) -> dict[str, Any]:
    line, call = row["line"], row["recommendation"]
    grade = {
        **{
            name: row[name]
            for name in ("player_lookup", "game_id", "system_id", "prediction_id", "game_date", "recommendation", "line", "edge", "p_over")
        },
        "graded_at": datetime(2031, 2, 13, 9, tzinfo=UTC),
    }
    if points is None:
        return grade | {"result": "VOID" if call in {"OVER", "UNDER"} else None, "void_reason": "dnp_unknown", "units": 0.0}
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
