"""The demo: a season of the practice league, scraped over HTTP, trained on; then two evenings as the flow lives them, the first one graded
the morning after.

Everything is the real path; only the upstream is the practice server, and the clock is turned to the moments that the story needs. What the
flow would have done in between it catches up with, as after a sleep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from time import perf_counter
from typing import Any

from pydantic import SecretStr

from tipoff.analyze.slate import games_between
from tipoff.clock import ManualClock, local_instant
from tipoff.config import Settings
from tipoff.errors import TipoffError
from tipoff.flow.batch_log import batches
from tipoff.flow.history import History
from tipoff.flow.house import House, open_house, systems_of
from tipoff.flow.night import Night, PhaseResult, Phases, count_night
from tipoff.flow.season_crew import Alone
from tipoff.flow.training import train_fleet
from tipoff.grade.run import SystemRecord, day_records
from tipoff.practice import simulate
from tipoff.practice.server import API_KEY, running

SEED = 7
TONIGHT = date(2026, 1, 28)
WINDOW = "400d"
LINES_HISTORY = timedelta(days=45)
_SETTLED_WITHIN = 300.0
LAST_NIGHT: tuple[tuple[str, int, time], ...] = (
    ("first quotes", 0, time(10, 6)),
    ("before the tips", 0, time(18, 55)),
    ("the morning after", 1, time(9, 20)),
)
TODAY: tuple[tuple[str, int, time], ...] = (
    ("first quotes", 0, time(10, 6)),
    ("the latest quotes", 0, time(17, 31)),
    ("now", 0, time(17, 36)),
)
"""What is lived of the two days: days after it, and New York times."""

Announce = Callable[[str, int | None], Callable[[int], None]]
"""Told of each step with its number of parts (None: unknown); gives back a function to be called as parts are done."""


@dataclass
class Story:
    """What the demo did, for people and for `--json`."""

    tonight: date
    steps: list[PhaseResult] = field(default_factory=list)
    night: Night | None = None
    last_night: date | None = None
    grades: list[SystemRecord] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "tonight": self.tonight.isoformat(),
            "last_night": self.last_night.isoformat() if self.last_night else None,
            "steps": [asdict(step) for step in self.steps],
            "night": self.night.as_dict() if self.night else None,
            "grades": [asdict(record) for record in self.grades],
        }


def demo(settings: Settings, announce: Announce, *, tonight: date = TONIGHT, seed: int = SEED) -> Story:
    """Run the demo into the settings' data directory. Raises LeagueMismatch, before anything is done, where that is neither empty nor the
    practice league's own."""
    last_night = tonight - timedelta(days=1)
    story = Story(tonight, last_night=last_night)
    clock = ManualClock(local_instant(last_night, time(8, 0)))
    with _step(story, announce, "simulate") as counts:
        season = simulate(seed)
        counts["games"] = len(season.games)
    with running(season, clock) as base:
        upstream = settings.model_copy(
            update={
                "league": "practice",
                "odds_api_url": f"{base}/odds-api",
                "nba_cdn_url": f"{base}/nba-cdn",
                "nba_stats_url": f"{base}/nba-stats",
                "espn_url": f"{base}/espn",
                "nba_injuries_url": f"{base}/nba-injuries",
                "odds_api_key": SecretStr(API_KEY),
                "source_pace": 0.0,
                "play_by_play": False,
                "rosters": False,
                "settle_seconds": 0.0,
            }
        )
        with open_house(upstream, clock) as house:
            house.claim_league()
            with History(house) as history:
                _past(story, announce, house, history, last_night)
            with _step(story, announce, "train", len(systems := systems_of(settings)) + 1) as counts:
                trained = train_fleet(house, systems, last_night, WINDOW, announce("train", len(systems) + 1))
                counts |= {"rows": trained.manifests[0].rows, "systems": len(trained.manifests)}
            with Alone.working(house) as hands:
                for day, moments in ((last_night, LAST_NIGHT), (tonight, TODAY)):
                    for name, later, at in moments:
                        _live(story, announce, house, hands, f"{day}, {name}", local_instant(day + timedelta(days=later), at))
            if hands.failures:
                raise TipoffError(f"The demo's rounds failed: {'; '.join(hands.failures)}", hint="This is a defect of Tipoff: report it.")
            _tell(story, house)
    return story


@contextmanager
def _step(story: Story, announce: Announce, name: str, parts: int | None = None) -> Iterator[dict[str, Any]]:
    announce(name, parts)
    start = perf_counter()
    counts: dict[str, Any] = {}
    yield counts
    story.steps.append(PhaseResult(name, perf_counter() - start, counts))


def _past(story: Story, announce: Announce, house: House, history: History, until: date) -> None:
    before = until - timedelta(days=1)
    phases = Phases(house, until)
    with phases.phase("scrape history") as recorded:
        fetched = history.schedule()
        due = len(history.games_without_box(before))
        fetched += history.box_scores(before, announce("scrape box scores", due))
        fetched += history.closing_lines(until - LINES_HISTORY, before, announce("scrape closing lines", None))
        recorded.counts = fetched.as_dict()
    story.steps += phases.results


def _live(story: Story, announce: Announce, house: House, hands: Alone, name: str, moment: datetime) -> None:
    """Turn the clock to a moment, have the flow make its round, and wait until all that follows is done."""
    clock = house.clock
    if not isinstance(clock, ManualClock) or moment <= clock.now():
        return
    with _step(story, announce, name) as counts:
        before = len(batches(house.state, last=10_000))
        clock.set(moment)
        hands.live(moment, _SETTLED_WITHIN)
        counts["batches"] = len(batches(house.state, last=10_000)) - before


def _tell(story: Story, house: House) -> None:
    """What stands in the end: last night's grades, and tonight."""
    story.night = Night(story.tonight)
    with house.warehouse.reading() as work:
        if story.last_night:
            story.grades = day_records(work, story.last_night)
        count_night(story.night, work, games_between(work, story.tonight, story.tonight), house.clock.now())
