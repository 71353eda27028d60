"""The watch: each rule says once what is wrong in a real house, and once that it is over; a day without games has nothing to say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from faults.crew import Yard, lines
from faults.mischievous import BRISK
from faults.nights import Evening, evening, reopened
from flow.upstream import AFTERNOON, DAY, practice_house
from tipoff.clock import ManualClock, local_instant
from tipoff.errors import BudgetSpent
from tipoff.flow import halts
from tipoff.flow.cells import SLATE
from tipoff.flow.channels import Telling
from tipoff.flow.dead_letters import receive, replay
from tipoff.flow.engine import Desk, open_desk
from tipoff.flow.expected import write_expected
from tipoff.flow.house import House
from tipoff.flow.messages import CompletionMessage
from tipoff.flow.planned import planned_games
from tipoff.flow.processes import workers
from tipoff.flow.publishing import publish
from tipoff.flow.scraping import scrape_now
from tipoff.flow.watch import watch
from tipoff.flow.worker import working
from tipoff.practice.mischief import Mischief
from tipoff.predict.activate import PREDICTIONS
from tipoff.predict.artefacts import manifest_path
from tipoff.scrape.request import Request
from train import graded_rows
from train import practice_house as practice
from train.graded_rows import keep, streak
from train.practice_house import NIGHT

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WEEK = timedelta(days=7)


@dataclass
class Room:
    """Where a test is told: a channel that keeps what it hears."""

    name: str = "room"
    heard: list[Telling] = field(default_factory=list)

    def reach(self) -> str:
        return "is there"

    def send(self, telling: Telling) -> None:
        self.heard.append(telling)

    def of(self, family: str) -> list[tuple[str, str]]:
        """What became of the keys of a family, in order."""
        return [(telling.what, telling.key) for telling in self.heard if telling.key.startswith(family)]

    def words(self, key: str) -> str:
        return next(telling.text for telling in reversed(self.heard) if telling.key == key)


@pytest.fixture
def room() -> Room:
    return Room()


def look(house: House, room: Room, times: int = 2) -> None:
    """Watch, more than once: what goes on is told once all the same."""
    for _ in range(times):
        found = watch(house, channels=[room])
        assert found.unwatched == {}


def clock(house: House) -> ManualClock:
    assert isinstance(house.clock, ManualClock)
    return house.clock


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a night for which the fleet is trained; nothing is predicted."""
    folder = tmp_path_factory.mktemp("trained")
    with evening(folder):
        return folder


@pytest.fixture(scope="module")
def predicted(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, predicted and published in the afternoon."""
    folder = tmp_path_factory.mktemp("predicted") / "night"
    with reopened(trained, folder, local_instant(NIGHT, time(15))) as found:
        found.night()
    return folder


@pytest.fixture
def before(trained: Path, tmp_path: Path) -> Iterator[Evening]:
    with reopened(trained, tmp_path / "night", local_instant(NIGHT, time(15))) as found:
        write_expected(found.house, NIGHT)
        yield found


@pytest.fixture
def night(predicted: Path, tmp_path: Path) -> Iterator[Evening]:
    with reopened(predicted, tmp_path / "night", local_instant(NIGHT, time(15))) as found:
        write_expected(found.house, NIGHT)
        yield found


def first_tip(found: Evening) -> datetime:
    return min(game.tip for game in planned_games(found.house, NIGHT, NIGHT)[NIGHT])


def last_tip(found: Evening) -> datetime:
    return max(game.tip for game in planned_games(found.house, NIGHT, NIGHT)[NIGHT])


class TestFewPredictions:
    def test_a_game_without_any_is_told_half_an_hour_before_it_and_that_they_came(self, before: Evening, room: Room) -> None:
        tip = first_tip(before)
        clock(before.house).set(tip - timedelta(minutes=31))
        look(before.house, room)
        assert room.of("few ") == []
        clock(before.house).set(tip - timedelta(minutes=30))
        look(before.house, room)
        key = f"few {NIGHT} {tip:%H:%M}Z"
        assert room.of("few ") == [("began", key)]
        assert {telling.severity for telling in room.heard if telling.key == key} == {"critical"}
        before.night()
        clock(before.house).set(tip - timedelta(minutes=4))
        look(before.house, room)
        assert room.of("few ") == [("began", key), ("recovered", key)]

    def test_too_few_are_told_once_the_last_call_has_run_and_when_the_games_have_begun_that_is_past(
        self, night: Evening, room: Room
    ) -> None:
        tip = first_tip(night)
        game = next(game.game_id for game in planned_games(night.house, NIGHT, NIGHT)[NIGHT] if game.tip == tip)
        night.spoil(f"DELETE FROM {PREDICTIONS} WHERE game_id = '{game}' AND player_lookup > 'f'")
        publish(night.house, NIGHT, force=True)
        clock(night.house).set(tip - timedelta(minutes=6))
        look(night.house, room)
        assert room.of("few ") == []
        clock(night.house).set(tip - timedelta(minutes=5))
        look(night.house, room)
        key = f"few {NIGHT} {tip:%H:%M}Z"
        assert room.of("few ") == [("began", key)]
        assert f"{game} " in room.words(key)
        clock(night.house).set(tip + HOUR)
        look(night.house, room)
        assert room.of("few ") == [("began", key), ("lapsed", key)]

    def test_a_night_that_is_predicted_has_nothing_to_say(self, night: Evening, room: Room) -> None:
        for minutes in (30, 5, 0, -59):
            clock(night.house).set(first_tip(night) - minutes * MINUTE)
            look(night.house, room, 1)
        assert room.of("few ") + room.of("silent ") == []


def decided(found: Evening) -> None:
    """That something was graded, or decided of a model, is on record, as whoever does it leaves it there."""
    clock(found.house).advance(MINUTE)
    with found.house.state.phase(f"run at {found.house.clock.now()}", "grade", NIGHT):
        pass


class TestModels:
    def test_a_system_in_service_that_says_nothing_is_told_and_when_it_speaks_again(self, before: Evening, room: Room) -> None:
        [model] = [row["model_id"] for row in before.rows("models.registry") if row["system_id"] == "catboost_v9"]
        manifest = before.path.parent / manifest_path(model)
        whole = manifest.read_bytes()
        manifest.write_bytes(json.dumps({**json.loads(whole), "library_version": "0"}).encode())
        before.night()
        clock(before.house).set(first_tip(before))
        look(before.house, room)
        assert room.of("silent ") == [("began", f"silent {NIGHT}")]
        assert "2 of 7 systems in service" in room.words(f"silent {NIGHT}")
        assert room.words(f"silent {NIGHT}").endswith(": catboost_v9, ensemble"), "a pool says nothing without one of its members"
        manifest.write_bytes(whole)
        clock(before.house).set(first_tip(before) - HOUR)
        before.night()
        clock(before.house).set(first_tip(before))
        look(before.house, room)
        assert room.of("silent ") == [("began", f"silent {NIGHT}"), ("recovered", f"silent {NIGHT}")]

    def test_a_stale_model_is_told_again_when_it_is_worse_and_when_it_is_refitted(self, night: Evening, room: Room) -> None:
        age = "UPDATE models.registry SET trained_until = trained_until - {} WHERE system_id = 'catboost_v9'"
        for days in (10, 10, -20):
            night.spoil(age.format(days))
            decided(night)
            look(night.house, room)
        assert room.of("stale ") == [(what, "stale catboost_v9") for what in ("began", "worse", "recovered")]

    def test_figures_that_are_too_good_halt_until_they_are_not_and_a_person_may_resume_before(self, night: Evening, room: Room) -> None:
        back = (graded_rows.DAY - NIGHT).days + 1
        keep(night.house.warehouse, streak(185, 115, back=back, system="catboost_v9"), first=100)
        decided(night)
        look(night.house, room)
        assert room.of("leak ") == [("began", "leak catboost_v9")]
        assert "hit rate 0.617 over 300 (limit 0.60)" in room.words("leak catboost_v9")
        assert str(night.document().halt.reason).startswith("leak_alarm: catboost_v9 looks too good to be true")
        [halt] = halts.halts(night.house.state, night.house.clock.now())
        halts.lift(night.house.state, night.house.clock.now(), by="ann")
        look(night.house, room)
        assert not night.document().halt.active
        keep(night.house.warehouse, streak(0, 20, back=back, system="catboost_v9"), first=9000)
        decided(night)
        look(night.house, room)
        keep(night.house.warehouse, streak(60, 0, back=back, system="catboost_v9"), first=9100)
        decided(night)
        look(night.house, room)
        assert [what for what, _ in room.of("leak ")] == ["began", "recovered", "began"]
        assert night.document().halt.active
        keep(night.house.warehouse, streak(0, 60, back=back, system="catboost_v9"), first=9200)
        decided(night)
        look(night.house, room)
        assert [what for what, _ in room.of("halt ")] == ["began", "recovered"] * 2
        assert {key for _, key in room.of("halt ")} == {f"halt {halt.halt_id}", f"halt {halt.halt_id + 1}"}
        assert not night.document().halt.active


class TestFeeds:
    def test_what_is_missing_is_one_alert_a_day_and_phase_and_over_when_it_came(self, tmp_path: Path, room: Room) -> None:
        mischief = Mischief()
        with practice_house(tmp_path, mischief=mischief) as (house, turned), working(house, scheduled=False) as engine:
            mischief.script("lines", "404", forever=True)
            scrape_now(engine, DAY, ("schedule", "events", "lines"), BRISK)
            write_expected(house, DAY)
            look(house, room)
            assert room.of(f"gap {DAY} lines") == [("began", f"gap {DAY} lines")]
            words = room.words(f"gap {DAY} lines")
            assert words.startswith(f"lines of 8 of 8 games of {DAY} is missing (")
            assert "HTTP 404" in words
            mischief.calm()
            turned.advance(10 * MINUTE)
            scrape_now(engine, DAY, ("lines",), BRISK)
            write_expected(house, DAY)
            look(house, room)
        assert room.of(f"gap {DAY} lines") == [("began", f"gap {DAY} lines"), ("recovered", f"gap {DAY} lines")]

    def test_of_a_slate_that_nobody_ran_the_first_phase_is_told_and_once_it_is_there_the_next(self, before: Evening, room: Room) -> None:
        clock(before.house).set(first_tip(before) - MINUTE)
        write_expected(before.house, NIGHT)
        look(before.house, room)
        assert [key for _, key in room.of("gap ") if key.split()[-1] in SLATE] == [f"gap {NIGHT} analyze"]
        clock(before.house).set(first_tip(before) - HOUR)
        before.night()
        write_expected(before.house, NIGHT)
        look(before.house, room)
        assert [what for what, key in room.of("gap ") if key.split()[-1] in SLATE] == ["began", "recovered"]

    def test_quotes_that_stand_still_for_two_intervals_are_stale_until_the_next_answer_or_the_last_tip(
        self, tmp_path: Path, room: Room
    ) -> None:
        with practice_house(tmp_path) as (house, turned), working(house, scheduled=False) as engine:
            scrape_now(engine, DAY, ("schedule", "events", "lines", "props"), BRISK)
            write_expected(house, DAY)
            turned.advance(HOUR)
            look(house, room)
            assert room.of("feed ") == []
            turned.advance(MINUTE)
            look(house, room)
            began = [("began", f"feed {DAY} lines"), ("began", f"feed {DAY} props")]
            assert room.of("feed ") == began
            assert "the last answer came at 20:30Z" in room.words(f"feed {DAY} props")
            scrape_now(engine, DAY, ("lines", "props"), BRISK)
            look(house, room)
            over = [("recovered", f"feed {DAY} lines"), ("recovered", f"feed {DAY} props")]
            assert room.of("feed ") == began + over
            turned.advance(HOUR + MINUTE)
            look(house, room)
            turned.set(max(game.tip for game in planned_games(house, DAY, DAY)[DAY]))
            look(house, room)
        past = [("lapsed", f"feed {DAY} lines"), ("lapsed", f"feed {DAY} props")]
        assert room.of("feed ") == began + over + began + past

    def test_who_asks_seldom_hears_of_it_later_and_who_asks_often_sooner(self, tmp_path: Path, room: Room) -> None:
        for minutes in (10, 60):
            with (
                practice_house(tmp_path / str(minutes), capture_minutes=minutes) as (house, turned),
                working(house, scheduled=False) as engine,
            ):
                scrape_now(engine, DAY, ("schedule", "events", "lines", "props"), BRISK)
                write_expected(house, DAY)
                before = room.of("feed ")
                turned.advance(2 * minutes * MINUTE)
                look(house, room)
                assert room.of("feed ") == before
                turned.advance(MINUTE)
                look(house, room)
                assert room.of("feed ") == [*before, ("began", f"feed {DAY} lines"), ("began", f"feed {DAY} props")]
                assert f"one is due every {minutes} minutes" in room.words(f"feed {DAY} props")

    def test_before_the_hours_of_capture_and_without_a_source_of_quotes_nothing_is_stale(self, tmp_path: Path, room: Room) -> None:
        with practice_house(tmp_path, local_instant(DAY, time(9))) as (house, turned), working(house, scheduled=False) as engine:
            scrape_now(engine, DAY, ("schedule",), BRISK)
            write_expected(house, DAY)
            turned.set(local_instant(DAY, time(11)))
            look(house, room)
            assert room.of("feed ") == []
            off = House(**{**vars(house), "settings": house.settings.model_copy(update={"sources": ("nba_cdn",)})})
            turned.set(AFTERNOON)
            look(off, room)
            assert room.of("feed ") == []
            look(house, room)
            assert len(room.of("feed ")) == 2

    def test_levels_of_credits_of_a_day_that_is_past_are_over_though_nothing_is_asked(self, tmp_path: Path, room: Room) -> None:
        with practice_house(tmp_path, credits_per_day=100) as (house, turned):
            with pytest.raises(BudgetSpent):
                house.credits.reserve(Request("odds_api", "event-odds", "/v4/odds", credits=101))
            look(house, room)
            assert [what for what, _ in room.of("credits ")] == ["began"] * 3
            assert [telling.severity for telling in room.heard] == ["notice", "warning", "critical"]
            turned.advance(timedelta(days=1))
            look(house, room)
            assert [what for what, _ in room.of("credits ")] == ["began"] * 3 + ["recovered"] * 3


class TestWork:
    def test_a_parked_batch_is_told_and_that_another_did_its_work(self, yard: Yard, room: Room) -> None:
        hand = yard.hire(batch_attempts=1)
        [lost] = yard.land(lines(0))
        file = yard.folder / yard.house.vault.path(lost)
        aside = file.rename(yard.folder / "aside.zst")
        yard.trigger(hand)
        yard.settled()
        look(yard.house, room)
        [(what, key)] = room.of("parked ")
        assert (what, key) == ("began", "parked lines 2025-11-05")
        assert f"The vault holds no payload {lost}" in room.words(key)
        aside.rename(file)
        yard.trigger(hand)
        yard.settled()
        look(yard.house, room)
        assert room.of("parked ") == [("began", key), ("recovered", key)]

    def test_a_process_that_vanished_is_told_until_one_begins_on_its_machine(self, yard: Yard, room: Room) -> None:
        watcher, lost = yard.hire(), yard.hire()
        look(yard.house, room)
        yard.kill(lost)
        yard.until(lambda: len(workers(yard.house.state)) == 1)
        look(yard.house, room)
        [(what, key)] = room.of("worker ")
        assert what == "began"
        assert "1 process on" in room.words(key)
        yard.hire()
        look(yard.house, room)
        assert room.of("worker ") == [("began", key), ("recovered", key)]
        assert watcher in yard.hands

    def test_a_process_that_left_has_not_vanished(self, yard: Yard, room: Room) -> None:
        hand = yard.hire()
        hand.ask("close")
        look(yard.house, room)
        assert room.of("worker ") == []
        assert workers(yard.house.state) == []
        hand.let_go()
        yard.hands.remove(hand)

    def test_messages_that_nobody_could_take_are_told_until_they_were(self, tmp_path: Path, room: Room) -> None:
        def react(_: Desk, message: CompletionMessage) -> None:
            """Nothing follows."""

        with practice_house(tmp_path) as (house, _), open_desk(house) as desk:
            assert not receive(desk, b'{"phase": "analyze"}', react)
            look(house, room)
            assert room.of("dead letters") == [("began", "dead letters")]
            assert "1 message waits" in room.words("dead letters")
            assert replay(desk, react) == 0
            look(house, room)
            assert room.of("dead letters") == [("began", "dead letters")]


class TestNoGames:
    def test_f29_on_a_day_without_games_nothing_alerts_whatever_the_hour(self, night: Evening, room: Room) -> None:
        night.spoil("UPDATE models.registry SET trained_until = trained_until - 100")
        for hours in range(0, 48, 3):
            watch(night.house, local_instant(NIGHT + WEEK * 40, time(0)) + hours * HOUR, channels=[room])
        assert room.heard == []


class TestARuleThatBreaks:
    def test_it_does_not_stop_the_others_and_what_it_told_before_stands(self, night: Evening, room: Room) -> None:
        night.spoil("UPDATE models.registry SET trained_until = trained_until - 20 WHERE system_id = 'catboost_v9'")
        look(night.house, room)
        assert room.of("stale ") == [("began", "stale catboost_v9")]
        whole = night.path.read_bytes()
        night.path.write_bytes(b"not a warehouse" * 1000)
        decided(night)
        halts.halt(night.house.state, night.house.clock.now(), "broken", by="ann")
        for _ in range(2):
            found = watch(night.house, channels=[room])
            assert set(found.unwatched) == {"models", "documents"}
        assert room.of("halt ") + room.of("unwatched") == [("began", "halt 1"), ("began", "unwatched")]
        assert "2 of the rules could not be asked: models: " in room.words("unwatched")
        night.path.write_bytes(whole)
        found = watch(night.house, channels=[room])
        assert (found.unwatched, found.published) == ({}, [NIGHT])
        assert room.of("unwatched") == [("began", "unwatched"), ("recovered", "unwatched")]
        assert room.of("stale ") == [("began", "stale catboost_v9")]


def test_the_trained_house_holds_what_these_tests_suppose() -> None:
    assert len(practice.systems()) == 7
