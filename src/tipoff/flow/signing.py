"""How a body that we send over HTTP is signed, so that its receiver can tell that it is ours, whole, and of now.

In: a secret, the moment of sending (whole seconds since 1970, UTC), the body. Out: headers. It must never know what the body says.
The receiver computes HMAC-SHA256 over the timestamp, a full stop and the body, compares in constant time, and refuses an old timestamp.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

TIMESTAMP = "X-Tipoff-Timestamp"
SIGNATURE = "X-Tipoff-Signature"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature as its header has it: `sha256=` and the HMAC-SHA256, in hex, of timestamp, full stop and body."""
    return "sha256=" + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def signed(secret: str | None, now: datetime, body: bytes) -> dict[str, str]:
    """The headers that sign a body sent now; none where there is no secret to sign with."""
    if not secret:
        return {}
    timestamp = int(now.timestamp())
    return {TIMESTAMP: str(timestamp), SIGNATURE: sign(secret, timestamp, body)}


def is_ours(secret: str, timestamp: int, body: bytes, signature: str) -> bool:
    """Whether a signature is that of this body; compared in constant time. How old it may be is the receiver's to decide."""
    return hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.encode())
