"""Gates: what passes, what is refused, and what the evidence cannot tell; each says its value, threshold and N."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.train.evidence import Evidence, nothing
from tipoff.train.gates import (
    LEAK_ROWS,
    TIER_BIAS,
    Gate,
    Word,
    beats_the_market,
    bias_by_tier,
    calibration,
    judge,
    leak_alarm,
    log_loss_against_champion,
    mae_against_champion,
    mean_against_line,
    no_overlap,
)
from train.made_up_evidence import evidence

GATES: list[Callable[[Evidence], Gate]] = [leak_alarm, no_overlap, mean_against_line, bias_by_tier, beats_the_market, calibration]


def by_name(found: Evidence, champion: Evidence | None = None) -> dict[str, Word]:
    return {gate.name: gate.verdict for gate in judge(found, champion).gates}


class TestTheWhole:
    def test_a_perfect_model_that_knows_more_than_the_market_passes_every_gate(self) -> None:
        verdict = judge(evidence())
        assert verdict.refusals == []
        assert (verdict.word, len(verdict.gates), verdict.champion) == ("PASSED", 8, None)

    def test_nothing_passes_on_nothing(self) -> None:
        verdict = judge(nothing("echo", "graded"))
        assert verdict.word == "INSUFFICIENT_DATA"
        assert {name for name, word in by_name(nothing("echo", "graded")).items() if word == "PASSED"} == {
            "mae_against_champion",
            "log_loss_against_champion",
        }, "there is no champion to be worse than"

    def test_a_model_that_knows_what_the_market_knows_is_not_passed_and_not_failed(self) -> None:
        verdict = judge(evidence(skill=0.0))
        assert verdict.word == "INSUFFICIENT_DATA"
        assert [gate.name for gate in verdict.gates if gate.verdict != "PASSED"] == ["beats_the_market"]

    @pytest.mark.parametrize("gate", GATES)
    def test_what_is_missing_everywhere_is_not_passed(self, gate: Callable[[Evidence], Gate]) -> None:
        full = evidence(500)
        gone = np.full(full.size, np.nan)
        missing = replace(full, points=gone, line=gone, over=gone, side_wins=gone, trained_until=np.full(full.size, np.datetime64("NaT")))
        assert gate(missing).verdict == "INSUFFICIENT_DATA"

    def test_each_refusal_says_which_gate_which_value_which_threshold_and_n(self) -> None:
        off = evidence(predicted=evidence().predicted + 2)
        told = {line.split(" ")[0]: line for line in judge(off).refusals}
        mean = float(np.mean(off.predicted - off.line))
        assert told["mean_against_line"].startswith(f"mean_against_line FAILED: {mean:+.4f} against 1.5000, N 6,000")
        assert "bias_by_tier FAILED" in told["bias_by_tier"]

    def test_a_verdict_is_plain_data_for_the_record(self) -> None:
        kept = json.loads(json.dumps(judge(evidence(), evidence(noise=1.0, system_id="old")).as_dict()))
        assert (kept["verdict"], kept["champion"], kept["source"]) == ("PASSED", "backtest b", "backtest b")
        assert all(set(gate) == {"name", "value", "threshold", "n", "verdict", "words"} for gate in kept["gates"])

    def test_the_worst_word_is_the_verdicts(self) -> None:
        leaking = evidence(whole=evidence().points, trained_until=evidence().days)
        assert judge(leaking).word == "LEAK_ALARM"
        assert judge(evidence(skill=0.0, trained_until=evidence().days)).word == "FAILED"


class TestTheLeakAlarm:
    def test_a_hit_rate_above_sixty_percent_over_three_hundred_bets_rings(self) -> None:
        bets = np.full(6000, np.nan)
        bets[:LEAK_ROWS] = np.arange(LEAK_ROWS) % 100 < 61
        gate = leak_alarm(evidence(side_wins=bets))
        assert (gate.verdict, gate.value, gate.threshold, gate.n) == ("LEAK_ALARM", 0.61, 0.6, LEAK_ROWS)
        assert "leakcheck" in gate.words

    @pytest.mark.parametrize(("bets", "share"), [(LEAK_ROWS, 60), (LEAK_ROWS - 1, 99)])
    def test_sixty_percent_or_fewer_bets_do_not(self, bets: int, share: int) -> None:
        wins = np.full(6000, np.nan)
        wins[:bets] = np.arange(bets) % 100 < share
        assert leak_alarm(evidence(side_wins=wins)).verdict == "PASSED"

    def test_an_error_far_below_the_lines_on_the_same_rows_rings(self) -> None:
        full = evidence()
        half_known = np.where(np.arange(full.size) % 20 == 0, full.points, full.line)
        gate = leak_alarm(evidence(whole=half_known))
        assert gate.verdict == "LEAK_ALARM"
        assert gate.value is not None
        assert gate.value < -0.15
        few = leak_alarm(evidence(LEAK_ROWS - 1, whole=evidence(LEAK_ROWS - 1).points, side_wins=np.full(LEAK_ROWS - 1, np.nan)))
        assert few.verdict == "INSUFFICIENT_DATA", "of so few rows chance alone could say so"


class TestOverlap:
    def test_one_day_that_was_learnt_from_is_enough(self) -> None:
        full = evidence(500)
        until = full.trained_until.copy()
        until[7] = full.days[7]
        gate = no_overlap(replace(full, trained_until=until))
        assert (gate.verdict, gate.value, gate.threshold, gate.n) == ("FAILED", 1.0, 0.0, 500)

    def test_the_day_before_is_none(self) -> None:
        full = evidence(500)
        assert no_overlap(replace(full, trained_until=full.days - 1)).verdict == "PASSED"


class TestMeanAndBias:
    @pytest.mark.parametrize(("above", "verdict"), [(1.4, "PASSED"), (-1.4, "PASSED"), (1.6, "FAILED"), (-1.6, "FAILED")])
    def test_the_mean_may_stray_from_the_line_by_a_point_and_a_half(self, above: float, verdict: Word) -> None:
        assert mean_against_line(evidence(predicted=evidence().line + above)).verdict == verdict

    def test_a_mean_of_few_rows_is_not_judged_unless_it_is_surely_off(self) -> None:
        few = evidence(6, days=3)
        wild = np.array([4.0, -5.0, 3.0, 6.0, -4.0, 2.0])
        assert mean_against_line(replace(few, predicted=few.line + wild)).verdict == "INSUFFICIENT_DATA"
        assert mean_against_line(replace(few, predicted=few.line + 9)).verdict == "FAILED"

    def test_a_bias_in_one_tier_of_the_line_fails_though_the_whole_has_none(self) -> None:
        full = evidence(20000, skill=0.0)
        low, high = full.line < 10, full.line > 25
        shift = np.where(low, 1.5, np.where(high, -1.5 * low.sum() / high.sum(), 0.0))
        gate = bias_by_tier(replace(full, predicted=full.predicted + shift))
        assert mean_against_line(replace(full, predicted=full.predicted + shift)).verdict == "PASSED"
        assert (gate.verdict, gate.threshold) == ("FAILED", TIER_BIAS)
        assert abs(gate.value or 0) > 1

    def test_tiers_are_never_of_the_outcome(self) -> None:
        """By outcome even a perfect model is off by points: stars who scored much were expected to score less."""
        full = evidence(20000)
        star = full.points >= 25
        assert abs(float(np.mean(full.predicted[star] - full.points[star]))) > 2
        assert bias_by_tier(full).verdict == "PASSED"

    def test_without_a_line_the_tier_is_the_predictions(self) -> None:
        gate = bias_by_tier(evidence(line=np.full(6000, np.nan)))
        assert gate.verdict == "PASSED"
        assert "no line, predicted [10,15)" in gate.words
        assert "; line" not in gate.words

    def test_a_tier_too_small_to_tell_is_said_and_does_not_decide(self) -> None:
        full = evidence(6000)
        line = np.where(np.arange(6000) < 30, 27.5, np.clip(full.line, 5.5, 24.5))
        gate = bias_by_tier(replace(full, line=line))
        assert "(not judged)" in gate.words
        assert gate.verdict == "PASSED"
        assert bias_by_tier(evidence(60)).verdict == "INSUFFICIENT_DATA"


class TestAgainstTheChampion:
    def test_without_a_champion_both_pass_and_say_so(self) -> None:
        for gate in (mae_against_champion(evidence(), None), log_loss_against_champion(evidence(), None)):
            assert (gate.verdict, gate.value, gate.n) == ("PASSED", None, 0)
            assert gate.words == "there is no champion to compare with"

    def test_the_champion_is_no_worse_than_himself(self) -> None:
        assert mae_against_champion(evidence(), evidence()).verdict == "PASSED"
        assert log_loss_against_champion(evidence(), evidence()).verdict == "PASSED"

    def test_a_worse_one_fails_and_a_better_one_passes(self) -> None:
        good, bad = evidence(), evidence(noise=3.0)
        assert mae_against_champion(bad, good).verdict == log_loss_against_champion(bad, good).verdict == "FAILED"
        assert mae_against_champion(good, bad).verdict == log_loss_against_champion(good, bad).verdict == "PASSED"

    def test_too_few_rows_in_common_cannot_tell(self) -> None:
        ours = evidence(noise=0.5)
        for few in (0, 40):
            gate = mae_against_champion(ours, evidence(noise=0.6).take(np.arange(few)))
            assert (gate.verdict, gate.n) == ("INSUFFICIENT_DATA", few)

    def test_only_rows_that_both_have_at_one_line_are_compared_whatever_their_order(self) -> None:
        ours, theirs = evidence(noise=0.5), evidence(noise=2.0)
        shuffled = theirs.take(np.random.default_rng(3).permutation(theirs.size)[:4000])
        rows = np.sort(_places(ours, shuffled))
        expected = mae_against_champion(ours.take(rows), theirs.take(rows))
        assert mae_against_champion(ours, shuffled).value == pytest.approx(expected.value)
        moved = replace(theirs, line=theirs.line + 1)
        assert log_loss_against_champion(ours, moved).verdict == "INSUFFICIENT_DATA"
        assert log_loss_against_champion(ours, moved).n == 0


def _places(ours: Evidence, theirs: Evidence) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    place = {player: index for index, player in enumerate(ours.players)}
    return np.array([place[player] for player in theirs.players])


class TestTheMarket:
    def test_the_log_loss_must_be_below_with_its_interval(self) -> None:
        gate = beats_the_market(evidence())
        assert gate.verdict == "PASSED"
        assert gate.value is not None
        assert gate.value < 0
        assert (gate.threshold, gate.n) == (0.0, 6000)

    def test_a_hit_rate_surely_above_always_under_is_the_other_way(self) -> None:
        gate = beats_the_market(evidence(recalibrated_over=np.full(6000, np.nan)))
        assert gate.verdict == "PASSED"
        assert gate.value is not None
        assert gate.threshold is not None
        assert gate.threshold == pytest.approx(0.5, abs=0.05)
        assert gate.value > gate.threshold

    def test_always_under_itself_does_not_pass(self) -> None:
        full = evidence(skill=0.0)
        under = (full.points < full.line).astype(np.float64)
        gate = beats_the_market(replace(full, side_wins=under, recalibrated_over=np.full(6000, np.nan)))
        assert gate.verdict == "INSUFFICIENT_DATA"

    def test_two_won_overs_prove_nothing(self) -> None:
        full = evidence(recalibrated_over=np.full(6000, np.nan))
        won = np.flatnonzero(full.points > full.line)[[0, -1]]
        bets = np.full(6000, np.nan)
        bets[won] = 1.0
        assert beats_the_market(replace(full, side_wins=bets)).verdict == "INSUFFICIENT_DATA"

    def test_overs_that_win_a_little_more_than_half_are_not_told_from_chance(self) -> None:
        """Of 100 OVERs 55 won: Wilson's lower end, .452, lies above always-UNDER's .45, which moved as far the other way."""
        full = evidence(recalibrated_over=np.full(6000, np.nan))
        over, under = np.flatnonzero(full.points > full.line)[:550:10], np.flatnonzero(full.points < full.line)[:450:10]
        bets = np.full(6000, np.nan)
        bets[over], bets[under] = 1.0, 0.0
        gate = beats_the_market(replace(full, side_wins=bets))
        assert "hit rate 55.0%" in gate.words
        assert gate.verdict == "INSUFFICIENT_DATA"


class TestCalibration:
    def test_true_probabilities_are_within_the_band_and_overconfident_ones_are_not(self) -> None:
        full = evidence()
        assert calibration(full).verdict == "PASSED"
        logit = np.log(full.over / (1 - full.over))
        gate = calibration(replace(full, over=1 / (1 + np.exp(-3 * logit - 0.1))))
        assert gate.verdict == "FAILED"
        assert gate.value is not None
        assert gate.threshold is not None
        assert gate.value > gate.threshold

    def test_one_perfect_model_in_twenty_is_outside_by_chance(self) -> None:
        outside = sum(calibration(evidence(500, seed=seed)).verdict == "FAILED" for seed in range(200))
        assert 3 <= outside <= 20

    def test_at_a_few_rows_the_band_says_nothing(self) -> None:
        assert calibration(evidence(100)).verdict in {"INSUFFICIENT_DATA", "FAILED"}
        assert calibration(evidence(100, seed=4)).verdict == "INSUFFICIENT_DATA"

    def test_pushes_do_not_count(self) -> None:
        full = evidence()
        pushed = replace(full, points=np.where(np.arange(6000) < 1000, full.line, full.points))
        assert calibration(pushed).n == 5000


@given(seed=st.integers(0, 10_000), rows=st.integers(0, 400), noise=st.floats(0, 20))
def test_whatever_the_evidence_is_every_gate_answers_and_only_a_full_house_passes(seed: int, rows: int, noise: float) -> None:
    found = evidence(max(rows, 1), seed=seed, noise=noise).take(np.arange(rows))
    verdict = judge(found, found)
    assert len(verdict.gates) == 8
    assert (verdict.word == "PASSED") == (verdict.refusals == [])
    assert all(gate.n <= rows for gate in verdict.gates)
    json.dumps(verdict.as_dict(), allow_nan=False)


@given(seed=st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    full, other = evidence(400, seed=seed), evidence(400, seed=seed, noise=1.0)
    shuffled = full.take(np.random.default_rng(seed).permutation(full.size))
    once, again = judge(full, other), judge(shuffled, other)
    assert [(gate.verdict, gate.n) for gate in once.gates] == [(gate.verdict, gate.n) for gate in again.gates]
    assert [gate.value for gate in once.gates] == [pytest.approx(gate.value) for gate in again.gates]
