"""The page of the record, over real documents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from obstore.store import ObjectStore

from publish.reading import AFTER
from tipoff.publish.record import SystemDetails
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.web import figures, words
from tipoff.web.record import verdict
from tipoff.web.record_charts import units_chart
from web.page import Page
from web.recorded import HEADLINE, publish_everything
from web.serving import serving

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


def test_f51_who_stands_unproven_is_marked_so_and_the_days_since_training_are_told(tmp_path: Path, bucket: ObjectStore) -> None:
    publish_everything(DuckDBWarehouse(tmp_path / "w.duckdb"), bucket)
    path = "v1/systems/model-health.json"
    with serving(bucket, AFTER) as client:
        assert "unproven" not in client.get("/record").text
        told = client.get(f"/{path}").json()
        for one in told["systems"]:
            one |= {"bootstrap": one["headline"], "days_since_training": 9, "training_alert": "notice"}
        bucket.put(path, json.dumps(told).encode())
        text = Page(client.get("/record").text).text
        assert "It stands for the slate unproven" in text
        assert "9 days stale since training" in text
        other = next(one["system_id"] for one in told["systems"] if not one["headline"])
        assert "stands for the slate unproven" in Page(client.get(f"/record?system={other}").text).text


def test_a_system_without_a_grade_in_the_last_year_is_no_dead_link(tmp_path: Path, bucket: ObjectStore) -> None:
    """The record has its figures of all days; details there are none of."""
    publish_everything(DuckDBWarehouse(tmp_path / "w.duckdb"), bucket)
    told = json.loads(bytes(bucket.get("v1/record.json").bytes()))
    old = next(one for one in told["systems"] if one["system_id"] == HEADLINE)
    old["year"] |= {"first": "2029-01-02", "last": "2029-01-02"}
    bucket.put("v1/record.json", json.dumps(told).encode())
    bucket.delete(f"v1/record/{HEADLINE}.json")
    with serving(bucket, AFTER) as client:
        page = Page(client.get("/record").text)
        links = [link["href"] for link in page.all("a") if (link["href"] or "").startswith("/record?system=")]
        assert len(links) == len(told["systems"]) - 1
        assert {client.get(str(link)).status_code for link in links} == {200}


def test_the_axis_of_game_days_is_the_same_in_every_time_zone(site: Site) -> None:
    """A day is no moment: west of London an axis in the reader's own time showed the day before."""
    told = SystemDetails.model_validate_json(site("recorded").get(f"/v1/record/{HEADLINE}.json").content)
    chart = units_chart(told)
    assert chart is not None
    scales = [layer["encoding"]["x"]["scale"] for layer in chart["layer"] if "x" in layer["encoding"]]
    assert scales == [{"type": "utc"}] * 3
    assert chart["data"]["values"][-1]["day"] == words.short_date(told.days[-1].game_date)


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
