"""The page of a backtest: what it says is what the JSON says, whatever the data holds stays text, and no request leaves the machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backtest.about import CHECK, LEAK, PLAN, planned
from backtest.invented import FACTS, SAID, Row, at_random, fact, tables, word
from tipoff.grade.backtest_figures import Figures, figures
from tipoff.grade.backtest_page import page
from tipoff.grade.backtest_words import headline
from tipoff.grade.bankroll import Bankroll, simulate_each
from tipoff.market.staking import StakingRule
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
            cells[-1] = f"{cells[-1]} {data.strip()}".strip()


@pytest.fixture(scope="module")
def invented() -> tuple[list[Row], list[Row]]:
    return at_random(8, 120, SYSTEMS)


@pytest.fixture(scope="module")
def found(invented: tuple[list[Row], list[Row]]) -> Figures:
    return figures(*tables(*invented))


@pytest.fixture(scope="module")
def bankrolls(invented: tuple[list[Row], list[Row]]) -> dict[str, Bankroll]:
    """The third system asks for more than any bet has."""
    facts, said = tables(*invented)
    return simulate_each(said, facts, StakingRule(shrink="none"), {HOSTILE: 0.9})


@pytest.fixture(scope="module")
def html(found: Figures, bankrolls: dict[str, Bankroll]) -> str:
    plan = PLAN | {"note": HOSTILE, "systems": [planned("one"), planned(HOSTILE, loss=HOSTILE)]}
    plan["summary"] = PLAN["summary"] | {"refused": {"three": {HOSTILE: HOSTILE}}, "absences": {HOSTILE: 3}}
    leak = {"checks": [CHECK | {"altered": [HOSTILE], "compared": {HOSTILE: {"builds": 1, "rows": 2}}}]}
    return page(found, plan, leak, bankrolls)


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
        return ""
    low, high = (spelt(of[end], digits, sign=sign, percent=percent).removesuffix("\u202f%") for end in ("low", "high"))
    return f"[{low}, {high}]"


def test_every_system_stands_in_every_table(shown: Tables) -> None:
    assert set(shown.cells) == {
        (table, system) for table in ("glance", "bankrolls", "errors", "chances", "spreads", "picks", "sides") for system in SYSTEMS
    } | {("silence", name) for name in (*SYSTEMS, "two", "three")}


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

        def close(value: dict[str, Any], mean: str, between_: str, bets: str) -> str:
            return " ".join([*([mean, between_] if value["n"] else []), f"{spelt(value['n'], 0)} of {bets}"]).replace("  ", " ")

        bets, priced, roi = spelt(of["bets"], 0), of["priced_hit_rate"], under["roi"]
        hit = rate(of["hit_rate"])
        if priced["n"] not in (0, of["hit_rate"]["n"]):
            hit += f" with a price {rate(priced)}"
        points, chance = of["clv_points"], of["clv_prob"]
        assert shown.cells[which, name] == [
            spelt(of["hit_rate"]["n"], 0),
            hit,
            f"{spelt(of['break_even'], 1, percent=True)} {spelt(priced['n'], 0)}",
            returned(of["roi"]),
            spelt(of["units"], 1, sign=True),
            returned(of["roi_standard"]),
            rate(under["hit_rate"]),
            returned(roi) + ("" if roi["n"] == priced["n"] else f" of {spelt(roi['n'], 0)}"),
            returned(under["roi_standard"]),
            close(points, spelt(points["mean"], 2, sign=True), between(points, 2), bets),
            close(chance, spelt(chance["mean"], 1, sign=True, percent=True), between(chance, 1, percent=True), bets),
            f"{bets} {of['won']}–{of['lost']}–{of['push']}–{of['void']}",
        ]


def test_the_first_table_says_of_each_system_what_the_json_says(shown: Tables, found: Figures) -> None:
    for name, system in found.as_dict()["systems"].items():
        of = system["pooled"]
        brier, total = of["priced"]["brier"], of["picks"]["total"]
        rate, roi = total["hit_rate"], total["roi"]

        def difference(against: dict[str, Any], digits: int = 3) -> str:
            return f"{spelt(against['difference'], digits, sign=True)} {between(against, digits)}"

        assert shown.cells["glance", name] == [
            spelt(of["lined"]["shifted_line"]["n"], 0),
            difference(of["lined"]["shifted_line"]),
            spelt(brier["against_market"]["n"], 0),
            difference(brier["against_market"], 4),
            difference(brier["against_recalibrated"], 4),
            spelt(of["crps"]["n"], 0),
            difference(of["crps"]),
            spelt(of["last_10"]["n"], 0),
            difference(of["last_10"]),
            spelt(rate["n"], 0),
            f"{spelt(rate['rate'], 1, percent=True)} {between(rate, 1, sign=False, percent=True)}",
            f"{spelt(roi['mean'], 1, sign=True, percent=True)} {between(roi, 1, percent=True)}"
            + ("" if roi["n"] == rate["n"] else f" of {spelt(roi['n'], 0)}"),
        ]


def test_bankrolls_on_the_page_are_those_of_the_json(shown: Tables, bankrolls: dict[str, Bankroll]) -> None:
    for name in ("one", "two_with_a_longer_name"):
        of = bankrolls[name].as_dict()
        ends = [f"{spelt(of[band]['low'][-1], 3)} to {spelt(of[band]['high'][-1], 3)}" for band in ("as_fair", "as_claimed")]
        cells = shown.cells["bankrolls", name]
        assert cells[:2] == [spelt(of["recommended"], 0), spelt(of["bets"], 0)]
        assert {int(part.split(" ")[0]) for part in cells[-1].split(", ")} == {count for count in of["left_out"].values() if count}
        assert cells[2:-1] == [
            spelt(of["days"], 0),
            spelt(of["final"], 3),
            f"{spelt(of['roi']['mean'], 1, sign=True, percent=True)} {between(of['roi'], 1, percent=True)}",
            spelt(of["roi"]["n"], 0),
            spelt(of["max_drawdown"], 1, percent=True),
            *ends,
        ]


def test_a_system_without_a_bet_says_why_in_one_line(shown: Tables, bankrolls: dict[str, Bankroll]) -> None:
    of = bankrolls[HOSTILE]
    assert of.bets == 0
    (line,) = shown.cells["bankrolls", HOSTILE]
    assert line.startswith(f"of {of.recommended} recommendations none was bet on: ")
    assert f"{of.left_out['below_edge']} below the least edge" in line


def test_the_staking_rule_stands_beside_the_bankrolls(shown: Tables) -> None:
    assert (
        "Staked is 0.25 of Kelly's stake, the claim taken for true; at most 2\u202f% of the morning's bankroll a bet".replace("\u202f", " ")
        in shown.text
    )
    assert "Prices of a consensus are left out, since nobody can bet there." in shown.text


def test_a_page_without_bankrolls_has_no_part_for_them(found: Figures) -> None:
    assert 'href="#bankroll"' not in page(found, PLAN, LEAK)


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
    assert len(pictures) == 6 + 5 * len(SYSTEMS) + 2, "side by side, of each system, and two bankrolls"
    assert all(given["role"] == "img" and given["aria-label"] for given in pictures)


def test_no_name_of_a_system_is_cut_in_a_picture() -> None:
    name = "catboost_v12_noveg_with_a_tail"
    rows = [fact(number) for number in range(5)]
    html = page(figures(*tables(rows, [word(row, system_id=name) for row in rows])), PLAN, LEAK)
    pictures = re.findall("<svg.*?</svg>", html, re.DOTALL)
    named = [picture for picture in pictures if f">{name}<" in picture]
    assert len(named) == 6
    for picture in named:
        right = float(re.findall(r"translate\(([0-9.]+),", picture)[0])
        assert right > 6 * len(name), "there is room for it left of the picture, whatever the browser's font"


def test_more_systems_than_the_eye_tells_apart_are_not_all_drawn_but_all_told() -> None:
    row = fact(0)
    names = [f"system{number:02}" for number in range(23)]
    html = page(figures(*tables([row], [word(row, system_id=name) for name in names])), PLAN, LEAK)
    assert "The first 20 of 23 systems" in html
    side_by_side = html[html.index('id="compared"') : html.index('id="silence"')]
    assert side_by_side.count(">system19<") > 0
    assert ">system20<" not in side_by_side
    assert {name for table, name in Tables(html).cells if table == "errors"} == set(names)


def test_the_plan_is_shown_in_words_and_its_systems_in_a_table(found: Figures) -> None:
    told = Tables(page(found, PLAN, LEAK)).text
    for words in ("refit days 7", "2024-10-22-7d-a1b2", "begun 2025-04-14 08:15 UTC", "folds 25", "to fit 1,235 s"):
        assert words in told
    assert "one catboost v12 RMSE 1095d 1 points" in told
    assert "depth 6, learning rate 0.05 a1b2c3" in told
    assert "one, three" in told


def test_who_was_not_predicted_is_told_with_counts_and_reasons(found: Figures) -> None:
    shown = Tables(page(found, PLAN, LEAK))
    assert "few minutes of late, and no line 4,200 no line, and the system speaks of a line only 17" in shown.text
    assert "31 player-games are set apart from every figure" in shown.text
    asked = str(found.references.player_games)
    assert shown.cells["silence", "two"] == ["0", asked, "3", "0", ""]
    assert shown.cells["silence", "three"] == ["0", asked, "0", "2", "Too little to learn from: 12 rows."]
    assert shown.cells["silence", "one"][0] == str(found.systems["one"].pooled.player_games)


def test_where_everybody_spoke_of_everything_that_is_said() -> None:
    row = fact(0)
    told = Tables(page(figures(*tables([row], [word(row)])), {"systems": [planned("one")], "summary": {}}, LEAK)).text
    assert "Every system spoke of every player-game that could be predicted." in told


def test_what_the_leak_check_compared_is_shown_check_by_check(found: Figures) -> None:
    told = Tables(page(found, PLAN, LEAK)).text
    assert "The leak check found nothing" in told
    assert "2024-10-22 160 65 214 9,000 4,321 0 2025-01-02 160 65 214 9,000 4,321 0" in told
    assert "Not altered, since their rows do not say when they were known: ref.sources." in told


@pytest.mark.parametrize("leak", [None, {}, {"checks": []}])
def test_a_backtest_without_a_leak_check_says_so(leak: dict[str, Any] | None) -> None:
    row = fact(0)
    assert "No leak check was made" in page(figures(*tables([row], [word(row)])), PLAN, leak)


def test_the_leaks_of_any_check_are_named_at_the_top() -> None:
    row = fact(0)
    leaks = [{"feature": "usage_rate", "table": "raw.player_box", "probe": "truncation", "as_of": date(2025, 1, 1), "count": 12}]
    told = Tables(page(figures(*tables([row], [word(row)])), PLAN, {"checks": [CHECK, CHECK | {"findings": leaks}]})).text
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

    def titled(nearer: int) -> str:
        rows = [fact(number, actual_points=20.0 if number < nearer else 16.0) for number in range(20)]
        told = Tables(page(figures(*tables(rows, [word(row, predicted_whole=19) for row in rows])), PLAN, LEAK)).words
        return next(text for text in told if "shifted line" in text)

    assert titled(20) == "Leak alarm: one errs 1.000 points less than the shifted line · Tipoff backtest"
    assert titled(0) == "one does not beat the shifted line: it errs 1.000 points more · Tipoff backtest"
    assert titled(10) == "one does not beat the shifted line: it errs 0.000 points less, which may be chance · Tipoff backtest"


def test_a_system_told_apart_from_the_shifted_line_leads_before_one_that_only_seems_nearer() -> None:
    rows = [fact(number, actual_points=20.0 if number % 2 else 16.0) for number in range(20)]
    rows[0] |= {"actual_points": 20.0}
    rows[2] |= {"actual_points": 20.0}
    surely = [
        word(row, system_id="surely", predicted_whole=19 if number in (0, 1, 2, 3, 5, 7, 9) else 18) for number, row in enumerate(rows)
    ]
    perhaps = [word(row, system_id="perhaps", predicted_whole=22 if row["actual_points"] > 18 else 20) for row in rows]
    found = figures(*tables(rows, surely + perhaps))
    assert headline(found).startswith("Leak alarm: surely errs 0.350 points less than the shifted line")
    worse = figures(*tables(rows, [word(row, system_id=name, predicted_whole=24) for name in ("one", "two") for row in rows]))
    assert headline(worse).startswith("No system beats the shifted line: one, the nearest, errs ")


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
