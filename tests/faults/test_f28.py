"""F28 One player's request delivered twice: one row. One poison player: the others finish, the reason is on record."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tipoff.analyze.slate import games_as_of
from tipoff.features.build import build
from tipoff.market.taking import quotes_to_take
from tipoff.predict.activate import PREDICTIONS, activate
from tipoff.predict.slate import Spoken, slate_of, speak
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Merged, Work
from train import practice_house as house

NAME = "moving_average"


def said(work: Work, ids: list[str]) -> Spoken:
    """What the system says of these games, as of each tip."""
    quotes = quotes_to_take(work, work.keep(games_as_of(work, ids, None)))
    model = house.predicted().loaded[NAME]
    return speak(slate_of(build(work, ids), quotes, house.OPTIONS), house.systems()[NAME], model.manifest.model_id, model.speaker)


def say_again(stage: house.Stage) -> Merged:
    """The night once more, from the same inputs, an hour later."""
    ids = [game.game_id for game in house.games_of_night()]
    with stage.warehouse.writing("again") as work:
        return activate(work, NAME, ids, said(work, ids), house.MORNING + timedelta(hours=1))


def rows(stage: house.Stage) -> list[dict[str, object]]:
    found: list[dict[str, object]] = stage.warehouse.read(PREDICTIONS).sort_by("prediction_id").to_pylist()
    return found


def test_f28_the_same_request_twice_is_one_row_a_player(tmp_path: Path) -> None:
    stage = house.predicted().stage.copy(tmp_path)
    before = rows(stage)
    merged = say_again(stage)
    assert (merged.inserted, merged.updated) == (0, 0)
    assert rows(stage) == before
    keys = [(row["game_id"], row["player_lookup"], row["system_id"]) for row in before]
    assert len(keys) == len(set(keys)) > 400


def test_f28_of_a_poison_player_the_reason_is_on_record_and_the_others_finish(tmp_path: Path) -> None:
    """A man of the bench whose own box scores are lost: he has no history, and nothing else is amiss."""
    stage = house.eve().copy(tmp_path)
    ids = [game.game_id for game in house.games_of_night()]
    normal = house.predicted().stage.warehouse.read(PREDICTIONS, system_id=NAME).to_pylist()
    poison = min(normal, key=lambda row: (row["predicted_points"], row["player_lookup"]))["player_lookup"]
    with stage.warehouse.writing("poison") as work:
        history = work.fetch(work.table("raw.player_box").filter(lambda t: t.player_lookup == poison)).to_pylist()
        spoilt = [{**row, "minutes": 0.0, "points": None, "did_not_play": True, "origin_rank": 9} for row in history]
        declared = table_named("raw.player_box")
        work.merge("raw.player_box", declared.empty().from_pylist(spoilt, schema=declared.arrow_schema))
        found = said(work, ids)
    predicted = {row["player_lookup"] for row in found.predictions.to_pylist()}
    assert predicted == {row["player_lookup"] for row in normal} - {poison}
    [absent] = [row for row in found.absences.to_pylist() if row["player_lookup"] == poison]
    assert absent["reason"] == "not_quality_ready"
    assert "points_avg_last_5=" in absent["detail"]
