"""F26 A superseding run fails half-way: the former predictions stay active."""

from __future__ import annotations

import pytest

from load.bench import Bench
from predict.said import ABSENCES, absence, active, prediction, say, spoken
from tipoff.errors import BrokenInvariant
from tipoff.predict.activate import PREDICTIONS


def test_f26_when_a_superseding_run_fails_half_way_the_former_predictions_stay_active(bench: Bench) -> None:
    """The predictions are merged, and then one absence that comes twice makes the merge of the absences fail."""
    say(bench, spoken(prediction("one"), prediction("two", "lukadoncic")))
    before = bench.tables(PREDICTIONS, ABSENCES)
    said = spoken(prediction("three"), prediction("four", "lukadoncic"), absences=(absence("lebronjames"), absence("lebronjames")))
    with pytest.raises(BrokenInvariant, match=r"predictions\.absences was offered one key twice"):
        say(bench, said)
    assert bench.tables(PREDICTIONS, ABSENCES) == before
    assert active(bench) == {("jaysontatum", "echo"): "one", ("lukadoncic", "echo"): "two"}


def test_f26_a_run_that_breaks_off_after_one_system_leaves_all_of_its_transaction_undone(bench: Bench) -> None:
    say(bench, spoken(prediction("one")))
    say(bench, spoken(prediction("theirs", system="other")), system="other")

    def two_systems_and_a_crash() -> None:
        from predict.said import NOW
        from predict.slates import GAME
        from tipoff.predict.activate import activate

        with bench.warehouse.writing("a run") as work:
            activate(work, "echo", [GAME], spoken(prediction("two")), NOW)
            activate(work, "other", [GAME], spoken(prediction("theirs too", system="other")), NOW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        two_systems_and_a_crash()
    assert active(bench) == {("jaysontatum", "echo"): "one", ("jaysontatum", "other"): "theirs"}
