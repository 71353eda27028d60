"""The pages of reports, over real documents."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from web.page import Page

Site = Callable[[str], httpx.Client]
FINDING = "tiers-2025-01-01-2025-03-01-ridge_line"


def test_both_lists_lead_to_what_they_list_newest_first(site: Site) -> None:
    client = site("recorded")
    links = [link["href"] or "" for link in Page(client.get("/reports").text).all("a")]
    reports = [link for link in links if link.startswith("/reports/")]
    assert reports == ["/reports/backtests/two", "/reports/backtests/one", f"/reports/findings/{FINDING}"]
    assert all(client.get(link).status_code == 200 for link in reports)


def test_a_backtest_shows_each_system_with_its_figures_and_n(site: Site) -> None:
    client = site("recorded")
    told = client.get("/v1/backtests/one.json").json()
    page = Page(client.get("/reports/backtests/one").text)
    for one in told["systems"]:
        assert {"id": one["system_id"]} in page.all("details")
    assert "The leak check found nothing on 3 days" in page.text
    assert len(page.classed("figure", "chart")) >= 2


def test_a_finding_shows_its_sentence_its_comparisons_and_what_it_rests_on(site: Site) -> None:
    page = Page(site("recorded").get(f"/reports/findings/{FINDING}").text)
    for words in ("No: it is not shown", "[10,15): hit rate", "graded predictions", "tipoff research tiers", "A note."):
        assert words in page.text


def test_two_backtests_stand_side_by_side_with_their_difference(site: Site) -> None:
    page = Page(site("recorded").get("/reports/compare?a=one&b=two").text)
    assert "Both are of the same days" in page.text
    assert "0.00" in page.text
    assert "no interval" in page.text


@pytest.mark.parametrize(
    "path",
    [
        *("/reports/backtests/three", "/reports/backtests/index", "/reports/findings/index", "/reports/findings/nothing"),
        *(
            "/reports/backtests/..%2Fone",
            "/reports/backtests/ONE",
            "/reports/compare",
            "/reports/compare?a=one",
            "/reports/compare?a=one&b=../x",
        ),
    ],
)
def test_what_is_no_report_is_no_page(site: Site, path: str) -> None:
    assert site("recorded").get(path).status_code == 404


def test_before_anything_is_reported_it_names_the_commands(site: Site) -> None:
    text = site("nothing").get("/reports").text
    assert "tipoff backtest --start" in text
    assert "tipoff research QUESTION" in text


@pytest.mark.parametrize(
    "path", ["/record", "/fleet", "/reports", "/reports/backtests/one", "/reports/compare?a=one&b=two", f"/reports/findings/{FINDING}"]
)
def test_nothing_is_inline_and_every_header_has_its_scope(site: Site, path: str) -> None:
    page = Page(site("recorded").get(path).text)
    assert [
        attributes for _, attributes in page.elements if "style" in attributes or any(name.startswith("on") for name in attributes)
    ] == []
    assert [script for script in page.all("script") if "src" not in script and script.get("type") != "application/json"] == []
    assert all(header.get("scope") for header in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert len(page.all("h1")) == 1
    identities = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identities) == len(set(identities))
