"""Writing documents: the same bytes for the same content, whole or not at all, each with its JSON Schema beside it.

An object store's put is atomic: S3 and GCS show an object when it is complete, and obstore's local store writes to a file beside it
and renames. Knows bytes and a bucket. It must never know what a document says.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from functools import lru_cache

from obstore.store import ObjectStore
from pydantic import BaseModel

from tipoff.errors import BadInput
from tipoff.store.bucket import put_whole, read

_PATH = re.compile(r"v1(/[a-z0-9][a-z0-9_-]*)+\.json")
_MOMENT = re.compile(rb'"generated_at":"[^"]*",')
LATEST = "v1/tonight/latest.json"


def tonight_path(game_date: date) -> str:
    """Where the document of a night lies."""
    return f"v1/tonight/{game_date.isoformat()}.json"


def results_path(game_date: date) -> str:
    """Where the results of a night lie, once it is graded."""
    return f"v1/results/{game_date.isoformat()}.json"


def best_bets_path(game_date: date) -> str:
    """Where the best bets of a day lie."""
    return f"v1/best-bets/{game_date.isoformat()}.json"


def lines_path(game_date: date) -> str:
    """Where the lines of a day lie."""
    return f"v1/lines/{game_date.isoformat()}.json"


def player_path(player_lookup: str) -> str:
    """Where the document of a player lies."""
    return f"v1/player/{player_lookup}.json"


def is_document_path(path: str) -> bool:
    """Whether this is the path of a published document: below `v1/`, lower case, nothing that could lead elsewhere (F61)."""
    return _PATH.fullmatch(path) is not None


def canonical(document: BaseModel) -> bytes:
    """A document as JSON: keys in the order of their declaration, no spaces, one newline at the end."""
    return document.model_dump_json().encode() + b"\n"


@lru_cache(maxsize=16)
def schema_of(shape: type[BaseModel], title: str) -> bytes:
    """The JSON Schema (2020-12) of a document, with sorted keys."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"v1/schemas/{title}.json"}
    schema |= shape.model_json_schema(mode="serialization")
    return json.dumps(schema, sort_keys=True, indent=1).encode() + b"\n"


def put(bucket: ObjectStore, path: str, body: bytes) -> int:
    """Replace a document; readers see the old one or the new one. Gives its size in bytes.

    Raises BadInput for a path that no document has, ConfigError or StorageError where the bucket does not take it.
    """
    if not is_document_path(path):
        raise BadInput(f"{path!r} is not the path of a document.")
    put_whole(bucket, path, body)
    return len(body)


def put_news(bucket: ObjectStore, path: str, document: BaseModel) -> int:
    """Replace a document where it says something else than the one that lies there, its moment apart; its size, or 0 where it does not.

    Raises as `put` does.
    """
    body, before = canonical(document), get(bucket, path)
    if before is not None and _MOMENT.sub(b"", body, 1) == _MOMENT.sub(b"", before, 1):
        return 0
    return put(bucket, path, body)


def content_digest(body: bytes) -> str:
    """A digest of what a document says, its moment apart."""
    return hashlib.sha256(_MOMENT.sub(b"", body, 1)).hexdigest()[:32]


def get(bucket: ObjectStore, path: str) -> bytes | None:
    """A document's bytes; None where there is none, or where the path cannot be a document's. Raises ConfigError or StorageError where the
    bucket does not answer."""
    if not is_document_path(path):
        return None
    try:
        return read(bucket, path)
    except FileNotFoundError:
        return None
