"""A whole night of the practice league with everything in a bucket that goes away for 20 s in its middle: as in a folder, to the byte."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest

from s3 import S3, Forwarder, environment
from tipoff.config import load_settings
from tipoff.store import open_warehouse
from tipoff.store.bucket import listed, open_bucket, read
from tipoff.store.tables import ALL

pytestmark = pytest.mark.skipif(
    "SEASON_TESTS" not in os.environ, reason="two demos take minutes; test_shared_house has the same in little; SEASON_TESTS=1 runs them"
)
AWAY_SECONDS = 20.0


@dataclass(frozen=True)
class Told:
    """What a demo left: its documents, how many rows each table has, and the names of what it fetched."""

    documents: dict[str, bytes]
    rows: dict[str, int]
    fetched: list[str]
    doubled: list[str]


def unsaid(path: str, body: bytes) -> bytes:
    """A document; of lines without each word of the leading system between publications, of which there may be one more or less."""
    return re.sub(rb'"said":\[[^]]*\]', b"", body) if path.startswith("v1/lines/") else body


def started(folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TIPOFF_", "AWS_"))}
    command = (sys.executable, "-m", "tipoff", "demo", "--no-serve", "--json", "--data-dir", str(folder))
    with folder.with_suffix(".json").open("wb") as out, folder.with_suffix(".err").open("wb") as err:
        return subprocess.Popen(command, env=clean | environment, stdout=out, stderr=err)


def told(folder: Path, url: str) -> Told:
    assert json.loads(folder.with_suffix(".json").read_text())["night"]["players"]
    bucket = open_bucket(url)
    with open_warehouse(load_settings(data_dir=folder)).reading() as work:
        tables = {table.name: work.table(table.name) for table in ALL}
        keys = {table.name: tables[table.name].group_by(list(table.key)).agg(n=tables[table.name].count()) for table in ALL}
        doubled = [name for name, found in keys.items() if work.fetch(found.filter(found.n > 1).limit(1)).num_rows]
        rows = {name: int(work.fetch(table.aggregate(n=table.count())).column("n")[0].as_py()) for name, table in tables.items()}
    fetched = sorted(str(entry["path"]) for root in ("payloads", "receipts") for entry in listed(bucket, root))
    return Told({entry["path"]: read(bucket, entry["path"]) for entry in listed(bucket, "v1")}, rows, fetched, doubled)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory, s3_server: S3) -> tuple[Told, Told]:
    """The night in a folder, and the night in a bucket that was away while the first document was on its way into it."""
    base = tmp_path_factory.mktemp("nights")
    away = Event()
    forwarder = Forwarder(s3_server.host, s3_server.port)
    url = s3_server.fresh("league")
    forwarder.cut_at = b"PUT /" + url.removeprefix("s3://").encode() + b"/v1/tonight/"
    over = environment(forwarder.port)
    plain, bucketed = started(base / "folder"), started(base / "bucket", TIPOFF_BUCKET=url, **over)
    try:
        assert forwarder.is_cut.wait(600), (base / "bucket.err").read_text()
        away.wait(AWAY_SECONDS)
        forwarder.mend()
        for process, name in ((plain, "folder"), (bucketed, "bucket")):
            assert process.wait(600) == 0, (base / f"{name}.err").read_text()
    finally:
        plain.kill()
        bucketed.kill()
        forwarder.close()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(s3_server.port).items():
            patch.setenv(name, value)
        return told(base / "folder", (base / "folder").as_uri()), told(base / "bucket", url)


def test_the_documents_are_those_of_a_folder_to_the_byte(nights: tuple[Told, Told]) -> None:
    folder, bucket = nights
    assert len(folder.documents) > 400
    assert set(bucket.documents) == set(folder.documents)
    differ = [path for path, body in folder.documents.items() if unsaid(path, bucket.documents[path]) != unsaid(path, body)]
    assert differ == []


def test_every_table_has_as_many_rows(nights: tuple[Told, Told]) -> None:
    """But for the ledger, which has what each publication showed: how many there are of a night, the order of what arrives decides."""
    folder, bucket = nights
    ledger = "predictions.published_picks"
    assert bucket.rows | {ledger: 0} == folder.rows | {ledger: 0}
    assert bucket.rows[ledger]


def test_no_row_is_there_twice(nights: tuple[Told, Told]) -> None:
    assert [told.doubled for told in nights] == [[], []]


def test_each_payload_and_receipt_is_kept_once(nights: tuple[Told, Told]) -> None:
    folder, bucket = nights
    assert bucket.fetched == folder.fetched
