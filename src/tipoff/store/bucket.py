"""The bucket: a folder, s3:// or gs://, opened from its URL and the environment, and the few ways in which objects are kept and read.

Knows an object store and what its complaints mean. It must never know what an object says, and it never tells a key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import stamina
from obstore.exceptions import AlreadyExistsError, BaseError, NotModifiedError, PermissionDeniedError, UnauthenticatedError
from obstore.store import GCSStore, LocalStore, MemoryStore, ObjectStore, S3Store, from_url

from tipoff.config import mask_url
from tipoff.errors import ConfigError, StorageError, TipoffError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

PATIENCE = 90.0
"""So many seconds a bucket that does not answer is asked again; less than a batch may stand still before it is taken over."""
BRIEF = 4.0
"""The same where a person waits for a page."""
_ANSWER = timedelta(seconds=60)
_STAGED = re.compile(r"#\d+$")
"""How the client calls a file until it is whole."""
_SCHEMES = {"s3": "AWS", "gs": "GOOGLE"}
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_KEYS = {
    "s3": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where the machine has a role.",
    "gs": "Set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run where the machine has a service account.",
}


def open_bucket(url: str, patience: float = PATIENCE) -> ObjectStore:
    """The object store behind a `file://`, `s3://bucket/prefix` or `gs://bucket/prefix` URL; a folder is made where it is missing.

    Endpoint, region and credentials of a bucket come from the environment, as its other tools read it (AWS_…, GOOGLE_…). One that does not
    answer is asked again for `patience` seconds. Nothing is asked of it here. Raises ConfigError for what names no bucket.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return _folder(url, parts.netloc, parts.path)
    if parts.scheme == "memory":
        return from_url(url)
    if parts.scheme not in _SCHEMES:
        raise ConfigError(f"{mask_url(url)!r} is no bucket.", hint="Use file://, s3:// or gs://.")
    if "@" in parts.netloc or parts.query or parts.fragment or not parts.netloc:
        raise ConfigError(
            f"{mask_url(url)!r} is no address of a bucket.",
            hint=f"Write {parts.scheme}://bucket/prefix; keys and the endpoint stand in {_SCHEMES[parts.scheme]}_… variables.",
        )
    if parts.scheme == "s3":
        _check_endpoint()
    retry: RetryConfig = {
        "max_retries": 1_000_000,  # the time decides
        "retry_timeout": timedelta(seconds=patience),
        "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
    }
    client: ClientConfig = {
        "timeout": min(_ANSWER, timedelta(seconds=max(patience, 1.0))),
        "allow_http": parts.scheme == "s3" and _http_is_allowed(),  # options that are given hide those of the environment
    }
    try:
        return from_url(url, client_options=client, retry_config=retry)
    except BaseError as error:
        raise ConfigError(f"{mask_url(url)} cannot be opened: {_words(error)}.", hint=_KEYS[parts.scheme]) from error


def open_place(place: str) -> ObjectStore:
    """The store behind a URL, or behind a folder's path as a person writes it. Raises as `open_bucket` does."""
    return open_bucket(place if "://" in place else Path(place).absolute().as_uri())


def _folder(url: str, host: str, path: str) -> LocalStore:
    if host not in {"", "localhost"} or not path:
        raise ConfigError(f"{url!r} names no folder.", hint="Write file:///absolute/path.")
    folder = Path(url2pathname(path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made: {error}.", hint="Choose another --data-dir.") from error
    return LocalStore(prefix=folder)


def _check_endpoint() -> None:
    """The client would break on an endpoint that is no address, and would call plain HTTP only a `builder error`."""
    name = next((name for name in _ENDPOINTS if os.environ.get(name)), None)
    if name is None:
        return
    parts = urlsplit(os.environ[name])
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ConfigError(f"{name} is no address.", hint="Write it like https://objects.example.org, without keys.")
    if parts.scheme == "http" and not _http_is_allowed():
        raise ConfigError(
            f"{name} is {parts.scheme}://{parts.netloc}, where anybody on the way can read along.",
            hint="Use https://, or set AWS_ALLOW_HTTP=true where the way is your own.",
        )


def _http_is_allowed() -> bool:
    return os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true", "yes", "on"}


def put_whole(bucket: ObjectStore, path: str, body: bytes) -> None:
    """Replace an object: readers see the old one or the new one. Raises ConfigError where a folder, StorageError where a bucket does not
    take it."""
    try:
        bucket.put(path, body, use_multipart=False)  # one request, which may be sent again
    except (BaseError, OSError) as error:
        raise not_kept(bucket, path, error) from error


def put_once(bucket: ObjectStore, path: str, body: bytes) -> bool:
    """Keep an object where there is none of this name; False where there is one, be it our own whose receipt was lost on the way.

    So only for names that stand for one content. Raises as `put_whole` does.
    """
    try:
        for attempt in _attempts(bucket):
            with attempt:
                bucket.put(path, body, mode="create", use_multipart=False)
    except AlreadyExistsError:
        return False
    except (BaseError, OSError) as error:
        raise not_kept(bucket, path, error) from error
    return True


def _attempts(bucket: ObjectStore) -> Iterator[stamina.Attempt]:
    """The client itself sends a put-if-absent again only where it is sure that it did not arrive."""

    def lost(error: Exception) -> bool:
        return not isinstance(bucket, LocalStore | MemoryStore) and isinstance(error, BaseError) and _unreachable(str(error))

    yield from stamina.retry_context(on=lost, attempts=4, timeout=PATIENCE, wait_initial=0.1, wait_max=2.0)


def read(bucket: ObjectStore, path: str) -> bytes:
    """An object's bytes. Raises FileNotFoundError where there is none, ConfigError or StorageError where the bucket does not answer so."""
    try:
        return bucket.get(path).bytes().to_bytes()
    except FileNotFoundError as error:
        raise _missing(bucket, error) or error from None
    except (BaseError, OSError) as error:
        raise not_read(bucket, path, error) from error


def read_changed(bucket: ObjectStore, path: str, mark: str | None) -> tuple[bytes, str] | None:
    """An object's bytes and its mark, empty where it has none; None where it is the one that bears `mark`. Raises as `read` does."""
    try:
        found = bucket.get(path, options={"if_none_match": mark} if mark else None)
        return found.bytes().to_bytes(), found.meta["e_tag"] or ""
    except NotModifiedError:
        return None
    except FileNotFoundError as error:
        raise _missing(bucket, error) or error from None
    except (BaseError, OSError) as error:
        raise not_read(bucket, path, error) from error


def exists(bucket: ObjectStore, path: str) -> bool:
    """Whether there is an object of this name. Raises as `read` does, where the bucket does not answer."""
    try:
        bucket.head(path)
    except FileNotFoundError:
        return False
    except (BaseError, OSError) as error:
        raise not_read(bucket, path, error) from error
    return True


def listed(bucket: ObjectStore, prefix: str) -> Iterator[Any]:
    """Every object below a folder, as obstore describes it, page by page; none where there is no such folder. Raises as `read` does."""
    try:
        for page in bucket.list(f"{prefix.rstrip('/')}/" if prefix else None):
            yield from page
    except FileNotFoundError as error:
        if (missing := _missing(bucket, error)) is not None:
            raise missing from None
    except BaseError as error:
        raise not_read(bucket, prefix, error) from error


def half_written(bucket: ObjectStore, folder: str, before: datetime) -> list[Path]:
    """Files that a writer who was killed has left beside their objects below a folder, last written before a moment (UTC). A bucket
    keeps none: there a put that was broken off leaves nothing."""
    if not isinstance(bucket, LocalStore) or bucket.prefix is None:
        return []
    found = Path(str(bucket.prefix), folder).rglob("*#*")
    return sorted(path for path in found if _STAGED.search(path.name) and path.is_file() and path.stat().st_mtime < before.timestamp())


def level(bucket: ObjectStore, folder: str) -> tuple[list[str], list[str]]:
    """The folders and the objects right below a folder, each by its whole path, in order. Raises as `read` does."""
    try:
        found = bucket.list_with_delimiter(f"{folder.rstrip('/')}/")
    except FileNotFoundError as error:
        if (missing := _missing(bucket, error)) is not None:
            raise missing from None
        return [], []
    except BaseError as error:
        raise not_read(bucket, folder, error) from error
    return sorted(str(prefix).rstrip("/") for prefix in found["common_prefixes"]), sorted(str(entry["path"]) for entry in found["objects"])


def not_kept(bucket: ObjectStore, path: str, error: Exception) -> TipoffError:
    """What to tell where an object could not be written: which one, where, why, and what to do. Nothing half-written is left of it."""
    return _complaint(bucket, f"{path} could not be kept in {place(bucket)}", error, "Is the disk full, or read-only?")


def not_read(bucket: ObjectStore, path: str, error: Exception) -> TipoffError:
    """The same where one could not be read or listed."""
    return _complaint(bucket, f"{path} could not be read in {place(bucket)}", error, "Can the bucket be reached?")


def place(bucket: ObjectStore) -> str:
    """Where a bucket is, for people: its folder, or its URL."""
    if isinstance(bucket, LocalStore):
        return str(bucket.prefix)
    if isinstance(bucket, MemoryStore):
        return "memory"
    if isinstance(bucket, S3Store | GCSStore):
        return f"{_scheme(bucket)}://{bucket.config.get('bucket', '')}/{bucket.prefix or ''}".rstrip("/")
    return type(bucket).__name__


def _scheme(bucket: ObjectStore) -> str:
    return "gs" if isinstance(bucket, GCSStore) else "s3"


def _missing(bucket: ObjectStore, error: FileNotFoundError) -> StorageError | None:
    """The bucket itself is not there: which the client tells as if it were the object."""
    if "NoSuchBucket" not in str(error):
        return None
    return StorageError(f"There is no bucket {place(bucket)}.", hint="Make it, or correct `bucket`: `tipoff config` shows it.")


def _complaint(bucket: ObjectStore, what: str, error: Exception, of_a_disk: str) -> TipoffError:
    text, again = str(error), "Then run the command again: it goes on where it stopped."
    if isinstance(bucket, LocalStore | MemoryStore):
        return ConfigError(f"{what}: {_words(error)}", hint=f"{of_a_disk} Mend it. {again}")
    if "NoSuchBucket" in text:
        return StorageError(f"{what}: there is no such bucket.", hint="Make it, or correct `bucket`: `tipoff config` shows it.")
    if "169.254.169.254" in text or "/latest/api/token" in text or "/computeMetadata/" in text:
        return StorageError(f"{what}: no credentials are set, and this machine has no role.", hint=_KEYS[_scheme(bucket)])
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or _DENIED.search(text):
        return StorageError(f"{what}: it is not allowed ({_words(error)}).", hint=f"Look at the rights of the key in use. {again}")
    if _unreachable(text):
        return StorageError(f"{what}: it could not be reached ({_words(error)}).", hint=f"Is it up, and is the endpoint right? {again}")
    return StorageError(f"{what}: {_words(error)}.", hint=f"Look at the bucket. {again}")


_DENIED = re.compile(r"status code: 40[13]|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch")
_LOST = re.compile(r"HTTP error|error sending request|status code: (5\d\d|429|408)|timed out|connection|after \d+ retries", re.IGNORECASE)


def _unreachable(text: str) -> bool:
    return _LOST.search(text.partition("\n")[0]) is not None


def _words(error: Exception) -> str:
    """The store's complaint without its debugging text, nor the XML that came with it but for its code."""
    said = str(error).partition("\n")[0]
    code = re.search(r"<Code>([^<]+)</Code>", str(error))
    return re.sub(r":? *<\?xml.*", "", said).strip().rstrip(".:") + (f": {code[1]}" if code else "")
