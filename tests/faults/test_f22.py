"""F22: a phase is run again with new inputs: what depends on it runs again; with the same inputs: nothing is recomputed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from faults.nights import Evening, evening
from faults.test_f45 import corrected
from tipoff.clock import ManualClock
from tipoff.flow.batch_log import Batch, batches
from tipoff.flow.engine import Engine
from tipoff.flow.lease import trigger, wait_for
from tipoff.flow.slate import PHASES, ask
from tipoff.flow.training import train_fleet
from tipoff.flow.worker import working
from tipoff.load.documents import load_payloads
from tipoff.predict.activate import PREDICTIONS
from tipoff.predict.systems import systems_named
from tipoff.store.versions import FEATURES, versions
from train import practice_house
from train.practice_house import NIGHT, games_of_night, lines

WRITTEN = (
    *("analytics.upcoming_player_game_context", "analytics.player_line_summary", "analytics.player_game_summary", "features.store"),
    *(PREDICTIONS, "predictions.absences", "predictions.prediction_accuracy", "models.performance_daily", "ops.outbox"),
)
Rows = dict[str, list[dict[str, Any]]]


class Night:
    """The evening, with an engine that runs."""

    def __init__(self, found: Evening, engine: Engine) -> None:
        self.house, self.engine = found.house, engine

    def run(self, feed: str = "slate") -> Batch:
        """Ask for a batch, and wait for it."""
        number = trigger(self.engine, feed, NIGHT, "a test", ask("backfill") if feed == "slate" else {})
        wait_for(self.engine, {(feed, NIGHT, number)}, 120)
        return next(batch for batch in batches(self.house.state, NIGHT, feed) if batch.number == number)

    def written(self) -> Rows:
        """Every row that the phases write, with the moment at which it was written."""
        found = {name: self.house.warehouse.read(name).to_pylist() for name in WRITTEN}
        for row in found["ops.outbox"]:
            del row["written_at"], row["sent_at"], row["run_id"]
        return {name: sorted(rows, key=str) for name, rows in found.items()}

    def load(self, *payloads: Any) -> None:
        house = self.house
        pairs = ((payload, None) for payload in payloads)
        load_payloads(house.warehouse, house.vault, pairs, seen_at=house.clock.now(), run_id="later")

    def generations(self) -> dict[str, int]:
        games = [game.game_id for game in games_of_night()]
        with self.house.warehouse.reading() as work:
            return {scope: version.generation for (_, scope), version in versions(work, [FEATURES], games).items()}

    def active(self) -> dict[tuple[str, str, str], str]:
        """(game, player, system) to the prediction that stands."""
        rows = self.house.warehouse.read(PREDICTIONS, is_active=True).to_pylist()
        return {(row["game_id"], row["player_lookup"], row["system_id"]): row["prediction_id"] for row in rows}


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    with evening(tmp_path) as found, working(found.house, scheduled=False) as engine:
        yield Night(found, engine)


def ran(batch: Batch) -> list[str]:
    assert batch.state == "complete", batch.error
    found: list[str] = batch.counts["ran"]
    return found


def test_f22_with_the_same_inputs_nothing_is_recomputed_and_with_new_ones_that_alone_which_depends_on_them(night: Night) -> None:
    assert ran(night.run()) == list(PHASES)
    before, spoken, built = night.written(), night.active(), night.generations()
    assert spoken
    assert set(built.values()) == {1}

    assert ran(night.run()) == []
    assert night.written() == before

    game = games_of_night()[0]
    night.load(lines(game, game.tip - timedelta(minutes=5)))
    assert ran(night.run()) == list(PHASES)
    assert night.generations() == {**built, game.game_id: 2}
    again = night.active()
    assert {key: said for key, said in again.items() if key[0] != game.game_id} == {
        key: said for key, said in spoken.items() if key[0] != game.game_id
    }
    assert any(again[key] != spoken[key] for key in spoken.keys() & again.keys() if key[0] == game.game_id)

    clock = night.house.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(hours=1))
    train_fleet(night.house, systems_named(["moving_average"]), NIGHT, "20d", lambda _: None)
    assert ran(night.run()) == ["predict", "publish"]
    swapped = night.active()
    changed = {key for key in swapped if swapped[key] != again.get(key)}
    assert changed
    assert {system for _, _, system in changed} == {"moving_average"}
    assert ran(night.run()) == []


def test_f22_grades_follow_a_corrected_box_score_and_nothing_else(night: Night) -> None:
    night.run()
    night.load(*practice_house.aftermath())
    assert ran(night.run("grade")) == ["grade", "performance", "publish"]
    before = night.written()
    assert ran(night.run("grade")) == []
    assert night.written() == before

    clock = night.house.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(hours=5))
    night.load(corrected(games_of_night()[0], clock.now())[1])
    assert ran(night.run("grade")) == ["grade", "performance", "publish"]
    after = night.written()["predictions.prediction_accuracy"]
    assert len(after) == len(before["predictions.prediction_accuracy"])
    assert after != before["predictions.prediction_accuracy"]
