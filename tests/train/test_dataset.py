"""What a fleet learns from: rows of the days before, fit to learn from, in time order; and nothing of the day or later."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import BadInput, NotReady
from tipoff.features.build import WARM_UP_DAYS, build
from tipoff.features.registry import FEATURE_VERSION
from tipoff.store.tables.features import catalogue
from tipoff.train.dataset import MIN_ROWS, data_set, learnable, scored, time_order, training_games
from train import practice_house as house
from train.invented_data import A_DAY, NAMES, UNTIL, before, invented, with_features, with_points


class TestFromTheWarehouse:
    def test_nothing_of_the_day_trained_for_or_later_is_in_it(self) -> None:
        """The night's games, played and loaded, change not a bit of what is learnt from for that night."""
        known_later = data_set(house.played().warehouse, house.NIGHT, house.WINDOW)
        assert known_later.digest() == house.data().digest()
        assert known_later.last < house.NIGHT
        assert (known_later.days < np.datetime64(house.NIGHT)).all()

    def test_it_holds_the_rows_that_are_ready_out_of_warm_up_and_had_court_time(self) -> None:
        """Two days, against a count player by player."""
        days = [house.NIGHT - timedelta(days=1), house.FIRST + timedelta(days=WARM_UP_DAYS)]
        games = [game for game in house.season().games if game.game_date in days]
        with house.eve().warehouse.reading() as work:
            built = build(work, [game.game_id for game in games])
            box = work.fetch(work.table("raw.player_box")).to_pylist()
        played = {(row["game_id"], row["player_lookup"]): (float(row["points"]), row["minutes"]) for row in box if row["minutes"]}
        expected = []
        for place, row in enumerate(built.ingredients.select(["game_id", "player_lookup", "game_date", "season"]).to_pylist()):
            scored_then = played.get((row["game_id"], row["player_lookup"]))
            if built.scores.ready[place] and scored_then is not None:
                expected.append((row["game_date"], row["season"], built.values["points_avg_last_10"][place], *scored_then))
        assert len(expected) > 100
        assert len(expected) < built.size
        data = house.data()
        mine = np.isin(data.days, np.array(days, dtype="datetime64[D]"))
        columns = (data.days[mine], data.seasons[mine], data.features["points_avg_last_10"][mine], data.points[mine], data.minutes[mine])
        assert sorted(zip(*(column.tolist() for column in columns), strict=True)) == sorted(expected)

    def test_the_seasons_first_fortnight_is_left_out(self) -> None:
        assert house.data().first == house.FIRST + timedelta(days=WARM_UP_DAYS)

    def test_rows_stand_in_time_order(self) -> None:
        days = house.data().days
        assert (days[1:] >= days[:-1]).all()
        assert (house.data().first, house.data().last) == (days[0].item(), days[-1].item())

    def test_within_a_day_rows_stand_in_order_of_tip_game_and_player(self) -> None:
        games = [game.game_id for game in house.season().games if house.FIRST + timedelta(days=20) <= game.game_date < house.NIGHT]
        with house.eve().warehouse.reading() as work:
            rows = build(work, games).ingredients.select(["tip", "game_id", "player_lookup"])
        keys = [tuple(row.values()) for row in rows.to_pylist()]
        assert [keys[place] for place in time_order(rows)] == sorted(keys) != keys

    def test_every_feature_of_the_catalogue_is_there_row_for_row(self) -> None:
        data = house.data()
        assert set(data.features.names) == {entry.name for entry in catalogue()}
        assert data.features.features.shape == (data.size, len(data.features.names))
        assert {len(data.points), len(data.minutes), len(data.days), len(data.seasons)} == {data.size}
        assert data.feature_version == FEATURE_VERSION

    def test_its_days_are_those_from_the_windows_length_before_up_to_the_day_before(self) -> None:
        with house.eve().warehouse.reading() as work:
            games = training_games(work, house.NIGHT - timedelta(days=3), house.NIGHT - timedelta(days=1))
        played = [game for game in house.season().games if timedelta() < house.NIGHT - game.game_date <= timedelta(days=3)]
        assert games == [game.game_id for game in sorted(played, key=lambda game: (game.tip, game.game_id))]

    @pytest.mark.parametrize("window", [timedelta(days=1), timedelta(days=3)])
    def test_too_few_rows_are_not_ready_and_the_hint_says_what_to_do(self, window: timedelta) -> None:
        with pytest.raises(NotReady, match=f"rows to train on before {house.NIGHT}; at least {MIN_ROWS} are needed") as refused:
            data_set(house.eve().warehouse, house.NIGHT, window)
        assert "--window" in refused.value.hint

    def test_a_day_before_all_history_is_not_ready(self) -> None:
        with pytest.raises(NotReady, match="Only 0 rows"):
            data_set(house.eve().warehouse, house.FIRST, house.WINDOW)

    def test_points_and_minutes_are_the_newest_box_scores_and_missing_without_court_time(self) -> None:
        """Player by player; and nobody may be learnt from who has none."""
        day = house.NIGHT - timedelta(days=2)
        games = [game.game_id for game in house.season().games if game.game_date == day]
        with house.eve().warehouse.reading() as work:
            built = build(work, games)
            outcome = scored(work, games, built.ingredients)
            box = work.fetch(work.table("raw.player_box")).to_pylist()
        newest: dict[tuple[str, str], tuple[float, float]] = {}
        for row in sorted(box, key=lambda row: row["known_at"]):
            played = bool(row["minutes"])
            newest[row["game_id"], row["player_lookup"]] = (float(row["points"]), row["minutes"]) if played else (math.nan, math.nan)
        keys = zip(*(built.ingredients.column(name).to_pylist() for name in ("game_id", "player_lookup")), strict=True)
        expected = [newest.get(key, (math.nan, math.nan)) for key in keys]
        assert np.array_equal(np.column_stack([outcome.points, outcome.minutes]), np.array(expected), equal_nan=True)
        assert 0 < np.isnan(outcome.points).sum() < built.size
        assert not learnable(built, outcome)[np.isnan(outcome.points)].any()


class TestWindows:
    @pytest.mark.parametrize(("window", "days"), [("1095d", 1095), ("421d", 421), ("420d", 420), ("56d", 56), ("20d", 20), ("10d", 10)])
    @pytest.mark.parametrize("back", [0, 3])
    def test_so_many_days_before_the_day_and_not_the_day_itself(self, window: str, days: int, back: int) -> None:
        until = before(back)
        first, end = (np.datetime64(day) for day in (until - timedelta(days=days), until))
        expected = [place for place, day in enumerate(invented().days) if first <= day < end]
        assert invented().rows_of(window, until).tolist() == expected

    @pytest.mark.parametrize(("until", "season"), [(UNTIL, "2025-26"), (before(9), "2025-26")])
    def test_season_is_the_season_of_the_day(self, until: date, season: str) -> None:
        data = invented()
        rows = [place for place in range(data.size) if data.days[place].item() < until and data.seasons[place] == season]
        assert data.rows_of("season", until).tolist() == rows

    def test_the_least_number_of_rows_is_enough_and_one_less_is_not(self) -> None:
        assert len(invented().rows_of("10d", UNTIL)) == MIN_ROWS == 10 * A_DAY
        with pytest.raises(NotReady, match=f"Only {9 * A_DAY} rows to train on before {UNTIL}; at least {MIN_ROWS}") as refused:
            invented().rows_of("9d", UNTIL)
        assert "--window" in refused.value.hint
        with pytest.raises(NotReady, match="Only 0 rows"):
            invented().rows_of("season", before(1000))

    @pytest.mark.parametrize(
        "text", ["", "d", "0d", "000d", "-3d", "1.5d", "56", "56w", "56d ", " 56d", "1e3d", "²d", "٣d", "9999999999d", "Season"]
    )
    def test_any_other_window_is_bad_input_that_says_how_to_write_it(self, text: str) -> None:
        with pytest.raises(BadInput) as refused:
            invented().rows_of(text, UNTIL)
        assert "1095d" in refused.value.hint


class TestSamples:
    def test_a_sample_has_the_features_asked_for_in_their_order_row_for_row(self) -> None:
        rows = np.array([3, 4, 700, 3999])
        names = (NAMES[5], NAMES[0])
        sample = invented().sample(rows, names, None)
        assert sample.names == names
        assert np.array_equal(sample.features, np.column_stack([invented().features[name][rows] for name in names]), equal_nan=True)
        assert np.array_equal(sample.points, invented().points[rows])
        assert sample.minutes is not None
        assert np.array_equal(sample.minutes, invented().minutes[rows])
        assert np.array_equal(sample.days, invented().days[rows])

    def test_without_a_half_life_all_rows_weigh_the_same(self) -> None:
        assert invented().sample(np.arange(500), NAMES, None).weights.tolist() == [1.0] * 500

    @given(st.integers(1, 4000), st.floats(0.5, 1000.0))
    def test_a_row_weighs_half_for_each_half_life_that_it_is_older_and_the_mean_is_one(self, rows: int, half_life: float) -> None:
        sample = invented().sample(np.arange(4000 - rows, 4000), NAMES[:1], half_life)
        assert sample.weights.mean() == pytest.approx(1.0)
        for place in (0, rows // 2, rows - 1):
            age = (sample.days[-1].item() - sample.days[place].item()).days
            assert sample.weights[place] == pytest.approx(sample.weights[-1] * 0.5 ** (age / half_life), rel=1e-9)

    def test_of_no_rows_there_is_an_empty_sample(self) -> None:
        sample = invented().sample(np.arange(0), NAMES, 30.0)
        assert (sample.size, len(sample.weights)) == (0, 0)


class TestDigest:
    @pytest.mark.parametrize("what", ["a feature", "an outcome", "a player's minutes", "a name"])
    def test_it_tells_one_changed_number(self, what: str) -> None:
        data, row = invented(), np.array([17])
        if what == "a name":
            renamed = replace(data.features, names=(NAMES[1], NAMES[0], *NAMES[2:]))
            changed = replace(data, features=renamed)
        elif what == "a player's minutes":
            minutes = data.minutes.copy()
            minutes[row] += 1e-9
            changed = replace(data, minutes=minutes)
        else:
            changed = with_points(data, row, 1.0) if what == "an outcome" else with_features(data, row, 1e-9)
        assert changed.digest() != data.digest()
        assert replace(data).digest() == data.digest()

    def test_it_is_of_the_rows_that_are_asked_for(self) -> None:
        data, seen = invented(), np.arange(1000, 4000)
        changed = with_points(data, np.array([17]), 1.0)
        assert changed.digest(seen) == data.digest(seen) != data.digest()
        assert with_points(data, np.array([1000]), 1.0).digest(seen) != data.digest(seen)
