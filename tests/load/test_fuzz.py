"""A thousand spoilt payloads through the real loader: no crash, no silent drop, and the counts add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from load import wire
from load.bench import SEEN, Bench
from load.benches import bench_maker
from load.fuzz import spoilt
from tipoff.clock import game_date_of, local_instant
from tipoff.load.documents import load_payloads
from tipoff.market.books import find_book
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources import read_one
from tipoff.store.payloads import digest
from tipoff.store.receipts import arrival_stamp

BATCHES, BATCH = 5, 200
Said = tuple[Payload, str | None]

TABLES = {
    "player_quotes": "raw.odds_player_points",
    "game_quotes": "raw.odds_game_lines",
    "box": "raw.player_box",
    "injuries": "raw.injuries",
    "shots": "raw.shots",
}
WAITS = {"unresolved_name", "no_next_game", "no_game_yet", "unknown_game", "game_not_final", "team_not_in_game"}
"""Rules of rows that their source found sound."""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A warehouse of the real league in which the men of the seeds are known."""
    bench = bench_maker(tmp_path_factory.mktemp("fuzz") / "bench")
    bench.load(wire.payload(wire.rosters()), wire.payload(wire.schedule(wire.scheduled())))
    return bench


@dataclass(frozen=True)
class Arrival:
    """A payload that is new to the warehouse, and what its source makes of it there."""

    payload_id: str
    payload: Payload
    said: Parsed

    @property
    def foreign(self) -> bool:
        return self.said.league == "practice"

    def rows(self, kind: str) -> list[dict[str, object]]:
        found: Mapping[Any, pa.Table] = self.said.records
        return found[kind].to_pylist() if kind in found and not self.foreign else []


def arrivals_in(batch: Sequence[Said], bench: Bench) -> list[Arrival]:
    """Each arrival of the batch that is not loaded yet, once; what it says is read document by document, the slow way."""
    loaded = {(row["payload_id"], row["arrived"]) for row in bench.rows("raw.arrivals")}
    new: dict[tuple[str, str], Arrival] = {}
    for payload, source in batch:
        key = digest(payload.body), arrival_stamp(payload.fetched_at)
        if key not in loaded:
            new[key] = Arrival(key[0], payload, read_one(payload, source))
    return list(new.values())


@settings(max_examples=BATCHES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], database=None)
@given(numbers=st.lists(st.integers(0, 2**32), min_size=BATCH, max_size=BATCH, unique=True))
def test_a_thousand_spoilt_payloads_crash_nothing_and_every_row_is_in_or_set_apart(target: Bench, numbers: list[int]) -> None:
    batch = [spoilt(number) for number in numbers]
    arrivals = arrivals_in(batch, target)
    for arrival in arrivals:
        rejected = sum(reject.rows for reject in arrival.said.rejects)
        assert arrival.said.rows + rejected == arrival.said.offered, arrival.payload.origin

    counts = load_payloads(target.warehouse, target.vault, batch, seen_at=SEEN, run_id="fuzz")

    assert (counts.documents, counts.already) == (len(arrivals), BATCH - len(arrivals))
    assert counts.offered == sum(arrival.said.offered for arrival in arrivals)
    placed = {kind: counts.merged[name].offered if name in counts.merged else 0 for kind, name in TABLES.items()}
    sound = {kind: sum(len(arrival.rows(kind)) for arrival in arrivals) for kind in TABLES}
    waiting = sum(number for rule, number in counts.set_apart.items() if rule in WAITS)
    waiting -= sum((arrival.payload_id, f"games: {_told(row)}") in counts.apart for arrival in arrivals for row in arrival.rows("games"))
    assert sum(placed.values()) + waiting == sum(sound.values())
    assert placed["game_quotes"] == sound["game_quotes"]

    ids = {arrival.payload_id for arrival in arrivals}
    assert ids <= {row["payload_id"] for row in target.rows("raw.payloads")}
    assert {target.vault.get(digest(payload.body)) for payload, _ in batch} == {payload.body for payload, _ in batch}
    apart = {(row["payload_id"], row["path"]) for row in target.rows("raw.quarantine") if row["replayed_at"] is None}
    rejects = {(arrival.payload_id, reject.path) for arrival in arrivals for reject in arrival.said.rejects if not arrival.foreign} | {
        (arrival.payload_id, "$") for arrival in arrivals if arrival.foreign
    }
    assert rejects <= apart
    _every_sound_row_is_there(target, arrivals, apart)


def _every_sound_row_is_there(bench: Bench, arrivals: list[Arrival], apart: set[tuple[str, str]]) -> None:
    """By their keys: another document may hold the same key, and win; that none is missing is what counts."""
    games = {(row["game_id"], row["known_at"]) for row in bench.rows("raw.schedule")}
    lines = {tuple(row[name] for name in _LINE) for row in bench.rows("raw.odds_game_lines")}
    points = {tuple(row[name] for name in _POINT) for row in bench.rows("raw.odds_player_points")}
    for arrival in arrivals:
        for row in arrival.rows("game_quotes"):
            assert _key(row, "outcome") in lines
        for row in arrival.rows("player_quotes"):
            assert _key(row) in points or (arrival.payload_id, row["path"]) in apart
        for row in arrival.rows("games"):
            day = game_date_of(row["commence_time"]) if row["commence_time"] else row["game_date"]  # type: ignore[arg-type]
            stamp = f"{day:%Y%m%d}_{row['away']}_{row['home']}"
            waits = (arrival.payload_id, f"games: {_told(row)}") in apart
            assert waits or any(game == stamp and _counts_as(row, known) for game, known in games)


def _told(row: dict[str, Any]) -> str:
    """How a game without a tip is named in the quarantine."""
    return " ".join(str(part) for part in (row["league_game_id"], f"{row['game_date']} {row['away']} at {row['home']}") if part)


def _counts_as(row: dict[str, Any], known: datetime) -> bool:
    """Whether a version of a game counts from its moment on, or, of one that is far, from the next New York midnight."""
    at, tip = row["known_at"], row["commence_time"]
    if at is None or tip is None:
        return at is None or at <= known <= at + timedelta(hours=25)
    midnight = local_instant(game_date_of(at), time())
    if midnight != at:
        midnight = local_instant(game_date_of(at) + timedelta(days=1), time())
    return known == (cast("datetime", at) if at - timedelta(days=4) <= tip <= midnight + timedelta(days=15) else midnight)


_POINT = ("event_id", "bookmaker", "market", "point", "snapshot_at")
_LINE = ("event_id", "bookmaker", "market", "outcome", "point", "snapshot_at")


def _key(row: dict[str, object], *also: str) -> tuple[object, ...]:
    names = _LINE if also else _POINT
    return tuple(find_book(str(row[name])).key if name == "bookmaker" else row[name] for name in names)
