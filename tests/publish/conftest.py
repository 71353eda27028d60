"""A warehouse and a bucket on disk, both empty; and the invented night, exported once before its tips and once after its grading."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.store import ObjectStore

from publish.invented import Night
from publish.reading import AFTER, BEFORE, Exported, export
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import open_bucket
from tipoff.store.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return DuckDBWarehouse(tmp_path / "warehouse.duckdb")


@pytest.fixture
def bucket(tmp_path: Path) -> ObjectStore:
    return open_bucket((tmp_path / "bucket").as_uri())


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(tmp_path_factory.mktemp("before"), Night(), BEFORE)


@pytest.fixture(scope="session")
def after(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(tmp_path_factory.mktemp("after"), Night(graded=True, champion="ridge_line"), AFTER)
