"""The one client: a request goes out, its answer is kept in the vault, and comes back with its payload id and what it cost.

It must never read a document. Asking again is decided by the kind of error: where it helps (429, 5xx, a broken connection,
no answer in time) and never where it does not (401, 403, 404, 422 …), so that credits are not burnt in a loop. The key is added at the
last moment, and is in no payload, log line or exception (F63).

    with Client(settings, vault, SystemClock()) as client:
        fetched = client.fetch(Asking.of(settings).event_odds(event_id))
        parsed = source_named(fetched.request.source).transform(fetched.payload)

Around each single exchange, retries and redirects included, stand the source's gate (how often, and not at all while it is down) and
the budget (never more credits than allowed): `_guarded` is one, `_exchange` follows redirects to the document, `_retry` decides about
asking again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from types import TracebackType

import httpx
import stamina

from tipoff.clock import Clock, game_date_of
from tipoff.config import Settings
from tipoff.errors import ConfigError, StorageError, TipoffError, UpstreamRefused
from tipoff.scrape.access import Access, access_of
from tipoff.scrape.budget import Budget, Reservation
from tipoff.scrape.gate import Circuit, Gate
from tipoff.scrape.records import Payload
from tipoff.scrape.request import Request
from tipoff.scrape.secrecy import body_without_key
from tipoff.scrape.wire import REDIRECTS, Answer, ComeBackLater, NotSent, Wire, judge, next_hop
from tipoff.scrape.wire import Credits as Credits
from tipoff.scrape.wire import Patience as Patience
from tipoff.store.payloads import Vault
from tipoff.store.receipts import Receipt, Receipts

_MAX_REDIRECTS = 3
_LOG = logging.getLogger(__name__)


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
        self._patience = waits = patience or _patience_of(settings)
        self._access = access_of(settings)
        self._gates = {
            name: Gate(
                name,
                access.per_second * waits.pace,
                clock,
                failures=waits.failures,
                cool_down=waits.cool_down,
                longest_wait=waits.longest_retry_after,
            )
            for name, access in self._access.items()
        }
        self._wire = Wire(waits, connections)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def fetch(self, request: Request) -> Fetched:
        """Fetch one document and keep it.

        Raises ConfigError where the key is missing, UpstreamRefused where asking again would not help, and UpstreamUnavailable where
        it did not help, where the source asks for a longer wait than we have, or where its circuit is open; BudgetSpent where it would
        cost more than allowed, and nothing was asked.
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
                payload, credits_left = self._exchange(request, access, key)
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

        The requests are drawn as there is room for them, so an endless iterable may be given. Where the budget is spent, each request that
        it does not allow comes back as Failed with BudgetSpent, unasked: none is lost, and what costs nothing is still asked. Raises
        StorageError where the bucket does not take what came: then nothing more is asked for.
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
        except StorageError:
            raise  # what is fetched cannot be kept: no source's fault, and each further answer would be lost as well
        except TipoffError as error:
            return Failed(request, error)

    def circuits(self) -> list[Circuit]:
        """How each source's gate stands."""
        return [gate.circuit() for gate in self._gates.values()]

    def _access_for(self, request: Request) -> Access:
        if request.source not in self._access:
            raise ConfigError(f"{request.source!r} has no address.", hint=f"There are {', '.join(self._access)}.")
        return self._access[request.source]

    def _exchange(self, request: Request, access: Access, key: str) -> tuple[Payload, Credits]:
        """To the document, redirects on the same host included. Raises ComeBackLater or UpstreamRefused."""
        target = httpx.URL(access.base.rstrip("/") + request.url_path).copy_merge_params(dict(request.params))
        origin = str(target.copy_with(userinfo=b""))
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._guarded(request, access, target, key)
            if answer.status not in REDIRECTS:
                fetched_at = self._clock.now()
                day = request.game_date or game_date_of(fetched_at)
                body = body_without_key(answer.body, key)
                return Payload(body, origin, fetched_at, answer.status, request.feed, day), answer.credits
            target = next_hop(request, target, answer, key)
        raise UpstreamRefused(f"{request}: more than {_MAX_REDIRECTS} redirects.", hint="Look at the source's address in the settings.")

    def _guarded(self, request: Request, access: Access, target: httpx.URL, key: str) -> Answer:
        """One exchange behind the gate and within the budget; the books say what it cost, also where it failed."""
        gate = self._gates[request.source]
        gate.enter()
        booking: Reservation | None = None
        charged, remaining = None, None  # as long as nobody knows, it cost what was reserved
        try:
            booking = self._budget.reserve(request) if self._budget and access.counts_credits else None
            answer = self._wire.get(request, access, target, key)
            charged, remaining = answer.charged, answer.credits.remaining
            judge(request, access, answer, key, self._clock.now())
        except ComeBackLater as error:
            if isinstance(error, NotSent):
                charged = 0
            if error.after:
                gate.pause(error.after)
            if error.status == 429:
                gate.answered()
            else:
                gate.failed()
            raise
        except UpstreamRefused as error:
            if error.status:
                gate.answered()
            else:
                gate.left()
            raise
        except BaseException:
            gate.left()
            raise
        finally:
            if booking is not None:
                _settle(request, booking, charged, remaining)
        gate.answered()
        return answer

    def _retry(self, error: Exception) -> bool | float:
        if not isinstance(error, ComeBackLater):
            return False
        if error.after is None:
            return True
        return error.after if error.after <= self._patience.longest_retry_after else False


def _patience_of(settings: Settings) -> Patience:
    """What fits the settings' sources: who may be asked at any rate has no need either of a pause before he is asked again."""
    pace = settings.source_pace
    return Patience(pace=pace) if pace else Patience(pace=0.0, wait_initial=0.05, wait_jitter=0.05)


def _settle(request: Request, booking: Reservation, charged: int | None, remaining: int | None) -> None:
    """An answer that was paid for is not thrown away because the books were busy: they then keep what was reserved."""
    try:
        booking.settle(charged, remaining)
    except TipoffError as error:
        _LOG.warning("%s: the books keep what was reserved for it: %s", request, error)
