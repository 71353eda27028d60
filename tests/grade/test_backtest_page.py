"""The page of a backtest: what it says is what the JSON says, whatever the data holds stays text, and no request leaves the machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backtest.invented import FACTS, LEAK, PLAN, SAID, Row, at_random, fact, tables, word
from tipoff.grade.backtest_figures import Figures, figures
from tipoff.grade.backtest_page import page
from tipoff.web.screenshot import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = "<script>alert(1)</script>"
SYSTEMS = ("one", "two_with_a_longer_name", HOSTILE)


class Tables(HTMLParser):
    """The words of a page, its tags, and by class of table and system the cells of the rows that are a system's."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: dict[tuple[str, str], list[str]] = {}
        self.words: list[str] = []
        self._table = ""
        self._system: str | None = None
        self._in_cell = False
        self.feed(html)
        self.close()
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "table":
            self._table = given.get("class") or ""
        if tag == "tr":
            self._system = given.get("data-system")
            if self._system is not None:
                self.cells[self._table, self._system] = []
        self._in_cell = tag == "td" or (self._in_cell and tag in ("b", "span"))
        if tag == "td" and self._system is not None:
            self.cells[self._table, self._system].append("")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._in_cell and self._system is not None:
            cells = self.cells[self._table, self._system]
            cells[-1] = f"{cells[-1]} {data}".strip()


@pytest.fixture(scope="module")
def invented() -> tuple[list[Row], list[Row]]:
    return at_random(8, 120, SYSTEMS)


@pytest.fixture(scope="module")
def found(invented: tuple[list[Row], list[Row]]) -> Figures:
    return figures(*tables(*invented))


@pytest.fixture(scope="module")
def html(found: Figures) -> str:
    return page(found, PLAN | {"note": HOSTILE}, LEAK | {HOSTILE: HOSTILE})


@pytest.fixture(scope="module")
def shown(html: str) -> Tables:
    return Tables(html)


def spelt(value: float | None, digits: int, *, sign: bool = False, percent: bool = False) -> str:
    """A number as people read it, spelt once more."""
    if value is None:
        return "–"
    text = f"{100 * value if percent else value:{'+' if sign else ''},.{digits}f}"
    if not float(text.replace(",", "")) and sign:
        text = text[1:]
    return text.replace("-", "−") + ("\u202f%" if percent else "")


def between(of: dict[str, Any], digits: int, *, sign: bool = True, percent: bool = False) -> str:
    if of["low"] is None:
        return "–"
    low, high = (spelt(of[end], digits, sign=sign, percent=percent).removesuffix("\u202f%") for end in ("low", "high"))
    return f"[{low}, {high}]"


def test_every_system_stands_in_every_table(shown: Tables) -> None:
    assert set(shown.cells) == {(table, system) for table in ("errors", "chances", "spreads", "picks", "sides") for system in SYSTEMS}


def test_errors_on_the_page_are_those_of_the_json(shown: Tables, found: Figures) -> None:
    for name, system in found.as_dict()["systems"].items():
        of = system["pooled"]
        lined, priced = of["lined"], of["priced"]

        def difference(against: dict[str, Any]) -> str:
            return f"{spelt(against['difference'], 3, sign=True)} {between(against, 3)}"

        assert shown.cells["errors", name] == [
            spelt(lined["shifted_line"]["n"], 0),
            spelt(lined["shifted_line"]["ours"], 3),
            difference(lined["shifted_line"]),
            difference(lined["line"]),
            f"{spelt(lined['margin']['mean'], 2, sign=True)} {between(lined['margin'], 2)}",
            spelt(priced["shifted_line"]["n"], 0),
            difference(priced["shifted_line"]),
            spelt(of["errors"]["n"], 0),
            spelt(of["errors"]["mae"], 3),
            spelt(of["errors"]["rmse"], 3),
            spelt(of["errors"]["bias"], 2, sign=True),
            spelt(of["last_10"]["n"], 0),
            difference(of["last_10"]),
        ]


def test_probabilities_on_the_page_are_those_of_the_json(shown: Tables, found: Figures) -> None:
    for name, system in found.as_dict()["systems"].items():
        priced, calibration = system["pooled"]["priced"], system["pooled"]["calibration"]
        market, even = priced["brier"]["against_market"], system["pooled"]["lined"]["brier"]["against_even"]
        told = [priced["brier"]["against_market"], priced["brier"]["against_recalibrated"], priced["log_loss"]["against_market"], even]
        differences = [f"{spelt(one['difference'], 5, sign=True)} {between(one, 5)}" for one in told]
        errors = [spelt(calibration[part], 4) for part in ("error", "perfect_mean", "perfect_95")]
        of_market = [spelt(market["n"], 0), spelt(market["ours"], 4), *differences[:3]]
        assert shown.cells["chances", name] == [*of_market, spelt(even["n"], 0), differences[3], *errors]


@pytest.mark.parametrize("which", ["picks", "sides"])
def test_bets_on_the_page_are_those_of_the_json(shown: Tables, found: Figures, which: str) -> None:
    for name, system in found.as_dict()["systems"].items():
        of = system["pooled"][which]["total"]
        under = of["under"]

        def rate(value: dict[str, Any]) -> str:
            return f"{spelt(value['rate'], 1, percent=True)} {between(value, 1, sign=False, percent=True)}"

        def returned(value: dict[str, Any]) -> str:
            return f"{spelt(value['mean'], 1, sign=True, percent=True)} {between(value, 1, percent=True)}"

        close, bets = of["clv_points"], spelt(of["bets"], 0)
        assert shown.cells[which, name] == [
            spelt(of["hit_rate"]["n"], 0),
            rate(of["hit_rate"]),
            f"{rate(of['priced_hit_rate'])} {spelt(of['priced_hit_rate']['n'], 0)}",
            spelt(of["break_even"], 1, percent=True),
            returned(of["roi"]),
            spelt(of["units"], 1, sign=True),
            returned(of["roi_standard"]),
            rate(under["hit_rate"]),
            f"{returned(under['roi'])} {spelt(under['roi']['n'], 0)}",
            returned(under["roi_standard"]),
            f"{spelt(close['mean'], 2, sign=True)} {between(close, 2)} {spelt(close['n'], 0)} of {bets}",
            f"{returned(of['clv_prob'])} {spelt(of['clv_prob']['n'], 0)} of {bets}",
            f"{bets} {of['won']}–{of['lost']}–{of['push']}–{of['void']}",
        ]


def test_whatever_the_data_holds_stays_text(html: str, shown: Tables) -> None:
    assert HOSTILE not in html
    assert "<script" not in html.lower()
    assert not [tag for tag, _ in shown.tags if tag == "script"]
    assert shown.text.count(HOSTILE) > 10
    assert not [name for _, attributes in shown.tags for name in attributes if name.startswith("on")]


def test_no_request_leaves_the_machine(html: str, shown: Tables) -> None:
    addresses = [value or "" for _, given in shown.tags for name, value in given.items() if name in ("src", "href", "xlink:href", "action")]
    assert addresses
    assert all(address.startswith("#") for address in addresses)
    assert not re.search(r"url\(\s*['\"]?(?!#)|@import", html)
    assert not {tag for tag, _ in shown.tags} & {"link", "img", "iframe", "object", "embed", "form", "base"}


def test_every_link_leads_to_a_place_on_the_page(shown: Tables) -> None:
    there = {given["id"] for _, given in shown.tags if "id" in given}
    assert {(given["href"] or "")[1:] for tag, given in shown.tags if tag == "a"} <= there


def test_every_picture_is_there_for_every_system_and_named(shown: Tables) -> None:
    pictures = [given for tag, given in shown.tags if tag == "svg"]
    assert len(pictures) == 6 + 5 * len(SYSTEMS)
    assert all(given["role"] == "img" and given["aria-label"] for given in pictures)


def test_the_plan_and_the_leak_check_are_shown(shown: Tables) -> None:
    assert "refit days 7" in shown.text
    assert "2024-10-22-7d-a1b2" in shown.text
    assert "The leak check found nothing" in shown.text
    assert "truncation: builds: 160; rows: 9,000" in shown.text


def test_a_backtest_without_a_leak_check_says_so_and_one_with_leaks_names_them() -> None:
    row = fact(0)
    found = figures(*tables([row], [word(row)]))
    assert "No leak check was made" in page(found, PLAN, None)
    leaks = [{"feature": "usage_rate", "table": "raw.player_box", "probe": "truncation", "as_of": date(2025, 1, 1), "count": 12}]
    told = Tables(page(found, PLAN, LEAK | {"findings": leaks})).text
    assert "The leak check found 1 leak " in told
    assert "usage_rate raw.player_box truncation 2025-01-01 12" in told
    assert "found nothing" not in told


def test_a_leak_alarm_stands_before_the_figures() -> None:
    rows = [fact(number, actual_points=19.0, game_date=date(2024, 11, 4)) for number in range(300)]
    found = figures(*tables(rows, [word(row, predicted_whole=19) for row in rows]))
    told = Tables(page(found, PLAN, LEAK)).text
    assert told.index("Leak alarm: 1 system is too good to be believed") < told.index("Error in points")
    assert "hit rate of recommendations, 100.0 %, above 60 %, N 300" in told


def test_a_backtest_of_nothing_is_a_page_that_says_so() -> None:
    told = Tables(page(figures(FACTS.empty_table(), SAID.empty_table()), {}, None)).text
    assert "No prediction could be compared with a line" in told


def test_the_headline_claims_no_more_than_the_interval() -> None:
    """Twenty dates, on so many of which a system is a point nearer than the shifted line, and on the others a point farther."""

    def headline(nearer: int) -> str:
        rows = [fact(number, actual_points=20.0 if number < nearer else 16.0) for number in range(20)]
        told = Tables(page(figures(*tables(rows, [word(row, predicted_whole=19) for row in rows])), PLAN, LEAK)).words
        return next(text for text in told if "shifted line" in text)

    assert headline(20) == "Leak alarm: one errs 1.000 points less than the shifted line · Tipoff backtest"
    assert headline(0).startswith("No system errs less than the shifted line: one, the nearest, errs 1.000 points more")
    assert headline(10).startswith("No system is told apart from the shifted line: one, the nearest, errs 0.000 points")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_without_a_fault_and_it_fits_its_window(
    browser: Browser, html: str, tmp_path: Path, width: int, scheme: Any
) -> None:
    (tmp_path / "backtest.html").write_text(html, encoding="utf-8")
    address = (tmp_path / "backtest.html").as_uri()
    faults: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    shown = context.new_page()
    shown.on("console", lambda message: faults.append(message.text))
    shown.on("pageerror", lambda error: faults.append(str(error)))
    shown.on("request", lambda request: None if request.url == address else faults.append(request.url))
    shown.goto(address, wait_until="load")
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    drawn = shown.evaluate("getComputedStyle(document.querySelector('svg [stroke=\"var(--ours)\"]')).stroke")
    assert drawn == {"light": "rgb(180, 74, 18)", "dark": "rgb(242, 160, 106)"}[scheme]
    shown.evaluate("location.hash = '#system-2'")
    assert shown.locator("details").nth(1).evaluate("node => node.open")  # a link into a closed part opens it
    context.close()
    assert faults == []
