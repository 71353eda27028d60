"""Do these lines speak of points at all? Judged by their level beside the players' own, never by a file's name (F15).

Knows lines and box scores. A file that fails is set apart whole.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tipoff.load.import_kinds import Shaped
from tipoff.names import player_lookup
from tipoff.scrape.records import Reject
from tipoff.store.warehouse import Work

MIN_PLAYERS, MIN_GAMES = 30, 5


def check_level(work: Work, shaped: Shaped, *, limit: float) -> Shaped:
    """The same, or everything set apart by the rule `not_points` where the lines' median distance from the players' mean points of the
    season is more than `limit` points. With fewer than thirty players to compare, nothing is judged."""
    offer = shaped.tables.get("raw.odds_player_points")
    if offer is None or offer.num_rows == 0:
        return shaped
    distance = median_distance(work, offer)
    if distance is None or abs(distance) <= limit:
        return shaped
    shown = f"lines stand {distance:+.1f} points from the players' own mean"
    rejects = [Reject(f"row {row}", "not_points", shown) for row in offer.column("row").to_pylist()]
    return Shaped({}, shaped.rejects + rejects)


def median_distance(work: Work, offer: pa.Table) -> float | None:
    """Median over (player, season) of the mean line less the mean of the points that he scored in that season; None where too few.

    A coarse comparison: names that differ from the box score's are simply not compared.
    """
    box = work.table("raw.player_box")
    played = box.filter(box.minutes > 0)
    played = played.group_by(["player_lookup", "season"]).agg(scored=played.points.mean(), games=played.count())
    means = {
        (row["player_lookup"], row["season"]): row["scored"] for row in work.fetch(played.filter(played.games >= MIN_GAMES)).to_pylist()
    }
    lines = offer.group_by(["name", "season"], use_threads=False).aggregate([("point", "mean")]).to_pylist()
    distances = [
        row["point_mean"] - means[player_lookup(row["name"]), row["season"]]
        for row in lines
        if (player_lookup(row["name"]), row["season"]) in means
    ]
    return float(np.median(distances)) if len(distances) >= MIN_PLAYERS else None
