"""Pages over real HTTP: every state renders, says what it is, and says what to do next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from obstore.store import ObjectStore

from publish.invented import NIGHT, fill
from publish.reading import BEFORE
from tipoff.publish.documents import Tonight
from tipoff.publish.export import publish_date
from tipoff.store.duckdb import DuckDBWarehouse
from web.page import Page
from web.serving import serving

Site = Callable[[str], httpx.Client]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("nothing", ("Nothing is published yet", "tipoff demo", "tipoff night DATE")),
        ("tonight", ("Wednesday, 12 February 2031", "Brooklyn Nets", "recommended", "unproven")),
        ("graded", ("How it went", "Hit rate", "champion", "final", "WIN", "LOSS")),
        ("halted", ("Halted", "slate_stopped: pace_score is constant", "withheld", "tipoff resume")),
        ("nothing_qualified", ("Nothing qualified", "the largest edge is")),
        ("broken", ("Something broke", "phase 5 (predict): no artefact fits", "tipoff night 2031-02-12")),
        ("no_games", ("No games", "tipoff night DATE")),
    ],
)
def test_the_page_of_each_state_says_what_it_is_and_what_to_do(site: Site, state: str, words: tuple[str, ...]) -> None:
    response = site(state).get("/")
    assert response.status_code == 200
    text = Page(response.text).text.replace("_ ", "_")
    assert [word for word in words if word not in text] == []


def test_every_player_is_on_the_page_once_predicted_or_absent(site: Site) -> None:
    client = site("tonight")
    night = Tonight.model_validate_json(client.get("/v1/tonight/latest.json").content)
    players = [player for game in night.games for player in game.players]
    page = Page(client.get("/").text)
    assert len(page.classed("tbody", "player")) == night.total_predicted
    assert len(page.classed("span", "who")) == sum(count.players for count in night.absences)
    assert all(player.name in page.text for player in players)


def test_what_is_waived_is_said_once_and_what_a_player_lacks_beside_his_quality(site: Site) -> None:
    client = site("tonight")
    text = Page(client.get("/").text).text
    assert text.count("Waived:") == 1
    assert "Waived: pct mid range, pct paint, pct three" in text
    night = Tonight.model_validate_json(client.get("/v1/tonight/latest.json").content)
    lacking = next(
        player
        for game in night.games
        for player in game.players
        if player.predictions and player.quality and "points_avg_last_5=too_few_games" in player.quality.missing
    )
    inside = client.get(f"/tonight/{night.game_date}/players/{lacking.player_lookup}")
    assert "missing points avg last 5 (too few games)" in Page(inside.text).text


def test_recommended_players_come_first_in_each_game(site: Site) -> None:
    page = Page(site("tonight").get("/").text)
    flags: list[list[bool]] = []
    for tag, attributes in page.elements:
        if tag == "article":
            flags.append([])
        elif tag == "tbody" and "player" in (attributes.get("class") or ""):
            flags[-1].append("data-recommended" in attributes)
    assert len(flags) == 5
    assert all(marks == sorted(marks, reverse=True) for marks in flags)
    assert any(any(marks) for marks in flags)


def test_the_practice_league_is_named_and_the_real_one_is_not(site: Site) -> None:
    assert "These players do not exist" in site("tonight").get("/").text
    assert "These players do not exist" not in site("graded").get("/").text


def test_the_age_of_the_data_is_told_by_the_injected_clock(site: Site) -> None:
    assert "14 minutes old" in site("tonight").get("/").text


def test_a_night_has_its_own_address_and_leads_to_its_neighbours(site: Site) -> None:
    client = site("graded")
    earlier = client.get("/tonight/2031-02-11")
    assert "No games" in earlier.text
    assert {"rel": "next", "href": f"/tonight/{NIGHT.isoformat()}"} in Page(earlier.text).all("a")
    assert {"rel": "prev", "href": "/tonight/2031-02-11"} in Page(client.get("/").text).all("a")


@pytest.mark.parametrize("path", ["/tonight/2031-02-13", "/tonight/yesterday", "/tonight/2031-13-40", "/nowhere", "/tonight/"])
def test_an_address_that_leads_nowhere_is_a_page_that_leads_on(site: Site, path: str) -> None:
    response = site("graded").get(path, follow_redirects=True)
    assert response.status_code == 404
    assert {"href": "/tonight/2031-02-12"} in Page(response.text).all("a")


def test_an_address_that_leads_nowhere_before_anything_is_published_names_the_commands(site: Site) -> None:
    response = site("nothing").get("/tonight/2031-02-12")
    assert response.status_code == 404
    assert "tipoff demo" in response.text


def test_tables_have_headers_with_scope_and_landmarks_have_roles(site: Site) -> None:
    page = Page(site("graded").get("/").text)
    assert {header.get("scope") for header in page.all("th")} == {"col", "row"}
    assert [element["role"] for name in ("header", "footer") for element in page.all(name) if "role" in element] == [
        "banner",
        "contentinfo",
    ]
    assert len(page.all("main")) == 1
    assert page.all("html") == [{"lang": "en"}]
    drawings = [svg for svg in page.all("svg") if svg.get("aria-hidden") != "true"]
    assert all(svg.get("aria-label") for svg in drawings)
    assert len(drawings) > 50


def test_nothing_on_a_page_is_inline_style_or_script_or_from_elsewhere(site: Site) -> None:
    for state in ("tonight", "graded", "nothing"):
        page = Page(site(state).get("/").text)
        assert [attributes for _, attributes in page.elements if "style" in attributes] == []
        assert [name for _, attributes in page.elements for name in attributes if name.startswith("on")] == []
        assert page.all("style") == []
        addresses = [a.get("src") or a.get("href") for tag in ("script", "link", "img", "a") for a in page.all(tag)]
        assert all(address and address.startswith(("/", "#")) for address in addresses)
        asked = [a.get("hx-get") for _, a in page.elements if "hx-get" in a]
        assert all(address and address.startswith("/tonight/") for address in asked)


def test_a_moment_of_another_day_says_which_day(site: Site) -> None:
    """The box scores of a night come the morning after."""
    page = Page(site("graded").get("/").text).text
    assert "Data as of Thu 13 Feb, " in page
    assert "Published Thu 13 Feb, 5:00 AM New York" in page
    assert "Published 6:14 PM New York" in Page(site("tonight").get("/").text).text


@pytest.mark.parametrize(
    ("later", "words"),
    [(timedelta(0), None), (timedelta(hours=2, minutes=30), "Stale"), (timedelta(hours=30), "Over, and not graded yet")],
)
def test_a_page_that_stands_behind_says_so_and_what_to_do(tmp_path: Path, bucket: ObjectStore, later: timedelta, words: str | None) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    fill(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    night = Tonight.model_validate_json(bucket.get("v1/tonight/latest.json").bytes().to_bytes())
    assert night.data_as_of is not None
    with serving(bucket, night.data_as_of + later) as client:
        text = Page(client.get("/").text).text
    told = [known for known in ("Stale", "Over, and not graded yet") if known in text]
    assert told == ([words] if words else [])
    assert words is None or "tipoff scrape" in text
