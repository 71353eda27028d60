"""A practice upstream on loopback and a house that asks it, with a clock that stands until it is turned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tipoff.clock import ManualClock, local_instant
from tipoff.config import Settings, load_settings
from tipoff.flow.house import House, open_house
from tipoff.practice import simulate
from tipoff.practice.mischief import Mischief
from tipoff.practice.season import Season
from tipoff.practice.server import API_KEY, running

DAY = date(2026, 1, 28)
AFTERNOON = local_instant(DAY, time(15, 30))
QUIET = date(2026, 2, 6)
"""A day of three games, for what a busier one would only say more often."""


@cache
def season() -> Season:
    return simulate(7)


def practice_settings(base: str, folder: Path, **more: Any) -> Settings:
    """Settings by which the practice upstream is every source."""
    return load_settings(data_dir=folder).model_copy(
        update={
            "league": "practice",
            "odds_api_url": f"{base}/odds-api",
            "nba_cdn_url": f"{base}/nba-cdn",
            "nba_stats_url": f"{base}/nba-stats",
            "espn_url": f"{base}/espn",
            "nba_injuries_url": f"{base}/nba-injuries",
            "balldontlie_url": f"{base}/balldontlie",
            "sources": ("odds_api", "nba_cdn", "espn"),
            "odds_api_key": SecretStr(API_KEY),
            **more,
        }
    )


@contextmanager
def practice_house(
    folder: Path,
    at: datetime = AFTERNOON,
    *,
    mischief: Mischief | None = None,
    api_key: str = API_KEY,
    **more: Any,
) -> Iterator[tuple[House, ManualClock]]:
    """A house on a practice upstream of its own, which behaves but for what the mischief says."""
    clock = ManualClock(at)
    more = {"odds_api_key": SecretStr(api_key), **more}
    with (
        running(season(), clock, api_key=api_key, mischief=mischief) as base,
        open_house(practice_settings(base, folder, **more), clock) as house,
    ):
        yield house, clock
