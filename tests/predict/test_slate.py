"""A slate's predictions: who is fit, which quote is taken, what is recommended, when a system is held back."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from load.bench import Bench
from predict.slates import SYSTEM, Man, built, loaded, quote, quotes
from tipoff.features.quality import MIN_SCORE, RunMode
from tipoff.predict.slate import GUARD_MEAN, GUARD_ROWS, SlateOptions, Spoken, fitness, held_back, recommend, speak

OPTIONS = SlateOptions("a batch", "first", 8.0)


def said(bench: Bench, men: list[Man], *rows: dict[str, Any], above: float = 0.0, options: SlateOptions = OPTIONS) -> Spoken:
    with bench.warehouse.reading() as work:
        return speak(work, built(men), quotes(*rows), SYSTEM, loaded(above), options)


def by_name(table: Any) -> dict[str, dict[str, Any]]:
    return {row["player_lookup"]: row for row in table.to_pylist()}


class TestRecommendations:
    @pytest.mark.parametrize(
        ("margin", "side"),
        [
            (1.0, "OVER"),
            (math.nextafter(1.0, 0), "PASS"),
            (0.0, "PASS"),
            (math.nextafter(-1.0, 0), "PASS"),
            (-1.0, "UNDER"),
            (7.5, "OVER"),
            (-7.5, "UNDER"),
            (math.nan, "NO_LINE"),
        ],
    )
    def test_a_side_is_taken_from_the_threshold_on(self, margin: float, side: str) -> None:
        assert recommend(np.array([margin]), 1.0).tolist() == [side]

    def test_with_a_threshold_of_nothing_any_edge_is_enough(self) -> None:
        assert recommend(np.array([0.0, 1e-9, -1e-9]), 0.0).tolist() == ["OVER", "OVER", "UNDER"]


class TestFitness:
    OUT = Man("x", status="out", line=None, minutes=1.0, score=20.0, matchup=0.0, missing="points_avg_season=no_games")

    @pytest.mark.parametrize(
        ("man", "reason"),
        [
            (OUT, "out"),
            (replace(OUT, missing=""), "out"),
            (replace(OUT, status="doubtful", missing=""), "doubtful"),
            (replace(OUT, status="doubtful"), "doubtful"),
            (replace(OUT, status="questionable"), "not_quality_ready"),
            (replace(OUT, status=None), "not_quality_ready"),
            (replace(OUT, status=None, missing=""), "gate"),
            (replace(OUT, status=None, missing="", score=90.0), "gate"),
            (replace(OUT, status=None, missing="", score=90.0, matchup=80.0), "low_minutes"),
            (replace(OUT, status=None, missing="", score=90.0, matchup=80.0, minutes=None), "low_minutes"),
            (replace(OUT, status=None, missing="", score=90.0, matchup=80.0, line=9.5), ""),
            (replace(OUT, status="probable", missing="", score=90.0, matchup=80.0, minutes=8.0), ""),
        ],
    )
    def test_of_several_reasons_the_first_in_the_order_of_the_rules_is_given(self, man: Man, reason: str) -> None:
        assert fitness(built([man]), OPTIONS).reason.tolist() == [reason]

    @pytest.mark.parametrize("mode", list(MIN_SCORE))
    def test_the_gate_goes_by_the_run_mode(self, mode: RunMode) -> None:
        men = [Man("below", score=MIN_SCORE[mode] - 0.1), Man("at it", score=MIN_SCORE[mode])]
        assert fitness(built(men), replace(OPTIONS, run_mode=mode)).reason.tolist() == ["gate", ""]

    def test_each_reason_says_what_and_which_phase_would_mend_it(self) -> None:
        men = [
            Man("late", missing="vegas_points_line=no_line"),
            Man("low", score=60.0),
            Man("idle", line=None, minutes=3.25),
            Man("hurt", status="out"),
        ]
        found = fitness(built(men), OPTIONS)
        assert found.mended_by.tolist() == ["scrape", "load", "", ""]
        late, low, idle, hurt = found.detail.tolist()
        assert "missing vegas_points_line=no_line" in late
        assert "score 60 below 85 (first)" in low
        assert idle == "3.2 minutes a game, below 8, and no line"
        assert "out" in hurt

    def test_everybody_is_predicted_or_absent_with_a_reason_and_never_both(self, bench: Bench) -> None:
        men = [Man("fit"), Man("hurt", status="out"), Man("late", missing="x=no_line"), Man("idle", line=None, minutes=1.0)]
        spoken = said(bench, men)
        predicted, absent = by_name(spoken.predictions), by_name(spoken.absences)
        assert set(predicted) == {"fit"}
        assert {name: row["reason"] for name, row in absent.items()} == {"hurt": "out", "late": "not_quality_ready", "idle": "low_minutes"}
        assert {name: row["has_line"] for name, row in absent.items()} == {"hurt": True, "late": True, "idle": False}
        assert {row["batch_id"] for row in absent.values()} == {"a batch"}


class TestWhatIsSaid:
    def test_the_quote_is_one_books_own_the_nearest_to_the_consensus_at_the_best_price_on_the_side_leant_to(self, bench: Bench) -> None:
        rows = [
            quote(name, point, book=book, over=over, under=under)
            for name in ("high", "low")
            for book, point, over, under in (
                ("betmgm", 20.5, 1.85, 2.02),
                ("fanduel", 20.5, 1.95, 1.80),
                ("bovada", 22.5, 2.40, 2.40),
            )
        ]
        found = by_name(said(bench, [Man("high", estimate=24.0), Man("low", estimate=17.0)], *rows).predictions)
        told = ("line", "bookmaker", "over_price", "under_price", "recommendation", "line_source")
        assert [found["high"][name] for name in told] == [20.5, "fanduel", 1.95, 1.80, "OVER", "ACTUAL_PROP"]
        assert [found["low"][name] for name in told] == [20.5, "betmgm", 1.85, 2.02, "UNDER", "ACTUAL_PROP"]

    def test_edges_are_measured_against_that_line_and_chances_add_up(self, bench: Bench) -> None:
        row = by_name(said(bench, [Man("x", estimate=18.2, line=20.0)], quote("x", 20.0)).predictions)["x"]
        assert row["predicted_points"] == pytest.approx(18.2, abs=0.05)
        assert row["line_margin"] == pytest.approx(row["predicted_points"] - 20.0)
        assert row["edge"] == pytest.approx(abs(row["line_margin"]))
        assert row["p_over"] + row["p_push"] + row["p_under"] == pytest.approx(1.0)
        assert 0 < row["p_push"] < 0.2
        assert row["p_under"] > row["p_over"]
        assert (row["predicted_whole"], row["is_active"], row["run_mode"]) == (18, True, "first")

    def test_without_a_line_there_is_none_and_none_is_made_up(self, bench: Bench) -> None:
        row = by_name(said(bench, [Man("x", line=None)]).predictions)["x"]
        missing = ("line", "bookmaker", "over_price", "under_price", "quote_at", "edge", "line_margin", "p_over", "p_push", "p_under")
        assert [row[name] for name in missing] == [None] * len(missing)
        assert (row["line_source"], row["recommendation"]) == ("NO_PROP_LINE", "NO_LINE")
        assert row["predicted_points"] is not None

    def test_saying_the_same_again_is_the_same_prediction_and_anything_else_is_another(self, bench: Bench) -> None:
        def identifier(man: Man, row: dict[str, Any], above: float = 0.0) -> str:
            return str(by_name(said(bench, [man], row, above=above).predictions)["x"]["prediction_id"])

        first = identifier(Man("x"), quote("x", 20.5))
        assert identifier(Man("x"), quote("x", 20.5)) == first
        others = {
            identifier(Man("x"), quote("x", 21.5)),
            identifier(Man("x"), quote("x", 20.5, over=1.95)),
            identifier(Man("x"), quote("x", 20.5, book="fanduel")),
            identifier(Man("x"), quote("x", 20.5), above=0.3),
            identifier(Man("x", score=90.0), quote("x", 20.5)),
        }
        assert len(others | {first}) == 6


class TestTheBatchGuard:
    def slate(self, count: int, above: float) -> tuple[list[Man], list[dict[str, Any]]]:
        men = [Man(f"man{place}", line=10.5 + place % 20, estimate=10.5 + place % 20 + above) for place in range(count)]
        return men, [quote(man.name, man.line or 0.0) for man in men]

    @pytest.mark.parametrize("sign", [1, -1])
    def test_a_system_that_strays_from_the_lines_as_one_is_held_back_for_the_slate(self, bench: Bench, sign: int) -> None:
        men, rows = self.slate(GUARD_ROWS, sign * (GUARD_MEAN + 0.3))
        spoken = said(bench, [*men, Man("hurt", status="out")], *rows)
        assert spoken.predictions.num_rows == 0
        assert f"{GUARD_ROWS} lined predictions stray from the lines by {sign * 1.8:+.1f}" in spoken.guard
        reasons = {name: (row["reason"], row["mended_by"]) for name, row in by_name(spoken.absences).items()}
        assert reasons.pop("hurt") == ("out", None)
        assert set(reasons.values()) == {("model_blocked", "train")}
        assert len(reasons) == GUARD_ROWS

    @pytest.mark.parametrize(("count", "above"), [(GUARD_ROWS - 1, 5.0), (GUARD_ROWS, GUARD_MEAN - 0.3)])
    def test_a_small_slate_or_a_small_stray_is_let_through(self, bench: Bench, count: int, above: float) -> None:
        men, rows = self.slate(count, above)
        spoken = said(bench, men, *rows)
        assert (spoken.predictions.num_rows, spoken.guard) == (count, "")

    def test_predictions_without_a_line_do_not_count(self, bench: Bench) -> None:
        men, rows = self.slate(GUARD_ROWS, 5.0)
        spoken = said(bench, [*men[:-1], replace(men[-1], line=None)], *rows[:-1])
        assert spoken.guard == ""

    def test_a_system_without_a_model_is_absent_for_everybody_whom_it_would_have_predicted(self) -> None:
        slate = built([Man("fit"), Man("hurt", status="out")])
        spoken = held_back(slate, fitness(slate, OPTIONS), SYSTEM, "it is not trained", OPTIONS)
        reasons = {row["player_lookup"]: (row["reason"], row["detail"]) for row in spoken.absences.to_pylist()}
        assert reasons["fit"] == ("model_blocked", "it is not trained")
        assert reasons["hurt"][0] == "out"
        assert spoken.predictions.num_rows == 0
