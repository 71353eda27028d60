"""The sheet of an injury report: rows of seven cells, laid out on pages as the league lays out its own.

Knows columns, lines and pages. It must never know a season. What repeats the row above is left blank; a cell that is too long goes on in
further lines, around the middle of its row; a reason that does not fit on its page goes on at the top of the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from tipoff.practice.pdf import WIDTH, Page, pdf_of

COLUMNS = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
_EDGES = (19.15, 115.59, 195.95, 260.24, 420.98, 581.71, 662.07, 822.8)
_PAGE = (841.95, 595.35)
_SIZE, _TITLE_SIZE = 8.0, 22.0
_LINE = 11.5
_PADDING = 10.5
_MARGIN = 5.0
_HEADER = (100.44, 21.3)
_TOP, _BOTTOM = 76.4, 530.0


@dataclass(frozen=True)
class SheetRow:
    """One row, as printed: dates `01/28/2026`, times `07:30 (ET)`, matchups `AWY@HOM`."""

    date: str
    time: str
    matchup: str
    team: str
    player: str = ""
    status: str = ""
    reason: str = ""


def sheet(title: str, rows: Sequence[SheetRow], *, deflate: bool = True) -> bytes:
    """The report as a PDF."""
    pages = [_page(title)]
    for place, column in enumerate(COLUMNS):
        _cell(pages[-1], place, [column], *_HEADER)
    down = sum(_HEADER)
    shown: tuple[str, ...] = ()
    for row in rows:
        texts = astuple(row)
        cells = [_lines(text, place) for place, text in enumerate(_blanked(texts, shown))]
        shown = texts
        while any(cells):
            fits = int((_BOTTOM - down - _PADDING) // _LINE)
            needed, others = max(map(len, cells)), max(map(len, cells[:-1]))
            if fits < max(1, others):
                pages.append(_page(title))
                down = _TOP
                continue
            height = min(needed, fits) * _LINE + _PADDING
            for place, lines in enumerate(cells):
                _cell(pages[-1], place, lines[:fits], down, height)
            cells = [[] for _ in cells[:-1]] + [cells[-1][fits:]]
            down += height
    for number, page in enumerate(pages, 1):
        page.text(f"Page {number} of {len(pages)}", 398.5, 545.4, size=10)
    return pdf_of(pages, title.partition(":")[0], deflate=deflate)


def _page(title: str) -> Page:
    page = Page(*_PAGE)
    page.text(title, 84.2, 62.0, size=_TITLE_SIZE)
    return page


def _blanked(texts: tuple[str, ...], above: tuple[str, ...]) -> list[str]:
    """A row less what stands in the row above: its date, then its time and game, then its team."""
    same = [text == other for text, other in zip(texts[:4], above[:4], strict=False)] or [False] * 4
    day, clock, game, team = same[0], all(same[:2]), same[0] and same[2], same[0] and same[2] and same[3]
    return ["" if blank else text for blank, text in zip((day, clock, game, team), texts[:4], strict=True)] + list(texts[4:])


def _lines(text: str, column: int) -> list[str]:
    """The text in lines no wider than the column; a word that is wider stands alone."""
    most = int((_EDGES[column + 1] - _EDGES[column] - 2 * _MARGIN) / (WIDTH * _SIZE))
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _cell(page: Page, column: int, lines: Sequence[str], top: float, height: float) -> None:
    left, right = _EDGES[column], _EDGES[column + 1]
    first = top + (height - len(lines) * _LINE) / 2 + 0.75 * _LINE
    for number, line in enumerate(lines):
        page.text(line, left + _MARGIN, first + number * _LINE, size=_SIZE, area=(left, top, right - left, height))
