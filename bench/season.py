"""Thirty days of the practice league, calm and under chaos: how long they take, whether they end whole, and whether they end the same.

    python bench/season.py [--days 30] [--seed 1] [--data-dir bench-season]

The past is made once and copied; three systems are trained, the fewest with which nothing is halted. Prints a table, and what differs.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from tipoff.collecting import collect_seldom
from tipoff.config import load_settings
from tipoff.flow.season import Play, finished, play_days, prepare, quiet, world
from tipoff.flow.season_chaos import Chaos
from tipoff.flow.season_check import check, differences

LIMIT_MINUTES = 15
SYSTEMS = ("moving_average", "catboost_v9", "lightgbm_v12")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--days", type=int, default=30)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--data-dir", type=Path, default=Path("bench-season"))
    given = asked.parse_args()
    play = Play(days=given.days, systems=SYSTEMS)
    league = world(play)
    quiet()
    collect_seldom()
    past = given.data_dir / "past"
    if not past.exists():
        start = time.perf_counter()
        prepare(load_settings(data_dir=past), play, lambda _name, _parts: lambda _done: None, league)
        _say(f"the past: {time.perf_counter() - start:.0f} s")
    _say(
        f"{'':8} {'minutes':>8} {'stops':>6} {'games':>6} {'predictions':>12} {'grades':>7} {'kills':>6} {'jumps':>6} {'faults':>7}  whole"
    )
    for name, chaos in (("calm", None), ("chaos", Chaos(seed=given.seed))):
        shutil.rmtree(given.data_dir / name, ignore_errors=True)
        settings = load_settings(data_dir=shutil.copytree(past, given.data_dir / name))
        told = play_days(settings, play, lambda _name, _parts: lambda _done: None, chaos, league)
        with finished(settings) as house:
            verdict = check(house, league, play.first, play.last)
        found = verdict.counts
        _say(
            f"{name:8} {told.seconds / 60:8.1f} {told.moments:6} {found['box scores']:6} {found['predictions']:12,} {found['grades']:7,}"
            f" {told.kills:6} {told.jumps:6} {told.faults:7}  {'yes' if verdict.is_whole else 'NO'}"
        )
        for line in (*told.failures, *verdict.findings):
            _say(f"  {line}")
        if told.seconds > LIMIT_MINUTES * 60:
            _say(f"  longer than {LIMIT_MINUTES} minutes")
    with (
        finished(load_settings(data_dir=given.data_dir / "calm")) as one,
        finished(load_settings(data_dir=given.data_dir / "chaos")) as other,
    ):
        differing = differences(one, other, play.first, play.last)
    _say("\n".join(differing) or "Both say and grade the same.")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
