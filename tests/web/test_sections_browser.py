"""Record, fleet and reports in a real browser: no fault, no request to anywhere else, charts drawn; and decisions by the token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from cli.test_fleet import stocked
from tipoff.clock import ManualClock
from tipoff.flow.engine import open_desk
from tipoff.flow.house import open_house
from tipoff.flow.publishing import publish_of_all_days
from tipoff.web.screenshot import CHROMIUM, FLAGS
from train.graded_rows import DAY, NOON
from web.controlled import TOKEN, Served, serving, settings_in
from web.looking import WHAT_IS_AMISS
from web.recorded import HEADLINE

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
Site = Callable[[str], httpx.Client]
PATHS = (
    "/record",
    f"/record?system={HEADLINE}",
    "/fleet?alike=picks",
    "/reports",
    "/reports/backtests/one",
    "/reports/compare?a=one&b=two",
    "/reports/findings/tiers-2025-01-01-2025-03-01-ridge_line",
)
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_each_page_loads_without_a_fault_fits_its_window_and_draws_its_charts(browser: Browser, site: Site, width: int) -> None:
    base = str(site("recorded").base_url).rstrip("/")
    faults: list[str] = []
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(base) else faults.append(request.url))
        for path in PATHS:
            page.goto(base + path, wait_until="load")
            page.wait_for_function("document.querySelectorAll('figure.chart:not([data-drawn])').length === 0")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            for summary in page.locator("main summary:visible").all():
                summary.click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path}, with everything open"
    assert faults == []


def test_nobody_is_shut_out_by_a_serious_fault(browser: Browser, site: Site) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    base = str(site("recorded").base_url).rstrip("/")
    found = []
    for scheme in ("light", "dark"):
        with browser.new_context(color_scheme=scheme) as context:
            page = context.new_page()
            for path in ("/record", "/fleet", "/reports", "/reports/backtests/one"):
                page.goto(base + path, wait_until="load")
                faults = axe.run(page, options=WHAT_IS_AMISS).response["violations"]
                found += [(path, scheme, fault["id"], fault["nodes"][0]["html"][:200]) for fault in faults if fault["impact"] in SERIOUS]
    assert found == []


@contextmanager
def fleet_under_control(folder: Path) -> Iterator[Served]:
    """A house with three models and the evidence to judge them, its fleet published, and its control API."""
    stocked(folder)
    with open_house(settings_in(folder), ManualClock(NOON + timedelta(days=3)), wait_seconds=10) as house, open_desk(house) as desk:
        publish_of_all_days(house, DAY, calendar=False, record=False)
        with serving(desk) as served:
            yield served


def _fill(page: Page, model: str, to: str) -> None:
    form = page.locator("form[data-call='/promote']")
    form.locator("[name=model_id]").select_option(model)
    form.locator("[name=to]").select_option(to)
    form.get_by_label("Who decides").fill("Ada")
    form.get_by_label("Why").fill("it is better")
    form.get_by_role("button", name="Promote").click()


def test_a_model_is_promoted_by_whoever_has_the_token_and_by_nobody_else(browser: Browser, tmp_path: Path) -> None:
    with fleet_under_control(tmp_path) as served, browser.new_context() as context:
        page = context.new_page()
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{str(served.stranger.base_url).rstrip('/')}/fleet", wait_until="load")
        answer = page.locator("form[data-call='/promote'] output")

        _fill(page, "catboost_v9-1", "champion")
        sync_api.expect(answer).to_contain_text("The token is missing")
        assert sent == []

        page.get_by_label("Token of this server").fill("another-token-0123456789")
        page.get_by_role("button", name="Keep it for this tab").click()
        _fill(page, "catboost_v9-1", "champion")
        sync_api.expect(answer).to_contain_text("The token is not this server's")
        sync_api.expect(answer).to_contain_text("Next:")

        page.get_by_label("Token of this server").fill(TOKEN)
        page.keyboard.press("Enter")
        _fill(page, "xgboost_v12-1", "shadow")
        sync_api.expect(answer).to_contain_text("The gates do not let it through")

        _fill(page, "catboost_v9-1", "champion")
        sync_api.expect(answer).to_contain_text("catboost_v9-1: shadow → champion")
        states = {row["model_id"]: row["state"] for row in served.house.warehouse.read("models.registry").to_pylist()}
        assert states["catboost_v9-1"] == "champion"
        assert TOKEN not in page.content()
        assert all(TOKEN not in url for url in (page.url, *sent))

        form = page.locator("form[data-call='/rollback']")
        form.get_by_label("Who decides").fill("Bo")
        form.get_by_label("Why").fill("it lost")
        form.get_by_role("button", name="Roll back").click()
        sync_api.expect(form.locator("output")).to_contain_text("There is no former champion")
        page.get_by_role("button", name="Forget it").click()
        sync_api.expect(page.get_by_label("Token of this server")).to_be_focused()
        assert page.evaluate("sessionStorage.length") == 0


def test_without_a_token_on_the_server_the_page_says_how_to_set_one(tmp_path: Path) -> None:
    with (
        open_house(settings_in(tmp_path).model_copy(update={"api_token": None}), ManualClock(NOON)) as house,
        open_desk(house) as desk,
    ):
        stocked(tmp_path)
        publish_of_all_days(house, DAY, calendar=False, record=False)
        with serving(desk) as served:
            text = served.stranger.get("/fleet").text
    assert "TIPOFF_API_TOKEN" in text
    assert "data-call" not in text
