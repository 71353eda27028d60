"""Every reason that a recipe can give has a meaning and a phase, and a reason that nobody knows fails the build."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from tipoff.errors import BrokenInvariant
from tipoff.features import build as builder
from tipoff.features.build import MISSING, Built
from tipoff.features.quality import mended_by
from tipoff.features.reasons import PHASES, REASONS
from tipoff.features.registry import EXCUSED, Ingredients, Value, features
from tipoff.store.duckdb import DuckDBWarehouse


def given(built: Built) -> set[str]:
    """Every reason that the recipes offered, whether or not a row has it."""
    words = {word for column in built.sources.values() for word in column.dictionary.to_pylist()}
    return {word.removeprefix(MISSING) for word in words if word.startswith(MISSING)}


def test_the_table_of_reasons_is_what_recipes_give(whole: Built) -> None:
    assert given(whole) == set(REASONS)


def test_every_reason_is_told_in_a_sentence_and_names_a_phase_or_time() -> None:
    for word, reason in REASONS.items():
        assert reason.meaning.endswith("."), word
        assert reason.phase is None or reason.phase in PHASES, word
    assert REASONS[EXCUSED].phase is None


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("no_line", "scrape"),
        ("no_shots", "scrape"),
        ("no_report_covers_the_game", "scrape"),
        ("team_unknown", "load"),
        ("no_games", "load"),
    ],
)
def test_lines_reports_and_shots_are_scraped_names_and_boxes_are_loaded(word: str, phase: str) -> None:
    assert mended_by(f"some_feature={word}") == phase


def test_a_reason_that_is_not_in_the_table_fails_the_build_by_name(
    monkeypatch: pytest.MonkeyPatch, league_warehouse: DuckDBWarehouse, season_games: list[str]
) -> None:
    def careless(ingredients: Ingredients) -> Value:
        return Value(np.full(ingredients.size, np.nan), "calculated", "the_dog_ate_it")

    changed = tuple(replace(feature, recipe=careless) if feature.name == "days_rest" else feature for feature in features())
    monkeypatch.setattr(builder, "features", lambda: changed)
    with league_warehouse.reading() as work, pytest.raises(BrokenInvariant, match="the_dog_ate_it"):
        builder.build(work, season_games[:1], datetime(2025, 12, 6, tzinfo=UTC))
