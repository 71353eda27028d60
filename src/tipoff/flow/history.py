"""The past of a practice league, in bulk: its schedule, box scores and closing lines, fetched by the one client and loaded as they come.

For the demo and the simulated season, which begin with a season that nobody has captured; what happens from then on is the flow's own
affair. Knows which requests a past needs. How a document is fetched is the client's affair, what it says its source's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tipoff.analyze.history import newest_schedule
from tipoff.clock import game_date_of, parse_instant
from tipoff.flow.house import House
from tipoff.load.counts import Counts
from tipoff.load.documents import load_payloads
from tipoff.load.replay import replay_unresolved
from tipoff.scrape.client import Client, Failed
from tipoff.scrape.records import Payload
from tipoff.scrape.request import Request
from tipoff.scrape.sources import nba_cdn
from tipoff.scrape.sources.odds_api import Asking
from tipoff.store.warehouse import day_of

MARKETS = ("player_points", "spreads", "totals")
CLOSING_LEAD = timedelta(minutes=10)
WORKERS = 4

Progress = Callable[[int], None]


@dataclass
class Fetched:
    """What was fetched and loaded; `failed` counts requests without an answer, by reason."""

    fetched: int = 0
    counts: Counts = field(default_factory=Counts)
    failed: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Fetched) -> Fetched:
        return Fetched(self.fetched + other.fetched, self.counts + other.counts, self.failed + other.failed)

    def as_dict(self) -> dict[str, Any]:
        loaded = self.counts.as_dict()
        return {"fetched": self.fetched, "failed": dict(self.failed), **loaded}


class History:
    """Fetches a past with one client. Use it as a context manager."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._client = Client(house.settings, house.vault, house.clock, None, WORKERS, house.receipts, house.credits)
        self._asking = Asking.of(house.settings)

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def fetch(self, requests: Iterable[Request], progress: Progress | None = None) -> Fetched:
        """Fetch and load these requests, a batch at a time; one that fails is counted and does not stop the others."""
        captured = Fetched()
        captured.counts = load_payloads(
            self._house.warehouse,
            self._house.vault,
            self._answers(requests, captured),
            seen_at=self._house.clock.now(),
            run_id=self._house.run_id,
            progress=progress,
        )
        return captured

    def _answers(self, requests: Iterable[Request], captured: Fetched) -> Iterator[tuple[Payload, str | None]]:
        for answer in self._client.fetch_all(requests, WORKERS):
            if isinstance(answer, Failed):
                captured.failed[f"{answer.request.source} {answer.request.kind}: {type(answer.error).__name__}"] += 1
            else:
                captured.fetched += 1
                yield answer.payload, answer.request.source

    def schedule(self) -> Fetched:
        """The season's schedule."""
        return self.fetch([nba_cdn.schedule()])

    def box_scores(self, until: date, progress: Progress | None = None) -> Fetched:
        """Box scores of the final games up to a day that have none yet; names that waited for them are tried again."""
        captured = self.fetch([nba_cdn.box_score(game["league_game_id"]) for game in self.games_without_box(until)], progress)
        replayed = replay_unresolved(self._house.warehouse, self._house.vault, seen_at=self._house.clock.now(), run_id=self._house.run_id)
        return captured + Fetched(counts=replayed)

    def games_without_box(self, until: date) -> list[dict[str, Any]]:
        """Final games up to a day without a box score, by tip."""
        with self._house.warehouse.reading() as work:
            games = newest_schedule(work.table("raw.schedule"))
            due = games.filter(games.game_date <= day_of(until), games.status == "final", games.league_game_id.notnull())
            due = due.anti_join(work.table("raw.player_box").select("game_id").distinct(), "game_id")
            rows: list[dict[str, Any]] = work.fetch(
                due.select("game_id", "league_game_id", "commence_time").order_by(["commence_time", "game_id"])
            ).to_pylist()
        return rows

    def closing_lines(self, first: date, last: date, progress: Progress | None = None) -> Fetched:
        """Lines ten minutes before each tip of the games of these days, from the source's history."""
        games = self._events_of(first, last)
        return self.fetch((self._asking.historical_event_odds(event, tip - CLOSING_LEAD, MARKETS) for event, tip in games), progress)

    def _events_of(self, first: date, last: date) -> list[tuple[str, datetime]]:
        """Event ids and tips of the games of these days, as the source's history lists them before each tip."""
        with self._house.warehouse.reading() as work:
            games = newest_schedule(work.table("raw.schedule"))
            days = games.filter(games.game_date >= day_of(first), games.game_date <= day_of(last))
            tips = work.fetch(days.group_by("game_date").agg(opening=days.commence_time.min()).order_by("game_date")).to_pylist()
        requests = [self._asking.historical_events(row["opening"] - CLOSING_LEAD) for row in tips]
        found: dict[str, datetime] = {}
        for answer in self._client.fetch_all(requests, WORKERS):
            if isinstance(answer, Failed):
                raise answer.error
            for event in json.loads(answer.payload.body)["data"]:
                tip = parse_instant(event["commence_time"])
                if first <= game_date_of(tip) <= last:
                    found[event["id"]] = tip
        return sorted(found.items(), key=lambda pair: (pair[1], pair[0]))
