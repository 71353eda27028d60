"""Receipts: what was fetched, when and what for, beside the payloads in the bucket, so that nothing that arrived can be forgotten.

A receipt is written right after its payload, before anybody reads that. What has a receipt and no row in `raw.arrivals` is still to be
loaded, whoever fetched it and whatever happened to him since. Knows an object store; it must never know what a payload says.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from obstore.store import ObjectStore

from tipoff.clock import as_utc
from tipoff.errors import BadInput, BrokenInvariant
from tipoff.store.bucket import level, listed, put_once, read

_FOLDER = "receipts"
_STAMP = "%Y%m%dT%H%M%S.%fZ"
FROM_FOLDER = "folder"


def arrival_stamp(fetched_at: datetime | None) -> str:
    """The moment of an arrival as `raw.arrivals` keys it."""
    return FROM_FOLDER if fetched_at is None else f"{as_utc(fetched_at):{_STAMP}}"


def arrival_moment(arrived: str) -> datetime | None:
    """The fetch behind a key of `raw.arrivals`, UTC; None where it came from a folder."""
    return None if arrived == FROM_FOLDER else datetime.strptime(arrived, _STAMP).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Receipt:
    """One fetch: `fetched_at` is UTC, `game_date` the New York day asked for, `url` without its key."""

    payload_id: str
    source: str
    feed: str
    game_date: date
    fetched_at: datetime
    url: str
    status: int

    @property
    def arrived(self) -> str:
        """The moment as `raw.arrivals` keys it."""
        return arrival_stamp(self.fetched_at)


class Receipts:
    """The receipts in a bucket, below `receipts/`, by feed and game day."""

    def __init__(self, bucket: ObjectStore) -> None:
        self._bucket = bucket

    def put(self, receipt: Receipt) -> None:
        """Keep a receipt; keeping it twice is keeping it once. Raises ConfigError or StorageError where it cannot be written."""
        body = {**asdict(receipt), "game_date": receipt.game_date.isoformat(), "fetched_at": receipt.fetched_at.isoformat()}
        path = f"{_prefix(receipt.feed, receipt.game_date)}/{receipt.arrived}_{receipt.payload_id}.json"
        put_once(self._bucket, path, json.dumps(body, sort_keys=True).encode())

    def names(self, feed: str, game_date: date) -> set[tuple[str, str]]:
        """(payload_id, arrived) of everything that was fetched for a feed and a game day."""
        return {_key(str(entry["path"])) for entry in listed(self._bucket, _prefix(feed, game_date))}

    def get(self, feed: str, game_date: date, key: tuple[str, str]) -> Receipt:
        """One receipt by (payload_id, arrived). Raises BadInput where there is none."""
        payload_id, arrived = key
        path = f"{_prefix(feed, game_date)}/{arrived}_{payload_id}.json"
        try:
            body: dict[str, Any] = json.loads(read(self._bucket, path))
        except FileNotFoundError:
            raise BadInput(f"There is no receipt {path}.") from None
        except ValueError as error:
            raise BrokenInvariant(f"Receipt {path} is damaged: {error}.") from error
        moment = datetime.fromisoformat(body["fetched_at"]).astimezone(UTC)
        return Receipt(**{**body, "game_date": date.fromisoformat(body["game_date"]), "fetched_at": moment})

    def kept(self) -> set[tuple[str, date]]:
        """Every (feed, game day) that has receipts."""
        found = set()
        for entry in listed(self._bucket, _FOLDER):
            _, feed, day, _ = str(entry["path"]).split("/")
            found.add((feed, date.fromisoformat(day)))
        return found

    def feeds(self) -> list[str]:
        """Every feed that has receipts, without looking at them."""
        return [folder.rpartition("/")[2] for folder in level(self._bucket, _FOLDER)[0]]


def _prefix(feed: str, game_date: date) -> str:
    if not feed.replace("-", "").isalnum():
        raise BadInput(f"{feed!r} is no feed.")
    return f"{_FOLDER}/{feed}/{game_date.isoformat()}"


def _key(path: str) -> tuple[str, str]:
    arrived, _, payload_id = path.rsplit("/", 1)[-1].removesuffix(".json").partition("_")
    return payload_id, arrived
