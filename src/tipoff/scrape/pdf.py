"""Bytes of a PDF to its words, each with its place on the page and the cell that it is drawn in.

Knows PDF, and how much of it may be read. It must never know what a document is about. A PDF can be made to cost any amount of time and
memory, so everything that grows has a limit, in bytes, pages, fonts or steps and never in seconds: what is refused here is refused
everywhere. A form is not entered (a handful of nested ones unfolds into millions), a picture is not unpacked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from pypdf import Configuration, PageObject, PdfReader, apply_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError

from tipoff.scrape.decode import Unreadable
from tipoff.scrape.pages import LONGEST_TITLE, Area, Pdf, Word

MAX_BYTES = 8 * 1024 * 1024
MAX_PAGES = 60
MAX_FONTS = 64
"""Fonts of all pages together."""
MAX_STEPS = 200_000
"""Drawing steps of all pages together; a page of the injury report has two thousand."""
MAX_WORDS = 50_000

_UNPACKED = 4 * 1024 * 1024
_LIMITS = Configuration(
    maximum_declared_stream_length=MAX_BYTES,
    array_based_stream_maximum_output_length=_UNPACKED,
    array_maximum_element_count=20_000,
    dictionary_maximum_element_count=20_000,
    lzw_maximum_output_length=_UNPACKED,
    run_length_maximum_output_length=_UNPACKED,
    zlib_maximum_output_length=_UNPACKED,
    zlib_maximum_recovery_input_length=256 * 1024,
    brotli_maximum_output_length=_UNPACKED,
    stream_filters_maximum_length=4,
    stream_decoding_work_maximum_length=4 * _UNPACKED,
    stream_parsing_work_maximum_count=100_000,
    page_tree_maximum_entries=1_000,
    page_tree_maximum_depth=20,
    page_tree_maximum_page_entries=20_000,
    xform_maximum_invocations_per_extraction=0,
    jbig2dec_binary=None,
)

logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)  # what it mends in silence is no concern of an operator's; errors are raised


def read_pdf(body: bytes) -> Pdf:
    """The PDF in a body.

    Raises Unreadable with one of the rules `too_large`, `encrypted_pdf`, `too_costly` (a limit was reached), `empty_pdf` (no page), and
    `broken_pdf` for everything else.
    """
    if len(body) > MAX_BYTES:
        raise Unreadable("too_large", body)
    try:
        with apply_configuration(_LIMITS):
            return _read(PdfReader(BytesIO(body)), body)
    except Unreadable:
        raise
    except (_Enough, LimitReachedError, MemoryError, RecursionError):
        raise Unreadable("too_costly", body) from None
    except (FileNotDecryptedError, DependencyError):
        raise Unreadable("encrypted_pdf", body) from None
    except Exception:  # noqa: BLE001 - a damaged PDF breaks the library in ways of its own, and each of them means this
        raise Unreadable("broken_pdf", body) from None


class _Enough(BaseException):
    """A limit of ours was reached. No Exception, since the library goes on after those."""


def _read(reader: PdfReader, body: bytes) -> Pdf:
    if reader.is_encrypted:
        raise Unreadable("encrypted_pdf", body)
    pages = list(reader.pages[: MAX_PAGES + 1])
    if not pages:
        raise Unreadable("empty_pdf", body)
    if len(pages) > MAX_PAGES:
        raise _Enough
    spent = _Spent()
    return Pdf(_title(reader), tuple(tuple(_words(page, spent)) for page in pages))


def _title(reader: PdfReader) -> str:
    try:
        title = reader.metadata.title if reader.metadata else None
    except Exception:  # noqa: BLE001 - a title that cannot be read is none, and its pages may be whole
        return ""
    return " ".join(str(title or "")[:LONGEST_TITLE].split())


@dataclass
class _Spent:
    """What a whole document has cost so far."""

    fonts: int = 0
    steps: int = 0
    words: int = 0

    def add(self, *, fonts: int = 0, steps: int = 0, words: int = 0) -> None:
        self.fonts, self.steps, self.words = self.fonts + fonts, self.steps + steps, self.words + words
        if self.fonts > MAX_FONTS or self.steps > MAX_STEPS or self.words > MAX_WORDS:
            raise _Enough


def _words(page: PageObject, spent: _Spent) -> Iterator[Word]:
    resources = page.get("/Resources")
    fonts = resources.get_object().get("/Font") if resources is not None else None
    spent.add(fonts=len(fonts.get_object()) if fonts is not None else 0)
    pen = _Pen(float(page.mediabox.top), spent)
    page.extract_text(visitor_operand_before=pen.step, visitor_text=pen.text)
    yield from pen.words


@dataclass
class _Pen:
    """Follows a page as it is drawn: the area that is clipped to, and each text with its place."""

    top: float
    spent: _Spent
    words: list[Word] = field(default_factory=list)
    _drawn: Area | None = None
    _clip: Area | None = None
    _saved: list[Area | None] = field(default_factory=list)
    _of_text: Area | None = None

    def step(self, operator: bytes, operands: list[Any], matrix: list[float], _text: list[float]) -> None:
        """Before each drawing step."""
        self.spent.add(steps=1)
        if operator == b"re" and len(operands) == 4:
            x, y, width, height = (float(operand) for operand in operands)
            (one, upper), (other, lower) = self._place(matrix, x, y), self._place(matrix, x + width, y + height)
            self._drawn = Area(min(one, other), min(upper, lower), max(one, other), max(upper, lower))
        elif operator in (b"W", b"W*"):
            self._clip = self._drawn
        elif operator == b"q":
            self._saved.append(self._clip)
        elif operator == b"Q":
            self._clip = self._saved.pop() if self._saved else None
        elif operator in (b"Tj", b"TJ", b"'", b'"'):
            self._of_text = self._clip

    def text(self, text: str, matrix: list[float], place: list[float], _font: Any, _size: float) -> None:
        """After each piece of text; blanks part words, and only the first one's place is known."""
        pieces = text.split()
        self.spent.add(words=len(pieces))
        if pieces:
            across, down = self._place(matrix, place[4], place[5])
            self.words += [Word(piece, across, down, self._of_text) for piece in pieces]

    def _place(self, matrix: list[float], x: float, y: float) -> tuple[float, float]:
        return matrix[0] * x + matrix[2] * y + matrix[4], self.top - (matrix[1] * x + matrix[3] * y + matrix[5])
