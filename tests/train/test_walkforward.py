"""A fold says of a night exactly what the live path said, is graded as live, and knows nothing of what comes after."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from tipoff.analyze.past import numbers
from tipoff.grade.run import grade
from tipoff.predict.activate import PREDICTIONS
from tipoff.predict.distribution import Distribution
from tipoff.predict.families import Columns
from tipoff.predict.speakers import LINE
from tipoff.store.tables import table_named
from tipoff.train.dataset import KEY
from tipoff.train.fit import fit_fleet
from tipoff.train.references import KernelReference, Recalibrated
from tipoff.train.snapshot import Snapshot, take_snapshot
from tipoff.train.walkforward import MARKET, Fold, run_fold
from train import practice_house as house

NIGHT, START = house.NIGHT, house.NIGHT - timedelta(days=3)
AFTER = NIGHT + timedelta(days=1)
CHEAP = ("moving_average", "lightgbm_v12")
SHARED = (
    *("predicted_points", "predicted_mean", "predicted_whole", "sd", "low_80", "high_80", "low_90", "high_90"),
    *("p_over", "p_push", "p_under", "line", "bookmaker", "over_price", "under_price", "quote_at", "edge", "line_margin"),
    *("edge_probability", "side", "recommendation", "game_date"),
)
Rows = dict[tuple[str, ...], dict[str, Any]]


@lru_cache(maxsize=1)
def snapshot() -> Snapshot:
    return take_snapshot(house.played().warehouse, NIGHT - house.WINDOW, START, NIGHT, before=timedelta(), options=house.OPTIONS)


@lru_cache(maxsize=1)
def night() -> Fold:
    """The night, by the handful of systems."""
    return run_fold(snapshot(), list(house.systems().values()), NIGHT, AFTER, house.OPTIONS)


def cheap(found: Snapshot, refit: date = START, until: date = NIGHT, threads: int = 1) -> Fold:
    return run_fold(found, [house.systems()[name] for name in CHEAP], refit, until, house.OPTIONS, threads=threads)


@lru_cache(maxsize=1)
def three_days() -> Fold:
    """The three days before the night, by two systems."""
    return cheap(snapshot())


def by_key(table: pa.Table, *key: str) -> Rows:
    rows = table.to_pylist()
    found = {tuple(row[name] for name in key): row for row in rows}
    assert len(found) == len(rows)
    return found


def same(one: Fold, other: Fold) -> bool:
    return bool(one.facts.equals(other.facts) and one.said.equals(other.said)) and one.absences == other.absences


class TestAsLive:
    def test_it_says_of_the_night_what_the_night_said(self) -> None:
        """Every number of every system's every prediction: trained apart, on the same data. Rows stand in another order, which the last bit
        of a product of matrices may tell."""
        live = by_key(house.predicted().stage.warehouse.read(PREDICTIONS), "system_id", *KEY)
        said = by_key(night().said, "system_id", *KEY)
        assert set(said) == set(live)
        assert {system for system, *_ in said} == set(house.systems())
        assert len(said) > 300
        shared = set(SHARED) & set(table_named(PREDICTIONS).arrow_schema.names)
        assert len(shared) == len(SHARED)
        for key, row in said.items():
            for name in SHARED:
                expected = live[key][name]
                assert row[name] == (pytest.approx(expected, rel=1e-12, abs=1e-12) if isinstance(expected, float) else expected)
        assert {row["recommendation"] for row in said.values()} >= {"OVER", "UNDER", "PASS", "NO_LINE"}

    def test_who_is_not_predicted_is_counted_by_the_same_reasons(self) -> None:
        absences = house.predicted().stage.warehouse.read("predictions.absences")
        assert night().absences == Counter(absences.column("reason").to_pylist())

    def test_it_grades_the_night_as_the_morning_after_does(self, tmp_path: Path) -> None:
        """Result, units and price of each recommendation; of who had no court time the stake comes back."""
        stage = house.played().copy(tmp_path)
        records = grade(stage.warehouse, NIGHT, now=house.MORNING, run_id="grade")
        live = by_key(stage.warehouse.read("predictions.prediction_accuracy"), "system_id", *KEY)
        said, facts = by_key(night().said, "system_id", *KEY), by_key(night().facts, *KEY)
        assert set(said) == set(live)
        for key, row in said.items():
            graded, (_, *player) = live[key], key
            assert facts[tuple(player)]["actual_points"] == graded["actual_points"]
            if row["recommendation"] in ("OVER", "UNDER"):
                assert (row["result"], row["units"], row["price"]) == (graded["result"], graded["units"], graded["price"])
            else:
                assert (row["result"], row["units"], graded["units"]) == (None, None, None)
                assert graded["result"] == (None if graded["actual_points"] is not None else "VOID")
        sided = [row for row in said.values() if row["recommendation"] in ("OVER", "UNDER")]
        for record in records:
            mine = Counter(row["result"] for row in sided if row["system_id"] == record.system_id)
            units = [row["units"] for row in sided if row["system_id"] == record.system_id and row["units"] is not None]
            assert (mine["WIN"], mine["LOSS"], mine["PUSH"]) == (record.won, record.lost, record.push)
            assert sum(units) == pytest.approx(record.units)

    def test_the_side_leant_to_is_settled_like_a_bet_whatever_was_recommended(self) -> None:
        """By hand: over, under or push against what was scored; void without court time; the price is that of the side."""
        facts = by_key(night().facts, *KEY)
        seen: Counter[Any] = Counter()
        for row in night().said.to_pylist():
            points = facts[row["game_id"], row["player_lookup"]]["actual_points"]
            expected: str | None = None
            if row["line"] is not None:
                ahead = 0.0 if points is None else (points - row["line"]) * (1 if row["side"] == "OVER" else -1)
                expected = "VOID" if points is None else "WIN" if ahead > 0 else "LOSS" if ahead < 0 else "PUSH"
            assert row["side_result"] == expected
            profit = {None: None, "WIN": (row["price"] or 0.0) - 1, "LOSS": -1.0, "PUSH": 0.0, "VOID": 0.0}[expected]
            assert row["side_units"] == (None if profit is None else pytest.approx(profit))
            assert row["price"] == (row["over_price"] if row["side"] == "OVER" else row["under_price"])
            if row["recommendation"] in ("OVER", "UNDER"):
                assert row["recommendation"] == row["side"]
                assert (row["result"], row["units"]) == (row["side_result"], row["side_units"])
            seen[row["side_result"], row["recommendation"]] += 1
        assert {result for result, _ in seen} >= {"WIN", "LOSS", None}
        assert seen["WIN", "PASS"] > 0


@pytest.fixture(scope="module")
def distributions() -> dict[tuple[str, ...], Distribution]:
    """What each system's speaker says of the night, one row at a time."""
    mine = np.flatnonzero(snapshot().days == np.datetime64(NIGHT))
    rows = snapshot().rows.take(pa.array(mine))
    found = {}
    keys = list(zip(*(rows.column(name).to_pylist() for name in KEY), strict=True))
    for name, fitted in house.fitted().items():
        spoken = fitted.speaker.speak(Columns(snapshot().features.names, snapshot().features.features[mine]), {})
        for place, key in enumerate(keys):
            found[(name, *key)] = spoken.take(np.array([place]))
    return found


class TestScores:
    def test_each_row_is_scored_by_its_own_distribution_and_points(self, distributions: dict[tuple[str, ...], Distribution]) -> None:
        facts, scored = by_key(night().facts, *KEY), 0
        for row in night().said.to_pylist():
            spoken, fact = (
                distributions[row["system_id"], row["game_id"], row["player_lookup"]],
                facts[row["game_id"], row["player_lookup"]],
            )
            steps = spoken.cumulative[0].tolist()
            points = fact["actual_points"]
            if points is None:
                assert (row["crps"], row["log_score"]) == (None, None)
            else:
                scored += 1
                assert row["crps"] == pytest.approx(sum((step - (k >= points)) ** 2 for k, step in enumerate(steps)))
                chance = steps[int(points)] - (steps[int(points) - 1] if points else 0.0)
                assert row["log_score"] == pytest.approx(-np.log(max(chance, 1e-6)))
            for level in (80, 90):
                low, high = int(row[f"low_{level}"]), int(row[f"high_{level}"])
                assert row[f"mass_{level}"] == pytest.approx(steps[high] - (steps[low - 1] if low else 0.0))
                assert row[f"mass_{level}"] >= level / 100 - 1e-9
            if fact["line"] is None:
                assert row["consensus_over"] is None
            else:
                over, _, under = (float(part[0]) for part in spoken.against(np.array([fact["line"]])))
                assert row["consensus_over"] == pytest.approx(over / (over + under))
        assert scored > 300

    def test_a_quote_that_is_itself_the_close_is_worth_nothing_that_could_be_measured(self) -> None:
        for name in ("clv_points", "clv_prob"):
            assert night().said.column(name).null_count == night().said.num_rows
        assert night().facts.column("close_line").null_count < night().facts.num_rows

    def test_what_the_close_says_of_a_quote_that_was_taken_before_it(self, tmp_path: Path) -> None:
        """Each book's line again two minutes before the tip, a point lower; what was said five minutes before it is worth what an under
        has gained, or an over lost, in points, and by the close's chance at the point taken, brought there along its slope."""
        stage = house.played().copy(tmp_path)
        later = ", ".join(f"{name} + INTERVAL 8 MINUTE AS {name}" for name in ("snapshot_at", "known_at"))
        with duckdb.connect(str(stage.warehouse.path)) as connection:
            rows = f"SELECT * REPLACE ({later}, point - 1 AS point) FROM raw.odds_player_points WHERE game_date = '{NIGHT}'"
            connection.execute(f"INSERT INTO raw.odds_player_points {rows}")
        before = timedelta(minutes=5)
        moved = take_snapshot(stage.warehouse, NIGHT - house.WINDOW, NIGHT, NIGHT, before=before, options=house.OPTIONS)
        fold = cheap(moved, NIGHT, AFTER)
        facts, measured = by_key(fold.facts, *KEY), 0
        slopes = by_key(moved.rows.select([*KEY, "close_slope"]), *KEY)
        for row in fold.said.to_pylist():
            key = (row["game_id"], row["player_lookup"])
            fact = facts[key]
            if row["line"] is None:
                assert (row["clv_points"], row["clv_prob"]) == (None, None)
                continue
            assert fact["close_minutes"] == 2.0
            assert fact["close_line"] == fact["line"] - 1
            step = fact["close_line"] - row["line"]
            assert row["clv_points"] == (step if row["side"] == "OVER" else -step)
            if fact["close_over"] is not None and row["price"] is not None:
                chance = fact["close_over"]
                logit = math.log(chance / (1 - chance)) + step * slopes[key]["close_slope"]
                over = 1 / (1 + math.exp(-logit))
                assert row["clv_prob"] == pytest.approx((over if row["side"] == "OVER" else 1 - over) * row["price"] - 1)
                measured += 1
        assert measured > 50


class TestFacts:
    def test_there_is_one_of_each_whom_anybody_predicted_and_he_is_who_he_is(self) -> None:
        facts, said = by_key(night().facts, *KEY), night().said
        assert set(facts) == {tuple(row.values()) for row in said.select(list(KEY)).to_pylist()}
        rows = by_key(snapshot().rows, *KEY)
        for key, fact in facts.items():
            row = rows[key]
            for name in ("game_date", "season", "tip", "as_of", "team", "opponent", "minutes", "close_line", "close_over", "close_minutes"):
                assert fact[name] == row[name]
            assert fact["actual_points"] == row["points"]
            assert row["reason"] == ""

    def test_line_market_and_average_are_the_features_and_books_are_counted(self) -> None:
        quotes = Counter(tuple(row.values()) for row in snapshot().quotes.select(list(KEY)).to_pylist())
        features = {
            tuple(row.values()): snapshot().features.features[place]
            for place, row in enumerate(snapshot().rows.select(list(KEY)).to_pylist())
        }
        names = snapshot().features.names
        for key, fact in by_key(night().facts, *KEY).items():
            for column, name in (("line", LINE), ("market_over", MARKET), ("last_10", "points_avg_last_10")):
                value = features[key][names.index(name)]
                assert fact[column] == (None if np.isnan(value) else value)
            assert fact["book_count"] == (quotes[key] or None)
            assert (fact["line"] is None) == (fact["book_count"] is None)

    def test_references_are_learnt_on_what_was_over_before_the_refit(self) -> None:
        """Row by row from the past alone; and the last day learnt from stands beside each."""
        data = snapshot().data(START)
        line, market, last_10 = (data.features[name] for name in (LINE, MARKET, "points_avg_last_10"))
        went_over = np.where(np.isnan(line) | (data.points == line), np.nan, data.points > line)
        recalibrated = Recalibrated.fit(market, went_over)
        assert recalibrated != Recalibrated(0.0, 1.0)
        given_line, given_10 = KernelReference.fit(line, data.points), KernelReference.fit(last_10, data.points)
        seen = Counter[bool]()
        for fact in three_days().facts.to_pylist():
            assert fact["trained_until"] == data.last < START <= fact["game_date"]
            if fact["market_over"] is not None:
                assert fact["recalibrated_over"] == pytest.approx(float(recalibrated(np.array([fact["market_over"]]))[0]))
            else:
                assert fact["recalibrated_over"] is None
            reference, level = (given_10, fact["last_10"]) if fact["line"] is None else (given_line, fact["line"])
            if fact["actual_points"] is None:
                assert fact["reference_crps"] is None
                continue
            score = reference(np.array([level])).crps(np.array([fact["actual_points"]]))[0]
            assert fact["reference_crps"] == pytest.approx(float(score))
            seen[fact["line"] is None] += 1
        assert min(seen.values()) > 50


def changed(rows: Callable[[Snapshot], np.ndarray[Any, np.dtype[np.bool_]]], *, features: bool = True, points: float = 13.0) -> Snapshot:
    """The snapshot with other points, minutes and (unless told otherwise) features of some rows, which all may be learnt from."""
    found = snapshot()
    mine = rows(found)
    matrix = found.features.features.copy()
    if features:
        matrix[mine] = np.nan_to_num(matrix[mine]) * 3.0 + 17.0
    table = found.rows
    for name, more in (("points", points), ("minutes", 3.0)):
        values = numbers(table.column(name))
        values = np.where(mine, np.nan_to_num(values) + more, values)
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values, from_pandas=True))
    learns = np.asarray(table.column("learns").to_numpy(zero_copy_only=False), dtype=np.bool_) | mine
    table = table.set_column(table.schema.get_field_index("learns"), "learns", pa.array(learns))
    return replace(found, rows=table, features=Columns(found.features.names, matrix))


class TestTheFuture:
    def test_what_comes_after_a_fold_changes_nothing_of_it(self) -> None:
        """Other points, minutes and features from the fold's end on: the same fold to the bit."""
        assert same(cheap(changed(lambda found: found.days >= np.datetime64(NIGHT))), three_days())

    def test_how_the_folds_own_days_end_changes_the_grades_and_nothing_that_was_said(self) -> None:
        """Nor what the references said of the market."""
        other = cheap(changed(lambda found: found.days >= np.datetime64(START), features=False))
        outcome = ("crps", "log_score", "result", "side_result", "units", "side_units")
        said = [name for name in three_days().said.column_names if name not in outcome]
        assert other.said.select(said).equals(three_days().said.select(said))
        assert not other.said.column("crps").equals(three_days().said.column("crps"))
        facts = [name for name in three_days().facts.column_names if name not in ("actual_points", "minutes", "reference_crps")]
        assert other.facts.select(facts).equals(three_days().facts.select(facts))

    def test_what_was_before_it_does_change_it(self) -> None:
        """Or the two tests above would show nothing."""
        last_learnt = snapshot().data(START).last
        other = cheap(changed(lambda found: found.days == np.datetime64(last_learnt), features=False, points=2.0))
        assert not other.said.column("predicted_points").equals(three_days().said.column("predicted_points"))
        assert not other.facts.column("recalibrated_over").equals(three_days().facts.column("recalibrated_over"))

    def test_it_speaks_of_its_own_days_alone_and_learns_from_those_before(self) -> None:
        for table in (three_days().facts, three_days().said):
            days = table.column("game_date").to_pylist()
            assert (min(days), max(days)) == (START, NIGHT - timedelta(days=1))
        assert three_days().rows_learnt == snapshot().data(START).size
        assert three_days().refit == START


class TestAlike:
    def test_the_same_snapshot_gives_the_same_fold_whatever_the_threads(self) -> None:
        assert same(cheap(Snapshot.from_bytes(*snapshot().to_bytes()), threads=2), three_days())

    def test_its_figures_of_the_held_out_days_are_those_of_the_fit(self) -> None:
        fitted = fit_fleet([house.systems()[name] for name in CHEAP], snapshot().data(START), START, threads=1)
        assert three_days().metrics == {name: one.metrics for name, one in fitted.items()}

    def test_its_costs_are_told(self) -> None:
        assert three_days().seconds_to_fit > 0
        assert three_days().seconds_to_predict > 0


class TestEmptyHands:
    def test_days_without_a_game_give_a_fold_without_rows_and_nothing_is_fitted(self) -> None:
        fold = cheap(snapshot(), AFTER, AFTER + timedelta(days=7))
        assert (fold.facts.num_rows, fold.said.num_rows) == (0, 0)
        assert (fold.held_back, fold.absences, fold.metrics, fold.seconds_to_fit) == ({}, {}, {}, 0.0)

    def test_a_day_on_which_nobody_is_fit_is_passed_over_by_every_family(self) -> None:
        """As after a red alert: everybody is absent for his reason, and the other days are predicted as ever."""
        found = snapshot()
        reasons = np.asarray(found.rows.column("reason").to_pylist(), dtype=object)
        stopped = (found.days == np.datetime64(START)) & (reasons == "")
        reasons[stopped] = "gate"
        place = found.rows.schema.get_field_index("reason")
        rows = found.rows.set_column(place, "reason", pa.array(reasons.tolist(), pa.string()))
        until = START + timedelta(days=2)
        systems = list(house.systems().values())
        whole = run_fold(found, systems, START, until, house.OPTIONS)
        fold = run_fold(replace(found, rows=rows), systems, START, until, house.OPTIONS)
        kept = pa.compute.not_equal(whole.said.column("game_date"), pa.scalar(START))
        assert fold.said.equals(whole.said.filter(kept))
        assert fold.said.num_rows > 0
        assert fold.absences["gate"] == len(systems) * stopped.sum() + whole.absences.get("gate", 0)

    def test_without_a_line_in_the_past_the_reference_given_a_line_says_nothing(self) -> None:
        """It has nothing to say, and no score is made up for it; the one given an average goes on."""
        found = snapshot()
        matrix = found.features.features.copy()
        matrix[found.days < np.datetime64(START), found.features.names.index(LINE)] = np.nan
        fold = cheap(replace(found, features=Columns(found.features.names, matrix)))
        scores = [
            (fact["line"] is None, fact["reference_crps"] is None) for fact in fold.facts.to_pylist() if fact["actual_points"] is not None
        ]
        assert set(scores) == {(False, True), (True, False)}

    def test_where_nobody_can_learn_nothing_is_said_and_it_is_told_why_of_each(self) -> None:
        early = house.NIGHT - timedelta(days=12)
        fold = cheap(snapshot(), early, early + timedelta(days=1))
        assert (fold.facts.num_rows, fold.said.num_rows, fold.metrics) == (0, 0, {})
        assert set(fold.refused) == set(CHEAP)
        assert all(f"rows to train on before {early}" in why for why in fold.refused.values())

    def test_a_system_with_too_little_to_learn_from_is_left_out_with_its_reason_and_the_others_speak(self) -> None:
        average, leaves = (house.systems()[name] for name in CHEAP)
        short = leaves.model_copy(update={"window": "2d"})
        fold = run_fold(snapshot(), [average, short], START, NIGHT, house.OPTIONS)
        assert set(fold.refused) == {short.system_id}
        assert f"rows to train on before {START}" in fold.refused[short.system_id]
        mine = pa.compute.equal(three_days().said.column("system_id"), average.system_id)
        assert fold.said.equals(three_days().said.filter(mine))
        assert three_days().refused == {}


class TestTheBatchGuard:
    def test_it_takes_a_night_from_a_system_that_strays_and_says_whose(self) -> None:
        """Minutes that double overnight, and a system that goes by minutes."""
        minutes = house.systems()["moving_average"].model_copy(
            update={"system_id": "minutes", "parameters": {"minutes_avg_last_10": 1.0}, "features": "v18"}
        )
        found = snapshot()
        matrix = found.features.features.copy()
        matrix[found.days == np.datetime64(NIGHT), found.features.names.index("minutes_avg_last_10")] *= 2
        doubled = replace(found, features=Columns(found.features.names, matrix))
        fold = run_fold(doubled, [minutes, house.systems()["moving_average"]], NIGHT, AFTER, house.OPTIONS)
        assert fold.held_back == {"minutes": 1}
        assert set(fold.said.column("system_id").to_pylist()) == {"moving_average"}
        assert fold.absences["model_blocked"] == fold.facts.num_rows == fold.said.num_rows

    def test_where_all_are_held_back_nothing_is_said_and_the_facts_are_there(self) -> None:
        """The newest days that were learnt from had 13 points more: what is said of the next days is far above the lines."""
        newest = snapshot().data(START).days[-300]
        other = cheap(changed(lambda found: (found.days >= newest) & (found.days < np.datetime64(START)), features=False))
        days = set(other.facts.column("game_date").to_pylist())
        assert other.held_back == dict.fromkeys(CHEAP, len(days))
        assert other.said.num_rows == 0
        assert other.said.schema == three_days().said.schema
        assert other.facts.num_rows == three_days().facts.num_rows
        assert other.absences["model_blocked"] == len(CHEAP) * other.facts.num_rows
