"""What happened while lines moved: changes of an injury report, and what the system that stands for the slate said, each with its moment.

In: rows of reports and of predictions. Out: News and Said. It must never know a quote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from tipoff.publish.documents import Figure, Recommendation, Shape, Tonight
from tipoff.publish.reads import Row

Key = tuple[str, str]
MOST_NEWS, MOST_SAID = 60, 10


class News(Shape):
    """A player is listed otherwise than before. `was` is None where he was not listed, `status` where he no longer is."""

    at: datetime
    player_lookup: str
    name: str
    team: str
    status: str | None
    was: str | None
    reason: str | None


class Said(Shape):
    """What the system said from a moment on: its projection (median) and, beside a line, the chance of over and what it recommends."""

    at: datetime
    predicted: Figure | None
    p_over: Figure | None
    line: Figure | None
    recommendation: Recommendation | None


class Reported(Protocol):
    """Rows of reports, as of the moments of games."""

    @property
    def moments(self) -> Mapping[str, datetime]: ...
    @property
    def reports(self) -> list[Row]: ...
    @property
    def told(self) -> list[Row]: ...


def news_of(rows: Reported, night: Tonight, names: Mapping[str, str]) -> dict[str, list[News]]:
    """By game the changes that were known by its moment, in order, the last 60 at most."""
    game_of = {team: game.game_id for game in night.games for team in (game.home_team, game.away_team)}
    found: dict[str, list[News]] = defaultdict(list)
    for one in _changes(rows.reports, rows.told, names):
        game_id = game_of.get(one.team)
        if game_id is not None and one.at <= rows.moments[game_id]:
            found[game_id].append(one)
    return {game_id: listed[-MOST_NEWS:] for game_id, listed in found.items()}


def _changes(reports: Iterable[Row], told: Iterable[Row], names: Mapping[str, str]) -> Iterable[News]:
    """Report after report what each says otherwise than the ones before. A fetched report tells of everybody: whom it no longer names is no
    longer listed, if it was the same source that last listed him. An imported one takes nobody off."""
    fetched = {(row["known_at"], row["source"]) for row in told}
    by_report: dict[tuple[datetime, str], list[Row]] = {key: [] for key in fetched}
    for row in reports:
        by_report.setdefault((row["known_at"], row["source"]), []).append(row)
    listed: dict[str, Row] = {}
    for (at, source), rows in sorted(by_report.items(), key=lambda item: item[0]):
        named = {row["player_lookup"] for row in rows}
        gone = sorted(lookup for lookup, row in listed.items() if row["source"] == source and lookup not in named)
        for lookup in gone if (at, source) in fetched else ():
            before = listed.pop(lookup)
            yield _news(at, before | {"status": None, "reason": None}, before["status"], names)
        for row in sorted(rows, key=lambda row: str(row["player_lookup"])):
            known = listed.get(row["player_lookup"])
            listed[row["player_lookup"]] = row
            if known is None or known["status"] != row["status"]:
                yield _news(at, row, known["status"] if known else None, names)


def _news(at: datetime, row: Row, was: str | None, names: Mapping[str, str]) -> News:
    lookup = row["player_lookup"]
    same = {name: row[name] for name in ("team", "status", "reason")}
    return News(at=at, player_lookup=lookup, name=names.get(lookup, row["name"] or lookup), was=was, **same)


def said_of(rows: Iterable[Row]) -> dict[Key, list[Said]]:
    """By (game, player) the system's first word and each that said something else, of several at one moment the last; ten at most, the
    first among them."""
    words: dict[Key, dict[datetime, Row]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: (row["as_of"], row["created_at"] or row["as_of"], row["prediction_id"])):
        words[row["game_id"], row["player_lookup"]][row["as_of"]] = row
    found: dict[Key, list[Said]] = {}
    for key, by_moment in words.items():
        said: list[Said] = []
        for at, row in by_moment.items():
            same = {name: row[name] for name in ("p_over", "line", "recommendation")}
            now = Said(at=at, predicted=row["predicted_points"], **same)
            if not said or now != said[-1].model_copy(update={"at": at}):
                said.append(now)
        found[key] = said if len(said) <= MOST_SAID else [said[0], *said[1 - MOST_SAID :]]
    return found
