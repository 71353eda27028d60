"""Which systems are in service: those that are named, else the settings' own, else the fleet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tipoff.config import load_settings
from tipoff.errors import ConfigError
from tipoff.flow.house import systems_of
from tipoff.predict.systems import fleet


def names(folder: Path, *in_service: str, named: list[str] | None = None) -> list[str]:
    return [system.system_id for system in systems_of(load_settings(data_dir=folder, systems=in_service), named)]


def test_without_a_word_it_is_the_fleet(tmp_path: Path) -> None:
    assert names(tmp_path) == list(fleet())


def test_the_settings_name_them_and_whoever_asks_names_others(tmp_path: Path) -> None:
    assert names(tmp_path, "catboost_v9", "moving_average") == ["catboost_v9", "moving_average"]
    assert names(tmp_path, "catboost_v9", named=["lightgbm_v12"]) == ["lightgbm_v12"]


def test_an_ensemble_brings_its_members(tmp_path: Path) -> None:
    found = names(tmp_path, "ensemble")
    assert found[-1] == "ensemble"
    assert set(found) == {"ensemble", *fleet()["ensemble"].members}


def test_a_name_that_no_system_has_is_refused_and_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody") as told:
        names(tmp_path, "nobody")
    assert "catboost_v9" in str(told.value)
