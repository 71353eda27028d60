"""The BigQuery adapter on an emulator, over HTTP: merges, transactions, moments, and documents equal to those of DuckDB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from obstore.store import ObjectStore
from store_rows import KEY, NOON, QUOTES, RANK, SCHEDULE, arrow, as_table, by_precedence, quote, version

from bigquery_emulator import bigquery_emulator as bigquery_emulator
from bigquery_emulator import fresh
from publish.invented import NIGHT, Night, fill
from publish.reading import AFTER
from tipoff.analyze.slate import games_as_of
from tipoff.errors import BadInput, BrokenInvariant, LeagueMismatch
from tipoff.features.build import build
from tipoff.grade.run import grade_within
from tipoff.load.documents import load_payloads
from tipoff.market.taking import quotes_to_take
from tipoff.predict import artefacts
from tipoff.predict.activate import activate
from tipoff.predict.slate import slate_of, speak
from tipoff.publish.export import publish_date
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault, open_bucket
from tipoff.store.warehouse import Merged, Warehouse, Work
from tipoff.train.dataset import DataSet, data_set
from tipoff.train.keep import keep_fleet
from train import practice_house

pytestmark = pytest.mark.usefixtures("bigquery_emulator")
DAY = date(2025, 11, 5)
MANY = 2_500
"""So many quotes are too many for a parameter: they are loaded, or, within a transaction, put into a temporary table."""
_events = (f"e{number:03d}" for number in count())


@pytest.fixture(scope="module")
def warehouse(bigquery_emulator: str) -> Warehouse:
    from tipoff.store.bigquery import BigQueryWarehouse

    return BigQueryWarehouse(fresh(), 2**34)


def _quotes(event: str, size: int) -> pa.Table:
    return arrow(QUOTES, [quote(event, point=float(number), game_date=DAY, game_id="20251105_NYK_BOS") for number in range(size)])


def test_any_order_ends_in_the_same_rows(warehouse: Warehouse) -> None:
    random = Random(3)
    event = next(_events)
    offered = [
        quote(
            event,
            bookmaker=random.choice(["fanduel", "betmgm"]),
            point=random.choice([0.0, -0.0, 20.0]),
            origin_rank=random.choice([0, 1, None]),
            fetched_at=random.choice([None, NOON, NOON + timedelta(microseconds=1)]),
            payload_id=random.choice([None, "a", "b"]),
            over_price=random.choice([None, 1.8, 1.9]),
            source=random.choice([None, "odds-api", "Odds-API"]),
        )
        for _ in range(24)
    ]
    for batch in (offered[:9], offered[9:10], offered[4:], offered):
        warehouse.merge(QUOTES, arrow(QUOTES, batch), "run")
    expected = {key: {name: row[name] for name in (*KEY, *RANK)} for key, row in by_precedence(offered).items()}
    assert as_table(warehouse.read(QUOTES, event_id=event).to_pylist()) == expected


@pytest.mark.parametrize("size", [3, MANY])
def test_what_is_merged_again_changes_nothing(warehouse: Warehouse, size: int) -> None:
    rows = _quotes(next(_events), size)
    assert warehouse.merge(QUOTES, rows, "run") == Merged(size, size, 0)
    assert warehouse.merge(QUOTES, rows, "another") == Merged(size, 0, 0)
    newer = rows.set_column(rows.schema.get_field_index("payload_id"), "payload_id", pa.array(["b"] * size))
    assert warehouse.merge(QUOTES, newer, "run") == Merged(size, 0, size)


def test_many_rows_are_merged_within_a_transaction(warehouse: Warehouse) -> None:
    event = next(_events)
    rows = _quotes(event, MANY)
    with warehouse.writing("run") as work:
        work.merge(QUOTES, rows.slice(0, 1))
        assert work.merge(QUOTES, rows) == Merged(MANY, MANY - 1, 0)
        kept = work.keep(work.as_of(QUOTES, event_id=event).select("point", "game_date"))
        assert work.fetch(kept.agg(quotes=kept.count())).to_pylist() == [{"quotes": MANY}]
        assert work.touched(QUOTES, "game_date") == [DAY]
    assert warehouse.read(QUOTES, event_id=event).num_rows == MANY


def test_a_unit_that_raises_leaves_nothing(warehouse: Warehouse) -> None:
    event = next(_events)
    with pytest.raises(ZeroDivisionError), warehouse.writing("run") as work:  # noqa: PT012 - it is the whole unit that is taken back
        work.merge(QUOTES, _quotes(event, 2))
        work.merge(SCHEDULE, arrow(SCHEDULE, [version(event, NOON)]))
        assert work.fetch(work.as_of(QUOTES, event_id=event)).num_rows == 2
        with warehouse.reading() as other:
            assert other.fetch(other.as_of(QUOTES, event_id=event)).num_rows == 0
        raise ZeroDivisionError
    assert warehouse.read(QUOTES, event_id=event).num_rows == 0
    assert warehouse.read(SCHEDULE, game_id=event).num_rows == 0


def test_a_row_that_moved_to_another_day_is_found_on_the_day_where_it_was(warehouse: Warehouse) -> None:
    event = next(_events)
    warehouse.merge(QUOTES, arrow(QUOTES, [quote(event, game_date=DAY)]), "run")
    put_off = arrow(QUOTES, [quote(event, game_date=DAY + timedelta(days=40), payload_id="b")])
    assert warehouse.merge(QUOTES, put_off, "run") == Merged(1, 0, 1)
    assert warehouse.read(QUOTES, event_id=event).column("game_date").to_pylist() == [DAY + timedelta(days=40)]


def test_what_was_known_at_a_moment(warehouse: Warehouse) -> None:
    game = next(_events)
    rows = [version(game, NOON + timedelta(hours=hours), home=home) for hours, home in ((0, "BOS"), (2, "NYK"))]
    warehouse.merge(SCHEDULE, arrow(SCHEDULE, rows), "run")
    for hours, home in ((0, ["BOS"]), (1, ["BOS"]), (2, ["NYK"]), (-1, [])):
        found = warehouse.read(SCHEDULE, as_of=NOON + timedelta(hours=hours), game_id=game)
        assert found.column("home").to_pylist() == home


def test_rows_are_removed_by_key(warehouse: Warehouse) -> None:
    event = next(_events)
    rows = _quotes(event, 3)
    warehouse.merge(QUOTES, rows, "run")
    with warehouse.writing("run") as work:
        assert work.remove(QUOTES, rows.slice(0, 2)) == 2
    assert warehouse.read(QUOTES, event_id=event).column("point").to_pylist() == [2.0]


def test_the_league_is_claimed_once(bigquery_emulator: str, warehouse: Warehouse) -> None:
    with warehouse.writing("run") as work:
        work.claim_league("practice")
    assert warehouse.league() == "practice"
    with pytest.raises(LeagueMismatch), warehouse.writing("run") as work:
        work.claim_league("nba")


def test_what_does_not_fit_is_refused(warehouse: Warehouse) -> None:
    ids = pa.table({"id_kind": ["odds"] * 2, "external_id": ["x"] * 2, "game_id": ["g", "h"]})
    with pytest.raises(BrokenInvariant, match="one key twice"):
        warehouse.merge("ref.game_ids", ids, "run")
    with pytest.raises(BrokenInvariant, match="without point"), warehouse.writing("run") as work:
        work.remove(QUOTES, arrow(QUOTES, [quote("x")]).drop_columns(["point"]))


def test_people_ask_in_googlesql_and_change_nothing(warehouse: Warehouse) -> None:
    where = f"{warehouse.url.rpartition('/')[2]}_raw.odds_player_points"
    days = "game_date BETWEEN '2025-11-01' AND '2025-11-30'"
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM {where} WHERE {days} AND event_id = 'nobody'").to_pylist() == [{"n": 0}]
    for sql in (f"DELETE FROM {where} WHERE {days}", "SELECT 1; SELECT 2", "SELEC", "SELECT a FROM nowhere.nothing"):
        with pytest.raises(BadInput):
            warehouse.query(sql)


def test_people_are_told_to_say_on_which_days(warehouse: Warehouse) -> None:
    where = f"{warehouse.url.rpartition('/')[2]}_raw.odds_player_points"
    with pytest.raises(BadInput, match="partition elimination") as refused:
        warehouse.query(f"SELECT COUNT(*) AS n FROM {where} WHERE event_id = 'nobody'")
    assert "on which days" in (refused.value.hint or "")


def test_a_game_that_was_put_off_is_found_by_its_id_on_all_its_days(warehouse: Warehouse) -> None:
    game, later = "20251105_DEN_UTA", DAY + timedelta(days=90)
    rows = [version(game, NOON + timedelta(hours=place), game_date=day) for place, day in enumerate([DAY, later])]
    for row in rows:
        warehouse.merge(SCHEDULE, arrow(SCHEDULE, [row]), "run")
    with warehouse.writing("run") as work:
        kept = work.keep(work.table(SCHEDULE).filter(lambda t: t.game_date == later).select("game_id"))
        found = work.fetch(work.table(SCHEDULE).semi_join(kept, "game_id").order_by("known_at"))
        assert found.column("game_date").to_pylist() == [DAY, later]
        assert work.remove(SCHEDULE, arrow(SCHEDULE, rows)) == 2
    assert warehouse.read(SCHEDULE, game_id=game).num_rows == 0


def test_tables_that_demand_no_days_do_from_then_on(bigquery_emulator: str) -> None:
    """As an earlier version left them: read whole, and without a record of the days of ids."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.bigquery import Client

    from tipoff.store.bigquery import BigQueryWarehouse

    url, nobody = fresh(), cast(Any, AnonymousCredentials)
    BigQueryWarehouse(url, 2**34).merge(SCHEDULE, arrow(SCHEDULE, [version("20251105_DEN_UTA", NOON, game_date=DAY, event_id="e")]), "run")
    client = Client("tipoff-test", nobody(), client_options={"api_endpoint": bigquery_emulator})
    prefix = f"tipoff-test.{url.rpartition('/')[2]}"
    ops, schedule = client.get_dataset(f"{prefix}_ops"), client.get_table(f"{prefix}_raw.schedule")
    ops.labels, schedule.require_partition_filter = {**ops.labels, "tipoff_layout": None}, False
    client.update_dataset(ops, ["labels"])
    client.update_table(schedule, ["require_partition_filter"])
    client.delete_table(f"{prefix}_ops.days_of_ids")
    assert BigQueryWarehouse(url, 2**34).read(SCHEDULE, event_id="e").num_rows == 1
    assert client.get_table(f"{prefix}_raw.schedule").require_partition_filter


def given_back(_work: Work, rows: Any, name: str) -> Any:
    """A question that gives back what it was handed."""
    return rows.filter(rows.name != name).order_by("number")


@pytest.mark.parametrize("size", [0, 40, 12_000])
def test_rows_are_handed_over_as_they_are(warehouse: Warehouse, size: int) -> None:
    numbers = range(size)
    rows = pa.table(
        {
            "number": pa.array(numbers, pa.int64()),
            "name": pa.array([f"O'{number}" for number in numbers], pa.string()),
            "at": pa.array([None if n % 2 else NOON + timedelta(microseconds=n) for n in numbers], pa.timestamp("us", "UTC")),
            "day": pa.array([None if number % 3 else DAY for number in numbers], pa.date32()),
            "value": pa.array([None if number % 5 else number / 3 for number in numbers], pa.float64()),
            "flag": pa.array([None if number % 7 else bool(number % 2) for number in numbers], pa.bool_()),
        }
    )
    with warehouse.reading() as work:
        assert work.ask(given_back, rows, "x").equals(rows)


def _published(warehouse: Warehouse, folder: Path, night: Night) -> dict[str, Any]:
    """Every document that comes of a night, by its path."""
    bucket = open_bucket(folder.as_uri())
    fill(warehouse, night)
    publish_date(cast(DuckDBWarehouse, warehouse), bucket, NIGHT, generated_at=AFTER)
    return dict(_documents(bucket))


def _documents(bucket: ObjectStore) -> Iterator[tuple[str, bytes]]:
    for listed in bucket.list():
        for entry in listed:
            yield entry["path"], bytes(bucket.get(entry["path"]).bytes())


def test_the_documents_of_a_graded_night_are_those_of_duckdb_to_the_byte(bigquery_emulator: str, tmp_path: Path) -> None:
    from tipoff.store.bigquery import BigQueryWarehouse

    night = Night(graded=True, champion="ridge_line")
    for name in ("duckdb", "bigquery"):
        (tmp_path / name).mkdir()
    expected = _published(DuckDBWarehouse(tmp_path / "warehouse.duckdb"), tmp_path / "duckdb", night)
    found = _published(BigQueryWarehouse(fresh(), 2**34), tmp_path / "bigquery", night)
    assert found.keys() == expected.keys()
    assert len(expected) > 20
    different = [path for path, document in expected.items() if found[path] != document]
    assert not different, json.loads(found[different[0]])


def _night(warehouse: Any, folder: Path) -> tuple[dict[str, Any], DataSet]:
    """A practice night, from the payloads of its first weeks to its documents; and what would be trained on."""
    bucket = open_bucket(folder.as_uri())
    pairs = ((payload, None) for payload in practice_house.history())
    load_payloads(warehouse, Vault(bucket), pairs, seen_at=practice_house.MORNING, run_id="load")
    ids = [game.game_id for game in practice_house.games_of_night()]
    made = keep_fleet(warehouse, bucket, practice_house.fitted(), practice_house.data(), created_at=practice_house.MORNING, run_id="train")
    at_hand: dict[str, artefacts.Loaded] = {}
    loaded = {manifest.system_id: artefacts.load(bucket, manifest.model_id, at_hand) for manifest in made}
    with warehouse.writing("predict") as work:
        built = build(work, ids)
        slate = slate_of(built, quotes_to_take(work, work.keep(games_as_of(work, ids, None))), practice_house.OPTIONS)
        for name, system in practice_house.systems().items():
            model = loaded[name]
            activate(work, name, ids, speak(slate, system, model.manifest.model_id, model.speaker), practice_house.MORNING)
    pairs = ((payload, None) for payload in practice_house.aftermath())
    load_payloads(warehouse, Vault(bucket), pairs, seen_at=practice_house.MORNING, run_id="load")
    with warehouse.writing("grade") as work:
        assert grade_within(work, practice_house.NIGHT, practice_house.MORNING)
    publish_date(warehouse, bucket, practice_house.NIGHT, generated_at=practice_house.MORNING)
    learnt = data_set(warehouse, practice_house.NIGHT, practice_house.WINDOW)
    return {path: document for path, document in _documents(bucket) if path.startswith("v1/")}, learnt


def test_a_practice_night_from_payloads_to_documents_is_that_of_duckdb(bigquery_emulator: str, tmp_path: Path) -> None:
    from tipoff.store.bigquery import BigQueryWarehouse

    for name in ("duckdb", "bigquery"):
        (tmp_path / name).mkdir()
    expected, rows = _night(DuckDBWarehouse(tmp_path / "warehouse.duckdb"), tmp_path / "duckdb")
    found, same = _night(BigQueryWarehouse(fresh(), 2**34), tmp_path / "bigquery")
    assert [same.days.tolist(), same.points.tolist()] == [rows.days.tolist(), rows.points.tolist()]
    assert np.array_equal(same.features.features, rows.features.features, equal_nan=True)
    assert found.keys() == expected.keys()
    assert len(expected) > 5
    different = [path for path, document in expected.items() if found[path] != document]
    assert not different, different
