"""Every source by name, and whose a document is, from its shape: for documents that come from a folder.

A source declares requests and transforms payloads. It never fetches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tipoff.errors import UnknownFormat
from tipoff.scrape.batches import Batch
from tipoff.scrape.bodies import document_of
from tipoff.scrape.decode import Unreadable
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources import balldontlie, espn, nba_cdn, nba_injuries, nba_stats, odds_api
from tipoff.scrape.sources.odds_api.bulk import read_plain


@dataclass(frozen=True)
class Source:
    """A source: `transform` reads any of its payloads and never raises for what stands in one; `recognise` tells a document's kind."""

    name: str
    transform: Callable[[Payload], Parsed]
    recognise: Callable[[Any], str | None]


SOURCES: dict[str, Source] = {
    module.SOURCE: Source(module.SOURCE, module.transform, module.recognise)
    for module in (odds_api, nba_cdn, nba_stats, espn, nba_injuries, balldontlie)
}


def source_named(name: str) -> Source:
    """The source of that name. Raises UnknownFormat where there is none."""
    if name not in SOURCES:
        raise UnknownFormat(f"{name!r} is no source.", hint=f"There are {', '.join(SOURCES)}.")
    return SOURCES[name]


def recognise(body: bytes) -> tuple[str, str] | None:
    """Source and kind of a body, by its shape; None where it is no document, or nobody's."""
    try:
        document = document_of(body)
    except Unreadable:
        return None
    for source in SOURCES.values():
        if kind := source.recognise(document):
            return source.name, kind
    return None


def read_all(payloads: Sequence[tuple[Payload, str | None]]) -> Batch:
    """What (payload, source) pairs say; a source of None is told by the document's shape, and one that nobody knows is read as odds.

    The odds source's plain documents, of which there are most by far, are read together; each of the others by its own `transform`.
    """
    batch = Batch([None] * len(payloads))
    odds = [place for place, (_, source) in enumerate(payloads) if source in (None, odds_api.SOURCE)]
    batch.take(read_plain([payloads[place][0] for place in odds]), odds)
    for place, (payload, source) in enumerate(payloads):
        if batch.said[place] is None:
            batch.put(place, read_one(payload, source))
    return batch


def read_one(payload: Payload, source: str | None) -> Parsed:
    """What a payload says by its source's own `transform`; as in `read_all` a source of None is told by the document's shape."""
    if source is None:
        known = recognise(payload.body)
        source = known[0] if known else odds_api.SOURCE
    return source_named(source).transform(payload)
