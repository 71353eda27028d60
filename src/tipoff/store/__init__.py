"""The store: the warehouse port, its adapters, the payload vault, and every table's declaration."""

from __future__ import annotations

from pathlib import Path

from tipoff.config import QUERY_BYTES, Settings, mask_url
from tipoff.errors import ConfigError
from tipoff.store.warehouse import Warehouse


def open_warehouse(settings: Settings, wait_seconds: float | None = None) -> Warehouse:
    """The warehouse that the settings name; otherwise as `warehouse_at`."""
    return warehouse_at(settings.warehouse_url, wait_seconds, settings.bigquery_max_bytes)


def warehouse_at(url: str, wait_seconds: float | None = None, bigquery_max_bytes: int = QUERY_BYTES) -> Warehouse:
    """The warehouse behind a URL; `wait_seconds` is how long to wait while another process holds it, `bigquery_max_bytes` the most that a
    query may read there.

    Raises ConfigError for an engine that this version does not speak.
    """
    if url.startswith("duckdb://"):
        from tipoff.store.duckdb import DuckDBWarehouse

        path = Path(url.removeprefix("duckdb://"))
        return DuckDBWarehouse(path) if wait_seconds is None else DuckDBWarehouse(path, wait_seconds=wait_seconds)
    if url.startswith(("postgresql://", "postgres://")):
        from tipoff.store.postgres import PostgresWarehouse

        return PostgresWarehouse(url) if wait_seconds is None else PostgresWarehouse(url, wait_seconds=wait_seconds)
    if url.startswith("bigquery://"):
        return _bigquery(url, bigquery_max_bytes)
    raise ConfigError(
        f"No adapter for the warehouse {mask_url(url)}.",
        hint="Use duckdb://path, postgresql://user@host/database or bigquery://project, or leave it out.",
    )


def _bigquery(url: str, max_bytes: int) -> Warehouse:
    try:
        from tipoff.store.bigquery import BigQueryWarehouse
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"The warehouse {mask_url(url)} needs Google's client, and {error.name} is not installed.",
            hint="Install Tipoff with it: `uv sync --extra bigquery`, or `pip install 'tipoff[bigquery]'`.",
        ) from error
    return BigQueryWarehouse(url, max_bytes)
