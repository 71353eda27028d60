"""F18 The disk is full, or read-only, in the middle of a load: an error that says so, no torn state, the next run mends it.

Injected for real, for each part by itself (the warehouse's file, the vault of payloads, the state database), in three ways: a small tmpfs
that is filled up or remounted read-only (needs the right to mount); RLIMIT_FSIZE, by which writes fail at the system call as on a full
disk (every POSIX system); folders without the permission to write.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

import pytest

from faults.disks import SmallDisk, bound_by_permissions, limited, small_disk, write_protected
from load import wire
from load.bench import SEEN, Bench, Tables
from load.benches import bench_maker
from tipoff.clock import ManualClock
from tipoff.config import Settings
from tipoff.errors import ConfigError
from tipoff.flow.house import House, open_house
from tipoff.load.documents import folder_payloads, load_payloads, read_payload

Part = Literal["warehouse", "vault", "state"]
PARTS: tuple[Part, ...] = ("warehouse", "vault", "state")
QUOTES = 396


class Place:
    """A data directory of which one part lies on another disk, with the rosters loaded."""

    def __init__(self, folder: Path, part: Part, disk: Path) -> None:
        self.folder = bench_maker(folder / "data").folder
        self.disk = disk / "part"
        self.disk.mkdir()
        places = {name: self.disk if name == part else self.folder for name in PARTS}
        if part == "warehouse":
            shutil.move(self.folder / "warehouse.duckdb", self.disk / "warehouse.duckdb")
        self.environment = {
            "TIPOFF_WAREHOUSE": f"duckdb://{places['warehouse'] / 'warehouse.duckdb'}",
            "TIPOFF_BUCKET": places["vault"].as_uri(),
            "TIPOFF_DATABASE": f"sqlite:///{places['state'] / 'state.sqlite'}",
        }
        self.bench = Bench(places["warehouse"])
        self.payloads = places["vault"] / "payloads"
        with self.house() as house:
            load_payloads(house.warehouse, house.vault, [(wire.payload(wire.rosters()), None)], seen_at=SEEN, run_id="a run")

    @contextmanager
    def house(self) -> Iterator[House]:
        given: dict[str, Any] = {name.removeprefix("TIPOFF_").lower(): value for name, value in self.environment.items()}
        with open_house(Settings(data_dir=self.folder, **given), ManualClock(SEEN)) as house:
            yield house

    def load(self, documents: Path, start: list[str]) -> str:
        """The real command, which must fail; what it said."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
        command = [*start, "load", "--payloads", str(documents), "--data-dir", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=clean | self.environment)
        assert done.returncode not in (0, 70), done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stderr

    def load_again(self, documents: Path) -> int:
        """The next run: how many documents it loaded."""
        with self.house() as house, house.state.phase("the next run", "load", None) as recorded:
            paths = folder_payloads(documents)
            counts = load_payloads(
                house.warehouse, house.vault, ((read_payload(path), None) for path in paths), seen_at=SEEN, run_id="the next run"
            )
            recorded.counts = counts.as_dict()
        return counts.documents


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three documents, of many quotes: more than the small limits leave room for, in a vault and in a warehouse."""
    folder = tmp_path_factory.mktemp("documents")
    chance = random.Random(18)
    for place in range(3):
        quotes = [wire.pair("Jayson Tatum", quarter / 4, _price(chance), _price(chance)) for quarter in range(4, 4 + QUOTES)]
        document = wire.event(wire.book("fanduel", wire.alternates(*quotes)), event_id=f"e{place}")
        noise = bytes(chance.randrange(33, 126) for _ in range(120_000)).decode().replace("\\", "/").replace('"', "'")
        (folder / f"{place}.json").write_text(json.dumps({**document, "title": noise}))
    return folder


def _price(chance: random.Random) -> float:
    return round(chance.uniform(1.3, 3.0), 6)


@pytest.fixture(scope="module")
def expected(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The tables of a load that nothing disturbed."""
    bench = bench_maker(tmp_path_factory.mktemp("undisturbed") / "bench")
    bench.load(wire.payload(wire.rosters()))
    bench.stream(map(read_payload, folder_payloads(documents)))
    return bench.tables()


TOLD: Mapping[Part, tuple[str, ...]] = {
    "warehouse": ("warehouse.duckdb",),
    "vault": ("payloads/", "could not be kept"),
    "state": ("state database",),
}
"""What the error names, beside the disk."""


def holds_as_promised(
    place: Place, part: Part, documents: Path, expected: Tables, fault: AbstractContextManager[None], start: list[str]
) -> None:
    """The load fails with words that say so; nothing is torn; the next run loads everything."""
    before = place.bench.tables()
    with fault:
        said = place.load(documents, start)
    for words in TOLD[part]:
        assert words in said, said
    assert "disk" in said.casefold() or "write" in said.casefold(), said
    assert "->" in said, said
    assert place.bench.tables() == before
    assert place.load_again(documents) == 3
    assert place.bench.tables() == expected
    assert len(list(place.payloads.rglob("*.zst"))) == 4
    assert [path for path in place.payloads.rglob("*") if path.is_file() and path.suffix != ".zst"] == []


@contextmanager
def full(disk: SmallDisk) -> Iterator[None]:
    disk.fill(leaving=0)
    yield
    disk.empty()


@contextmanager
def read_only(disk: SmallDisk) -> Iterator[None]:
    disk.read_only()
    yield
    disk.writable()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("fault", [full, read_only])
def test_f18_a_small_disk_that_is_full_or_read_only(
    tmp_path: Path, documents: Path, expected: Tables, part: Part, fault: Callable[[SmallDisk], AbstractContextManager[None]]
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        place = Place(tmp_path, part, disk.path)
        holds_as_promised(place, part, documents, expected, fault(disk), bound_by_permissions())


LARGEST_FILE: Mapping[Part, int] = {"warehouse": 160_000, "vault": 80_000, "state": 2_000}


@pytest.mark.parametrize("part", PARTS)
def test_f18_files_that_may_not_grow(tmp_path: Path, documents: Path, expected: Tables, part: Part) -> None:
    (tmp_path / "disk").mkdir()
    place = Place(tmp_path, part, tmp_path / "disk")
    holds_as_promised(place, part, documents, expected, nullcontext(), limited(LARGEST_FILE[part]))


@pytest.mark.parametrize("part", PARTS)
def test_f18_folders_that_may_not_be_written(tmp_path: Path, documents: Path, expected: Tables, part: Part) -> None:
    (tmp_path / "disk").mkdir()
    place = Place(tmp_path, part, tmp_path / "disk")
    holds_as_promised(place, part, documents, expected, write_protected(place.disk), bound_by_permissions())


def test_f18_the_disk_of_the_state_fills_up_while_a_load_runs(tmp_path: Path, documents: Path, expected: Tables) -> None:
    """What was committed stays, though nobody can note it down; the next run finds it."""
    with small_disk(tmp_path / "disk") as disk:
        place = Place(tmp_path, "state", disk.path)
        paths = folder_payloads(documents)

        def between_two_batches(_documents: int) -> None:
            if not (disk.path / "filler").exists():
                disk.fill()

        with pytest.raises(ConfigError, match="state database"), place.house() as house, house.state.phase("a run", "load", None):
            load_payloads(
                house.warehouse,
                house.vault,
                ((read_payload(path), None) for path in paths),
                seen_at=SEEN,
                run_id="a run",
                progress=between_two_batches,
                at_once=1,
            )
        disk.empty()
        assert place.load_again(documents) == 0
        counting: Tables = {"ops.generations": []}  # counts commits, of which there were three
        assert place.bench.tables() | counting == expected | counting
        with place.house() as house:
            assert [(run.run_id, run.status) for run in house.state.runs()][-1] == ("the next run", "complete")
