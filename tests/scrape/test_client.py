"""The client over real HTTP on loopback: what is asked again, what is not, what is kept, and where the key never is."""

from __future__ import annotations

import gzip
import logging
import socket
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from obstore.store import MemoryStore
from pydantic import SecretStr
from scripted_server import Answer, Script, scripted_server

from tipoff.clock import ManualClock
from tipoff.config import Settings
from tipoff.errors import BadInput, ConfigError, UpstreamError, UpstreamRefused, UpstreamUnavailable
from tipoff.scrape.access import access_of
from tipoff.scrape.client import Client, Credits, Failed, Fetched, Patience
from tipoff.scrape.request import Request
from tipoff.scrape.sources import espn, nba_cdn
from tipoff.scrape.sources.odds_api import Asking
from tipoff.store.payloads import Vault, digest

KEY = "0123456789abcdef0123456789abcdef"
NOW = datetime(2025, 11, 5, 22, 30, tzinfo=UTC)
EVENT_ODDS = Asking().event_odds("e1")
BRISK = Patience(
    attempts=3, wait_initial=0.01, wait_max=0.02, wait_jitter=0.0, longest_retry_after=2.0, connect=30.0, read=30.0, whole_answer=60.0
)
HASTY = replace(BRISK, read=0.3, whole_answer=0.5)
"""For a source that never answers: one that does might be too slow for it on a loaded machine."""


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def vault() -> Vault:
    return Vault(MemoryStore())


@pytest.fixture
def client(script: Script, vault: Vault) -> Iterator[Client]:
    with client_for(script.url, vault) as running:
        yield running


def client_for(url: str, vault: Vault, patience: Patience = BRISK, **more: Any) -> Client:
    given: dict[str, Any] = {"odds_api_key": SecretStr(KEY), "odds_api_url": url, "nba_cdn_url": url, "espn_url": url, **more}
    return Client(Settings(**given), vault, ManualClock(NOW), patience)


class TestAnswers:
    def test_an_answer_is_kept_in_the_vault_as_it_came(self, script: Script, client: Client, vault: Vault) -> None:
        body = b'{"id": "e1" }\n'
        script.answers = [Answer(200, body, {"x-requests-remaining": "480", "x-requests-used": "20", "x-requests-last": "2"})]
        fetched = client.fetch(EVENT_ODDS)
        assert fetched.payload_id == digest(body)
        assert vault.get(fetched.payload_id) == fetched.payload.body == body
        assert (fetched.payload.status, fetched.payload.fetched_at) == (200, NOW)
        assert fetched.credits == Credits(remaining=480, used=20, last=2)

    def test_a_204_is_an_answer(self, script: Script, client: Client) -> None:
        script.answers = [Answer(204, b"")]
        fetched = client.fetch(EVENT_ODDS)
        assert (fetched.payload.status, fetched.payload.body) == (204, b"")

    def test_a_compressed_answer_is_kept_as_what_it_says(self, script: Script, client: Client) -> None:
        script.answers = [Answer(200, gzip.compress(b'{"a": 1}'), {"content-encoding": "gzip"})]
        assert client.fetch(EVENT_ODDS).payload.body == b'{"a": 1}'

    @pytest.mark.parametrize(
        "printed", [{}, {"x-requests-remaining": ""}, {"x-requests-remaining": "many"}, {"x-requests-remaining": "inf"}]
    )
    def test_credits_that_are_not_told_are_unknown(self, script: Script, client: Client, printed: dict[str, str]) -> None:
        script.answers = [Answer(headers=printed)]
        assert client.fetch(EVENT_ODDS).credits == Credits()

    def test_the_base_url_may_have_a_path_before_the_sources_own(self, script: Script, vault: Vault) -> None:
        with client_for(f"{script.url}/practice/odds/", vault) as client:
            client.fetch(nba_cdn.box_score("0022500101"))
        assert script.asked == ["/practice/odds/liveData/boxscore/boxscore_0022500101.json"]

    def test_only_the_odds_api_is_sent_the_key(self, script: Script, client: Client) -> None:
        for request in (EVENT_ODDS, nba_cdn.schedule(), espn.injuries()):
            client.fetch(request)
        assert [KEY in path for path in script.asked] == [True, False, False]

    def test_without_a_key_nothing_is_asked_of_the_odds_api(self, script: Script, vault: Vault) -> None:
        with client_for(script.url, vault, odds_api_key=None) as client:
            with pytest.raises(ConfigError, match="TIPOFF_ODDS_API_KEY"):
                client.fetch(EVENT_ODDS)
            client.fetch(espn.injuries())
        assert len(script.asked) == 1

    def test_a_source_without_an_address_is_a_fault_of_the_configuration(self, client: Client) -> None:
        with pytest.raises(ConfigError, match="no address"):
            client.fetch(Request("somebody", "odds", "/"))


class TestAskingAgain:
    """F14."""

    @pytest.mark.parametrize("status", [401, 403, 404, 422, 400, 410, 418])
    def test_a_refusal_is_never_asked_again(self, script: Script, client: Client, status: int) -> None:
        script.answers = [Answer(status, b'{"message": "no"}')]
        with pytest.raises(UpstreamRefused, match=f"HTTP {status}") as caught:
            client.fetch(EVENT_ODDS)
        assert (len(script.asked), caught.value.status) == (1, status)

    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408, 425])
    def test_what_may_pass_is_asked_again_and_no_more_often_than_allowed(self, script: Script, client: Client, status: int) -> None:
        script.answers = [Answer(status)]
        with pytest.raises(UpstreamUnavailable, match=f"HTTP {status}") as caught:
            client.fetch(EVENT_ODDS)
        assert (len(script.asked), caught.value.status) == (BRISK.attempts, status)

    @pytest.mark.parametrize("first", [Answer(503), Answer(429), Answer(manner="reset"), Answer(manner="silent"), Answer(manner="cut")])
    def test_the_second_answer_is_taken(self, script: Script, vault: Vault, first: Answer) -> None:
        script.answers = [first, Answer(200, b"[]")]
        with client_for(script.url, vault, replace(BRISK, read=2.0 if first.manner == "silent" else BRISK.read)) as client:
            assert client.fetch(EVENT_ODDS).payload.body == b"[]"
        assert len(script.asked) == 2

    @pytest.mark.parametrize("manner", ["reset", "silent", "cut", "drip"])
    def test_a_source_that_never_answers_properly_is_given_up(self, script: Script, vault: Vault, manner: Any) -> None:
        script.answers = [Answer(manner=manner)]
        with client_for(script.url, vault, HASTY) as client, pytest.raises(UpstreamUnavailable) as caught:
            client.fetch(EVENT_ODDS)
        assert len(script.asked) == HASTY.attempts
        assert caught.value.status == 0

    def test_a_port_where_nobody_listens_is_unavailable(self, vault: Vault) -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            with (
                client_for(f"http://127.0.0.1:{held.getsockname()[1]}", vault) as client,
                pytest.raises(UpstreamUnavailable, match="ConnectError"),
            ):
                client.fetch(EVENT_ODDS)

    def test_retry_after_in_seconds_is_waited_for(self, script: Script, client: Client) -> None:
        script.answers = [Answer(429, headers={"retry-after": "0.4"}), Answer(200, b"[]")]
        began = time.monotonic()
        client.fetch(EVENT_ODDS)
        assert time.monotonic() - began >= 0.4

    def test_retry_after_as_a_date_is_waited_for(self, script: Script, client: Client) -> None:
        script.answers = [Answer(503, headers={"retry-after": format_datetime(NOW + timedelta(seconds=1), usegmt=True)}), Answer()]
        began = time.monotonic()
        client.fetch(EVENT_ODDS)
        assert time.monotonic() - began >= 1

    @pytest.mark.parametrize("told", ["3600", format_datetime(NOW + timedelta(hours=1), usegmt=True), "inf"])
    def test_a_longer_wait_than_we_have_is_not_begun(self, script: Script, client: Client, told: str) -> None:
        script.answers = [Answer(429, headers={"retry-after": told})]
        with pytest.raises(UpstreamUnavailable, match="left alone"):
            client.fetch(EVENT_ODDS)
        assert len(script.asked) == 1

    @pytest.mark.parametrize("told", ["soon", "", "nan", "-5", format_datetime(NOW - timedelta(hours=1), usegmt=True)])
    def test_a_retry_after_that_says_nothing_is_no_reason_to_give_up(self, script: Script, client: Client, told: str) -> None:
        script.answers = [Answer(429, headers={"retry-after": told}), Answer(200, b"[]")]
        assert client.fetch(EVENT_ODDS).payload.body == b"[]"


class TestLimits:
    def test_a_body_beyond_the_limit_is_refused_and_not_kept(self, script: Script, vault: Vault) -> None:
        script.answers = [Answer(200, b"x" * 2000)]
        with client_for(script.url, vault, Patience(max_bytes=1000)) as client, pytest.raises(UpstreamRefused, match="1000 bytes"):
            client.fetch(EVENT_ODDS)
        assert len(script.asked) == 1
        with pytest.raises(BadInput):
            vault.get(digest(b"x" * 2000))

    def test_a_compressed_body_counts_as_what_it_unpacks_to(self, script: Script, vault: Vault) -> None:
        script.answers = [Answer(200, gzip.compress(b" " * 1_000_000), {"content-encoding": "gzip"})]
        with client_for(script.url, vault, Patience(max_bytes=100_000)) as client, pytest.raises(UpstreamRefused):
            client.fetch(EVENT_ODDS)

    def test_a_broken_compression_is_asked_again(self, script: Script, client: Client) -> None:
        script.answers = [Answer(200, b"not gzip", {"content-encoding": "gzip"}), Answer(200, b"[]")]
        assert client.fetch(EVENT_ODDS).payload.body == b"[]"


class TestPace:
    @pytest.mark.parametrize("pace", [1.0, 0.25])
    def test_a_source_is_asked_as_fast_as_the_settings_say_of_what_it_bears(self, pace: float, vault: Vault) -> None:
        with Client(Settings(source_pace=pace), vault, ManualClock(NOW)) as client:
            assert {name: gate._apart for name, gate in client._gates.items()} == {
                name: pytest.approx(1 / (pace * access.per_second)) for name, access in access_of(Settings()).items()
            }

    def test_the_practice_league_may_be_asked_without_a_pause(self, vault: Vault) -> None:
        with Client(Settings(league="practice", source_pace=0.0), vault, ManualClock(NOW)) as client:
            assert {gate._apart for gate in client._gates.values()} == {0.0}
            assert client._patience.wait_initial < Patience().wait_initial


class TestRedirects:
    def test_one_on_the_same_host_is_followed(self, script: Script, client: Client) -> None:
        script.answers = [Answer(302, headers={"location": "/v4/elsewhere?x=1"}), Answer(200, b"[]")]
        fetched = client.fetch(EVENT_ODDS)
        assert [path.split("?")[0] for path in script.asked] == ["/v4/sports/basketball_nba/events/e1/odds", "/v4/elsewhere"]
        assert fetched.payload.origin.startswith(f"{script.url}/v4/sports/")

    def test_one_to_another_host_is_not_followed_and_the_key_does_not_go_there(self, script: Script, client: Client) -> None:
        with scripted_server() as other:
            script.answers = [Answer(302, headers={"location": f"{other.url}/v4?apiKey={KEY}"})]
            with pytest.raises(UpstreamRefused, match="another host") as caught:
                client.fetch(EVENT_ODDS)
            assert other.asked == []
        assert KEY not in str(caught.value)

    @pytest.mark.parametrize("location", ["/v4/again", ""])
    def test_a_loop_ends(self, script: Script, client: Client, location: str) -> None:
        script.answers = [Answer(301, headers={"location": location})]
        with pytest.raises(UpstreamRefused, match="redirects"):
            client.fetch(EVENT_ODDS)
        assert len(script.asked) == 4


class TestTheKey:
    """F63: it is in no payload, log, error, or address on record."""

    FATES = (
        Answer(200, b"{}"),
        Answer(200, b'{"request": "https://api/?apiKey=%s"}' % KEY.encode()),
        Answer(401, b'{"message": "the key %s is wrong"}' % KEY.encode()),
        Answer(404),
        Answer(503, b"apiKey=" + KEY.encode()),
        Answer(302, headers={"location": f"/loop?apiKey={KEY}"}),
        Answer(302, headers={"location": f"http://127.0.0.1:1/x?apiKey={KEY}"}),
        Answer(302, headers={"location": f"http://[{KEY}/"}),
        Answer(302, headers={"location": f"/{KEY}"}),
        Answer(manner="reset"),
        Answer(manner="silent"),
        Answer(200, b"{}", {"content-encoding": "gzip"}),
    )

    @pytest.mark.parametrize("answer", FATES)
    def test_it_is_nowhere_whatever_the_answer(
        self, script: Script, vault: Vault, caplog: pytest.LogCaptureFixture, answer: Answer
    ) -> None:
        script.answers = [answer]
        told: list[str] = []
        patience = HASTY if answer.manner == "silent" else BRISK
        with client_for(script.url, vault, patience) as client, caplog.at_level(logging.DEBUG):
            try:
                fetched = client.fetch(EVENT_ODDS)
                told += [repr(fetched), repr(vault.get(fetched.payload_id))]
            except UpstreamError as error:
                told += [everything_about(error)]
        assert KEY not in "".join(told)
        assert KEY in script.asked[0]
        assert KEY not in caplog.text
        assert KEY not in "".join(str(record.__dict__) for record in caplog.records)

    def test_an_address_that_cannot_be_asked_does_not_show_it(self, vault: Vault) -> None:
        for url in ("http://exa mple/", "ftp://127.0.0.1", "nothing", "http://127.0.0.1:99999"):
            with client_for(url, vault) as client, pytest.raises(UpstreamError) as caught:
                client.fetch(EVENT_ODDS)
            assert KEY not in everything_about(caught.value)

    def test_the_origin_is_the_address_without_key_and_password(self, script: Script, vault: Vault) -> None:
        with client_for(script.url.replace("http://", "http://user:secret@"), vault) as client:
            origin = client.fetch(EVENT_ODDS).payload.origin
        assert origin.startswith(f"{script.url}/v4/sports/basketball_nba/events/e1/odds?regions=us%2Cus2&markets=player_points")
        assert "secret" not in origin


def everything_about(error: BaseException) -> str:
    """Its text, its traceback and its attributes, and those of all that it came from."""
    chain: BaseException | None = error
    told = "".join(traceback.format_exception(error))
    while chain is not None:
        told += repr(chain) + repr(chain.__dict__)
        chain = chain.__cause__ or chain.__context__
    return told


class TestFetchAll:
    def test_one_failing_request_does_not_stop_the_others(self, script: Script, client: Client) -> None:
        script.answers = [Answer(404), Answer(200, b"[]")]
        found = list(client.fetch_all([Asking().event_odds(f"e{index}") for index in range(10)], workers=1))
        assert [type(each) for each in found] == [Failed, *[Fetched] * 9]
        assert found[0].request.event_id == "e0"
        assert isinstance(found[0], Failed)
        assert isinstance(found[0].error, UpstreamRefused)

    def test_no_more_are_under_way_than_workers(self, script: Script, client: Client) -> None:
        script.answers = [Answer(200, b"[]")]
        assert len(list(client.fetch_all((Asking().event_odds(f"e{index}") for index in range(60)), workers=3))) == 60
        assert 1 <= script.most_together <= 3

    def test_requests_are_drawn_only_as_there_is_room(self, client: Client) -> None:
        drawn = []

        def endless() -> Iterator[Request]:
            while True:
                drawn.append(1)
                yield EVENT_ODDS

        running = client.fetch_all(endless(), workers=2)
        next(running)
        assert len(drawn) <= 4
        running.close()  # type: ignore[attr-defined]

    def test_the_first_that_is_done_comes_first(self, script: Script, client: Client) -> None:
        """The other is not answered before it is there, and asks again then."""
        script.answers = [Answer(manner="silent"), Answer(200, b"[]")]
        coming = client.fetch_all([Asking().event_odds("one"), Asking().event_odds("other")], workers=2)
        first = next(coming)
        script.released.set()
        [last] = coming
        assert f"/events/{last.request.event_id}/" in script.asked[0]
        assert {first.request.event_id, last.request.event_id} == {"one", "other"}
        assert isinstance(last, Fetched)

    def test_no_requests_give_no_answers(self, client: Client) -> None:
        assert list(client.fetch_all([])) == []
