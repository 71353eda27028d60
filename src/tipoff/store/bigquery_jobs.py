"""BigQuery's jobs: queries with their estimate and their cap, loads of rows, and every refusal in words.

Knows a client, a project and its datasets. It must never know what is asked, nor what a table means.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import google.api_core.exceptions as said
import google.auth.exceptions
import pyarrow as pa
import pyarrow.parquet as pq
import requests.exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tipoff.errors import BadInput, BrokenInvariant, Busy, ConfigError, NotReady, StorageError
from tipoff.store.bigquery_sql import type_of

EMULATOR = "BIGQUERY_EMULATOR_HOST"
"""The variable by which Google's own client is sent elsewhere, such as to an emulator; nobody need be named there."""
_STAGING = "staging"
_STAGED_FOR = timedelta(hours=6)
"""So long at most what is staged outlives a process that died over it: BigQuery takes it away then."""
_FEW_CELLS, _FEW_BYTES = 50_000, 2**21
"""So many values at most, of so many bytes, are handed to a statement as a parameter: a request may have ten megabytes."""
_ESTIMATED_FOR_SECONDS = 600.0
_ESTIMATES_AT_MOST = 5_000
_LABEL = "tipoff"

TEMPORARY = "tipoff_"
"""With this begins the name of each table that is a session's own."""
_UNPACKED = "(SELECT listed.* FROM UNNEST(@{}) AS listed)"

Parameter = Any
"""What the client takes as one: of a value, or of rows."""


@dataclass(frozen=True)
class Place:
    """Where the tables are: a project, what stands before the name of each dataset, and the location (None: BigQuery's own choice)."""

    project: str
    prefix: str = ""
    location: str | None = None

    @classmethod
    def of(cls, url: str) -> Place:
        """The place that a URL names: `bigquery://project`, or `bigquery://project/prefix?location=EU`. Raises ConfigError."""
        parts = urlsplit(url)
        asked = parse_qs(parts.query, keep_blank_values=True)
        prefix = parts.path.strip("/")
        wrong = set(asked) - {"location"} or len(asked.get("location", [])) > 1 or parts.scheme != "bigquery" or not parts.netloc
        if wrong or not (prefix + "a").replace("_", "a").isalnum() or not prefix.isascii():
            raise ConfigError(
                "The warehouse's URL does not name a place in BigQuery.",
                hint="It is bigquery://project, or bigquery://project/prefix?location=EU; a prefix has letters, digits and _.",
            )
        return cls(parts.netloc, prefix, asked["location"][0] or None if "location" in asked else None)

    def dataset(self, name: str) -> str:
        """The dataset that holds a declared one's tables."""
        return f"{self.prefix}_{name}" if self.prefix else name

    def path(self, dataset: str, table: str) -> str:
        """A table as SQL names it, whatever the names are."""
        return f"`{self.project}`.`{self.dataset(dataset)}`.`{table}`"


class Jobs:
    """Jobs of one place. `max_bytes` is what a query may read at most."""

    def __init__(self, place: Place, max_bytes: int, emulator: str | None) -> None:
        self.place = place
        self.max_bytes = max_bytes
        self._emulated = bool(emulator)
        self._estimates: dict[str, float] = {}
        with told(place):
            if emulator:
                nobody: Any = AnonymousCredentials
                self.client = bigquery.Client(place.project, nobody(), client_options={"api_endpoint": emulator})
            else:
                self.client = bigquery.Client(place.project, location=place.location)

    def run(
        self, sql: str, parameters: Sequence[Parameter] = (), session: str | None = None, *, estimate: bool = True
    ) -> bigquery.QueryJob:
        """A query that is done. Raises BadInput, before anything is read, for one that would read more than `max_bytes`.

        Without an estimate (a session's own tables are known to it alone) the same cap stands on the job itself.
        """
        with told(self.place):
            if estimate:
                self._estimated(sql, parameters)
            job = self.client.query(sql, self._how(parameters, session), location=self.place.location, job_retry=None)
            job.result()
            return job

    def say(self, words: str, session: str) -> None:
        """A word to a session: to begin a transaction, or to end one. It reads nothing."""
        with told(self.place):
            job = self.client.query(words, self._how((), session), location=self.place.location, job_retry=None)
            job.result()

    def rows(self, job: bigquery.QueryJob) -> pa.Table:
        """What a query gave."""
        with told(self.place):
            return job.to_arrow(create_bqstorage_client=not self._emulated)

    def session(self) -> str:
        """A new session: what is said in it one after the other can be one transaction."""
        with told(self.place):
            how = bigquery.QueryJobConfig(create_session=True, labels={_LABEL: "session"})
            job = self.client.query("SELECT 1", how, location=self.place.location, job_retry=None)
            job.result()
            if job.session_info is None or job.session_info.session_id is None:
                job.reload()
        if job.session_info is None or job.session_info.session_id is None:
            raise BrokenInvariant("BigQuery opened a session and did not name it.")
        return str(job.session_info.session_id)

    def kind_of(self, sql: str) -> str:
        """What kind of statement this is (SELECT, …), as BigQuery reads it; it is not run. Raises BadInput where it would cost too much."""
        how = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
        job = self.client.query(sql, how, location=self.place.location, job_retry=None)
        self._refuse(job.total_bytes_processed or 0)
        return str(job.statement_type)

    @contextmanager
    def given(self, name: str, rows: pa.Table) -> Iterator[tuple[str, list[Parameter]]]:
        """Rows as something to select from, with the parameters that it needs: a parameter of few, a table loaded for a while of more.

        Whoever is in a transaction looks at things as they were when it began, and sees no such table: `given_within` is for him.
        """
        if _are_few(rows):
            yield _UNPACKED.format(name), [_listed(name, rows)]
            return
        staged = f"{name}_{uuid4().hex}"
        with told(self.place):
            self._load(staged, rows)
        try:
            yield self.place.path(_STAGING, staged), []
        finally:
            with told(self.place):
                self.client.delete_table(self._reference(staged), not_found_ok=True)

    def given_within(self, session: str, name: str, rows: pa.Table) -> tuple[str, list[Parameter]]:
        """As `given`, within a session's transaction: a temporary table, filled some rows at a time, that goes with the session."""
        if _are_few(rows):
            return _UNPACKED.format(name), [_listed(name, rows)]
        staged = f"{TEMPORARY}{uuid4().hex}"
        columns = ", ".join(f"`{field.name}` {type_of(field.type)}" for field in rows.schema)
        self.say(f"CREATE TEMP TABLE {staged} ({columns})", session)
        at_once = max(1, min(_FEW_CELLS // rows.num_columns, rows.num_rows * _FEW_BYTES // max(1, rows.nbytes)))
        for start in range(0, rows.num_rows, at_once):
            some = _listed(name, rows.slice(start, at_once))
            self.run(f"INSERT INTO {staged} {_UNPACKED.format(name)[1:-1]}", [some], session, estimate=False)
        return staged, []

    def make_datasets(self, names: Sequence[str]) -> None:
        """Make the datasets that are missing, and the one in which rows are staged."""
        with told(self.place):
            for name in (*names, _STAGING):
                dataset = bigquery.Dataset(f"{self.place.project}.{self.place.dataset(name)}")
                dataset.location = self.place.location
                if name == _STAGING:
                    dataset.default_table_expiration_ms = int(_STAGED_FOR.total_seconds() * 1000)
                self.client.create_dataset(dataset, exists_ok=True)

    def _load(self, staged: str, rows: pa.Table) -> None:
        """A load job costs nothing, whatever its size."""
        table = bigquery.Table(self._reference(staged), [bigquery.SchemaField(f.name, type_of(f.type)) for f in rows.schema])
        table.expires = datetime.now(UTC) + _STAGED_FOR
        self.client.create_table(table)
        packed = io.BytesIO()
        pq.write_table(rows, packed, coerce_timestamps="us")
        how = bigquery.LoadJobConfig(source_format=bigquery.SourceFormat.PARQUET, schema=table.schema, labels={_LABEL: "load"})
        packed.seek(0)
        job = self.client.load_table_from_file(packed, table.reference, job_config=how, location=self.place.location)
        job.result()

    def _reference(self, staged: str) -> str:
        return f"{self.place.project}.{self.place.dataset(_STAGING)}.{staged}"

    def _how(self, parameters: Sequence[Parameter], session: str | None) -> bigquery.QueryJobConfig:
        how = bigquery.QueryJobConfig(query_parameters=list(parameters), labels={_LABEL: "query"})
        how.maximum_bytes_billed = self.max_bytes
        if session is not None:
            how.connection_properties = [bigquery.ConnectionProperty("session_id", session)]
        return how

    def _estimated(self, sql: str, parameters: Sequence[Parameter]) -> None:
        """Ask what a query would read, unless the same text was asked about a while ago. The cap on the job itself stands every time."""
        now = time.monotonic()
        if now - self._estimates.get(sql, -_ESTIMATED_FOR_SECONDS) < _ESTIMATED_FOR_SECONDS:
            return
        how = bigquery.QueryJobConfig(query_parameters=list(parameters), dry_run=True, use_query_cache=False)
        job = self.client.query(sql, how, location=self.place.location, job_retry=None)
        self._refuse(job.total_bytes_processed or 0)
        if len(self._estimates) >= _ESTIMATES_AT_MOST:
            self._estimates.clear()
        self._estimates[sql] = now

    def _refuse(self, size: int) -> None:
        if size > self.max_bytes:
            raise BadInput(
                f"BigQuery estimates that this query reads {size / 2**30:.1f} GiB, and {self.max_bytes / 2**30:.1f} GiB are allowed; "
                "it was not run.",
                hint="Ask for fewer days or columns, or set TIPOFF_BIGQUERY_MAX_BYTES higher; what is read is paid for.",
            )


def value(name: str, held: Any) -> Parameter:
    """The parameter of one value that a statement binds."""
    if isinstance(held, datetime):
        return bigquery.ScalarQueryParameter(name, "TIMESTAMP", held)
    return bigquery.ScalarQueryParameter(name, "STRING" if isinstance(held, str) else "DATE", held)


def _are_few(rows: pa.Table) -> bool:
    return bool(rows.num_rows * rows.num_columns <= _FEW_CELLS and rows.nbytes <= _FEW_BYTES)


def _listed(name: str, rows: pa.Table) -> Parameter:
    kinds = [(field.name, type_of(field.type)) for field in rows.schema]
    scalar: Any = bigquery.ScalarQueryParameterType
    struct: Any = bigquery.StructQueryParameterType
    shape = struct(*(scalar(kind, name=column) for column, kind in kinds))
    columns = [column.to_pylist() for column in rows.columns]
    listed = [
        bigquery.StructQueryParameter(
            None, *(bigquery.ScalarQueryParameter(column, kind, held) for (column, kind), held in zip(kinds, row, strict=True))
        )
        for row in zip(*columns, strict=True)
    ]
    return bigquery.ArrayQueryParameter(name, shape, listed)


_AT_ONCE = ("concurrent update", "could not serialize", "transaction conflict")


@contextmanager
def told(place: Place) -> Iterator[None]:
    """What BigQuery, or the way there, refuses, in our words."""
    where = f"BigQuery, project {place.project}"
    try:
        yield
    except google.auth.exceptions.GoogleAuthError as error:
        raise ConfigError(
            f"{where}: there are no credentials that serve: {error}.",
            hint="Run `gcloud auth application-default login`, or let GOOGLE_APPLICATION_CREDENTIALS name a key's file.",
        ) from error
    except (said.Forbidden, said.Unauthorized) as error:
        if _is(error, "quotaExceeded", "rateLimitExceeded"):
            raise Busy(
                f"{where}: a quota is used up: {error}.", hint="It is tried again later; docs/bigquery.md lists the quotas."
            ) from error
        raise ConfigError(
            f"{where}: this was refused: {error}.",
            hint="docs/bigquery.md lists the rights that Tipoff needs: BigQuery Job User and BigQuery Data Editor. Is billing on?",
        ) from error
    except said.NotFound as error:
        raise NotReady(f"{where}: {error}.", hint="Is the project's name right, and the location that of its datasets?") from error
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout, said.RetryError, said.ServerError) as error:
        if _is(error, "bytesBilledLimitExceeded"):
            raise _over(error) from error
        raise StorageError(f"{where} did not answer: {error}.", hint="Nothing of this unit of work was kept. Run it again.") from error
    except said.GoogleAPICallError as error:
        if _is(error, "bytesBilledLimitExceeded"):
            raise _over(error) from error
        if isinstance(error, said.Conflict | said.TooManyRequests) or any(word in str(error).lower() for word in _AT_ONCE):
            raise Busy(
                f"{where}: another wrote to the same table meanwhile, and nothing of this unit of work was kept: {error}.",
                hint="The queue tries it again; by hand, run it again.",
            ) from error
        raise


def _over(error: Exception) -> BadInput:
    return BadInput(f"BigQuery stopped a query over the cap: {error}.", hint="Ask for less, or set TIPOFF_BIGQUERY_MAX_BYTES higher.")


def _is(error: Any, *reasons: str) -> bool:
    return any(entry.get("reason") in reasons for entry in getattr(error, "errors", ()) if isinstance(entry, dict))
