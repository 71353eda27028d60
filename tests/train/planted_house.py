"""Four months of the practice league with a planted signal, loaded through the real path, once a session: what a fleet is to find.

At home every player with a role scores `SIZE` points more than any book believes (`Rules.planted_when`). Schedule, box scores and, from
the second week on, four books' lines ten minutes before each tip: nothing else, so that it is there in some fifteen seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, time, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from practice.lined import BEFORE_TIP, FOUR_BOOKS, Lined, lined, planted_size, true_over
from tipoff.analyze.past import Bools, Floats
from tipoff.analyze.slate import AT_TIP, games_as_of
from tipoff.clock import local_instant
from tipoff.features.build import Built, build
from tipoff.features.registry import feature_set
from tipoff.grade.settle import ObjectArray, settle
from tipoff.load.documents import load_payloads
from tipoff.market.taking import offers, quotes_to_take
from tipoff.practice import Rules, Season, simulate
from tipoff.practice.fixtures import FIRST_DAY
from tipoff.practice.odds_question import odds_question
from tipoff.practice.quotes import QuoteRoom
from tipoff.practice.wire_box import box_score
from tipoff.practice.wire_nba import schedule
from tipoff.practice.wire_odds import event_odds
from tipoff.predict.families import Columns
from tipoff.predict.families.sample import Days
from tipoff.predict.opinion import opinion
from tipoff.predict.slate import SlateOptions, candidates
from tipoff.predict.speakers import LINE
from tipoff.predict.systems import System
from tipoff.scrape.records import Payload
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault, open_bucket
from tipoff.train.dataset import DataSet, Scored, as_data, learnable, scored, time_order, training_games
from tipoff.train.fit import Fitted, fit_fleet

SEED, SIZE = 7, 1.5
FIRST_LINES, DAYS = 12, 120
"""Days of the season: from which there are lines, and how many are played."""
END = FIRST_DAY + timedelta(days=DAYS)
OPTIONS = SlateOptions("planted", "backfill", 8.0)
ON = "home_away"
"""The feature by which the signal can be seen: 1 where it is on."""

_kept = TemporaryDirectory(prefix="tipoff-planted-house-")


@lru_cache(maxsize=1)
def season() -> Season:
    return simulate(SEED, Rules(planted_points=SIZE, planted_when="at_home"))


@lru_cache(maxsize=1)
def size() -> float:
    """What the signal comes to among the players with lines, where it is on less where it is off (points): hardly more than `SIZE`, for
    leads cost minutes, and hardly different from day to day, so that each fifth is enough."""
    return planted_size(season(), lined(season(), range(FIRST_LINES, DAYS, 5)).who_played(season()))


@lru_cache(maxsize=1)
def warehouse() -> DuckDBWarehouse:
    folder = Path(_kept.name)
    found, vault = DuckDBWarehouse(folder / "warehouse.duckdb"), Vault(open_bucket((folder / "bucket").as_uri()))
    at = local_instant(END, time(14))
    counts = load_payloads(found, vault, ((payload, None) for payload in _documents()), seen_at=at, run_id="planted")
    assert not counts.set_apart, counts.set_apart
    return found


def _documents() -> Iterator[Payload]:
    afternoon = local_instant(END, time(14))
    yield Payload(msgspec.json.encode(schedule(season(), afternoon)), "schedule", afternoon, 200)
    room = QuoteRoom(season())
    asked = odds_question({"markets": "player_points,spreads,totals", "regions": "us", "bookmakers": ",".join(FOUR_BOOKS)}, bulk=False)
    for game in season().games:
        if game.day < DAYS:
            at = game.final_at + timedelta(minutes=30)
            yield Payload(msgspec.json.encode(box_score(season(), game, at)), "box", at, 200)
        if FIRST_LINES <= game.day < DAYS:
            at = game.tip - BEFORE_TIP
            yield Payload(msgspec.json.encode(event_odds(room, game.event_id, at, asked).document), "odds", at, 200)


@dataclass(frozen=True)
class House:
    """Every row as of its tip, in time order: to learn from (`data`), and to be predicted (`everybody` with the other three)."""

    data: DataSet
    everybody: pa.Table
    features: Columns
    outcome: Scored
    quotes: pa.Table

    @property
    def days(self) -> Days:
        return np.asarray(self.everybody.column("game_date").to_numpy(zero_copy_only=False), dtype="datetime64[D]")


@lru_cache(maxsize=1)
def house() -> House:
    with warehouse().reading() as work:
        games = training_games(work, FIRST_DAY, END - timedelta(days=1))
        built = build(work, games, None, AT_TIP)
        outcome = scored(work, games, built.ingredients)
        quotes = quotes_to_take(work, work.keep(games_as_of(work, games, None)))
    return _in_time_order(built, outcome, quotes)


def _in_time_order(built: Built, outcome: Scored, quotes: pa.Table) -> House:
    names = feature_set("v18")
    order = time_order(built.ingredients)
    features = Columns(names, built.matrix(names))
    data = as_data(built.ingredients, features, outcome, order[learnable(built, outcome)[order]])
    everybody = candidates(built, OPTIONS).take(pa.array(order))
    played = Scored(outcome.points[order], outcome.minutes[order])
    return House(data, everybody, Columns(names, features.features[order]), played, quotes)


@dataclass(frozen=True)
class Said:
    """What a system said of players with lines who had court time, and what became of it, row for row in time order.

    `line` is the consensus; `price` (decimal) and `result` are those of the side recommended, at the line taken, and `chance` is how likely
    that side truly was to win (NaN without one; pushes left out). `shift` is by how much its mean moves (points) when the signal's feature
    is put on instead of off, all else as it is.
    """

    days: Days
    on: Bools
    line: Floats
    points: Floats
    mean: Floats
    whole: Floats
    price: Floats
    result: ObjectArray
    chance: Floats
    shift: Floats

    @property
    def bets(self) -> Bools:
        """Which rows are bets that were decided."""
        return np.isin(self.result, ["WIN", "LOSS"])


def stretches(first: int, days: int) -> list[tuple[date, date]]:
    """The stretches of so many days from a day of the season on, each as its first day and the day after its last."""
    return [(FIRST_DAY + timedelta(days=start), FIRST_DAY + timedelta(days=min(start + days, DAYS))) for start in range(first, DAYS, days)]


def walk(systems: Sequence[System], folds: Sequence[tuple[date, date]]) -> dict[str, Said]:
    """Walk forward: before each stretch the systems learn from all days before it, then they speak of it."""
    parts: dict[str, list[Said]] = {system.system_id: [] for system in systems}
    for first, end in folds:
        for name, fitted in fit_fleet(systems, house().data, first, threads=1).items():
            parts[name].append(_said(fitted, first, end))
    names = [field.name for field in fields(Said)]
    return {
        system: Said(**{name: np.concatenate([getattr(part, name) for part in said]) for name in names}) for system, said in parts.items()
    }


def _said(fitted: Fitted, first: date, end: date) -> Said:
    whole = house()
    told = np.isfinite(whole.outcome.points) & np.isfinite(whole.features[LINE])
    told &= np.asarray(pc.equal(whole.everybody.column("reason"), "").to_numpy(zero_copy_only=False))
    rows = np.flatnonzero(told & (whole.days >= np.datetime64(first)) & (whole.days < np.datetime64(end)))
    features, points = Columns(whole.features.names, whole.features.features[rows]), whole.outcome.points[rows]
    spoken = fitted.speaker.speak(features, {})
    players = whole.everybody.take(pa.array(rows))
    found = opinion(fitted.system, spoken, features[LINE], offers(whole.quotes, players, features[LINE]))
    settled = settle(
        predicted=found.predicted,
        actual_points=points,
        did_not_play=False,
        minutes=whole.outcome.minutes[rows],
        recommendation=found.recommendation,
        line=found.offer.line,
        price=found.price,
        game_completed=True,
    )
    over = _true_over(players, found.offer.line)
    side = np.asarray(found.recommendation, dtype=object)
    return Said(
        days=whole.days[rows],
        on=features[ON] == 1,
        line=features[LINE],
        points=points,
        mean=found.mean,
        whole=np.asarray(found.whole, dtype=np.float64),
        price=found.price,
        result=settled.result,
        chance=np.select([side == "OVER", side == "UNDER"], [over, 1 - over], np.nan),
        shift=shift(fitted, features),
    )


def _true_over(players: pa.Table, line: Floats) -> Floats:
    """The season's own P(over | no push) of these players at these lines."""
    truth = season()
    keys = zip(players.column("player_lookup").to_pylist(), players.column("game_id").to_pylist(), strict=True)
    rows, slots = np.array([truth.slot(truth.by_lookup[player], truth.by_game_id[game]) for player, game in keys]).T
    return true_over(truth, Lined(rows, slots, line, rows))


def shift(fitted: Fitted, features: Columns) -> Floats:
    """By how much a system's mean moves (points) when the signal's feature is put on instead of off."""
    on, off = (fitted.speaker.speak(put(features, value), {}).mean() for value in (1.0, 0.0))
    return np.asarray(on - off)


def put(features: Columns, value: float) -> Columns:
    """The same features with the signal's put on (1) or off (0)."""
    changed = features.features.copy()
    changed[:, features.names.index(ON)] = value
    return Columns(features.names, changed)


def without(data: DataSet, days: Days) -> DataSet:
    """The data set without some days."""
    kept = ~np.isin(data.days, days)
    features = Columns(data.features.names, data.features.features[kept])
    return DataSet(features, data.points[kept], data.minutes[kept], data.days[kept], data.seasons[kept])
