"""The one client: a request goes out, its answer is kept in the vault, and comes back with its payload id and what it cost.

Knows HTTP. It must never read a document. Asking again is decided by the kind of error: where it helps (429, 5xx, a broken connection,
no answer in time) and never where it does not (401, 403, 404, 422 …), so that credits are not burnt in a loop. The key is added at the
last moment, and is in no payload, log line or exception (F63).

    with Client(settings, vault, SystemClock()) as client:
        fetched = client.fetch(Asking.of(settings).event_odds(event_id))
        parsed = source_named(fetched.request.source).transform(fetched.payload)

Around each single exchange, retries included, stand the source's gate (how often, and not at all while it is down) and the budget
(never more credits than allowed). `_exchange` is one exchange over the wire, `_retry` decides about the next.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from itertools import islice
from types import TracebackType

import httpx
import stamina

from tipoff.clock import Clock, game_date_of
from tipoff.config import Settings
from tipoff.errors import ConfigError, TipoffError, UpstreamRefused, UpstreamUnavailable
from tipoff.scrape.access import Access, access_of
from tipoff.scrape.budget import Budget
from tipoff.scrape.decode import MAX_BYTES, shown_bytes
from tipoff.scrape.gate import Circuit, Gate
from tipoff.scrape.records import Payload
from tipoff.scrape.request import Request
from tipoff.scrape.secrecy import body_without_key, keep_keys_out_of_logs, without_key
from tipoff.store.payloads import Vault
from tipoff.store.receipts import Receipt, Receipts

_MAX_REDIRECTS = 3
_SHOWN = 4096


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how often to ask. The defaults fit sources on the internet."""

    attempts: int = 4
    wait_initial: float = 0.5
    wait_max: float = 20.0
    wait_jitter: float = 0.5
    longest_retry_after: float = 60.0  # who asks for more is left for a later run
    failures: int = 5  # in a row, and the source is left alone
    cool_down: float = 60.0
    pace: float = 1.0  # factor on each source's own rate; 0: no limit
    connect: float = 5.0
    read: float = 10.0  # between two pieces of an answer
    whole_answer: float = 60.0
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True)
class Credits:
    """The Odds API's account after a call: None where the answer did not say."""

    remaining: int | None = None
    used: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Fetched:
    """An answer as it was kept: `payload.fetched_at` is UTC; the payload's origin has no key."""

    request: Request
    payload: Payload
    payload_id: str
    credits: Credits


@dataclass(frozen=True)
class Failed:
    """A request without an answer, and why."""

    request: Request
    error: TipoffError


class _Refused(UpstreamRefused):
    """Refused by an answer, which says what it cost; nothing where it does not say."""

    credits: Credits = Credits()


class _ComeBackLater(UpstreamUnavailable):
    """Worth asking again; `after` is the wait in seconds that the source asked for."""

    after: float | None = None
    credits: Credits | None = None  # what the answer said, where there was one


class Client:
    """Fetches requests over one pool of connections. Use it as a context manager; it is safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        vault: Vault,
        clock: Clock,
        patience: Patience | None = None,
        connections: int = 8,
        receipts: Receipts | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._receipts = receipts
        self._budget = budget
        self._vault = vault
        self._clock = clock
        self._patience = waits = patience or Patience()
        self._access = access_of(settings)
        self._gates = {
            name: Gate(name, access.per_second * waits.pace, clock, failures=waits.failures, cool_down=waits.cool_down)
            for name, access in self._access.items()
        }
        keep_keys_out_of_logs()
        self._http = httpx.Client(
            timeout=httpx.Timeout(self._patience.read, connect=self._patience.connect, pool=None),
            limits=httpx.Limits(max_connections=connections),
            headers={"user-agent": f"tipoff/{version('tipoff')}", "accept": "application/json"},
            follow_redirects=False,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def fetch(self, request: Request) -> Fetched:
        """Fetch one document and keep it.

        Raises ConfigError where the key is missing, UpstreamRefused where asking again would not help, and UpstreamUnavailable where
        it did not help, or where the source asks for a longer wait than we have.
        """
        access = self._access_for(request)
        key = access.key_or_error(request)
        for attempt in stamina.retry_context(
            on=self._retry,
            attempts=self._patience.attempts,
            timeout=None,
            wait_initial=self._patience.wait_initial,
            wait_max=self._patience.wait_max,
            wait_jitter=self._patience.wait_jitter,
        ):
            with attempt:
                payload, credits_left = self._guarded(request, access, key)
        payload_id = self._vault.put(payload.body)
        self._keep_receipt(request, payload, payload_id)
        return Fetched(request, payload, payload_id, credits_left)

    def _keep_receipt(self, request: Request, payload: Payload, payload_id: str) -> None:
        if self._receipts is not None and payload.fetched_at is not None and payload.game_date is not None:
            self._receipts.put(
                Receipt(payload_id, request.source, payload.feed, payload.game_date, payload.fetched_at, payload.origin, payload.status)
            )

    def fetch_all(self, requests: Iterable[Request], workers: int = 4) -> Iterator[Fetched | Failed]:
        """Fetch many, at most `workers` at a time, in the order in which they are done. One that fails does not stop the others.

        The requests are drawn as there is room for them, so an endless iterable may be given, and a budget may end it.
        """
        waiting = iter(requests)
        with ThreadPoolExecutor(workers, thread_name_prefix="scrape") as pool:
            running: set[Future[Fetched | Failed]] = set()
            while True:
                running |= {pool.submit(self._fetch_or_fail, request) for request in islice(waiting, workers - len(running))}
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()

    def _fetch_or_fail(self, request: Request) -> Fetched | Failed:
        try:
            return self.fetch(request)
        except TipoffError as error:
            return Failed(request, error)

    def circuits(self) -> list[Circuit]:
        """How each source's gate stands."""
        return [gate.circuit() for gate in self._gates.values()]

    def _access_for(self, request: Request) -> Access:
        if request.source not in self._access:
            raise ConfigError(f"{request.source!r} has no address.", hint=f"There are {', '.join(self._access)}.")
        return self._access[request.source]

    def _guarded(self, request: Request, access: Access, key: str) -> tuple[Payload, Credits]:
        """One exchange within the budget and behind the gate; the books say what it cost, also where it failed."""
        gate = self._gates[request.source]
        booking = self._budget.reserve(request) if self._budget and access.counts_credits else None
        charged, remaining = None, None  # as long as nobody knows, it cost what was reserved
        try:
            charged = 0
            gate.enter()
            charged = None
            payload, said = self._exchange(request, access, key)
            gate.answered()
            charged, remaining = said.last, said.remaining
            return payload, said
        except _ComeBackLater as error:
            if error.after:
                gate.pause(min(error.after, self._patience.longest_retry_after))
            if error.status == 429:
                gate.answered()
            else:
                gate.failed()
            if error.credits:
                charged, remaining = error.credits.last or 0, error.credits.remaining
            raise
        except UpstreamRefused as error:
            gate.answered()
            if isinstance(error, _Refused):
                charged, remaining = error.credits.last or 0, error.credits.remaining
            raise
        finally:
            if booking is not None:
                booking.settle(charged, remaining)

    def _retry(self, error: Exception) -> bool | float:
        if not isinstance(error, _ComeBackLater):
            return False
        if error.after is None:
            return True
        return error.after if error.after <= self._patience.longest_retry_after else False

    def _exchange(self, request: Request, access: Access, key: str) -> tuple[Payload, Credits]:
        """One exchange, redirects on the same host included. Raises _ComeBackLater or UpstreamRefused."""
        address = httpx.URL(access.base.rstrip("/") + request.url_path)
        target = address.copy_merge_params(dict(request.params))
        origin = str(target.copy_with(userinfo=b""))
        for _ in range(_MAX_REDIRECTS + 1):
            with_key = target.copy_merge_params({"apiKey": key}) if access.key_in == "apiKey" else target
            status, headers, body = self._send(request, access, with_key, key)
            if status not in (301, 302, 303, 307, 308):
                self._judge(request, status, headers, body, key)
                kept = body_without_key(body, key)
                fetched_at = self._clock.now()
                day = request.game_date or game_date_of(fetched_at)
                return Payload(kept, origin, fetched_at, status, request.feed, day), _credits(headers)
            target = self._next_hop(request, target, headers, key)
        raise UpstreamRefused(f"{request}: more than {_MAX_REDIRECTS} redirects.", hint="Look at the source's address in the settings.")

    def _send(self, request: Request, access: Access, url: httpx.URL, key: str) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and whole body; the HTTP library's own errors, which know the address, end here."""
        shown = {**access.headers, **({"authorization": key} if access.key_in == "authorization" else {})}
        try:
            with self._http.stream("GET", url, headers=shown) as answer:
                return answer.status_code, answer.headers, self._read(request, answer)
        except httpx.TimeoutException as error:
            problem = f"no answer in time ({type(error).__name__})"
        except (httpx.TransportError, httpx.DecodingError) as error:
            problem = without_key(f"{type(error).__name__}: {error}", key)
        except (httpx.InvalidURL, ValueError) as error:
            problem = ""
            refusal = without_key(str(error), key)
        if not problem:
            raise UpstreamRefused(
                f"{request}: the address cannot be asked: {refusal}.", hint="Look at the source's address in the settings."
            )
        raise _ComeBackLater(f"{request}: {problem}.", hint="It may answer later.")

    def _read(self, request: Request, answer: httpx.Response) -> bytes:
        """The body, within the size and the time allowed: a source that drips forever is as good as silent."""
        began = time.monotonic()
        pieces, size = [], 0
        for piece in answer.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > self._patience.max_bytes:
                raise UpstreamRefused(f"{request}: the answer is larger than {self._patience.max_bytes} bytes.", status=answer.status_code)
            if time.monotonic() - began > self._patience.whole_answer:
                raise _ComeBackLater(
                    f"{request}: the answer took longer than {self._patience.whole_answer:g} s.", hint="It may answer later."
                )
        return b"".join(pieces)

    def _next_hop(self, request: Request, target: httpx.URL, headers: httpx.Headers, key: str) -> httpx.URL:
        """Where a redirect leads, without the key: it goes to nobody but the host that it is for."""
        try:
            onward = target.join(headers.get("location", "")).copy_remove_param("apiKey")
        except httpx.InvalidURL:
            onward = httpx.URL()
        is_same_host = (onward.scheme, onward.host, onward.port) == (target.scheme, target.host, target.port)
        if is_same_host and not (key and key in str(onward)):
            return onward
        where = without_key(onward.host, key) or "nowhere"
        raise UpstreamRefused(
            f"{request}: redirected to {where!r}, which is another host or repeats the key; not followed.",
            hint="If that is where it lives now, set its address in the settings.",
        )

    def _judge(self, request: Request, status: int, headers: httpx.Headers, body: bytes, key: str) -> None:
        """Nothing for a success; raises for anything else."""
        if 200 <= status < 300:
            return
        told = without_key(shown_bytes(body[:_SHOWN]), key)
        message = f"{request}: HTTP {status}{f', {told}' if told else ''}."
        if status in (408, 425, 429) or status >= 500:
            after = _retry_after(headers.get("retry-after"), self._clock.now())
            hint = "It may answer later." if after is None else f"It asked to be left alone for {after:g} s."
            later = _ComeBackLater(message, hint=hint, status=status)
            later.after, later.credits = after, _credits(headers)
            raise later
        refused = _Refused(message, hint=_HINTS.get(status, "Look at the request and at the source's address."), status=status)
        refused.credits = _credits(headers)
        raise refused


_HINTS = {
    401: "Look at TIPOFF_ODDS_API_KEY: the key is wrong, or its credits are used up.",
    403: "Look at the key and its plan: this is not open to it.",
    404: "It is not there (any more): events vanish after their game.",
    422: "The source does not understand the request: look at its markets, regions and date.",
}


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait, from a Retry-After in seconds or as a date; None where there is none to be read."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return max(0.0, seconds) if seconds == seconds else None


def _credits(headers: httpx.Headers) -> Credits:
    return Credits(*(_whole(headers.get(f"x-requests-{name}")) for name in ("remaining", "used", "last")))


def _whole(value: str | None) -> int | None:
    try:
        return int(float(value)) if value else None
    except (ValueError, OverflowError):
        return None
