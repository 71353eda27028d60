"""The merge: any order, any split, any repeats end in the same table; who wins; what it refuses; what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_rows import GAME_IDS, KEY, NOON, QUOTES, RANK, SCHEDULE, Row, arrow, as_table, by_precedence, quote, version

from engines import ENGINES, empty_warehouse
from tipoff.errors import BrokenInvariant
from tipoff.store.warehouse import Merged, Warehouse, Work

Fresh = Callable[[], str]
SLOW = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.fixture(scope="module", params=ENGINES)
def warehouse(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    yield from empty_warehouse(request, tmp_path_factory.mktemp("merge"))


@pytest.fixture(scope="module")
def fresh() -> Fresh:
    """An event, game or id that no other test has used in this warehouse."""
    numbers = count()
    return lambda: f"e{next(numbers):05d}"


def _read(warehouse: Warehouse, event: str) -> list[Row]:
    rows: list[Row] = warehouse.read(QUOTES, event_id=event).to_pylist()
    return rows


def _only(warehouse: Warehouse, event: str) -> Row:
    (row,) = _read(warehouse, event)
    return row


_SOME_QUOTES = st.lists(
    st.fixed_dictionaries(
        {
            "bookmaker": st.sampled_from(["fanduel", "betmgm"]),
            "point": st.sampled_from([0.0, -0.0, 20.0]),
            "origin_rank": st.sampled_from([0, 1, None]),
            "fetched_at": st.sampled_from([None, NOON, NOON + timedelta(microseconds=1)]),
            "payload_id": st.sampled_from([None, "a", "b"]),
            "over_price": st.sampled_from([None, 1.8, 1.9]),
            "under_price": st.sampled_from([None, 1.8, 1.9]),
            "source": st.sampled_from([None, "odds-api", "Odds-API"]),
        }
    ),
    min_size=1,
    max_size=8,
)


@st.composite
def _arrivals(draw: st.DrawFn) -> list[list[int]]:
    """Indexes of eight rows in some order, some of them repeated, cut into batches; those beyond the rows drawn are left out later."""
    order = draw(st.permutations([*range(8), *draw(st.lists(st.integers(0, 7), max_size=5))]))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=2)))
    return [order[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(order)], strict=True)]


class TestAnyOrder:
    @SLOW
    @given(drawn=_SOME_QUOTES, arrivals=_arrivals(), apart=st.booleans())
    def test_any_order_split_and_repeats_end_in_what_the_slow_reference_says(
        self, drawn: list[Row], arrivals: list[list[int]], apart: bool, warehouse: Warehouse, fresh: Fresh
    ) -> None:
        event = fresh()
        rows = [quote(event, **row) for row in drawn]
        with ExitStack() as transaction:
            work: Work | None = None if apart else transaction.enter_context(warehouse.writing("together"))
            for arrival in arrivals:
                batch = arrow(QUOTES, [rows[index] for index in arrival if index < len(rows)])
                if work is None:
                    warehouse.merge(QUOTES, batch, "apart")
                else:
                    work.merge(QUOTES, batch)
        assert as_table(_read(warehouse, event)) == by_precedence(rows)

    @SLOW
    @given(drawn=_SOME_QUOTES, again=st.lists(st.integers(0, 7), min_size=1, max_size=8))
    def test_what_was_merged_once_changes_nothing_when_it_comes_again(
        self, drawn: list[Row], again: list[int], warehouse: Warehouse, fresh: Fresh
    ) -> None:
        event = fresh()
        rows = [quote(event, **row) for row in drawn]
        with warehouse.writing("first") as work:
            work.merge(QUOTES, arrow(QUOTES, rows))
            before = work.fetch(work.as_of(QUOTES, event_id=event))
            repeats = [rows[index % len(rows)] for index in again]
            merged = work.merge(QUOTES, arrow(QUOTES, repeats))
            after = work.fetch(work.as_of(QUOTES, event_id=event))
        assert merged == Merged(offered=len(repeats), inserted=0, updated=0)
        assert sorted(map(str, after.to_pylist())) == sorted(map(str, before.to_pylist()))

    def test_the_counts_tell_new_rows_from_changed_ones(self, warehouse: Warehouse, fresh: Fresh) -> None:
        event = fresh()
        first = [quote(event, point=point) for point in (20.5, 21.5, 22.5)]
        assert warehouse.merge(QUOTES, arrow(QUOTES, first), "r") == Merged(3, 3, 0)
        second = [quote(event, point=20.5, payload_id="b"), quote(event, point=21.5, payload_id="0"), quote(event, point=23.5)]
        assert warehouse.merge(QUOTES, arrow(QUOTES, second), "r") == Merged(offered=3, inserted=1, updated=1)

    def test_counts_add_up(self) -> None:
        assert Merged(3, 2, 1) + Merged(4, 0, 2) == Merged(7, 2, 3)

    def test_no_rows_change_nothing(self, warehouse: Warehouse) -> None:
        assert warehouse.merge(QUOTES, arrow(QUOTES, []), "r") == Merged(0, 0, 0)


class TestWhoWins:
    @pytest.mark.parametrize(
        ("winner", "loser"),
        [
            (
                {"origin_rank": 1, "fetched_at": NOON, "payload_id": "a"},
                {"origin_rank": 0, "fetched_at": NOON + timedelta(days=1), "payload_id": "b"},
            ),
            ({"fetched_at": NOON + timedelta(microseconds=1), "payload_id": "a"}, {"fetched_at": NOON, "payload_id": "b"}),
            ({"fetched_at": NOON}, {"fetched_at": None}),
            ({"payload_id": "b", "over_price": 1.5}, {"payload_id": "a", "over_price": 2.5}),
            ({"payload_id": "b"}, {"payload_id": "B"}),
            ({"over_price": 2.5, "under_price": 1.1}, {"over_price": 1.5, "under_price": 9.9}),
            ({"over_price": 1.1, "under_price": 1.1}, {"over_price": None, "under_price": 9.9}),
        ],
        ids=[
            "payload over import",
            "later fetch",
            "known fetch",
            "larger payload",
            "by code point",
            "larger value",
            "some value over none",
        ],
    )
    @pytest.mark.parametrize("one_batch", [True, False])
    def test_it_wins_whether_it_comes_first_or_last(
        self, winner: Row, loser: Row, one_batch: bool, warehouse: Warehouse, fresh: Fresh
    ) -> None:
        with warehouse.writing("r") as work:
            for order in ([winner, loser], [loser, winner]):
                event = fresh()
                rows = [quote(event, **row) for row in order]
                for batch in [rows] if one_batch else [[row] for row in rows]:
                    work.merge(QUOTES, arrow(QUOTES, batch))
                (kept,) = work.fetch(work.as_of(QUOTES, event_id=event)).to_pylist()
                assert as_table([kept]) == by_precedence([quote(event, **winner)])

    def test_the_row_that_wins_comes_whole(self, warehouse: Warehouse, fresh: Fresh) -> None:
        event = fresh()
        warehouse.merge(QUOTES, arrow(QUOTES, [quote(event, over_price=1.5, under_price=2.5)]), "r")
        warehouse.merge(QUOTES, arrow(QUOTES, [quote(event, over_price=None, under_price=1.7, payload_id="b")]), "r")
        row = _only(warehouse, event)
        assert (row["over_price"], row["under_price"]) == (None, 1.7)

    def test_who_wrote_a_row_last_stands_in_it(self, warehouse: Warehouse, fresh: Fresh) -> None:
        event = fresh()
        warehouse.merge(QUOTES, arrow(QUOTES, [quote(event)]), "first")
        first = _only(warehouse, event)
        warehouse.merge(QUOTES, arrow(QUOTES, [quote(event, payload_id="0")]), "loser")
        assert _only(warehouse, event) == first
        assert first["run_id"] == "first"
        warehouse.merge(QUOTES, arrow(QUOTES, [quote(event, payload_id="b")]), "winner")
        assert _only(warehouse, event)["run_id"] == "winner"

    def test_versions_of_one_fact_stand_beside_each_other(self, warehouse: Warehouse, fresh: Fresh) -> None:
        game = fresh()
        rows = [version(game, NOON + timedelta(hours=hours)) for hours in range(3)]
        assert warehouse.merge(SCHEDULE, arrow(SCHEDULE, rows), "r").inserted == 3


class TestDerivedTables:
    def test_the_newcomer_wins(self, warehouse: Warehouse, fresh: Fresh) -> None:
        row = {"id_kind": "odds", "external_id": fresh(), "game_id": "z"}
        warehouse.merge(GAME_IDS, arrow(GAME_IDS, [row]), "first")
        assert warehouse.merge(GAME_IDS, arrow(GAME_IDS, [row | {"game_id": "a"}]), "second") == Merged(1, 0, 1)
        (kept,) = warehouse.read(GAME_IDS, external_id=row["external_id"]).to_pylist()
        assert (kept["game_id"], kept["run_id"]) == ("a", "second")

    def test_a_newcomer_that_knows_less_wins_as_well(self, warehouse: Warehouse, fresh: Fresh) -> None:
        row = {"id_kind": "odds", "external_id": fresh(), "game_id": "z"}
        warehouse.merge(GAME_IDS, arrow(GAME_IDS, [row]), "first")
        warehouse.merge(GAME_IDS, arrow(GAME_IDS, [row | {"game_id": None}]), "second")
        (kept,) = warehouse.read(GAME_IDS, external_id=row["external_id"]).to_pylist()
        assert kept["game_id"] is None

    def test_a_row_that_did_not_change_keeps_when_and_by_whom_it_was_written(self, warehouse: Warehouse, fresh: Fresh) -> None:
        rows = [{"id_kind": "odds", "external_id": fresh(), "game_id": "g"} for _ in range(2)]
        names = [row["external_id"] for row in rows]
        warehouse.merge(GAME_IDS, arrow(GAME_IDS, rows), "first")
        before = {row["external_id"]: row for row in warehouse.read(GAME_IDS, external_id=names).to_pylist()}
        rows[1]["game_id"] = "h"
        assert warehouse.merge(GAME_IDS, arrow(GAME_IDS, rows), "second") == Merged(2, 0, 1)
        after = {row["external_id"]: row for row in warehouse.read(GAME_IDS, external_id=names).to_pylist()}
        assert after[names[0]] == before[names[0]]
        assert after[names[1]]["run_id"] == "second"
        assert after[names[1]]["written_at"] > before[names[1]]["written_at"]

    def test_one_key_twice_is_refused_by_name_and_nothing_is_written(self, warehouse: Warehouse, fresh: Fresh) -> None:
        twin = {"id_kind": "odds", "external_id": fresh(), "game_id": "g"}
        with pytest.raises(BrokenInvariant, match=rf"ref\.game_ids was offered one key twice: .*'{twin['external_id']}'"):
            warehouse.merge(GAME_IDS, arrow(GAME_IDS, [twin, twin | {"game_id": "h"}]), "r")
        assert warehouse.read(GAME_IDS, external_id=twin["external_id"]).num_rows == 0


class TestRefusals:
    @pytest.mark.parametrize("name", KEY)
    def test_a_null_in_the_key_is_refused_by_name(self, name: str, warehouse: Warehouse, fresh: Fresh) -> None:
        event = fresh()
        rows = [quote(event), quote(event, point=1.5) | {name: None}]
        with pytest.raises(BrokenInvariant, match=rf"raw\.odds_player_points was offered 1 rows without {name}"):
            warehouse.merge(QUOTES, arrow(QUOTES, rows), "r")
        assert _read(warehouse, event) == []

    def test_a_key_that_is_left_out_is_refused_by_name(self, warehouse: Warehouse) -> None:
        with pytest.raises(BrokenInvariant, match="without external_id"):
            warehouse.merge(GAME_IDS, pa.table({"id_kind": ["odds"]}), "r")

    def test_a_column_that_the_table_does_not_have_is_refused_by_name(self, warehouse: Warehouse, fresh: Fresh) -> None:
        event = fresh()
        rows = arrow(QUOTES, [quote(event)]).append_column("prise", pa.array([1.9]))
        with pytest.raises(BrokenInvariant, match=r"raw\.odds_player_points has no column prise"):
            warehouse.merge(QUOTES, rows, "r")
        assert _read(warehouse, event) == []

    def test_a_column_that_comes_twice_is_refused(self, warehouse: Warehouse) -> None:
        columns = [pa.array(["odds"]), pa.array(["e"]), pa.array(["f"])]
        with pytest.raises(BrokenInvariant, match=r"ref\.game_ids was offered one column twice"):
            warehouse.merge(GAME_IDS, pa.Table.from_arrays(columns, names=["id_kind", "external_id", "external_id"]), "r")

    @pytest.mark.parametrize(
        ("column", "value"), [("home_score", 101.5), ("home_score", "many"), ("game_date", "yesterday"), ("tip_assumed", "perhaps")]
    )
    def test_a_value_that_does_not_fit_is_refused_by_name_and_not_bent(
        self, column: str, value: Any, warehouse: Warehouse, fresh: Fresh
    ) -> None:
        game = fresh()
        with pytest.raises(BrokenInvariant, match=rf"raw\.schedule\.{column} is of type \w+"):
            warehouse.merge(SCHEDULE, pa.table({"game_id": [game], "known_at": [NOON], column: [value]}), "r")
        assert warehouse.read(SCHEDULE, game_id=game).num_rows == 0

    def test_a_table_that_nobody_declared_is_refused(self, warehouse: Warehouse) -> None:
        with pytest.raises(BrokenInvariant, match=r"raw\.nonsense"):
            warehouse.merge("raw.nonsense", pa.table({"a": [1]}), "r")


class TestShapes:
    def test_the_order_of_columns_does_not_matter(self, warehouse: Warehouse, fresh: Fresh) -> None:
        straight, turned = fresh(), fresh()
        warehouse.merge(QUOTES, arrow(QUOTES, [quote(straight)]), "r")
        rows = arrow(QUOTES, [quote(turned)])
        warehouse.merge(QUOTES, rows.select(rows.column_names[::-1]), "r")
        expected = _only(warehouse, straight)
        assert {**_only(warehouse, turned), "event_id": straight, "written_at": None} == {**expected, "written_at": None}

    def test_a_column_that_is_left_out_is_null(self, warehouse: Warehouse, fresh: Fresh) -> None:
        game = fresh()
        warehouse.merge(SCHEDULE, pa.table({"game_id": [game], "known_at": [NOON]}), "r")
        (row,) = warehouse.read(SCHEDULE, game_id=game).to_pylist()
        assert {name for name, value in row.items() if value is not None} == {"game_id", "known_at", "written_at", "run_id"}

    def test_types_are_brought_to_the_declared_ones(self, warehouse: Warehouse, fresh: Fresh) -> None:
        event = fresh()
        new_york = datetime(2025, 11, 5, 12, tzinfo=ZoneInfo("America/New_York"))
        rows = pa.table(
            {
                "event_id": pa.array([event], pa.large_string()),
                "bookmaker": pa.array(["fanduel"]).dictionary_encode(),
                "market": ["player_points"],
                "player_lookup": ["lebronjames"],
                "point": pa.array([25], pa.int32()),
                "snapshot_at": pa.array([new_york], pa.timestamp("ms", "America/New_York")),
                "game_date": pa.array([datetime(2025, 11, 5)], pa.timestamp("s")),
                "over_price": pa.array([1.5], pa.float32()),
                "origin_rank": pa.array([1.0]),
                "source": pa.nulls(1),
                "fetched_at": pa.array(["2025-11-05T12:00:00-05:00"]),
            }
        )
        warehouse.merge(QUOTES, rows, "r")
        row = _only(warehouse, event)
        assert row["point"] == 25.0
        assert isinstance(row["point"], float)
        assert row["snapshot_at"] == row["fetched_at"] == NOON
        assert row["game_date"] == date(2025, 11, 5)
        assert (row["over_price"], row["origin_rank"], row["source"]) == (1.5, 1, None)

    def test_the_caller_does_not_decide_who_wrote_a_row(self, warehouse: Warehouse, fresh: Fresh) -> None:
        row = {"id_kind": "odds", "external_id": fresh(), "run_id": "somebody else", "written_at": datetime(1999, 1, 1, tzinfo=UTC)}
        warehouse.merge(GAME_IDS, arrow(GAME_IDS, [row]), "this run")
        (kept,) = warehouse.read(GAME_IDS, external_id=row["external_id"]).to_pylist()
        assert kept["run_id"] == "this run"
        assert kept["written_at"] > datetime(2020, 1, 1, tzinfo=UTC)

    def test_text_is_kept_to_the_letter(self, warehouse: Warehouse, fresh: Fresh) -> None:
        event = fresh()
        text = "'; DROP TABLE raw.schedule; -- \" \\ \n é 🏀 \u200b"
        warehouse.merge(QUOTES, arrow(QUOTES, [quote(event, source=text)]), "'; --")
        row = _only(warehouse, event)
        assert (row["source"], row["run_id"]) == (text, "'; --")


class TestComputedColumns:
    def _annotate(self, warehouse: Warehouse, *rows: Row) -> int:
        with warehouse.writing("annotator") as work:
            return work.annotate(QUOTES, arrow(QUOTES, [{name: row[name] for name in (*KEY, "is_main")} for row in rows]))

    def test_annotating_sets_what_is_computed_and_nothing_else(self, warehouse: Warehouse, fresh: Fresh) -> None:
        event = fresh()
        rows = [quote(event, point=point) for point in (20.5, 21.5)]
        warehouse.merge(QUOTES, arrow(QUOTES, rows), "loader")
        before = {row["point"]: row for row in _read(warehouse, event)}
        assert self._annotate(warehouse, rows[0] | {"is_main": True}) == 1
        after = {row["point"]: row for row in _read(warehouse, event)}
        assert after == {20.5: before[20.5] | {"is_main": True}, 21.5: before[21.5]}

    def test_annotating_again_changes_nothing(self, warehouse: Warehouse, fresh: Fresh) -> None:
        row = quote(fresh())
        warehouse.merge(QUOTES, arrow(QUOTES, [row]), "loader")
        assert [self._annotate(warehouse, row | {"is_main": flag}) for flag in (True, True, False, None, None)] == [1, 0, 1, 1, 0]

    def test_annotating_makes_no_row(self, warehouse: Warehouse, fresh: Fresh) -> None:
        event = fresh()
        assert self._annotate(warehouse, quote(event) | {"is_main": True}) == 0
        assert _read(warehouse, event) == []

    def test_a_later_merge_leaves_what_is_computed(self, warehouse: Warehouse, fresh: Fresh) -> None:
        event = fresh()
        row = quote(event)
        warehouse.merge(QUOTES, arrow(QUOTES, [row]), "loader")
        self._annotate(warehouse, row | {"is_main": True})
        assert warehouse.merge(QUOTES, arrow(QUOTES, [row]), "again") == Merged(1, 0, 0)
        assert warehouse.merge(QUOTES, arrow(QUOTES, [row | {"payload_id": "b", "over_price": 1.4}]), "later") == Merged(1, 0, 1)
        kept = _only(warehouse, event)
        assert (kept["is_main"], kept["over_price"]) == (True, 1.4)

    def test_nothing_to_annotate_is_nothing_done(self, warehouse: Warehouse) -> None:
        assert self._annotate(warehouse) == 0


def test_the_reference_speaks_of_every_column_that_decides() -> None:
    """Were a column added to the rows of these tests and left out of the reference, the two could differ unseen."""
    assert set(quote("e")) == {*KEY, *RANK}
