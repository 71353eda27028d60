"""The report's table: words with places to rows of seven cells, page after page.

Knows columns and rows. It must never know what a cell says. A cell is drawn within an area of its own, and the areas of a row lie beside
each other; a reason of several lines stands above and below its player's line. Only the first page has the columns' titles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tipoff.scrape.pages import Pdf, Word

COLUMNS = ("date", "time", "matchup", "team", "player", "status", "reason")
_SAME_LINE = 3.0
_WIDEST_CELL = 240.0
_LEFT_OF_TITLE = 2.0
_FURNITURE = re.compile(r"(Practice League )?Injury Report: .*|Page \d+ of \d+")


@dataclass(frozen=True)
class Row:
    """One row: its cells by column, without the empty ones; `opens_page` where it is the first of a page."""

    path: str
    cells: dict[str, str]
    opens_page: bool


def title_of(document: Pdf) -> str | None:
    """The line above the table, `Injury Report: 01/04/24 12:30 PM`; None where there is none, and it is no such report."""
    for line in _lines(document.pages[0]):
        if _FURNITURE.fullmatch(text := _joined(line)) and not text.startswith("Page "):
            return text
    return None


def has_columns(document: Pdf) -> bool:
    """Whether its first page has the titles of the seven columns."""
    return _header(document.pages[0]) is not None


def rows_of(document: Pdf) -> list[Row]:
    """Every row of the table. Empty where the columns have no titles."""
    found: list[Row] = []
    starts: list[float] = []
    for number, page in enumerate(document.pages):
        header = _header(page)
        if header:
            starts = [word.x for word in header]
        body = _body(page, header)
        if starts and body:
            found += _rows(body, starts, number)
    return found


def _lines(page: Iterable[Word]) -> list[list[Word]]:
    """The words of a page by line, each in the order in which they are drawn."""
    lines: list[list[Word]] = []
    for word in sorted(page, key=lambda word: word.y):
        if lines and word.y - lines[-1][-1].y <= _SAME_LINE:
            lines[-1].append(word)
        else:
            lines.append([word])
    place = {id(word): at for at, word in enumerate(page)}
    return [sorted(line, key=lambda word: place[id(word)]) for line in lines]


def _header(page: Sequence[Word]) -> list[Word] | None:
    """The first word of each column's title."""
    for matchup in (word for word in page if word.text == "Matchup"):
        line = sorted((word for word in page if abs(word.y - matchup.y) <= _SAME_LINE), key=lambda word: word.x)
        first = [word for word in line if word.text in ("Game", "Matchup", "Team", "Player", "Current", "Reason")]
        if [word.text for word in first] == ["Game", "Game", "Matchup", "Team", "Player", "Current", "Reason"]:
            return first
    return None


def _body(page: Sequence[Word], header: list[Word] | None) -> list[Word]:
    furniture = {id(word) for line in _lines(page) if _FURNITURE.fullmatch(_joined(line)) for word in line}
    below = header[0].y + _SAME_LINE if header else float("-inf")
    return [word for word in page if word.y > below and id(word) not in furniture]


def _rows(body: list[Word], starts: list[float], page: int) -> list[Row]:
    middles = [word.y for word in body if _column(word, starts) == "status" or word.text == "NOT"]
    spans = sorted((*_span(word, middles), at) for at, word in enumerate(body))
    bands: list[list[int]] = []
    reach = float("-inf")
    for top, bottom, at in spans:
        if not bands or top > reach - _SAME_LINE:
            bands.append([])
            reach = bottom
        bands[-1].append(at)
        reach = max(reach, bottom)
    rows = []
    for number, band in enumerate(bands):
        cells: dict[str, list[Word]] = {}
        for at in sorted(band):
            cells.setdefault(_column(body[at], starts), []).append(body[at])
        texts = {column: _joined(words) for column, words in cells.items()}
        rows.append(Row(f"$.pages[{page}].rows[{number}]", texts, opens_page=number == 0))
    return rows


def _span(word: Word, middles: list[float]) -> tuple[float, float]:
    """From where to where on the page a word's cell reaches; without a cell, it goes with the nearest line that has a status."""
    if word.area is not None and word.area.right - word.area.left <= _WIDEST_CELL:
        return word.area.top, word.area.bottom
    middle = min(middles, key=lambda middle: abs(middle - word.y), default=word.y)
    return middle - _SAME_LINE, middle + _SAME_LINE


def _column(word: Word, starts: list[float]) -> str:
    return COLUMNS[max(0, sum(word.x >= start - _LEFT_OF_TITLE for start in starts) - 1)]


def _joined(words: Iterable[Word]) -> str:
    """A cell's words as one text; a word that was broken at its own hyphen (`Two-` `Way`) is one again."""
    text = ""
    for word in words:
        text += word.text if not text or re.search(r"\w-$", text) else f" {word.text}"
    return text
