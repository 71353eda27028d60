"""Disks that go wrong for real: a small tmpfs that is full or turns read-only, files that may not grow, folders that may not be written.

Each says by a skip where the machine does not permit it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_FILLER = "filler"


class SmallDisk:
    """A mounted tmpfs of a few megabytes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, leaving: int = 0) -> None:
        """Fill it up, but for so many bytes."""
        room = shutil.disk_usage(self.path).free - leaving
        with (self.path / _FILLER).open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, room)

    def empty(self) -> None:
        """Make room again."""
        (self.path / _FILLER).unlink()

    def read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)

    def writable(self) -> None:
        subprocess.run(["mount", "-o", "remount,rw", str(self.path)], check=True)


@contextmanager
def small_disk(path: Path, megabytes: int = 24) -> Iterator[SmallDisk]:
    """Mount one at `path`; skips the test where that is not permitted."""
    path.mkdir()
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("a tmpfs can be mounted on Linux only")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a tmpfs may not be mounted here: {done.stderr.strip()}")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def limited(largest_file: int) -> list[str]:
    """The start of a command line whose process cannot write a file beyond so many bytes: RLIMIT_FSIZE, the same at every system call."""
    if sys.platform == "win32":
        pytest.skip("the size of a process's files cannot be limited here")
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest_file}, {largest_file}))"
    return [sys.executable, "-c", f"{limit}; import runpy; runpy.run_module('tipoff', run_name='__main__')"]


def bound_by_permissions() -> list[str]:
    """The start of a command line whose process must keep to files' permissions, also where the tests run as root."""
    if sys.platform == "win32":
        pytest.skip("folders have no such permissions here")
    if os.geteuid() != 0:
        return [sys.executable, "-m", "tipoff"]
    if shutil.which("setpriv") is None:
        pytest.skip("root is bound by no permissions, and there is no setpriv to take that from it")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override", sys.executable, "-m", "tipoff"]


@contextmanager
def write_protected(folder: Path) -> Iterator[None]:
    """A folder and all in it, which may be read only."""
    paths = [folder, *folder.rglob("*")]
    before = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path, mode in before.items():
            path.chmod(mode)
