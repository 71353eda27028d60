"""Feeds: rows of any table, by conditions in words."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from pathlib import Path

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from publish.invented import NIGHT, Night, fill
from tipoff.errors import BadInput, StorageError
from tipoff.publish.feeds import FORMATS, Format, feed, write_feed
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import ALL
from tipoff.store.warehouse import Warehouse

SAID = "predictions.player_prop_predictions"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("feeds") / "warehouse.duckdb")
    fill(warehouse, Night(graded=True))
    return warehouse


def of(warehouse: Warehouse, name: str, *where: str, **other: object) -> list[dict[str, object]]:
    with warehouse.reading() as work:
        rows: list[dict[str, object]] = feed(work, name, where, **other).to_pylist()  # type: ignore[arg-type]
    return rows


@pytest.mark.parametrize("table", ALL, ids=[table.name for table in ALL])
def test_every_table_is_a_feed_in_its_declared_columns(filled: Warehouse, table: object) -> None:
    declared = next(one for one in ALL if one is table)
    with filled.reading() as work:
        assert tuple(feed(work, declared.name, limit=1).column_names) == declared.column_names


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        (("system_id=ridge_line",), lambda row: row["system_id"] == "ridge_line"),
        (("system_id=ridge_line, moving_average",), lambda row: row["system_id"] in ("ridge_line", "moving_average")),
        (("system_id!=ridge_line",), lambda row: row["system_id"] != "ridge_line"),
        (("line=",), lambda row: row["line"] is None),
        (("line!=",), lambda row: row["line"] is not None),
        (("line>=20.5", "recommendation=OVER"), lambda row: (row["line"] or 0) >= 20.5 and row["recommendation"] == "OVER"),
        (("line<10",), lambda row: row["line"] is not None and row["line"] < 10),
        ((f"game_date<={NIGHT}",), lambda row: row["game_date"] <= NIGHT),
        ((f"game_date>{NIGHT}",), lambda row: False),
        (("is_active=true",), lambda row: row["is_active"]),
        (("as_of>2031-02-12T00:00:00Z",), lambda row: True),
        (("player_lookup=' or 1=1 --",), lambda row: False),
    ],
)
def test_rows_are_those_that_fulfil_every_condition(filled: Warehouse, where: tuple[str, ...], holds: object) -> None:
    assert callable(holds)
    every = of(filled, SAID)
    assert of(filled, SAID, *where) == [row for row in every if holds(row)]


def test_columns_come_as_they_are_asked_for_and_rows_by_the_key(filled: Warehouse) -> None:
    found = of(filled, "ref.players", columns=("name", "player_lookup"), limit=5)
    assert [list(row) for row in found] == [["name", "player_lookup"]] * 5
    lookups = [str(row["player_lookup"]) for row in found]
    assert lookups == sorted(lookups)


def test_of_versions_the_one_that_was_known(filled: Warehouse) -> None:
    tip = Night().tips()[0][3]
    statuses = {row["status"] for row in of(filled, "raw.schedule", as_of=tip)}
    assert statuses == {"scheduled"}
    assert {row["status"] for row in of(filled, "raw.schedule", as_of=tip + timedelta(days=1))} == {"final"}


@pytest.mark.parametrize(
    ("name", "where", "message", "hint"),
    [
        ("raw.player_boxes", (), "No table is called", r"Is it raw\.player_box\?"),
        ("player_box; DROP TABLE x", (), "No table is called", "tipoff tables"),
        (SAID, ("player=x",), "has no column 'player'", "tipoff tables"),
        (SAID, ("system_ids=x",), "has no column", "Is it system_id"),
        (SAID, ("game_date=yesterday",), "'yesterday' is no date", "2025-11-05"),
        (SAID, ("created_at>=noon",), "'noon' is no instant", "UTC"),
        (SAID, ("line>=tall",), "'tall' is no float", ""),
        (SAID, ("is_active=perhaps",), "'perhaps' is no bool", ""),
        (SAID, ("nothing at all",), "is no condition", "game_date>="),
    ],
)
def test_what_is_unknown_is_refused_with_a_hint(filled: Warehouse, name: str, where: tuple[str, ...], message: str, hint: str) -> None:
    with pytest.raises(BadInput, match=message) as refused:
        of(filled, name, *where)
    assert refused.value.hint is not None
    assert re.search(hint, refused.value.hint)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_holds_what_was_asked_for(filled: Warehouse, tmp_path: Path, kind: Format) -> None:
    with filled.reading() as work:
        rows = feed(work, "predictions.prediction_accuracy", ("system_id=ridge_line",))
    path = tmp_path / f"grades.{kind}"
    write_feed(rows, path, kind)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    if kind == "parquet":
        assert pq.read_table(path).equals(rows)
    else:
        read = pa_csv.read_csv(path)
        assert (read.column_names, read.num_rows) == (rows.column_names, rows.num_rows)
        assert read.column("game_date")[0].as_py() == date(2031, 2, 12)
    stream = io.BytesIO()
    write_feed(rows, stream, kind)
    assert stream.getvalue() == path.read_bytes()


def test_a_folder_that_is_not_there_is_told(filled: Warehouse, tmp_path: Path) -> None:
    with filled.reading() as work:
        rows = feed(work, "ref.players", limit=1)
    with pytest.raises(StorageError, match="cannot be written"):
        write_feed(rows, tmp_path / "nowhere" / "a.csv", "csv")
