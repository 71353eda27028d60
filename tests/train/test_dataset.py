"""What a fleet learns from: rows of the days before, fit to learn from, in time order; and nothing of the day or later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tipoff.errors import NotReady
from tipoff.features.build import WARM_UP_DAYS, build
from tipoff.store.tables.features import catalogue
from tipoff.train.dataset import MIN_ROWS, data_set, training_games
from train import practice_house as house


def test_nothing_of_the_day_trained_for_or_later_is_in_it() -> None:
    """The night's games, played and loaded, change not a bit of what is learnt from for that night."""
    known_later = data_set(house.played().warehouse, house.NIGHT, house.WINDOW)
    assert known_later.digest() == house.data().digest()
    assert known_later.last < house.NIGHT
    assert (known_later.days < np.datetime64(house.NIGHT)).all()


def test_it_holds_the_rows_that_are_ready_out_of_warm_up_and_had_court_time() -> None:
    """Two days, against a count player by player."""
    days = [house.NIGHT - timedelta(days=1), house.FIRST + timedelta(days=WARM_UP_DAYS)]
    games = [game for game in house.season().games if game.game_date in days]
    with house.eve().warehouse.reading() as work:
        built = build(work, [game.game_id for game in games])
        box = work.fetch(work.table("raw.player_box")).to_pylist()
    scored = {(row["game_id"], row["player_lookup"]): row["points"] for row in box if row["minutes"]}
    expected = []
    for place, row in enumerate(built.ingredients.select(["game_id", "player_lookup", "game_date"]).to_pylist()):
        points = scored.get((row["game_id"], row["player_lookup"]))
        if built.scores.ready[place] and points is not None:
            expected.append((row["game_date"], built.values["points_avg_last_10"][place], float(points)))
    assert len(expected) > 100
    assert len(expected) < built.size
    data = house.data()
    mine = np.isin(data.days, np.array(days, dtype="datetime64[D]"))
    found = zip(data.days[mine].tolist(), data.values["points_avg_last_10"][mine].tolist(), data.points[mine].tolist(), strict=True)
    assert sorted(found) == sorted(expected)


def test_the_seasons_first_fortnight_is_left_out() -> None:
    assert house.data().first == house.FIRST + timedelta(days=WARM_UP_DAYS)


def test_rows_stand_in_time_order() -> None:
    days = house.data().days
    assert (days[1:] >= days[:-1]).all()
    assert (house.data().first, house.data().last) == (days[0].item(), days[-1].item())


def test_every_feature_of_the_catalogue_is_there_row_for_row() -> None:
    data = house.data()
    assert set(data.values) == {entry.name for entry in catalogue()}
    assert {len(values) for values in data.values.values()} == {data.size} == {len(data.points)}
    names = ("points_avg_season", "points_avg_last_5")
    assert np.array_equal(data.matrix(names), np.column_stack([data.values[name] for name in names]), equal_nan=True)


def test_a_window_takes_the_days_from_its_length_before_up_to_the_day_before() -> None:
    with house.eve().warehouse.reading() as work:
        games = training_games(work, house.NIGHT, timedelta(days=3))
    played = [game for game in house.season().games if timedelta() < house.NIGHT - game.game_date <= timedelta(days=3)]
    assert games == [game.game_id for game in sorted(played, key=lambda game: (game.tip, game.game_id))]


@pytest.mark.parametrize("window", [timedelta(days=1), timedelta(days=3)])
def test_too_few_rows_are_not_ready_and_the_hint_says_what_to_do(window: timedelta) -> None:
    with pytest.raises(NotReady, match=f"rows to train on before {house.NIGHT}; at least {MIN_ROWS} are needed") as refused:
        data_set(house.eve().warehouse, house.NIGHT, window)
    assert "--window" in refused.value.hint


def test_a_day_before_all_history_is_not_ready() -> None:
    with pytest.raises(NotReady, match="Only 0 rows"):
        data_set(house.eve().warehouse, house.FIRST, house.WINDOW)


@pytest.mark.parametrize("what", ["a feature", "an outcome"])
def test_the_digest_tells_one_changed_number(what: str) -> None:
    data = house.data()
    points, values = data.points.copy(), dict(data.values)
    if what == "an outcome":
        points[17] += 1
    else:
        values["points_avg_season"] = values["points_avg_season"].copy()
        values["points_avg_season"][17] += 1e-9
    assert replace(data, points=points, values=values).digest() != data.digest()
    assert replace(data).digest() == data.digest()
