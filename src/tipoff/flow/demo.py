"""The demo: a season of the practice league, scraped over HTTP, trained on, predicted, published, and graded the morning after.

Everything is the real path; only the upstream is the practice server and the clock stands where the story needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from time import perf_counter
from typing import Any

from pydantic import SecretStr

from tipoff.clock import ManualClock, local_instant
from tipoff.config import Settings
from tipoff.flow.capture import Capture
from tipoff.flow.house import House, open_house
from tipoff.flow.night import Night, PhaseResult, Phases, grade_night, night
from tipoff.flow.training import train_fleet
from tipoff.grade.run import SystemRecord
from tipoff.practice import simulate
from tipoff.practice.server import API_KEY, running
from tipoff.predict.systems import systems_named
from tipoff.scrape.client import Patience

SEED = 7
TONIGHT = date(2026, 1, 28)
HISTORY = "400d"
LINES_HISTORY = timedelta(days=45)
_UNHURRIED = Patience(pace=0.0)  # the practice server, on this machine, asks nobody to go slowly
TONIGHT_MOMENTS = (time(11, 0), time(15, 0), time(17, 30))

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
    """Run the demo into the settings' data directory, which must be empty or the practice league's own."""
    story = Story(tonight)
    last_night = tonight - timedelta(days=1)
    story.last_night = last_night
    clock = ManualClock(local_instant(last_night, time(15, 30)))
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
            }
        )
        with open_house(upstream, clock) as house, Capture(house, _UNHURRIED) as capture:
            _history(story, announce, house, capture, last_night)
            start = perf_counter()
            systems = systems_named(None, settings.systems_file)
            trained = train_fleet(house, systems, last_night, HISTORY, announce("train", len(systems) + 1))
            story.steps.append(
                PhaseResult("train", perf_counter() - start, {"rows": trained.manifests[0].rows, "systems": len(trained.manifests)})
            )
            _evening(story, announce, house, capture, last_night, [time(15, 30), time(18, 15)])
            clock.set(local_instant(tonight, time(9, 0)))
            _morning_after(story, announce, house, capture, last_night)
        with open_house(upstream, clock) as house, Capture(house, _UNHURRIED) as capture:
            story.night = _evening(story, announce, house, capture, tonight, list(TONIGHT_MOMENTS))
    return story


@contextmanager
def _step(story: Story, announce: Announce, name: str, parts: int | None = None) -> Iterator[dict[str, Any]]:
    announce(name, parts)
    start = perf_counter()
    counts: dict[str, Any] = {}
    yield counts
    story.steps.append(PhaseResult(name, perf_counter() - start, counts))


def _history(story: Story, announce: Announce, house: House, capture: Capture, until: date) -> None:
    before = until - timedelta(days=1)
    phases = Phases(house, until)
    with phases.phase("scrape history") as recorded:
        captured = capture.schedule()
        due = len(capture.games_without_box(before))
        captured += capture.box_scores(before, announce("scrape box scores", due))
        captured += capture.closing_lines(until - LINES_HISTORY, before, announce("scrape closing lines", None))
        recorded.counts = captured.as_dict()
    story.steps += phases.results


def _evening(story: Story, announce: Announce, house: House, capture: Capture, game_date: date, moments: list[time]) -> Night:
    """Scrape the day's lines at these New York times, then predict and publish as of the last."""
    clock = house.clock
    phases = Phases(house, game_date)
    with phases.phase("scrape lines") as recorded:
        tick = announce(f"scrape lines of {game_date}", len(moments))
        captured = None
        for moment in moments:
            _turn(clock, local_instant(game_date, moment))
            part = capture.slate(game_date)
            captured = part if captured is None else captured + part
            tick(1)
        recorded.counts = captured.as_dict() if captured else {}
    story.steps += phases.results
    found = night(house, game_date, as_of=clock.now(), run_mode="first", announce=lambda name: _note(announce, name))
    story.steps += found.phases
    return found


def _note(announce: Announce, name: str) -> None:
    announce(name, None)


def _turn(clock: Any, to: datetime) -> None:
    if isinstance(clock, ManualClock) and to > clock.now():
        clock.set(to)


def _morning_after(story: Story, announce: Announce, house: House, capture: Capture, game_date: date) -> None:
    phases = Phases(house, game_date)
    with phases.phase("scrape box scores") as recorded:
        announce(f"scrape box scores of {game_date}", None)
        captured = capture.schedule() + capture.box_scores(game_date)
        recorded.counts = captured.as_dict()
    story.steps += phases.results
    announce(f"grade {game_date}", None)
    story.grades, steps = grade_night(house, game_date)
    story.steps += steps
