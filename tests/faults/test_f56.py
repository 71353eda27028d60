"""F56 Published picks never vanish or change on re-export; corrections are appended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from faults.nights import Evening, evening, reopened
from tipoff.flow.fleet import retire
from tipoff.flow.halting import publish_halts
from tipoff.flow.halts import halt
from tipoff.flow.night import grade_night
from tipoff.flow.publishing import publish
from tipoff.flow.training import train_fleet
from tipoff.predict.systems import systems_named
from tipoff.publish.ledger import LEDGER, SIDES
from tipoff.publish.write import tonight_path
from train import practice_house

Row = dict[str, Any]
NIGHT = practice_house.NIGHT
AT = practice_house.MORNING
SYSTEM, LEARNING = "moving_average", "minutes_rate_v12_noveg"
DOCUMENT = tonight_path(NIGHT)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a night that was predicted and published once."""
    folder: Path = tmp_path_factory.mktemp("once")
    with evening(folder) as first:
        first.night()
    return folder


@pytest.fixture
def shown(once: Path, tmp_path: Path) -> Iterator[Evening]:
    """A copy of it, an hour later."""
    with reopened(once, tmp_path / "again", AT + timedelta(hours=1)) as again:
        yield again


def ledger(night: Evening) -> dict[str, Row]:
    return {row["pick_id"]: row for row in night.rows(LEDGER)}


def kept(before: dict[str, Row], after: dict[str, Row]) -> list[Row]:
    """That no row of before is gone or changed, to the last column; gives the new ones."""
    assert {pick: after.get(pick) for pick in before} == before
    return [row for pick, row in after.items() if pick not in before]


def last_of_each(rows: dict[str, Row]) -> dict[tuple[str, str, str], Row]:
    """The row of each place of the night's document that no other corrects; that each is corrected once at most is checked on the way."""
    corrected = [row["corrects"] for row in rows.values() if row["corrects"]]
    assert len(set(corrected)) == len(corrected)
    assert set(corrected) <= set(rows)
    standing = [row for pick, row in rows.items() if pick not in set(corrected) and row["document"] == DOCUMENT]
    found = {(row["game_id"], row["player_lookup"], row["system_id"]): row for row in standing}
    assert len(found) == len(standing)
    return found


def says_what_readers_see(night: Evening) -> None:
    """That the ledger's last word on every place is what stands in the document."""
    last = {place: row for place, row in last_of_each(ledger(night)).items() if row["kind"] != "withdrawal"}
    seen = {
        (game.game_id, player.player_lookup, said.system_id): (said.recommendation, said.line, said.bookmaker, said.price)
        for game in night.document().games
        for player in game.players
        for said in player.predictions
        if said.recommendation in SIDES
    }
    assert {place: (row["recommendation"], row["line"], row["bookmaker"], row["price"]) for place, row in last.items()} == seen


def test_f56_everything_that_was_recommended_is_on_record_with_its_moment(shown: Evening) -> None:
    rows = ledger(shown)
    assert rows
    assert {row["kind"] for row in rows.values()} == {"pick"}
    assert {row["published_at"] for row in rows.values()} == {AT}
    said = {row["prediction_id"]: row for row in shown.rows("predictions.player_prop_predictions")}
    for row in (row for row in rows.values() if row["document"] == DOCUMENT):
        assert said[row["prediction_id"]]["recommendation"] == row["recommendation"]
        assert said[row["prediction_id"]]["model_id"] == row["model_id"]
    says_what_readers_see(shown)


def test_f56_exporting_again_changes_nothing(shown: Evening) -> None:
    before = ledger(shown)
    for _ in range(3):
        publish(shown.house, NIGHT, force=True)
    assert ledger(shown) == before


def test_f56_another_model_corrects_by_rows_that_name_what_they_correct(shown: Evening) -> None:
    before = ledger(shown)
    train_fleet(shown.house, systems_named([LEARNING]), NIGHT, "25d", lambda _: None)
    shown.night()
    new = kept(before, ledger(shown))
    corrections = [row for row in new if row["kind"] == "correction" and row["document"] == DOCUMENT]
    assert corrections
    for row in corrections:
        wrong = before[row["corrects"]]
        assert [wrong[name] for name in ("game_id", "player_lookup", "system_id")] == [
            row["game_id"],
            row["player_lookup"],
            row["system_id"],
        ]
        assert wrong["shown"] != row["shown"]
        assert wrong["published_at"] < row["published_at"]
    says_what_readers_see(shown)


def test_f56_a_retired_model_takes_no_pick_along(shown: Evening) -> None:
    before = ledger(shown)
    mine = {pick for pick, row in before.items() if row["system_id"] == SYSTEM and row["document"] == DOCUMENT}
    assert mine
    for row in shown.rows("models.registry"):
        if row["system_id"] == SYSTEM:
            retire(shown.house, row["model_id"], by="a test", reason="it is to go")
    shown.night()
    new = kept(before, ledger(shown))
    withdrawn = {row["corrects"] for row in new if row["kind"] == "withdrawal"}
    assert mine <= withdrawn
    says_what_readers_see(shown)


def test_f56_a_halt_withdraws_nothing(shown: Evening) -> None:
    before = ledger(shown)
    now = shown.house.clock.now()
    halt(shown.house.state, now, "a test of the brakes", by="a test", game_date=NIGHT)
    assert publish_halts(shown.house) == [NIGHT]
    assert shown.document().halt.active
    assert ledger(shown) == before


def test_f56_grading_changes_no_pick(shown: Evening) -> None:
    before = ledger(shown)
    practice_house.Stage(shown.path.parent).load(practice_house.aftermath())
    grade_night(shown.house, NIGHT)
    assert any(row["result"] for row in shown.rows("predictions.prediction_accuracy"))
    assert kept(before, ledger(shown)) == []


def test_f56_what_an_export_showed_that_was_cut_off_is_put_on_record_by_the_next(shown: Evening) -> None:
    """The document was replaced, and the process died before its transaction."""
    before = ledger(shown)
    shown.spoil(f"DELETE FROM {LEDGER}")
    publish(shown.house, NIGHT, force=True)
    again = ledger(shown)
    assert {row["published_at"] for row in again.values()} == {AT}
    assert {pick: row["shown"] for pick, row in again.items()} == {pick: row["shown"] for pick, row in before.items()}
