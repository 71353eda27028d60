"""The pages of players over real documents: every part with its figures, each state, and the list."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from obstore.store import ObjectStore

from publish.invented import NIGHT, Night
from publish.reading import BEFORE
from tipoff.publish.documents import Opinion
from tipoff.publish.people import PlayerDocument, Players
from tipoff.store.tables.features import catalogue
from tipoff.web import player_charts
from tipoff.web.player import fits, near, record
from web.page import Page
from web.serving import serving

Site = Callable[[str], httpx.Client]
MEN = Night().men()
FIRST = MEN[0]


def document(client: httpx.Client, lookup: str = FIRST.lookup) -> PlayerDocument:
    return PlayerDocument.model_validate_json(client.get(f"/v1/player/{lookup}.json").content)


def page_of(client: httpx.Client, lookup: str = FIRST.lookup) -> tuple[str, Page]:
    html = client.get(f"/player/{lookup}").text
    return html, Page(html)


def charts(html: str) -> list[dict[str, Any]]:
    return [json.loads(found) for found in re.findall(r'<script type="application/json">(.*?)</script>', html)]


def test_a_player_has_every_part(site: Site) -> None:
    client = site("graded")
    player = document(client)
    html, page = page_of(client)
    text = page.text.replace("_ ", "_")
    for title in ("Last 12 games", "Every system's opinion", "Splits", "Lines and grades", "Features", "Fair price"):
        assert title in text
    assert all(opinion.system_id in text for opinion in player.predictions[0].systems)
    assert len(page.classed("tr", "feature")) == len(catalogue())
    assert [len(chart.get("data", {}).get("values", [])) for chart in charts(html)][1:] == [12, 12, 12]
    assert f"/lines/{NIGHT.isoformat()}/{FIRST.lookup}" in html
    assert "n = " in text
    assert all(f"{split.n}" in text for split in player.splits)


def test_days_since_training_and_what_is_unproven_stand_beside_every_system(site: Site) -> None:
    client = site("tonight")
    night = client.get("/v1/tonight/latest.json").json()
    trained = {one["system_id"]: one["days_since_training"] for one in night["systems"]}
    text = page_of(client)[1].text.replace("_ ", "_")
    inside = Page(client.get(f"/tonight/{NIGHT}/players/{FIRST.lookup}").text).text.replace("_ ", "_")
    for system_id in (opinion.system_id for opinion in document(client).predictions[0].systems):
        told = f"{trained[system_id]} days" if trained[system_id] is not None else ""
        assert all(re.search(rf"{system_id} (unproven )?{told}", shown) for shown in (text, inside))
    assert "unproven" in text
    leader = next(one for one in night["systems"] if one["headline"])
    movement = Page(client.get(f"/lines/{NIGHT}/{FIRST.lookup}").text).text.replace("_ ", "_")
    assert f"Predictions are those of {leader['system_id']} unproven , {leader['days_since_training']} days since training" in movement
    assert "This player does not exist" in movement


def test_who_was_passed_on_and_did_not_play_is_no_void_bet(site: Site) -> None:
    graded = document(site("graded")).grades[0].model_copy(update={"result": "VOID", "units": 0.0})
    passed = graded.model_copy(update={"recommendation": "PASS"})
    assert record([graded.model_copy(update={"recommendation": "OVER"}), passed])["void"] == 1


def test_bars_tell_over_and_under_by_a_mark_as_well_as_by_colour(site: Site) -> None:
    player = document(site("tonight"))
    chart = player_charts.bars(player.games, 20.5)
    rows = chart["data"]["values"]
    assert [row["points"] for row in rows] == [game.points for game in reversed(player.games)]
    assert {row["side"]: row["mark"] for row in rows} == {"over": "▲", "under": "▼"}
    assert all((row["points"] > 20.5) == (row["side"] == "over") for row in rows)
    assert chart["layer"][-1]["data"]["values"] == [{"line": 20.5}]
    without = player_charts.bars(player.games, None)
    ends = [game.over_under_result for game in reversed(player.games)]
    assert [row["side"].upper() for row in without["data"]["values"]] == ends


def test_what_is_on_record_of_no_game_has_no_chart(site: Site) -> None:
    games = document(site("tonight")).games
    bare = [game.model_copy(update={"usage_rate": None, "minutes": None}) for game in games]
    assert player_charts.usage(bare) is player_charts.minutes(bare) is None
    told = player_charts.usage(games)
    assert told is not None
    assert [row["usage"] for row in told["data"]["values"]] == [game.usage_rate for game in reversed(games)]


def test_a_distribution_is_one_and_has_no_word_where_nothing_is_known() -> None:
    known: dict[str, Any] = {"system_id": "a", "predicted": 20.0, "mean": 20.4, "sd": 6.5, "p_over": 0.5, "p_push": 0.0, "p_under": 0.5}
    known |= {"line": 20.5, "bookmaker": None, "over_price": None, "under_price": None, "price": None, "edge": None, "line_margin": None}
    opinion = Opinion(**known, recommendation="PASS", result=None)
    chart = player_charts.distribution(opinion, 31)
    assert chart is not None
    assert sum(row["chance"] for row in chart["data"]["values"]) == pytest.approx(1, abs=1e-3)
    assert len(chart["layer"]) == 4
    assert player_charts.distribution(opinion.model_copy(update={"sd": None})) is None


def test_both_sides_have_their_fair_price_and_what_the_books_price_is_worth(site: Site) -> None:
    client = site("tonight")
    shown = document(client).predictions[0].headline
    assert shown is not None
    assert shown.p_over is not None
    text = page_of(client)[1].text
    assert f"{1 / shown.p_over:.2f}" in text
    assert f"{1 / (1 - shown.p_over):.2f}" in text
    assert "Expected" in text


def test_a_player_without_a_line_and_one_whom_nobody_predicted_say_so(site: Site) -> None:
    client = site("tonight")
    unlined, silent = (next(man for man in MEN if man.place == place) for place in (7, 8))
    assert "No book quotes him" in page_of(client, unlined.lookup)[1].text
    assert "Nobody predicted him" in page_of(client, silent.lookup)[1].text


def test_a_halted_night_withholds_the_call(site: Site) -> None:
    text = page_of(site("halted"))[1].text
    assert "slate_stopped: pace_score is constant" in text
    assert "withheld" in text


def test_names_of_the_night_lead_to_their_players(site: Site) -> None:
    client = site("tonight")
    names = [link["href"] for link in Page(client.get("/").text).classed("a", "name")]
    assert len(names) > 50
    assert client.get(str(names[0])).status_code == 200


def test_nobody_is_answered_with_the_nearest_names(site: Site) -> None:
    response = site("tonight").get(f"/player/{FIRST.lookup[:-2]}")
    assert response.status_code == 404
    assert f"/player/{FIRST.lookup}" in [link.get("href") for link in Page(response.text).all("a")]
    assert site("nothing").get("/player/somebody").status_code == 404


@pytest.mark.parametrize("path", ["/player/A", "/player/a.b", "/player/..%2fplayers", "/player/a_b", f"/player/{'a' * 81}"])
def test_f61_what_is_no_lookup_is_no_page(site: Site, path: str) -> None:
    response = site("tonight").get(path)
    assert response.status_code == 404
    assert "There is no page here" in response.text


def test_the_list_has_everybody_and_hides_whom_the_question_does_not_name(site: Site) -> None:
    client = site("tonight")
    everybody = Players.model_validate_json(client.get("/v1/players.json").content).players
    entries = Page(client.get("/players").text).all("li")
    assert len(entries) == len(everybody) == 90
    assert not [entry for entry in entries if "hidden" in entry]
    asked = Page(client.get("/players", params={"q": "KELDT"}).text)
    left = [entry["data-name"] or "" for entry in asked.all("li") if "hidden" not in entry]
    assert left
    assert all("Keldt" in name for name in left)
    assert {"type": "search", "name": "q", "value": "KELDT"}.items() <= asked.all("input")[0].items()
    assert "Nobody is called so" in client.get("/players", params={"q": "<b>&quot;"}).text
    assert "<b>" not in client.get("/players", params={"q": "<b>&quot;"}).text
    assert "Nothing is published yet" in site("nothing").get("/players").text


def test_near_names_hold_the_asked_one_or_are_like_it(site: Site) -> None:
    listed = {one.player_lookup: one for one in Players.model_validate_json(site("tonight").get("/v1/players.json").content).players}
    assert near(FIRST.lookup[3:], listed)[0].player_lookup == FIRST.lookup
    assert near("zzzzzz", listed) == []
    one = listed[FIRST.lookup].model_copy(update={"name": "Luka Dončić", "team": "DAL"})
    assert fits(one, "doncic dallas")
    assert not fits(one, "doncic boston")


def test_a_document_of_another_version_says_what_to_do(bucket: ObjectStore) -> None:
    bucket.put("v1/player/somebody.json", b'{"schema_version": 0}')
    with serving(bucket, BEFORE) as client:
        response = client.get("/player/somebody")
    assert response.status_code == 500
    assert "another version" in response.text
    assert "tipoff night DATE" in response.text
