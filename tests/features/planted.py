"""Ten leaks as they really happen, each planted in one feature of the real builder: what the leak check is tried on.

A leak reads its table through the unit of work that it is given, as a careless recipe would, and says for each row what it found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import fmean, pstdev
from typing import Any

import numpy as np

from features.raw_rows import Row
from tipoff.features.build import Built, build
from tipoff.features.trials import Builder
from tipoff.store.warehouse import Work

Reading = Callable[[list[Row], Row], float | None]
BOX, QUOTES = "raw.player_box", "raw.odds_player_points"


@dataclass(frozen=True)
class Leak:
    """What one row of `feature` says by a leaky `reading` of a table: (the table's rows that may concern it, the row) to its value.

    `by` is the column by which the table's rows concern a row: its player, its opponent, or none, which is all of them.
    """

    words: str
    feature: str
    table: str
    reading: Reading
    by: str | None = "player_lookup"


def planted(*leaks: Leak) -> Builder:
    """The real builder with these leaks in it. Its own part is built once for the same games and moment, and remembered: that it is the
    same whatever the tables are altered to is for another test."""
    own: dict[tuple[tuple[str, ...], datetime | None], Built] = {}

    def leaky(work: Work, game_ids: Sequence[str], as_of: datetime | None = None) -> Built:
        key = (tuple(game_ids), as_of)
        built = own[key] = own.get(key) or build(work, game_ids, as_of)
        rows = built.to_arrow().select(["game_id", "player_lookup", "as_of", "game_date", "season", "team", "opponent"]).to_pylist()
        facts = {name: _facts(work, name) for name in sorted({leak.table for leak in leaks})}
        values = {leak.feature: _read(leak, facts[leak.table], rows) for leak in leaks}
        return replace(built, values=built.values | values)

    return leaky


def _facts(work: Work, table: str) -> list[Row]:
    """What leaks read of a table, in order of day and player, oldest version first."""
    rows = work.table(table).select(*_READ[table])
    found: list[Row] = work.fetch(rows.order_by(["game_date", "player_lookup", *_READ[table][-2:]])).to_pylist()
    return found


_READ = {
    BOX: ("game_id", "player_lookup", "game_date", "season", "team", "started", "known_at", "points"),
    QUOTES: ("game_id", "player_lookup", "game_date", "commence_time", "known_at", "snapshot_at", "point"),
}


def _read(leak: Leak, facts: list[Row], rows: Sequence[Row]) -> np.ndarray[Any, np.dtype[np.float64]]:
    concerned = _by(facts, {"opponent": "team"}.get(leak.by or "", leak.by))
    found = [leak.reading(concerned.get(row[leak.by] if leak.by else None, []), row) for row in rows]
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)


def _by(facts: Sequence[Row], column: str | None) -> Mapping[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for fact in facts:
        found.setdefault(fact[column] if column else None, []).append(fact)
    return found


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _points(facts: Sequence[Row]) -> list[float]:
    return [float(fact["points"]) for fact in facts if fact["points"] is not None]


def _last_five_up_to_today(box: list[Row], row: Row) -> float | None:
    return _mean(_points([fact for fact in box if fact["game_date"] <= row["game_date"]])[-5:])


def _season_with_today(box: list[Row], row: Row) -> float | None:
    of_season = [fact for fact in box if fact["season"] == row["season"] and fact["game_date"] <= row["game_date"]]
    return _mean(_points(of_season))


def _started_tonight(box: list[Row], row: Row) -> float | None:
    return float(any(fact["started"] for fact in box if fact["game_id"] == row["game_id"]))


def _closing_line(quotes: list[Row], row: Row) -> float | None:
    before = [quote for quote in quotes if quote["game_id"] == row["game_id"] and quote["snapshot_at"] < quote["commence_time"]]
    return max((quote["snapshot_at"], quote["point"]) for quote in before)[1] if before else None


def _newest_quote_of_all(quotes: list[Row], row: Row) -> float | None:
    of_game = [quote for quote in quotes if quote["game_id"] == row["game_id"] and quote["known_at"] <= row["as_of"]]
    return max((quote["snapshot_at"], quote["point"]) for quote in of_game)[1] if of_game else None


def _scaled_by_all(box: list[Row], row: Row) -> float | None:
    points = _points(box)
    mine = _points([fact for fact in box if fact["player_lookup"] == row["player_lookup"] and fact["known_at"] <= row["as_of"]])
    return (fmean(mine) - fmean(points)) / pstdev(points) if mine else None


def _opponents_points_tonight(box: list[Row], row: Row) -> float | None:
    tonight = _points([fact for fact in box if fact["game_date"] == row["game_date"]])
    return sum(tonight) if tonight else None


def _newest_version_of_known_games(box: list[Row], row: Row) -> float | None:
    """The games are those known by the moment; what they say is what is known today."""
    games = {fact["game_id"] for fact in box if fact["game_date"] < row["game_date"] and fact["known_at"] <= row["as_of"]}
    newest = {fact["game_id"]: fact for fact in box if fact["game_id"] in games}
    return _mean(_points([*newest.values()])[-10:])


def _next_games_points(box: list[Row], row: Row) -> float | None:
    after = _points([fact for fact in box if fact["game_date"] >= row["game_date"]])
    return after[0] if after else None


def _games_of_the_week_by_date(box: list[Row], row: Row) -> float | None:
    since = row["game_date"] - timedelta(days=7)
    return float(len({fact["game_id"] for fact in box if since <= fact["game_date"] < row["game_date"]}))


LEAKS = (
    Leak("`<=` where `<` is meant lets in the game itself", "points_avg_last_5", BOX, _last_five_up_to_today),
    Leak("a season's mean with today in it", "points_avg_season", BOX, _season_with_today),
    Leak("starters as known after the game", "minutes_change", BOX, _started_tonight),
    Leak("the closing line before it closed", "vegas_points_line", QUOTES, _closing_line),
    Leak("a snapshot in play", "vegas_opening_line", QUOTES, _newest_quote_of_all),
    Leak("a scaler fitted on all rows", "pts_vs_season_zscore", BOX, _scaled_by_all, by=None),
    Leak("what the opponent scores the same night", "opponent_def_rating", BOX, _opponents_points_tonight, by="opponent"),
    Leak("a corrected box score before it was corrected", "points_avg_last_10", BOX, _newest_version_of_known_games),
    Leak("a label shifted by one", "points_avg_last_3", BOX, _next_games_points),
    Leak("a join on the date alone", "games_in_last_7_days", BOX, _games_of_the_week_by_date),
)
