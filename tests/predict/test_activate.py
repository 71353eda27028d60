"""One active prediction a game, player and system; what was said before is superseded or taken down with the reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from load.bench import Bench
from predict.said import ABSENCES, NOW, absence, active, prediction, say, spoken
from predict.slates import DAY, GAME
from tipoff.predict.activate import PREDICTIONS, take_down


def state(bench: Bench, identifier: str) -> tuple[bool, str | None, str | None]:
    row = bench.row(PREDICTIONS, prediction_id=identifier)
    return row["is_active"], row["superseded_by"], row["invalidation_reason"]


def test_what_is_said_first_is_active_and_dated(bench: Bench) -> None:
    say(bench, spoken(prediction("one"), prediction("two", "lukadoncic")))
    assert active(bench) == {("jaysontatum", "echo"): "one", ("lukadoncic", "echo"): "two"}
    assert bench.row(PREDICTIONS, prediction_id="one")["created_at"] == NOW


def test_the_newest_supersedes_and_the_former_says_by_whom(bench: Bench) -> None:
    say(bench, spoken(prediction("one")))
    say(bench, spoken(prediction("two", predicted_points=23.0)), now=NOW + timedelta(hours=1))
    assert active(bench) == {("jaysontatum", "echo"): "two"}
    assert state(bench, "one") == (False, "two", "superseded")
    assert bench.row(PREDICTIONS, prediction_id="two")["created_at"] == NOW + timedelta(hours=1)


def test_another_systems_rows_are_untouched(bench: Bench) -> None:
    say(bench, spoken(prediction("theirs", system="other")), system="other")
    before = bench.rows(PREDICTIONS, system_id="other")
    say(bench, spoken(prediction("one")))
    say(bench, spoken(prediction("two")))
    say(bench, spoken(absences=(absence(),)))
    assert bench.rows(PREDICTIONS, system_id="other") == before


def test_other_games_are_untouched(bench: Bench) -> None:
    say(bench, spoken(prediction("elsewhere", game_id="20251105_MIA_DEN")))
    say(bench, spoken(prediction("one")))
    say(bench, spoken())
    assert state(bench, "elsewhere") == (True, None, None)


@pytest.mark.parametrize(
    ("reason", "kept"),
    [("out", "player_injured_out"), ("doubtful", "player_doubtful"), ("gate", "gate"), ("model_blocked", "model_blocked")],
)
def test_who_is_not_predicted_any_more_is_taken_down_with_the_reason(bench: Bench, reason: str, kept: str) -> None:
    say(bench, spoken(prediction("one"), prediction("two", "lukadoncic")))
    say(bench, spoken(prediction("two", "lukadoncic"), absences=(absence(reason=reason),)))
    assert state(bench, "one") == (False, None, kept)
    assert active(bench) == {("lukadoncic", "echo"): "two"}
    assert bench.row(ABSENCES)["reason"] == reason


def test_who_is_out_at_eleven_and_available_at_five_is_active_again(bench: Bench) -> None:
    say(bench, spoken(prediction("one")))
    say(bench, spoken(absences=(absence(batch="eleven"),)))
    assert active(bench) == {}
    say(bench, spoken(prediction("one")), now=NOW + timedelta(hours=6))
    assert state(bench, "one") == (True, None, None)
    assert bench.row(PREDICTIONS)["created_at"] == NOW


def test_who_is_neither_predicted_nor_absent_is_no_longer_scheduled(bench: Bench) -> None:
    say(bench, spoken(prediction("one")))
    say(bench, spoken())
    assert state(bench, "one") == (False, None, "no_longer_scheduled")


def test_what_was_taken_down_before_keeps_its_reason(bench: Bench) -> None:
    say(bench, spoken(prediction("one")))
    say(bench, spoken(absences=(absence(),)))
    say(bench, spoken(absences=(absence(reason="gate", batch="later"),)))
    assert state(bench, "one") == (False, None, "player_injured_out")
    assert {row["batch_id"]: row["reason"] for row in bench.rows(ABSENCES)} == {"a batch": "out", "later": "gate"}


def test_f30_what_is_said_of_a_postponed_game_on_its_new_date_stays_when_the_old_one_is_looked_at_again(bench: Bench) -> None:
    say(bench, spoken(prediction("again", game_date=DAY + timedelta(days=5))))
    why = {GAME: "game_postponed"}
    with bench.warehouse.writing("a run") as work:
        assert take_down(work, DAY, why) == []
    assert state(bench, "again") == (True, None, None)
    with bench.warehouse.writing("a run") as work:
        assert take_down(work, DAY + timedelta(days=5), why) == [GAME]
    assert state(bench, "again") == (False, None, "game_postponed")


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.sampled_from(["one", "two", "three", "out", ""]), min_size=1, max_size=5))
def test_whatever_is_said_in_whatever_order_the_last_word_alone_is_active(bench: Bench, said: list[str]) -> None:
    for word in said:
        predicted = (prediction(word),) if word not in ("out", "") else ()
        say(bench, spoken(*predicted, absences=(absence(),) if word == "out" else ()))
    expected = {("jaysontatum", "echo"): said[-1]} if said[-1] not in ("out", "") else {}
    assert active(bench) == expected
