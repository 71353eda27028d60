"""Is the slate as a whole fit to be predicted on? A feature that strays or stands still stops it by name (F42)."""

from __future__ import annotations

import numpy as np

from tipoff.errors import SlateStopped
from tipoff.features.build import Built
from tipoff.store.tables.features import catalogue

MAX_STRAY_SHARE = 0.05
MIN_GAMES, MIN_PLAYERS = 3, 30


def check_slate(built: Built) -> None:
    """Raises SlateStopped, naming the features, where more than 5 % of a feature's values are out of range, or where one that may not be
    constant has a single value over a slate of 3 games and 30 players or more."""
    faults = []
    games = len(set(built.ingredients.column("game_id").to_pylist()))
    for entry in catalogue():
        values = built.values[entry.name]
        present = values[np.isfinite(values)]
        strays = built.out_of_range.get(entry.name, 0)
        offered = len(present) + strays
        if offered and strays / offered > MAX_STRAY_SHARE:
            faults.append(f"{entry.name}: {strays} of {offered} values out of [{entry.low}, {entry.high}]")
        elif not entry.may_be_constant and games >= MIN_GAMES and len(present) >= MIN_PLAYERS and np.ptp(present) == 0:
            faults.append(f"{entry.name}: one value, {present[0]:g}, for all {len(present)} players")
    if faults:
        raise SlateStopped(
            f"The slate is stopped by {'; '.join(faults)}.", hint="Look at what feeds the feature (docs/features.md), then build again."
        )
