"""A slate's predictions: who is fit, which quote is taken, what is recommended, when a system is held back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from predict.slates import GAME, OPTIONS, SYSTEM, Man, built, echo, even, quote, said, slate
from tipoff.features.quality import MIN_SCORE, RunMode
from tipoff.predict.distribution import Distribution
from tipoff.predict.families import Columns
from tipoff.predict.guard import GUARD_MEAN, GUARD_ROWS
from tipoff.predict.slate import candidates, held_back, speak
from tipoff.predict.speakers import LINE, Pool, Said, Weights
from tipoff.predict.unresolved import unresolved_absences


def by_name(table: Any) -> dict[str, dict[str, Any]]:
    return {row["player_lookup"]: row for row in table.to_pylist()}


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
        assert candidates(built([man]), OPTIONS).column("reason").to_pylist() == [reason]

    @pytest.mark.parametrize("mode", list(MIN_SCORE))
    def test_the_gate_goes_by_the_run_mode(self, mode: RunMode) -> None:
        men = [Man("below", score=MIN_SCORE[mode] - 0.1), Man("at it", score=MIN_SCORE[mode])]
        assert candidates(built(men), replace(OPTIONS, run_mode=mode)).column("reason").to_pylist() == ["gate", ""]

    def test_each_reason_says_what_and_which_phase_would_mend_it(self) -> None:
        men = [
            Man("late", missing="vegas_points_line=no_line"),
            Man("low", score=60.0),
            Man("idle", line=None, minutes=3.25),
            Man("hurt", status="out"),
        ]
        found = candidates(built(men), OPTIONS)
        assert found.column("mended_by").to_pylist() == ["scrape", "load", "", ""]
        late, low, idle, hurt = found.column("detail").to_pylist()
        assert "missing vegas_points_line=no_line" in late
        assert "score 60 below 85 (first)" in low
        assert idle == "3.2 minutes a game, below 8, and no line"
        assert "out" in hurt

    def test_everybody_is_predicted_or_absent_with_a_reason_and_never_both(self) -> None:
        men = [Man("fit"), Man("hurt", status="out"), Man("late", missing="x=no_line"), Man("idle", line=None, minutes=1.0)]
        spoken = said(men)
        predicted, absent = by_name(spoken.predictions), by_name(spoken.absences)
        assert set(predicted) == {"fit"}
        assert {name: row["reason"] for name, row in absent.items()} == {"hurt": "out", "late": "not_quality_ready", "idle": "low_minutes"}
        assert {name: row["has_line"] for name, row in absent.items()} == {"hurt": True, "late": True, "idle": False}
        assert {row["batch_id"] for row in absent.values()} == {"a batch"}


class TestWhatIsSaid:
    def test_the_quote_is_one_books_own_the_nearest_to_the_consensus_at_the_best_price_on_the_side_leant_to(self) -> None:
        rows = [
            quote(name, point, book=book, over=over, under=under)
            for name in ("high", "low")
            for book, point, over, under in (
                ("betmgm", 20.5, 1.85, 2.02),
                ("fanduel", 20.5, 1.95, 1.80),
                ("bovada", 22.5, 2.40, 2.40),
            )
        ]
        found = by_name(said([Man("high", estimate=24.0), Man("low", estimate=17.0)], *rows).predictions)
        told = ("line", "bookmaker", "over_price", "under_price", "recommendation", "line_source")
        assert [found["high"][name] for name in told] == [20.5, "fanduel", 1.95, 1.80, "OVER", "ACTUAL_PROP"]
        assert [found["low"][name] for name in told] == [20.5, "betmgm", 1.85, 2.02, "UNDER", "ACTUAL_PROP"]

    def test_edges_are_measured_against_that_line_and_chances_add_up(self) -> None:
        row = by_name(said([Man("x", estimate=18.2, line=20.0)], quote("x", 20.0)).predictions)["x"]
        assert row["predicted_points"] == pytest.approx(18.2, abs=0.05)
        assert row["line_margin"] == pytest.approx(row["predicted_points"] - 20.0)
        assert row["edge"] == pytest.approx(abs(row["line_margin"]))
        assert row["p_over"] + row["p_push"] + row["p_under"] == pytest.approx(1.0)
        assert 0 < row["p_push"] < 0.2
        assert row["p_under"] > row["p_over"]
        assert (row["predicted_whole"], row["is_active"], row["run_mode"]) == (18, True, "first")

    def test_the_edge_in_probability_is_the_chance_of_the_side_leant_to_if_no_push_above_what_its_price_asks_for(self) -> None:
        rows = (quote("high", 20.0, over=1.8, under=2.1), quote("low", 20.0, over=1.8, under=2.1))
        found = by_name(said([Man("high", estimate=20.4, line=20.0), Man("low", estimate=19.7, line=20.0)], *rows).predictions)
        for name, side, won, lost, price in (("high", "OVER", "p_over", "p_under", 1.8), ("low", "UNDER", "p_under", "p_over", 2.1)):
            row = found[name]
            assert (row["side"], row["recommendation"]) == (side, "PASS")
            assert row["edge_probability"] == pytest.approx(row[won] / (row[won] + row[lost]) - 1 / price)

    def test_without_a_price_on_the_side_leant_to_there_is_no_edge_in_probability(self) -> None:
        row = by_name(said([Man("x", estimate=24.0)], quote("x", 20.5, over=None)).predictions)["x"]
        assert (row["side"], row["edge_probability"], row["recommendation"]) == ("OVER", None, "OVER")

    @pytest.mark.parametrize("level", [80, 90])
    def test_intervals_are_those_of_the_distribution(self, level: int) -> None:
        man = Man("x", estimate=18.2)
        spoken = echo().speak(slate([man]).features, {})
        low, high, _ = spoken.interval(level / 100)
        row = by_name(said([man]).predictions)["x"]
        assert (row[f"low_{level}"], row[f"high_{level}"]) == (low[0], high[0])

    def test_without_a_line_there_is_none_and_none_is_made_up(self) -> None:
        row = by_name(said([Man("x", line=None)]).predictions)["x"]
        quoted = ("line", "bookmaker", "over_price", "under_price", "quote_at", "side")
        missing = (*quoted, "edge", "line_margin", "edge_probability", "p_over", "p_push", "p_under")
        assert [row[name] for name in missing] == [None] * len(missing)
        assert (row["line_source"], row["recommendation"]) == ("NO_PROP_LINE", "NO_LINE")
        assert row["predicted_points"] is not None

    def test_saying_the_same_again_is_the_same_prediction_and_anything_else_is_another(self) -> None:
        def identifier(man: Man, row: dict[str, Any], above: float = 0.0) -> str:
            return str(by_name(said([man], row, above=above).predictions)["x"]["prediction_id"])

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
    def test_a_system_that_strays_from_the_lines_as_one_is_held_back_for_the_slate(self, sign: int) -> None:
        men, rows = self.slate(GUARD_ROWS, sign * (GUARD_MEAN + 0.3))
        spoken = said([*men, Man("hurt", status="out")], *rows)
        assert spoken.predictions.num_rows == 0
        assert f"{GUARD_ROWS} lined predictions stray from the lines by {sign * 1.8:+.1f}" in spoken.guard
        reasons = {name: (row["reason"], row["mended_by"]) for name, row in by_name(spoken.absences).items()}
        assert reasons.pop("hurt") == ("out", None)
        assert set(reasons.values()) == {("model_blocked", "train")}
        assert len(reasons) == GUARD_ROWS

    @pytest.mark.parametrize(("count", "above"), [(GUARD_ROWS - 1, 5.0), (GUARD_ROWS, GUARD_MEAN - 0.3)])
    def test_a_small_slate_or_a_small_stray_is_let_through(self, count: int, above: float) -> None:
        men, rows = self.slate(count, above)
        spoken = said(men, *rows)
        assert (spoken.predictions.num_rows, spoken.guard) == (count, "")

    def test_predictions_without_a_line_do_not_count(self) -> None:
        men, rows = self.slate(GUARD_ROWS, 5.0)
        spoken = said([*men[:-1], replace(men[-1], line=None)], *rows[:-1])
        assert spoken.guard == ""

    def test_a_slate_on_one_side_is_held_against_the_systems_own_past_and_nobody_elses(self) -> None:
        men, rows = self.slate(GUARD_ROWS, 1.2)
        whole = slate(men, *rows)
        for past, held in (({"echo": -0.1}, True), ({"echo": 1.0}, False), ({"other": -0.1}, False), ({}, False)):
            spoken = speak(replace(whole, past=past, said={}), SYSTEM, "echo-1", echo())
            assert bool(spoken.guard) == held
            assert (spoken.predictions.num_rows == 0) == held

    def test_a_system_without_a_model_is_absent_for_everybody_whom_it_would_have_predicted(self) -> None:
        spoken = held_back(slate([Man("fit"), Man("hurt", status="out")]), SYSTEM, "it is not trained")
        reasons = {row["player_lookup"]: (row["reason"], row["detail"]) for row in spoken.absences.to_pylist()}
        assert reasons["fit"] == ("model_blocked", "it is not trained")
        assert reasons["hurt"][0] == "out"
        assert spoken.predictions.num_rows == 0


def test_a_name_that_waits_is_absent_by_its_own_name_unless_it_is_a_scheduled_players_by_now() -> None:
    """Between a rookie's first box score and the replay of his lines he is both; two rows of one key would fail the whole slate."""
    waiting = [
        {"game_id": GAME, "player_lookup": lookup, "name": lookup.title(), "candidates": ""} for lookup in ("fit", "hurt", "stranger")
    ]
    rows = built([Man("fit"), Man("hurt", status="out")])
    assert unresolved_absences(waiting, rows, SYSTEM, OPTIONS).column("player_lookup").to_pylist() == ["stranger"]


class OfLines:
    """Speaks only of those who have a line, and counts how often it is asked."""

    key = "of lines"

    def __init__(self) -> None:
        self.asked = 0

    def speak(self, rows: Columns, said: Said) -> Distribution:
        if self.key not in said:
            self.asked += 1
            said[self.key] = even().distribution(rows[LINE], rows)
        return said[self.key]


class TestWhoSpeaksOnlyOfLinedPlayers:
    MEN = (Man("lined"), Man("bare", line=None), Man("hurt", status="out", line=None))

    def test_the_others_are_absent_for_want_of_a_line_and_the_reasons_of_the_unfit_stand(self) -> None:
        spoken = speak(slate(self.MEN, quote("lined", 20.5)), SYSTEM, "of-lines-1", OfLines())
        assert set(by_name(spoken.predictions)) == {"lined"}
        told = {name: (row["reason"], row["mended_by"], row["has_line"]) for name, row in by_name(spoken.absences).items()}
        assert told == {"bare": ("no_line", "load", False), "hurt": ("out", None, False)}

    def test_an_ensemble_speaks_of_them_with_the_voices_that_it_has_and_asks_nobody_twice(self) -> None:
        whole, member = slate(self.MEN, quote("lined", 20.5)), OfLines()
        half = {"echo": 0.5, "of lines": 0.5}
        pool = Pool("both", {"echo": echo(), "of lines": member}, Weights(half, half))
        alone = speak(whole, SYSTEM, "of-lines-1", member)
        both = by_name(speak(whole, SYSTEM, "both-1", pool).predictions)
        assert member.asked == 1
        apart = by_name(speak(whole, SYSTEM, "echo-1", echo()).predictions)
        assert both["bare"]["predicted_mean"] == pytest.approx(apart["bare"]["predicted_mean"])
        mean = (by_name(alone.predictions)["lined"]["predicted_mean"] + apart["lined"]["predicted_mean"]) / 2
        assert both["lined"]["predicted_mean"] == pytest.approx(mean)

    def test_where_nobody_is_spoken_of_everybody_is_absent(self) -> None:
        spoken = speak(slate(self.MEN[1:]), SYSTEM, "of-lines-1", OfLines())
        assert spoken.predictions.num_rows == 0
        assert {name: row["reason"] for name, row in by_name(spoken.absences).items()} == {"bare": "no_line", "hurt": "out"}
        assert spoken.guard == ""
