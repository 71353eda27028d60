"""One night: analyze, features, predict, publish, in that order, for a date on what is loaded; and its grading the morning after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from time import perf_counter
from typing import Any

from tipoff.analyze.coverage import teams_without_boxes
from tipoff.errors import UnknownDate
from tipoff.features.quality import RunMode
from tipoff.flow.grading import graded_from
from tipoff.flow.house import House
from tipoff.flow.publishing import publish
from tipoff.flow.slate import Asked, Done, Slate, Workbench, analyze, make_features
from tipoff.flow.speaking import loaded_fleet, predict
from tipoff.flow.state import Recorded
from tipoff.flow.tally import tally
from tipoff.grade.run import SystemRecord, grade_within
from tipoff.store.versions import GRADE, advance
from tipoff.store.warehouse import Work
from tipoff.train.health import fill_performance


@dataclass(frozen=True)
class PhaseResult:
    """What a phase did, and how long it took (seconds)."""

    phase: str
    seconds: float
    counts: dict[str, Any]


@dataclass
class Night:
    """What a night gave, for people and for `--json`."""

    game_date: date
    games: int = 0
    phases: list[PhaseResult] = field(default_factory=list)
    players: int = 0
    lined: int = 0
    lined_by_kind: dict[str, int] = field(default_factory=dict)
    predicted: dict[str, int] = field(default_factory=dict)
    predicted_lined: dict[str, int] = field(default_factory=dict)
    recommended: dict[str, int] = field(default_factory=dict)
    absences: dict[str, int] = field(default_factory=dict)
    lined_absences: dict[str, int] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "game_date": self.game_date.isoformat()}


Announce = Callable[[str], None]


class Phases:
    """Runs phases one after another, each recorded in the state database and timed."""

    def __init__(self, house: House, game_date: date | None, announce: Announce | None = None) -> None:
        self._house = house
        self._date = game_date
        self._announce = announce or (lambda _: None)
        self.results: list[PhaseResult] = []

    @contextmanager
    def phase(self, name: str) -> Iterator[Recorded]:
        self._announce(name)
        start = perf_counter()
        with self._house.state.phase(self._house.run_id, name, self._date) as recorded:
            yield recorded
        self.results.append(PhaseResult(name, perf_counter() - start, recorded.counts))


def night(
    house: House,
    game_date: date,
    *,
    as_of: datetime | None = None,
    run_mode: RunMode = "last_call",
    force: bool = False,
    announce: Announce | None = None,
) -> Night:
    """Phases 3 to 6 for a date, as known at `as_of` (UTC; None: each game's tip), one after another in this process: the same functions as
    the durable batch runs (`flow.slate_batch`), for whoever has the warehouse to himself. What is up to date is not done again.

    Raises UnknownDate where no game is known or, by `as_of`, open; NotReady where no system is trained; SlateStopped where a feature stops
    the slate.
    """
    found = Night(game_date)
    phases = Phases(house, game_date, announce)
    slate = Slate(house, game_date, Asked({run_mode: None}, force=force), as_of, f"{game_date}-{house.run_id}")
    with house.warehouse.reading() as work:
        games = slate.games(work).column("game_id").to_pylist()
    if not games:
        publish(house, game_date, as_of=as_of, force=True)
        raise UnknownDate(f"No game of {game_date} is known.", hint="Load a schedule or odds for that day first.")
    bench = Workbench()
    loaded_fleet(house, game_date, bench.models)  # before anything is written: without a fleet there is no night
    try:
        parts: dict[str, Callable[[], Done]] = {
            "analyze": lambda: analyze(slate, bench),
            "features": lambda: make_features(slate, bench),
            "predict": lambda: predict(slate, bench),
        }
        for name, part in parts.items():
            with phases.phase(name) as recorded:
                done = part()
                recorded.counts = done.counts if done.ran else {"up_to_date": 1}
    except Exception as error:
        publish(house, game_date, as_of=as_of, failure=str(error))
        raise
    with phases.phase("publish") as recorded:
        done, published = publish(house, game_date, as_of=as_of, force=True)
        recorded.counts = {name: value for name, value in done.counts.items() if isinstance(value, int)}
    found.phases = phases.results
    found.documents = list(published.documents) if published else []
    with house.warehouse.reading() as work:
        count_night(found, work, games, house.clock.now())
    return found


def count_night(found: Night, work: Work, games: list[str], now: datetime) -> None:
    """What stands of these games, into a night's figures. `now` (UTC) is as of when box scores are missing."""
    found.games = len(games)
    found.gaps = [gap.words for gap in teams_without_boxes(work, found.game_date, now)]
    stands = tally(work, games)
    for system_id, own in stands["systems"].items():
        found.predicted[system_id] = own["predicted"]
        found.predicted_lined[system_id] = own["lined"]
        found.recommended[system_id] = own["recommended"]
    found.players = sum(game["players"] for game in stands["games"].values())
    found.lined = sum(game["lined"] for game in stands["games"].values())
    found.absences = dict(sum((Counter(own["absences"]) for own in stands["systems"].values()), Counter()))
    found.lined_absences = dict(sum((Counter(own["absences_lined"]) for own in stands["systems"].values()), Counter()))
    lines = work.table("analytics.player_line_summary").filter(lambda t: t.game_id.isin(games))
    newest = lines.semi_join(lines.group_by("game_id").agg(as_of=lines.as_of.max()), ["game_id", "as_of"])
    kinds = work.fetch(newest.filter(newest.line_kind.notnull()).group_by("line_kind").agg(players=lambda t: t.count()))
    found.lined_by_kind = {row["line_kind"]: row["players"] for row in kinds.sort_by("line_kind").to_pylist()}


def grade_night(house: House, game_date: date) -> tuple[list[SystemRecord], list[PhaseResult]]:
    """Grade a date and publish it again with its results.

    Raises NotReady where there is nothing to grade yet.
    """
    phases = Phases(house, game_date)
    with phases.phase("grade") as recorded:
        with house.warehouse.writing(house.run_id) as work:
            found = grade_within(work, game_date, house.clock.now())
            rated = fill_performance(work, game_date)
            advance(work, {(GRADE, game_date.isoformat()): graded_from(work, game_date)})
        recorded.counts = {"graded": sum(record.predictions for record in found), "performance": rated.inserted + rated.updated}
    with phases.phase("publish") as recorded:
        done, _ = publish(house, game_date, force=True)
        recorded.counts = {name: value for name, value in done.counts.items() if isinstance(value, int)}
    return found, phases.results
