"""The BigQuery adapter: a dataset for each declared one, tables parted by game day, a transaction for each unit that writes.

Knows a place, declarations and whose turn it is in this process. It must never know what the tables mean. BigQuery enforces no key: two
that merge the same rows at once would both put them in, were it not that its transactions refuse to change a table at the same time; and
the queue gives a day to one worker alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import google.api_core.exceptions as said
import pyarrow as pa
from google.cloud import bigquery

from tipoff.errors import BadInput
from tipoff.store import bigquery_ids
from tipoff.store.bigquery_ids import PARTED_BY, is_parted
from tipoff.store.bigquery_jobs import EMULATOR, Jobs, Place, told
from tipoff.store.bigquery_sql import TYPES, clustered_by, write
from tipoff.store.bigquery_work import BigQueryWork, one_transaction
from tipoff.store.schema import Column, Table, fingerprint
from tipoff.store.statements import Statements
from tipoff.store.tables import ALL
from tipoff.store.warehouse import About, Compacted, Warehouse, Work

_MIGRATED = "tipoff_tables"
"""The label of the dataset `ops` that tells which declarations its tables were made from."""
_LAID_OUT, _LAYOUT = "tipoff_layout", "2"
"""The label that tells how they lie there. 2: parted tables are read on days alone, and the days of ids are on record."""


class BigQueryWarehouse(Warehouse):
    """A warehouse in a BigQuery project (`bigquery://project/prefix?location=EU`). Datasets and tables are made on first use.

    `max_bytes` is what one query may read at most. Raises ConfigError where the URL, the credentials or the rights do not do.
    """

    def __init__(self, url: str, max_bytes: int) -> None:
        self.url = url
        self.place = Place.of(url)
        self._max_bytes = max_bytes
        self._statements = Statements(write)  # of this place alone: they name its project and its datasets
        self._turn = threading.RLock()
        self._writes = threading.RLock()
        self._jobs: Jobs | None = None

    @contextmanager
    def reading(self) -> Iterator[Work]:
        yield BigQueryWork(self._ready(), self._statements, "")

    @contextmanager
    def writing(self, run_id: str) -> Iterator[Work]:
        """One transaction of BigQuery's. Where another machine changes the same table meanwhile, BigQuery ends one of the two: Busy."""
        with self._writes, one_transaction(BigQueryWork(self._ready(), self._statements, run_id)) as work:
            yield work

    def query(self, sql: str) -> pa.Table:
        jobs = self._ready()
        with told(self.place):
            try:
                kind = jobs.kind_of(sql)
            except (said.BadRequest, said.NotFound) as error:
                raise BadInput(f"This cannot be read: {error}", hint=_hint(error)) from error
        if kind != "SELECT":
            raise BadInput(f"{kind} is not for reading, or is more than one statement; nothing was done.", hint="Only SELECT is.")
        try:
            return jobs.rows(jobs.run(sql))
        except said.BadRequest as error:
            raise BadInput(str(error), hint=_hint(error)) from error

    def about(self) -> About:
        jobs = self._ready()
        with told(self.place):
            ops = f"{jobs.place.project}.{jobs.place.dataset('ops')}"
            return About("BigQuery", jobs.client.get_dataset(ops).labels.get(_MIGRATED))

    def size(self) -> int:
        jobs = self._ready()
        with told(self.place):
            return sum(jobs.client.get_table(_name(jobs, table)).num_bytes or 0 for table in ALL)

    def compact(self) -> Compacted:
        """Nothing is to be done: BigQuery does it by itself."""
        size = self.size()
        return Compacted(size, size)

    def _ready(self) -> Jobs:
        """Jobs on tables that are there: they are made, or looked at, once a process."""
        with self._turn:
            if self._jobs is None:
                jobs = Jobs(self.place, self._max_bytes, os.environ.get(EMULATOR))
                _migrate(jobs)
                self._jobs = jobs
            return self._jobs


def _hint(error: Exception) -> str:
    """What somebody whose SELECT was refused should do next."""
    if "partition elimination" in str(error):
        return f"Say on which days it is to look, as {PARTED_BY} BETWEEN '2025-11-01' AND '2025-11-30': a table that has it demands that."
    return "It is GoogleSQL; `tipoff tables` lists every table, `tipoff tables NAME` its columns."


def _migrate(jobs: Jobs) -> None:
    """Create what is declared and missing. Columns are only ever added: older code goes on working beside newer."""
    wanted = {_MIGRATED: fingerprint(ALL), _LAID_OUT: _LAYOUT}
    ops = f"{jobs.place.project}.{jobs.place.dataset('ops')}"
    with told(jobs.place):
        try:
            if wanted.items() <= jobs.client.get_dataset(ops).labels.items():
                return
        except said.NotFound:
            pass
        jobs.make_datasets(sorted({table.dataset for table in ALL}))
        for table in ALL:
            _create_or_extend(jobs, table)
        names = {table: jobs.place.path(table.dataset, table.short_name) for table in ALL if is_parted(table)}
        jobs.run(bigquery_ids.create_sql(jobs.place.path(bigquery_ids.DATASET, bigquery_ids.NAME), names))
        made = jobs.client.get_dataset(ops)
        made.labels = {**made.labels, **wanted}
        jobs.client.update_dataset(made, ["labels"])


def _create_or_extend(jobs: Jobs, declared: Table) -> None:
    name = _name(jobs, declared)
    table = bigquery.Table(name, _fields(declared.columns))
    table.description = declared.description
    table.clustering_fields = clustered_by(declared) or None
    if is_parted(declared):
        table.time_partitioning = bigquery.TimePartitioning(bigquery.TimePartitioningType.DAY, PARTED_BY)
        table.require_partition_filter = True
    there = jobs.client.create_table(table, exists_ok=True)
    if there.etag is None or len(there.schema) < len(declared.columns):
        there = jobs.client.get_table(name)
    known = {field.name for field in there.schema}
    missing = [column for column in declared.columns if column.name not in known]
    if missing:
        there.schema = [*there.schema, *_fields(missing)]
        jobs.client.update_table(there, ["schema"])
    if is_parted(declared) and not there.require_partition_filter:
        there.require_partition_filter = True
        jobs.client.update_table(there, ["require_partition_filter"])


def _name(jobs: Jobs, declared: Table) -> str:
    return f"{jobs.place.project}.{jobs.place.dataset(declared.dataset)}.{declared.short_name}"


def _fields(columns: Sequence[Column]) -> list[bigquery.SchemaField]:
    return [bigquery.SchemaField(column.name, TYPES[column.kind], description=_told(column)) for column in columns]


def _told(column: Column) -> str:
    return f"{column.description} ({column.unit})" if column.unit else column.description
