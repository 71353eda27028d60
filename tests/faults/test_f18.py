"""F18 The disk is full in the middle of a load: an error that says so, no torn state, the next run mends it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from faults.command import tipoff_on_a_full_disk
from load import wire
from load.bench import Bench
from tipoff.load.documents import folder_payloads, read_payload


@pytest.mark.skipif(sys.platform == "win32", reason="the size of a process's files cannot be limited here")
def test_f18_a_load_on_a_full_disk_says_so_leaves_no_torn_state_and_the_next_run_mends_it(bench: Bench, tmp_path: Path) -> None:
    bench.load(wire.payload(wire.rosters()))
    before = bench.tables()
    folder = tmp_path / "documents"
    folder.mkdir()
    for place in range(3):
        quotes = [wire.pair("Jayson Tatum", quarter / 4) for quarter in range(4, 400)]
        (folder / f"{place}.json").write_text(json.dumps(wire.event(wire.book("fanduel", wire.alternates(*quotes)), event_id=f"e{place}")))

    done = tipoff_on_a_full_disk(16_384, "load", "--payloads", folder, "--data-dir", bench.folder)
    assert done.returncode != 0
    assert "warehouse.duckdb" in done.stderr
    assert "could not write" in done.stderr.casefold()
    assert bench.tables() == before

    counts = bench.stream(map(read_payload, folder_payloads(folder)))
    assert counts.documents == 3
    assert len(bench.rows("raw.odds_player_points")) == 3 * 396
