"""Days of the practice league, played through the real flow in minutes: the clock is turned from one stop to the next, and
stands until everything that follows from it has settled.

Comes in: an empty data directory, days, a seed. Goes out: a house as it is after these days, and what happened. `prepare` makes the past:
a season scraped up to the first day, a fleet trained on it. `play` then lives the days: what is asked, started, loaded, predicted,
published, graded and refitted follows from the flow's own rounds. Under chaos the work is done by worker processes that are killed, and the
sources misbehave (`season_chaos`). It must never do itself what the flow is to do.

    tipoff practice season --days 30 --chaos
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from time import perf_counter
from typing import Any

from pydantic import SecretStr

from tipoff.clock import FileClock, game_date_of, local_instant
from tipoff.config import Settings
from tipoff.errors import BadInput
from tipoff.flow.expected import expected_outputs
from tipoff.flow.game_days import games_around, note_games, tasks_of
from tipoff.flow.history import History
from tipoff.flow.house import House, open_house, systems_of
from tipoff.flow.plan import BOX_AGAIN_DAYS, capture_plan, still_needed
from tipoff.flow.scraping import teams_without_roster
from tipoff.flow.season_chaos import Chaos
from tipoff.flow.season_crew import Alone, Crew, Hands
from tipoff.flow.training import train_fleet
from tipoff.practice import Rules, Season, simulate
from tipoff.practice.server import API_KEY, running

FIRST = date(2026, 1, 24)
"""Thirty days from here hold four Mondays, the All-Star break with the refit after it, and games put off, cancelled and moved here."""
RULES = Rules(postponement_rate=0.03)
SEED = 7
CADENCE = 720
"""Minutes between two asks for lines before the last one: a season has to be over in minutes."""
SETTLED_WITHIN = 600.0
_MORNING = time(6, 0)
_CLOCK = "clock"

Announce = Callable[[str, int | None], Callable[[int], None]]
"""Told of each step with its number of parts (None: unknown); gives back a function to be called as parts are done."""


@dataclass(frozen=True)
class Play:
    """What is played: `days` game days (New York) from `first` on; `systems` are those that are trained (None: the fleet)."""

    first: date = FIRST
    days: int = 30
    seed: int = SEED
    rules: Rules = RULES
    lines_before: timedelta = timedelta(days=45)
    systems: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.days < 1:
            raise BadInput(f"{self.days} days are no season.", hint="Give a number from 1 on.")

    @property
    def opening(self) -> datetime:
        """When it begins (UTC): the morning of the first day."""
        return local_instant(self.first, _MORNING)

    @property
    def end(self) -> datetime:
        """When it ends (UTC): the morning after the last day, when its box scores have been asked for again and graded."""
        return local_instant(self.first + timedelta(days=self.days), time(9, 30))

    @property
    def last(self) -> date:
        """The last game day."""
        return self.first + timedelta(days=self.days - 1)


@dataclass
class Played:
    """What happened: how many moments the clock stood at, what chaos did, and what a round failed on. Seconds are real ones."""

    moments: int = 0
    seconds: float = 0.0
    kills: int = 0
    jumps: int = 0
    repeated: int = 0
    faults: int = 0
    failures: list[str] = field(default_factory=list)
    seconds_by_day: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For people and for `--json`."""
        return {**vars(self), "seconds": round(self.seconds, 1)}


def world(play: Play) -> Season:
    """The league of these days."""
    return simulate(play.seed, play.rules)


def prepare(settings: Settings, play: Play, announce: Announce, season: Season | None = None) -> None:
    """Make the past into the settings' data directory: schedule, box scores, closing lines, and a fleet trained on them. Raises
    LeagueMismatch, before anything is done, where that is neither empty nor the practice league's own."""
    season = season or world(play)
    clock = _clock(settings, play)
    before = play.first - timedelta(days=1)
    with (
        running(season, clock) as base,
        open_house(_upstream(settings, play, base), clock) as house,
        History(house) as history,
    ):
        house.claim_league()
        announce("the schedule", None)
        history.schedule()
        history.box_scores(before, announce("box scores of the past", len(history.games_without_box(before))))
        history.closing_lines(play.first - play.lines_before, before, announce("closing lines of the past", None))
        systems = systems_of(settings, play.systems)
        train_fleet(house, systems, play.first, None, announce("the fleet", len(systems) + 1))


def play_days(settings: Settings, play: Play, announce: Announce, chaos: Chaos | None = None, season: Season | None = None) -> Played:
    """Live the days in a house that `prepare` made. Raises Busy where a moment does not settle, LeagueMismatch as `prepare` does."""
    season = season or world(play)
    clock = _clock(settings, play)
    mischief = chaos.mischief(season, play.first, play.last, clock) if chaos else None
    told = Played()
    start = perf_counter()
    with running(season, clock, mischief=mischief) as base:
        upstream = _upstream(settings, play, base)
        with open_house(upstream, clock) as house:
            house.claim_league()
            with _hands(house, clock, chaos) as hands:
                _live(house, clock, play, hands, told, announce)
            told.kills, told.jumps, told.repeated, told.failures = hands.kills, hands.jumps, hands.repeated, hands.failures
    told.faults = sum(asked.fault is not None for asked in mischief.asked()) if mischief else 0
    told.seconds = perf_counter() - start
    return told


@contextmanager
def _hands(house: House, clock: FileClock, chaos: Chaos | None) -> Iterator[Hands]:
    """Who does the work: this process alone, or a crew that is killed and replaced."""
    with Crew.hired(house, clock, chaos) if chaos else Alone.working(house) as hands:
        yield hands


def _live(house: House, clock: FileClock, play: Play, hands: Hands, told: Played, announce: Announce) -> None:
    tick = announce("days", play.days)
    note_games(house, play.first)
    started, day = perf_counter(), play.first
    while (moment := next_stop(house)) is not None and moment <= play.end:
        clock.set(moment)
        hands.live(moment, SETTLED_WITHIN)
        told.moments += 1
        if game_date_of(moment) > day:
            told.seconds_by_day[day.isoformat()] = round(perf_counter() - started, 1)
            tick((game_date_of(moment) - day).days if day <= play.last else 0)
            started, day = perf_counter(), game_date_of(moment)


def next_stop(house: House) -> datetime | None:
    """When the clock is stopped next, after the present: at six minutes to the hour after something is due, or at a last call before that;
    None where no plan has any more. So it stops a dozen times a day, each time for all that has come due, as a worker that slept. The hours
    are the same whatever else is due: what chaos adds moves no other stop."""
    now = house.clock.now()
    moments = [(at, is_call) for at, is_call in _plans(house) if at > now]
    if not moments:
        return None
    calls = [at for at, is_call in moments if is_call]
    return min([_six_to(min(at for at, _ in moments)), *calls])


def _six_to(moment: datetime) -> datetime:
    """The next six minutes to an hour, the moment itself included: when the last calls of games on the hour are, and within the hour in
    which what tells of a moment can be asked for."""
    whole = moment.replace(minute=54, second=0, microsecond=0)
    return whole if moment <= whole else whole + timedelta(hours=1)


def _plans(house: House) -> list[tuple[datetime, bool]]:
    """Everything that the plans of the days around the present hold and that is needed still: when, and whether it is a last call."""
    today = game_date_of(house.clock.now())
    first = today - timedelta(days=max(BOX_AGAIN_DAYS))
    games = games_around(house.state, first, today + timedelta(days=1))
    no_roster = teams_without_roster(house, house.clock.now()) if house.settings.rosters else set()
    found = []
    for number in range((today - first).days + 2):
        day = first + timedelta(days=number)
        mine = games.get(day, [])
        cells = expected_outputs(house.state, day)
        boxed = [cell.game_id for cell in cells if cell.phase == "box" and cell.is_there]
        asks = capture_plan(day, mine, house.settings, no_roster if day >= today else ())
        found += [(ask.at, False) for ask in still_needed(asks, mine, boxed)]
        found += [(task.at, task.run_mode == "last_call") for task in tasks_of(house.state, house.settings, day)]
    return found


def _clock(settings: Settings, play: Play) -> FileClock:
    """The clock of this house, at the opening where it never stood anywhere."""
    path = settings.clock_file or settings.data_dir / _CLOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    clock = FileClock(path)
    if not path.exists():
        clock.set(play.opening)
    return clock


def _upstream(settings: Settings, play: Play, base: str) -> Settings:
    """The settings with the practice server as every source, and a pace at which days pass in seconds."""
    given = {
        "league": "practice",
        "systems": play.systems or settings.systems,
        "clock_file": (settings.clock_file or settings.data_dir / _CLOCK).absolute(),
        "odds_api_url": f"{base}/odds-api",
        "nba_cdn_url": f"{base}/nba-cdn",
        "nba_stats_url": f"{base}/nba-stats",
        "espn_url": f"{base}/espn",
        "nba_injuries_url": f"{base}/nba-injuries",
        "odds_api_key": SecretStr(API_KEY),
        "source_pace": 0.0,
        **{name: value for name, value in PACE.items() if name not in settings.model_fields_set},
    }
    return settings.model_copy(update=given)


PACE: dict[str, Any] = {
    "capture_minutes": CADENCE,
    "play_by_play": False,
    "rosters": False,
    "settle_seconds": 0.5,
    "retry_seconds": 0.5,
    "poll_seconds": 0.4,
}
"""How a season is lived where the settings say nothing else: lines seldom, without play-by-play and rosters, and without long pauses."""


@contextmanager
def finished(settings: Settings) -> Iterator[House]:
    """The house of a season that was played, at its last moment, to be looked at."""
    clock = FileClock(settings.clock_file or settings.data_dir / _CLOCK)
    with open_house(settings.model_copy(update={"league": "practice"}), clock) as house:
        yield house


def quiet() -> None:
    """What the flow tells its operator of faults that were meant is no news here."""
    logging.getLogger("tipoff").setLevel(logging.CRITICAL)
    logging.getLogger("stamina").setLevel(logging.ERROR)  # nor is a file that is waited for a moment
