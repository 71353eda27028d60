"""One exchange over the wire: an address goes out with its key, status, headers and whole body come back, within limits.

Knows HTTP, and what an answer means for asking again. It must never know payloads, budgets, nor why something is asked. The HTTP
library's own errors know the address and the headers, so they end here: none is ever the cause of an error of ours (F63).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import httpx

from tipoff.errors import UpstreamRefused, UpstreamUnavailable
from tipoff.scrape.access import Access
from tipoff.scrape.deadline import know_deadlines, within
from tipoff.scrape.decode import MAX_BYTES, shown_bytes
from tipoff.scrape.request import Request
from tipoff.scrape.secrecy import keep_keys_out_of_logs, without_key

REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429)
_SHOWN = 4096
_MOST_CREDITS = 2**31 - 1


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
    whole_answer: float = 60.0  # from the first word to the last, however it drips
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True)
class Credits:
    """The Odds API's account after a call: None where the answer did not say."""

    remaining: int | None = None
    used: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Answer:
    """An answer of any status: `body` is whole, and unpacked."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def credits(self) -> Credits:
        """What it says of the account."""
        return Credits(*(_whole(self.headers.get(f"x-requests-{name}")) for name in ("remaining", "used", "last")))

    @property
    def charged(self) -> int | None:
        """What it cost. One that does not say: nothing where it sent us on or away, and nobody knows where it succeeded or broke."""
        return 0 if self.credits.last is None and 300 <= self.status < 500 else self.credits.last


class ComeBackLater(UpstreamUnavailable):
    """Worth asking again; `after` is the wait in seconds that the source asked for."""

    after: float | None = None


class NotSent(ComeBackLater):
    """No connection came about, so nothing was asked, and nothing can have been charged."""


class Wire:
    """One pool of connections. It is safe to share between threads."""

    def __init__(self, patience: Patience, connections: int) -> None:
        self._patience = patience
        keep_keys_out_of_logs()
        self._http = httpx.Client(
            timeout=httpx.Timeout(patience.read, connect=patience.connect, pool=None),
            limits=httpx.Limits(max_connections=connections),
            headers={"user-agent": f"tipoff/{version('tipoff')}", "accept": "application/json"},
            follow_redirects=False,
        )
        know_deadlines(self._http)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, request: Request, access: Access, url: httpx.URL, key: str) -> Answer:
        """One exchange: `url` is without the key, `request` only names it in errors.

        Raises NotSent, ComeBackLater where no whole answer came, and UpstreamRefused where none can come.
        """
        shown = {**access.headers, **({"authorization": key} if access.key_in == "authorization" else {})}
        target = url.copy_merge_params({"apiKey": key}) if access.key_in == "apiKey" else url
        failure: type[ComeBackLater] | None = ComeBackLater
        try:
            return self._send(request, target, shown)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failure, problem = NotSent, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        except httpx.TimeoutException as error:
            problem = f"no answer in time ({type(error).__name__})"
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, ValueError) as error:
            failure, problem = None, str(error)
        except (httpx.TransportError, httpx.DecodingError) as error:
            problem = f"{type(error).__name__}: {error}"
        problem = without_key(problem, key)
        if failure is None:
            raise UpstreamRefused(
                f"{request}: the address cannot be asked: {problem}.", hint="Look at the source's address in the settings."
            )
        raise failure(f"{request}: {problem}.", hint="It may answer later.")

    def _send(self, request: Request, url: httpx.URL, headers: Mapping[str, str]) -> Answer:
        pieces, size = [], 0
        with within(self._patience.whole_answer), self._http.stream("GET", url, headers=headers) as answer:
            for piece in answer.iter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > self._patience.max_bytes:
                    told = f"{request}: the answer is larger than {self._patience.max_bytes} bytes."
                    raise UpstreamRefused(told, hint="It was not kept.", status=answer.status_code)
            return Answer(answer.status_code, answer.headers, b"".join(pieces))


def next_hop(request: Request, target: httpx.URL, answer: Answer, key: str) -> httpx.URL:
    """Where a redirect leads, without the key: it goes to nobody but the host that it is for. Raises UpstreamRefused for another."""
    try:
        onward = target.join(answer.headers.get("location", "")).copy_remove_param("apiKey")
    except httpx.InvalidURL:
        onward = httpx.URL()
    is_same_host = (onward.scheme, onward.host, onward.port) == (target.scheme, target.host, target.port)
    if is_same_host and without_key(str(onward), key) == str(onward):
        return onward
    where = without_key(onward.host, key) or "nowhere"
    raise UpstreamRefused(
        f"{request}: redirected to {where!r}, which is another host or repeats the key; not followed.",
        hint="If that is where it lives now, set its address in the settings.",
    )


def judge(request: Request, access: Access, answer: Answer, key: str, now: datetime) -> None:
    """Nothing for a success and for a redirect; raises ComeBackLater or UpstreamRefused for anything else."""
    if 200 <= answer.status < 300 or answer.status in REDIRECTS:
        return
    told = without_key(shown_bytes(answer.body[:_SHOWN]), key)
    message = f"{request}: HTTP {answer.status}{f', {told}' if told else ''}."
    if answer.status not in _PASSING and answer.status < 500:
        raise UpstreamRefused(message, hint=_hint(answer.status, access), status=answer.status)
    after = _retry_after(answer.headers.get("retry-after"), now)
    hint = "It may answer later." if after is None else f"It asked to be left alone for {after:g} s."
    later = ComeBackLater(message, hint=hint, status=answer.status)
    later.after = after
    raise later


def _hint(status: int, access: Access) -> str:
    if status == 401 and access.key_setting:
        return f"Look at {access.key_setting}: the key is wrong, or its credits are used up."
    if status == 403 and access.key_setting:
        return f"Look at the plan of {access.key_setting}: this is not open to it."
    if status == 404:
        return "It is not there (any more): events vanish after their game."
    if status == 422:
        return "The source does not understand the request: look at its markets, regions and date."
    return "Look at the request and at the source's address."


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


def _whole(value: str | None) -> int | None:
    """A count of credits; None where it is not told, or cannot be one: less than none, or more than the books could hold."""
    try:
        count = int(float(value)) if value else None
    except (ValueError, OverflowError):
        return None
    return count if count is not None and 0 <= count <= _MOST_CREDITS else None
