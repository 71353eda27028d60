"""The page in a real browser: no console errors, no request to anywhere else, and its small script works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from tipoff.web.screenshot import CHROMIUM, FLAGS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
Site = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Open a state's page; afterwards there was neither an error nor a request off the host."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="Europe/Paris")

    def go(state: str, width: int = 1280) -> Page:
        client = site(state)
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(str(client.base_url)) else faults.append(request.url))
        page.goto(str(client.base_url), wait_until="load")
        return page

    yield go
    context.close()
    assert faults == []


@pytest.mark.parametrize("state", ["nothing", "tonight", "graded", "halted", "broken"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_loads_without_a_fault_and_fits_its_window(visit: Callable[..., Page], state: str, width: int) -> None:
    page = visit(state, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px"  # the sheet was applied


RUN_OUT = """() => [...document.querySelectorAll('.players .main > *, .players .main .block, .results, .results td')]
    .filter(part => part.offsetParent && part.scrollWidth > part.clientWidth + 1)
    .map(part => `${part.tagName}.${part.className}: ${part.textContent.trim()}`)"""


AT_THE_EDGE = """() => [...document.querySelectorAll('.players .actual, .players .chip')].filter(part => part.offsetParent
    && part.getBoundingClientRect().right > part.closest('.game').getBoundingClientRect().right - 8).map(part => part.textContent)"""


@pytest.mark.parametrize("state", ["tonight", "graded"])
def test_no_name_or_figure_runs_out_of_its_cell_at_any_width(visit: Callable[..., Page], state: str) -> None:
    """Columns that can be spared go one after the other: a name never runs into the line beside it."""
    page = visit(state)
    page.evaluate("document.querySelectorAll('.players .name').forEach(name => name.textContent = 'Maximilian Østerstead-II')")
    for width in (1500, 1351, 1350, 1280, 1201, 1200, 1131, 1130, 1001, 1000, 871, 870, 761, 760, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator(".players .main").first.is_visible()
        assert page.evaluate(RUN_OUT) == [], f"{width} pixels wide"
        assert page.evaluate(AT_THE_EDGE) == [], f"{width} pixels wide"
        card, story = (page.locator(of).first.bounding_box() for of in (".game:has(.player)", ".player .more details"))
        assert card is not None
        assert story is not None
        assert abs(card["width"] - story["width"]) < 4


def test_rows_are_found_narrowed_and_ordered_without_a_new_page_and_the_address_tells_it(visit: Callable[..., Page]) -> None:
    page = visit("tonight")
    everybody = page.locator("tbody.player").count()
    page.get_by_label("Call").select_option("pick")
    page.wait_for_url("**/tonight/*?side=pick")
    recommended = page.locator("tbody.player").count()
    assert 0 < recommended == page.locator("tbody.player[data-recommended]").count() < everybody
    page.get_by_role("searchbox").fill("KELDT")
    page.wait_for_url("**?side=pick&q=KELDT")
    page.get_by_label("Call").select_option("")
    page.wait_for_url("**/tonight/*?q=KELDT")
    names = page.locator("tbody.player .name").all_inner_texts()
    assert names
    assert all("Keldt" in name for name in names)
    page.goto(page.url)
    assert page.locator("tbody.player .name").all_inner_texts() == names, "the address alone shows the same"


def test_the_readers_own_time_stands_beside_new_yorks(visit: Callable[..., Page]) -> None:
    assert "7:00 PM New York" in (tip := visit("tonight").locator("article.game .facts").first.inner_text())
    assert "your time" in tip


def test_what_the_systems_say_opens_by_the_keyboard(visit: Callable[..., Page]) -> None:
    page = visit("tonight")
    first = page.locator("tbody.player summary").first
    first.focus()
    page.keyboard.press("Enter")
    page.locator("tbody.player .opinions").first.wait_for(state="visible")


def test_the_page_is_whole_without_its_script(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(str(site("tonight").base_url))
    assert page.locator("tbody.player:visible").count() == page.locator("tbody.player").count() > 0
    page.get_by_label("Call").select_option("pick")
    page.get_by_role("button", name="Show").click()
    assert page.locator("tbody.player").count() == page.locator("tbody.player[data-recommended]").count() > 0
    context.close()
