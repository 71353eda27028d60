"""Empty warehouses by copying: making the tables takes longer than most tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from load.bench import Bench


@lru_cache(maxsize=1)
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bench.warehouse.league()
        return (Path(folder) / "warehouse.duckdb").read_bytes()


def bench_maker(folder: Path) -> Bench:
    """An empty warehouse in a new folder."""
    folder.mkdir(parents=True)
    (folder / "warehouse.duckdb").write_bytes(_empty())
    return Bench(folder)


@contextmanager
def held_bench(folder: Path) -> Iterator[Bench]:
    """The same, held open between two units of work."""
    bench = bench_maker(folder)
    with bench.warehouse.lingering(), bench.warehouse.sparing():
        yield bench
