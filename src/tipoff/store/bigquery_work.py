"""A unit of work on BigQuery: reading by statements, merging through staged rows in one transaction.

Knows jobs, the declarations, and on which days ids stand. It must never know a client, nor whose turn it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from tipoff.errors import BrokenInvariant, TipoffError
from tipoff.store import bigquery_ids
from tipoff.store.bigquery_ids import EVER, NAMING, NOTHING, PARTED_BY, IdDays, Span, hull, is_parted
from tipoff.store.bigquery_jobs import TEMPORARY, Jobs, Parameter, value
from tipoff.store.bigquery_reads import Answers
from tipoff.store.bigquery_sql import Dated, floats_of, on_days, translated
from tipoff.store.merge import annotate_sql, insert_sql, merge_sql, remove_sql
from tipoff.store.schema import Table
from tipoff.store.statements import Statement, Statements
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Merged, Work, as_declared, conform, keys_of, once, twins_of

_NOWHERE = None
"""The backend that expressions name: none, since Ibis itself runs none of theirs."""
_TARGET, _STAGED = "the_table", "the_rows"
"""What stands in a statement in place of the table and of the rows, so that it is translated once."""


@dataclass
class _Kept:
    """A table of this unit's own: as SQL names it, and its columns as far as they were looked at."""

    path: str
    columns: dict[str, Sequence[Any]] = field(default_factory=dict)


class BigQueryWork(Work):
    """Reads see what is committed, and, once this unit has written, what it wrote. The first write begins the transaction."""

    def __init__(self, jobs: Jobs, statements: Statements, run_id: str) -> None:
        self._jobs = jobs
        self._statements = statements
        self._run_id = run_id
        self._written_at = datetime.now(UTC)
        self._session: str | None = None
        self._kept = 0
        self._dates: dict[str, Span] = {}
        """Of each table written to, the first and the last day of what it was offered."""
        self._tables: dict[str, _Kept] = {}
        self._ids: IdDays | None = None

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
            self._tables[name] = _Kept(name)
            return ops.DatabaseTable(name, schema=expression.schema(), source=_NOWHERE).to_expr()
        there = self._run(self._statements.of(expression)).destination
        if there is None:
            raise BrokenInvariant("BigQuery did not say where it put what a query gave.")
        space = ops.Namespace(catalog=there.project, database=there.dataset_id)
        self._tables[there.table_id] = _Kept(f"`{there.project}`.`{there.dataset_id}`.`{there.table_id}`")
        return ops.DatabaseTable(there.table_id, schema=expression.schema(), source=_NOWHERE, namespace=space).to_expr()

    def _rows(self, statement: Statement) -> pa.Table:
        found = self._jobs.rows(self._run(statement)).rename_columns(list(statement.expression.columns))
        rows: pa.Table = statement.expression.__pyarrow_result__(found)
        return rows

    def _run(self, statement: Statement, before: str = "") -> bigquery.QueryJob:
        parameters = [value(f"p{number}", held) for number, held in enumerate(statement.values, 1)]
        parameters += self._days_of_reads(statement)
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

    def _days_of_reads(self, statement: Statement) -> list[Parameter]:
        """The first and the last day of each read of a parted table."""
        if not isinstance(statement.sql, Dated):
            raise BrokenInvariant("BigQuery was to be asked what was not looked at for the days of its reads.")

        def column(name: str, of: str) -> Sequence[Any] | None:
            rows = statement.tables.get(name)
            if rows is not None:
                found: Sequence[Any] = rows.column(of).unique().to_pylist()
                return found
            return self._column(name, of)

        answers = Answers(statement.values, column, self._days_of_ids)
        return [
            bound for read in statement.sql.reads for bound in _bound(answers.span(read), f"first_{read.number}", f"last_{read.number}")
        ]

    def _column(self, name: str, of: str) -> Sequence[Any] | None:
        """The values of a column of a table that this unit keeps; None where it keeps none of this name."""
        kept = self._tables.get(name)
        if kept is None:
            return None
        if of not in kept.columns:
            kept.columns[of] = self._jobs.rows(self._ran(f"SELECT DISTINCT `{of}` AS held FROM {kept.path}", [])).column(0).to_pylist()
        return kept.columns[of]

    def _days_of_ids(self) -> IdDays:
        """On which days ids stand, as the rows are that this unit sees."""
        if self._ids is None:
            sql = f"SELECT {', '.join(bigquery_ids.SCHEMA.names)} FROM {self._path_of_ids()}"
            self._ids = IdDays.read(self._jobs.rows(self._ran(sql, [])))
        return self._ids

    def _path_of_ids(self) -> str:
        return self._jobs.place.path(bigquery_ids.DATASET, bigquery_ids.NAME)

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
            self._begin()
            self._note_ids(declared, shaped)
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
            self._note_ids(declared, shaped)
            sql = translated(insert_sql(declared, _TARGET, _STAGED, twins=False), floats_of(declared))
            return self._written(sql, declared, source, parameters).num_dml_affected_rows or 0

    def annotate(self, name: str, rows: pa.Table) -> int:
        declared = table_named(name)
        if rows.num_rows == 0:
            return 0
        return self._changed(annotate_sql(declared, _TARGET, _STAGED), declared, rows)

    def remove(self, name: str, keys: pa.Table) -> int:
        declared = table_named(name)
        chosen = keys_of(declared, keys)
        if keys.num_rows == 0:
            return 0
        return self._changed(remove_sql(declared, _TARGET, _STAGED), declared, chosen)

    def _changed(self, statement: str, declared: Table, rows: pa.Table) -> int:
        """Run a statement on rows that are there, by their keys; how many it concerned."""
        with self._given("staging", rows) as (source, parameters):
            self._begin()
            days = self._days_of(declared, rows, source, parameters)
            sql = translated(statement, floats_of(declared))
            return self._written(sql, declared, source, parameters, days).num_dml_affected_rows or 0

    def touched(self, name: str, column: str) -> list[Any]:
        declared = table_named(name)
        if name not in self._dates:
            return []
        target = self._jobs.place.path(declared.dataset, declared.short_name)
        parameters = [value("at", self._written_at), value("run", self._run_id)]
        within = ""
        if is_parted(declared):
            dayless = "" if PARTED_BY in declared.key else f" OR {PARTED_BY} IS NULL"
            within = f" AND ({PARTED_BY} BETWEEN @first_day AND @last_day{dayless})"
            parameters += _bound(self._dates[name], "first_day", "last_day")
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

    def _begin(self) -> None:
        """Begin this unit's transaction, where it has not begun: what is looked at from now on is as it is then."""
        if self._session is None:
            session = self._jobs.session()
            self._jobs.say("BEGIN TRANSACTION", session)
            self._session = session
            self._ids = None

    def _written(self, sql: str, declared: Table, source: str, parameters: list[Parameter], days: Span | None = None) -> bigquery.QueryJob:
        """Run a writing statement in this unit's transaction, on the parts of these days alone (None: it reads none)."""
        if days is not None:
            sql = on_days(sql, declared)
            parameters = [*parameters, *_bound(days, "first_day", "last_day")]
        target = self._jobs.place.path(declared.dataset, declared.short_name)
        return self._ran(sql.replace(_TARGET, target).replace(_STAGED, source), parameters)

    def _note(self, declared: Table, shaped: pa.Table) -> None:
        """Keep in mind on which days rows are written, for `touched`."""
        self._dates[declared.name] = hull([self._dates.get(declared.name, NOTHING), _ends(shaped)]) if is_parted(declared) else EVER

    def _note_ids(self, declared: Table, shaped: pa.Table) -> None:
        """Put on record on which days the ids of rows stand, before the rows themselves are written."""
        told = bigquery_ids.told_by(shaped)
        if not is_parted(declared) or not told.num_rows:
            return
        news = self._days_of_ids().news(told)
        if news.num_rows:
            with self._given("ids", news) as (source, parameters):
                self._ran(bigquery_ids.merge_sql(self._path_of_ids(), source), parameters)
            self._days_of_ids().add(news)

    def _days_of(self, declared: Table, rows: pa.Table, source: str, parameters: list[Parameter]) -> Span | None:
        """The first and the last day on which rows of the staged keys can stand, so that no other part is read; None: it is not parted.

        Where neither the key nor what it settles has a day, or an id whose days are on record, the days of its first column are asked,
        which reads two columns of all parts.
        """
        if not is_parted(declared):
            return None
        fixed = (*declared.key, *declared.settled)
        if PARTED_BY in fixed and PARTED_BY in rows.column_names:
            return _ends(rows)
        for kind in NAMING:
            if kind in fixed and kind in rows.column_names and rows.column(kind).null_count == 0:
                return self._days_of_ids().of(kind, rows.column(kind).unique().to_pylist())
        target, key = self._jobs.place.path(declared.dataset, declared.short_name), declared.key[0]
        sql = (
            f"SELECT MIN({PARTED_BY}) AS first, MAX({PARTED_BY}) AS last FROM {target} "
            f"WHERE {PARTED_BY} BETWEEN @first_day AND @last_day AND `{key}` IN (SELECT `{key}` FROM {source})"
        )
        found = self._jobs.rows(self._ran(sql, [*parameters, *_bound(EVER, "first_day", "last_day")])).to_pylist()[0]
        return NOTHING if found["first"] is None else (found["first"], found["last"])


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


def _ends(rows: pa.Table) -> Span:
    """The first and the last day of some rows, those without one left out."""
    ends = pc.min_max(rows.column(PARTED_BY)).as_py()
    return NOTHING if ends["min"] is None else (ends["min"], ends["max"])


def _bound(days: Span, first: str, last: str) -> list[Parameter]:
    """Parameters of a first and a last day. Of no days at all, those of a day on which nothing stands."""
    days = days if days[0] <= days[1] else (EVER[0], EVER[0])
    return [value(name, day) for name, day in zip((first, last), days, strict=True)]
