"""The practice upstream misbehaves as it is told: each fault as it stands on the wire, who gets it, and what is on record."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tipoff.clock import ManualClock
from tipoff.errors import BadInput
from tipoff.practice import Season
from tipoff.practice.faults import FAULTS, Fault, redirect, too_many
from tipoff.practice.mischief import Mischief
from tipoff.practice.server import API_KEY, running

LINES = "/odds-api/v4/sports/basketball_practice/odds"
ASKED = {"apiKey": API_KEY, "regions": "us", "markets": "h2h,totals"}
TARGET = f"{LINES}?apiKey={API_KEY}&regions=us&markets=h2h,totals"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def mischief() -> Mischief:
    return Mischief()


@pytest.fixture(scope="module")
def url(season: Season, mischief: Mischief) -> Iterator[str]:
    with running(season, ManualClock(season.games[400].tip - timedelta(hours=2)), mischief=mischief) as found:
        yield found


@pytest.fixture(autouse=True)
def calm(mischief: Mischief) -> None:
    mischief.calm()


@pytest.fixture
def props(season: Season) -> str:
    return f"/odds-api/v4/sports/basketball_practice/events/{season.games[400].event_id}/odds"


def get(url: str, path: str = LINES, **more: Any) -> httpx.Response:
    return httpx.get(f"{url}{path}", params={**ASKED, **more})


def on_the_wire(url: str, target: str = TARGET) -> tuple[bytes, bytes | type[Exception]]:
    """What comes over a socket of one's own until it ends: the head, and the body, or how the connection broke."""
    place = urlsplit(url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=30) as line:
        line.sendall(f"GET {target} HTTP/1.1\r\nhost: practice\r\nconnection: close\r\n\r\n".encode())
        came = b""
        try:
            while piece := line.recv(65536):
                came += piece
        except ConnectionError as error:
            return came.partition(b"\r\n\r\n")[0], type(error)
    head, _, body = came.partition(b"\r\n\r\n")
    return head, body


def length_told(head: bytes) -> int:
    [told] = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(told.partition(b":")[2])


class TestAnswers:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 422, 429, 500, 502, 503, 504])
    def test_a_status_stands_for_itself(self, url: str, mischief: Mischief, status: int) -> None:
        mischief.script("lines", str(status))
        assert get(url).status_code == status
        assert get(url).status_code == 200

    @pytest.mark.parametrize("status", [204, 304])
    def test_some_have_no_body(self, url: str, mischief: Mischief, status: int) -> None:
        mischief.script("lines", str(status))
        head, body = on_the_wire(url)
        assert (head.split()[1], body) == (str(status).encode(), b"")
        assert b"content-length" not in head

    @pytest.mark.parametrize("name", ["empty", "null", "html", "nested"])
    def test_a_body_of_its_own_is_sent_as_it_is(self, url: str, mischief: Mischief, name: str) -> None:
        mischief.script("lines", name)
        found = get(url)
        assert (found.status_code, found.content) == (200, FAULTS[name].body)

    def test_retry_after_is_told_in_seconds_as_a_date_and_in_any_words(self, url: str, mischief: Mischief) -> None:
        mischief.script("lines", too_many(2.5), too_many(datetime(2026, 1, 28, 12, tzinfo=UTC)), too_many("soon"), "429")
        told = [get(url).headers.get("retry-after") for _ in range(4)]
        assert told == ["2.5", "Wed, 28 Jan 2026 12:00:00 GMT", "soon", None]

    def test_a_redirect_leads_where_it_is_told_the_key_repeated_where_it_is_told(self, url: str, mischief: Mischief) -> None:
        mischief.script("lines", "redirect loop", "redirect with the key", redirect("http://elsewhere.invalid{path}", 308))
        found = [(answer.status_code, answer.headers["location"]) for answer in (get(url) for _ in range(3))]
        query = f"apiKey={API_KEY}&regions=us&markets=h2h%2Ctotals"
        assert found == [(302, LINES), (302, f"{LINES}?{query}"), (308, f"http://elsewhere.invalid{LINES}")]

    def test_credit_headers_are_missing_or_absurd_and_the_answer_is_whole(self, url: str, mischief: Mischief) -> None:
        true = get(url)
        mischief.script("lines", "credits untold", "credits absurd")
        untold, absurd = get(url), get(url)
        assert untold.content == absurd.content == true.content
        assert not [name for name in untold.headers if name.startswith("x-requests")]
        assert absurd.headers["x-requests-last"] == "-7"

    def test_a_gzip_that_is_none_says_that_it_is_one(self, url: str, mischief: Mischief) -> None:
        mischief.script("lines", "no gzip")
        with pytest.raises(httpx.DecodingError):
            get(url)


class TestSpoiltAnswers:
    """The true answer with one thing changed."""

    @pytest.fixture
    def true(self, url: str, props: str) -> str:
        return get(url, props, markets="player_points").text

    def spoilt(self, url: str, props: str, mischief: Mischief, fault: Fault | str) -> bytes:
        mischief.script("props", fault)
        return get(url, props, markets="player_points").content

    @pytest.mark.parametrize("name", ["no price", "no point", "no player", "no team"])
    def test_something_is_missing(self, url: str, props: str, mischief: Mischief, true: str, name: str) -> None:
        key = {"no price": "price", "no point": "point", "no player": "description", "no team": "home_team"}[name]
        found = self.spoilt(url, props, mischief, name).decode()
        assert found.count(f'"{key}":') == true.count(f'"{key}":') - 1
        assert json.loads(found).keys() >= {"id", "bookmakers"}

    @pytest.mark.parametrize(("name", "literal"), [("price nan", "NaN"), ("price 1e308", "1e308"), ("price negative", "-1.87")])
    def test_a_price_is_no_price(self, url: str, props: str, mischief: Mischief, true: str, name: str, literal: str) -> None:
        found = self.spoilt(url, props, mischief, name).decode()
        assert found.count(f'"price":{literal}') == 1
        assert found.count('"price":') == true.count('"price":')

    def test_a_price_is_named_twice(self, url: str, props: str, mischief: Mischief, true: str) -> None:
        found = self.spoilt(url, props, mischief, "price twice").decode()
        assert found.replace('"price":1.5,', "", 1) == true

    def test_a_market_is_another(self, url: str, props: str, mischief: Mischief, true: str) -> None:
        assert self.spoilt(url, props, mischief, "wrong market").decode().replace("player_assists", "player_points") == true

    def test_it_is_in_another_encoding(self, url: str, props: str, mischief: Mischief, true: str) -> None:
        assert self.spoilt(url, props, mischief, "utf-16").decode("utf-16") == true
        with pytest.raises(UnicodeDecodeError):
            self.spoilt(url, props, mischief, "latin-1").decode()

    def test_it_ends_too_early_or_far_too_late(self, url: str, props: str, mischief: Mischief, true: str) -> None:
        assert self.spoilt(url, props, mischief, "truncated") == true.encode()[:-40]
        padded = self.spoilt(url, props, mischief, Fault(padding_bytes=1000))
        assert padded.decode() == true + " " * 1000

    def test_where_there_is_nothing_to_spoil_no_fault_is_on_record(self, url: str, mischief: Mischief) -> None:
        mischief.script("lines", "no player")
        assert get(url).status_code == 200
        assert mischief.asked("lines")[-1].fault is None

    @given(st.binary())
    def test_what_is_no_text_stays_as_it_is_but_for_what_is_spoilt(self, body: bytes) -> None:
        assert Fault(edit=("no such thing", "")).spoil(body) == body
        assert Fault(edit=("^", "x")).spoil(body) == b"x" + body


class TestConnections:
    @pytest.fixture
    def body(self, url: str) -> bytes:
        _, body = on_the_wire(url)
        assert isinstance(body, bytes)
        return body

    @pytest.mark.parametrize(("name", "end"), [("close", b""), ("reset", ConnectionResetError)])
    def test_no_word_comes_and_the_connection_is_over(self, url: str, mischief: Mischief, name: str, end: object) -> None:
        mischief.script("lines", name)
        assert on_the_wire(url) == (b"", end)

    def test_a_silent_one_says_nothing_for_as_long_as_one_waits(self, url: str, mischief: Mischief) -> None:
        mischief.script("lines", "silent")
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{url}{TARGET}", timeout=0.2)
        assert get(url).status_code == 200

    def test_a_reset_in_the_middle_of_the_body(self, url: str, mischief: Mischief) -> None:
        mischief.script("lines", "reset midway")
        _, broke = on_the_wire(url)
        assert broke is ConnectionResetError

    def test_one_that_is_cut_ends_before_its_length(self, url: str, mischief: Mischief, body: bytes) -> None:
        mischief.script("lines", "cut")
        head, came = on_the_wire(url)
        assert (length_told(head), came) == (len(body), body[: len(body) // 2])

    def test_a_length_lies_in_both_ways(self, url: str, mischief: Mischief, body: bytes) -> None:
        mischief.script("lines", "claims more", "claims less")
        more, less = on_the_wire(url), on_the_wire(url)
        assert more[1] == less[1] == body
        assert length_told(more[0]) > len(body) > length_told(less[0])

    @pytest.mark.parametrize("manner", ["drip", "drip_head"])
    def test_what_drips_comes_whole_in_the_end(self, url: str, mischief: Mischief, manner: Any) -> None:
        mischief.script("lines", Fault(body=b"[1, 2, 3]", manner=manner, drip_seconds=0.0))
        head, body = on_the_wire(url)
        assert (head.split()[1], length_told(head), body) == (b"200", 9, b"[1, 2, 3]")

    def test_what_drips_pauses_between_two_bytes(self, url: str, mischief: Mischief) -> None:
        mischief.script("lines", Fault(body=b"[1, 2, 3]", manner="drip", drip_seconds=3600.0))
        with httpx.stream("GET", f"{url}{TARGET}", timeout=0.2) as answer:
            assert answer.status_code == 200
            with pytest.raises(httpx.ReadTimeout):
                answer.read()

    def test_a_slow_one_waits_before_its_first_byte(self, url: str, mischief: Mischief) -> None:
        mischief.script("lines", Fault(wait_seconds=3600.0), Fault(wait_seconds=0.01))
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{url}{TARGET}", timeout=0.2)
        assert get(url).status_code == 200


class TestCredits:
    def test_what_is_replaced_costs_nothing_unless_it_is_told_to(self, url: str, mischief: Mischief) -> None:
        before = mischief.charged()
        mischief.script("lines", "503", "reset")
        get(url)
        with pytest.raises(httpx.ReadError):
            get(url)
        assert mischief.charged() == before
        mischief.script("lines", Fault(status=503, charged=True), Fault(manner="close", charged=True))
        assert "x-requests-last" not in get(url).headers
        with pytest.raises(httpx.RemoteProtocolError):
            get(url)
        assert mischief.charged() == before + 4

    def test_the_count_is_that_of_the_source_itself(self, url: str, mischief: Mischief) -> None:
        for name in ("truncated", "credits absurd", None):
            mischief.script("lines", name)
            get(url)
        told = httpx.get(f"{url}/odds-api/v4/sports", params=ASKED).headers["x-requests-used"]
        assert mischief.charged() == int(told) > 0


class TestWhoGetsIt:
    def test_a_script_is_for_the_first_that_match_in_order_and_then_it_behaves(self, url: str, mischief: Mischief, props: str) -> None:
        mischief.script("lines", "503", None, "404")
        assert get(url, props, markets="player_points").status_code == 200
        assert [get(url).status_code for _ in range(5)] == [503, 200, 404, 200, 200]

    def test_the_last_goes_on_for_ever_until_it_is_calmed(self, url: str, mischief: Mischief) -> None:
        mischief.script("*/odds", "503", "500", forever=True)
        assert [get(url).status_code for _ in range(4)] == [503, 500, 500, 500]
        mischief.calm()
        assert get(url).status_code == 200

    def test_an_unknown_fault_is_refused_with_those_that_there_are(self, mischief: Mischief) -> None:
        with pytest.raises(BadInput, match="reset midway"):
            mischief.script("*", "explode")

    def test_an_unknown_feed_is_refused_with_those_that_there_are(self, mischief: Mischief) -> None:
        with pytest.raises(BadInput, match="schedule"):
            mischief.script("porps", "503")

    def test_every_request_gets_one_of_the_script_however_many_come_at_once(self, url: str, mischief: Mischief) -> None:
        mischief.script("lines", *["503"] * 7)
        with ThreadPoolExecutor(8) as pool:
            found = [answer.status_code for answer in pool.map(lambda _: get(url), range(20))]
        assert sorted(found) == [200] * 13 + [503] * 7

    @given(seed=st.integers(0, 2**32), share=st.floats(0, 1), paths=st.permutations(["/a", "/b", "/c"] * 20))
    def test_a_rate_gives_the_same_request_the_same_fault_whatever_else_is_asked(self, seed: int, share: float, paths: list[str]) -> None:
        def faults(order: list[str]) -> dict[str, list[Fault | None]]:
            found = Mischief()
            found.rate("*", share, "503", "reset", seed=seed)
            for path in order:
                found.next(path, has_key=False)
            return {path: [asked.fault for asked in found.asked(path)] for path in ("/a", "/b", "/c")}

        assert faults(paths) == faults(sorted(paths))

    @pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
    def test_a_rate_is_a_share(self, share: float) -> None:
        found = Mischief()
        found.rate("*", share, "503", seed=1)
        for number in range(4000):
            found.next(f"/{number % 50}", has_key=False)
        given_one = sum(asked.fault is not None for asked in found.asked())
        assert abs(given_one - 4000 * share) <= 4 * (4000 * share * (1 - share)) ** 0.5

    @given(
        seed=st.integers(0, 2**32),
        share=st.floats(0.5, 1),
        most=st.integers(0, 3),
        paths=st.lists(st.sampled_from(["/a", "/b"]), min_size=20, max_size=60),
    )
    def test_who_asks_once_more_than_the_most_in_a_row_gets_through(self, seed: int, share: float, most: int, paths: list[str]) -> None:
        found = Mischief()
        found.rate("*", share, "503", "reset", seed=seed, in_a_row=most)
        for path in paths:
            found.next(path, has_key=False)
        for where in ("/a", "/b", "*"):
            given_faults = [asked.fault is not None for asked in found.asked(where)]
            assert all(not all(given_faults[at : at + most + 1]) for at in range(len(given_faults) - most))

    def test_a_late_document_comes_from_its_instant_on(self) -> None:
        clock = ManualClock(datetime(2026, 1, 15, 3, 0, tzinfo=UTC))
        found = Mischief(clock=clock)
        found.late("box", datetime(2026, 1, 15, 6, 0, tzinfo=UTC))
        box, other = "/nba-cdn/liveData/boxscore/boxscore_9922500001.json", "/nba-cdn/liveData/boxscore.json"
        assert found.next(box, has_key=False).fault == FAULTS["404"]
        assert found.next(other, has_key=False).fault is None
        clock.advance(timedelta(hours=3))
        assert found.next(box, has_key=False).fault is None
        clock.advance(timedelta(hours=-1))
        assert found.next(box, has_key=False).fault == FAULTS["404"]


class TestTheRecord:
    def test_each_request_is_on_it_with_path_moment_and_fault_and_never_with_the_key(self, url: str, props: str) -> None:
        ticks = iter(range(100))
        found = Mischief(steady=lambda: float(next(ticks)))
        found.script("lines", "503")
        for path, has_key in ((LINES, True), (props, False), (LINES, True)):
            found.next(path, has_key=has_key)
        assert [(asked.path, asked.at, asked.has_key, asked.fault) for asked in found.asked("lines")] == [
            (LINES, 0.0, True, FAULTS["503"]),
            (LINES, 2.0, True, None),
        ]

    def test_over_http_too(self, url: str, mischief: Mischief) -> None:
        mischief.script("lines", "404")
        get(url)
        told = httpx.get(f"{url}/practice/mischief")
        mine = told.json()["paths"][LINES]
        assert (mine["asked"], mine["given"]["404"] >= 1) == (len(mischief.asked(LINES)), True)
        assert API_KEY not in told.text


class TestControl:
    def test_a_script_and_a_rate_can_be_sent_and_taken_back(self, url: str) -> None:
        script = {"where": "lines", "faults": ["503", None, {"status": 418, "headers": [["x-tea", "yes"]]}]}
        rate = {"where": "lines", "faults": [{"body": "[]"}], "share": 1.0}
        for rule in (script, rate):
            assert httpx.post(f"{url}/practice/mischief", json=rule).status_code == 200
        found = [get(url) for _ in range(4)]
        assert [answer.status_code for answer in found] == [503, 200, 418, 200]
        assert (found[2].headers["x-tea"], found[3].content) == ("yes", b"[]")
        httpx.delete(f"{url}/practice/mischief")
        assert get(url).content != b"[]"

    def test_a_late_document_and_a_bounded_rate_can_be_sent(self, url: str) -> None:
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        httpx.post(f"{url}/practice/mischief", json={"where": "lines", "faults": ["404"], "until": tomorrow})
        assert [get(url).status_code for _ in range(2)] == [404, 404]
        httpx.delete(f"{url}/practice/mischief")
        httpx.post(f"{url}/practice/mischief", json={"where": "lines", "faults": ["503"], "share": 1.0, "in_a_row": 2})
        assert [get(url).status_code for _ in range(6)] == [503, 503, 200, 503, 503, 200]

    @pytest.mark.parametrize("name", FAULTS)
    def test_every_fault_of_the_catalogue_can_be_written_as_its_fields(self, name: str) -> None:
        fields = TypeAdapter(Fault)
        assert fields.validate_json(fields.dump_json(FAULTS[name])) == FAULTS[name]

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ('{"faults": []}', "faults"),
            ('{"faults": ["explode"]}', "no fault"),
            ('{"faults": ["503"], "where": "porps"}', "no feed"),
            ('{"faults": [{"stauts": 503}]}', "stauts"),
            ('{"faults": ["503"], "share": 1.5}', "share"),
            ("nothing", "JSON"),
        ],
    )
    def test_what_cannot_be_read_is_refused_by_name_and_changes_nothing(self, url: str, body: str, told: str) -> None:
        found = httpx.post(f"{url}/practice/mischief", content=body, headers=JSON)
        assert found.status_code == 422
        assert told in found.json()["message"]
        assert get(url).status_code == 200

    def test_a_page_of_a_browser_cannot_send_one(self, url: str) -> None:
        found = httpx.post(f"{url}/practice/mischief", content='{"faults": ["503"]}', headers={"content-type": "text/plain"})
        assert found.status_code == 415
        assert get(url).status_code == 200
