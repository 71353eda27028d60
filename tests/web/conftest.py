"""Sites on loopback over published documents of every state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from obstore.store import ObjectStore

from publish.invented import NIGHT, Night, fill
from publish.reading import AFTER, BEFORE
from tipoff.publish.export import publish_date
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import open_bucket
from web.recorded import publish_everything
from web.serving import serving

Arrange = Callable[[DuckDBWarehouse, ObjectStore], object]


def _nothing(warehouse: DuckDBWarehouse, bucket: ObjectStore) -> None:
    """No document at all."""


def _tonight(warehouse: DuckDBWarehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)


def _graded(warehouse: DuckDBWarehouse, bucket: ObjectStore) -> None:
    fill(warehouse, Night(graded=True, champion="ridge_line", league="nba"))
    publish_date(warehouse, bucket, NIGHT - timedelta(days=1), generated_at=AFTER)
    publish_date(warehouse, bucket, NIGHT, generated_at=AFTER)


def _halted(warehouse: DuckDBWarehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, halt_reason="slate_stopped: pace_score is constant")


def _nothing_qualified(warehouse: DuckDBWarehouse, bucket: ObjectStore) -> None:
    fill(warehouse, Night(threshold=50.0))
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)


def _broken(warehouse: DuckDBWarehouse, bucket: ObjectStore) -> None:
    night = Night()
    night.schedule(warehouse)
    night.people(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, failure="phase 5 (predict): no artefact fits")


def _no_games(warehouse: DuckDBWarehouse, bucket: ObjectStore) -> None:
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)


def _recorded(warehouse: DuckDBWarehouse, bucket: ObjectStore) -> None:
    """A graded night with its record, the fleet with performance, two backtests and a finding."""
    publish_everything(warehouse, bucket)


STATES: dict[str, Arrange] = {
    "nothing": _nothing,
    "tonight": _tonight,
    "graded": _graded,
    "halted": _halted,
    "nothing_qualified": _nothing_qualified,
    "broken": _broken,
    "no_games": _no_games,
    "recorded": _recorded,
}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], httpx.Client]]:
    """The site of a state, made on first use and served until the session ends."""
    with ExitStack() as stack:
        clients: dict[str, httpx.Client] = {}

        def open_site(state: str) -> httpx.Client:
            if state not in clients:
                folder = tmp_path_factory.mktemp(state)
                bucket = open_bucket((folder / "bucket").as_uri())
                STATES[state](DuckDBWarehouse(folder / "warehouse.duckdb"), bucket)
                now = AFTER if state in {"graded", "recorded"} else BEFORE
                clients[state] = stack.enter_context(serving(bucket, now))
            return clients[state]

        yield open_site


@pytest.fixture
def bucket(tmp_path: Path) -> ObjectStore:
    return open_bucket((tmp_path / "bucket").as_uri())
