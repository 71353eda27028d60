"""A PDF by hand: words at places on pages, in one standard font, each within an area of its own.

Knows the format, and must never know what is written. Every character is as wide as any other, so no font's measures are needed; letters
beyond ASCII get codes of their own and a table that says what they stand for. The same pages give the same bytes.

    page = Page(842, 595)
    page.text("Ankle", 20, 40, size=8, area=(10, 20, 100, 30))
    body = pdf_of([page], title="A report")
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tipoff.errors import BadInput

WIDTH = 0.6
"""Of a character, as a share of the size."""
_CODES = 256 - 128


@dataclass
class Page:
    """A page under way: `width` and `height` in points; places are from its left and top."""

    width: float
    height: float
    drawn: list[tuple[str, float, float, float, tuple[float, float, float, float] | None]] = field(default_factory=list)

    def text(self, text: str, x: float, y: float, *, size: float, area: tuple[float, float, float, float] | None = None) -> None:
        """Words from a place on, on one line; `area` (left, top, width, height) is what they are clipped to."""
        self.drawn.append((text, x, y, size, area))


def pdf_of(pages: Sequence[Page], title: str, *, deflate: bool = True) -> bytes:
    """The file. Raises BadInput where more letters beyond ASCII are used than one font holds."""
    codes = _codes(pages)
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Title (%s) /Producer (Tipoff practice) >>" % _escaped(title.encode("ascii", "replace")),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding /ToUnicode 5 0 R >>",
        _stream(_meanings(codes), deflate),
    ]
    for number, page in enumerate(pages):
        box = f"[0 0 {page.width:g} {page.height:g}]"
        fonts = "<< /Font << /F0 4 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Resources {fonts} /Contents {7 + 2 * number} 0 R >>".encode())
        objects.append(_stream(b"\n".join(_content(page, codes)), deflate))
    return _file(objects)


def _codes(pages: Sequence[Page]) -> dict[str, int]:
    found = {chr(code): code for code in range(32, 127)}
    others = sorted({letter for page in pages for text, *_ in page.drawn for letter in text} - found.keys())
    if len(others) > _CODES:
        raise BadInput(f"{len(others)} letters beyond ASCII are more than one font holds.", hint=f"Use at most {_CODES}.")
    return found | {letter: 128 + place for place, letter in enumerate(others)}


def _meanings(codes: dict[str, int]) -> bytes:
    lines = ["/CIDInit /ProcSet findresource begin 12 dict begin begincmap", "1 begincodespacerange <00> <FF> endcodespacerange"]
    meant = list(codes.items())
    for first in range(0, len(meant), 100):  # a block may hold a hundred
        block = meant[first : first + 100]
        pairs = " ".join(f"<{code:02X}> <{letter.encode('utf-16-be').hex().upper()}>" for letter, code in block)
        lines.append(f"{len(block)} beginbfchar {pairs} endbfchar")
    return "\n".join([*lines, "endcmap end end"]).encode()


def _content(page: Page, codes: dict[str, int]) -> Iterator[bytes]:
    yield f"q 1 0 0 -1 0 {page.height:g} cm".encode()  # from here on places are from the top, and letters upside down
    for text, x, y, size, area in page.drawn:
        clip = f"{' '.join(f'{edge:.4f}' for edge in area)} re W* n" if area else ""
        yield f"q {clip} BT /F0 {-size:g} Tf".encode()
        dx, dy = x, y
        for word in text.split():
            yield b"%.4f %.4f Td (%s) Tj" % (dx, dy, _escaped(bytes(codes[letter] for letter in word)))
            dx, dy = (len(word) + 1) * WIDTH * size, 0
        yield b"ET Q"
    yield b"Q"


def _escaped(text: bytes) -> bytes:
    return text.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)").replace(b"\r", rb"\r")


def _stream(content: bytes, deflate: bool) -> bytes:
    body = zlib.compress(content, 6) if deflate else content
    packed = b" /Filter /FlateDecode" if deflate else b""
    return b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(body), packed, body)


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    begins = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, begins)
    return bytes(out)
