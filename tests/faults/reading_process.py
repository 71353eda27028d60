"""A reader of published documents in a process of its own: from `+` on it reads as fast as it can, until `-`, and says `.` for each round
of all the documents, so that who publishes can wait for it. Once its input ends it says what it saw, as one line of JSON.

Usage: `reading_process.py http://127.0.0.1:PORT/ PATH...`, or with `file:///…/` in the place of the address. A document is whole where it
is JSON, ends as one, holds as many players as it says, and, over HTTP, is what its ETag and its length promise. Knows no test.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import sys
import urllib.parse
from collections.abc import Callable
from http.client import HTTPConnection

from obstore.store import from_url


def over_http(address: str) -> Callable[[str], bytes]:
    """How a document is read from a server, over one connection."""
    connection = HTTPConnection(urllib.parse.urlsplit(address).netloc, timeout=60)

    def read(path: str) -> bytes:
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, answer.status
        assert len(body) == int(answer.headers["Content-Length"])
        assert answer.headers["ETag"] == f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        return body

    return read


def out_of_a_folder(address: str) -> Callable[[str], bytes]:
    """How it is read from the bucket itself."""
    bucket = from_url(address)
    return lambda path: bucket.get(path).bytes().to_bytes()


def fault(body: bytes) -> str | None:
    """Why a document is not whole; None where it is."""
    if not body.endswith(b"}\n"):
        return f"it ends with {body[-20:]!r}"
    document = json.loads(body)
    players = sum(len(game["players"]) for game in document["games"]) if "total_players" in document else None
    return None if players is None or players == document["total_players"] else f"{players} of {document['total_players']} players"


def main() -> None:
    address, *paths = sys.argv[1:]
    read = over_http(address) if address.startswith("http") else out_of_a_folder(address)
    seen: dict[str, set[str]] = {path: set() for path in paths}
    moments: dict[str, str] = {}
    faults: list[str] = []
    reads = 0
    rests = True
    while True:
        if rests or select.select([sys.stdin], [], [], 0)[0]:
            if not (command := os.read(sys.stdin.fileno(), 1)):
                break
            rests = command == b"-"
            continue
        for path in paths:
            body = read(path)
            reads += 1
            digest = hashlib.sha256(body).hexdigest()
            if digest in seen[path]:
                continue
            seen[path].add(digest)
            try:
                if (why := fault(body)) is not None:
                    faults.append(f"{path}: {why}")
                moment = json.loads(body)["generated_at"]
                if moment < moments.get(path, ""):
                    faults.append(f"{path}: {moment} after {moments[path]}")
                moments[path] = moment
            except ValueError as error:
                faults.append(f"{path}: {error}")
        tell(".")
    tell(json.dumps({"reads": reads, "versions": {path: len(found) for path, found in seen.items()}, "faults": faults[:5]}))


def tell(what: str) -> None:
    sys.stdout.write(what)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
