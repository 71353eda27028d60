"""A unit of work on BigQuery: reading by statements, merging through staged rows in one transaction.

Knows jobs and the declarations. It must never know a client, nor whose turn it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from tipoff.errors import BrokenInvariant, TipoffError
from tipoff.store.bigquery_jobs import TEMPORARY, Jobs, Parameter, value
from tipoff.store.bigquery_sql import PARTED_BY, floats_of, is_parted, translated
from tipoff.store.merge import annotate_sql, insert_sql, merge_sql, remove_sql
from tipoff.store.schema import Table
from tipoff.store.statements import Statement, Statements
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Merged, Work, as_declared, conform, keys_of, once, twins_of

_NOWHERE = None
"""The backend that expressions name: none, since Ibis itself runs none of theirs."""
_TARGET, _STAGED = "the_table", "the_rows"
"""What stands in a statement in place of the table and of the rows, so that it is translated once."""


class BigQueryWork(Work):
    """Reads see what is committed, and, once this unit has written, what it wrote. The first write begins the transaction."""

    def __init__(self, jobs: Jobs, statements: Statements, run_id: str) -> None:
        self._jobs = jobs
        self._statements = statements
        self._run_id = run_id
        self._written_at = datetime.now(UTC)
        self._session: str | None = None
        self._kept = 0
        self._dates: dict[str, list[date] | None] = {}
        """Of each table written to, the first and the last day of what it was offered; None where a row has none."""

    def table(self, name: str) -> ir.Table:
        declared = table_named(name)
        place = self._jobs.place
        space = ops.Namespace(catalog=place.project, database=place.dataset(declared.dataset))
        schema = ibis.Schema.from_pyarrow(declared.arrow_schema)
        return ops.DatabaseTable(declared.short_name, schema=schema, source=_NOWHERE, namespace=space).to_expr()

    def fetch(self, expression: ir.Table) -> pa.Table:
        return self._rows(self._statements.of(expression))

    def ask(self, question: Callable[..., ir.Table], *arguments: Any) -> pa.Table:
        return self._rows(self._statements.asked(self, question, arguments))

    def keep(self, expression: ir.Table) -> ir.Table:
        """BigQuery puts what a query gives into a table of its own for a day: that one is looked at; but a transaction sees no
        new table but its session's own."""
        if self._session is not None:
            self._kept += 1
            name = f"{TEMPORARY}kept_{self._kept}"
            self._run(self._statements.of(expression), f"CREATE TEMP TABLE {name} AS ")
            return ops.DatabaseTable(name, schema=expression.schema(), source=_NOWHERE).to_expr()
        there = self._run(self._statements.of(expression)).destination
        if there is None:
            raise BrokenInvariant("BigQuery did not say where it put what a query gave.")
        space = ops.Namespace(catalog=there.project, database=there.dataset_id)
        return ops.DatabaseTable(there.table_id, schema=expression.schema(), source=_NOWHERE, namespace=space).to_expr()

    def _rows(self, statement: Statement) -> pa.Table:
        found = self._jobs.rows(self._run(statement)).rename_columns(list(statement.expression.columns))
        rows: pa.Table = statement.expression.__pyarrow_result__(found)
        return rows

    def _run(self, statement: Statement, before: str = "") -> bigquery.QueryJob:
        parameters = [value(f"p{number}", held) for number, held in enumerate(statement.values, 1)]
        with ExitStack() as stack:
            parts = []
            for name, rows in statement.tables.items():
                source, more = stack.enter_context(self._given(name, rows))
                parts.append(f"`{name}` AS ({source[1:-1] if more else f'SELECT * FROM {source}'})")
                parameters += more
            sql = statement.sql
            if parts:
                given = f"WITH {', '.join(parts)}"
                sql = f"{given}, {sql[5:]}" if sql.startswith("WITH ") else f"{given} {sql}"
            return self._ran(before + sql, parameters)

    def _ran(self, sql: str, parameters: list[Parameter]) -> bigquery.QueryJob:
        return self._jobs.run(sql, parameters, self._session, estimate=TEMPORARY not in sql)

    @contextmanager
    def _given(self, name: str, rows: pa.Table) -> Iterator[tuple[str, list[Parameter]]]:
        if self._session is not None:
            yield self._jobs.given_within(self._session, name, rows)
        else:
            with self._jobs.given(name, rows) as given:
                yield given

    def merge(self, name: str, rows: pa.Table) -> Merged:
        declared = table_named(name)
        if rows.num_rows == 0:
            return Merged()
        shaped = conform(declared, rows, self._written_at, self._run_id)
        twins = twins_of(declared, shaped)
        if not declared.precedence:
            once(declared, shaped)
        sql = translated(merge_sql(declared, _TARGET, _STAGED, twins=twins is not None), floats_of(declared))
        self._note(declared, shaped)
        with self._given("staging", shaped) as (source, parameters):
            days = self._days_of(declared, shaped, source, parameters)
            done = self._written(sql, declared, source, parameters, days)
        stats = done.dml_stats
        if stats is None:
            raise BrokenInvariant("BigQuery did not say how many rows a merge wrote.")
        return Merged(rows.num_rows, stats.inserted_row_count, stats.updated_row_count)

    def bring(self, name: str, rows: pa.Table) -> int:
        declared = table_named(name)
        if rows.num_rows == 0:
            return 0
        self.remove(name, rows)
        shaped = once(declared, as_declared(declared, rows))
        with self._given("staging", shaped) as (source, parameters):
            sql = translated(insert_sql(declared, _TARGET, _STAGED, twins=False), floats_of(declared))
            return self._written(sql, declared, source, parameters, None).num_dml_affected_rows or 0

    def annotate(self, name: str, rows: pa.Table) -> int:
        declared = table_named(name)
        if rows.num_rows == 0:
            return 0
        with self._given("staging", rows) as (source, parameters):
            days = self._days_of(declared, rows, source, parameters)
            sql = translated(annotate_sql(declared, _TARGET, _STAGED), floats_of(declared))
            return self._written(sql, declared, source, parameters, days).num_dml_affected_rows or 0

    def remove(self, name: str, keys: pa.Table) -> int:
        declared = table_named(name)
        chosen = keys_of(declared, keys)
        if keys.num_rows == 0:
            return 0
        with self._given("staging", chosen) as (source, parameters):
            sql = translated(remove_sql(declared, _TARGET, _STAGED), floats_of(declared))
            return self._written(sql, declared, source, parameters, None).num_dml_affected_rows or 0

    def touched(self, name: str, column: str) -> list[Any]:
        declared = table_named(name)
        if name not in self._dates:
            return []
        target = self._jobs.place.path(declared.dataset, declared.short_name)
        parameters = [value("at", self._written_at), value("run", self._run_id)]
        within, days = "", self._dates[name]
        if days:
            within = f" AND {PARTED_BY} BETWEEN @first AND @last"
            parameters += [value("first", days[0]), value("last", days[1])]
        sql = (
            f"SELECT DISTINCT `{column}` AS held FROM {target} "
            f"WHERE written_at = @at AND run_id = @run AND `{column}` IS NOT NULL{within} ORDER BY held"
        )
        found: list[Any] = self._jobs.rows(self._ran(sql, parameters)).column(0).to_pylist()
        return found

    def commit(self) -> None:
        """Make what was written stand, all of it at once."""
        self._end("COMMIT TRANSACTION")

    def rollback(self) -> None:
        """Take back what was written."""
        self._end("ROLLBACK TRANSACTION")

    def _end(self, words: str) -> None:
        if self._session is None:
            return
        session, self._session = self._session, None
        self._jobs.say(words, session)
        self._jobs.say("CALL BQ.ABORT_SESSION()", session)

    def _written(self, sql: str, declared: Table, source: str, parameters: list[Parameter], days: list[date] | None) -> bigquery.QueryJob:
        """Run a writing statement in this unit's transaction, on the parts of these days alone (None: on all)."""
        if self._session is None:
            session = self._jobs.session()
            self._jobs.say("BEGIN TRANSACTION", session)
            self._session = session
        target = self._jobs.place.path(declared.dataset, declared.short_name)
        whole = sql.replace(_TARGET, target).replace(_STAGED, source)
        if days is not None:
            whole = whole.replace(" AS s ON ", f" AS s ON t.{PARTED_BY} BETWEEN @first_day AND @last_day AND ", 1)
            parameters = [*parameters, value("first_day", days[0]), value("last_day", days[1])]
        return self._ran(whole, parameters)

    def _note(self, declared: Table, shaped: pa.Table) -> None:
        if not is_parted(declared):
            self._dates.setdefault(declared.name, None)
            return
        now, before = _ends(shaped.column(PARTED_BY)), self._dates.get(declared.name, [])
        self._dates[declared.name] = None if now is None or before is None else [min(now + before), max(now + before)]

    def _days_of(self, declared: Table, rows: pa.Table, source: str, parameters: list[Parameter]) -> list[date] | None:
        """The first and the last day on which rows of the staged keys can stand, so that no other part is read; None: on any.

        Where the day is not in the key, a game that was put off has its rows under another day: where they are is asked first, which reads
        two columns.
        """
        if not is_parted(declared) or PARTED_BY not in rows.column_names:
            return None
        ends = _ends(rows.column(PARTED_BY))
        if ends is None or PARTED_BY in declared.key:
            return ends
        target, key = self._jobs.place.path(declared.dataset, declared.short_name), declared.key[0]
        sql = (
            f"SELECT MIN({PARTED_BY}) AS first, MAX({PARTED_BY}) AS last, COUNTIF({PARTED_BY} IS NULL) AS dayless FROM {target} "
            f"WHERE `{key}` IN (SELECT `{key}` FROM {source})"
        )
        found = self._jobs.rows(self._ran(sql, parameters)).to_pylist()[0]
        if found["dayless"]:
            return None
        days = [*ends, *(day for day in (found["first"], found["last"]) if day is not None)]
        return [min(days), max(days)]


@contextmanager
def one_transaction(work: BigQueryWork) -> Iterator[BigQueryWork]:
    """Commit at the end of the block, or take back what it wrote where it raises."""
    try:
        yield work
    except BaseException:
        # What is not committed is seen by nobody, and gone with its session: what the unit raised is what counts.
        with suppress(TipoffError, GoogleAPICallError):
            work.rollback()
        raise
    work.commit()


def _ends(days: pa.ChunkedArray) -> list[date] | None:
    """The first and the last of some days; None where one is missing."""
    if days.null_count or len(days) == 0:
        return None
    ends = pc.min_max(days).as_py()
    return [ends["min"], ends["max"]]
