"""F58 A reader during an export sees the old document or the new one, whole: over HTTP, and in the folder, in processes of their own.

Exports and reads wait for each other, so that there are as many of both on any machine: readers read while documents are written, and on
until each has seen all that was, and has read its share. They rest while nothing can change.
"""

from __future__ import annotations

import json
import os
import select
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
READS = 10_000
"""At least: the folder's reader, which is the cheap one, sees to that."""
WHOLE = [place for place in range(1, EXPORTS + 1) if place % 20 in (0, 1)]
"""The exports that are whole, with a halt and without; the others put what an export shows, so that there can be many."""
PATHS = (tonight_path(NIGHT), LATEST, best_bets_path(NIGHT), player_path(Night().men()[0].lookup))


class Reader:
    """A reader at work, in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked, self._told = process.stdin, process.stdout.fileno()
        self.rounds = 0

    def go(self) -> None:
        """Have it read."""
        self._say(b"+")

    def see(self, reads: int = 0) -> None:
        """Wait until it has read every document as it is now, and so many in all; then it rests."""
        while select.select([self._told], [], [], 0)[0]:
            self._hear()
        # The round that it is at may have begun before; the next one has not.
        enough = max(self.rounds + 2, reads // len(PATHS))
        while self.rounds < enough:
            self._hear()
        self._say(b"-")

    def _say(self, what: bytes) -> None:
        self._asked.write(what)
        self._asked.flush()

    def _hear(self) -> None:
        said = os.read(self._told, 65536)
        assert said, "the reader died"
        self.rounds += said.count(b".")

    def end(self) -> dict[str, Any]:
        """Have it end: what it saw."""
        self._asked.close()
        text = b""
        while found := os.read(self._told, 65536):
            text += found
        told: dict[str, Any] = json.loads(text.lstrip(b"."))
        return told


@contextmanager
def reader(address: str) -> Iterator[Reader]:
    """A reader for as long as the block lasts."""
    command = [sys.executable, str(Path(__file__).with_name("reading_process.py")), address, *PATHS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Reader(process)
        finally:
            process.kill()


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
        readers = over_http, in_the_folder = [stack.enter_context(reader(where)) for where in (str(client.base_url), address)]
        for place in range(EXPORTS + 1):
            # The halt comes and goes, so that every document changes each time.
            moment, reason = BEFORE + timedelta(seconds=place), f"by_hand: {place}" if place % 2 else None
            halt = Halt(active=True, reason=reason, since=moment) if reason else Halt()
            night = tonight(slate, "practice", moment, None, halt, None, None)
            bets = best_bets_of(slate, night, None, Before())
            bodies = {PATHS[0]: canonical(night), LATEST: canonical(night), PATHS[2]: canonical(bets)}
            for one in readers:
                one.go()
            if place == 0:
                pass  # what stands there
            elif place in WHOLE:
                publish_date(warehouse, bucket, NIGHT, generated_at=moment, halt_reason=reason)
            else:
                for path, body in bodies.items():
                    put(bucket, path, body)
            in_the_folder.see(place * READS // EXPORTS)
            over_http.see()
        told = [one.end() for one in readers]
    assert [saw["faults"] for saw in told] == [[], []]
    for saw in told:
        assert {saw["versions"][path] for path in PATHS[:3]} == {1 + EXPORTS}
        assert saw["versions"][PATHS[3]] == 1 + len(WHOLE)
    assert sum(saw["reads"] for saw in told) >= READS
