"""Keys out of sight: The Odds API takes its key in the address, and addresses end up in logs (F63).

Knows texts and loggers. It must never keep a key longer than a call.
"""

from __future__ import annotations

import logging
import re
from urllib.parse import quote, quote_plus

_KEY_PARAMETER = re.compile(r"(api_?key=)[^&\s\"'\\)\]]+", re.IGNORECASE)
_TELLS_ADDRESSES = "httpx"
_TELL_FOREIGN_HEADERS = ("httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")
_SHORTEST = 16  # a shorter secret may be a word that a document holds by right


def without_key(text: str, key: str = "") -> str:
    """A text without the key, and without whatever stands as an `apiKey` in it."""
    for form in _forms(key):
        text = text.replace(form, "******")
    return _KEY_PARAMETER.sub(r"\1******", text)


def body_without_key(body: bytes, key: str) -> bytes:
    """A body without the key, should its sender have echoed it. Keys of fewer than 16 characters are left: they may be ordinary words."""
    if len(key) >= _SHORTEST:
        for form in _forms(key):
            body = body.replace(form.encode(), b"******")
    return body


def _forms(key: str) -> set[str]:
    """The key as it is, and as addresses and JSON write it."""
    return {key, quote(key, safe=""), quote_plus(key), key.replace("/", "\\/")} - {""}


class _Redaction(logging.Filter):
    """Strikes keys out of log lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        redacted = without_key(message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        return True


_REDACTION = _Redaction()


def _nothing(_: logging.LogRecord) -> bool:
    return False


def keep_keys_out_of_logs() -> None:
    """Have the HTTP library strike keys out of the addresses that it logs, and keep its wire log to itself. Asking twice is harmless."""
    logging.getLogger(_TELLS_ADDRESSES).addFilter(_REDACTION)
    for name in _TELL_FOREIGN_HEADERS:
        logging.getLogger(name).addFilter(_nothing)
