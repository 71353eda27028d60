"""PDFs to words: places, areas, limits. What is broken or out to cost too much is told, and costs little."""

from __future__ import annotations

import logging

import pytest
from hostile_pdfs import HOSTILE, WORD, drawn, forms, pages
from hypothesis import given
from hypothesis import strategies as st
from pypdf import get_configuration

from tipoff.practice.pdf import Page, pdf_of
from tipoff.scrape import pdf
from tipoff.scrape.decode import Unreadable
from tipoff.scrape.pages import MAGIC, Area, Pdf, Word
from tipoff.scrape.pdf import read_pdf
from tipoff.scrape.records import Payload, Reject
from tipoff.scrape.sources import SOURCES, recognise


def _words(document: Pdf) -> list[str]:
    return [word.text for page in document.pages for word in page]


def test_words_have_their_place_from_the_top_whichever_way_the_page_is_drawn() -> None:
    upright = drawn(b"q 10 555 100 30 re W n BT /F0 8 Tf 20 575 Td (word) Tj ET Q")
    downward = drawn(b"q 1 0 0 -1 0 595 cm q 10 10 100 30 re W* n BT /F0 -8 Tf 20 20 Td (word) Tj ET Q Q")
    for body in (upright, downward):
        assert read_pdf(body).pages == ((Word("word", 20.0, 20.0, Area(10.0, 10.0, 110.0, 40.0)),),)


def test_an_area_ends_with_what_it_was_set_for() -> None:
    (page,) = read_pdf(drawn(b"q 10 10 9 9 re W n " + WORD + b"Q " + WORD)).pages
    assert [word.area is None for word in page] == [False, True]


LETTERS = st.text(st.characters(codec="utf-8", categories=("Lu", "Ll", "Nd", "Po"), max_codepoint=0x17F), min_size=1, max_size=12)


@given(st.lists(LETTERS, min_size=1, max_size=30), st.booleans())
def test_what_is_written_is_read(words: list[str], deflate: bool) -> None:
    first, second = Page(842, 595), Page(842, 595)
    for number, word in enumerate(words):
        (first if number % 2 else second).text(word, 20, 12 * number + 20, size=8)
    document = read_pdf(pdf_of([second, first], "A title", deflate=deflate))
    assert (document.title, _words(document)) == ("A title", [*words[::2], *words[1::2]])


@pytest.mark.parametrize(("body", "rule"), HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_pdf_is_told_by_its_rule(body: bytes, rule: str) -> None:
    """F13."""
    with pytest.raises(Unreadable) as told:
        read_pdf(body)
    assert told.value.reject.rule == rule


def test_a_body_that_is_too_large_is_not_even_opened() -> None:
    with pytest.raises(Unreadable, match="too_large"):
        read_pdf(MAGIC + b" " * pdf.MAX_BYTES)


def test_forms_are_not_entered_so_they_cannot_unfold() -> None:
    assert _words(read_pdf(forms(12, 10))) == []


def test_as_many_pages_as_allowed_are_read() -> None:
    assert _words(read_pdf(pages(pdf.MAX_PAGES))) == ["word"] * pdf.MAX_PAGES


@pytest.mark.parametrize("body", [body for body, _ in HOSTILE.values()], ids=list(HOSTILE))
@pytest.mark.parametrize("source", list(SOURCES))
def test_no_source_raises_for_a_hostile_pdf_and_nobody_claims_it(body: bytes, source: str) -> None:
    parsed = SOURCES[source].transform(Payload(body, "a test"))
    assert ([reject.path for reject in parsed.rejects], parsed.offered, parsed.rows) == (["$"], 1, 0)
    assert recognise(body) is None


SOUND = pdf_of([Page(842, 595)], "A title")


@given(st.integers(0, len(SOUND) - 1), st.binary(max_size=8), st.integers(0, 40))
def test_no_damage_does_worse_than_unreadable(at: int, junk: bytes, cut: int) -> None:
    found = _pdf_or_reject(MAGIC + SOUND[5:at] + junk + SOUND[at + cut :])
    assert isinstance(found, Pdf) or (found.path, found.rows) == ("$", 1)


def _pdf_or_reject(body: bytes) -> Pdf | Reject:
    try:
        return read_pdf(body)
    except Unreadable as unreadable:
        return unreadable.reject


def test_what_the_library_mends_makes_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        read_pdf(drawn(WORD).replace(b"startxref\n", b"startxref\n9"))
    assert caplog.records == []


def test_the_limits_hold_within_the_call_only() -> None:
    before = get_configuration()
    with pytest.raises(Unreadable):
        read_pdf(drawn(b"[ " * 300_000))
    assert get_configuration() == before
