"""Do these lines speak of points at all? Judged by their level beside the players' own, never by a file's name (F15).

Knows lines and box scores. A file that fails is set apart whole.
"""

from __future__ import annotations

import ibis
import numpy as np
import pyarrow as pa

from tipoff.load.identity import Identity, Mention
from tipoff.load.import_kinds import Shaped
from tipoff.scrape.records import Reject
from tipoff.store.warehouse import Work

MIN_PLAYERS = 30


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
    """Median over (player, season) of the mean line less the mean of the points that he scored in that season; None where too few."""
    box = work.as_of("raw.player_box")
    played = box.filter(box.minutes > 0).group_by(["player_lookup", "season"]).agg(mean_points=ibis._.points.mean(), games=ibis._.count())
    means = {(row["player_lookup"], row["season"]): row["mean_points"] for row in work.fetch(played.filter(ibis._.games >= 5)).to_pylist()}
    identity = Identity.of(work)
    lines = offer.group_by(["name", "league_player_id", "home", "away", "season"], use_threads=False).aggregate([("point", "mean")])
    distances: dict[tuple[str, str], list[float]] = {}
    for row in lines.to_pylist():
        mention = Mention(row["name"], row["league_player_id"], (row["home"], row["away"]), row["season"])
        found = identity.resolve(mention).player_lookup
        if found is not None and (found, row["season"]) in means:
            distances.setdefault((found, row["season"]), []).append(row["point_mean"] - means[found, row["season"]])
    if len(distances) < MIN_PLAYERS:
        return None
    return float(np.median([np.mean(values) for values in distances.values()]))
