"""PDFs by hand that are out to cost time or memory, or that are broken in one place."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>"
ONE_KID = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 842 595] /Resources << /Font << /F0 4 0 R >> >> /Contents 5 0 R >>"
WORD = b"BT /F0 8 Tf 20 20 Td (word) Tj ET "


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A file of these objects, numbered from one; the first is its catalogue."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    begins = len(out)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, begins)
    return bytes(out)


def stream(content: bytes, *, packed: int = 0) -> bytes:
    """A stream, deflated so many times."""
    for _ in range(packed):
        content = zlib.compress(content, 9)
    filters = b"/Filter [%s]" % b" ".join([b"/FlateDecode"] * packed) if packed else b""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), filters, content)


def gigabyte() -> bytes:
    """A stream that unpacks, twice over, to a gigabyte of blanks."""
    blanks = b" " * 2**20
    packer = zlib.compressobj(9, wbits=-15)
    part = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)  # after which whatever follows can be read by itself: itself again
    checked = 1
    for _ in range(1024):
        checked = zlib.adler32(blanks, checked)
    content = zlib.compress(b"\x78\xda" + part * 1024 + packer.flush() + checked.to_bytes(4, "big"), 9)
    return b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (len(content), content)


def drawn(content: bytes, *, packed: int = 0) -> bytes:
    """A page with this content."""
    return pdf([CATALOG, ONE_KID, PAGE, FONT, stream(content, packed=packed)])


def pages(count: int) -> bytes:
    """One page, listed so many times."""
    kids = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * count, count)
    return pdf([CATALOG, kids, PAGE, FONT, stream(WORD)])


def page_tree(depth: int, width: int) -> bytes:
    """Nodes of the page tree that each list the next one so many times: width to the power of depth pages."""
    nodes = [b"<< /Type /Pages /Kids [%s] /Count 9 >>" % (b"%d 0 R " % (number + 3) * width) for number in range(depth)]
    return pdf([CATALOG, *nodes, b"<< /Type /Page /MediaBox [0 0 842 595] >>"])


def forms(depth: int, width: int) -> bytes:
    """A page that draws a form many times, which draws another many times, and so on."""
    first = 6
    made = []
    for number in range(depth):
        content = b"/X Do " * width if number < depth - 1 else WORD * width
        resources = b"<< /Font << /F0 4 0 R >> /XObject << /X %d 0 R >> >>" % (first + number + 1)
        head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources %s /Length %d >>" % (resources, len(content))
        made.append(head + b"\nstream\n" + content + b"\nendstream")
    page = PAGE.replace(b"/Font", b"/XObject << /X %d 0 R >> /Font" % first)
    return pdf([CATALOG, ONE_KID, page, FONT, stream(b"/X Do " * width), *made])


def fonts(count: int) -> bytes:
    """A page that names very many fonts."""
    named = b" ".join(b"/F%d 4 0 R" % number for number in range(count))
    return pdf([CATALOG, ONE_KID, PAGE.replace(b"/F0 4 0 R", named), FONT, stream(WORD)])


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing but its first bytes": (b"%PDF-1.7", "broken_pdf"),
    "its first bytes before something else": (b"%PDF-1.7\n<html>Access Denied</html>", "broken_pdf"),
    "no objects": (pdf([]), "broken_pdf"),
    "a catalogue that is its own pages": (pdf([b"<< /Type /Catalog /Pages 1 0 R >>"]), "empty_pdf"),
    "a catalogue that is a number": (pdf([b"7"]), "broken_pdf"),
    "no pages": (pdf([CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"]), "empty_pdf"),
    "a page tree that is a ring": (pdf([CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]), "broken_pdf"),
    "a page tree that unfolds": (page_tree(12, 10), "too_costly"),
    "a page tree that is very deep": (page_tree(5_000, 1), "too_costly"),
    "very many pages": (pages(5_000), "too_costly"),
    "a few pages too many": (pages(61), "too_costly"),
    "very many fonts": (fonts(5_000), "too_costly"),
    "very many words": (drawn(WORD * 60_000, packed=1), "too_costly"),
    "very many steps": (drawn(b"q Q " * 400_000, packed=1), "too_costly"),
    "a stream that unpacks to a gigabyte": (pdf([CATALOG, ONE_KID, PAGE, FONT, gigabyte()]), "too_costly"),
    "an array without an end": (drawn(b"[ " * 300_000, packed=1), "too_costly"),
    "a list of numbers without an end": (drawn(b"[" + b"1 " * 300_000 + b"] TJ", packed=1), "too_costly"),
    "encrypted": (pdf([CATALOG, ONE_KID, PAGE], b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (x) /P -1 >>"), "encrypted_pdf"),
    "encrypted by nobody we know": (pdf([CATALOG, ONE_KID, PAGE], b"/Encrypt << /Filter /Mine >>"), "broken_pdf"),
}
"""Bodies with the rule that sets each apart."""
