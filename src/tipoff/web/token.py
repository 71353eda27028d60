"""The bearer token: who may make the pipeline do something (F60).

In: the configured secret and a request's header. Out: leave, or the problem. The secret is compared in constant time, and is in no message,
log or answer. It must never know what is being asked for.
"""

from __future__ import annotations

import secrets

from fastapi.responses import Response
from pydantic import SecretStr

from tipoff.web.problems import NO_TOKEN, UNAUTHORIZED, problem

VARIABLE = "TIPOFF_API_TOKEN"
_SCHEME = "bearer"


class Token:
    """The token of a server; without one nobody may do anything."""

    def __init__(self, secret: SecretStr | None) -> None:
        self._secret = secret

    @property
    def is_set(self) -> bool:
        return self._secret is not None

    def refusal(self, header: str | None) -> Response | None:
        """Why a request with this `Authorization` header is refused; None where it is let through."""
        if self._secret is None:
            return problem(NO_TOKEN, f"{VARIABLE} is not set where this server runs, and control is never open.")
        scheme, _, given = (header or "").partition(" ")
        if scheme.lower() != _SCHEME:
            return problem(UNAUTHORIZED, "This call needs a bearer token.", headers={"WWW-Authenticate": 'Bearer realm="tipoff"'})
        # A header arrives as Latin-1; bytes are compared, so that no text breaks the comparison.
        if not secrets.compare_digest(given.strip().encode("latin-1"), self._secret.get_secret_value().encode()):
            return problem(
                UNAUTHORIZED,
                "The token is not this server's.",
                headers={"WWW-Authenticate": 'Bearer realm="tipoff", error="invalid_token"'},
            )
        return None
