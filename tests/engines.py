"""The engines that a test of the warehouse runs on, each with a warehouse of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres import Postgres
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.postgres import PostgresWarehouse, close_pools
from tipoff.store.warehouse import Warehouse

ENGINES = ("duckdb", "postgres")


def empty_warehouse(request: pytest.FixtureRequest, folder: Path) -> Iterator[Warehouse]:
    """For a fixture with an engine's name as its parameter: an empty warehouse, gone afterwards."""
    if request.param == "duckdb":
        yield DuckDBWarehouse(folder / "warehouse.duckdb")
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    url = server.fresh()
    yield PostgresWarehouse(url)
    close_pools()
    server.drop(url)
