"""The results of a graded night."""

from __future__ import annotations

import pytest

from publish.invented import NIGHT, SYSTEMS
from publish.reading import Exported, results_of
from tipoff.publish.results import tally


def test_a_push_and_a_void_are_in_no_denominator() -> None:
    outcomes = (("OVER", "WIN", 0.9), ("UNDER", "LOSS", -1.0), ("OVER", "PUSH", 0.0), ("UNDER", "VOID", 0.0), ("PASS", None, None))
    rows = [{"recommendation": call, "result": result, "units": units} for call, result, units in outcomes]
    counted = tally(rows)
    assert (counted.n, counted.won, counted.lost, counted.push, counted.void) == (2, 1, 1, 1, 1)
    assert counted.hit_rate == 0.5
    assert counted.units == pytest.approx(-0.1)


def test_a_rate_of_nothing_is_missing_and_not_zero() -> None:
    counted = tally([])
    assert (counted.n, counted.hit_rate, counted.low, counted.high, counted.units) == (0, None, None, None, None)


def test_results_are_those_of_the_rows(after: Exported) -> None:
    results = results_of(after.bucket, NIGHT)
    assert [system.system_id for system in results.summary] == list(SYSTEMS)
    assert [system.system_id for system in results.summary if system.headline] == ["ridge_line"]
    for system in results.summary:
        rows = [row for row in results.rows if row.system_id == system.system_id]
        assert system.won == sum(row.result == "WIN" for row in rows)
        assert system.void == system.over.void + system.under.void
        assert system.void < sum(row.result == "VOID" for row in rows), "who was passed on and did not play is no bet"
        assert system.n == system.over.n + system.under.n == system.won + system.lost
        assert system.error_n > 0
        for side, of in (("OVER", system.over), ("UNDER", system.under)):
            played = [row for row in rows if row.recommendation == side and row.signed_error is not None]
            assert of.error_n == len(played)
            assert (of.mae is None) == (not played)


def test_a_graded_night_is_final_and_shows_points_and_results(after: Exported) -> None:
    assert after.night.final
    predicted = [(player, player.prediction) for player in after.players if player.prediction is not None]
    shown = [player for player, opinion in predicted if opinion.recommendation in {"OVER", "UNDER"}]
    assert all(player.result is not None for player in shown)
    assert all((player.actual_points is None) == bool(player.did_not_play) for player in shown)
