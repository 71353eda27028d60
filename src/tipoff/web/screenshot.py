"""A picture of a page, taken by Debian's Chromium through playwright; for the documentation and for a look.

Playwright is a development dependency: it is imported when a picture is asked for.
"""

from __future__ import annotations

from pathlib import Path

from tipoff.errors import ConfigError

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def screenshot(url: str, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False, whole: bool = False) -> None:
    """Write a PNG of a page. `width` and `height` are CSS pixels; `whole` takes the page to its end.

    Raises ConfigError where playwright or Chromium is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ConfigError("Pictures need playwright, which is not installed.", hint="`uv sync --group dev` installs it.") from None
    if not CHROMIUM.exists():
        raise ConfigError(f"Pictures need {CHROMIUM}, which is not installed.", hint="`apt-get install chromium` installs it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        try:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
            page.goto(url, wait_until="load")
            page.screenshot(path=str(path), full_page=whole)
        finally:
            browser.close()
