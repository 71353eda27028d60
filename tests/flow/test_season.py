"""Days of the practice league through the real flow: once in peace, once while workers are killed and sources misbehave."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tipoff.clock import ManualClock
from tipoff.config import Settings, environment_of, load_settings
from tipoff.flow.house import House
from tipoff.flow.season import Play, Played, finished, play_days, prepare, world
from tipoff.flow.season_chaos import Chaos, Strike
from tipoff.flow.season_check import Verdict, check, differences
from tipoff.practice import Season
from tipoff.practice.mischief import Mischief

PLAY = Play(first=date(2025, 12, 2), days=2, lines_before=timedelta(days=20), systems=("moving_average", "catboost_v9", "lightgbm_v12"))
"""Eight games; one more is put off after it was predicted, and one before."""
CHAOS = Chaos(kills=0.15, jumps=0.08, repeats=0.15, requests=0.15, late_boxes=0.3, missing_boxes=0.2)


@dataclass(frozen=True)
class Lived:
    """A season that is over."""

    settings: Settings
    told: Played
    verdict: Verdict

    @contextmanager
    def house(self) -> Iterator[House]:
        with finished(self.settings) as found:
            yield found


@pytest.fixture(scope="module")
def league() -> Season:
    return world(PLAY)


@pytest.fixture
def past(league: Season, tmp_path: Path) -> Path:
    folder = tmp_path / "past"
    prepare(load_settings(data_dir=folder), PLAY, lambda _name, _parts: lambda _done: None, league)
    return folder


def live(past: Path, league: Season, name: str, chaos: Chaos | None) -> Lived:
    settings = load_settings(data_dir=shutil.copytree(past, past.with_name(name)))
    told = play_days(settings, PLAY, lambda _name, _parts: lambda _done: None, chaos, league)
    with finished(settings) as house:
        return Lived(settings, told, check(house, league, PLAY.first, PLAY.last))


def test_two_days_end_whole_and_chaos_changes_no_prediction_and_no_grade(past: Path, league: Season) -> None:
    """One test, so that no two processes live the same days."""
    calm, stormy = live(past, league, "calm", None), live(past, league, "stormy", CHAOS)
    for lived in (calm, stormy):
        assert lived.verdict.findings == []
        assert lived.told.failures == []
    assert calm.verdict.counts["games"] == calm.verdict.counts["box scores"] == 8
    assert calm.verdict.counts["called off"] == 2
    assert calm.verdict.counts["predictions"] == calm.verdict.counts["grades"] > 300
    assert min(stormy.told.kills, stormy.told.jumps, stormy.told.repeated) > 0
    assert stormy.told.faults > 10
    with calm.house() as one, stormy.house() as other:
        assert differences(one, other, PLAY.first, PLAY.last) == []


def test_the_same_seed_strikes_at_the_same_moments(league: Season) -> None:
    moments = [datetime(2025, 12, 2, 14, 15, tzinfo=UTC) + timedelta(hours=hour) for hour in range(200)]
    strikes = [CHAOS.strike(moment) for moment in moments]
    assert strikes == [Chaos(**vars(CHAOS)).strike(moment) for moment in moments]
    assert strikes != [Chaos(**vars(CHAOS) | {"seed": 2}).strike(moment) for moment in moments]
    assert 0 < sum(bool(strike.kills) for strike in strikes) < 60
    assert Strike() in strikes
    assert isinstance(CHAOS.mischief(league, PLAY.first, PLAY.last, ManualClock(PLAY.opening)), Mischief)


def test_another_process_gets_the_same_settings_by_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(
        data_dir=tmp_path, league="practice", clock_file=tmp_path / "clock", capture_minutes=720, sources=("espn", "nba_cdn")
    )
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings
