"""The script that draws charts: Vega, Vega-Lite and Vega-Embed in one module, out of `vl-convert-python`.

In: nothing. Out: the module, compressed. Bundling takes some seconds and gives the same for one release of the library, so it is done
once for a user of this machine and kept in his cache, or in memory alone where that cannot be written. It must never know a chart.
"""

from __future__ import annotations

import gzip
import os
import threading
from importlib.metadata import version
from pathlib import Path

from obstore.store import LocalStore

RELEASE = version("vl-convert-python")
_NAME = f"vega-{RELEASE}.js.gz"
_MUTEX = threading.Lock()
_MADE: list[bytes] = []


def script() -> bytes:
    """The module, gzipped. It sets `vegaEmbed`, `vega` and `vegaLite` on the window."""
    with _MUTEX:
        if not _MADE:
            _MADE.append(_kept() or _bundled())
        return _MADE[0]


def cache_folder() -> Path:
    """Where the module is kept: the user's cache, as XDG has it."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "tipoff"


def _kept() -> bytes | None:
    try:
        held = (cache_folder() / _NAME).read_bytes()
        gzip.decompress(held)
    except (OSError, RuntimeError, EOFError):  # not there, not ours to read, cut short
        return None
    return held


def _bundled() -> bytes:
    import vl_convert  # brings a JavaScript engine along, which no other page needs

    module: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub forgets the default
    made = gzip.compress(module.encode(), 6, mtime=0)
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        LocalStore(folder).put(_NAME, made)  # whole or not at all
    except (OSError, RuntimeError):
        pass  # memory holds it
    return made
