"""F14 HTTP: 401, 403, 404, 422, 429 with and without Retry-After, 500, 503, reset, slow loris, redirect loop: retried where it helps, never
where it does not, credits never burnt in a loop; what is missing is on the expected-outputs grid. And F63: the key is nowhere in it.

The real client asks the practice upstream over real HTTP; the upstream's own record says what reached it, when, and what it charged.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faults.mischievous import BRISK, HASTY, KEY, Bench, Outcome, mischievous
from flow.upstream import season
from tipoff.errors import UpstreamRefused, UpstreamUnavailable
from tipoff.practice.faults import FAULTS, Fault, redirect, too_many
from tipoff.practice.mischief import Mischief
from tipoff.practice.server import running
from tipoff.scrape.client import Client, Failed

REFUSALS = ("400", "401", "403", "404", "422", "304")
PASSING = ("408", "429", "500", "502", "503", "504")
BROKEN = ("reset", "close", "cut", "reset midway", "claims more", "no gzip")
ENDLESS = ("silent", "drip", "drip head")
REDIRECTS = ("redirect loop", "redirect with the key", "redirect elsewhere")
SMALL = replace(BRISK, max_bytes=1_000_000)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with mischievous(tmp_path_factory.mktemp("f14")) as found:
        yield found


def is_whole(outcome: Outcome) -> bool:
    return outcome.fetched is not None and "bookmakers" in json.loads(outcome.fetched.payload.body)


class TestAskingAgain:
    @pytest.mark.parametrize("name", REFUSALS)
    def test_a_refusal_is_asked_once(self, bench: Bench, name: str) -> None:
        outcome = bench.ask(name, forever=True)
        assert isinstance(outcome.error, UpstreamRefused)
        assert (len(outcome.asked), outcome.error.status) == (1, int(name))

    @pytest.mark.parametrize("name", PASSING)
    def test_what_may_pass_is_asked_up_to_the_cap_and_then_told(self, bench: Bench, name: str) -> None:
        outcome = bench.ask(name, forever=True)
        assert isinstance(outcome.error, UpstreamUnavailable)
        assert (len(outcome.asked), outcome.error.status) == (BRISK.attempts, int(name))
        assert f"HTTP {name}" in str(outcome.error)

    @pytest.mark.parametrize("name", BROKEN)
    def test_a_connection_that_breaks_is_asked_up_to_the_cap_and_then_told(self, bench: Bench, name: str) -> None:
        outcome = bench.ask(name, forever=True)
        assert isinstance(outcome.error, UpstreamUnavailable)
        assert (len(outcome.asked), outcome.error.status) == (BRISK.attempts, 0)

    @pytest.mark.parametrize("name", [*PASSING, *BROKEN])
    def test_the_answer_after_it_is_taken_whole(self, bench: Bench, name: str) -> None:
        outcome = bench.ask(name, None)
        assert is_whole(outcome)
        assert [asked.fault for asked in outcome.asked] == [FAULTS[name], None]

    @pytest.mark.parametrize("name", ENDLESS)
    def test_what_does_not_come_to_an_end_is_ended_by_the_deadline_and_asked_again(self, bench: Bench, name: str) -> None:
        outcome = bench.ask(name, forever=True, patience=HASTY)
        assert isinstance(outcome.error, UpstreamUnavailable)
        assert "no answer in time" in str(outcome.error)
        assert len(outcome.asked) == HASTY.attempts

    def test_a_slow_loris_that_never_pauses_long_is_ended_by_the_deadline_of_the_whole_answer(self, bench: Bench) -> None:
        patience = replace(HASTY, attempts=1, read=60.0, whole_answer=0.3)
        outcome = bench.ask(Fault(manner="drip", drip_seconds=0.01), patience=patience)
        assert "no answer in time" in str(outcome.error)

    @pytest.mark.parametrize("name", ["redirect loop", "redirect with the key"])
    def test_a_redirect_loop_is_refused_and_not_asked_again(self, bench: Bench, name: str) -> None:
        outcome = bench.ask(name, forever=True)
        assert isinstance(outcome.error, UpstreamRefused)
        assert "redirects" in str(outcome.error)
        assert len(outcome.asked) == 4

    def test_a_redirect_to_another_host_is_not_followed_and_nothing_reaches_it(self, bench: Bench) -> None:
        other = Mischief()
        with running(season(), mischief=other) as url:
            outcome = bench.ask(redirect(f"{url}{{path}}?{{query}}"), forever=True)
        assert isinstance(outcome.error, UpstreamRefused)
        assert (len(outcome.asked), other.asked()) == (1, [])

    def test_an_answer_beyond_the_limit_is_refused_and_not_asked_again(self, bench: Bench) -> None:
        outcome = bench.ask("oversize", forever=True, patience=SMALL)
        assert isinstance(outcome.error, UpstreamRefused)
        assert len(outcome.asked) == 1


class TestRetryAfter:
    def test_in_seconds_the_next_request_comes_no_earlier(self, bench: Bench) -> None:
        outcome = bench.ask(too_many(0.4), too_many(0.8), None)
        assert is_whole(outcome)
        assert [gap >= told for gap, told in zip(outcome.gaps, (0.4, 0.8), strict=True)] == [True, True]

    def test_as_a_date_the_next_request_comes_no_earlier(self, bench: Bench) -> None:
        at = bench.clock.now() + timedelta(seconds=2)  # one passes by the clock before it is asked
        outcome = bench.ask(too_many(at), None)
        assert is_whole(outcome)
        assert outcome.gaps[0] >= 1.0

    def test_everybody_else_waits_too(self, bench: Bench) -> None:
        with bench.client(replace(BRISK, attempts=1)) as client:
            first = bench.ask(too_many(0.5), client=client)
            second = bench.ask(None, client=client)
        assert isinstance(first.error, UpstreamUnavailable)
        assert is_whole(second)
        assert second.asked[0].at - first.asked[0].at >= 0.5

    @pytest.mark.parametrize("name", ["429", "503"])
    def test_without_one_the_pauses_grow(self, bench: Bench, name: str) -> None:
        outcome = bench.ask(name, forever=True, patience=replace(BRISK, wait_initial=0.1, wait_max=1.0))
        assert len(outcome.gaps) == 2
        assert [gap >= least for gap, least in zip(outcome.gaps, (0.1, 0.2), strict=True)] == [True, True]

    def test_a_longer_one_than_we_have_is_not_waited_for_and_nobody_asks_meanwhile(self, bench: Bench) -> None:
        with bench.client() as client:
            first, second = bench.ask(too_many(3600), client=client), bench.ask(None, client=client)
        assert (len(first.asked), len(second.asked)) == (1, 0)
        assert "left alone" in str(first.error)
        assert "was not asked" in str(second.error)


def _charged(name: str) -> Fault:
    """The source did its work, and charged for it, and the answer is lost or does not say so."""
    return replace(FAULTS[name], charged=True)


def _free(name: str) -> Fault:
    """The source says itself that it charged nothing."""
    return replace(FAULTS[name], headers=(*FAULTS[name].headers, ("x-requests-last", "0")))


class TestCredits:
    """The books of ours are those of the source: nothing is spent that is not on them, and no loop spends."""

    @pytest.mark.parametrize("name", [name for name in FAULTS if name not in {*ENDLESS, "slow", "oversize"}])
    def test_they_never_say_less_than_the_source_and_no_more_than_was_asked(self, bench: Bench, name: str) -> None:
        outcome = bench.ask(name, forever=True)
        assert outcome.charged <= outcome.booked <= len(outcome.asked) * bench.request.credits

    @pytest.mark.parametrize(
        "fault",
        [
            *(pytest.param(_charged(name), id=f"{name}, charged") for name in ("500", "502", "503", "504", *BROKEN)),
            *(pytest.param(_free(name), id=f"{name}, free") for name in PASSING),
            *(pytest.param(FAULTS[name], id=name) for name in (*REFUSALS, *REDIRECTS, "408", "429")),
            *(pytest.param(FAULTS[name], id=name) for name in ("truncated", "latin-1", "no price", "credits untold", "credits absurd")),
        ],
    )
    def test_they_are_equal_where_the_source_says_or_did_its_work(self, bench: Bench, fault: Fault) -> None:
        outcome = bench.ask(fault, forever=True)
        assert outcome.booked == outcome.charged

    @pytest.mark.parametrize("name", ENDLESS)
    def test_they_are_equal_where_no_answer_came_in_time(self, bench: Bench, name: str) -> None:
        outcome = bench.ask(_charged(name), forever=True, patience=HASTY)
        assert outcome.booked == outcome.charged == HASTY.attempts * bench.request.credits

    def test_they_are_equal_where_the_answer_was_too_large_to_be_kept(self, bench: Bench) -> None:
        outcome = bench.ask("oversize", forever=True, patience=SMALL)
        assert outcome.booked == outcome.charged == bench.request.credits

    @pytest.mark.parametrize("told", ["-7", "-1e9", "1e30", "99999999999999999999", "nan", "inf", "two", ""])
    def test_a_charge_or_a_rest_that_cannot_be_is_not_believed(self, bench: Bench, told: str) -> None:
        outcome = bench.ask(Fault(headers=(("x-requests-last", told), ("x-requests-remaining", told))))
        assert is_whole(outcome)
        assert outcome.booked == outcome.charged == bench.request.credits


class TestTheKey:
    ECHOES = (
        Fault(body=b'{"asked": "/v4/odds?apiKey=%s"}' % KEY.encode()),
        Fault(status=401, body=b'{"message": "the key %s is unknown"}' % KEY.encode()),
        Fault(status=503, body=b"apiKey=%s" % KEY.encode()),
        Fault(status=429, headers=(("retry-after", KEY), ("x-requests-last", KEY))),
        redirect(f"/{KEY}"),
        redirect("http://127.0.0.1:1{path}?{query}"),
    )

    @pytest.mark.parametrize(
        "fault",
        [
            *(pytest.param(fault, id=name) for name, fault in FAULTS.items() if name not in {*ENDLESS, "slow"}),
            *(pytest.param(fault, id=f"echo {place}") for place, fault in enumerate(ECHOES)),
            *(pytest.param(replace(FAULTS[name]), id=name) for name in ENDLESS),
        ],
    )
    def test_it_is_in_no_error_log_payload_or_receipt(self, bench: Bench, caplog: pytest.LogCaptureFixture, fault: Fault) -> None:
        with caplog.at_level(logging.DEBUG):
            outcome = bench.ask(fault, forever=True, patience=replace(HASTY, max_bytes=1_000_000, attempts=1))
        assert all(asked.has_key for asked in outcome.asked)
        assert outcome.asked
        assert KEY not in outcome.told()
        assert KEY not in caplog.text
        assert KEY not in "".join(str(record.__dict__) for record in caplog.records)

    def test_it_is_in_no_file_of_the_house(self, bench: Bench) -> None:
        bench.ask(self.ECHOES[0])
        assert list(bench.folder.rglob("*.zst")), "nothing was kept"
        assert bench.where_the_key_is() == []


_WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=30)
_COUNTS = st.one_of(st.sampled_from(["", "0", "2", "-3", "1e30", "nan", "inf", "0x2", "2,2", "2.9"]), _WORDS)
_PLACES = st.sampled_from(
    ["", "/", "//", "///x", "?", "#", "{path}", "{path}?{query}", "http://", "http:///x", "http://[", "http://[::1]/", ":", "x:y"]
)
_TOLD = {
    "retry-after": st.one_of(st.sampled_from(["0", "-1", "0.01", "nan", "1e5", "inf", "Mon, 99 Zzz 2026 99:99:99 GMT"]), _WORDS),
    "location": st.one_of(_PLACES, _WORDS),
    "content-encoding": st.sampled_from(["gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "nothing known"]),
    "content-type": st.sampled_from(["text/html; charset=utf-16", "application/json; charset=nonsense", "", "multipart/mixed"]),
    **{f"x-requests-{name}": _COUNTS for name in ("used", "last")},
    "x-requests-remaining": st.sampled_from(["", "-3", "1e30", "nan", "0x2", "900000"]),  # an account that is empty is asked nothing more
}
_ANY = st.builds(
    Fault,
    status=st.one_of(st.none(), st.integers(200, 599)),
    body=st.one_of(st.none(), st.binary(max_size=200)),
    headers=st.fixed_dictionaries({}, optional=_TOLD).map(lambda told: tuple(sorted(told.items()))),
    manner=st.sampled_from(["plain", "plain", "plain", "close", "reset", "cut", "reset_midway", "claims_more", "claims_less"]),
    charged=st.booleans(),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], database=None)
@given(faults=st.lists(st.one_of(st.none(), _ANY), min_size=1, max_size=4))
def test_f14_whatever_comes_over_the_wire_it_is_an_answer_or_an_error_of_ours_and_the_asking_ends(
    bench: Bench, faults: list[Fault | None]
) -> None:
    with bench.client(replace(BRISK, attempts=2, longest_retry_after=0.02)) as client:
        outcome = bench.ask(*faults, forever=True, client=client)
    assert (outcome.fetched is None) != (outcome.error is None)
    assert 1 <= len(outcome.asked) <= 2 * 4
    assert all(asked.path.startswith("/") for asked in outcome.asked)
    assert outcome.booked >= 0
    assert KEY not in outcome.told()
    if outcome.fetched is not None:
        assert 200 <= outcome.fetched.payload.status < 300
        assert bench.house.vault.get(outcome.fetched.payload_id) == outcome.fetched.payload.body


class TestTheCircuit:
    def until_half_open(self, client: Client) -> None:
        """The source may be tried again: the client says so itself."""
        never = threading.Event()
        for _ in range(10_000):
            if next(circuit for circuit in client.circuits() if circuit.source == "odds_api").state == "half-open":
                return
            never.wait(0.005)
        raise AssertionError("the circuit stays open")

    @pytest.mark.parametrize("name", ["500", "503", "reset", "cut"])
    def test_after_failures_in_a_row_the_source_is_left_alone_and_other_sources_are_not(self, bench: Bench, name: str) -> None:
        with bench.client(replace(BRISK, attempts=10, failures=4, cool_down=3600.0)) as client:
            first, second = bench.ask(name, forever=True, client=client), bench.ask(None, client=client)
            states = {circuit.source: circuit.state for circuit in client.circuits()}
        assert (len(first.asked), len(second.asked)) == (4, 0)
        assert "4 times in a row" in str(second.error)
        assert (states["odds_api"], states["nba_cdn"]) == ("open", "closed")
        assert second.booked == 0

    @pytest.mark.parametrize("name", ["401", "404", "429"])
    def test_a_source_that_answers_is_there_whatever_it_says(self, bench: Bench, name: str) -> None:
        with bench.client(replace(BRISK, failures=2, cool_down=3600.0)) as client:
            for _ in range(3):
                bench.ask(name, forever=True, client=client)
            assert is_whole(bench.ask(None, client=client))

    def test_after_the_cool_down_one_request_tries_and_a_success_closes_it(self, bench: Bench) -> None:
        with bench.client(replace(BRISK, attempts=2, failures=2, cool_down=0.3)) as client:
            bench.ask("503", forever=True, client=client)
            self.until_half_open(client)
            assert is_whole(bench.ask(None, client=client))
            assert {circuit.state for circuit in client.circuits()} == {"closed"}

    def test_of_many_that_come_after_the_cool_down_one_alone_is_asked_and_its_failure_opens_it_again(self, bench: Bench) -> None:
        with bench.client(replace(BRISK, attempts=1, failures=2, cool_down=2.0)) as client:
            for _ in range(2):
                bench.ask("503", client=client)
            self.until_half_open(client)
            bench.mischief.calm()
            bench.mischief.script("props", replace(FAULTS["503"], wait_seconds=0.2), forever=True)
            before = len(bench.mischief.asked())
            found = list(client.fetch_all([bench.request] * 8, workers=8))
            reached = len(bench.mischief.asked()) - before
            assert {type(each) for each in found} == {Failed}
            assert reached == 1
