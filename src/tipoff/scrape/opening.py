"""The first step that every source shares: a payload to a document of a known kind, or the reason why it is none.

Knows bodies and shapes. It must never know a source but by its `recognise`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tipoff.scrape.bodies import document_of, shown_of
from tipoff.scrape.decode import Unreadable
from tipoff.scrape.pages import Pdf
from tipoff.scrape.reading import Ledger, fault_of_object
from tipoff.scrape.records import Parsed, Payload


def open_document(payload: Payload, source: str, recognise: Callable[[Any], str | None]) -> tuple[Any, str] | Parsed:
    """The document and its kind; or, where there is nothing to read, what is to be handed back.

    A 204 is a success with zero rows. Whatever else is no document of this source is set apart as a whole, and counts one row.
    """
    if payload.status == 204:
        return Parsed(source, "empty")
    try:
        document = document_of(payload.body)
    except Unreadable as unreadable:
        return Parsed(source, "unreadable", rejects=[unreadable.reject], offered=1)
    kind = recognise(document)
    fault = None if type(document) in (list, Pdf) else fault_of_object(document)
    if kind is not None and fault is None:
        return document, kind
    ledger = Ledger()
    ledger.lost("$", fault if kind and fault else "unrecognised", shown_of(document))
    return Parsed(source, kind or "unrecognised", rejects=ledger.rejects, offered=ledger.offered)
