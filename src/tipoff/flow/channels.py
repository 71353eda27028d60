"""Channels: the ways on which an operator is told. The log always; a webhook, a chat (Slack, Discord, what is compatible), e-mail if set.

Comes in: one telling. Goes out: it is told, or an error of ours says why not. Addresses of webhooks and chats, and the mail server's
password, are credentials: no message, log line or exception of this module has them. It must never know what was told before.
"""

from __future__ import annotations

import json
import logging
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import stamina

from tipoff.clock import Clock
from tipoff.config import Settings
from tipoff.errors import UpstreamError, UpstreamRefused, UpstreamUnavailable
from tipoff.flow.alerts import Severity
from tipoff.flow.signing import signed

_LOG = logging.getLogger(__name__)
_LONGEST = 1900  # characters of a chat message: Discord takes 2,000
_MARKS = {"began": "", "worse": "Worse: ", "recovered": "Recovered: ", "lapsed": "Past: ", "test": "Test: "}


@dataclass(frozen=True)
class Telling:
    """One thing to tell. `event_id` is the same wherever and however often it is told; `what`: began, worse, recovered, lapsed, test."""

    event_id: int
    key: str
    what: str
    severity: Severity
    text: str
    at: datetime
    began_at: datetime

    @property
    def words(self) -> str:
        """On one line, for people."""
        since = f" (since {self.began_at:%Y-%m-%d %H:%M}Z)" if self.what in ("recovered", "lapsed") else ""
        return f"[{self.severity}] {_MARKS[self.what]}{' '.join(self.text.split())}{since}"


class Channel(Protocol):
    """A way of telling. `send` raises UpstreamRefused where asking again will not help, UpstreamUnavailable where it may."""

    name: str

    def send(self, telling: Telling) -> None: ...

    def reach(self) -> str:
        """See that it is there, and tell nobody anything: what was done. Raises as `send` does."""
        ...


@dataclass(frozen=True)
class Effort:
    """How long a channel is tried at one go, in seconds, and how often."""

    attempts: int = 3
    wait_initial: float = 0.3
    wait_max: float = 2.0
    timeout: float = 5.0


def channels_of(settings: Settings, clock: Clock, effort: Effort | None = None) -> list[Channel]:
    """The log, and whatever else the settings name."""
    effort = effort or Effort()
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else None
    found: list[Channel] = [Log()]
    if settings.alert_webhook_url:
        found.append(Webhook(settings.alert_webhook_url.get_secret_value(), secret, settings.league, clock, effort))
    if settings.alert_chat_url:
        found.append(Chat(settings.alert_chat_url.get_secret_value(), settings.league, effort))
    if settings.alert_email_to and settings.smtp_url:
        found.append(Email(settings.alert_email_to, settings.smtp_url.get_secret_value(), settings.league, effort))
    return found


class Log:
    """The log of the process that tells."""

    name = "log"

    def send(self, telling: Telling) -> None:
        _LOG.log(logging.ERROR if telling.severity == "critical" else logging.WARNING, "%s", telling.words)

    def reach(self) -> str:
        return "is always there"


class Webhook:
    """A signed POST of JSON (`flow.signing`); `id` lets a receiver know again what he was told already."""

    name = "webhook"

    def __init__(self, url: str, secret: str | None, league: str, clock: Clock, effort: Effort) -> None:
        self._url, self._secret, self._league, self._clock, self._effort = url, secret, league, clock, effort

    def send(self, telling: Telling) -> None:
        document = {
            "schema_version": 1,
            "kind": "alert",
            "id": telling.event_id,
            "league": self._league,
            "key": telling.key,
            "event": telling.what,
            "severity": telling.severity,
            "text": telling.text,
            "at": telling.at.isoformat(),
            "began_at": telling.began_at.isoformat(),
        }
        body = json.dumps(document).encode()
        _post(self.name, self._url, body, self._effort, lambda: signed(self._secret, self._clock.now(), body))

    def reach(self) -> str:
        return reach(self.name, self._url, self._effort)


class Chat:
    """An incoming webhook of Slack or Discord, or of what is compatible with either: one reads `text`, the other `content`."""

    name = "chat"

    def __init__(self, url: str, league: str, effort: Effort) -> None:
        self._url, self._league, self._effort = url, league, effort

    def send(self, telling: Telling) -> None:
        # Words from outside must not call a whole room: Slack reads <!channel>, Discord @everyone.
        words = _shortened(f"Tipoff ({self._league}): {telling.words}")
        slack = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        body = json.dumps({"text": slack, "content": words.replace("@", "@\u200b")[:2000]}).encode()
        _post(self.name, self._url, body, self._effort, dict)

    def reach(self) -> str:
        return reach(self.name, self._url, self._effort)


class Email:
    """A mail by SMTP, encrypted: `smtps://`, or `smtp://` with STARTTLS; in the clear only to this machine itself."""

    name = "e-mail"

    def __init__(self, to: str, url: str, league: str, effort: Effort) -> None:
        self._to = ", ".join(part.strip() for part in to.split(",") if part.strip())
        self._parts, self._league, self._effort = urlsplit(url), league, effort

    def send(self, telling: Telling) -> None:
        message = self._message(telling)
        for attempt in _attempts(self._effort):
            with attempt, _as_ours(self.name), self._connected() as server:
                server.send_message(message)

    def reach(self) -> str:
        with _as_ours(self.name), self._connected() as server:
            server.noop()
        return "connected, and logged in where there is a password"

    def _message(self, telling: Telling) -> EmailMessage:
        user = unquote(self._parts.username or "")
        given = parse_qs(self._parts.query).get("from", [""])[0]
        message = EmailMessage()
        message["From"] = given or (user if "@" in user else f"tipoff@{socket.gethostname()}")
        message["To"] = self._to
        message["Subject"] = _shortened(f"Tipoff ({self._league}): {telling.words}", 150)
        message["Message-ID"] = f"<{self._league}.{telling.event_id}.{telling.what}.{telling.at:%Y%m%dT%H%M%S}@tipoff>"
        lines = (telling.words, "", f"key: {telling.key}", f"began: {telling.began_at:%Y-%m-%d %H:%M}Z", f"told of: {telling.at:%H:%M}Z")
        message.set_content("\n".join(lines) + "\n")
        return message

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        host, timeout, here = self._parts.hostname or "", self._effort.timeout, socket.gethostname()
        if self._parts.scheme == "smtps":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, self._parts.port or 465, here, timeout=timeout, context=context)
        else:
            server = smtplib.SMTP(host, self._parts.port or 587, here, timeout=timeout)
        with server:
            server.ehlo()
            if self._parts.scheme == "smtp" and (server.has_extn("starttls") or not _is_here(host)):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if self._parts.username:
                server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
            yield server


def _is_here(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _shortened(words: str, longest: int = _LONGEST) -> str:
    return words if len(words) <= longest else words[: longest - 1] + "…"


def _attempts(effort: Effort) -> Iterator[stamina.Attempt]:
    yield from stamina.retry_context(
        on=UpstreamUnavailable,
        attempts=effort.attempts,
        timeout=None,
        wait_initial=effort.wait_initial,
        wait_max=effort.wait_max,
        wait_jitter=effort.wait_initial,
    )


def _post(name: str, url: str, body: bytes, effort: Effort, headers: Headers) -> None:
    """POST, again where that helps. Redirects are not followed: the body is meant for this address. Signed anew each time."""
    _keep_addresses_out_of_logs()
    with _unheard(), httpx.Client(timeout=effort.timeout, follow_redirects=False) as client:
        for attempt in _attempts(effort):
            with attempt, _as_ours(name):
                answer = client.post(url, content=body, headers={"Content-Type": "application/json", **headers()})
                if not answer.is_success:
                    raise _refusal(name, answer.status_code)


def reach(name: str, url: str, effort: Effort) -> str:
    """Ask for the head of what is at an address: any answer of HTTP will do, since what takes a POST need not show anything."""
    _keep_addresses_out_of_logs()
    with _unheard(), _as_ours(name), httpx.Client(timeout=effort.timeout, follow_redirects=False) as client:
        client.head(url)
    return "its server answers"


class Headers(Protocol):
    """Makes the headers of one attempt."""

    def __call__(self) -> dict[str, str]: ...


_MAY_HELP = (408, 425, 429)


def _refusal(name: str, status: int) -> UpstreamError:
    if status >= 500 or status in _MAY_HELP:
        return UpstreamUnavailable(f"The {name} did not take it: HTTP {status}.", status=status)
    return UpstreamRefused(f"The {name} refused it: HTTP {status}.", hint="Is its address right, and still in force?", status=status)


@contextmanager
def _as_ours(name: str) -> Iterator[None]:
    """Foreign errors as ours, by their kind alone: their texts may hold an address, or what a mail server said of an account."""
    try:
        yield
    except smtplib.SMTPNotSupportedError:
        hint = "Use smtps://, or a server with STARTTLS and a login."
        raise UpstreamRefused(f"The {name} server does not offer what is asked of it.", hint=hint) from None
    except smtplib.SMTPResponseException as error:
        if isinstance(error, smtplib.SMTPAuthenticationError) or error.smtp_code >= 500:
            raise UpstreamRefused(f"The {name} server refused it: {error.smtp_code}.", hint="Check TIPOFF_SMTP_URL.") from None
        raise UpstreamUnavailable(f"The {name} server did not take it: {error.smtp_code}.") from None
    except smtplib.SMTPRecipientsRefused:
        raise UpstreamRefused(f"The {name} server refused the addressees.", hint="Check TIPOFF_ALERT_EMAIL_TO.") from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise UpstreamRefused(f"The {name} has no address that can be used.", hint="It begins with https://.") from None
    except (httpx.HTTPError, smtplib.SMTPException, OSError) as error:
        raise UpstreamUnavailable(f"The {name} cannot be reached: {type(error).__name__}.") from None


_DEAF: ContextVar[bool] = ContextVar("tipoff_deaf", default=False)
_TELL_ADDRESSES = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")


@contextmanager
def _unheard() -> Iterator[None]:
    token = _DEAF.set(True)
    try:
        yield
    finally:
        _DEAF.reset(token)


def _is_heard(_: logging.LogRecord) -> bool:
    return not _DEAF.get()


def _keep_addresses_out_of_logs() -> None:
    """Whatever the HTTP library would log within `_unheard`, it does not. Asking twice is harmless."""
    for name in _TELL_ADDRESSES:
        logging.getLogger(name).addFilter(_is_heard)
