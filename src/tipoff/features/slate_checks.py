"""Is the slate as a whole fit to be predicted on? A feature that strays or stands still is a red alert, and stops it by name (F42)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tipoff.analyze.past import Bools, numbers
from tipoff.errors import SlateStopped
from tipoff.features.build import Built
from tipoff.store.tables.features import Entry, catalogue

MAX_STRAY_SHARE = 0.05
MIN_GAMES, MIN_PLAYERS = 3, 30
RESTED: dict[str, tuple[int, float]] = {
    "games_in_last_7_days": (7, 0.0),
    "minutes_load_last_7d": (7, 0.0),
    "fatigue_score": (3, 100.0),
    "games_since_structural_change": (14, 0.0),
}
"""What everybody has after so many days without a game, and whom it so says no ill of: an opening night, the days after a break."""
UNMOVED = {"consensus_line_velocity": 0.0}
"""What all lines say while no book moves."""


@dataclass(frozen=True)
class RedAlert:
    """A feature that stops the slate, and what is the matter with it."""

    feature: str
    fault: str

    def __str__(self) -> str:
        return f"{self.feature}: {self.fault}"


def red_alerts(built: Built, rows: Bools | None = None) -> list[RedAlert]:
    """What stops a slate, in the order of the catalogue: more than 5 % of a feature's values out of range, or their median; or one value
    for 30 players or more of 3 games or more, half of the slate at least (of what the market says: of those with a line), where the feature
    may not be constant and rest or a market that stands still does not explain it. One value out of range is one missing value, unless it
    is half of all. `rows` are those of one slate among several."""
    of_slate = np.ones(built.size, dtype=np.bool_) if rows is None else rows
    wide = len(set(built.ingredients.column("game_id").filter(of_slate).to_pylist())) >= MIN_GAMES
    found = []
    for entry in catalogue():
        fault = _stray(entry, built, of_slate) or (_still(entry, built, of_slate) if wide else None)
        if fault:
            found.append(RedAlert(entry.name, fault))
    return found


def _stray(entry: Entry, built: Built, rows: Bools) -> str | None:
    """More than 5 % of the values out of range, and not just one among several. Where the median is, half of them are."""
    strays = int(rows[built.strays[entry.name].rows].sum()) if entry.name in built.strays else 0
    if not strays:
        return None
    computed = built.computed(entry.name)[rows]
    offered = np.sort(computed[~np.isnan(computed)])
    share = strays / len(offered)
    if share <= MAX_STRAY_SHARE or (strays == 1 and share < 0.5):
        return None
    return f"{strays} of {len(offered)} values out of {entry.span}, the middle one {offered[len(offered) // 2]:g}"


def _still(entry: Entry, built: Built, rows: Bools) -> str | None:
    told = rows & np.isfinite(built.values["vegas_points_line"]) if entry.category == "vegas" else rows
    values = built.values[entry.name][told]
    present = values[np.isfinite(values)]
    few = len(present) < MIN_PLAYERS or 2 * len(present) < len(values)
    if entry.may_be_constant or few or np.ptp(present) > 0:
        return None
    if present[0] == UNMOVED.get(entry.name) or _rested(entry.name, float(present[0]), built, rows):
        return None
    return f"one value, {present[0]:g}, for all {len(present)} players"


def _rested(name: str, value: float, built: Built, rows: Bools) -> bool:
    """Whether the value is that of people who rested, and all of them did: by each one's own last game on record."""
    days, expected = RESTED.get(name, (0, np.nan))
    if value != expected:
        return False
    since = numbers(built.ingredients.column("last_game_days"))[rows]
    return bool((since[~np.isnan(since)] > days).all())


def check_slate(built: Built) -> None:
    """Raises SlateStopped, naming the features, where there is a red alert."""
    alerts = red_alerts(built)
    if alerts:
        raise SlateStopped(
            f"The slate is stopped by {'; '.join(map(str, alerts))}.",
            hint="Look at what feeds the feature (`tipoff features show NAME`), then build again.",
        )
