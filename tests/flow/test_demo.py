"""The demo's house is its own: where real data lies it does nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tipoff.clock import SystemClock
from tipoff.config import Settings, load_settings
from tipoff.errors import LeagueMismatch
from tipoff.flow.demo import demo
from tipoff.flow.house import open_house
from tipoff.flow.season import Play, prepare


def nobody_hears(_step: str, _parts: int | None) -> Callable[[int], None]:
    return lambda _done: None


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(lambda settings: demo(settings, nobody_hears), id="the demo"),
        pytest.param(lambda settings: prepare(settings, Play(days=1), nobody_hears), id="a season"),
    ],
)
def test_in_a_house_of_real_data_nothing_is_asked_set_apart_or_trained(tmp_path: Path, begin: Callable[[Settings], object]) -> None:
    settings = load_settings(data_dir=tmp_path)
    with open_house(settings, SystemClock()) as house:
        house.claim_league()
        with pytest.raises(LeagueMismatch, match="holds the league 'nba'"):
            begin(settings)
        assert house.warehouse.read("raw.quarantine").num_rows == 0
        assert not any((tmp_path / folder).exists() for folder in ("payloads", "receipts", "models", "v1"))
