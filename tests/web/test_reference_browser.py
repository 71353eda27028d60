"""The page of the API in a real browser: no console errors, no request to anywhere else, and it fits its window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tipoff.clock import SystemClock
from tipoff.flow.engine import open_desk
from tipoff.flow.house import open_house
from tipoff.web.screenshot import CHROMIUM, FLAGS
from web.controlled import Served, serving, settings_in

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with open_house(settings_in(tmp_path / "data"), SystemClock()) as house, open_desk(house) as desk, serving(desk) as found:
        yield found


def test_the_page_of_the_api_loads_without_a_fault_and_fits_its_window(served: Served) -> None:
    faults: list[str] = []
    here = str(served.client.base_url)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        page = browser.new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(here) else faults.append(request.url))
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{here}docs#conflict", wait_until="load")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("#conflict").is_visible()
        browser.close()
    assert faults == []
