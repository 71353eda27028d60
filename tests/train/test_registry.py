"""States of models: who may become what, one champion whatever happens, and a history that says who decided and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tipoff.errors import BadInput, NotReady, PromotionRefused
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.train.gates import Verdict, judge
from tipoff.train.registry import (
    champion_of,
    enter,
    headline,
    history,
    models,
    raise_to,
    retire,
    roll_back,
    serving,
)
from train.graded_rows import DAY, NOON, model
from train.made_up_evidence import evidence

LATER = timedelta(days=2)
PASSED, LEAKING = judge(evidence()), judge(evidence(whole=evidence().points))
UNSURE, FAILED = judge(evidence(skill=0.0)), judge(evidence(predicted=evidence().line + 2))
SIGNED: dict[str, Any] = {"by": "Ada", "reason": "it is better"}


class Office:
    """A registry, and decisions on it, each in a transaction of its own; the clock goes on by two days and a bit after each."""

    def __init__(self, path: Path) -> None:
        self.warehouse = DuckDBWarehouse(path)
        self.now = NOON

    def enter(self, *ids: str) -> None:
        with self.warehouse.writing("enter") as work:
            for name in ids:
                row = model(name, name.split("-")[0])
                enter(work, {column: row[column] for column in row if column not in {"state", "state_since", "created_at"}}, now=self.now)

    def raise_to(self, name: str, state: Any, *verdicts: Verdict, **given: Any) -> None:
        champion = self.champion()
        asked = {"compared_with": champion, "now": self.now, **SIGNED} | given
        with self.warehouse.writing("raise") as work:
            raise_to(work, name, state, verdicts or (PASSED,), **asked)
        self.now += LATER

    def crown(self, *names: str) -> None:
        for name in names:
            if self.states()[name] == "candidate":
                self.raise_to(name, "shadow")
            self.raise_to(name, "champion")

    def retire(self, name: str) -> None:
        with self.warehouse.writing("retire") as work:
            retire(work, name, now=self.now, **SIGNED)

    def roll_back(self) -> None:
        with self.warehouse.writing("roll back") as work:
            roll_back(work, now=self.now, **SIGNED)
        self.now += LATER

    def states(self) -> dict[str, str]:
        with self.warehouse.reading() as work:
            return {row["model_id"]: row["state"] for row in models(work)}

    def champion(self) -> str | None:
        with self.warehouse.reading() as work:
            row = champion_of(models(work))
        return row["model_id"] if row else None

    def history(self) -> list[dict[str, Any]]:
        with self.warehouse.reading() as work:
            return history(work)

    def row(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.warehouse.read("models.registry", model_id=name).to_pylist()[0]
        return found


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "warehouse.duckdb")
    with office.warehouse.reading():  # so that the file stays open between decisions
        office.enter("a-1", "b-1", "c-1")
        yield office


class TestEntering:
    def test_a_new_model_is_a_candidate_with_a_history(self, office: Office) -> None:
        assert office.states() == {"a-1": "candidate", "b-1": "candidate", "c-1": "candidate"}
        assert office.row("a-1")["state_since"] == NOON
        first = office.history()[0]
        assert [first[name] for name in ("change", "model_id", "from_state", "to_state")] == [1, "a-1", None, "candidate"]

    def test_one_that_is_known_keeps_its_state(self, office: Office) -> None:
        office.raise_to("a-1", "shadow")
        office.enter("a-1")
        assert office.states()["a-1"] == "shadow"
        assert len(office.history()) == 4


class TestRising:
    def test_through_shadow_to_champion_with_the_gates_on_record(self, office: Office) -> None:
        office.crown("a-1")
        assert office.states()["a-1"] == "champion"
        assert json.loads(office.row("a-1")["gates"])[0]["verdict"] == "PASSED"
        last = office.history()[-1]
        told = [last[name] for name in ("change", "model_id", "system_id", "from_state", "to_state", "changed_by", "reason")]
        assert told == [5, "a-1", "a", "shadow", "champion", "Ada", "it is better"]
        assert json.loads(last["gates"])[0]["gates"][0]["name"] == "leak_alarm"

    def test_nothing_else_of_its_row_changes(self, office: Office) -> None:
        before = office.row("a-1")
        office.raise_to("a-1", "shadow")
        changed = {name for name, value in office.row("a-1").items() if before[name] != value}
        assert changed <= {"state", "state_since", "gates", "written_at", "run_id"}

    @pytest.mark.parametrize("state", ["champion", "shadow"])
    def test_no_step_is_left_out_and_none_is_made_twice(self, office: Office, state: str) -> None:
        if state == "shadow":
            office.raise_to("a-1", "shadow")
        with pytest.raises(PromotionRefused, match=f"a-1 is {'candidate' if state == 'champion' else 'shadow'}: only a"):
            office.raise_to("a-1", state)

    def test_two_days_of_shadow_are_the_least(self, office: Office) -> None:
        office.raise_to("a-1", "shadow")
        early = NOON + LATER - timedelta(seconds=1)
        with pytest.raises(PromotionRefused, match=r"in shadow for 2\.0 days, since 2025-12-01 17:00Z; 2 are the least") as refused:
            office.raise_to("a-1", "champion", now=early)
        assert "2025-12-03 17:00Z" in refused.value.hint
        office.raise_to("a-1", "champion", now=NOON + LATER)

    @pytest.mark.parametrize(
        ("verdicts", "told"),
        [
            ((UNSURE,), r"\[backtest b\] beats_the_market INSUFFICIENT_DATA: .* against 0\.0000, N 6,000"),
            ((FAILED,), r"\[backtest b\] mean_against_line FAILED: \+2\.0000 against 1\.5000, N 6,000"),
            ((PASSED, FAILED), "mean_against_line FAILED"),
            ((LEAKING,), r"^LEAK_ALARM: a-1 may not rise to shadow"),
            ((PASSED, LEAKING), "^LEAK_ALARM: "),
        ],
    )
    def test_a_gate_that_is_shut_is_named_with_value_threshold_and_n(
        self, office: Office, verdicts: tuple[Verdict, ...], told: str
    ) -> None:
        with pytest.raises(PromotionRefused, match=told):
            office.raise_to("a-1", "shadow", *verdicts)
        assert office.states()["a-1"] == "candidate"
        assert len(office.history()) == 3

    def test_other_evidence_that_cannot_tell_yet_does_not_stand_in_the_way(self, office: Office) -> None:
        office.raise_to("a-1", "shadow", UNSURE, PASSED)

    def test_without_evidence_there_is_no_rising(self, office: Office) -> None:
        with office.warehouse.writing("raise") as work, pytest.raises(PromotionRefused, match="there is no evidence on it"):
            raise_to(work, "a-1", "shadow", [], compared_with=None, now=NOON, **SIGNED)

    @pytest.mark.parametrize("unsigned", [{"by": " "}, {"reason": ""}])
    def test_a_decision_has_a_name_and_a_reason(self, office: Office, unsigned: dict[str, str]) -> None:
        with pytest.raises(BadInput, match="A decision needs a name and a reason"):
            office.raise_to("a-1", "shadow", **unsigned)

    def test_an_unknown_model_is_named(self, office: Office) -> None:
        with pytest.raises(BadInput, match="No model is called 'z-1'"):
            office.raise_to("z-1", "shadow")


class TestOneChampion:
    def test_the_former_one_steps_down_to_shadow(self, office: Office) -> None:
        office.crown("a-1", "b-1")
        assert office.states() == {"a-1": "shadow", "b-1": "champion", "c-1": "candidate"}
        down, up = office.history()[-2:]
        assert (down["model_id"], down["from_state"], down["to_state"], down["gates"]) == ("a-1", "champion", "shadow", None)
        assert (up["model_id"], up["change"] - down["change"]) == ("b-1", 1)

    def test_gates_that_were_compared_with_another_champion_do_not_count(self, office: Office) -> None:
        office.crown("a-1")
        with pytest.raises(PromotionRefused, match=r"b-1 was compared with the champion \(none\), who is a-1 now"):
            office.raise_to("b-1", "shadow", compared_with=None)

    def test_two_processes_that_promote_at_once_leave_one(self, tmp_path: Path) -> None:
        office = Office(tmp_path / "warehouse.duckdb")
        office.enter("a-1", "b-1")
        office.raise_to("a-1", "shadow")
        office.raise_to("b-1", "shadow", now=NOON)
        command = [sys.executable, "-m", "train.registry_process", str(office.warehouse.path)]
        where, pipe = {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}, subprocess.PIPE
        with ExitStack() as stack:
            two = [
                stack.enter_context(subprocess.Popen([*command, name], stdin=pipe, stdout=pipe, text=True, env=where))
                for name in ("a-1", "b-1")
            ]
            assert [process.stdout.readline() for process in two if process.stdout] == ["ready\n"] * 2
            for process in two:
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            said = [process.communicate(timeout=60)[0].strip() for process in two]
        assert sorted(said) == ["raised", "refused"]
        assert sorted(office.states().values()) == ["champion", "shadow"]
        assert [change["change"] for change in office.history()] == [1, 2, 3, 4, 5]


class TestRetiringAndRollingBack:
    def test_a_retired_model_never_rises_again(self, office: Office) -> None:
        office.retire("a-1")
        for state in ("shadow", "champion"):
            with pytest.raises(PromotionRefused, match="a-1 is retired"):
                office.raise_to("a-1", state)
        with pytest.raises(PromotionRefused, match="a-1 is retired already"):
            office.retire("a-1")

    def test_the_champion_before_comes_back_in_one_step_and_the_present_one_is_retired(self, office: Office) -> None:
        office.crown("a-1", "b-1")
        office.roll_back()
        assert office.states() == {"a-1": "champion", "b-1": "retired", "c-1": "candidate"}
        assert [(change["model_id"], change["to_state"]) for change in office.history()[-2:]] == [("b-1", "retired"), ("a-1", "champion")]

    def test_again_goes_further_back_until_nobody_is_left(self, office: Office) -> None:
        office.crown("a-1", "b-1", "c-1")
        office.roll_back()
        assert office.champion() == "b-1"
        office.roll_back()
        assert office.champion() == "a-1"
        with pytest.raises(NotReady, match="There is no former champion"):
            office.roll_back()
        assert office.champion() == "a-1", "who has nobody before him stays"

    def test_one_who_was_retired_since_is_passed_over(self, office: Office) -> None:
        office.crown("a-1", "b-1", "c-1")
        office.retire("b-1")
        office.roll_back()
        assert office.champion() == "a-1"

    def test_a_retired_champion_leaves_the_place_empty_and_the_one_before_can_come_back(self, office: Office) -> None:
        office.crown("a-1", "b-1")
        office.retire("b-1")
        assert office.champion() is None
        office.roll_back()
        assert office.champion() == "a-1"

    def test_one_who_was_champion_twice_gives_way_to_who_was_between(self, office: Office) -> None:
        office.crown("a-1", "b-1", "a-1")
        office.roll_back()
        assert office.states() == {"a-1": "retired", "b-1": "champion", "c-1": "candidate"}


class TestWhoServes:
    def test_the_newest_that_is_not_retired_but_the_champion_before_all(self) -> None:
        old, new = model("echo-1", trained_until=DAY - timedelta(days=7)), model("echo-2")
        assert serving([new, old])["echo"] is new
        assert serving([old | {"state": "champion"}, new])["echo"]["model_id"] == "echo-1"
        assert serving([old, new | {"state": "retired"}])["echo"] is old
        assert serving([new | {"state": "retired"}]) == {}

    def test_of_a_day_that_a_model_had_learnt_from_an_older_one_speaks_or_nobody(self) -> None:
        old, new = model("echo-1", trained_until=DAY - timedelta(days=7)), model("echo-2", state="champion")
        assert serving([old, new], DAY + timedelta(days=1))["echo"] is new
        assert serving([old, new], DAY)["echo"] is old
        assert serving([old, new], DAY - timedelta(days=7)) == {}

    def test_while_there_is_no_champion_the_best_log_loss_serves_unproven(self) -> None:
        rows = [
            model(f"{name}-1", name, metrics=json.dumps({"lined_log_loss": loss})) for name, loss in (("a", 0.7), ("b", 0.68), ("c", 0.69))
        ]
        assert headline(rows) == ("b", True)
        assert headline(rows, ["a", "c"]) == ("c", True)
        assert headline([*rows, model("d-1", "d", metrics=None)], ["d"]) == (None, True)
        assert headline([]) == (None, True)

    def test_where_no_held_out_day_had_a_line_the_best_crps_serves_and_not_the_first_by_name(self) -> None:
        rows = [model(f"{name}-1", name, metrics=json.dumps({"crps": crps})) for name, crps in (("a", 3.4), ("b", 3.2), ("c", 3.3))]
        assert headline(rows) == ("b", True)
        lined = model("d-1", "d", metrics=json.dumps({"crps": 3.9, "lined_log_loss": 0.7}))
        assert headline([*rows, lined]) == ("d", True)

    def test_only_the_model_that_serves_counts(self) -> None:
        old = model("a-1", "a", trained_until=DAY - timedelta(days=7), metrics='{"lined_log_loss": 0.5}')
        rows = [old, model("a-2", "a", metrics='{"lined_log_loss": 0.7}'), model("b-1", "b", metrics='{"lined_log_loss": 0.6}')]
        assert headline(rows) == ("b", True)

    def test_the_champion_is_proven_unless_he_is_silent(self) -> None:
        rows = [model("a-1", "a", state="champion"), model("b-1", "b")]
        assert headline(rows) == ("a", False)
        assert headline(rows, ["b"]) == ("b", True)


ORDERS = st.lists(
    st.tuples(st.sampled_from(["shadow", "champion", "retire", "roll back"]), st.sampled_from(["a-1", "b-1", "c-1"])), max_size=14
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=ORDERS)
def test_whatever_is_ordered_there_is_one_champion_at_most_and_the_history_tells_every_state(
    orders: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    office = Office(tmp_path_factory.mktemp("office") / "w.duckdb")
    with office.warehouse.reading():
        office.enter("a-1", "b-1", "c-1")
        for order, name in orders:
            try:
                if order == "retire":
                    office.retire(name)
                elif order == "roll back":
                    office.roll_back()
                else:
                    office.raise_to(name, order)
            except (PromotionRefused, NotReady):
                continue
    states = office.states()
    assert list(states.values()).count("champion") <= 1
    told: dict[str, str | None] = dict.fromkeys(states)
    for place, change in enumerate(office.history(), 1):
        assert change["change"] == place
        assert told[change["model_id"]] == change["from_state"]
        told[change["model_id"]] = change["to_state"]
        assert list(told.values()).count("champion") <= 1
    assert told == states
