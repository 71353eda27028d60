"""The pipeline's page: what it shows of the state database, the stream that tells of changes, who may look, and its calls in a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tipoff.flow.dead_letter_log import dead_letters
from tipoff.flow.dead_letters import receive
from tipoff.flow.expected import write_expected
from tipoff.flow.reactions import react
from tipoff.web.screenshot import CHROMIUM, FLAGS
from web.controlled import BEARER, NIGHT, TOKEN, Served, controlling, settings_in, with_history
from web.looking import WHAT_IS_AMISS
from web.page import Page

DAY = NIGHT.isoformat()
PAGE = f"/pipeline/{DAY}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with controlling(settings_in(with_history(tmp_path_factory.mktemp("pipeline")))) as found:
        yield found


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """As it is where the server listens on more than its own machine."""
    folder = with_history(tmp_path_factory.mktemp("guarded"))
    with controlling(settings_in(folder, host="0.0.0.0")) as found:
        yield found


def test_it_says_how_a_day_stands_and_what_to_do(served: Served) -> None:
    text = Page(served.stranger.get(PAGE).text).text
    for words in ("Games and phases", "Batches", "Nobody is at work", "Credits", "All were taken and delivered", "What came in"):
        assert words in text


def test_a_day_without_games_and_an_address_that_is_no_day(served: Served) -> None:
    assert "No game of this day is known" in Page(served.stranger.get("/pipeline/2001-01-01").text).text
    assert [served.stranger.get(f"/pipeline/{day}").status_code for day in ("today", "2001-02-30", "x%2f..")] == [404, 404, 404]
    for edge in ("0001-01-01", "9999-12-31"):  # neighbours of which there are none
        assert [served.stranger.get(f"/pipeline/{edge}{part}").status_code for part in ("", "/board", "/events")] == [404, 404, 404]


def test_a_batch_that_was_asked_for_is_on_the_board_and_the_stream_tells(served: Served) -> None:
    heard: list[str] = []
    first = threading.Event()

    def listen() -> None:
        with httpx.Client(base_url=served.stranger.base_url, timeout=30) as client, client.stream("GET", f"{PAGE}/events") as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    heard.append(line.removeprefix("data: "))
                    first.set()
                    if len(heard) == 2:
                        return

    listener = threading.Thread(target=listen)
    listener.start()
    assert first.wait(30)
    assert served.post("/grade", game_date=DAY).status_code == 202
    listener.join(30)
    assert not listener.is_alive()
    assert len(set(heard)) == 2
    board = served.stranger.get(f"{PAGE}/board")
    assert board.headers["cache-control"] == "no-store"
    assert "grade 1" in Page(board.text).text
    served.post("/reset", game_date=DAY)


def test_a_dead_letter_is_shown_as_text_and_replayed(served: Served) -> None:
    assert not receive(served.desk, b'{"phase": "<b>load</b>"}', react, "a test")
    text = Page(served.stranger.get(f"{PAGE}/board").text)
    letter = dead_letters(served.house.state)[0]
    assert letter.letter_id in text.text
    assert text.all("b") == []
    assert served.post("/replay", letters=[letter.letter_id[:8]]).json() == {"taken": 0, "left": 1}
    assert served.post("/replay", letters=["ffffffff"]).status_code == 422


def test_f60_who_may_not_look_sees_no_board(guarded: Served) -> None:
    assert "The token is asked for" in Page(guarded.stranger.get(PAGE).text).text
    for path in (f"{PAGE}/board", f"{PAGE}/events"):
        assert guarded.stranger.get(path).status_code == 401
        assert guarded.stranger.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert "Games and phases" in guarded.stranger.get(f"{PAGE}/board", headers=BEARER).text


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
def test_an_operator_gives_the_token_asks_for_work_and_sees_it(served: Served, guarded: Served, tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    faults: list[str] = []
    write_expected(served.house, NIGHT)  # the grid is wider than a phone
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 390, "height": 900})
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
        page.goto(f"{str(served.client.base_url).rstrip('/')}{PAGE}")
        page.locator("#live.on").wait_for()
        violations = axe.Axe().run(page, options=WHAT_IS_AMISS).response["violations"]
        assert [one["id"] for one in violations if one["impact"] in ("serious", "critical")] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        export = page.locator("form[data-call='/export']")
        export.get_by_role("button").click()
        export.get_by_text("The token is missing").wait_for()
        page.get_by_label("Token of this server").fill(TOKEN)
        page.get_by_role("button", name="Keep it for this tab").click()
        export.get_by_role("button").click()
        export.get_by_text("Done").wait_for()
        page.locator("#board").get_by_text("exported by hand").first.wait_for()
        assert TOKEN not in page.content()
        assert TOKEN not in page.url

        page.goto(f"{str(guarded.client.base_url).rstrip('/')}{PAGE}")
        page.get_by_label("Token of this server").fill(TOKEN)
        page.get_by_role("button", name="Keep it for this tab").click()
        page.locator("#board").get_by_text("Games and phases").wait_for()
        browser.close()
    assert faults == []
    served.post("/reset", game_date=DAY)
