"""Halts: every document tells the one in force, at once, and withholds picks; predicting goes on; no death or race leaves one untold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from faults.nights import Evening, evening, reopened
from tipoff.clock import ManualClock, game_date_of, local_instant
from tipoff.config import load_settings
from tipoff.errors import BadInput
from tipoff.flow import halts
from tipoff.flow.alerts import alerts
from tipoff.flow.expected import write_expected
from tipoff.flow.halting import after_halting, publish_halts
from tipoff.flow.halts import FLEET_BLOCKED, Halt, active, halt_by_rule, lift, lift_by_rule, until_of
from tipoff.flow.house import House
from tipoff.flow.overview import overview
from tipoff.flow.publishing import publish
from tipoff.flow.state import State
from tipoff.flow.watch import watch
from tipoff.predict.activate import PREDICTIONS
from tipoff.store.warehouse import Work
from train.graded_rows import DAY, keep, streak
from train.practice_house import NIGHT, systems

NOON = datetime(2025, 11, 5, 17, tzinfo=UTC)
AFTERNOON = local_instant(NIGHT, time(15))
WHY = "the injury feed is wrong"


@pytest.fixture(scope="module")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The night's folder in the afternoon, predicted and published."""
    folder = tmp_path_factory.mktemp("predicted")
    with evening(folder) as found:
        clock(found.house).set(AFTERNOON)
        found.night()
    return folder


@pytest.fixture
def night(predicted: Path, tmp_path: Path) -> Iterator[Evening]:
    """The night in the afternoon, predicted and published, to be changed."""
    with reopened(predicted, tmp_path / "night", AFTERNOON) as found:
        yield found


def clock(house: House) -> ManualClock:
    assert isinstance(house.clock, ManualClock)
    return house.clock


def put(night: Evening, **limits: datetime | date | None) -> Halt:
    until, game_date = limits.get("until"), limits.get("game_date")
    assert until is None or isinstance(until, datetime)
    return halts.halt(night.house.state, night.house.clock.now(), WHY, by="ann", until=until, game_date=game_date)


def told(night: Evening) -> dict[str, tuple[bool, str | None]]:
    """The halt in each document that is published, schemas left out."""
    folder = night.path.parent / "v1"
    found = {}
    for path in folder.rglob("*.json"):
        name = str(path.relative_to(folder))
        if not name.startswith("schemas/"):
            document = json.loads(path.read_bytes())
            found[name] = (document["halt"]["active"], document["halt"]["reason"])
    return found


def picks(night: Evening) -> int:
    return sum(player.prediction is not None for game in night.document().games for player in game.players)


class TestEveryDocument:
    def test_tells_the_halt_at_once_and_withholds_picks_until_it_is_lifted(self, night: Evening) -> None:
        before = picks(night)
        assert before > 0
        clock(night.house).advance(timedelta(minutes=1))
        halted = put(night)
        clock(night.house).advance(timedelta(minutes=1))
        assert after_halting(night.house, []) == [NIGHT]
        assert told(night) == dict.fromkeys(told(night), (True, f"by_hand: {WHY}"))
        assert {f"tonight/{NIGHT}.json", "tonight/latest.json", "status.json"} <= set(told(night))
        document = night.document()
        assert (document.state, document.halt.since, document.total_recommended, picks(night)) == ("halted", halted.since, 0, 0)
        clock(night.house).advance(timedelta(minutes=1))
        assert lift(night.house.state, night.house.clock.now(), by="ann") != []
        assert after_halting(night.house, []) == [NIGHT]
        assert told(night) == dict.fromkeys(told(night), (False, None))
        assert (night.document().state, picks(night)) == ("ok", before)

    def test_while_halted_predictions_are_made_and_kept_and_nothing_of_them_is_shown(self, night: Evening) -> None:
        halted = put(night)
        after_halting(night.house, [])
        clock(night.house).advance(timedelta(minutes=30))
        night.spoil(f"DELETE FROM {PREDICTIONS}", "DELETE FROM ops.generations")
        again = night.night()
        assert sum(row["is_active"] for row in night.rows(PREDICTIONS)) == sum(again.predicted.values()) > 0
        assert (night.document().state, night.document().halt.since, picks(night)) == ("halted", halted.since, 0)

    def test_of_a_day_that_was_over_before_a_halt_keeps_its_picks(self, night: Evening) -> None:
        clock(night.house).set(local_instant(NIGHT + timedelta(days=1), time(9)))
        put(night)
        after_halting(night.house, [])
        assert told(night)["status.json"] == (True, f"by_hand: {WHY}")
        assert (night.document().halt.active, picks(night) > 0) == (False, True)

    def test_a_halt_of_another_day_alone_is_not_told(self, night: Evening) -> None:
        put(night, game_date=NIGHT + timedelta(days=1))
        assert after_halting(night.house, []) == []
        assert told(night) == dict.fromkeys(told(night), (False, None))

    def test_of_a_day_long_past_is_taken_from_its_document_as_well_when_it_is_lifted(self, night: Evening) -> None:
        clock(night.house).set(AFTERNOON + timedelta(days=20))
        put(night, game_date=NIGHT)
        assert after_halting(night.house, []) == [NIGHT]
        assert night.document().state == "halted"
        lift(night.house.state, night.house.clock.now(), by="ann", game_date=NIGHT)
        assert after_halting(night.house, []) == [NIGHT]
        assert (night.document().state, night.document().halt.active) == ("ok", False)


def test_the_phase_that_wrote_the_status_is_told_as_done_in_it(night: Evening) -> None:
    """It was told as running for ever: nobody writes the status after it."""
    told_of = json.loads((night.path.parent / "v1" / "status.json").read_bytes())["dates"][0]
    phases = {phase["phase"]: phase["status"] for phase in told_of["phases"]}
    assert (told_of["game_date"], phases["publish"], "running" in phases.values()) == (f"{NIGHT}", "success", False)


def test_the_sentence_on_top_of_status_tells_the_halt(night: Evening) -> None:
    house = night.house
    write_expected(house, NIGHT)
    put(night)
    found = overview(house.state, house.clock, house.settings).verdict
    assert (found.word, found.do) == ("bad", "tipoff resume")
    assert f"nothing is recommended since 15:00: {WHY}" in found.sentence


class TestNoHaltIsLost:
    def test_where_somebody_died_between_halting_and_publishing_the_watch_publishes(self, night: Evening) -> None:
        put(night)
        assert watch(night.house, channels=[]).published == [NIGHT]
        assert picks(night) == 0
        assert watch(night.house, channels=[]).published == []

    def test_one_that_begins_while_a_slate_is_being_published_is_in_what_is_published(self, night: Evening) -> None:
        asked: list[Halt] = []

        def halts_meanwhile(_: Work) -> None:
            if not asked:
                asked.append(put(night))

        publish(night.house, NIGHT, guard=halts_meanwhile, force=True)
        assert asked
        assert told(night) == dict.fromkeys(told(night), (True, f"by_hand: {WHY}"))

    def test_one_that_ends_by_itself_is_not_in_force_from_then_on_and_the_watch_publishes(self, night: Evening) -> None:
        end = AFTERNOON + timedelta(hours=1)
        put(night, until=end)
        after_halting(night.house, [])
        assert night.document().halt.reason == f"by_hand: {WHY} (until {end:%Y-%m-%d %H:%M}Z)"
        clock(night.house).set(end - timedelta(seconds=1))
        assert watch(night.house, channels=[]).published == []
        clock(night.house).set(end)
        assert watch(night.house, channels=[]).published == [NIGHT]
        assert (picks(night) > 0, told(night)["status.json"]) == (True, (False, None))
        assert [one.lifted_by for one in halts.halts(night.house.state)] == ["its time"]

    def test_a_publication_that_finds_nothing_new_but_a_halt_publishes(self, night: Evening) -> None:
        assert publish(night.house, NIGHT)[0].ran is False
        put(night)
        assert publish(night.house, NIGHT)[0].ran is True
        assert publish(night.house, NIGHT)[0].ran is False


class TestTooFewSystems:
    ALL_BUT_TWO = tuple(systems())[:-2]
    EVE = (DAY - NIGHT + timedelta(days=1)).days

    def lose(self, night: Evening) -> None:
        """All but two of the systems have lost three bets of four on the evening before."""
        for place, system in enumerate(self.ALL_BUT_TWO):
            keep(night.house.warehouse, streak(30, 90, back=self.EVE, system=system), first=1000 * place)

    def test_they_are_on_record_as_a_halt_that_nobody_can_lift_and_that_ends_with_its_cause(self, night: Evening) -> None:
        self.lose(night)
        night.night()
        [halt] = halts.halts(night.house.state, night.house.clock.now())
        assert (halt.rule, halt.game_date, halt.by) == (FLEET_BLOCKED, NIGHT, "tipoff")
        assert (night.document().halt.reason, told(night)["status.json"]) == (halt.words, (True, halt.words))
        assert f"halt {halt.halt_id}" in watch(night.house, channels=[]).fresh
        assert lift(night.house.state, night.house.clock.now(), by="ann") == []
        keep(night.house.warehouse, streak(120, 0, back=self.EVE, system=self.ALL_BUT_TWO[-1]), first=5000)
        night.night()
        assert halts.halts(night.house.state, night.house.clock.now()) == []
        assert (night.document().state, told(night)["status.json"]) == ("ok", (False, None))
        assert f"halt {halt.halt_id}" in watch(night.house, channels=[]).over

    def test_a_halt_by_hand_is_told_before_it_and_when_that_is_lifted_the_other_still_halts(self, night: Evening) -> None:
        self.lose(night)
        put(night)
        night.night()
        assert night.document().halt.reason == f"by_hand: {WHY}"
        lift(night.house.state, night.house.clock.now(), by="ann")
        after_halting(night.house, [])
        assert str(night.document().halt.reason).startswith("fleet_blocked: ")
        assert publish_halts(night.house) == []


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def state(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[State]:
    shared = SecretStr(request.getfixturevalue("postgres_server").fresh()) if request.param == "postgres" else None
    settings = load_settings(data_dir=tmp_path_factory.mktemp("state")).model_copy(update={"database": shared})
    opened = State(settings, ManualClock(NOON))
    yield opened
    opened.close()


@pytest.fixture
def nothing_halts(state: State) -> None:
    with state.transaction() as connection:
        connection.execute(halts.HALTS.delete())


@pytest.mark.usefixtures("nothing_halts")
class TestOnRecord:
    def test_halting_again_by_hand_changes_the_reason_and_the_end_and_keeps_the_beginning(self, state: State) -> None:
        first = halts.halt(state, NOON, "one", by="ann")
        again = halts.halt(state, NOON + timedelta(hours=1), " two ", by="bob", until=NOON + timedelta(hours=2))
        assert (again.halt_id, again.reason, again.by, again.since) == (first.halt_id, "two", "bob", NOON)
        assert len(halts.halts(state)) == 1

    def test_a_clock_that_jumps_back_lifts_nothing(self, state: State) -> None:
        halts.halt(state, NOON, "one", by="ann", until=NOON + timedelta(hours=1))
        assert active(state, NOON - timedelta(days=1)) is not None

    def test_what_a_rule_halted_ends_with_its_own_cause_alone(self, state: State) -> None:
        with state.transaction() as connection:
            for cause in ("a", "b", "a"):
                halt_by_rule(connection, NOON, "leak_alarm", cause, f"{cause} is too good")
            assert [one.cause for one in lift_by_rule(connection, NOON, "leak_alarm", ["a"])] == ["a"]
        assert [one.cause for one in halts.halts(state, NOON)] == ["b"]

    def test_resuming_a_day_leaves_what_is_not_of_that_day_alone(self, state: State) -> None:
        day = game_date_of(NOON)
        halts.halt(state, NOON, "all", by="ann")
        halts.halt(state, NOON, "one", by="ann", game_date=day)
        assert [one.reason for one in lift(state, NOON, by="ann", game_date=day)] == ["one"]
        assert [one.reason for one in halts.halts(state, NOON)] == ["all"]

    @pytest.mark.parametrize(("reason", "until"), [("  ", None), ("why", NOON), ("why", NOON - timedelta(days=1))])
    def test_one_without_a_reason_or_with_an_end_that_is_past_is_refused(self, state: State, reason: str, until: datetime | None) -> None:
        with pytest.raises(BadInput):
            halts.halt(state, NOON, reason, by="ann", until=until)
        assert halts.halts(state) == []

    def test_an_end_is_an_instant_or_the_first_day_that_is_not_halted(self) -> None:
        assert until_of("2025-11-05T22:30:00Z") == datetime(2025, 11, 5, 22, 30, tzinfo=UTC)
        assert until_of("2025-11-06") == datetime(2025, 11, 6, 5, tzinfo=UTC)
        for text in ("tomorrow", "2025-11-06T10:00:00", ""):
            with pytest.raises(BadInput):
                until_of(text)

    HOURS, DAYS = st.integers(0, 60), st.integers(0, 2)

    @settings(max_examples=60)
    @given(
        st.lists(st.tuples(HOURS, st.none() | HOURS, st.none() | st.integers(0, 2), st.none() | HOURS), max_size=5),
        HOURS,
        st.integers(0, 2),
    )
    def test_what_is_in_force_is_the_oldest_that_a_plain_reading_finds(
        self, state: State, made: list[tuple[int, int | None, int | None, int | None]], hour: int, day: int
    ) -> None:
        today = game_date_of(NOON)
        rows: list[tuple[int, int | None, int | None, int | None]] = []
        with state.transaction() as connection:
            connection.execute(halts.HALTS.delete())
            for begun, until, of_day, lifted in made:
                row = {
                    "rule": "by_hand",
                    "cause": "",
                    "reason": str(len(rows)),
                    "by": "ann",
                    "since": (NOON + timedelta(hours=begun)).replace(tzinfo=None),
                    "until": (NOON + timedelta(hours=until)).replace(tzinfo=None) if until is not None else None,
                    "game_date": today + timedelta(days=of_day) if of_day is not None else None,
                    "lifted_at": (NOON + timedelta(hours=lifted)).replace(tzinfo=None) if lifted is not None else None,
                }
                connection.execute(halts.HALTS.insert().values(**row))
                rows.append((begun, until, of_day, lifted))
        holding = [
            (begun, place)
            for place, (begun, until, of_day, lifted) in enumerate(rows)
            if lifted is None
            and (until is None or until > hour)
            and (of_day == day if of_day is not None else today + timedelta(days=day) >= game_date_of(NOON + timedelta(hours=begun)))
        ]
        found = active(state, NOON + timedelta(hours=hour), today + timedelta(days=day))
        assert (found.reason if found else None) == (str(min(holding)[1]) if holding else None)


def test_a_halt_alerts_and_when_it_is_lifted_that_is_over(night: Evening) -> None:
    put(night)
    after_halting(night.house, [])
    [alert] = alerts(night.house.state, now_only=True)
    assert (alert.severity, alert.text) == ("warning", f"Halted by ann, by_hand: {WHY}")
    lift(night.house.state, night.house.clock.now(), by="ann")
    after_halting(night.house, [])
    assert alerts(night.house.state, now_only=True) == []
