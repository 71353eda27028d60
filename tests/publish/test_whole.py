"""F58: a reader during an export sees the old document or the new one, whole; and documents stay below `v1/`."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from obstore.store import ObjectStore

from publish.invented import NIGHT, Night, fill
from publish.reading import BEFORE, body
from tipoff.errors import BadInput, ConfigError
from tipoff.publish.documents import Halt, Tonight
from tipoff.publish.export import publish_date
from tipoff.publish.reads import read_slate
from tipoff.publish.tonight import tonight
from tipoff.publish.write import LATEST, canonical, get, put
from tipoff.store.payloads import open_bucket
from tipoff.store.warehouse import Warehouse

EXPORTS = 100


def test_f58_a_reader_during_a_hundred_exports_never_sees_half(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    with warehouse.reading() as work:
        slate = read_slate(work, NIGHT, None)
    moments = [BEFORE + timedelta(seconds=place) for place in range(EXPORTS)]
    whole = {canonical(tonight(slate, "practice", moment, None, Halt(), None, None)) for moment in moments[:3]}
    versions = sorted(whole, key=len)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    done = threading.Event()
    torn: list[bytes] = []
    seen: set[bytes] = {body(bucket, LATEST)}
    allowed = {*versions, body(bucket, LATEST)}

    def poll() -> None:
        while not done.is_set():
            found = get(bucket, LATEST)
            if found not in allowed:
                torn.append(found or b"")
            elif found is not None:
                seen.add(found)

    reader = threading.Thread(target=poll)
    reader.start()
    for place in range(EXPORTS):
        put(bucket, LATEST, versions[place % len(versions)])
    done.set()
    reader.join()
    assert torn == []
    assert all(Tonight.model_validate_json(content).total_players == 90 for content in seen)


def test_f58_exports_from_the_warehouse_are_seen_whole_too(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse, Night(graded=True))
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    done = threading.Event()
    faults: list[str] = []

    def poll() -> None:
        while not done.is_set():
            night = Tonight.model_validate_json(body(bucket, LATEST))
            if night.total_players != 90 or night.generated_at < BEFORE:
                faults.append(f"{night.total_players} players at {night.generated_at}")

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        for place in range(3):
            publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE + timedelta(minutes=place))
    finally:
        done.set()
        reader.join()
    assert faults == []


@pytest.mark.parametrize("path", ["v1/../secret.json", "payloads/a.json", "v1/a", "/v1/a.json", "v1//a.json", "v1/.json", "v1/A.json", ""])
def test_f61_a_path_that_no_document_has_is_neither_written_nor_read(bucket: ObjectStore, path: str) -> None:
    with pytest.raises(BadInput):
        put(bucket, path, b"{}")
    assert get(bucket, path) is None


def test_a_bucket_that_takes_nothing_is_an_error_that_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "bucket"
    bucket = open_bucket(folder.as_uri())
    (folder / "v1").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match=r"v1/status\.json could not be kept"):
        put(bucket, "v1/status.json", b"{}")
