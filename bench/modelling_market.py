"""What the market-anchored system is worth: walked forward over the seasons that have lines, beside every reference on the same rows.

    uv run python bench/modelling_market.py ROWS.parquet              # one row a player-game: the 65 features, game_date, season, points,
                                                                      # minutes, ready, warm_up
    uv run python bench/modelling_market.py --data-dir HOUSE --until 2024-07-01   # or out of a warehouse

Refits every 14 days on 1,095 days. Differences are paired and clustered by game date, below 0 is better; (s.e.). Prices outside .40 to .60
are no main line's: they stand in a table of their own.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tipoff.clock import SystemClock
from tipoff.config import load_settings
from tipoff.features.registry import feature_set
from tipoff.flow.house import open_house
from tipoff.grade.metrics import brier_losses, log_losses, paired_difference, shifted_line
from tipoff.predict.families import Fitting, Sample, Vector
from tipoff.predict.families.market_anchored import LINE, MAIN, MARKET, MarketAnchored
from tipoff.predict.systems import System, fleet
from tipoff.predict.tilted import Tilted
from tipoff.train.dataset import data_set
from tipoff.train.references import KernelReference, Recalibrated

NAMES = feature_set("v18")
SYSTEM = fleet()["market_anchored"]
STEP, WINDOW = 14, 1095
Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Past:
    """Rows with a line and court time, in time order; `learns`: may be learnt from."""

    sample: Sample
    seasons: NDArray[np.object_]
    learns: Rows


def from_parquet(path: Path) -> Past:
    table = pq.read_table(path).sort_by([("game_date", "ascending"), ("game_id", "ascending"), ("player_lookup", "ascending")])
    number = {name: np.array(table.column(name).to_numpy(zero_copy_only=False), dtype=float) for name in (*NAMES, "points", "minutes")}
    known = np.isfinite(number[LINE]) & (number["minutes"] > 0) & np.isfinite(number["points"])
    days = np.asarray(table.column("game_date").to_numpy(zero_copy_only=False), dtype="datetime64[D]")
    flags = {name: np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=bool) for name in ("ready", "warm_up")}
    features = np.column_stack([number[name] for name in NAMES])
    sample = Sample(NAMES, features, number["points"], np.ones(len(days)), days).take(known)
    seasons = np.array(table.column("season").to_pylist(), dtype=object)
    return Past(sample, seasons[known], (flags["ready"] & ~flags["warm_up"])[known])


def from_house(folder: Path, until: date) -> Past:
    with open_house(load_settings(data_dir=folder), SystemClock()) as opened:
        data = data_set(opened.warehouse, until, timedelta(days=4 * 366))
    sample = Sample(NAMES, data.features.matrix(NAMES), data.points, np.ones(data.size), data.days)
    years = data.days.astype("datetime64[M]").astype(int)
    starts = (years - 8) // 12 + 1970
    seasons = np.array([f"{start}-{(start + 1) % 100:02d}" for start in starts], dtype=object)
    lined = np.isfinite(sample[LINE])
    return Past(sample.take(lined), seasons[lined], np.ones(int(lined.sum()), dtype=bool))


def folds(days: NDArray[np.datetime64], first: np.datetime64) -> Iterator[tuple[Rows, Rows, np.datetime64]]:
    for start in np.arange(first, days.max() + 1, STEP):
        tested = (days >= start) & (days < start + STEP)
        if tested.any():
            yield (days < start) & (days >= start - WINDOW), tested, start


def weighed(sample: Sample, half_life: float) -> Sample:
    age = (sample.days.max() - sample.days).astype(float)
    return Sample(sample.names, sample.features, sample.points, 0.5 ** (age / half_life), sample.days)


def walk(past: Past) -> dict[str, Vector]:
    """What each says, by row: chances at the line, whole medians, and scores of distributions; NaN before the second season."""
    sample, line = past.sample, past.sample[LINE]
    happened = np.where(sample.points == line, np.nan, (sample.points > line).astype(float))
    said = {name: np.full(len(line), np.nan) for name in ("ours", "alone", "recalibrated", "whole", "crps", "log", "base_crps", "base_log")}
    said |= {"plain_crps": np.full(len(line), np.nan), "plain_log": np.full(len(line), np.nan)}
    alone = System.model_validate(SYSTEM.model_dump() | {"parameters": {"causes": 1e12}})
    half_life = SYSTEM.half_life_days or 1e9
    seasons = sorted(set(past.seasons))
    for before, tested, _ in folds(sample.days, sample.days[past.seasons == seasons[1]].min()):
        learnt = weighed(sample.take(before & past.learns), half_life)
        rows = sample.take(tested)
        market = rows[MARKET]
        chance = MarketAnchored.fit(SYSTEM, learnt, None, Fitting(1)).predict(rows.features)
        said["ours"][tested] = chance
        said["alone"][tested] = MarketAnchored.fit(alone, learnt, None, Fitting(1)).predict(rows.features)
        main = before & (np.isnan(sample[MARKET]) | _main(sample[MARKET]))
        said["recalibrated"][tested] = Recalibrated.fit(sample[MARKET][main], happened[main])(market)
        voice = Tilted.fit(np.full(learnt.size, np.nan), learnt)
        spoken = voice.distribution(chance, rows)
        said["whole"][tested] = spoken.whole_median()
        plain = KernelReference.fit(learnt[LINE], learnt.points)(rows[LINE])
        base = voice.base.distribution(rows[LINE], rows)
        for name, one in (("", spoken), ("base_", base), ("plain_", plain)):
            said[f"{name}crps"][tested] = one.crps(rows.points)
            said[f"{name}log"][tested] = one.log_score(rows.points)
    return said


def _main(market: Vector) -> Rows:
    return np.asarray((market >= MAIN[0]) & (market <= MAIN[1]))


def report(past: Past, said: dict[str, Vector]) -> None:
    sample, market, line = past.sample, past.sample[MARKET], past.sample[LINE]
    happened = np.where(sample.points == line, np.nan, (sample.points > line).astype(float))
    priced, spoken = np.isfinite(market), np.isfinite(said["ours"])
    usual = spoken & (~priced | _main(market))
    groups = {"all": usual, "priced": usual & priced, "without a price": usual & ~priced}
    groups |= {
        f"{season}, {kind}": rows & (past.seasons == season) for season in sorted(set(past.seasons)) for kind, rows in groups.items()
    }
    groups["prices outside .40 to .60"] = spoken & priced & ~usual
    error = np.abs(said["whole"] - sample.points)
    shifted = np.abs(shifted_line(line) - sample.points)
    differences = {
        "Brier - market, 1e-4": (1e4, brier_losses(said["ours"], happened) - brier_losses(market, happened)),
        "Brier - recalibrated, 1e-4": (1e4, brier_losses(said["ours"], happened) - brier_losses(said["recalibrated"], happened)),
        "Brier - market and constant alone, 1e-4": (1e4, brier_losses(said["ours"], happened) - brier_losses(said["alone"], happened)),
        "log loss - market and constant alone, 1e-4": (1e4, log_losses(said["ours"], happened) - log_losses(said["alone"], happened)),
        "MAE - shifted line, 1e-3": (1e3, error - shifted),
        "CRPS - kernel given the line, 1e-3": (1e3, said["crps"] - said["plain_crps"]),
        "log score - kernel given the line, 1e-3": (1e3, said["log"] - said["plain_log"]),
        "CRPS - untilted, 1e-3": (1e3, said["crps"] - said["base_crps"]),
        "log score - untilted, 1e-3": (1e3, said["log"] - said["base_log"]),
    }
    for title, (scale, values) in differences.items():
        print(f"\n{title}")
        for name, rows in groups.items():
            found = paired_difference(values[rows], np.zeros(int(rows.sum())), sample.days[rows])
            if found.mean is not None and found.low is not None and found.high is not None and found.n >= 50:
                low, mean, high = (value * scale for value in (found.low, found.mean, found.high))
                print(f"  {name:28} {found.n:7,}  {mean:+7.2f}  [{low:+7.2f}, {high:+7.2f}]")
    print("\npriced rows outside .40 to .60: share that scored floor(line) exactly")
    for season in sorted(set(past.seasons)):
        odd = priced & ~_main(market) & (past.seasons == season)
        if odd.any():
            exact = float((sample.points[odd] == np.floor(line[odd])).mean())
            print(f"  {season}  n {int(odd.sum())}  {exact:.3f}")
    other = (said["whole"] != shifted_line(line))[usual]
    print(f"\nwhole number other than the shifted line: {float(other.mean()):.3f} of {other.size:,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path, nargs="?")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--until", type=date.fromisoformat, default=date(2024, 7, 1))
    chosen = parser.parse_args()
    if (chosen.rows is None) == (chosen.data_dir is None):
        parser.error("give either ROWS.parquet or --data-dir")
    past = from_parquet(chosen.rows) if chosen.rows else from_house(chosen.data_dir, chosen.until)
    report(past, walk(past))


if __name__ == "__main__":
    main()
