"""A house over a practice upstream that misbehaves, and what one request to it came to: at the client, in the books, at the source."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flow.upstream import DAY, practice_house, season
from tipoff.clock import ManualClock
from tipoff.errors import TipoffError
from tipoff.flow.house import House
from tipoff.flow.scraping import scrape_now
from tipoff.flow.worker import working
from tipoff.practice.faults import Fault
from tipoff.practice.mischief import Asked, Mischief
from tipoff.practice.season import Game
from tipoff.scrape.client import Client, Fetched, Patience
from tipoff.scrape.request import Request
from tipoff.scrape.sources.odds_api import Asking

KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
BRISK = Patience(
    attempts=3,
    wait_initial=0.01,
    wait_max=0.02,
    wait_jitter=0.0,
    longest_retry_after=2.0,
    failures=1000,
    pace=0.0,
    read=5.0,
    whole_answer=10.0,
)
HASTY = Patience(
    attempts=2,
    wait_initial=0.01,
    wait_max=0.02,
    wait_jitter=0.0,
    longest_retry_after=2.0,
    failures=1000,
    pace=0.0,
    read=1.0,
    whole_answer=1.0,
)
"""For a source that does not come to an end: no longer than it takes a loaded machine to answer at all."""


def games() -> list[Game]:
    """The games of the day."""
    return [game for game in season().games if game.game_date == DAY]


@dataclass(frozen=True)
class Outcome:
    """What came of a request: its answer or its error, the requests that reached the source, credits on our books and at the source."""

    fetched: Fetched | None
    error: TipoffError | None
    asked: list[Asked]
    booked: int
    charged: int

    @property
    def gaps(self) -> list[float]:
        """Seconds between one request and the next, as the source saw them."""
        return [later.at - earlier.at for earlier, later in zip(self.asked, self.asked[1:], strict=False)]

    def told(self) -> str:
        """Everything that a caller could print of it."""
        return repr(self.fetched) if self.error is None else everything_about(self.error)


@dataclass(frozen=True)
class Bench:
    """A house, its upstream's mischief, and the folder in which it keeps everything."""

    house: House
    clock: ManualClock
    mischief: Mischief
    folder: Path

    @property
    def request(self) -> Request:
        """The props of the day's first game."""
        return Asking.of(self.house.settings).event_odds(games()[0].event_id)

    def client(self, patience: Patience = BRISK) -> Client:
        house = self.house
        return Client(house.settings, house.vault, house.clock, patience, receipts=house.receipts, budget=house.credits)

    def ask(self, *faults: Fault | str | None, forever: bool = False, patience: Patience = BRISK, client: Client | None = None) -> Outcome:
        """Ask for the props of a game, at a moment of its own, while the source misbehaves like this."""
        self.clock.advance(timedelta(seconds=1))
        self.mischief.calm()
        self.mischief.script("props", *faults, forever=forever)
        reached, booked, charged = len(self.mischief.asked()), self.house.credits.spent().day, self.mischief.charged()
        fetched, error = None, None
        asking = client or self.client(patience)
        try:
            fetched = asking.fetch(self.request)
        except TipoffError as raised:
            error = raised
        finally:
            if client is None:
                asking.close()
        asked = self.mischief.asked()[reached:]
        return Outcome(fetched, error, asked, self.house.credits.spent().day - booked, self.mischief.charged() - charged)

    def where_the_key_is(self) -> list[str]:
        """Every file of the house that holds the key, packed or not."""
        found = [str(path) for path in self.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
        packed = [path for path in self.folder.rglob("*.zst") if KEY.encode() in self.house.vault.get(path.stem)]
        return found + [str(path) for path in packed]


def know_the_players(bench: Bench) -> None:
    """Load the box scores of the days before: a line of a player whom nobody has seen play would wait for his name."""
    with working(bench.house, scheduled=False) as engine:
        for days in (1, 2, 3):
            scrape_now(engine, DAY - timedelta(days=days), ("schedule", "box"))


@contextmanager
def mischievous(folder: Path, **more: Any) -> Iterator[Bench]:
    """A house in a folder, in the afternoon of the day."""
    mischief = Mischief()
    with practice_house(folder, mischief=mischief, api_key=KEY, **more) as (house, clock):
        yield Bench(house, clock, mischief, folder)


def everything_about(error: BaseException) -> str:
    """Its text, its traceback and its attributes, and those of all that it came from."""
    chain: BaseException | None = error
    told = "".join(traceback.format_exception(error))
    while chain is not None:
        told += repr(chain) + repr(chain.__dict__)
        chain = chain.__cause__ or chain.__context__
    return told
