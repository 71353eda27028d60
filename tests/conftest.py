"""For every test: the network is shut but for loopback and Unix sockets; Hypothesis keeps no time, and tries the same examples each time.
Also a small league, Postgres and S3."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from once import meet_in
from postgres import postgres as postgres
from postgres import postgres_server as postgres_server
from s3 import s3 as s3
from s3 import s3_server as s3_server
from s3 import way as way
from tipoff.collecting import collect_seldom

if TYPE_CHECKING:
    from features.built_rows import Rows
    from features.raw_rows import Raw
    from tipoff.features.build import Built
    from tipoff.store.duckdb import DuckDBWarehouse

settings.register_profile("tipoff", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("tipoff")
"""So that nothing fails by luck; `pytest --hypothesis-profile=explore` tries other examples each time."""
collect_seldom()
_TESTS = Path(__file__).parent


class NetworkIsShut(AssertionError):
    """A test reached for an address beyond this machine."""


_LONG = (
    "faults/test_crashes.py",
    "flow/test_real_night.py",
    "flow/test_season.py",
    "test_packaging.py",
    "test_house.py",
    "load/test_order.py",
)
_LONG_ON_THE_WHOLE = ("faults", "flow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that in the end no process has minutes of work left while the others have none. A file's tests
    are run by one process and stay in their order: what they share is made once."""
    items.sort(key=lambda item: _turn(item.path.relative_to(_TESTS)))


def _turn(path: Path) -> int:
    """When a file's turn is: lower is earlier."""
    if path.as_posix() in _LONG:
        return _LONG.index(path.as_posix())
    return len(_LONG) + (path.parts[0] not in _LONG_ON_THE_WHOLE)


_shut = False


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook, so that no way of connecting passes by it: Python's own sockets, asyncio's, anybody's.

    A connection raises; a name beyond this machine is unknown, as it would be offline.
    """
    if not _shut:
        return
    if event == "socket.connect":
        _, address = arguments
        if isinstance(address, tuple) and not _is_here(str(address[0])):
            raise NetworkIsShut(f"A test connects to {address}.")
    elif event == "socket.getaddrinfo" and arguments[0] is not None and not _is_here(_text(arguments[0])):
        raise socket.gaierror(socket.EAI_NONAME, f"the network is shut in tests: nobody knows {_text(arguments[0])!r}")


def _text(host: str | bytes) -> str:
    return host.decode() if isinstance(host, bytes) else host


def _is_here(host: str) -> bool:
    if host in ("", "localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


sys.addaudithook(_guard)


@pytest.fixture(scope="session", autouse=True)
def shut_network() -> Iterator[None]:
    """The network, shut for the whole session, fixtures included."""
    global _shut
    _shut = True
    yield
    _shut = False


@pytest.fixture(scope="session", autouse=True)
def meeting_place(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where the processes of a session find what one of them made for all."""
    meet_in(tmp_path_factory)


@pytest.fixture(scope="session")
def league() -> Raw:
    """The rows of the small hand-made league; to be copied before it is changed."""
    from features.small_league import small_league

    return small_league()


@pytest.fixture(scope="session")
def league_warehouse(league: Raw, tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    """The small league in a warehouse; to be read only."""
    from features.raw_rows import fill

    return fill(tmp_path_factory.mktemp("league") / "warehouse.duckdb", league)


@pytest.fixture(scope="session")
def season_games(league: Raw) -> list[str]:
    """Every game of this season, called off or not."""
    return sorted({row["game_id"] for row in league["raw.schedule"] if row["season"] == "2025-26"})


@pytest.fixture(scope="session")
def whole(league_warehouse: DuckDBWarehouse, season_games: list[str]) -> Built:
    """The whole season in one build, each game as of its tip."""
    from tipoff.features.build import build

    with league_warehouse.reading() as work:
        return build(work, season_games)


@pytest.fixture(scope="session")
def whole_rows(whole: Built) -> Rows:
    from features.built_rows import rows_by_key

    return rows_by_key(whole)
