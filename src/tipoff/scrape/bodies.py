"""A body to a document, whatever the source sends: a PDF by its first bytes, else JSON.

Knows which decoder reads what. It must never know a source.
"""

from __future__ import annotations

from typing import Any

from tipoff.scrape.decode import decode
from tipoff.scrape.pages import MAGIC, Pdf


def document_of(body: bytes) -> Any:
    """A `Pdf`, or what a JSON decoder gives. Raises Unreadable with the decoder's rule where it is neither."""
    if not body.startswith(MAGIC):
        return decode(body)
    from tipoff.scrape.pdf import read_pdf  # a quarter of a second to import, and one source in five sends them

    return read_pdf(body)


def shown_of(document: Any) -> Any:
    """What of a document is shown where all of it is set apart."""
    return document.beginning if isinstance(document, Pdf) else document
