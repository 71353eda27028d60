"""The vault: every payload verbatim, named by the sha256 of its bytes, compressed, written once.

Knows bytes and an object store. It must never know what a payload says.
"""

from __future__ import annotations

import hashlib

import pyarrow as pa
from obstore.store import ObjectStore

from tipoff.errors import BadInput, BrokenInvariant
from tipoff.store.bucket import listed, put_once, read
from tipoff.store.bucket import open_bucket as open_bucket

_FOLDER = "payloads"


def digest(body: bytes) -> str:
    """The payload id of these bytes: their sha256 in hex."""
    return hashlib.sha256(body).hexdigest()


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
        return f"{_FOLDER}/{payload_id[:2]}/{payload_id}.zst"

    def put(self, body: bytes) -> str:
        """Keep these bytes and give their id; keeping them twice is keeping them once. Raises ConfigError or StorageError where they
        cannot be kept."""
        payload_id = digest(body)
        packed = len(body).to_bytes(8, "little") + self._codec.compress(body, asbytes=True)
        put_once(self._bucket, self.path(payload_id), packed)
        return payload_id

    def kept(self) -> set[str]:
        """The ids of all payloads. Raises ConfigError or StorageError where the bucket does not answer."""
        return {str(entry["path"]).rpartition("/")[2].removesuffix(".zst") for entry in listed(self._bucket, _FOLDER)}

    def get(self, payload_id: str) -> bytes:
        """The bytes as they came. Raises BadInput where there are none, BrokenInvariant where they are not what they were."""
        try:
            packed = read(self._bucket, self.path(payload_id))
        except FileNotFoundError:
            raise BadInput(f"The vault holds no payload {payload_id}.") from None
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
