"""A BigQuery emulator of its own process: `python bigquery_process.py FOLDER` prints its address, and serves until it is ended.

It runs under an interpreter of its own (Python 3.13 with local-bigquery 0.3.2, duckdb 1.5.5, and the wheels of five of DuckDB's
extensions), and so imports nothing of ours but the tests' own list of what BigQuery refuses.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

EXTENSIONS = ("ducklake", "icu", "spatial", "inet", "httpfs")


def lay_out(folder: Path) -> None:
    """Put the extensions where DuckDB looks for them: in the home folder, which is this one's own."""
    import duckdb

    platform = duckdb.sql("PRAGMA platform").fetchall()[0][0]
    for name in EXTENSIONS:
        found = find_spec(f"duckdb_extension_{name}")
        if found is None or found.origin is None:
            sys.exit(f"The wheel duckdb-extension-{name} is not installed beside local-bigquery.")
        for held in Path(found.origin).parent.rglob(f"{name}.duckdb_extension"):
            place = folder / ".duckdb" / "extensions" / held.parent.name / platform
            place.mkdir(parents=True, exist_ok=True)
            (place / held.name).symlink_to(held)


class Cursor:
    """A session's cursor that knows whether a transaction is open."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._open = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, *bound: Any) -> Any:
        import duckdb

        word = sql.split(maxsplit=1)[0].upper()
        if word == "BEGIN" and self._open:
            raise duckdb.TransactionException("a transaction is open")
        done = self._cursor.execute(sql, *bound)
        if word in ("BEGIN", "COMMIT", "ROLLBACK"):
            self._open = word == "BEGIN"
        return done


def mend() -> None:
    """Let the emulator merge inside of a transaction. It finds out whether one is open by beginning another; DuckDB 1.5 counts that as a
    failed statement, and refuses the rest. So what is open is remembered, and the second beginning never reaches DuckDB."""
    from local_bigquery.engine import sessions  # type: ignore[import-not-found]

    create = sessions.create

    def created(project_id: str) -> Any:
        session = create(project_id)
        session.cursor = Cursor(session.cursor)
        return session

    sessions.create = created


def demand() -> None:
    """Let the emulator refuse a parted table that demands a condition on its day as BigQuery does. By itself it is content with one in any
    WHERE of the statement, and sees none in a MERGE, whose condition is its ON; what it makes of a MERGE itself demands none."""
    import sqlglot
    from local_bigquery.catalog import metadata  # type: ignore[import-not-found]
    from local_bigquery.errors import BigQueryError  # type: ignore[import-not-found]
    from local_bigquery.models import Table  # type: ignore[import-not-found]
    from local_bigquery.sql.rules import tables  # type: ignore[import-not-found]

    sys.path.insert(0, str(Path(__file__).with_name("store")))
    from bigquery_lacks import is_cut

    check, refused = tables._check, "that can be used for partition elimination"

    def checked(tree: Any, table: Any, is_target: bool) -> None:
        try:
            check(tree, table, is_target)
        except BigQueryError as error:
            if refused not in error.message:
                raise
        if any(each.name.startswith("__merge_") for each in tree.find_all(sqlglot.exp.Table)):
            return
        stored = metadata.load(Table, table.catalog, table.db, table.name)
        if stored and stored.requirePartitionFilter and not is_cut(table, stored.timePartitioning.field):
            named = f"{table.catalog}.{table.db}.{table.name}"
            words = f"Cannot query over table '{named}' without a filter over column(s) '{stored.timePartitioning.field}' {refused}"
            raise BigQueryError("invalidQuery", words)

    tables._check = checked


def main(folder: Path) -> None:
    lay_out(folder)
    mend()
    demand()
    import uvicorn
    from local_bigquery import app  # type: ignore[import-not-found]
    from local_bigquery.engine import database
    from local_bigquery.settings import settings  # type: ignore[import-not-found]

    settings.data_dir = folder / "data"
    settings.default_project_id = "tipoff-test"
    database.connection()

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):  # type: ignore[no-untyped-def]
            await super().startup(sockets)
            sys.stdout.write(f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}\n")
            sys.stdout.flush()

    Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
