"""The reference in the docs is what the code says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tipoff.cli.reference import pages

DOCS = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_docs_have_the_page_that_the_code_makes(name: str) -> None:
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == pages()[name], "`tipoff reference docs/reference` writes it anew"


def test_every_call_and_every_command_is_on_its_page() -> None:
    made = pages()
    for call in ("POST /start", "POST /replay", "GET /status"):
        assert f"## {call}\n" in made["api"]
    for command in ("tipoff demo", "tipoff quarantine replay", "tipoff reference"):
        assert f"## {command}\n" in made["commands"]
