"""Which code a process runs: the package's version and a digest of its source, by which a rolling upgrade is seen.

Knows files of this package. It must never know who runs them.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import tipoff


@cache
def code_version() -> str:
    """The version of the code of this process, such as `0.1.0+1f0c9a2b`: the same on every machine that has the same source."""
    folder = Path(tipoff.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py"), key=lambda one: one.relative_to(folder).as_posix()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return f"{version('tipoff')}+{digest.hexdigest()[:8]}"
