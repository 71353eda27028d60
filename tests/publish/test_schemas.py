"""The JSON Schemas: one of each document, beside the documents and in the docs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tipoff.publish.documents import Document
from tipoff.publish.schemas import SHAPES, write_schemas
from tipoff.publish.write import schema_of

DOCS = Path(__file__).parents[2] / "docs" / "schemas"
EVERY = pytest.mark.parametrize("name", SHAPES)


@EVERY
def test_the_docs_have_the_schema_that_the_code_makes(name: str) -> None:
    """`tipoff schemas docs/schemas` writes them anew."""
    assert (DOCS / f"{name}.json").read_bytes() == schema_of(SHAPES[name], name)


def test_the_docs_have_no_schema_of_a_document_that_is_none() -> None:
    assert {path.stem for path in DOCS.iterdir()} == set(SHAPES)


@EVERY
def test_every_document_has_the_envelope(name: str) -> None:
    schema = json.loads(schema_of(SHAPES[name], name))
    assert {"schema_version", "league", "generated_at", "data_as_of", "halt", "state", "final"} <= set(schema["properties"])


def test_every_shape_of_a_document_has_its_schema() -> None:
    assert set(Document.__subclasses__()) == set(SHAPES.values())


def test_they_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    names = write_schemas(tmp_path / "somewhere")
    assert sorted(path.name for path in (tmp_path / "somewhere").iterdir()) == sorted(names)
