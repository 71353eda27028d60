"""Fitting in time order: what is held out is held out, the same gives the same to the bit, and nothing comes from later than it may."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from tipoff.errors import NotReady
from tipoff.features.registry import FEATURE_VERSION, feature_set
from tipoff.grade.metrics import shifted_line
from tipoff.predict.algebra import on_one_thread
from tipoff.predict.distribution import Grid
from tipoff.predict.families import Columns, Fitting, Model, family_named
from tipoff.predict.families.sample import Sample, Vector
from tipoff.predict.speakers import LINE, Pool, Single
from tipoff.predict.systems import System
from tipoff.predict.voices import Kind, voice_kind
from tipoff.train.dataset import DataSet
from tipoff.train.fit import CALIBRATION_SHARE, SEED, STOP_SHARE, Fitted, Places, cuts, fit_fleet
from tipoff.train.weights import learn_weights
from train import practice_house as house
from train.invented_data import (
    ANCHORED,
    AVERAGE,
    LEAVES,
    LEVELS,
    OBLIVIOUS,
    POOL,
    SEASON_AVERAGE,
    SINGLES,
    UNTIL,
    invented,
    with_features,
    with_points,
)

LEARNERS = tuple(system for system in SINGLES if system is not AVERAGE)


_learnt: dict[str, Fitted] = {}


def learnt(system: System) -> Fitted:
    """A system, fitted once."""
    if system.recipe_hash not in _learnt:
        _learnt[system.recipe_hash] = fit_fleet([system], invented(), UNTIL, threads=1)[system.system_id]
    return _learnt[system.recipe_hash]


def parts(data: DataSet, rows: Places) -> tuple[list[int], list[int], list[int]]:
    """Rows to train on, to stop on, and held out, counted day by day: a day belongs to the part in which its last row would lie. Where
    that leaves no day to stop on, it is the last one before those held out."""
    size = len(rows)
    days = [list(group) for _, group in groupby(range(size), key=lambda place: data.days[rows[place]])]
    held = [day for day in days if day[-1] >= int(size * (1 - CALIBRATION_SHARE))]
    stop = [day for day in days[: -len(held)] if day[-1] >= int(size * (1 - STOP_SHARE - CALIBRATION_SHARE))]
    stop = stop or days[: -len(held)][-1:]
    train = days[: len(days) - len(stop) - len(held)]
    return list(chain(*train)), list(chain(*stop)), list(chain(*held))


def some(sample: Sample, places: list[int]) -> Sample:
    assert sample.minutes is not None
    points, weights, minutes = (column[places] for column in (sample.points, sample.weights, sample.minutes))
    return Sample(sample.names, sample.features[places], points, weights, sample.days[places], minutes)


def first_model(system: System, data: DataSet) -> tuple[Model, Vector]:
    """The model that saw the rows to train on and those to stop on, and what it makes of the held-out ones."""
    rows = data.rows_of(system.window, UNTIL)
    everything = data.sample(rows, feature_set(system.features), system.half_life_days)
    train, stop, held = parts(data, rows)
    model = family_named(system.family).fit(system, some(everything, train), some(everything, stop), Fitting(SEED, 1))
    return model, model.predict(everything.features[held])


def context_of(data: DataSet, rows: Places) -> Columns:
    return Columns(data.features.names, data.features.features[rows])


def unheard(kind: Kind, estimates: Vector, data: DataSet, held: Places) -> Grid:
    """What is said of the held-out rows, day by day: by a voice learnt on the two thirds of their days in which the day is not."""
    days = sorted({*data.days[held].tolist()})
    third = {day: place * 3 // len(days) for place, day in enumerate(days)}
    mine = np.array([third[day] for day in data.days[held].tolist()])
    said = np.full((len(held), 101), np.nan)
    for part in range(3):
        others = np.flatnonzero((mine != part) & ~np.isnan(estimates))
        voice = kind.fit(estimates[others], data.sample(held[others], data.features.names, None))
        here = np.flatnonzero(mine == part)
        said[here] = voice.distribution(estimates[here], context_of(data, held[here])).cumulative
    return said


class TestOneSystem:
    @pytest.mark.parametrize("system", SINGLES, ids=lambda system: system.system_id)
    @on_one_thread()
    def test_it_is_what_the_steps_give_one_by_one(self, system: System) -> None:
        """Trained on the oldest days, stopped on later ones, voiced on the latest; then as many trees on all of them."""
        data, found = invented(), learnt(system)
        rows = data.rows_of(system.window, UNTIL)
        first, estimates = first_model(system, data)
        train, stop, held = parts(data, rows)
        assert np.array_equal(found.held, rows[held])
        kind = voice_kind(family_named(system.family).voice)
        if kind.of_the_line:  # it hangs on no model: it learns from all rows with a line, but of the held-out ones it does not speak so
            lines = data.features[LINE]
            lined, seen = ([row for row in part.tolist() if np.isfinite(lines[row])] for part in (rows, rows[train + stop]))
            kept, spoke = (kind.fit(lines[part], data.sample(np.array(part), data.features.names, None)) for part in (lined, seen))
            expected = spoke.distribution(estimates, context_of(data, rows[held])).cumulative
        else:
            kept = kind.fit(estimates, data.sample(rows[held], data.features.names, None))
            expected = unheard(kind, estimates, data, rows[held])
        assert np.array_equal(found.spoken.cumulative, expected, equal_nan=True)
        assert isinstance(found.speaker, Single)
        assert found.speaker.voice == kept
        everything = data.sample(rows, feature_set(system.features), system.half_life_days)
        again = family_named(system.family).fit(system, everything, None, Fitting(SEED, 1, first.rounds)) if first.rounds else first
        assert model_bytes(found) == again.to_bytes()
        assert rounds(found) == first.rounds

    @pytest.mark.parametrize("machine", [2, 3], ids=lambda cores: f"{cores}_cores")
    @pytest.mark.parametrize("system", SINGLES, ids=lambda system: system.system_id)
    def test_the_same_data_system_and_seed_give_the_same_bits_whatever_the_threads(self, system: System, machine: int) -> None:
        """Those of a fit, and those that matrix products would take on such a machine."""
        one = learnt(system)
        with threadpool_limits(limits=machine, user_api="blas"):
            two = fit_fleet([system], invented(), UNTIL, threads=2)[system.system_id]
        assert one.model is not None
        assert two.model is not None
        assert one.model.to_bytes() == two.model.to_bytes()
        assert isinstance(one.speaker, Single)
        assert isinstance(two.speaker, Single)
        assert one.speaker.voice == two.speaker.voice
        assert np.array_equal(one.spoken.cumulative, two.spoken.cumulative, equal_nan=True)
        assert one.metrics == two.metrics

    @pytest.mark.parametrize("system", [LEAVES], ids=lambda system: system.system_id)
    def test_another_seed_gives_another_model(self, system: System) -> None:
        other = fit_fleet([system], invented(), UNTIL, threads=1, seed=SEED + 1)[system.system_id]
        assert other.model is not None
        assert other.model.to_bytes() != model_bytes(learnt(system))

    @pytest.mark.parametrize("system", LEARNERS, ids=lambda system: system.system_id)
    def test_what_was_scored_on_the_held_out_days_reaches_the_model_kept_and_not_the_one_that_spoke_of_them(self, system: System) -> None:
        """What is said of them is the new voice's, of the old estimates."""
        data, before = invented(), learnt(system)
        after = fit_fleet([system], with_points(data, before.held, 3.0), UNTIL, threads=1)[system.system_id]
        assert model_bytes(after) != model_bytes(before)
        assert rounds(after) == rounds(before)
        assert isinstance(after.speaker, Single)
        assert isinstance(before.speaker, Single)
        assert after.speaker.voice != before.speaker.voice
        if system is ANCHORED:
            assert np.array_equal(after.spoken.cumulative, before.spoken.cumulative, equal_nan=True)
        else:
            _, estimates = first_model(system, data)
            kind = voice_kind(family_named(system.family).voice)
            expected = unheard(kind, estimates, with_points(data, before.held, 3.0), before.held)
            assert np.array_equal(after.spoken.cumulative, expected)

    @pytest.mark.parametrize("system", [LEAVES, OBLIVIOUS, LEVELS], ids=lambda system: system.system_id)
    def test_other_features_of_some_held_out_players_change_nothing_that_was_said_of_the_others_but_the_voice(self, system: System) -> None:
        data, before = invented(), learnt(system)
        after = fit_fleet([system], with_features(data, before.held[1::2], 5.0), UNTIL, threads=1)[system.system_id]
        assert rounds(after) == rounds(before)
        first, old = first_model(system, data)
        changed = with_features(data, before.held[1::2], 5.0)
        new = first.predict(context_of(changed, before.held).matrix(feature_set(system.features)))
        assert np.array_equal(new[::2], old[::2])
        assert not np.array_equal(new[1::2], old[1::2])
        kind = voice_kind(family_named(system.family).voice)
        assert np.array_equal(after.spoken.cumulative, unheard(kind, new, changed, before.held))

    def test_a_day_that_is_trained_for_or_later_is_not_learnt_from(self) -> None:
        """With ten days more in the data, the same is learnt for an earlier day as without them."""
        data = invented()
        until = data.days[-500].item()
        known = data.days < np.datetime64(until)
        rows = context_of(data, np.flatnonzero(known))
        short = DataSet(rows, data.points[known], data.minutes[known], data.days[known], data.seasons[known])
        for system in (AVERAGE, LEAVES):
            whole, cut = (fit_fleet([system], one, until, threads=1)[system.system_id] for one in (data, short))
            assert model_bytes(whole) == model_bytes(cut)
            assert np.array_equal(whole.spoken.cumulative, cut.spoken.cumulative)
            assert data.days[whole.rows].max() < np.datetime64(until)

    @pytest.mark.parametrize("window", ["1095d", "56d", "25d", "season"])
    def test_it_learns_from_its_window_alone(self, window: str) -> None:
        """Other points before the window change no bit of it; other points on its first day do."""
        system = LEAVES.model_copy(update={"window": window})
        data, before = invented(), learnt(system)
        assert np.array_equal(before.rows, data.rows_of(window, UNTIL))
        outside = np.setdiff1d(np.arange(data.size), before.rows)
        assert len(outside) == {"1095d": 0, "56d": 1000, "25d": 1500, "season": 1000}[window]
        assert model_bytes(fit_fleet([system], with_points(data, outside, 9.0), UNTIL, threads=1)["leaves"]) == model_bytes(before)
        first_day = before.rows[data.days[before.rows] == data.days[before.rows[0]]]
        assert model_bytes(fit_fleet([system], with_points(data, first_day, 9.0), UNTIL, threads=1)["leaves"]) != model_bytes(before)

    def test_a_half_life_makes_the_old_rows_matter_less(self) -> None:
        """The old season scored 9 more than it did: a model with a short half-life hardly notices."""
        old = np.flatnonzero(invented().seasons == "2024-25")
        moved = {}
        for days in (None, 20.0):
            system = LEAVES.model_copy(update={"half_life_days": days})
            after = fit_fleet([system], with_points(invented(), old, 9.0), UNTIL, threads=1)["leaves"]
            rows = invented().features.matrix(feature_set("v12"))[-200:]
            models = [one.model for one in (after, learnt(system))]
            assert models[0] is not None
            assert models[1] is not None
            moved[days] = float(np.mean(models[0].predict(rows) - models[1].predict(rows)))
        assert moved[None] > 1.0
        assert abs(moved[20.0]) < 0.1

    @pytest.mark.parametrize("system", SINGLES, ids=lambda system: system.system_id)
    def test_its_figures_are_those_of_the_held_out_days_counted_one_by_one(self, system: System) -> None:
        check_metrics(invented(), learnt(system))

    def test_what_it_learnt_of_the_practice_league_beats_knowing_nothing(self) -> None:
        data = house.data()
        for found in house.fitted().values():
            train = np.setdiff1d(found.rows, found.held)
            blind = np.abs(shifted_line(np.full(len(found.held), np.median(data.points[train]))) - data.points[found.held]).mean()
            assert found.metrics["mae"] < blind - 0.5


def model_bytes(found: Fitted) -> bytes:
    assert found.model is not None
    return found.model.to_bytes()


def rounds(found: Fitted) -> int:
    assert found.model is not None
    return found.model.rounds


def check_metrics(data: DataSet, found: Fitted) -> None:
    """Row by row."""
    over, push, _ = found.spoken.against(data.features[LINE][found.held])
    misses, biases, squares, margins, losses, briers = [], [], [], [], [], []
    rows = zip(
        found.spoken.whole_median(),
        data.points[found.held],
        data.features[LINE][found.held],
        over,
        push,
        found.spoken.cumulative,
        found.spoken.median(),
        strict=True,
    )
    for whole, points, line, above, equal, cumulative, median in rows:
        if np.isnan(whole):
            continue
        misses.append(abs(float(whole) - points))
        biases.append(float(whole) - points)
        squares.append(sum((float(chance) - (k >= points)) ** 2 for k, chance in enumerate(cumulative)))
        if not np.isnan(line):
            margins.append(median - line)
        if not np.isnan(line) and points != line:
            chance = above / (1 - equal)
            losses.append(-np.log(chance if points > line else 1 - chance))
            briers.append((chance - (points > line)) ** 2)
    assert len(misses) > 200
    assert len(losses) > 100
    assert found.margin == found.metrics["lined_margin"]
    assert found.metrics == pytest.approx(
        {
            "n": len(misses),
            "mae": np.mean(misses),
            "bias": np.mean(biases),
            "crps": np.mean(squares),
            "lined_n": len(losses),
            "lined_margin": np.mean(margins),
            "lined_log_loss": np.mean(losses),
            "lined_brier": np.mean(briers),
        }
    )


@pytest.fixture(scope="module")
def fleet() -> dict[str, Fitted]:
    return fit_fleet([POOL, *SINGLES], invented(), UNTIL, threads=1)


class TestEnsemble:
    def test_it_comes_after_its_members_wherever_it_is_named(self, fleet: dict[str, Fitted]) -> None:
        assert list(fleet) == ["average", "leaves", "oblivious", "levels", "anchored", "pool"]

    def test_its_weights_are_those_of_what_its_members_said_before_they_had_seen_it(self, fleet: dict[str, Fitted]) -> None:
        """Not of what the models kept would say, which have seen those days."""
        data, pool = invented(), fleet["pool"]
        assert isinstance(pool.speaker, Pool)
        said = {name: fleet[name].spoken for name in POOL.members}
        points, lines = data.points[pool.held], data.features[LINE][pool.held]
        assert pool.speaker.weights == learn_weights(said, points, lines)
        rows = Columns(data.features.names, data.features.features[pool.held])
        seen = {name: fleet[name].speaker.speak(rows, {}) for name in POOL.members}
        assert learn_weights(seen, points, lines) != pool.speaker.weights

    def test_it_says_the_weighted_mean_of_its_members(self, fleet: dict[str, Fitted]) -> None:
        data, pool = invented(), fleet["pool"]
        assert isinstance(pool.speaker, Pool)
        lined = np.isfinite(data.features[LINE][pool.held])
        for rows, weights in ((lined, pool.speaker.weights.lined), (~lined, pool.speaker.weights.unlined)):
            mean = sum(weights[name] * fleet[name].spoken.cumulative[rows] for name in POOL.members)
            assert pool.spoken.cumulative[rows] == pytest.approx(mean)
        check_metrics(data, pool)

    def test_it_speaks_with_the_models_that_are_kept(self, fleet: dict[str, Fitted]) -> None:
        data, pool = invented(), fleet["pool"]
        assert isinstance(pool.speaker, Pool)
        assert pool.model is None
        assert pool.speaker.members == {name: fleet[name].speaker for name in POOL.members}
        assert np.array_equal(pool.rows, np.arange(data.size))

    def test_points_that_are_not_held_out_reach_its_weights_through_its_members_alone(self) -> None:
        """Averages learn nothing from them, so neither do the weights, to the bit; with a member that learns they move."""
        data = invented()
        still = POOL.model_copy(update={"members": ("average", "season_average")})
        systems = (AVERAGE, SEASON_AVERAGE, LEAVES)
        before = fit_fleet([*systems, still], data, UNTIL, threads=1)
        train = np.setdiff1d(before["pool"].rows, before["pool"].held)
        changed = with_points(data, train[::3], 6.0)
        assert weights_of(fit_fleet([*systems, still], changed, UNTIL, threads=1)) == weights_of(before)
        moving = [*systems, POOL]
        assert weights_of(fit_fleet(moving, changed, UNTIL, threads=1)) != weights_of(fit_fleet(moving, data, UNTIL, threads=1))
        held = with_points(data, before["pool"].held[::3], 6.0)
        assert weights_of(fit_fleet([*systems, still], held, UNTIL, threads=1)) != weights_of(before)

    @pytest.mark.parametrize("members", [("average", "leaves"), ("leaves", "average")])
    def test_of_members_with_windows_of_their_own_it_weighs_the_days_that_none_of_them_had_seen(self, members: tuple[str, str]) -> None:
        data = invented()
        short, pool = AVERAGE.model_copy(update={"window": "22d"}), POOL.model_copy(update={"members": members})
        found = fit_fleet([short, LEAVES, pool], data, UNTIL, threads=1)
        held = sorted(set(found["average"].held.tolist()) & set(found["leaves"].held.tolist()))
        assert 0 < len(held) == len(found["average"].held) < len(found["leaves"].held)
        assert found["pool"].held.tolist() == held
        places = [found["leaves"].held.tolist().index(row) for row in held]
        said = {"average": found["average"].spoken, "leaves": found["leaves"].spoken.take(np.array(places))}
        assert weights_of(found) == learn_weights({name: said[name] for name in members}, data.points[held], data.features[LINE][held])
        assert sorted(set(found["average"].rows.tolist()) | set(found["leaves"].rows.tolist())) == found["pool"].rows.tolist()

    def test_a_member_that_speaks_of_lines_alone_is_weighed_there_and_nowhere_else(self) -> None:
        pool = POOL.model_copy(update={"members": ("anchored", "average", "leaves")})
        found = fit_fleet([AVERAGE, LEAVES, ANCHORED, pool], invented(), UNTIL, threads=1)["pool"]
        assert isinstance(found.speaker, Pool)
        assert found.speaker.weights.lined["anchored"] > 0
        assert found.speaker.weights.unlined["anchored"] == 0
        assert sum(found.speaker.weights.unlined.values()) == pytest.approx(1)
        assert found.spoken.spoken.all()

    @pytest.mark.parametrize("given_", [[POOL], [POOL, AVERAGE], [LEAVES, POOL]], ids=len)
    def test_without_its_members_it_is_not_ready_and_says_whom_it_waits_for(self, given_: list[System]) -> None:
        missing = [name for name in POOL.members if name not in {system.system_id for system in given_}]
        with pytest.raises(NotReady, match=f"pool waits for its members {', '.join(missing)}") as refused:
            fit_fleet(given_, invented(), UNTIL, threads=1)
        assert refused.value.hint == "Train them together."


def weights_of(found: dict[str, Fitted]) -> object:
    assert isinstance(found["pool"].speaker, Pool)
    return found["pool"].speaker.weights


class TestCuts:
    @given(st.lists(st.integers(1, 60), min_size=1, max_size=60))
    def test_days_are_never_split_and_each_part_is_later_than_the_one_before(self, sizes: list[int]) -> None:
        data = of_days(sizes)
        rows = np.arange(data.size)
        train, stop, held = parts(data, rows)
        if 2 * len(train) < data.size:
            with pytest.raises(NotReady, match="of too few days"):
                cuts(data, rows)
            return
        stop_from, held_from = cuts(data, rows)
        assert (stop_from, held_from) == (len(train), len(train) + len(stop))
        assert data.days[stop_from - 1] < data.days[stop_from]
        assert data.days[held_from - 1] < data.days[held_from]
        assert len(held) >= data.size * CALIBRATION_SHARE

    def test_a_day_with_more_rows_than_either_share_is_no_reason_to_refuse(self) -> None:
        """The last day is held out, and the one before it is stopped on."""
        assert cuts(of_days([100] * 8 + [230, 240]), np.arange(1270)) == (800, 1030)

    @pytest.mark.parametrize("sizes", [[1000], [500, 500], [10, 900], [200, 1000], [1, 1, 1000], [400, 300, 300]])
    def test_too_few_days_are_not_ready_and_the_hint_says_what_to_do(self, sizes: list[int]) -> None:
        data = of_days(sizes)
        with pytest.raises(
            NotReady, match=f"The {sum(sizes)} rows to train on are of too few days, {data.first} to {data.last}"
        ) as refused:
            cuts(data, np.arange(data.size))
        assert "--window" in refused.value.hint


def of_days(sizes: list[int]) -> DataSet:
    """A data set of days with so many rows."""
    days = np.repeat(np.datetime64(UNTIL) - np.arange(len(sizes), 0, -1).astype("timedelta64[D]"), sizes)
    size = len(days)
    return DataSet(Columns((), np.empty((size, 0))), np.zeros(size), np.zeros(size), days, np.full(size, "2025-26", dtype=object))


def test_data_of_another_feature_version_are_refused() -> None:
    with pytest.raises(NotReady, match=f"The data are of feature version of-yore, not {FEATURE_VERSION}") as refused:
        fit_fleet([AVERAGE], replace(invented(), feature_version="of-yore"), UNTIL)
    assert refused.value.hint == "Build them again."


SHORT = LEAVES.model_copy(update={"window": "5d"})
"""Leaves, with too little to learn from."""


class TestRefused:
    def test_too_few_rows_of_one_systems_window_are_not_ready(self) -> None:
        with pytest.raises(NotReady, match=f"Only 500 rows to train on before {UNTIL}"):
            fit_fleet([AVERAGE, SHORT], invented(), UNTIL, threads=1)

    def test_where_it_is_asked_for_it_is_left_out_and_it_is_told_why(self) -> None:
        """The others are what they are without it."""
        refused: dict[str, str] = {}
        told: list[int] = []
        found = fit_fleet([SHORT, AVERAGE], invented(), UNTIL, threads=1, refused=refused, tick=told.append)
        assert list(found) == ["average"]
        assert set(refused) == {"leaves"}
        assert refused["leaves"].startswith(f"Only 500 rows to train on before {UNTIL}")
        assert np.array_equal(found["average"].spoken.cumulative, learnt(AVERAGE).spoken.cumulative)
        assert told == [1, 1]

    @pytest.mark.parametrize(
        ("system", "why"),
        [
            (AVERAGE.model_copy(update={"parameters": {"points_avg_last_4": 1.0}}), "points_avg_last_4 cannot be averaged"),
            (LEAVES.model_copy(update={"parameters": {}}), "cannot be fitted: there is no 'rounds' among its parameters."),
            (LEAVES.model_copy(update={"loss": "none"}), "cannot be fitted: No objective function provided."),
            (LEVELS.model_copy(update={"loss": "squares"}), "Unknown objective function: `squares`"),
            (LEAVES.model_copy(update={"parameters": {"rounds": 5, "num_leafs": 7}}), "LightGBM has no parameter num_leafs"),
            (LEVELS.model_copy(update={"parameters": {"rounds": 5, "max_dept": 3}}), "XGBoost has no parameter max_dept"),
            (OBLIVIOUS.model_copy(update={"parameters": {"iterations": 5.0, "deep": 3.0}}), "unexpected keyword argument 'deep'"),
            (ANCHORED.model_copy(update={"features": "v9"}), "implied_over_probability cannot be used"),
        ],
        ids=lambda value: value.system_id if isinstance(value, System) else "",
    )
    def test_a_table_that_its_library_cannot_do_with_stops_no_other_system(self, system: System, why: str) -> None:
        refused: dict[str, str] = {}
        assert list(fit_fleet([system, SEASON_AVERAGE], invented(), UNTIL, threads=1, refused=refused)) == ["season_average"]
        assert list(refused) == [system.system_id]
        assert why in refused[system.system_id]

    def test_an_ensemble_makes_do_with_the_two_members_that_there_are(self) -> None:
        trio = POOL.model_copy(update={"members": ("average", "leaves", "season_average")})
        pair = POOL.model_copy(update={"members": ("average", "season_average")})
        refused: dict[str, str] = {}
        found = fit_fleet([AVERAGE, SHORT, SEASON_AVERAGE, trio], invented(), UNTIL, threads=1, refused=refused)
        assert weights_of(found) == weights_of(fit_fleet([AVERAGE, SEASON_AVERAGE, pair], invented(), UNTIL, threads=1))
        assert set(refused) == {"leaves"}

    def test_of_one_member_there_is_no_ensemble(self) -> None:
        refused: dict[str, str] = {}
        found = fit_fleet([AVERAGE, SHORT, POOL], invented(), UNTIL, threads=1, refused=refused)
        assert list(found) == ["average"]
        assert refused["pool"].startswith("pool waits for its members leaves.")

    def test_members_that_nobody_asked_for_are_not_made_do_without(self) -> None:
        trio = POOL.model_copy(update={"members": ("average", "leaves", "season_average")})
        refused: dict[str, str] = {}
        fit_fleet([AVERAGE, SEASON_AVERAGE, trio], invented(), UNTIL, threads=1, refused=refused)
        assert refused["pool"].startswith("pool waits for its members leaves.")

    def test_without_enough_lines_one_that_speaks_of_lines_alone_is_refused(self) -> None:
        """Ninety rows with a line, all of them old."""
        data = invented()
        features = data.features.features.copy()
        features[90:, data.features.names.index(LINE)] = np.nan
        lined = int(np.isfinite(features[:, data.features.names.index(LINE)]).sum())
        with pytest.raises(NotReady, match=f"Only {lined} rows have a line; at least 100 are needed"):
            fit_fleet([ANCHORED], replace(data, features=Columns(data.features.names, features)), UNTIL, threads=1)


def test_each_system_that_is_fitted_is_told_of() -> None:
    told: list[int] = []
    fit_fleet([AVERAGE, SEASON_AVERAGE], invented(), UNTIL, tick=told.append)
    assert told == [1, 1]
