"""A webhook: each message as one signed POST.

Comes in: an address, a secret, messages. Goes out: requests with the signature of `flow.signing`, and the message's id in
`X-Tipoff-Message-Id`, so that a receiver knows again what came twice. It must never know what a message says. The address may hold a
token: it is in no log line and no error (F63), only its host is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

import httpx
import stamina
from pydantic import SecretStr

from tipoff.clock import Clock
from tipoff.errors import ConfigError
from tipoff.flow.signing import signed
from tipoff.flow.targets import Letter, LetterRefused, Send, TargetDown
from tipoff.scrape.deadline import know_deadlines, within
from tipoff.scrape.decode import shown_bytes
from tipoff.scrape.secrecy import keep_keys_out_of_logs

MESSAGE_ID = "X-Tipoff-Message-Id"
_PASSING = (408, 425, 429, 502, 503, 504)  # said by whoever stands before the receiver, or by one that has too much to do
_SHOWN = 300
_LONGEST_WAIT = 3600.0  # seconds: whoever asks for more is tried again after so long


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how often to try at once; what does not get through then waits for a later round."""

    attempts: int = 2
    wait_initial: float = 0.2
    wait_max: float = 2.0
    wait_jitter: float = 0.2
    connect: float = 3.0
    read: float = 6.0  # between two pieces of an answer
    whole: float = 10.0  # from the first word to the last, however it drips


@dataclass(frozen=True)
class Webhook:
    """The webhook at an address. `clock` gives the timestamps that are signed."""

    url: SecretStr
    secret: SecretStr | None
    clock: Clock
    patience: Patience = Patience()
    name: str = "webhook"

    @contextmanager
    def open(self) -> Iterator[Send]:
        """One pool of connections, for a round. Raises ConfigError without a secret, or without an address that can be one."""
        secret = self.secret.get_secret_value() if self.secret else ""
        if not secret:
            raise ConfigError("TIPOFF_WEBHOOK_URL is set, and TIPOFF_WEBHOOK_SECRET is not: nothing is sent unsigned.", hint=_MAKE_ONE)
        try:
            url = httpx.URL(self.url.get_secret_value())
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
            yield lambda letter: self._deliver(http, url, secret, letter)

    def _deliver(self, http: httpx.Client, url: httpx.URL, secret: str, letter: Letter) -> None:
        for attempt in stamina.retry_context(
            on=_may_pass,
            attempts=self.patience.attempts,
            timeout=None,
            wait_initial=self.patience.wait_initial,
            wait_max=self.patience.wait_max,
            wait_jitter=self.patience.wait_jitter,
        ):
            with attempt:
                self._post(http, url, secret, letter)

    def _post(self, http: httpx.Client, url: httpx.URL, secret: str, letter: Letter) -> None:
        """One request, signed as of now. Raises TargetDown or LetterRefused."""
        headers = {MESSAGE_ID: letter.message_id, **signed(secret, self.clock.now(), letter.body)}
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
        down.after = min(float(wanted), _LONGEST_WAIT) if wanted.isascii() and wanted.isdigit() else None
        raise down


def _may_pass(error: Exception) -> bool:
    """Whether to try again at once: not where the receiver asked for a pause."""
    return isinstance(error, TargetDown) and not error.after


@contextmanager
def _address_out_of_logs() -> Iterator[None]:
    """The HTTP library logs each address whole: not this one."""
    logger = logging.getLogger("httpx")
    logger.addFilter(_is_no_post)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_post)


def _is_no_post(record: logging.LogRecord) -> bool:
    return not (isinstance(record.args, tuple) and record.args and record.args[0] == "POST")


_MAKE_ONE = 'Make one, such as with python -c "import secrets; print(secrets.token_urlsafe(32))", and give it to the receiver too.'
