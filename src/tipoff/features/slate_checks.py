"""Is the slate as a whole fit to be predicted on? A feature that strays or stands still is a red alert, and stops it by name (F42)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tipoff.analyze.past import Bools, Floats
from tipoff.errors import SlateStopped
from tipoff.features.build import Built
from tipoff.store.tables.features import Entry, catalogue

MAX_STRAY_SHARE = 0.05
MIN_GAMES, MIN_PLAYERS = 3, 30


@dataclass(frozen=True)
class RedAlert:
    """A feature that stops the slate, and what is the matter with it."""

    feature: str
    fault: str

    def __str__(self) -> str:
        return f"{self.feature}: {self.fault}"


def red_alerts(built: Built, rows: Bools | None = None) -> list[RedAlert]:
    """What stops a slate, in the order of the catalogue: more than 5 % of a feature's values out of range, or their median; or one value,
    over 3 games and 30 players or more, where the feature may not be constant. `rows` are those of one slate among several."""
    of_slate = np.ones(built.size, dtype=np.bool_) if rows is None else rows
    wide = len(set(built.ingredients.column("game_id").filter(of_slate).to_pylist())) >= MIN_GAMES
    found = []
    for entry in catalogue():
        fault = _stray(entry, built, of_slate) or (_still(entry, built.values[entry.name][of_slate]) if wide else None)
        if fault:
            found.append(RedAlert(entry.name, fault))
    return found


def _stray(entry: Entry, built: Built, rows: Bools) -> str | None:
    """More than 5 % of the values out of range. Where the median is, half of them are: the share tells of it."""
    strays = int(rows[built.strays[entry.name].rows].sum()) if entry.name in built.strays else 0
    if not strays:
        return None
    computed = built.computed(entry.name)[rows]
    offered = np.sort(computed[~np.isnan(computed)])
    if strays / len(offered) <= MAX_STRAY_SHARE:
        return None
    return f"{strays} of {len(offered)} values out of {entry.span}, the middle one {offered[len(offered) // 2]:g}"


def _still(entry: Entry, values: Floats) -> str | None:
    present = values[np.isfinite(values)]
    if entry.may_be_constant or len(present) < MIN_PLAYERS or np.ptp(present) > 0:
        return None
    return f"one value, {present[0]:g}, for all {len(present)} players"


def check_slate(built: Built) -> None:
    """Raises SlateStopped, naming the features, where there is a red alert."""
    alerts = red_alerts(built)
    if alerts:
        raise SlateStopped(
            f"The slate is stopped by {'; '.join(map(str, alerts))}.",
            hint="Look at what feeds the feature (`tipoff features show NAME`), then build again.",
        )
