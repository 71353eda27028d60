"""F41: one registry, from which builder, scorer, store and sets derive; an index outside the catalogue cannot exist."""

from __future__ import annotations

import csv
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tipoff.errors import BrokenInvariant
from tipoff.features import registry
from tipoff.features.build import Built
from tipoff.features.registry import QUALITY, Ingredients, Value, feature_hash, feature_set, features, recipe
from tipoff.store.tables import table_named
from tipoff.store.tables.features import STORE, catalogue, value_columns

PAGE = Path(__file__).parents[3] / "shared" / "design" / "features.csv"


def nothing(ingredients: Ingredients) -> Value:
    """Nothing at all."""
    return Value(np.full(ingredients.size, np.nan), "calculated")


def untold(ingredients: Ingredients) -> Value:
    return nothing(ingredients)


def test_the_catalogue_has_the_indexes_from_0_to_64_in_order_and_each_name_once() -> None:
    assert [entry.index for entry in catalogue()] == list(range(65))
    assert len({entry.name for entry in catalogue()}) == 65


def test_indexes_are_stable_names_for_people() -> None:
    names = [entry.name for entry in catalogue()]
    assert (names[38], names[41], names[42]) == ("game_total_line", "spread_magnitude", "implied_team_total")


def test_the_catalogue_in_the_package_is_the_page() -> None:
    if not PAGE.is_file():
        pytest.skip(f"the page is not at {PAGE}")
    ours = files("tipoff.store.tables").joinpath("features.csv").read_text(encoding="utf-8")
    assert list(csv.reader(ours.splitlines())) == list(csv.reader(PAGE.read_text(encoding="utf-8").splitlines()))


def test_a_recipe_for_a_feature_that_the_catalogue_does_not_have_is_refused() -> None:
    with pytest.raises(BrokenInvariant, match="no feature 'points_avg_last_6'"):
        recipe("points_avg_last_6", "raw.player_box")(nothing)


def test_a_second_recipe_for_a_feature_is_refused() -> None:
    features()
    with pytest.raises(BrokenInvariant, match="'points_avg_last_5' has two recipes"):
        recipe("points_avg_last_5", "raw.player_box")(nothing)


@pytest.mark.parametrize(("inputs", "function"), [((), nothing), (("raw.player_box",), untold)])
def test_a_recipe_says_what_it_is_made_of_and_how(
    monkeypatch: pytest.MonkeyPatch, inputs: tuple[str, ...], function: Callable[[Ingredients], Value]
) -> None:
    features()
    monkeypatch.delitem(registry._recipes, "points_avg_last_5")
    with pytest.raises(BrokenInvariant, match="'points_avg_last_5' does not say"):
        recipe("points_avg_last_5", *inputs)(function)


@pytest.mark.parametrize("names", [("pace_score", "dnp_rate"), ("consensus_line_velocity",)])
def test_a_feature_without_a_recipe_fails_the_build_by_name(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> None:
    features()
    for name in names:
        monkeypatch.delitem(registry._recipes, name)
    with pytest.raises(BrokenInvariant, match=rf"without a recipe: {', '.join(names)}\."):
        features()


def test_every_feature_of_the_catalogue_is_computed_from_tables_that_there_are() -> None:
    assert [feature.entry for feature in features()] == list(catalogue())
    for feature in features():
        assert all(table_named(name) for name in feature.inputs), feature.name
        assert feature.how.endswith("."), feature.name


def test_the_columns_of_the_store_derive_from_the_catalogue() -> None:
    names = table_named("features.store").column_names
    for entry in catalogue():
        assert [column.name for column in value_columns(entry)] == [entry.name, f"{entry.name}_quality", f"{entry.name}_source"]
        assert {entry.name, f"{entry.name}_quality", f"{entry.name}_source"} <= set(names)
    known = {name for entry in catalogue() for name in (entry.name, f"{entry.name}_quality", f"{entry.name}_source")}
    assert not [name for name in names if name.endswith(("_quality", "_source")) and name not in known]


def test_what_the_builder_gives_is_the_store_row_for_row(whole: Built) -> None:
    """But for who wrote it: so that no column of either is forgotten."""
    table = whole.to_arrow()
    assert set(table.schema.names) == set(STORE.column_names) - {"written_at", "run_id"}
    for field in STORE.arrow_schema:
        if field.name in table.schema.names:
            assert table.schema.field(field.name).type.equals(field.type) or table.column(field.name).cast(field.type) is not None


def test_every_source_that_a_recipe_names_has_a_quality(whole: Built) -> None:
    for feature in features():
        sources = {text for text in whole.sources[feature.name].to_pylist() if not text.startswith("missing: ")}
        assert sources <= set(QUALITY), feature.name


@pytest.mark.parametrize(("name", "last"), [("v9", 32), ("v12", 53), ("v18", 64)])
def test_a_set_is_the_features_with_a_recipe_up_to_its_index(name: str, last: int) -> None:
    expected = [feature.name for feature in features() if feature.entry.index <= last]
    assert list(feature_set(name)) == expected


def test_the_set_without_the_market_has_no_feature_of_it() -> None:
    without = feature_set("v12_noveg")
    vegas = {entry.name for entry in catalogue() if entry.category == "vegas"}
    assert not vegas & set(without)
    assert set(without) == set(feature_set("v12")) - vegas


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(BrokenInvariant, match="'v13'"):
        feature_set("v13")


def test_the_hash_of_a_set_tells_its_names_and_their_order() -> None:
    assert len({feature_hash(names) for names in (("a", "b"), ("b", "a"), ("a",), ())}) == 4
