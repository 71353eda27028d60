"""What phases ask, in BigQuery's words: all of it can be said, and nothing in it is what BigQuery itself refuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ibis
import ibis.expr.operations as ops
import pytest
import sqlglot as sg
from bigquery_lacks import lacks, unfiltered

from tipoff.store import bigquery_ids, duckdb_work
from tipoff.store.bigquery_ids import PARTED_BY, is_parted
from tipoff.store.bigquery_sql import Dated, clustered_by, floats_of, on_days, translated, write
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.merge import annotate_sql, merge_sql, remove_sql
from tipoff.store.payloads import open_bucket
from tipoff.store.statements import Bound
from tipoff.store.tables import ALL, table_named
from train import practice_house
from web.recorded import publish_everything

PARTED = {table.name for table in ALL if is_parted(table)}
ROWS = ibis.table({"game_date": "date", "at": "timestamp('UTC')", "name": "string", "point": "float64"}, name="rows")

WHOLE = {
    "raw.arrivals": 1,  # whether a payload that came then is on record
    "raw.injuries": 1,  # under which names anybody was printed, where a name leads elsewhere
    "raw.odds_player_points": 1,  # the same
    "raw.player_box": 1,  # who ever played for whom
    "raw.schedule": 5,  # it is needed whole, and is small
    "raw.shots": 2,  # names as above; what became known, of whatever day, within 400 days
}
"""Tables of which questions on the way from payloads to documents look at every day, and how many do."""


def _made_here(folder: Path, make: Callable[[Path], None]) -> Path:
    folder.mkdir()
    make(folder)
    return folder


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Dated]:
    """Everything that was put to DuckDB on the way from payloads to documents, each shape once, as BigQuery would be told; by DuckDB's.
    A table as it stands is what a test looks at."""
    folder = Path(tmp_path_factory.mktemp("said"))
    put: dict[str, ops.Node] = {}
    before = duckdb_work._STATEMENTS

    def noted(operation: ops.Node) -> str:
        sql = before._write(operation)
        if not isinstance(operation, ops.DatabaseTable):
            put[sql] = operation
        return sql

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb_work, "_STATEMENTS", type(before)(noted))
        patch.setattr(practice_house, "_kept", SimpleNamespace(name=str(folder)))
        patch.setattr(practice_house, "made_once", lambda name, make: _made_here(folder / f"{name}-made", make))
        for stage in ("eve", "data", "fitted", "predicted", "played"):  # anew, whatever this process has made already
            patch.setattr(practice_house, stage, lru_cache(maxsize=1)(getattr(practice_house, stage).__wrapped__))
        practice_house.played()
        publish_everything(DuckDBWarehouse(folder / "warehouse.duckdb"), open_bucket((folder / "bucket").as_uri()))
    assert len(put) > 60
    return {sql: write(operation) for sql, operation in put.items()}


def test_all_that_phases_ask_is_what_bigquery_answers(said: dict[str, Dated]) -> None:
    refused = {sql: found for sql in said.values() if (found := lacks(sql))}
    assert not refused


def test_no_parted_table_is_read_without_days(said: dict[str, Dated]) -> None:
    assert not {name for sql in said.values() for name in unfiltered(sql, PARTED, PARTED_BY)}


def test_of_these_tables_alone_some_question_looks_at_every_day(said: dict[str, Dated]) -> None:
    """The others are asked for games, events and days that are handed over with the question. The demo's days add `ops.outbox`."""
    reads = [read for sql in said.values() for read in sql.reads]
    assert Counter(read.table.name for read in reads if read.is_whole) == WHOLE
    assert len({read.table.name for read in reads}) > 12


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_the_one_merge_text_is_said_in_its_words(table: Any) -> None:
    for twins in (True, False):
        sql = translated(merge_sql(table, "the_table", "the_rows", twins=twins), floats_of(table))
        assert lacks(sql) == []
        assert '"' not in sql
        assert not _parted_by(sql) & floats_of(table)
    for sql in (remove_sql(table, "the_table", "the_rows"), *([annotate_sql(table, "the_table", "the_rows")] if table.computed else [])):
        assert lacks(translated(sql, floats_of(table))) == []


@pytest.mark.parametrize("table", [table for table in ALL if is_parted(table)], ids=lambda table: table.name)
def test_what_is_written_to_a_parted_table_is_written_on_days(table: Any) -> None:
    statements = [merge_sql(table, table.name, "the_rows"), remove_sql(table, table.name, "the_rows")]
    for statement in [*statements, *([annotate_sql(table, table.name, "the_rows")] if table.computed else [])]:
        sql = translated(statement, floats_of(table))
        assert unfiltered(sql, PARTED, PARTED_BY) == {table.name}
        assert lacks(on_days(sql, table)) == []
        assert unfiltered(on_days(sql, table), PARTED, PARTED_BY) == set()
        assert ("game_date IS NULL" in on_days(sql, table)) == (PARTED_BY not in table.key)


def test_the_days_of_ids_are_put_on_record_in_its_words() -> None:
    names = {table: f"`{table.dataset}`.`{table.short_name}`" for table in ALL if is_parted(table)}
    for sql in (bigquery_ids.merge_sql("the_table", "the_rows"), bigquery_ids.create_sql("the_table", names)):
        assert lacks(sql) == []
        assert unfiltered(sql, PARTED, PARTED_BY) == set()


def _parted_by(sql: str) -> set[str]:
    windows = sg.parse_one(sql, read="bigquery").find_all(sg.exp.Window)
    return {part.name for window in windows for part in window.args.get("partition_by") or [] if isinstance(part, sg.exp.Column)}


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_tables_are_clustered_by_what_bigquery_clusters_by(table: Any) -> None:
    columns = clustered_by(table)
    assert len(columns) <= 4
    assert not {*columns} & {*floats_of(table), PARTED_BY}


def test_a_window_is_parted_by_the_text_of_a_float() -> None:
    place = ibis.row_number().over(ibis.window(group_by=["name", "point"], order_by=ibis.desc("at")))
    sql = write(ROWS.mutate(place=place).op())
    assert _parted_by(sql) == {"name"}
    assert "AS STRING" in sql


def test_nulls_keep_their_place_in_an_order_but_in_a_range() -> None:
    last = ibis.row_number().over(ibis.window(order_by=ibis.asc("at")))
    assert "NULLS LAST" in write(ROWS.mutate(place=last).op())
    ranged = ROWS.point.sum().over(ibis.window(order_by=ibis.asc("at")))
    assert not lacks(write(ROWS.mutate(total=ranged).op()))


def test_values_are_parameters() -> None:
    asked = ROWS.filter(ROWS.name == Bound(1, "string").to_expr(), ROWS.at <= Bound(2, "timestamp('UTC')").to_expr())
    sql = write(asked.op())
    assert "@p1" in sql
    assert "@p2" in sql


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT a FROM t ASOF LEFT JOIN u ON t.a >= u.a", "ASOF"),
        ("SELECT a FROM t LEFT JOIN u ON t.a >= u.b", "without an equality"),
        ("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.b > t.a)", "without an equality"),
        ("SELECT ARG_MAX(a, b) AS c FROM t", "no function ARG_MAX"),
        ("SELECT LIST(a) AS c FROM t", "no function LIST"),
        ("WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT n FROM x", "RECURSIVE"),
        ("SELECT COUNT(*) AS `CountStar()` FROM t", "no name of a column"),
        ("SELECT SUM(a) OVER (ORDER BY b NULLS LAST) AS c FROM t", "far end of a RANGE"),
        ("SELECT a FROM t WHERE a IN (" + ", ".join(f"@p{n}" for n in range(10_001)) + ")", "10001 parameters"),
        ("SELECT FROM WHERE", "cannot be read"),
    ],
)
def test_what_bigquery_lacks_is_found(sql: str, told: str) -> None:
    assert any(told in found for found in lacks(sql))


DAYS = "SELECT r.game_id FROM `raw`.`schedule` AS r WHERE "


@pytest.mark.parametrize(
    ("sql", "whole"),
    [
        (DAYS + "r.game_date = @p1", False),
        (DAYS + "(r.game_date BETWEEN @p1 AND @p2 OR r.game_date IS NULL) AND r.home = 'BOS'", False),
        ("SELECT s.game_id FROM (SELECT * FROM `raw`.`schedule` AS t WHERE t.game_date >= @p1) AS s", False),
        ("SELECT s.game_id FROM (SELECT * FROM `raw`.`schedule`) AS s WHERE s.game_date >= @p1", True),
        (DAYS + "r.game_id = @p1", True),
        (DAYS + "r.game_date = @p1 OR r.home = 'BOS'", True),
        (DAYS + "EXISTS (SELECT 1 FROM given_0 AS g WHERE g.game_date = r.game_date)", True),
    ],
)
def test_a_read_without_days_is_found(sql: str, whole: bool) -> None:
    assert unfiltered(sql, PARTED, PARTED_BY) == ({"raw.schedule"} if whole else set())


def test_the_day_is_a_new_york_date_and_parts_are_days() -> None:
    assert is_parted(table_named("raw.odds_player_points"))
    assert not is_parted(table_named("ref.players"))
