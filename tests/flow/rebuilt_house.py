"""A house whose facts come from everywhere: one's own archives, documents of a folder, fetched ones with receipts, and what people said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from load import archives
from load.test_import_again import bundle
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.house import House, open_house
from tipoff.flow.rebuilding import CARRIED
from tipoff.load.documents import load_payloads
from tipoff.load.imports import import_file, plan
from tipoff.load.spellings import make_known, say_who
from tipoff.practice.wire_injuries import report
from tipoff.practice.wire_nba import schedule
from tipoff.practice.wire_plays import play_by_play
from tipoff.scrape.records import Payload
from tipoff.store.payloads import digest
from tipoff.store.receipts import FROM_FOLDER, Receipt, arrival_moment
from tipoff.store.schema import Kind
from tipoff.store.tables import ALL, table_named
from tipoff.store.warehouse import Warehouse
from train import practice_house

NOW = practice_house.MORNING
LATER = NOW + timedelta(hours=2)
_VALUES: dict[Kind, Any] = {
    "string": "said",
    "date": practice_house.NIGHT,
    "instant": datetime(2025, 11, 20, tzinfo=UTC),
    "float": 1.5,
    "int": 3,
    "bool": True,
}


def furnish(folder: Path) -> None:
    """Make the house in a folder."""
    settings = load_settings(data_dir=folder).model_copy(update={"league": "practice"})
    with open_house(settings, ManualClock(NOW)) as house:
        _load(house, [replace(one, fetched_at=None, status=0) for one in _boxes(days=5)])
        files = bundle(folder.parent / "files")
        files.append(archives.write(folder.parent / "files" / "more.csv", [archives.line("Nobody Known", 0, "LAL", 3, player_id=None)]))
        for file, mapping in plan(files):
            import_file(
                house.warehouse,
                house.vault,
                file,
                mapping,
                league="practice",
                level_points=2.5,
                run_id="import",
                seen_at=NOW,
            )
        _load(house, _fetched())
        for row in house.warehouse.read("raw.arrivals").to_pylist():
            moment = arrival_moment(row["arrived"])
            if row["arrived"] != FROM_FOLDER and moment is not None and row["game_date"] is not None:
                source, feed, day = row["source"], row["feed"], row["game_date"]
                house.receipts.put(Receipt(row["payload_id"], source, feed, day, moment, row["url"], row["status"]))
        with house.warehouse.writing("a person") as work:
            make_known(work, "Somebody New", team="LAL")
            say_who(work, "L. Doncic", "Luka Doncic", team="LAL", season="2025-26")
        for name in CARRIED:
            table = table_named(name)
            if house.warehouse.read(name).num_rows == 0:
                row = {column.name: _VALUES[column.kind] for column in table.columns if column.name not in ("written_at", "run_id")}
                house.warehouse.merge(
                    name, pa.Table.from_pylist([row], schema=pa.schema([table.arrow_schema.field(key) for key in row])), "x"
                )


def _boxes(days: int) -> list[Payload]:
    first = practice_house.FIRST
    games = (game for game in practice_house.season().games if game.game_date < first + timedelta(days=days))
    return [practice_house.box(game) for game in games]


def _fetched() -> list[Payload]:
    """The schedule, some box scores and lines, one of them twice in the same bytes, and what nobody can read."""
    first = practice_house.FIRST
    games = [game for game in practice_house.season().games if timedelta(days=4) <= game.game_date - first < timedelta(days=7)]
    evening = NOW - timedelta(hours=20)
    found = [practice_house.payload(schedule(practice_house.season(), evening), evening)]
    found += [practice_house.box(game) for game in games]
    for game in games[:3]:  # before its box score is known: the shots wait for it
        at = game.final_at + timedelta(minutes=20)
        found.insert(0, practice_house.payload(play_by_play(practice_house.season(), game, at), at))
    found += [practice_house.lines(game, game.tip - timedelta(minutes=10)) for game in games]
    printed = games[0].tip - timedelta(hours=2)
    found.append(Payload(report(practice_house.season(), printed), "the practice league", printed, 200))
    found.append(replace(found[-2], fetched_at=NOW - timedelta(minutes=3)))
    found.append(Payload(b"<html>not found</html>", "the practice league", NOW, 404))
    return [replace(one, feed="odds", game_date=practice_house.NIGHT) for one in found]


def _load(house: House, payloads: list[Payload]) -> None:
    load_payloads(house.warehouse, house.vault, ((one, None) for one in payloads), seen_at=NOW, run_id="load")


def fetched_late(house: House) -> str:
    """A box score that was fetched, and that nobody has loaded yet; its payload's id."""
    game = next(game for game in practice_house.season().games if game.game_date == practice_house.FIRST + timedelta(days=9))
    one = practice_house.box(game)
    assert one.fetched_at is not None
    house.vault.put(one.body)
    source = next(row["source"] for row in house.warehouse.read("raw.player_box").to_pylist() if row["origin_rank"])
    house.receipts.put(Receipt(digest(one.body), source, "box", game.game_date, one.fetched_at, one.origin, one.status))
    return digest(one.body)


def contents(warehouse: Warehouse, *, but: tuple[str, ...] = ()) -> dict[str, pa.Table]:
    """Every row of every table, by key, without some columns."""
    found = {}
    with warehouse.reading() as work:
        for table in ALL:
            rows = work.fetch(work.table(table.name)).select(list(table.column_names)).cast(table.arrow_schema)
            found[table.name] = rows.sort_by([(name, "ascending") for name in table.key]).drop_columns(list(but))
    return found


def spoil(path: Path, *statements: str) -> None:
    """Run SQL on a warehouse's file, behind everybody's back."""
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
