"""What DuckDB says when it is refused a file, and what that means.

Knows words, as DuckDB has them. It must never know what is in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tipoff.errors import StorageError, StorageFull

# As DuckDB words it on Unix and on Windows; "lock" alone also stands in a path, and in "block" of a damaged file's error.
_LOCKED = ("could not set lock on file", "used by another process")

# What a system call's refusal reads like in DuckDB's errors, whichever class they are of: at a commit they are of no class of their own.
_FULL = ("no space left", "file too large", "quota exceeded", "not enough space", "disk full", "max_temp_directory_size")
_READ_ONLY = ("read-only file system", "read-only mode", "write protected")
_BROKEN = ("could not write", "could not sync", "could not truncate", "cannot write", "input/output error", "database has been invalidated")


def is_locked(error: Exception) -> bool:
    """Whether another process has the file."""
    return isinstance(error, duckdb.IOException | duckdb.BinderException) and _says(error, _LOCKED)


def is_the_disks(error: Exception) -> bool:
    """Whether the disk is full, or may not be written."""
    return _says(error, _FULL) or _says(error, _READ_ONLY)


def _says(error: Exception, words: tuple[str, ...]) -> bool:
    said = str(error).lower()
    return any(word in said for word in words)


@contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """What the disk refuses to the warehouse's file, in words that say so (F18). A transaction is in the file whole or not at all."""
    try:
        yield
    except duckdb.Error as error:
        told = f"{path} could not be written: {error}"
        if _says(error, _FULL):
            raise StorageFull(told, hint="Make room on that disk, and run it again: what was committed before is there.") from error
        if _says(error, _READ_ONLY) or _says(error, _BROKEN):
            raise StorageError(told, hint="Look at that disk: may it be written? Then run it again.") from error
        raise


def holder(error: Exception) -> str:
    """Who holds the file, where DuckDB tells."""
    found = re.search(r"PID \d+", str(error))
    return f" ({found[0]})" if found else ""
