"""axe-core finds no serious fault on any page, by light and by dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from publish.invented import NIGHT, Night
from tipoff.web.screenshot import CHROMIUM, FLAGS
from web.looking import WHAT_IS_AMISS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
GRAVE = ("serious", "critical")
BOTH = 3
"""So many pages are looked at both ways, the others one way each."""
SOMEBODY = Night().men()[0].lookup
PAGES = [
    ("graded", "/"),
    ("tonight", "/lines"),
    ("graded", f"/player/{SOMEBODY}"),
    ("tonight", f"/lines/{NIGHT}/{SOMEBODY}"),
    ("tonight", f"/tonight/{NIGHT}?sort=ev&side=pick"),
    ("tonight", "/players"),
    ("halted", "/"),
    ("nothing", "/"),
    ("nothing", "/nowhere"),
]

LOOKS = (("light", 1280), ("dark", 390))
SEEN = [(*page, *look) for place, page in enumerate(PAGES) for look in (LOOKS if place < BOTH else LOOKS[place % 2 :][:1])]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield opened
        opened.close()


@pytest.mark.parametrize(("state", "path", "scheme", "width"), SEEN)
def test_a_page_has_no_serious_fault(
    browser: Browser, site: Callable[[str], httpx.Client], state: str, path: str, scheme: Any, width: int
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(str(site(state).base_url).rstrip("/") + path, wait_until="load")
    found = axe.Axe().run(page, options=WHAT_IS_AMISS).response["violations"]
    grave = [f"{one['id']}: {node['html'][:160]}" for one in found if one["impact"] in GRAVE for node in one["nodes"][:3]]
    context.close()
    assert grave == []
