"""A page as a reader takes it in: its visible words, and its elements."""

from __future__ import annotations

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """`elements` are (tag, attributes) in order; `text` the words, spaces folded."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._words: list[str] = []
        self.feed(html)
        self.close()
        self.text = re.sub(r"\s+", " ", " ".join(self._words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def classed(self, tag: str, name: str) -> list[dict[str, str | None]]:
        return [attributes for attributes in self.all(tag) if name in (attributes.get("class") or "").split()]
