"""The systems of the fleet as data: ours, what a file of one's own adds, and what is refused by its name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tipoff.errors import BadInput, ConfigError
from tipoff.features.registry import feature_set
from tipoff.predict import systems as of_systems
from tipoff.predict.systems import System, fleet, systems_named, window_of


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Where a file of one's own stands."""
    return tmp_path / "systems.toml"


class TestTheFleet:
    def test_every_system_is_named_by_its_id_and_learns_from_a_set_of_features(self) -> None:
        assert [system.system_id for system in systems_named(None)] == list(fleet())
        assert all(feature_set(system.features) for system in fleet().values())

    def test_ensembles_come_last_and_their_members_are_systems_that_are_none(self) -> None:
        kinds = [system.is_ensemble for system in fleet().values()]
        assert kinds == sorted(kinds)
        assert True in kinds
        assert all(not fleet()[member].is_ensemble for system in fleet().values() for member in system.members)

    def test_systems_come_in_the_order_asked_ensembles_after_the_others(self) -> None:
        names = [name for name, system in fleet().items() if not system.is_ensemble][::-1]
        assert [system.system_id for system in systems_named(["ensemble", *names])] == [*names, "ensemble"]

    def test_an_ensemble_brings_its_members_once(self) -> None:
        found = [system.system_id for system in systems_named(["ensemble", "catboost_v9"])]
        assert len(found) == len(set(found))
        assert set(found) == {"ensemble", *fleet()["ensemble"].members}

    def test_a_name_that_no_system_has_is_refused_with_those_that_there_are(self) -> None:
        with pytest.raises(ConfigError, match="No system is called crystal_ball") as refused:
            systems_named(["moving_average", "crystal_ball"])
        assert "moving_average" in refused.value.hint


class TestAFileOfOnesOwn:
    def test_it_adds_a_system_and_takes_the_place_of_ours_of_its_name(self, own: Path) -> None:
        own.write_text(
            '[mine]\nfamily = "lightgbm"\nfeatures = "v18"\nloss = "quantile"\nwindow = "season"\nhalf_life_days = 200\n'
            "[mine.parameters]\nrounds = 10\n"
            '[moving_average]\nfamily = "moving_average"\nfeatures = "v9"\n[moving_average.parameters]\npoints_avg_season = 1\n'
        )
        found = fleet(own)
        assert set(found) == {*fleet(), "mine"}
        assert (found["mine"].window, found["mine"].half_life_days, found["mine"].parameters) == ("season", 200, {"rounds": 10})
        assert found["moving_average"].parameters == {"points_avg_season": 1}
        assert found["catboost_v9"] == fleet()["catboost_v9"]
        assert [system.system_id for system in systems_named(["mine"], own)] == ["mine"]

    def test_what_is_like_ours_takes_over_every_field_that_it_does_not_set_and_of_tables_every_entry(self, own: Path) -> None:
        own.write_text('[deep]\nlike = "catboost_v9"\nthreshold = 2\n[deep.parameters]\ndepth = 8\nrsm = 0.5\n')
        ours, deep = fleet()["catboost_v9"], fleet(own)["deep"]
        assert deep == ours.model_copy(
            update={"system_id": "deep", "threshold": 2.0, "parameters": {**ours.parameters, "depth": 8.0, "rsm": 0.5}}
        )

    def test_ours_that_are_like_one_that_is_replaced_follow_it(self, own: Path) -> None:
        own.write_text('[catboost_v9]\nfamily = "catboost"\nfeatures = "v9"\nloss = "MAE"\n[catboost_v9.parameters]\niterations = 5\n')
        found = fleet(own)
        assert found["catboost_v9_q43"].parameters == {"iterations": 5}
        assert found["catboost_v9_q43"].loss == "Quantile:alpha=0.43"
        assert found["catboost_v12"].loss == "MAE"

    def test_what_is_like_another_may_set_a_table_that_the_other_has_not(self, own: Path) -> None:
        own.write_text('[mine]\nlike = "catboost_v9"\n[mine.feature_weights]\nvegas = 0.5\npoints_avg_last_5 = 2\n')
        mine = fleet(own)["mine"]
        assert mine.weights_of(("points_avg_last_5", "vegas_points_line", "points_avg_season")) == [2.0, 0.5, 1.0]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('[mine]\nlike = "catboost_v12"', "'mine' is like 'catboost_v12'"),
            ('[mine]\nlike = "nobody"', "'mine' is like 'nobody'"),
            ('[mine]\nlike = "mine"', "'mine' is like 'mine'"),
            ("[mine]\nlike = 3", "'mine' is like 3"),
            ('[mine]\nlike = "moving_average"\nwindow = {days = 3}', "'mine' does not fit: window"),
            ('[mine]\nlike = "catboost_v9"\nloss = {name = "MAE"}', "'mine' does not fit: loss"),
            ('[mine]\nlike = "catboost_v9"\nparameters = 3', "'mine' does not fit: parameters"),
            ('[mine]\nlike = "catboost_v9"\ncolour = "red"', "'mine' does not fit: colour"),
            ('[mine]\nlike = "catboost_v9"\nsystem_id = "other"', "'mine' does not fit"),
            ('[mine]\nlike = "catboost_v9"\nfamily = "oracle"', "'mine' does not fit: family"),
            ('[mine]\nlike = "catboost_v9"\nfeatures = "v99"', "'mine' does not fit: features"),
            ('[mine]\nlike = "catboost_v9"\nfeature_weights = {vega = 0.3}', "'mine' does not fit: feature_weights: Value error, vega:"),
            ('[mine]\nlike = "catboost_v9"\nfeature_weights = {vegas = "low"}', "'mine' does not fit: feature_weights.vegas"),
            ('[mine]\nlike = "catboost_v9"\nhalf_life_days = 0', "'mine' does not fit: half_life_days"),
            ('[mine]\nlike = "catboost_v9"\nthreshold = -1', "'mine' does not fit: threshold"),
            ('[mine]\nlike = "catboost_v9"\nthreshold_in = "euro"', "'mine' does not fit: threshold_in"),
            (
                '[mine]\nlike = "catboost_v9"\nwindow = "3 years"',
                "'mine' does not fit: window: Value error, '3 years' is neither",
            ),
            ('[mine]\nlike = "catboost_v9"\nmembers = ["catboost_v9"]', "an ensemble has members, and nobody else has"),
            ('[mine]\nfamily = "catboost"', "'mine' does not fit: features"),
            ('[mine]\nfamily = "ensemble"\nfeatures = "v18"', "an ensemble has members, and nobody else has"),
            ('[mine]\nlike = "ensemble"\nmembers = ["ensemble"]', "mine: its member 'ensemble'"),
            ('[mine]\nlike = "ensemble"\nmembers = ["moving_average", "nobody"]', "mine: its member 'nobody'"),
            ('["Not A Name"]\nlike = "catboost_v9"', "'Not A Name' does not fit: system_id"),
            ("mine = 3", "'mine' is no table"),
            ("[mine", "is not TOML"),
        ],
    )
    def test_what_does_not_fit_is_refused_with_the_systems_name_and_the_fields(self, own: Path, text: str, said: str) -> None:
        own.write_text(text)
        with pytest.raises(ConfigError) as refused:
            fleet(own)
        assert said in refused.value.message
        assert refused.value.hint

    @pytest.mark.parametrize("body", [None, b"\xff\xfe"])
    def test_one_that_cannot_be_read_is_refused_by_its_path(self, own: Path, body: bytes | None) -> None:
        if body is not None:
            own.write_bytes(body)
        with pytest.raises(ConfigError, match="cannot be read") as refused:
            fleet(own)
        assert str(own) in refused.value.message
        assert "systems_file" in refused.value.hint


class TestRecipes:
    ONE = System(system_id="one", family="catboost", features="v9", loss="RMSE", parameters={"depth": 6})

    @pytest.mark.parametrize(
        "change",
        [
            {"system_id": "two"},
            {"family": "lightgbm"},
            {"features": "v12"},
            {"loss": "MAE"},
            {"window": "56d"},
            {"half_life_days": 100.0},
            {"feature_weights": {"vegas": 0.5}},
            {"threshold": 2.0},
            {"threshold_in": "probability"},
            {"members": ("other",)},
            {"members_recipe": "another"},
            {"parameters": {"depth": 7}},
            {"parameters": {"depth": 6, "rsm": 0.5}},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_any_field_makes_another(self, change: dict[str, Any]) -> None:
        assert self.ONE.model_copy(update=change).recipe_hash != self.ONE.recipe_hash

    def test_every_field_is_tried(self) -> None:
        mark = type(self).test_any_field_makes_another.pytestmark[0]
        assert {name for change in mark.args[1] for name in change} == set(System.model_fields)

    def test_so_does_another_version_of_the_features(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = self.ONE.recipe_hash
        monkeypatch.setattr(of_systems, "FEATURE_VERSION", "another")
        assert self.ONE.recipe_hash != before

    def test_the_same_is_the_same_wherever_it_is_written(self, own: Path) -> None:
        own.write_text('[catboost_v9_q43]\nlike = "catboost_v9"\nloss = "Quantile:alpha=0.43"\nthreshold = 1\n')
        assert fleet(own)["catboost_v9_q43"].recipe_hash == fleet()["catboost_v9_q43"].recipe_hash

    def test_the_fleet_has_no_two_alike(self) -> None:
        assert len({system.recipe_hash for system in fleet().values()}) == len(fleet())


@pytest.mark.parametrize(("text", "days"), [("1095d", 1095), ("56d", 56), ("1d", 1), ("007d", 7)])
def test_a_window_is_a_number_of_days(text: str, days: int) -> None:
    assert window_of(text) == timedelta(days=days)


@pytest.mark.parametrize("text", ["", "d", "0d", "000d", "-3d", "1.5d", "56", "56w", "56d ", " 56d", "1e3d", "²d", "٣d", "9999999999d"])
def test_any_other_window_is_bad_input_that_says_how_to_write_it(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        window_of(text)
    assert "1095d" in refused.value.hint
