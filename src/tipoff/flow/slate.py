"""A slate: the games of a date that are still open, as of one moment, and what of them has to be done again.

Comes in: a date, what is asked for, a moment. Goes out: phases 3 and 4 as plain functions, each in one transaction with its version and its
message. A game's features are made anew where an input that may reach them changed since (`features.dirty`), and only then; the slate is
judged as a whole all the same. It must never know a queue, nor who holds the batch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, get_args

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.coverage import Gap, teams_without_boxes
from tipoff.analyze.history import WINDOW
from tipoff.analyze.ingredients import gather, stand_of_inputs
from tipoff.analyze.schedule import Schedule
from tipoff.analyze.slate import games_between, known_games_on
from tipoff.analyze.summaries import summarise_games, summarise_slate
from tipoff.errors import BadInput
from tipoff.features.build import Built, build
from tipoff.features.dirty import standing_rows
from tipoff.features.quality import MIN_SCORE, RunMode
from tipoff.features.refresh import store_rows
from tipoff.features.slate_checks import check_slate
from tipoff.flow.alerts import alerts, note_alerts
from tipoff.flow.called_off import take_down_closed
from tipoff.flow.house import House
from tipoff.flow.messages import Outcome
from tipoff.flow.telling import tell_in_log
from tipoff.predict.artefacts import Loaded
from tipoff.store.versions import ANYTHING, FACTS, FEATURES, advance, versions
from tipoff.store.warehouse import Work

Guard = Callable[[Work], None]
"""Called within each transaction before it commits; raises where somebody else holds the batch by now."""
Seal = Callable[[Work, str, str, Outcome], None]
"""Called at the end of each transaction with the phase, the table that it wrote, and what it came to: leaves the message of it there."""
PHASES = ("analyze", "features", "predict", "publish")
_NO_BOXES = "boxes "
_TOLD_FOR = timedelta(days=7)


def no_guard(_work: Work) -> None:
    """Of who holds no batch."""


def no_seal(_work: Work, _phase: str, _table: str, _outcome: Outcome) -> None:
    """Of who tells nobody."""


@dataclass(frozen=True)
class Asked:
    """What a slate is asked for. `modes`: by run mode the games that it is meant for (None: all that are open); a game of several passes
    the lowest gate. `systems` and `phases`: None for all. `force` does again what is up to date."""

    modes: Mapping[RunMode, tuple[str, ...] | None]
    systems: tuple[str, ...] | None = None
    phases: tuple[str, ...] | None = None
    force: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Asked:
        """Out of what a batch was asked for: `modes`, or one `run_mode` with its `games`. Raises BadInput for a run mode or a phase that
        is none."""
        named = dict(given.get("modes") or {})
        if "run_mode" in given or not named:
            named.setdefault(given.get("run_mode", "line_update"), given.get("games"))
        known: dict[str, RunMode] = {name: name for name in get_args(RunMode)}
        if unknown := sorted(named.keys() - known.keys()):
            raise BadInput(f"{', '.join(unknown)}: no such run mode.", hint=f"There are {', '.join(known)}.")
        modes = {known[name]: _tuple(games) for name, games in named.items()}
        phases = _tuple(given.get("phases"))
        if strange := sorted(set(phases or ()) - set(PHASES)):
            raise BadInput(f"{', '.join(strange)}: no such phase.", hint=f"There are {', '.join(PHASES)}.")
        return cls(modes, _tuple(given.get("systems")), phases, bool(given.get("force")))

    def as_json(self) -> dict[str, Any]:
        """What `of` takes, so that two of them can be joined."""
        modes = {name: None if games is None else list(games) for name, games in self.modes.items()}
        found: dict[str, Any] = {"modes": modes, "force": self.force}
        return found | {name: None if (value := getattr(self, name)) is None else list(value) for name in ("systems", "phases")}

    @property
    def lowers_the_gate(self) -> bool:
        """Whether it may let players through whom a run before it kept out."""
        return any(MIN_SCORE[mode] < max(MIN_SCORE.values()) for mode in self.modes)

    def mode_of(self, game: str) -> RunMode:
        """The run mode of a game: of those that are meant for it the one with the lowest gate; where none is, `line_update`."""
        meant = [mode for mode, games in self.modes.items() if games is None or game in games]
        return min(meant, key=lambda mode: MIN_SCORE[mode], default="line_update")


def ask(
    run_mode: str = "line_update",
    games: Iterable[str] | None = None,
    *,
    systems: Iterable[str] | None = None,
    phases: Iterable[str] | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """What to ask `lease.trigger` for. Raises BadInput for a run mode or a phase that is none."""
    given = {"games": games, "systems": systems, "phases": phases}
    lists = {name: None if value is None else list(value) for name, value in given.items()}
    return Asked.of({"run_mode": run_mode, "force": force, **lists}).as_json()


def _tuple(given: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)


@dataclass(frozen=True)
class Slate:
    """One run over a date. `as_of` (UTC): None for a date of the past, each game as of its tip, those that are over too."""

    house: House
    game_date: date
    asked: Asked
    as_of: datetime | None
    batch_id: str
    guard: Guard = no_guard
    seal: Seal = no_seal

    def games(self, work: Work) -> pa.Table:
        """The games that are open (`known_games`, each with its moment): known, not called off, not tipped by `as_of`."""
        known = known_games_on(Schedule.read(work), self.game_date, self.game_date, self.as_of)
        return known if self.as_of is None else known.filter(pc.greater(known.column("tip"), pa.scalar(self.as_of)))

    def closed_games(self, work: Work) -> list[str]:
        """The games that some schedule had on this date and that are not on it any more: called off, or moved to another day."""
        on_it = set(known_games_on(Schedule.read(work), self.game_date, self.game_date, self.as_of).column("game_id").to_pylist())
        return [game for game in games_between(work, self.game_date, self.game_date) if game not in on_it]


@dataclass
class Done:
    """What a phase did; `ran` is False where everything was up to date; `is_closed` tells that no game is open: phases 4 and 5 have nothing
    to do. `stands` is what is there now (`tally`), of phase 5."""

    ran: bool
    counts: dict[str, Any] = field(default_factory=dict)
    stands: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_closed: bool = False


class Workbench:
    """What the phases of a process hand on to one another, so that nothing is made twice: the newest slate's feature rows, by date, and
    models that are loaded. Whoever finds nothing here makes it anew, and it is the same."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._built: dict[date, tuple[object, Built]] = {}
        self._moments: tuple[object, tuple[dict[str, datetime], list[str]]] | None = None
        self._gathered: tuple[object, pa.Table] | None = None
        self.models: dict[str, Loaded] = {}

    def built(self, work: Work, game_date: date, moments: Mapping[str, datetime]) -> Built:
        """The feature rows of these games, each at its moment, as they are stored."""
        with self._mutex:
            held = self._built.get(game_date)
        if held is not None and held[0] == _as_stored(work, moments):
            return held[1]
        made = build(work, sorted(moments), moments)
        self.put(work, game_date, moments, made)
        return made

    def gather(self, work: Work, moments: Mapping[str, datetime]) -> pa.Table:
        """The ingredients of these games, each at its moment: phases 3 and 4 are made of the same where nothing was written between."""
        key = (stand_of_inputs(work), sorted(moments.items()))
        with self._mutex:
            held = self._gathered
        if held is not None and held[0] == key:
            return held[1]
        found = gather(work, sorted(moments), moments)
        with self._mutex:
            self._gathered = (key, found)
        return found

    def put(self, work: Work, game_date: date, moments: Mapping[str, datetime], built: Built) -> None:
        """Keep the rows of a date, which are stored now; those of others are let go."""
        key = _as_stored(work, moments)
        with self._mutex:
            self._moments = self._gathered = None
            self._built = {game_date: (key, built)}

    def moments(self, work: Work, slate: Slate, games: pa.Table) -> tuple[dict[str, datetime], list[str]]:
        """`moments_of` of one batch, worked out once while no facts change."""
        key = (slate.batch_id, slate.as_of, pulse(work), tuple(games.column("game_id").to_pylist()))
        with self._mutex:
            held = self._moments
        if held is not None and held[0] == key:
            return held[1]
        found = moments_of(work, slate, games)
        with self._mutex:
            self._moments = (key, found)
        return found

    def close(self) -> None:
        """Let go of everything."""
        with self._mutex:
            self._built.clear()
            self._moments = self._gathered = None
            self.models.clear()


def _as_stored(work: Work, moments: Mapping[str, datetime]) -> object:
    """Of which moments, and of which generation, the stored feature rows of these games are. The moments alone do not tell: several builds
    may be as of one."""
    stood = versions(work, [FEATURES], list(moments))
    return sorted((game, moment, stood[FEATURES, game].generation if (FEATURES, game) in stood else 0) for game, moment in moments.items())


def pulse(work: Work) -> str:
    """Changes when any fact does, or a model: while it stands still, a run as of the same moment would do what the one before did."""
    facts = versions(work, [FACTS], [ANYTHING]).get((FACTS, ANYTHING))
    models = work.ask(_stand_of_models).to_pylist()[0]
    return f"{facts.generation if facts else 0} {models['models']} {models['since']}"


def _stand_of_models(work: Work) -> ir.Table:
    registry = work.table("models.registry")
    return registry.agg(models=registry.count(), since=registry.state_since.max())


def moments_of(work: Work, slate: Slate, games: pa.Table) -> tuple[dict[str, datetime], list[str]]:
    """As of when each open game's feature rows stand, or will once it is built; and which are to be built."""
    asked = dict(zip(games.column("game_id").to_pylist(), games.column("as_of").to_pylist(), strict=True))
    standing = {} if slate.asked.force else standing_rows(work, games)
    return asked | standing, [game for game in asked if game not in standing]


def analyze(slate: Slate, bench: Workbench) -> Done:
    """Phase 3: games summed up, and the circumstances and lines of the open games whose features will be made anew; and what was said of
    games that are off is taken down, before anything can stop the slate. Raises nothing of its own where there are no games: there is
    nothing to do."""
    house = slate.house
    with house.warehouse.writing(house.run_id) as work:
        slate.guard(work)
        gone = take_down_closed(work, slate)
        games = slate.games(work)
        if not games.num_rows:
            return Done(bool(gone), {"games_taken_down": gone}, is_closed=True)
        moments, dirty = bench.moments(work, slate, games)
        merged = summarise_games(work, slate.game_date - WINDOW, slate.game_date)
        if dirty:
            fresh = {game: moments[game] for game in dirty}
            merged |= summarise_slate(work, dirty, fresh, partial(bench.gather, work, fresh))
        gaps = teams_without_boxes(work, slate.game_date, house.clock.now()) if merged else []
        if changed := sum(part.inserted + part.updated for part in merged.values()):
            slate.seal(work, "analyze", "analytics.upcoming_player_game_context", Outcome.whole(changed))
    if merged:
        alert_gaps(house, gaps, {team for game in games.column("game_id").to_pylist() for team in game.split("_")[1:]})
    counts = {name.split(".")[1]: part.inserted + part.updated for name, part in merged.items()}
    return Done(bool(merged) or bool(gone), counts | {"teams_without_boxes": len(gaps), "games_taken_down": gone})


def alert_gaps(house: House, gaps: list[Gap], teams: Collection[str]) -> list[str]:
    """Put on record which of these teams' box scores are missing before anything is predicted on them (F46); gives what there is to say.
    What was told of others, which a slate of another day spoke of, stands for a week."""
    now = house.clock.now()
    met = {f"{_NO_BOXES}{gap.team}": gap.words for gap in gaps}
    here = {f"{_NO_BOXES}{team}" for team in teams}
    standing = [alert for alert in alerts(house.state, now_only=True) if alert.key.startswith(_NO_BOXES)]
    asked = {alert.key for alert in standing if alert.key in here or now - alert.last_at > _TOLD_FOR}
    with house.state.transaction() as connection:
        for key in sorted(met.keys() | asked):
            note_alerts(connection, key, {key: met[key]} if key in met else {}, now, lapsed=lambda key: key not in here)
    tell_in_log(house.state, house.clock)
    return list(met.values())


def _without_context(work: Work, moments: Mapping[str, datetime]) -> dict[str, datetime]:
    """Of these games, each at its moment, those whose circumstances are not on record then."""
    found = work.ask(_moments_on_record, pa.table({"game_id": pa.array(sorted(moments), pa.string())})).to_pylist()
    there = {(row["game_id"], row["as_of"]) for row in found}
    return {game: moment for game, moment in moments.items() if (game, moment) not in there}


def _moments_on_record(work: Work, games: ir.Table) -> ir.Table:
    known = work.table("analytics.upcoming_player_game_context").semi_join(games, "game_id")
    return known.select("game_id", "as_of").distinct()


def make_features(slate: Slate, bench: Workbench) -> Done:
    """Phase 4: feature rows of the open games, of those alone that are not up to date.

    Raises SlateStopped where a feature stops the slate as a whole.
    """
    house = slate.house
    with house.warehouse.writing(house.run_id) as work:
        slate.guard(work)
        games = slate.games(work)
        moments, dirty = bench.moments(work, slate, games)
        if not dirty:
            return Done(False)
        if late := _without_context(work, {game: moments[game] for game in dirty}):  # facts that came in between the two phases
            summarise_slate(work, sorted(late), late)
        built = build(work, sorted(moments), moments, gathered=bench.gather(work, moments))
        check_slate(built)
        named = pa.array(dirty, pa.string())
        rows = pc.is_in(built.ingredients.column("game_id"), value_set=named).to_numpy(zero_copy_only=False)
        fresh = built.take(rows.nonzero()[0])
        store_rows(work, games.filter(pc.is_in(games.column("game_id"), value_set=named)), fresh)
        advance(work, {(FEATURES, game): moments[game].isoformat() for game in dirty})
        bench.put(work, slate.game_date, moments, built)
        slate.seal(work, "features", "features.store", Outcome.whole(fresh.size))
    return Done(True, {"games": len(dirty), "rows": fresh.size, "ready": int(fresh.scores.ready.sum())})
