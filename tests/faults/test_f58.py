"""F58 A reader during an export sees the old document or the new one, whole: over HTTP, and in the folder, in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from publish.invented import NIGHT, Night, fill
from publish.reading import BEFORE
from tipoff.publish.best_bets import Before, best_bets_of
from tipoff.publish.documents import Halt
from tipoff.publish.export import publish_date
from tipoff.publish.reads import read_slate
from tipoff.publish.tonight import tonight
from tipoff.publish.write import LATEST, best_bets_path, canonical, player_path, put, tonight_path
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import open_bucket
from web.serving import serving

EXPORTS = 100
LEAST_READS = 10_000
PATHS = (tonight_path(NIGHT), LATEST, best_bets_path(NIGHT), player_path(Night().men()[0].lookup))


@contextmanager
def reader(address: str) -> Iterator[dict[str, Any]]:
    """A reader at work for as long as the block lasts; afterwards what it saw."""
    told: dict[str, Any] = {}
    command = [sys.executable, str(Path(__file__).with_name("reading_process.py")), address, *PATHS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield told
        finally:
            process.stdin.write("end\n")
            process.stdin.close()
            told.update(json.loads(process.stdout.readline() or '{"faults": ["the reader died"]}'))


def test_f58_readers_of_a_hundred_exports_see_whole_documents_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    warehouse, address = DuckDBWarehouse(tmp_path / "warehouse.duckdb"), (tmp_path / "bucket").as_uri()
    bucket = open_bucket(address)
    fill(warehouse, Night(systems=("ridge_line",)))
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    with warehouse.reading() as work:
        slate = read_slate(work, NIGHT, None)  # once: the readers are to meet documents, not queries
    with ExitStack() as stack:
        client = stack.enter_context(serving(bucket, BEFORE))
        over_http, in_the_folder = stack.enter_context(reader(str(client.base_url))), stack.enter_context(reader(address))
        for place in range(1, EXPORTS + 1):
            # The halt comes and goes, so that every document changes each time.
            moment, reason = BEFORE + timedelta(seconds=place), f"by_hand: {place}" if place % 2 else None
            if place % 10 in (0, 1):
                publish_date(warehouse, bucket, NIGHT, generated_at=moment, halt_reason=reason)
                continue
            halt = Halt(active=True, reason=reason, since=moment) if reason else Halt()
            night = tonight(slate, "practice", moment, None, halt, None, None)
            bets = best_bets_of(slate, night, None, Before())
            bodies = {PATHS[0]: canonical(night), LATEST: canonical(night), PATHS[2]: canonical(bets)}
            for path, body in bodies.items():
                put(bucket, path, body)
    assert (over_http["faults"], in_the_folder["faults"]) == ([], [])
    for told in (over_http, in_the_folder):
        assert min(told["versions"].values()) > 1
        assert told["versions"][LATEST] > EXPORTS / 4
    assert over_http["reads"] + in_the_folder["reads"] >= LEAST_READS
