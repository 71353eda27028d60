"""The coordinator on a real night: what is started, joined, refused; what runs, and what was up to date; how a batch is told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from publish.reading import BEFORE
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.errors import BadInput, Conflict, NotReady, UnknownBatch, UnknownDate
from tipoff.features.quality import RunMode
from tipoff.flow import coordinator, lease
from tipoff.flow.batch_log import BATCHES, Batch, batches
from tipoff.flow.engine import Engine, open_desk
from tipoff.flow.house import open_house, systems_of
from tipoff.flow.living import living, staffed
from tipoff.flow.messages import read_message
from tipoff.flow.slate import ask
from tipoff.flow.state import State
from tipoff.flow.tally import completed_pct
from tipoff.flow.worker import working
from tipoff.publish.write import tonight_path
from tipoff.train.registry import serving
from web.controlled import AFTERNOON, NIGHT, settings_in, with_fleet

ONE = ["moving_average"]
SECONDS = 120.0


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Somebody at work on a data directory in which the night can be predicted. The tests of this file follow one another."""
    settings = settings_in(with_fleet(tmp_path_factory.mktemp("coordinated") / "data"), retry_seconds=0.0)
    with open_house(settings, ManualClock(AFTERNOON)) as house, working(house, scheduled=False) as found:
        yield found


class TestANight:
    def test_it_is_predicted_and_told_by_system_and_reason(self, engine: Engine) -> None:
        begun = coordinator.start(engine, NIGHT, systems=ONE)
        assert (begun.fresh, begun.expected) == (True, {"games": 8, "systems": 1, "players": None, "predictions": None})
        assert coordinator.wait(engine, begun).state == "complete"
        told = coordinator.status(engine.house.state, NIGHT)
        assert told["ran"] == ["analyze", "features", "predict", "publish"]
        one = told["systems"]["moving_average"]
        assert one["predicted"] > 0
        assert one["absent"] == sum(one["absences"].values()) == sum(told["absences"].values())
        assert one["predicted"] + one["absent"] == sum(game["players"] for game in told["games"].values())
        assert told == coordinator.status(engine.house.state, begun.batch_id)

    def test_once_it_is_complete_and_nothing_is_new_it_is_not_started_again(self, engine: Engine) -> None:
        for systems in (ONE, ["moving_average", "moving_average"]):
            with pytest.raises(Conflict, match="nothing is new"):
                coordinator.start(engine, NIGHT, systems=systems)

    def test_a_lower_gate_and_a_system_that_did_not_speak_are_something_new(self, engine: Engine) -> None:
        later = coordinator.start(engine, NIGHT, "last_call", systems=ONE)
        assert later.fresh
        assert later.expected is not None
        assert later.expected["predictions"] == later.expected["players"] > 0
        coordinator.wait(engine, later)
        other = coordinator.start(engine, NIGHT, "last_call", systems=["xgboost_v12"])
        assert other.fresh
        assert coordinator.wait(engine, other).state == "complete"

    def test_the_message_of_the_predictions_says_how_much_of_the_fleet_spoke(self, engine: Engine) -> None:
        house = engine.house
        served = serving(house.warehouse.read("models.registry").to_pylist())
        untrained = next(one.system_id for one in systems_of(house.settings) if one.system_id not in served)
        begun = coordinator.start(engine, NIGHT, "last_call", systems=[*ONE, untrained])
        assert coordinator.wait(engine, begun).state == "complete"
        told = coordinator.status(house.state, begun.batch_id)["systems"]
        messages = [read_message(row["body"]) for row in house.warehouse.read("ops.outbox").to_pylist()]
        [said] = [one for one in messages if (one.phase, one.execution_id) == ("predict", begun.batch_id)]
        silent = [own for own in told.values() if not own["predicted"]]
        assert silent == [told[untrained]]
        assert said.status == "partial"
        assert said.completion_pct == pytest.approx(100 - 100 / len(told))
        assert said.records_failed == told[untrained]["absences"]["model_blocked"] > 0

    def test_phases_that_are_up_to_date_are_told_apart_from_those_that_ran(self, engine: Engine) -> None:
        done = coordinator.process_date(engine, NIGHT, seconds=SECONDS)
        assert (done.up_to_date, done.ran, done.open, done.problems) == (["load", "analyze", "features"], [], [], [])
        told = coordinator.status(engine.house.state, done.batches[-1])
        assert (told["state"], told["up_to_date"], told["systems"]) == ("complete", ["analyze", "features"], {})
        of_date = coordinator.status(engine.house.state, NIGHT)
        assert of_date["batch_id"] == done.batches[-1]
        assert of_date["stands_of"] != of_date["batch_id"], "what the systems said stands"
        assert of_date["systems"]["moving_average"]["predicted"] > 0

    def test_an_export_writes_the_documents_again(self, engine: Engine) -> None:
        engine.house.bucket.delete(tonight_path(NIGHT))
        ticket = coordinator.export(engine, NIGHT, ["tonight"])
        assert coordinator.wait(engine, ticket).state == "complete"
        assert engine.house.bucket.get(tonight_path(NIGHT)).bytes().to_bytes()

    def test_a_reset_of_what_is_over_ends_nothing(self, engine: Engine) -> None:
        assert coordinator.reset(engine, NIGHT) == []

    def test_a_model_is_trained_as_a_batch(self, engine: Engine) -> None:
        ticket = coordinator.train(engine, NIGHT, ONE)
        batch = coordinator.wait(engine, ticket)
        assert (batch.state, batch.progress["ran"]) == ("complete", {"train": True}), batch.error

    def test_whoever_works_here_is_alive(self, engine: Engine) -> None:
        assert [worker.worker_id for worker in living(engine.house.state, engine.house.clock)] == [engine.worker_id]
        with staffed(engine.house) as desk:
            assert desk is engine


@pytest.mark.parametrize("processors", [["everything"], ["load", "Load"]])
def test_a_processor_that_is_none_is_refused(engine: Engine, processors: list[str]) -> None:
    with pytest.raises(BadInput, match="No processor"):
        coordinator.process_date(engine, NIGHT, processors)


def test_a_date_without_games_is_unknown_whatever_is_asked_for(engine: Engine) -> None:
    nowhere = NIGHT + timedelta(days=3000)
    for call in (coordinator.start, coordinator.export, coordinator.grade, coordinator.reset, coordinator.process_date):
        with pytest.raises(UnknownDate):
            call(engine, nowhere)
    assert batches(engine.house.state, nowhere) == []


def test_what_phases_rest_on_must_be_there_unless_it_is_waived(engine: Engine) -> None:
    first = min(engine.house.warehouse.read("raw.player_box").column("game_date").to_pylist())
    with pytest.raises(NotReady, match="no box score of any game before it"):
        coordinator.process_date(engine, first, ["analyze"])
    done = coordinator.process_date(engine, first, ["analyze"], skip_dependency_check=True, seconds=SECONDS)
    assert (done.ran, done.open) == (["analyze"], [])
    assert coordinator.status(engine.house.state, done.batches[-1])["as_of"] is None, "of a date of the past, each game as of its tip"


def test_of_many_who_start_at_once_one_makes_the_batch(tmp_path: Path) -> None:
    settings = settings_in(with_fleet(tmp_path / "data"))
    with ExitStack() as stack, ThreadPoolExecutor(6) as pool:
        desks = [stack.enter_context(open_desk(stack.enter_context(open_house(settings, ManualClock(AFTERNOON))))) for _ in range(6)]
        begun = list(pool.map(lambda desk: coordinator.start(desk, NIGHT), desks))
        found = batches(desks[0].house.state, NIGHT)
    assert len(found) == 1
    assert {one.batch_id for one in begun} == {found[0].batch_id}
    assert sum(one.fresh for one in begun) == 1


@pytest.mark.parametrize(
    ("running", "run_mode", "is_new"),
    [
        (ask("line_update"), "first", False),
        (ask("last_call"), "final_retry", False),
        (ask("line_update"), "last_call", True),
        (ask("last_call", ["one game of many"]), "last_call", True),
        (ask("last_call"), "backfill", True),
    ],
)
def test_a_start_that_lets_more_players_through_than_the_batch_that_runs_is_another(
    tmp_path: Path, running: dict[str, Any], run_mode: RunMode, is_new: bool
) -> None:
    settings = settings_in(with_fleet(tmp_path / "data"))
    with open_house(settings, ManualClock(AFTERNOON)) as house, open_desk(house) as desk:
        number = lease.trigger(desk, "slate", NIGHT, "the plan", running)
        with house.state.transaction() as connection:
            connection.execute(sa.update(BATCHES).values(state="processing"))
        begun = coordinator.start(desk, NIGHT, run_mode)
        assert (begun.number != number, begun.fresh) == (is_new, is_new)


def test_a_system_is_silent_whatever_else_hinders_some_of_its_players() -> None:
    spoke = {"predicted": 9, "absences": {"no_line": 3, "model_blocked": 1}}
    blocked = {"predicted": 0, "absences": {"model_blocked": 12, "unresolved_name": 1}}
    nobody_lined = {"predicted": 0, "absences": {"no_line": 13}}
    assert completed_pct({"systems": {"a": spoke, "b": blocked, "c": nobody_lined, "d": spoke}}) == 75.0
    assert completed_pct({"systems": {}}) == 0.0


def _batch(state: str = "processing", **asked: Any) -> Batch:
    values: dict[str, Any] = dict.fromkeys(Batch.__dataclass_fields__)
    return Batch(**values | {"state": state, "asked": ask(**asked)})


@pytest.mark.parametrize(
    ("running", "wanted", "covered"),
    [
        (_batch(), ask(), True),
        (_batch(), ask(systems=["a"]), True),
        (_batch(), ask("last_call", phases=["analyze"]), True),
        (_batch(systems=["a", "b"]), ask(systems=["b"]), True),
        (_batch(systems=["a"]), ask(systems=["b"]), False),
        (_batch(systems=["a"]), ask(), False),
        (_batch(phases=["analyze"]), ask(), False),
        (_batch("complete"), ask(), True),
        (_batch("waiting"), ask(), False),
        (_batch("failed"), ask(), False),
        (_batch("reset"), ask(), False),
    ],
)
def test_a_batch_covers_what_is_asked_for_where_it_was_asked_for_no_less(running: Batch, wanted: dict[str, Any], covered: bool) -> None:
    assert lease.covers(running, wanted) is covered


class TestStanding:
    """How rows of the state database are told; they are written here as the lease writes them."""

    @pytest.fixture
    def state(self, tmp_path: Path) -> Iterator[State]:
        found = State(load_settings(data_dir=tmp_path), ManualClock(BEFORE))
        yield found
        found.close()

    def _put(self, kept: State, number: int, feed: str = "slate", day: date = NIGHT, **values: Any) -> None:
        now = AFTERNOON.replace(tzinfo=None)
        row = {"feed": feed, "game_date": day, "number": number, "state": "complete", "cause": "why", "attempt": 1, "beats": 3}
        row |= {"created_at": now, "counts": "{}", "asked": "{}", "progress": "{}"}
        with kept.transaction() as connection:
            connection.execute(sa.insert(BATCHES).values(**row | values))

    def test_of_a_date_the_newest_slate_is_told_and_those_before_it_newest_first(self, state: State) -> None:
        for number in (1, 2, 10, 11):
            self._put(state, number)
        self._put(state, 1, feed="props", state="failed", error="no disk")
        told = coordinator.status(state, NIGHT)
        assert told["batch_id"] == f"slate-{NIGHT}-11"
        assert [batch["batch_id"] for batch in told["before"]] == [f"slate-{NIGHT}-{number}" for number in (10, 2, 1)]
        assert [(batch["feed"], batch["error"]) for batch in told["others"]] == [("props", "no disk")]
        assert coordinator.status(state, f"slate-{NIGHT}-10")["before"] == told["before"][1:]

    def test_a_lease_is_told_while_it_is_held_alone(self, state: State) -> None:
        began = AFTERNOON.replace(tzinfo=None)
        times: dict[str, Any] = {"started_at": began, "lease_until": began + timedelta(minutes=2)}
        self._put(state, 1, state="processing", owner="me", generation=4, **times)
        assert coordinator.status(state, NIGHT)["lease"] == {
            "owner": "me",
            "generation": 4,
            "since": "2025-11-22T23:00:00Z",
            "until": "2025-11-22T23:02:00Z",
            "beats": 3,
        }
        self._put(state, 2, state="complete", owner="me", generation=5, **times)
        assert coordinator.status(state, NIGHT)["lease"] is None

    def test_a_phase_that_was_not_asked_for_was_neither_run_nor_up_to_date(self, state: State) -> None:
        progress = '{"ran": {"analyze": false, "features": true, "predict": false, "publish": false}, "phase": "publish"}'
        self._put(state, 1, asked='{"phases": ["analyze", "features"]}', progress=progress)
        told = coordinator.status(state, NIGHT)
        assert (told["ran"], told["up_to_date"]) == (["features"], ["analyze"])

    def test_telling_changes_nothing_and_hangs_on_no_clock(self, state: State) -> None:
        self._put(state, 1, state="processing", owner="me", generation=1)
        first = coordinator.status(state, NIGHT)
        assert coordinator.status(state, NIGHT) == first

    @pytest.mark.parametrize("batch", ["slate-2025-11-22-2", "slate-2025-11-22", "slate", "", "slate-2025-13-22-1", "x'--2025-11-22-1"])
    def test_a_batch_that_there_is_not_is_unknown(self, state: State, batch: str) -> None:
        self._put(state, 1)
        with pytest.raises(UnknownBatch):
            coordinator.status(state, batch)
