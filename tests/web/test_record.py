"""The page of the record, over real documents."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from tipoff.web import figures
from tipoff.web.record import verdict
from web.page import Page
from web.recorded import HEADLINE

Site = Callable[[str], httpx.Client]


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_it_shows_the_headline_with_n_and_interval_and_every_other_system_by_its_address(site: Site) -> None:
    client = site("recorded")
    told = client.get("/v1/record.json").json()
    page = Page(client.get("/record").text)
    year = next(one["year"] for one in told["systems"] if one["system_id"] == HEADLINE)
    rate = year["bets"]["hit_rate"]
    assert folded(figures.rate(rate["rate"])) in page.text
    interval = figures.between(rate["low"], rate["high"])
    assert folded(f"{interval}, n = {figures.count(rate['n'])}") in page.text
    links = {link["href"] for link in page.all("a")}
    for one in told["systems"]:
        address = f"/record?system={one['system_id']}"
        assert address in links
        assert f"Record of {one['system_id']}" in client.get(address).text


def test_losers_passes_and_voids_are_shown(site: Site) -> None:
    page = Page(site("recorded").get("/record").text)
    assert {"loss", "win"} <= {word for span in page.classed("span", "result") for word in (span["class"] or "").split()}
    assert page.classed("span", "pass")
    assert "One night" in page.text or "1 night says little" in page.text


def test_each_chart_has_its_data_as_a_table_beside_it(site: Site) -> None:
    page = Page(site("recorded").get("/record").text)
    charts = len(page.classed("figure", "chart"))
    assert charts >= 1
    assert len(page.all("details")) >= charts
    assert "table below" in " ".join(stage["aria-label"] or "" for stage in page.classed("div", "stage"))


def test_what_cannot_be_measured_is_said_so(site: Site) -> None:
    assert re.search(r"not measurable|measured for", Page(site("recorded").get("/record").text).text)


def test_before_anything_is_graded_it_says_what_to_do(site: Site) -> None:
    response = site("nothing").get("/record")
    assert response.status_code == 200
    assert "tipoff grade DATE" in response.text


@pytest.mark.parametrize("query", ["?system=nobody", "?system=../x", "?system=", "?system=A", "?system=index%00"])
def test_a_system_that_is_none_is_no_page(site: Site, query: str) -> None:
    assert site("recorded").get(f"/record{query}").status_code == 404


def test_the_same_page_is_not_sent_twice(site: Site) -> None:
    first = site("recorded").get("/record")
    assert site("recorded").get("/record", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_the_sentence_follows_from_the_interval(site: Site) -> None:
    from tipoff.publish.record import Total

    told = site("recorded").get("/v1/record.json").json()
    plain = next(one["year"] for one in told["systems"] if one["system_id"] == HEADLINE)

    def said(low: float, high: float, n: int = 100, days: int = 90) -> str:
        bets = plain["bets"] | {"n": n, "break_even": 0.53, "priced": {"n": n, "rate": (low + high) / 2, "low": low, "high": high}}
        return verdict(Total.model_validate(plain | {"bets": bets, "days": days}))

    assert "cannot be told from chance" in said(0.5, 0.6)
    assert "these bets lose" in said(0.4, 0.5)
    assert "leak check" in said(0.54, 0.6)
    assert "1 night says little" in said(0.5, 0.6, days=1)
    assert "nothing can be said" in said(0.5, 0.6, n=0)
