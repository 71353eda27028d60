# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["feast[duckdb]==0.67.0"]
# ///
"""Feast's own point-in-time join on the rows of features_asof.py, which runs this script.

    uv run --script bench/asof_feast.py --store dask --folder FOLDER [--repeat 3]

In an environment of its own: Feast wants an older pandas than ours. `dask` is the local store that it comes with (also called `file`);
`duckdb` is an extra, by Ibis. Both read Parquet with every question, since Feast holds no table.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

from asof_rows import KEYS, VALUES, Tool, measured, probes_in, quotes_in, say, timed


def load(store: str, folder: Path) -> tuple[float, tuple[FeatureStore, pd.DataFrame]]:
    """The quotes as the Parquet file that Feast reads, the view on it declared; the probes as a frame."""
    quotes = quotes_in(folder)
    asked = probes_in(folder).rename_columns([*KEYS, "event_timestamp"])
    return timed(lambda: (_declared(store, folder, quotes), asked.to_pandas()))


def _declared(store: str, folder: Path, quotes: pa.Table) -> FeatureStore:
    house = folder / f"feast_{store}"
    house.mkdir()
    pq.write_table(quotes, house / "quotes.parquet")
    feast = FeatureStore(
        config=RepoConfig(
            project="asof",
            provider="local",
            registry=str(house / "registry.db"),
            online_store={"type": "sqlite", "path": str(house / "online.db")},
            offline_store={"type": store},
            entity_key_serialization_version=3,
        )
    )
    entities = [Entity(name=key, join_keys=[key], value_type=ValueType.STRING) for key in KEYS]
    view = FeatureView(
        name="quotes",
        entities=entities,
        schema=[Field(name=value, dtype=Float64) for value in VALUES],
        source=FileSource(path=str(house / "quotes.parquet"), timestamp_field="snapshot_at"),
        ttl=timedelta(0),
    )
    feast.apply([*entities, view])
    return feast


def ask(table: tuple[FeatureStore, pd.DataFrame]) -> pd.DataFrame:
    feast, asked = table
    return feast.get_historical_features(entity_df=asked, features=[f"quotes:{value}" for value in VALUES]).to_df()


def as_arrow(answer: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(answer, preserve_index=False).rename_columns({"event_timestamp": "as_of"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("dask", "duckdb"), required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    loading: Callable[[Path], tuple[float, Any]] = partial(load, given.store)
    say(measured(Tool(loading, ask, arrow=as_arrow), given.folder, f"feast_{given.store}", given.repeat))


if __name__ == "__main__":
    main()
