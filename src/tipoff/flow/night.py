"""One night: analyze, features, predict, publish, in that order, for a date on what is loaded; and its grading the morning after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from time import perf_counter
from typing import Any

import ibis
import pyarrow as pa

from tipoff.analyze.coverage import Gap, teams_without_boxes
from tipoff.analyze.history import WINDOW
from tipoff.analyze.schedule import Schedule
from tipoff.analyze.slate import games_between, known_games_on
from tipoff.analyze.summaries import summarise_games, summarise_slate
from tipoff.errors import ArtefactMismatch, NotReady, UnknownDate
from tipoff.features.build import Built, build
from tipoff.features.quality import RunMode
from tipoff.features.refresh import store_rows
from tipoff.features.slate_checks import check_slate
from tipoff.flow.alerts import note
from tipoff.flow.fleet import watched
from tipoff.flow.house import House
from tipoff.flow.publishing import publish
from tipoff.flow.state import Recorded
from tipoff.flow.telling import tell_in_log
from tipoff.grade.run import SystemRecord, grade
from tipoff.market.taking import quotes_to_take
from tipoff.predict import artefacts
from tipoff.predict.activate import activate
from tipoff.predict.past_margins import past_margins
from tipoff.predict.slate import SlateOptions, Spoken, held_back, slate_of, speak
from tipoff.predict.systems import System, systems_named
from tipoff.predict.unresolved import unresolved_absences
from tipoff.store.warehouse import Work
from tipoff.train.health import fill_performance
from tipoff.train.registry import serving

_NO_BOXES = "boxes "


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
    house: House, game_date: date, *, as_of: datetime | None = None, run_mode: RunMode = "last_call", announce: Announce | None = None
) -> Night:
    """Phases 3 to 6 for a date, as known at `as_of` (UTC; None: each game's tip).

    Raises UnknownDate where no game is known, NotReady where no system is trained, SlateStopped where a feature stops the slate.
    """
    found = Night(game_date)
    phases = Phases(house, game_date, announce)
    with house.warehouse.reading() as work:
        named = games_between(work, game_date, game_date)
        tonight = known_games_on(Schedule.read(work), game_date, game_date, as_of)
    games = tonight.column("game_id").to_pylist()
    if not games:
        publish(house, game_date, as_of=as_of, force=True)
        raise UnknownDate(f"No game of {game_date} is known.", hint="Load a schedule or odds for that day first.")
    found.games = len(games)
    fleet = watched(house, loaded_fleet(house), game_date)
    try:
        with phases.phase("analyze") as recorded, house.warehouse.writing(house.run_id) as work:
            merged = {**summarise_games(work, game_date - WINDOW, game_date), **summarise_slate(work, games, as_of)}
            gaps = teams_without_boxes(work, game_date, house.clock.now())
            recorded.counts = {name.split(".")[1]: part.inserted + part.updated for name, part in merged.items()}
            recorded.counts["teams_without_boxes"] = len(gaps)
        found.gaps = _alert(house, gaps)
        with phases.phase("features") as recorded, house.warehouse.writing(house.run_id) as work:
            built = build(work, games, as_of)
            check_slate(built)
            store_rows(work, tonight, built)
            recorded.counts = {"rows": built.size, "ready": int(built.scores.ready.sum())}
        with phases.phase("predict") as recorded, house.warehouse.writing(house.run_id) as work:
            options = SlateOptions(f"{game_date}-{house.run_id}", run_mode, house.settings.thresholds.min_minutes)
            spoken = _predict(work, house, built, fleet, named, tonight, options)
            _count(found, built, spoken)
            recorded.counts = {"predictions": sum(found.predicted.values()), "absences": sum(found.absences.values())}
    except Exception as error:
        publish(house, game_date, as_of=as_of, failure=str(error), force=True)
        raise
    found.phases = phases.results
    _publish(house, game_date, as_of, found, phases)
    return found


def _alert(house: House, gaps: list[Gap]) -> list[str]:
    """Put on record which teams' box scores are missing before anything is predicted on them (F46); gives what there is to say."""
    met = {f"{_NO_BOXES}{gap.team}": gap.words for gap in gaps}
    note(house.state, _NO_BOXES, met, house.clock.now())
    tell_in_log(house.state, house.clock)
    return list(met.values())


def loaded_fleet(house: House) -> list[tuple[System, artefacts.Loaded | None, str]]:
    """Every system with the model that serves for it; one whose artefact is refused stays without, and why.

    Raises NotReady where none is trained at all.
    """
    served = serving(house.warehouse.read("models.registry").to_pylist())
    fleet: list[tuple[System, artefacts.Loaded | None, str]] = []
    at_hand: dict[str, artefacts.Loaded] = {}
    for system in systems_named(None, house.settings.systems_file):
        mine = served.get(system.system_id)
        if mine is None:
            fleet.append((system, None, "it is not trained: run `tipoff train`"))
            continue
        try:
            fleet.append((system, artefacts.load(house.bucket, mine["model_id"], at_hand), ""))
        except ArtefactMismatch as error:
            fleet.append((system, None, str(error)))
    if not any(loaded for _, loaded, _ in fleet):
        raise NotReady("No system is trained.", hint="Run `tipoff train` first.")
    return fleet


def _predict(
    work: Work,
    house: House,
    built: Built,
    fleet: list[tuple[System, artefacts.Loaded | None, str]],
    named: list[str],
    tonight: pa.Table,
    options: SlateOptions,
) -> dict[str, Spoken]:
    """What every system says of the slate, stored and activated, with absences for all others. `named` are the games that any schedule
    has on the day: of one that is not among `tonight` any more what was said is taken down."""
    held_out = {loaded.manifest.system_id: loaded.manifest.metrics.get("lined_margin") for _, loaded, _ in fleet if loaded}
    past = {name: margin for name, margin in held_out.items() if margin is not None}
    past |= past_margins(work, tonight.column("game_date")[0].as_py())
    slate = slate_of(built, quotes_to_take(work, ibis.memtable(tonight)), options, past)
    spoken: dict[str, Spoken] = {}
    for system, loaded, why in fleet:
        if loaded is None:
            said = held_back(slate, system, why)
        else:
            said = speak(slate, _as_trained(system, loaded), loaded.manifest.model_id, loaded.speaker)
        strangers = unresolved_absences(work, built, system, options)
        said = Spoken(said.predictions, pa.concat_tables([said.absences, strangers], promote_options="default"), said.guard)
        activate(work, system.system_id, named, said, house.clock.now())
        spoken[system.system_id] = said
    return spoken


def _as_trained(system: System, loaded: artefacts.Loaded) -> System:
    """The system with the threshold that its model was trained and judged with, whatever its table says by now."""
    threshold = {"threshold": loaded.manifest.threshold, "threshold_in": loaded.manifest.threshold_in}
    return system.model_copy(update=threshold)


def _count(found: Night, built: Built, spoken: dict[str, Spoken]) -> None:
    kinds = built.ingredients.column("line_kind").to_pylist()
    found.players = built.size
    found.lined = sum(kind is not None for kind in kinds)
    found.lined_by_kind = dict(Counter(kind for kind in kinds if kind))
    for system_id, said in spoken.items():
        sources = said.predictions.column("line_source").to_pylist()
        sides = said.predictions.column("recommendation").to_pylist()
        found.predicted[system_id] = said.predictions.num_rows
        found.predicted_lined[system_id] = sum(source == "ACTUAL_PROP" for source in sources)
        found.recommended[system_id] = sum(side in {"OVER", "UNDER"} for side in sides)
    reasons = [(row["reason"], row["has_line"]) for said in spoken.values() for row in said.absences.to_pylist()]
    found.absences = dict(Counter(reason for reason, _ in reasons))
    found.lined_absences = dict(Counter(reason for reason, lined in reasons if lined))


def _publish(house: House, game_date: date, as_of: datetime | None, found: Night | None, phases: Phases) -> None:
    """Publish a date, and the status."""
    with phases.phase("publish") as recorded:
        _, published = publish(house, game_date, as_of=as_of, force=True)
        recorded.counts = {"documents": len(published.documents), "bytes": published.bytes} if published else {}
    if found and published:
        found.documents = [*published.documents, "v1/status.json"]
    house.publish_status()


def grade_night(house: House, game_date: date) -> tuple[list[SystemRecord], list[PhaseResult]]:
    """Grade a date and publish it again with its results.

    Raises NotReady where there is nothing to grade yet.
    """
    phases = Phases(house, game_date)
    with phases.phase("grade") as recorded:
        found = grade(house.warehouse, game_date, now=house.clock.now(), run_id=house.run_id)
        with house.warehouse.writing(house.run_id) as work:
            rated = fill_performance(work, game_date)
        recorded.counts = {"graded": sum(record.predictions for record in found), "performance": rated.inserted + rated.updated}
    _publish(house, game_date, None, None, phases)
    return found, phases.results
