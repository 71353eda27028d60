"""The registry in words: the page in docs is what is generated, and every feature is told wholly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tipoff.errors import BadInput
from tipoff.features.quality import MIN_SCORE
from tipoff.features.reasons import REASONS
from tipoff.features.reference import described, feature_called, features_in, reference_page, write_reference
from tipoff.features.registry import FEATURE_SETS, QUALITY, feature_set, features

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def test_the_page_in_docs_is_what_the_registry_says() -> None:
    stale = PAGE.read_text(encoding="utf-8") != reference_page()
    assert not stale, "docs/features.md is stale: run `tipoff features reference --write docs/features.md`"


def test_the_page_names_every_feature_source_reason_set_and_run_mode() -> None:
    page = reference_page()
    for feature in features():
        assert f"#### f{feature.entry.index} {feature.name}" in page
        assert feature.how in page
    for word in (*QUALITY, *REASONS, *FEATURE_SETS, *MIN_SCORE):
        assert f"| `{word}` |" in page


def test_a_feature_is_called_by_its_name_or_its_index() -> None:
    assert feature_called("f38").name == feature_called("game_total_line").name == feature_called(" F38 ").name == "game_total_line"


@pytest.mark.parametrize(("text", "hint"), [("opponent_pac", "opponent_pace"), ("f65", "f0 to f64"), ("zzz", "tipoff features list")])
def test_an_unknown_feature_is_refused_with_those_that_are_called_alike(text: str, hint: str) -> None:
    with pytest.raises(BadInput, match=text) as refused:
        feature_called(text)
    assert hint in refused.value.hint


def test_features_are_listed_by_set_and_category() -> None:
    assert [feature.name for feature in features_in("v12_noveg")] == list(feature_set("v12_noveg"))
    assert {feature.entry.category for feature in features_in(category="matchup")} == {"matchup"}
    assert features_in("v12_noveg", "vegas") == []
    for arguments in (("v13", None), (None, "weather")):
        with pytest.raises(BadInput, match="is called"):
            features_in(*arguments)


def test_a_feature_says_which_sets_it_is_in_and_what_it_needs() -> None:
    told = described(feature_called("f10"))
    assert (told.needs, told.range, told.sets) == ("injuries", "[0, 3]", ("v9", "v12", "v12_noveg", "v18"))
    assert described(feature_called("days_rest")).range == "[0, ∞)"


def test_the_page_is_written_to_a_file(tmp_path: Path) -> None:
    write_reference(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == reference_page()
