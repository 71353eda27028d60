"""What BigQuery refuses, and what is refused before it is asked, in words: over HTTP, to a server on loopback that answers as its does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tipoff.config import load_settings
from tipoff.errors import BadInput, Busy, ConfigError, NotReady, TipoffError
from tipoff.store import open_warehouse
from tipoff.store.bigquery import BigQueryWarehouse
from tipoff.store.bigquery_jobs import Place
from tipoff.store.schema import fingerprint
from tipoff.store.tables import ALL
from tipoff.store.versions import generation

GIB = 2**30
URL = "bigquery://a-project/mine?location=EU"


@dataclass
class Google:
    """A BigQuery whose tables are there, with an estimate for every query and one answer to all that are run."""

    address: str = ""
    estimate: int = 0
    kind: str = "SELECT"
    status: int = 403
    reason: str = "accessDenied"
    message: str = "Access Denied"
    dry: list[dict[str, Any]] = field(default_factory=list)
    ran: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    told = Google()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reference = {"projectId": "a-project", "datasetId": "mine_ops"}
            self._answer(200, {"datasetReference": reference, "labels": {"tipoff_tables": fingerprint(ALL), "tipoff_layout": "2"}})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["configuration"]
            if asked.get("dryRun"):
                told.dry.append(asked)
                found = {"query": {"totalBytesProcessed": str(told.estimate), "statementType": told.kind}}
                reference = {"projectId": "a-project", "location": "EU"}
                self._answer(200, {"jobReference": reference, "status": {"state": "DONE"}, "configuration": asked, "statistics": found})
                return
            told.ran.append(asked)
            entry = {"reason": told.reason, "message": told.message}
            self._answer(told.status, {"error": {"code": told.status, "message": told.message, "errors": [entry]}})

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            written = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *_words: Any) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        told.address = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", told.address)
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture
def warehouse(google: Google) -> BigQueryWarehouse:
    return BigQueryWarehouse(URL, 20 * GIB)


def test_a_query_over_the_cap_is_not_run(google: Google, warehouse: BigQueryWarehouse) -> None:
    google.estimate = 50 * GIB
    for ask in (lambda: warehouse.read("raw.schedule"), lambda: warehouse.query("SELECT 1"), warehouse.league):
        with pytest.raises(BadInput, match=r"reads 50\.0 GiB, and 20\.0 GiB are allowed; it was not run") as refused:
            ask()
        assert "TIPOFF_BIGQUERY_MAX_BYTES" in (refused.value.hint or "")
    assert len(google.dry) == 3
    assert google.ran == []


def test_the_cap_stands_on_what_is_run_as_well(google: Google, warehouse: BigQueryWarehouse) -> None:
    for _ in range(2):
        with pytest.raises(ConfigError):
            warehouse.read("raw.schedule", payload_id="of-one-game")
    assert [asked["query"]["maximumBytesBilled"] for asked in google.ran] == [str(20 * GIB)] * 2
    assert len(google.dry) == 1, "what was estimated a moment ago is not estimated again"
    (parameter,) = {json.dumps(asked["query"]["queryParameters"]) for asked in google.ran}
    assert "of-one-game" in parameter
    assert "of-one-game" not in google.ran[0]["query"]["query"]


@pytest.mark.parametrize(
    ("status", "reason", "message", "error", "words"),
    [
        (403, "accessDenied", "Access Denied: no bigquery.jobs.create", ConfigError, "BigQuery Job User"),
        (404, "notFound", "Not found: Project a-project", NotReady, "location"),
        (403, "quotaExceeded", "Quota exceeded", Busy, "quota is used up"),
        (
            400,
            "invalidQuery",
            "Transaction is aborted due to concurrent update against table raw.schedule",
            Busy,
            "the queue tries it again",
        ),
        (400, "bytesBilledLimitExceeded", "Query exceeded limit for bytes billed", BadInput, "over the cap"),
    ],
)
def test_what_is_refused_is_told_in_words(
    google: Google, warehouse: BigQueryWarehouse, status: int, reason: str, message: str, error: type[TipoffError], words: str
) -> None:
    google.status, google.reason, google.message = status, reason, message
    with pytest.raises(error) as refused:
        warehouse.read("raw.schedule")
    told = f"{refused.value} {refused.value.hint}"
    assert words.lower() in told.lower()
    assert message in told
    assert "a-project" in told or error is BadInput


def test_a_statement_that_writes_is_not_run_for_people(google: Google, warehouse: BigQueryWarehouse) -> None:
    google.kind = "DELETE"
    with pytest.raises(BadInput, match="DELETE is not for reading"):
        warehouse.query("DELETE FROM mine_raw.schedule WHERE TRUE")
    assert google.ran == []


def test_missing_credentials_are_told_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))
    with pytest.raises(ConfigError, match="no credentials") as refused:
        BigQueryWarehouse(URL, GIB).league()
    assert "gcloud auth application-default login" in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("bigquery://a-project", Place("a-project")),
        ("bigquery://a-project/mine", Place("a-project", "mine")),
        (URL, Place("a-project", "mine", "EU")),
        ("bigquery://a-project?location=europe-west3", Place("a-project", "", "europe-west3")),
    ],
)
def test_a_url_names_a_place(url: str, place: Place) -> None:
    assert Place.of(url) == place


def test_datasets_are_named_after_the_declared_ones() -> None:
    assert Place("p").dataset("raw") == "raw"
    assert Place("p", "mine").path("raw", "schedule") == "`p`.`mine_raw`.`schedule`"


@pytest.mark.parametrize("url", ["bigquery://", "bigquery://p/a/b", "bigquery://p/a-b", "bigquery://p?where=EU", "bigquery://p/ä"])
def test_a_url_that_names_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="does not name a place"):
        Place.of(url)


def test_a_question_is_put_to_the_warehouse_that_is_asked(google: Google) -> None:
    for url in (URL, "bigquery://a-project/yours"):
        with pytest.raises(ConfigError), BigQueryWarehouse(url, GIB).reading() as work:
            generation(work, "facts", "*")
    assert ["mine_ops" in asked["query"]["query"] for asked in google.ran] == [True, False]
    assert ["yours_ops" in asked["query"]["query"] for asked in google.ran] == [False, True]


def test_the_settings_name_a_warehouse_and_its_cap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, google: Google) -> None:
    monkeypatch.chdir(tmp_path)
    google.estimate = 11 * 2**20
    warehouse = open_warehouse(load_settings(warehouse=URL, bigquery_max_bytes=10 * 2**20))
    assert isinstance(warehouse, BigQueryWarehouse)
    with pytest.raises(BadInput, match="not run"):
        warehouse.league()
