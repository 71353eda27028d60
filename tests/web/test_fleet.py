"""The page of the fleet, over real documents; and its decisions, with and without the control API."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from publish.invented import NIGHT
from tipoff.publish.systems import Pair, PerformanceDay, Window
from tipoff.web.fleet import alike, spark
from web.page import Page
from web.recorded import GATES, HEADLINE

Site = Callable[[str], httpx.Client]


def test_every_system_stands_with_state_health_and_each_gate_with_value_and_threshold(site: Site) -> None:
    page = Page(site("recorded").get("/fleet").text)
    assert f"{HEADLINE} stands for the slate as champion" in page.text.replace("_ ", "_")
    for gate in GATES:
        assert str(gate["words"]) in page.text
    assert "1.700" in page.text
    assert {"passed", "failed", "insufficient_data"} <= {
        word for span in page.classed("span", "answer") for word in (span["class"] or "").split()
    }
    assert "watch" in page.text
    assert len(page.classed("svg", "spark")) == 2


def test_decay_is_told_in_words_to_whoever_does_not_see_it(site: Site) -> None:
    label = Page(site("recorded").get("/fleet").text).classed("svg", "spark")[0]["aria-label"]
    assert label is not None
    assert "30-day hit rate from" in label
    assert "n = 300" in label


@pytest.mark.parametrize("measure", ["margins", "errors", "picks"])
def test_how_alike_systems_are_is_a_table_of_numbers_with_their_n(site: Site, measure: str) -> None:
    page = Page(site("recorded").get(f"/fleet?alike={measure}").text)
    matrix = page.classed("table", "matrix")
    assert len(matrix) == 1
    cells = [cell for cell in page.all("td") if (cell.get("class") or "").startswith("step-")]
    assert len(cells) == 6  # three systems, both ways round
    assert all("n = " in (cell["title"] or "") for cell in cells)


def test_what_a_person_wrote_is_escaped(site: Site) -> None:
    assert "Ada &lt;b&gt;" in site("recorded").get("/fleet").text


def test_without_the_control_api_decisions_are_named_as_commands(site: Site) -> None:
    page = Page(site("recorded").get("/fleet").text)
    assert page.all("form") == []
    assert "tipoff promote MODEL" in page.text


def test_before_anything_is_trained_it_says_what_to_do(site: Site) -> None:
    assert "tipoff train" in site("nothing").get("/fleet").text


@pytest.mark.parametrize("query", ["?alike=luck", "?alike=../x", "?alike="])
def test_a_measure_that_is_none_is_no_page(site: Site, query: str) -> None:
    assert site("recorded").get(f"/fleet{query}").status_code == 404


def test_one_day_is_no_decay() -> None:
    windows = [Window(days=30, n=100, hit_rate=0.5, low=0.4, high=0.6, break_even=0.53)]
    empty: dict[str, None] = dict.fromkeys(("health", "state", "n_error", "mae", "bias", "n_brier", "brier"))
    day = PerformanceDay(game_date=NIGHT, windows=windows, **empty)
    assert spark([day]) is None
    assert spark([day, day]) is not None


def test_a_pair_stands_both_ways_round_with_its_shade() -> None:
    pair = Pair(first="a", second="b", margins_n=40, margins=1.0, errors_n=40, errors=0.5, picks_n=9, same_side=0.5, low=0.2, high=0.8)
    found = alike([pair], "margins")
    assert found.cells["a", "b"] == found.cells["b", "a"]
    assert (found.cells["a", "b"].text, found.cells["a", "b"].step) == ("1.00", 9)
    assert alike([pair], "picks").cells["a", "b"].step == 0
