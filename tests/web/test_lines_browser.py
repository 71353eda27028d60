"""Lines and players in a real browser, on a phone and on a desktop: charts are drawn, filters work, nothing is amiss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from publish.invented import NIGHT, Night
from tipoff.web.screenshot import CHROMIUM, FLAGS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
Site = Callable[[str], httpx.Client]
FIRST = Night().men()[0]
PHONE, DESKTOP = 390, 1280
WIDTHS = pytest.mark.parametrize("width", [PHONE, DESKTOP])
DRAWN = "document.querySelectorAll('figure.chart').length > 0 && !document.querySelector('figure.chart:not([data-drawn])')"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Open a page of the graded night; afterwards there was neither an error nor a request off the host."""
    faults: list[str] = []
    context = browser.new_context(timezone_id="Europe/Paris")

    def go(path: str, width: int = DESKTOP) -> Page:
        base = str(site("graded").base_url).rstrip("/")
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith((base, "data:")) else faults.append(request.url))
        page.goto(base + path, wait_until="load")
        return page

    yield go
    context.close()
    assert faults == []


def fits(page: Page, width: int) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth") <= width)


@WIDTHS
def test_a_movement_opens_in_its_row_is_drawn_and_closes_again(visit: Callable[..., Page], width: int) -> None:
    page = visit("/lines", width)
    assert fits(page, width)
    link = page.locator("a.moves").first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("figure.chart[data-drawn]")
    assert link.get_attribute("aria-expanded") == "true"
    panel = page.locator(".panel").first
    assert "your time" in panel.inner_text()
    box = panel.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert fits(page, width)
    link.click()
    assert not panel.is_visible()
    link.click()
    assert panel.is_visible()
    assert page.url.endswith("/lines")


def test_the_filter_narrows_to_a_name_and_to_what_moved(visit: Callable[..., Page]) -> None:
    page = visit("/lines")
    everybody = page.locator("tbody.quoted:visible").count()
    page.get_by_role("searchbox").fill("keldt")
    names = page.locator("tbody.quoted:visible .name").all_inner_texts()
    assert 0 < len(names) < everybody
    assert all("Keldt" in name for name in names)
    page.get_by_role("searchbox").fill("")
    page.get_by_role("checkbox", name="Only moved").check()
    assert page.locator("tbody.quoted:visible").count() == page.locator("tbody.quoted[data-moved]").count()


@WIDTHS
def test_a_player_and_his_movement_are_drawn_and_fit(visit: Callable[..., Page], width: int) -> None:
    for path in (f"/player/{FIRST.lookup}", f"/lines/{NIGHT.isoformat()}/{FIRST.lookup}"):
        page = visit(path, width)
        page.wait_for_function(DRAWN)
        assert fits(page, width)


def test_features_and_players_are_found_as_one_types(visit: Callable[..., Page]) -> None:
    page = visit(f"/player/{FIRST.lookup}")
    page.get_by_role("searchbox").fill("pace")
    shown = page.locator("tr.feature:visible th").all_inner_texts()
    assert shown
    assert all("pace" in name for name in shown)
    page.wait_for_function(DRAWN)
    page = visit("/players")
    page.get_by_role("searchbox").fill("keldt")
    assert page.locator(".people li:visible").count() > 0
    assert page.url.endswith("?q=keldt")


def test_without_script_a_movement_is_a_page_and_the_form_asks(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{str(site('graded').base_url).rstrip('/')}/lines")
    assert not page.locator("#filter").is_visible()
    page.locator("a.moves").first.click()
    assert page.locator("h1").is_visible()
    assert page.locator("table.small").count() == 2
    context.close()
