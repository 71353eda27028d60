"""The vault: every payload verbatim, named by the sha256 of its bytes, compressed, written once.

Knows bytes and an object store. It must never know what a payload says.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pyarrow as pa
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from tipoff.config import mask_url
from tipoff.errors import BadInput, BrokenInvariant, ConfigError


def open_bucket(url: str) -> ObjectStore:
    """The object store behind a `file://`, `s3://` or `gs://` URL; a folder is made where it is missing."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"} or not parts.path:
            raise ConfigError(f"{url!r} names no folder.", hint="Write file:///absolute/path.")
        folder = Path(url2pathname(parts.path))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{folder} cannot be made: {error}.", hint="Choose another --data-dir.") from error
        return LocalStore(prefix=folder)
    if parts.scheme not in {"s3", "gs", "memory"}:
        raise ConfigError(f"{mask_url(url)!r} is no bucket.", hint="Use file://, s3:// or gs://.")
    return from_url(url)


def digest(body: bytes) -> str:
    """The payload id of these bytes: their sha256 in hex."""
    return hashlib.sha256(body).hexdigest()


def not_kept(bucket: ObjectStore, path: str, error: BaseError) -> ConfigError:
    """What to tell where an object could not be written: which one, where, why, and what to do. Nothing half-written is left of it."""
    return ConfigError(
        f"{path} could not be kept in {_place(bucket)}: {_words(error)}",
        hint="Is the disk full, or read-only? Mend it, and run the command again: it goes on where it stopped.",
    )


def _place(bucket: ObjectStore) -> str:
    return str(bucket.prefix) if isinstance(bucket, LocalStore) else type(bucket).__name__


def _words(error: BaseError) -> str:
    """The store's complaint without its debugging text."""
    return str(error).partition("\n")[0]


class Vault:
    """Payloads in a bucket, below `payloads/`."""

    def __init__(self, bucket: ObjectStore) -> None:
        self._bucket = bucket
        self._codec = pa.Codec("zstd", compression_level=3)

    @staticmethod
    def path(payload_id: str) -> str:
        """Where a payload lies in the bucket."""
        if len(payload_id) != 64 or not set(payload_id) <= set("0123456789abcdef"):
            raise BadInput(f"{payload_id!r} is no payload id.")
        return f"payloads/{payload_id[:2]}/{payload_id}.zst"

    def put(self, body: bytes) -> str:
        """Keep these bytes and give their id; keeping them twice is keeping them once."""
        payload_id = digest(body)
        packed = len(body).to_bytes(8, "little") + self._codec.compress(body, asbytes=True)
        try:
            self._bucket.put(self.path(payload_id), packed, mode="create")
        except AlreadyExistsError:
            pass
        except BaseError as error:
            raise not_kept(self._bucket, self.path(payload_id), error) from error
        return payload_id

    def get(self, payload_id: str) -> bytes:
        """The bytes as they came. Raises BadInput where there are none, BrokenInvariant where they are not what they were."""
        try:
            packed = self._bucket.get(self.path(payload_id)).bytes().to_bytes()
        except FileNotFoundError:
            raise BadInput(f"The vault holds no payload {payload_id}.") from None
        except BaseError as error:
            raise ConfigError(
                f"Payload {payload_id} could not be read in {_place(self._bucket)}: {_words(error)}", hint="Can the bucket be reached?"
            ) from error
        body = _unpacked(packed)
        if body is None or digest(body) != payload_id:
            raise BrokenInvariant(f"Payload {payload_id} is not what it was when it was kept: the disk is to be distrusted.")
        return body


def _unpacked(packed: bytes) -> bytes | None:
    """The bytes behind the length; None where they are damaged. Read as a stream: a damaged length must not be allocated."""
    try:
        body: bytes = pa.CompressedInputStream(pa.BufferReader(packed[8:]), "zstd").read()
    except OSError:
        return None
    return body
