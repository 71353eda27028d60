"""Evidence: out of a backtest's tables, out of graded predictions; one row a player-game, missing where it is missing."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from obstore.store import ObjectStore

from tipoff.errors import BadInput, BrokenInvariant
from tipoff.market.devig import devig
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import open_bucket
from tipoff.store.tables import table_of
from tipoff.train.backtests import finished
from tipoff.train.evidence import Evidence, from_backtest, graded, on_the_same_rows
from tipoff.train.registry import REGISTRY
from train.backtest_tables import facts_of, keep_backtest, said_of
from train.graded_rows import DAY, Bet, keep, model
from train.made_up_evidence import evidence


@pytest.fixture
def bucket(tmp_path: Path) -> ObjectStore:
    return open_bucket((tmp_path / "bucket").as_uri())


def same(first: Evidence, second: Evidence) -> None:
    for field in fields(first):
        ours, theirs = getattr(first, field.name), getattr(second, field.name)
        if isinstance(ours, str):
            assert ours == theirs
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)


class TestOfABacktest:
    def test_tables_give_back_what_they_were_made_of(self) -> None:
        made = evidence(500)
        facts, said = facts_of(made), pa.concat_tables([said_of(made), said_of(evidence(500, noise=2.0), "other")])
        chance = np.random.default_rng(1)
        shuffled = said.take(pa.array(chance.permutation(1000))), facts.take(pa.array(chance.permutation(500)))
        same(from_backtest(shuffled[1], shuffled[0], "echo", "b"), made)

    def test_the_lines_of_the_consensus_and_of_the_bet_are_told_apart(self) -> None:
        made = replace(evidence(500), bet_line=evidence(500).line + 0.5)
        found = from_backtest(facts_of(made), said_of(made), "echo", "b")
        assert (found.bet_line - found.line == 0.5).all()

    def test_an_under_in_place_of_each_bet_is_settled_at_the_line_of_the_bet(self) -> None:
        made = evidence(500)
        moved = replace(made, bet_line=made.line + 100)
        assert np.nanmean(moved.under_wins) == 1.0
        assert np.isnan(moved.under_wins).sum() == np.isnan(moved.side_wins).sum() > 0

    def test_who_was_not_to_be_found_among_the_facts_makes_it_torn(self) -> None:
        made = evidence(50)
        with pytest.raises(BadInput, match="3 rows of echo are about player-games without facts"):
            from_backtest(facts_of(made).slice(3), said_of(made), "echo", "b")
        with pytest.raises(BadInput, match="2 facts stand there twice"):
            from_backtest(pa.concat_tables([facts_of(made), facts_of(made).slice(0, 2)]), said_of(made), "echo", "b")

    def test_a_system_or_column_that_is_not_there_is_named(self) -> None:
        made = evidence(50)
        with pytest.raises(BadInput, match="has nothing of nobody"):
            from_backtest(facts_of(made), said_of(made), "nobody", "b")
        with pytest.raises(BadInput, match="has no consensus_over in said"):
            from_backtest(facts_of(made), said_of(made).drop_columns("consensus_over"), "echo", "b")

    def test_a_player_game_twice_or_arrays_of_two_lengths_are_a_defect(self) -> None:
        made = evidence(50)
        with pytest.raises(BrokenInvariant, match="holds a player-game twice"):
            from_backtest(facts_of(made), pa.concat_tables([said_of(made), said_of(made)]), "echo", "b")
        with pytest.raises(BrokenInvariant, match="different lengths"):
            replace(made, points=made.points[1:])


class TestInTheBucket:
    def test_a_finished_one_is_read_whole(self, bucket: ObjectStore) -> None:
        keep_backtest(bucket, "b", {"echo": "r"}, [evidence(500), evidence(500, system_id="other", noise=1.0)])
        (found,) = finished(bucket)
        assert (found.backtest_id, found.recipes) == ("b", {"echo": "r"})
        same(found.evidence("echo"), evidence(500))

    def test_the_newest_comes_first_and_unfinished_ones_do_not_count(self, bucket: ObjectStore) -> None:
        for day, name, state in ((2, "a-new", "finished"), (1, "z-old", "finished"), (3, "open", "running")):
            keep_backtest(bucket, name, {"echo": "r"}, [evidence(40)], state, f"2025-12-0{day}T00:00:00+00:00")
        bucket.put("backtests/empty/folds/x/facts.parquet", b"")
        assert [found.backtest_id for found in finished(bucket)] == ["a-new", "z-old"]
        assert finished(bucket, "z-old")[0].backtest_id == "z-old"

    def test_without_any_there_is_none(self, bucket: ObjectStore) -> None:
        assert finished(bucket) == []

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("nowhere", "There is no finished"),
            ("open", "There is no finished"),
            ("../up", "is no id"),
            ("", "is no id"),
            ("odd", "cannot be read"),
        ],
    )
    def test_one_that_was_asked_for_and_is_none_is_named(self, bucket: ObjectStore, name: str, told: str) -> None:
        keep_backtest(bucket, "open", {}, [evidence(40)], "running")
        bucket.put("backtests/odd/plan.json", b"[]")
        with pytest.raises(BadInput, match=told):
            finished(bucket, name)

    def test_a_fold_that_lost_a_table_is_told(self, bucket: ObjectStore) -> None:
        keep_backtest(bucket, "b", {"echo": "r"}, [evidence(40)])
        bucket.delete("backtests/b/folds/2025-01-01/said.parquet")
        with pytest.raises(BadInput, match="has 2 tables of facts and 1 of what was said"):
            finished(bucket)[0].evidence("echo")


class TestGraded:
    @pytest.fixture
    def warehouse(self, tmp_path: Path) -> DuckDBWarehouse:
        warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
        bets = [
            Bet(price=2.1, line=20.0, push=0.08, over=0.6),
            Bet("LOSS", back=1, side="UNDER", price=1.7),
            Bet("PUSH", back=2, line=23.0),
            Bet("VOID", back=3, points=None),
            Bet(None, back=4, side="NO_LINE", line=None),
            Bet(None, back=5, side="PASS", model="echo-0"),
            Bet(system="other"),
        ]
        keep(warehouse, bets)
        warehouse.merge(REGISTRY, table_of(REGISTRY, [model("echo-1", trained_until=DAY - timedelta(days=6))]), "models")
        return warehouse

    def test_a_row_a_player_game_in_order_of_days(self, warehouse: DuckDBWarehouse) -> None:
        with warehouse.reading() as work:
            found = graded(work, "echo")
        assert found.source == "graded"
        assert found.players.tolist() == ["g0/p5", "g0/p4", "g0/p3", "g0/p2", "g0/p1", "g0/p0"]
        np.testing.assert_array_equal(found.side_wins, [np.nan, np.nan, np.nan, np.nan, 0, 1])
        np.testing.assert_array_equal(found.price, [np.nan, np.nan, 1.9, 1.9, 1.7, 2.1])
        np.testing.assert_array_equal(found.line, found.bet_line)
        np.testing.assert_array_equal(np.isnan(found.points), [False, False, True, False, False, False])
        np.testing.assert_array_equal(found.went_over, [1, np.nan, np.nan, np.nan, 1, 1])
        assert np.isnan(found.recalibrated_over).all()

    def test_chances_are_those_without_a_push(self, warehouse: DuckDBWarehouse) -> None:
        with warehouse.reading() as work:
            found = graded(work, "echo")
        assert found.over[-1] == pytest.approx(0.6)
        assert found.market_over[-1] == pytest.approx(float(devig(2.1, 1.9)))
        assert np.isnan([found.over[1], found.market_over[1]]).all(), "he had no line"

    def test_what_a_model_had_learnt_from_is_its_own_or_not_known(self, warehouse: DuckDBWarehouse) -> None:
        with warehouse.reading() as work:
            found = graded(work, "echo")
        assert np.isnat(found.trained_until).tolist() == [True, False, False, False, False, False]
        assert found.trained_until[1] == np.datetime64(DAY - timedelta(days=6))

    def test_only_these_models_or_only_from_a_day_on(self, warehouse: DuckDBWarehouse) -> None:
        with warehouse.reading() as work:
            assert graded(work, "echo", ["echo-0"]).players.tolist() == ["g0/p5"]
            assert graded(work, "echo", since=DAY - timedelta(days=1)).size == 2
            assert graded(work, "nobody").size == graded(work, "echo", []).size == 0


def test_the_same_rows_of_two_systems_stand_beside_each_other() -> None:
    ours, theirs = evidence(300), evidence(300, noise=1.0)
    mine, his = on_the_same_rows(ours.take(np.arange(250)[::-1]), theirs.take(np.arange(100, 300)))
    assert mine.players.tolist() == his.players.tolist()
    assert sorted(mine.players) == sorted(ours.players[100:250])
