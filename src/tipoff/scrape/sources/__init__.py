"""Every source by name, and whose a document is, from its shape: for documents that come from a folder.

A source declares requests and transforms payloads. It never fetches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tipoff.errors import UnknownFormat
from tipoff.scrape.decode import Unreadable, decode
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources import espn, nba_cdn, nba_stats, odds_api


@dataclass(frozen=True)
class Source:
    """A source: `transform` reads any of its payloads and never raises for what stands in one; `recognise` tells a document's kind."""

    name: str
    transform: Callable[[Payload], Parsed]
    recognise: Callable[[Any], str | None]


SOURCES: dict[str, Source] = {
    module.SOURCE: Source(module.SOURCE, module.transform, module.recognise) for module in (odds_api, nba_cdn, nba_stats, espn)
}


def source_named(name: str) -> Source:
    """The source of that name. Raises UnknownFormat where there is none."""
    if name not in SOURCES:
        raise UnknownFormat(f"{name!r} is no source.", hint=f"There are {', '.join(SOURCES)}.")
    return SOURCES[name]


def recognise(body: bytes) -> tuple[str, str] | None:
    """Source and kind of a body, by its shape; None where it is no document, or nobody's."""
    try:
        document = decode(body)
    except Unreadable:
        return None
    for source in SOURCES.values():
        if kind := source.recognise(document):
            return source.name, kind
    return None
