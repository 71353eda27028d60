"""Under which key a book is stored: its own, whatever way it was written."""

from __future__ import annotations

import pytest

from tipoff.market.books import BOOKS, find_book


@pytest.mark.parametrize("key", BOOKS)
def test_a_book_is_found_by_its_key_its_title_and_every_spelling_in_any_case(key: str) -> None:
    book = BOOKS[key]
    for spelling in (key, book.title, *book.spellings):
        assert {find_book(text) for text in (spelling, spelling.upper(), f" {spelling} ", spelling.replace("_", " "))} == {book}


def test_a_book_is_found_under_the_title_that_its_source_gave_it_before() -> None:
    assert find_book("William Hill (US)").key == "williamhill_us"


def test_books_that_nobody_declared_stay_apart_in_whatever_script() -> None:
    found = [find_book(name) for name in ("My Uncle", "Фонбет", "Лига Ставок", "?!")]
    assert [book.key for book in found] == ["my_uncle", "фонбет", "лига_ставок", "unnamed"]
    assert {book.kind for book in found} == {"unknown"}
