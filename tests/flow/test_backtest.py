"""A backtest as whatever processes do it: killed and gone on with, twice at once, with folds that fail; always the same figures."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from obstore.store import ObjectStore

import tipoff
from faults.crew import TESTS, wait_until
from once import made_once
from tipoff.clock import ManualClock, SystemClock
from tipoff.config import load_settings
from tipoff.errors import BadInput, NotReady
from tipoff.features.registry import FEATURE_VERSION, feature_set
from tipoff.flow.backtest import begin
from tipoff.flow.backtest_plan import Folder, Plan, Unit, backtests, finish, leaks, plan_of, results
from tipoff.flow.house import House, open_house
from tipoff.predict.slate import SlateOptions
from tipoff.predict.systems import systems_named
from tipoff.store.payloads import open_bucket
from tipoff.train.backtests import finished
from tipoff.train.snapshot import Snapshot
from tipoff.train.walkforward import run_fold
from train import practice_house

SCRIPT = Path(__file__).with_name("backtest_process.py")
START, END = practice_house.NIGHT - timedelta(days=6), practice_house.NIGHT
REFITS = [START + timedelta(days=number) for number in (0, 2, 4, 6)]
SYSTEMS = """
[leaves]
family = "lightgbm"
features = "v12"
loss = "regression"
window = "season"
parameters = { rounds = 30, learning_rate = 0.2, num_leaves = 7, min_data_in_leaf = 30 }

[both]
family = "ensemble"
features = "v18"
members = ["moving_average", "leaves"]
"""
Files = dict[Path, tuple[bytes, int]]
MEMBERS = ("moving_average", "leaves", "both")


class Processes:
    """Where they come from; those still there are killed in the end."""

    def __init__(self) -> None:
        known = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
        self._parent = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS,
            env=known | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(Path(tipoff.__file__).parent.parent)])},
        )
        self._started: list[int] = []

    def start(self, order: dict[str, Any]) -> int:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(order) + "\n")
        self._parent.stdin.flush()
        self._started.append(int(self._parent.stdout.readline()))
        return self._started[-1]

    def dismiss(self) -> None:
        for pid in filter(lives, self._started):
            os.kill(pid, signal.SIGKILL)
        with self._parent:
            self._parent.kill()


GONE = 0
"""The pid of nobody."""


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    found = Processes()
    yield found
    found.dismiss()


@dataclass(frozen=True)
class Run:
    """A process that does a backtest."""

    pid: int
    answer: Path

    def outcome(self) -> dict[str, Any]:
        """What it said in the end."""
        wait_until(lambda: self.answer.exists() or not lives(self.pid))
        assert self.answer.exists(), "the process died"
        wait_until(lambda: not lives(self.pid))
        found: dict[str, Any] = json.loads(self.answer.read_text())
        return found

    def kill(self) -> None:
        """SIGKILL: it cannot tidy up."""
        os.kill(self.pid, signal.SIGKILL)
        wait_until(lambda: not lives(self.pid))
        assert not self.answer.exists()


@dataclass(frozen=True)
class Yard:
    """A data directory with the practice league in it, and the backtests of that directory."""

    folder: Path
    processes: Processes
    runs: list[Run] = field(default_factory=list)

    def start(self, *, halt: str | None = None, **asked: Any) -> Run:
        """A process that does the backtest, or goes on with it; one that halts is waited for, until it stands still."""
        answer = self.folder / f"answer-{len(self.runs)}.json"
        order = {"folder": str(self.folder), "own": str(self.systems_file), "answer": str(answer), **ASKED, **asked}
        run = Run(self.processes.start(order if halt is None else {**order, "halt": halt}), answer)
        self.runs.append(run)
        if halt is not None:
            wait_until(lambda: (self.folder / "halted").exists() or not lives(run.pid))
            assert (self.folder / "halted").exists()
        return run

    @property
    def systems_file(self) -> Path:
        return self.folder / "systems.toml"

    @property
    def bucket(self) -> ObjectStore:
        return open_bucket(self.folder.as_uri())

    def plans(self) -> list[Plan]:
        return backtests(self.bucket).plans

    def plan(self) -> Plan:
        """Of the only backtest."""
        [found] = self.plans()
        return found

    def inside(self, plan: Plan, *parts: str) -> Path:
        return self.folder.joinpath("backtests", plan.backtest_id, *parts)

    def tables(self, plan: Plan) -> dict[str, bytes]:
        """Every table of every fold, by its path, byte for byte."""
        root = self.inside(plan, "folds")
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}

    def files(self, refit: date | str) -> Files:
        """What there is of a fold, and when it was written."""
        folder = self.inside(self.plan(), "folds", str(refit))
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}

    def copy(self, folder: Path) -> Yard:
        """Another directory in which the same backtest has its snapshot and its leak check, and not one fold: as a kill would leave it."""
        shutil.copytree(self.folder, folder)
        for path in folder.glob("backtests/*/folds"):
            shutil.rmtree(path)
        for path in folder.glob("answer-*"):
            path.unlink()
        return Yard(folder, self.processes)


ASKED: dict[str, Any] = {
    "systems": ["both"],
    "start": START.isoformat(),
    "end": END.isoformat(),
    "refit_days": 2,
    "leak_days": 1,
}


def asked(**other: Any) -> Plan:
    """The same plan as the processes are told of, with something else about it."""
    systems = systems_named(["both"], other.pop("own"))
    given = {"refit_days": 2, "leak_days": 1, "start": START, "end": END, **other}
    return plan_of(systems, given.pop("start"), given.pop("end"), **given)


@pytest.fixture(scope="module")
def whole(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Yard:
    """The backtest, done by one process that nobody disturbed."""

    def make(folder: Path) -> None:
        stage = practice_house.eve().copy(tmp_path_factory.mktemp("stage"))
        stage.load(practice_house.aftermath())
        shutil.copy(stage.warehouse.path, folder / "warehouse.duckdb")
        (folder / "systems.toml").write_text(SYSTEMS)
        Yard(folder, processes).start().outcome()

    folder = shutil.copytree(made_once("whole-backtest", make), tmp_path_factory.mktemp("whole") / "data")
    return Yard(folder, processes, [Run(GONE, folder / "answer-0.json")])


@pytest.fixture
def open_yard(whole: Yard, tmp_path: Path) -> Iterator[tuple[Yard, House]]:
    """A copy of the directory, without any backtest, and the house open in this process."""
    yard = whole.copy(tmp_path / "data")
    shutil.rmtree(yard.folder / "backtests")
    with open_house(load_settings(data_dir=yard.folder, league="practice"), SystemClock()) as house:
        yield yard, house


class TestUndisturbed:
    def test_it_does_every_fold_and_says_what_it_took(self, whole: Yard) -> None:
        outcome = whole.runs[0].outcome()
        assert outcome.get("error") is None
        assert (outcome["id"], outcome["resumed"]) == (whole.plan().backtest_id, False)
        summary = outcome["summary"]
        assert summary["folds"] == 4
        assert summary["seconds_to_fit"] > 0
        assert summary["absences"]["not_quality_ready"] > 0
        assert outcome["told"] == {
            "snapshot of history": [4, 4],
            "leak check": [1, 1],
            f"folds of {whole.plan().backtest_id}": [4, 4],
        }

    def test_each_fold_is_what_it_is_on_the_snapshot_that_was_kept(self, whole: Yard) -> None:
        """Done again here, without queue or folder: the same tables; and `results` are all of them."""
        plan = whole.plan()
        folder = Folder(whole.bucket, plan.backtest_id)
        snapshot = Snapshot.from_bytes(folder.get("snapshot/rows.arrow"), folder.get("snapshot/quotes.arrow"))
        options = SlateOptions(plan.backtest_id, "backfill", plan.min_minutes)
        assert [refit for refit, _ in plan.folds] == REFITS
        parts = []
        for refit, until in plan.folds:
            fold = run_fold(snapshot, plan.systems, refit, until, options)
            facts, said, summary = folder.fold(refit)
            assert facts.equals(fold.facts)
            assert said.equals(fold.said)
            assert summary["rows_learnt"] == fold.rows_learnt
            assert (summary["absences"], summary["held_back"], summary["metrics"]) == (fold.absences, fold.held_back, fold.metrics)
            parts.append((facts, said))
        found = results(whole.bucket, plan)
        for table, kept in zip(found, zip(*parts, strict=True), strict=True):
            assert table.equals(pa.concat_tables(kept))
        assert set(found[1].column("system_id").to_pylist()) == set(MEMBERS)

    def test_its_folds_cover_its_days_and_never_learn_from_their_own(self, whole: Yard) -> None:
        facts, said = results(whole.bucket, whole.plan())
        assert {START, END} <= set(facts.column("game_date").to_pylist()) == set(said.column("game_date").to_pylist())
        for row in facts.select(["game_date", "trained_until"]).to_pylist():
            refit = max(refit for refit in REFITS if refit <= row["game_date"])
            assert row["trained_until"] < refit

    def test_a_leak_was_looked_for_and_none_was_found(self, whole: Yard) -> None:
        [check] = leaks(whole.bucket, whole.plan())
        assert START.isoformat() <= check["first"] == check["last"] <= END.isoformat()
        assert check["findings"] == []
        assert (check["days"], check["features"]) == (1, len(feature_set("v18")))
        assert min(compared["rows"] for compared in check["compared"].values()) > 50


class TestKilled:
    @pytest.fixture(scope="class")
    @classmethod
    def killed(cls, whole: Yard, tmp_path_factory: pytest.TempPathFactory) -> tuple[Yard, Files, dict[str, Any]]:
        """Killed when one fold was there, and another half-way into the bucket; the first one's files, and what the next process said."""
        yard = whole.copy(tmp_path_factory.mktemp("killed") / "data")
        yard.start(halt="said.parquet").kill()
        there = {
            refit: {path.name for path in folder.iterdir()}
            for refit in REFITS
            if (folder := yard.inside(yard.plan(), "folds", str(refit))).exists()
        }
        assert sorted(there.values(), key=len) == [{"facts.parquet"}, {"facts.parquet", "said.parquet", "fold.json"}]
        first = yard.files(max(there, key=lambda refit: len(there[refit])))
        return yard, first, yard.start().outcome()

    def test_the_same_command_goes_on_with_the_same_backtest(self, whole: Yard, killed: Any) -> None:
        yard, _, outcome = killed
        assert outcome.get("error") is None
        assert (outcome["id"], outcome["resumed"]) == (whole.plan().backtest_id, True)
        assert outcome["summary"]["folds"] == 4
        assert yard.plan() == whole.plan()

    def test_it_gives_the_same_figures_as_one_that_nobody_disturbed(self, whole: Yard, killed: Any) -> None:
        yard, _, outcome = killed
        assert yard.tables(yard.plan()) == whole.tables(whole.plan())
        for found, expected in zip(results(yard.bucket, yard.plan()), results(whole.bucket, whole.plan()), strict=True):
            assert found.equals(expected)
        summary = whole.runs[0].outcome()["summary"]
        assert {name: outcome["summary"][name] for name in ("held_back", "absences")} == {
            name: summary[name] for name in ("held_back", "absences")
        }

    def test_what_was_there_is_not_done_again(self, killed: Any) -> None:
        """Neither the first fold nor the snapshot and the leak check: the same bytes, written when they were."""
        yard, first, outcome = killed
        refit = next(iter(first)).parent.name
        assert yard.files(refit) == first
        assert outcome["told"] == {
            "snapshot of history": [4, 0],
            "leak check": [1, 0],
            f"folds of {yard.plan().backtest_id}": [3, 3],
        }

    def test_asked_once_more_it_does_nothing_and_says_the_same(self, killed: Any) -> None:
        yard, _, outcome = killed
        files = [yard.files(refit) for refit in REFITS]
        again = yard.start().outcome()
        assert again["summary"] == outcome["summary"]
        assert [yard.files(refit) for refit in REFITS] == files


def test_what_is_left_of_one_backtest_is_not_done_by_another(whole: Yard, tmp_path: Path) -> None:
    """Killed and never gone on with, it leaves its folds in the queue: whoever begins something else does not wait for them."""
    yard = whole.copy(tmp_path / "data")
    yard.start(halt="said.parquet").kill()
    left = yard.plan()
    with open_house(load_settings(data_dir=yard.folder, league="practice"), SystemClock()) as house:
        other, _ = begin(house, asked(own=yard.systems_file, refit_days=4))
    for name in ("snapshot", "leakcheck.json"):
        (shutil.copytree if name == "snapshot" else shutil.copy)(yard.inside(left, name), yard.inside(other, name))
    outcome = yard.start(refit_days=4).outcome()
    assert (outcome["id"], outcome.get("error")) == (other.backtest_id, None)
    assert sum(Folder(yard.bucket, left.backtest_id).done(Unit(refit)) for refit in REFITS) == 1
    assert yard.start().outcome()["id"] == left.backtest_id
    assert yard.tables(left) == whole.tables(whole.plan())


def test_two_processes_at_once_do_it_together_and_leave_what_one_leaves(whole: Yard, tmp_path: Path) -> None:
    yard = whole.copy(tmp_path / "data")
    runs = [yard.start(), yard.start()]
    outcomes = [run.outcome() for run in runs]
    assert [outcome.get("error") for outcome in outcomes] == [None, None]
    assert {outcome["id"] for outcome in outcomes} == {whole.plan().backtest_id}
    assert outcomes[0]["summary"] == outcomes[1]["summary"]
    assert yard.tables(yard.plan()) == whole.tables(whole.plan())


class TestFailing:
    def test_a_fold_that_fails_is_told_with_its_cause_and_tried_again_and_the_others_are_done(self, whole: Yard, tmp_path: Path) -> None:
        """Something stands where its table should go: the disk's own words. The same command tries that one again, and nothing else."""
        yard = whole.copy(tmp_path / "data")
        in_the_way = yard.inside(yard.plan(), "folds", str(REFITS[1]), "said.parquet", "something")
        in_the_way.mkdir(parents=True)
        for _ in range(2):
            outcome = yard.start().outcome()
            assert (outcome["id"], outcome["resumed"], outcome["error"]) == (whole.plan().backtest_id, True, "NotReady")
            assert re.match(rf"1 of 4 folds could not be done\. {REFITS[1]}: backtests/.+/said\.parquet .+", outcome["message"])
            assert "\n" not in outcome["message"]
            assert outcome["hint"] == "Mend the cause; the same command goes on."
        assert outcome["told"][f"folds of {outcome['id']}"] == [1, 1]
        in_the_way.rmdir()
        in_the_way.parent.rmdir()
        assert yard.start().outcome().get("error") is None
        assert yard.tables(yard.plan()) == whole.tables(whole.plan())

    def test_a_fold_for_which_nobody_could_learn_is_done_and_says_who_could_not_and_why(self, whole: Yard, tmp_path: Path) -> None:
        """So early that the first refit has too little to learn from."""
        start = practice_house.FIRST + timedelta(days=20)
        early = {"start": start.isoformat(), "end": (start + timedelta(days=3)).isoformat()}
        yard = whole.copy(tmp_path / "data")
        shutil.rmtree(yard.folder / "backtests")
        with open_house(load_settings(data_dir=yard.folder, league="practice"), SystemClock()) as house:
            plan, _ = begin(house, asked(own=yard.systems_file, start=start, end=start + timedelta(days=3)))
        shutil.copy(whole.inside(whole.plan(), "leakcheck.json"), yard.inside(plan, "leakcheck.json"))
        outcome = yard.start(**early).outcome()
        assert outcome.get("error") is None
        refused = outcome["summary"]["refused"]
        assert set(refused) == set(MEMBERS)
        assert {day for causes in refused.values() for day in causes} == {start.isoformat()}
        assert f"rows to train on before {start}" in refused["leaves"][start.isoformat()]
        _, said = results(yard.bucket, plan)
        assert min(said.column("game_date").to_pylist()) >= plan.folds[1][0]

    def test_once_the_cause_is_mended_the_same_command_does_them(self, whole: Yard, tmp_path: Path) -> None:
        """A snapshot that was cut off on the disk, and then put back."""
        yard = whole.copy(tmp_path / "data")
        rows = yard.inside(yard.plan(), "snapshot", "rows.arrow")
        body = rows.read_bytes()
        rows.write_bytes(body[: len(body) // 2])
        failed = yard.start().outcome()
        assert failed["error"] == "NotReady"
        assert failed["message"].startswith("4 of 4 folds could not be done.")
        assert failed["message"].count("The snapshot of the backtest is damaged") == 3
        assert yard.tables(yard.plan()) == {}
        rows.write_bytes(body)
        mended = yard.start().outcome()
        assert (mended["id"], mended["resumed"], mended.get("error")) == (failed["id"], True, None)
        assert yard.tables(yard.plan()) == whole.tables(whole.plan())


class TestPlans:
    def test_the_same_question_is_the_same_backtest_until_it_is_finished(self, open_yard: tuple[Yard, House]) -> None:
        yard, house = open_yard
        plan = asked(own=yard.systems_file)
        first, was_there = begin(house, plan)
        assert not was_there
        assert first.backtest_id == f"{house.run_id}-{plan.question}"
        assert begin(house, asked(own=yard.systems_file)) == (first, True)
        yard.inside(first, "leakcheck.json").write_text('[{"findings": []}, {"findings": ["one", "another"]}]')
        finished = finish(house.bucket, first)
        assert (finished.leaks_found, first.leaks_found) == (2, 0)
        assert (finished.state, first.state) == ("finished", "running")
        assert finished.question == first.question
        assert yard.plans() == [finished]
        later = replace(house, run_id="another-run")
        again, was_there = begin(later, plan)
        assert not was_there
        assert again.backtest_id == f"another-run-{plan.question}"
        assert begin(later, plan) == (again, True)

    @pytest.mark.parametrize(
        "other",
        [
            {"start": START + timedelta(days=1)},
            {"end": END - timedelta(days=1)},
            {"refit_days": 3},
            {"before_minutes": 30},
            {"min_minutes": 9.0},
            {"leak_days": 2},
        ],
        ids=lambda other: next(iter(other)),
    )
    def test_another_question_is_another_backtest(self, open_yard: tuple[Yard, House], other: dict[str, Any]) -> None:
        yard, house = open_yard
        first, _ = begin(house, asked(own=yard.systems_file))
        second, was_there = begin(house, asked(own=yard.systems_file, **other))
        assert not was_there
        assert second.backtest_id != first.backtest_id
        assert begin(house, asked(own=yard.systems_file)) == (first, True)

    @pytest.mark.parametrize("change", ["a parameter", "a member", "the feature version"])
    def test_so_are_other_systems_and_another_feature_version(self, open_yard: tuple[Yard, House], change: str) -> None:
        yard, house = open_yard
        plan = asked(own=yard.systems_file)
        first, _ = begin(house, plan)
        moving_average, leaves, both = plan.systems
        other = {
            "a parameter": replace(plan, systems=(moving_average, leaves.model_copy(update={"loss": "regression_l1"}), both)),
            "a member": replace(plan, systems=(moving_average, leaves)),
            "the feature version": replace(plan, feature_version="of yore"),
        }[change]
        assert plan.feature_version == FEATURE_VERSION
        second, was_there = begin(house, other)
        assert not was_there
        assert second.question != first.question

    def test_a_plan_comes_back_from_its_document(self, open_yard: tuple[Yard, House]) -> None:
        yard, house = open_yard
        plan, _ = begin(house, asked(own=yard.systems_file, before_minutes=45))
        document = json.loads(yard.inside(plan, "plan.json").read_bytes())
        assert Plan.of(document) == plan == Folder(yard.bucket, plan.backtest_id).plan()
        assert document["recipes"] == {system.system_id: system.recipe_hash for system in plan.systems}
        assert datetime.fromisoformat(plan.created_at).tzinfo is not None

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'{"systems": 3}', b"\xff", b"not json"])
    def test_a_plan_that_does_not_fit_is_named_and_in_nobodys_way(self, open_yard: tuple[Yard, House], body: bytes) -> None:
        yard, house = open_yard
        plan, _ = begin(house, asked(own=yard.systems_file))
        yard.inside(plan, "plan.json").write_bytes(body)
        with pytest.raises(BadInput, match=f"The plan of backtests/{plan.backtest_id} does not fit") as refused:
            Folder(yard.bucket, plan.backtest_id).plan()
        assert refused.value.hint == f"Remove backtests/{plan.backtest_id} from the bucket, and start the backtest again."
        later, was_there = begin(replace(house, run_id="another-run"), asked(own=yard.systems_file))
        assert not was_there
        assert backtests(yard.bucket).plans == [later]
        assert backtests(yard.bucket).unreadable == {plan.backtest_id: refused.value.message}

    @pytest.mark.parametrize(
        ("other", "words"),
        [
            ({"end": START - timedelta(days=1)}, "there is no day"),
            ({"refit_days": 0}, "A refit is due after a day or more"),
            ({"refit_days": -7}, "A refit is due after a day or more"),
            ({"before_minutes": -1}, "a moment lies at the tip or before it"),
            ({"leak_days": 0}, "The leak check is not optional"),
            ({"end": date(2999, 12, 31)}, "2999-12-31 is not over yet"),
        ],
        ids=lambda given_: str(given_)[:24],
    )
    def test_a_span_a_refit_or_a_moment_that_is_none_is_refused_and_leaves_nothing(
        self, open_yard: tuple[Yard, House], other: dict[str, Any], words: str
    ) -> None:
        yard, house = open_yard
        with pytest.raises(BadInput, match=words) as refused:
            begin(house, asked(own=yard.systems_file, **other))
        assert refused.value.hint
        assert yard.plans() == []

    def test_days_that_nobody_knows_of_are_told(self, whole: Yard, tmp_path: Path) -> None:
        yard = whole.copy(tmp_path / "data")
        far = {"start": "2001-01-01", "end": "2001-01-03"}
        outcome = yard.start(**far).outcome()
        assert (outcome["error"], outcome["message"]) == ("UnknownDate", "No game from 2001-01-01 to 2001-01-03 is known.")

    @pytest.mark.parametrize(
        ("days", "refit", "folds"),
        [
            (1, 7, [(0, 1)]),
            (7, 7, [(0, 7)]),
            (8, 7, [(0, 7), (7, 8)]),
            (5, 2, [(0, 2), (2, 4), (4, 5)]),
            (3, 1, [(0, 1), (1, 2), (2, 3)]),
        ],
    )
    def test_folds_follow_each_other_without_a_gap_and_end_with_the_span(self, days: int, refit: int, folds: list[tuple[int, int]]) -> None:
        plan = plan_of([], START, START + timedelta(days=days - 1), refit_days=refit)
        assert plan.folds == [(START + timedelta(days=first), START + timedelta(days=end)) for first, end in folds]

    def test_they_are_listed_oldest_first(self, open_yard: tuple[Yard, House]) -> None:
        yard, house = open_yard
        clock = ManualClock(practice_house.MORNING)
        made = []
        for number, day in enumerate((3, 1, 2)):
            clock.set(practice_house.MORNING + timedelta(days=day))
            dated = replace(house, clock=clock, run_id=f"run-{number}")
            made.append(begin(dated, asked(own=yard.systems_file, refit_days=day))[0])
        assert yard.plans() == [made[1], made[2], made[0]]


def empty(yard: Yard, refit: date) -> None:
    """A fold as one without a game leaves it, or one whose every system was held back."""
    for name in ("facts", "said"):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({}), sink)
        yard.inside(yard.plan(), "folds", str(refit), f"{name}.parquet").write_bytes(sink.getvalue().to_pybytes())
    yard.inside(yard.plan(), "folds", str(refit), "fold.json").write_text('{"held_back": {"leaves": 2}}')


class TestNothingSaid:
    def test_folds_without_rows_are_passed_over_by_the_report_and_by_the_gates(self, whole: Yard, tmp_path: Path) -> None:
        yard = Yard(tmp_path / "data", whole.processes)
        shutil.copytree(whole.folder, yard.folder)
        facts, said = (
            table.filter(pc.less(table.column("game_date"), pa.scalar(REFITS[3]))) for table in results(yard.bucket, yard.plan())
        )
        empty(yard, REFITS[3])
        assert [table.num_rows for table in results(yard.bucket, yard.plan())] == [facts.num_rows, said.num_rows]
        with open_house(load_settings(data_dir=yard.folder, league="practice"), SystemClock()) as house:
            finish(house.bucket, yard.plan())
        [evidence] = finished(yard.bucket)
        for found, expected in zip(evidence.tables, (facts, said), strict=True):
            assert found.equals(expected)

    def test_where_nobody_said_anything_there_is_nothing_to_report_and_it_is_told_why(self, whole: Yard, tmp_path: Path) -> None:
        """As where the batch guard held every system back on every night."""
        yard = Yard(tmp_path / "data", whole.processes)
        shutil.copytree(whole.folder, yard.folder)
        for refit in REFITS:
            empty(yard, refit)
        with pytest.raises(NotReady, match=r"Nobody said anything in .*: the batch guard held back leaves"):
            results(yard.bucket, yard.plan())
        with open_house(load_settings(data_dir=yard.folder, league="practice"), SystemClock()) as house:
            finish(house.bucket, yard.plan())
        [evidence] = finished(yard.bucket)
        with pytest.raises(BadInput, match="Nobody said anything"):
            _ = evidence.tables
