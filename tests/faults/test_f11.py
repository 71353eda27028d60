"""F11 In-play snapshots are added: no feature, line or prediction changes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np

from tipoff.analyze.slate import games_as_of
from tipoff.features.build import Built, build
from tipoff.market.taking import quotes_to_take
from tipoff.predict.activate import PREDICTIONS
from tipoff.predict.slate import Spoken, slate_of, speak
from tipoff.store.tables.features import catalogue
from train import practice_house as house


def seen(stage: house.Stage) -> tuple[Built, list[dict[str, object]], dict[str, Spoken]]:
    """Features, lines and predictions as of each tip."""
    ids = [game.game_id for game in house.games_of_night()]
    with stage.warehouse.reading() as work:
        built = build(work, ids)
        quotes = quotes_to_take(work, work.keep(games_as_of(work, ids, None)))
    slate = slate_of(built, quotes, house.OPTIONS)
    models = house.predicted().loaded
    said = {name: speak(slate, house.systems()[name], it.manifest.model_id, it.speaker) for name, it in models.items()}
    return built, quotes.to_pylist(), said


def test_f11_in_play_snapshots_change_no_feature_no_line_and_no_prediction(tmp_path: Path) -> None:
    stage = house.predicted().stage.copy(tmp_path)
    before, lines, predicted = seen(stage)
    after_tip = [timedelta(0), timedelta(minutes=1), timedelta(minutes=40), timedelta(minutes=100)]
    stage.load([house.lines(game, game.tip + later) for game in house.games_of_night() for later in after_tip])
    stored = stage.warehouse.read("raw.odds_player_points", game_date=house.NIGHT).to_pylist()
    assert sum(row["minutes_to_tip"] <= 0 for row in stored) > 200

    after, lines_after, predicted_after = seen(stage)
    assert lines_after == lines
    assert after.ingredients.select(["game_id", "player_lookup", "as_of"]).equals(
        before.ingredients.select(["game_id", "player_lookup", "as_of"])
    )
    for entry in catalogue():
        assert np.array_equal(after.values[entry.name], before.values[entry.name], equal_nan=True), entry.name
    assert after.scores.score.tolist() == before.scores.score.tolist()
    stood = {row["prediction_id"] for row in stage.warehouse.read(PREDICTIONS).to_pylist()}
    for name, said in predicted_after.items():
        assert said.predictions.equals(predicted[name].predictions)
        assert set(said.predictions.column("prediction_id").to_pylist()) <= stood
