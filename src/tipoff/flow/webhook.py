"""A webhook: each message as one signed POST, by the Standard Webhooks scheme, for which libraries exist in most languages.

Comes in: an address, a secret, messages. Goes out: requests with `webhook-id`, `webhook-timestamp` (seconds since 1970) and
`webhook-signature` (`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`). It must never know what a message says. Neither the
secret nor the address, which may hold a token, is in any log line or error (F63): only the host is told.

Source of the scheme: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import httpx
import stamina
from pydantic import SecretStr

from tipoff.clock import Clock
from tipoff.errors import ConfigError
from tipoff.flow.targets import Letter, LetterRefused, Send, TargetDown
from tipoff.scrape.deadline import know_deadlines, within
from tipoff.scrape.decode import shown_bytes
from tipoff.scrape.secrecy import keep_keys_out_of_logs

TOLERANCE_SECONDS = 300.0
"""How old, or how far ahead, a timestamp may be: an intercepted request is worth nothing later."""
_PASSING = (408, 425, 429, 502, 503, 504)  # said by whoever stands before the receiver, or by one that has too much to do
_SHOWN = 300


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how often to try at once; what does not get through then waits for a later round."""

    attempts: int = 3
    wait_initial: float = 0.2
    wait_max: float = 2.0
    wait_jitter: float = 0.2
    connect: float = 5.0
    read: float = 10.0
    whole: float = 15.0


def signature(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """What `webhook-signature` must hold."""
    digest = hmac.new(secret, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def is_signed(secret: bytes, headers: Mapping[str, str], body: bytes, now: datetime, tolerance: float = TOLERANCE_SECONDS) -> bool:
    """Whether a request was signed with this secret, within `tolerance` seconds of `now` (aware). `headers` by their lower-case names.

    The comparison takes the same time whatever is wrong. Several signatures, parted by blanks, are one per secret: any may fit.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and abs(now.timestamp() - int(timestamp)) <= tolerance):
        return False
    expected = signature(secret, message_id, timestamp, body).encode()
    offered = headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(expected, one) for one in offered)


def secret_bytes(secret: str) -> bytes:
    """A secret's bytes: after `whsec_` stands base64, as the scheme's libraries write it; anything else is taken as it is.

    Raises ConfigError for an empty one, and for what is no base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True) if secret.startswith("whsec_") else secret.encode()
    except binascii.Error:
        raise ConfigError("TIPOFF_WEBHOOK_SECRET begins with whsec_ and is not base64 after it.", hint="Copy it whole.") from None
    if not key:
        raise ConfigError("TIPOFF_WEBHOOK_SECRET is empty.", hint=_MAKE_ONE)
    return key


@dataclass(frozen=True)
class Webhook:
    """The webhook at an address. `clock` gives the timestamps that are signed."""

    url: str
    secret: SecretStr | None
    clock: Clock
    patience: Patience = Patience()
    name: str = "webhook"

    @contextmanager
    def open(self) -> Iterator[Send]:
        """One pool of connections, for a round. Raises ConfigError without a secret, or without an address that can be one."""
        if self.secret is None:
            raise ConfigError("TIPOFF_WEBHOOK_URL is set, and TIPOFF_WEBHOOK_SECRET is not: nothing is sent unsigned.", hint=_MAKE_ONE)
        key = secret_bytes(self.secret.get_secret_value())
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL:
            url = httpx.URL()
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigError("TIPOFF_WEBHOOK_URL is no address.", hint="Write it like https://example.org/tipoff.")
        waits = self.patience
        keep_keys_out_of_logs()
        with (
            _address_out_of_logs(),
            httpx.Client(
                timeout=httpx.Timeout(waits.read, connect=waits.connect),
                headers={"user-agent": f"tipoff/{version('tipoff')}", "content-type": "application/json"},
                follow_redirects=False,
            ) as http,
        ):
            know_deadlines(http)
            yield lambda letter: self._deliver(http, url, key, letter)

    def _deliver(self, http: httpx.Client, url: httpx.URL, key: bytes, letter: Letter) -> None:
        for attempt in stamina.retry_context(
            on=_may_pass,
            attempts=self.patience.attempts,
            timeout=None,
            wait_initial=self.patience.wait_initial,
            wait_max=self.patience.wait_max,
            wait_jitter=self.patience.wait_jitter,
        ):
            with attempt:
                self._post(http, url, key, letter)

    def _post(self, http: httpx.Client, url: httpx.URL, key: bytes, letter: Letter) -> None:
        """One request. Raises TargetDown or LetterRefused."""
        timestamp = str(int(self.clock.now().timestamp()))
        headers = {
            "webhook-id": letter.message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(key, letter.message_id, timestamp, letter.body),
        }
        try:
            with within(self.patience.whole), http.stream("POST", url, content=letter.body, headers=headers) as answer:
                if answer.is_success:
                    return
                told = shown_bytes(next(answer.iter_bytes(_SHOWN), b""))[:_SHOWN]
                status, wanted = answer.status_code, answer.headers.get("retry-after", "")
        except httpx.HTTPError as error:
            # The library's own words may hold the address.
            raise TargetDown(f"The webhook at {url.host}: {type(error).__name__}.", hint="It may answer later.") from None
        message = f"The webhook at {url.host}: HTTP {status}{f', {told}' if told else ''}."
        if status not in _PASSING:
            raise LetterRefused(message, hint="Look at what its receiver says.", status=status)
        down = TargetDown(message, hint="It may answer later.", status=status)
        down.after = float(wanted) if wanted.isascii() and wanted.isdigit() else None
        raise down


def _may_pass(error: Exception) -> bool:
    """Whether to try again at once: not where the receiver asked for a pause."""
    return isinstance(error, TargetDown) and not error.after


@contextmanager
def _address_out_of_logs() -> Iterator[None]:
    """The HTTP library logs each address whole: not this one."""
    logger = logging.getLogger("httpx")
    logger.addFilter(_no_posts)
    try:
        yield
    finally:
        logger.removeFilter(_no_posts)


def _no_posts(record: logging.LogRecord) -> bool:
    return not (record.args and isinstance(record.args, tuple) and record.args[0] == "POST")


_MAKE_ONE = 'Make one, such as with python -c "import secrets; print(secrets.token_urlsafe(32))", and give it to the receiver too.'
