"""The store: the warehouse port, its adapters, the payload vault, and every table's declaration."""

from __future__ import annotations

from pathlib import Path

from tipoff.config import Settings, mask_url
from tipoff.errors import ConfigError
from tipoff.store.warehouse import Warehouse


def open_warehouse(settings: Settings) -> Warehouse:
    """The warehouse that the settings name. Raises ConfigError for an engine that this version does not speak."""
    url = settings.warehouse_url
    if url.startswith("duckdb://"):
        from tipoff.store.duckdb import DuckDBWarehouse

        return DuckDBWarehouse(Path(url.removeprefix("duckdb://")))
    raise ConfigError(f"No adapter for the warehouse {mask_url(url)}.", hint="Use duckdb://path, or leave it out.")
