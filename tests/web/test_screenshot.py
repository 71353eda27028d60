"""Pictures of pages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tipoff.web.screenshot import CHROMIUM


def test_a_picture_is_a_png_of_the_size_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    target = tmp_path / "page.png"
    code = (
        "import sys; from pathlib import Path; from tipoff.web.screenshot import screenshot; "
        "screenshot('about:blank', Path(sys.argv[1]), width=320, height=200)"
    )
    subprocess.run([sys.executable, "-c", code, str(target)], check=True)  # a process of its own: one sync playwright a thread
    content = target.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (320, 200)
