"""The store: the warehouse port, its adapters, the payload vault, and every table's declaration."""

from __future__ import annotations

from pathlib import Path

from tipoff.config import Settings, mask_url
from tipoff.errors import ConfigError
from tipoff.store.warehouse import Warehouse


def open_warehouse(settings: Settings, wait_seconds: float | None = None) -> Warehouse:
    """The warehouse that the settings name; otherwise as `warehouse_at`."""
    return warehouse_at(settings.warehouse_url, wait_seconds)


def warehouse_at(url: str, wait_seconds: float | None = None) -> Warehouse:
    """The warehouse behind a URL; `wait_seconds` is how long to wait while another process holds it.

    Raises ConfigError for an engine that this version does not speak.
    """
    if url.startswith("duckdb://"):
        from tipoff.store.duckdb import DuckDBWarehouse

        path = Path(url.removeprefix("duckdb://"))
        return DuckDBWarehouse(path) if wait_seconds is None else DuckDBWarehouse(path, wait_seconds=wait_seconds)
    if url.startswith(("postgresql://", "postgres://")):
        from tipoff.store.postgres import PostgresWarehouse

        return PostgresWarehouse(url) if wait_seconds is None else PostgresWarehouse(url, wait_seconds=wait_seconds)
    raise ConfigError(
        f"No adapter for the warehouse {mask_url(url)}.", hint="Use duckdb://path or postgresql://user@host/database, or leave it out."
    )
