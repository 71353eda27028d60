"""The pages of lines over real documents: a column a book, what is marked, movements as a part and as a page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import httpx
import pytest
from obstore.store import ObjectStore

from publish.invented import NIGHT
from publish.reading import BEFORE
from tipoff.publish.lines import GameLines, Lines, PlayerLines
from tipoff.web import movement
from tipoff.web.lines import cells, columns
from web.page import Page
from web.serving import serving

Site = Callable[[str], httpx.Client]
ADDRESS = f"/lines/{NIGHT.isoformat()}"


def lines_of(client: httpx.Client) -> Lines:
    return Lines.model_validate_json(client.get(f"/v1/lines/{NIGHT.isoformat()}.json").content)


def marked(lines: Lines, *, outlier: bool) -> tuple[GameLines, PlayerLines]:
    """A player at whom a book is an outlier, or none is."""
    pairs = ((game, player) for game in lines.games for player in game.players)
    return next(pair for pair in pairs if any(book.is_outlier for book in pair[1].books) is outlier)


def test_every_quoted_player_has_a_row_and_every_book_a_column(site: Site) -> None:
    client = site("tonight")
    lines = lines_of(client)
    page = Page(client.get("/lines").text)
    assert client.get("/lines").text == client.get(ADDRESS).text
    assert len(page.classed("tbody", "quoted")) == lines.total_players > 50
    assert len(page.classed("th", "book")) == sum(len(columns(lines, game)) for game in lines.games)
    assert all(player.name in page.text for game in lines.games for player in game.players)
    shown = {link["href"] for link in page.classed("a", "name")}
    assert shown == {f"/player/{player.player_lookup}" for game in lines.games for player in game.players}


def test_a_cell_has_the_point_the_price_the_opening_and_the_hold_and_marks_by_word(site: Site) -> None:
    client = site("tonight")
    lines = lines_of(client)
    game, player = marked(lines, outlier=True)
    html = client.get("/lines").text
    row = re.split(r"<tbody class=\"quoted\"", html)
    (mine,) = (part for part in row if f'/player/{player.player_lookup}"' in part)
    text = Page(mine).text
    for cell in cells(lines, game, player):
        assert cell is not None
        assert f"{cell.book.newest.point:.1f} {cell.book.newest.over_price:.2f}" in text
        assert f"opened at {cell.book.opening.point:.1f}" in text
    assert "outlier" in text
    assert "best over" in text
    assert "best under" in text
    assert "hold" in text
    stray = next(cell for cell in cells(lines, game, player) if cell is not None and cell.book.is_outlier)
    assert stray.title in [cell.get("title") for cell in Page(mine).classed("td", "apart")]


def test_sportsbooks_come_first_and_what_lapsed_is_marked(site: Site) -> None:
    client = site("tonight")
    lines = lines_of(client)
    assert columns(lines, lines.games[0])[-1][0] == "prizepicks"
    words = Page(client.get("/lines").text)
    assert len(words.classed("td", "gone")) > 10
    assert "pulled" in words.text
    assert "lapsed" in words.text


def test_a_movement_is_a_part_for_htmx_and_a_page_without(site: Site) -> None:
    client = site("tonight")
    _, player = marked(lines_of(client), outlier=True)
    address = f"{ADDRESS}/{player.player_lookup}"
    page, part = client.get(address), client.get(address, headers={"HX-Request": "true"})
    assert page.text.startswith("<!doctype html>")
    assert part.text.lstrip().startswith("<section")
    assert "HX-Request" in page.headers["vary"]
    assert page.headers["etag"] != part.headers["etag"]
    (specification,) = re.findall(r'<script type="application/json">(.*?)</script>', part.text)
    chart = json.loads(specification)
    steps = chart["layer"][-1]
    assert steps["mark"]["interpolate"] == "step-after"
    assert {row["book"] for row in steps["data"]["values"]} == {lines_of(client).bookmakers[book.bookmaker] for book in player.books}
    kinds = {label["label"] for layer in chart["layer"] if layer["mark"]["type"] == "text" for label in layer["data"]["values"]}
    assert {kind for label in kinds for kind in label.split(", ")} == {"opening", "news", "prediction"}
    assert len(movement.changes(player, lines_of(client).bookmakers)) == sum(1 + len(book.steps) for book in player.books)


def test_the_tables_say_what_the_chart_shows(site: Site) -> None:
    client = site("tonight")
    game, player = marked(lines_of(client), outlier=False)
    lines = lines_of(client)
    text = Page(client.get(f"{ADDRESS}/{player.player_lookup}").text).text
    for change in movement.changes(player, lines.bookmakers):
        assert f"{change.book} " in text
    for happening in movement.happenings(game, player):
        assert happening.text in text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("nothing", ("Nothing is published yet", "tipoff demo")),
        ("halted", ("Halted", "slate_stopped: pace_score is constant", "best over")),
        ("no_games", ("No games", "tipoff night DATE")),
        ("broken", ("Something broke", "No quotes yet")),
    ],
)
def test_each_state_says_what_it_is(site: Site, state: str, words: tuple[str, ...]) -> None:
    text = Page(site(state).get("/lines").text).text
    assert [word for word in words if word not in text] == []


def test_a_halt_withholds_what_was_said_beside_the_movement(site: Site) -> None:
    client = site("halted")
    player = next(player for game in lines_of(client).games for player in game.players)
    text = Page(client.get(f"{ADDRESS}/{player.player_lookup}").text).text
    assert "withheld while the slate is halted" in text
    assert "Projection" not in text


@pytest.mark.parametrize(
    "path", ["/lines/2031-02-30", "/lines/2031-02-13", "/lines/yesterday", f"{ADDRESS}/nobody", f"{ADDRESS}/A.B", f"{ADDRESS}/..%2fa"]
)
def test_f61_an_address_that_leads_nowhere_is_no_page(site: Site, path: str) -> None:
    assert site("tonight").get(path, follow_redirects=True).status_code == 404


def test_a_night_of_before_lines_were_published_says_how_they_are(site: Site, bucket: ObjectStore) -> None:
    bucket.put("v1/tonight/latest.json", site("tonight").get("/v1/tonight/latest.json").content)
    bucket.put(f"v1/tonight/{NIGHT.isoformat()}.json", site("tonight").get("/v1/tonight/latest.json").content)
    with serving(bucket, BEFORE) as client:
        assert f"tipoff publish {NIGHT.isoformat()} --documents lines" in Page(client.get("/lines").text).text
        assert client.get(ADDRESS).status_code == 200
        bucket.put(f"v1/lines/{NIGHT.isoformat()}.json", b'{"schema_version": 0}')
        assert client.get(ADDRESS).status_code == 500
        assert "another version" in client.get(ADDRESS).text


def test_nothing_is_inline_and_every_drawing_is_labelled(site: Site) -> None:
    client = site("tonight")
    _, player = marked(lines_of(client), outlier=True)
    for path in ("/lines", f"{ADDRESS}/{player.player_lookup}"):
        page = Page(client.get(path).text)
        assert [attributes for _, attributes in page.elements if "style" in attributes] == []
        assert [name for _, attributes in page.elements for name in attributes if name.startswith("on")] == []
        assert all(script.get("src") or script.get("type") == "application/json" for script in page.all("script"))
        assert {header.get("scope") for header in page.all("th")} <= {"col", "row"}
        assert all(stage.get("aria-label") for stage in page.classed("div", "stage"))
        assert all(box.get("tabindex") == "0" and box.get("aria-label") for box in page.classed("div", "scroll"))
