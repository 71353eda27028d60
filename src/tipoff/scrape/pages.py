"""What a PDF comes to: its words, each with its place on the page and the cell that it is drawn in.

Knows places on a page. It must never know how a PDF is read (`scrape.pdf`), nor what its words say.
"""

from __future__ import annotations

from dataclasses import dataclass

MAGIC = b"%PDF-"
"""How every PDF begins."""
LONGEST_TITLE = 200


@dataclass(frozen=True)
class Area:
    """A rectangle: points from the page's left and top."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Word:
    """A piece of text without a blank within. Points from the page's left and top; `area` is what it is clipped to, None where nothing."""

    text: str
    x: float
    y: float
    area: Area | None = None


@dataclass(frozen=True)
class Pdf:
    """A PDF: its title (empty where it has none), and the words of each page in the order in which they are drawn."""

    title: str
    pages: tuple[tuple[Word, ...], ...]

    @property
    def beginning(self) -> str:
        """What is shown of it where it is set apart: its title and its first words."""
        words = [word.text for page in self.pages for word in page[:40]]
        return " ".join(filter(None, (self.title, *words)))[:LONGEST_TITLE]
