"""Phase 5 as a plain function: every system speaks of the games that it has not spoken of as they stand now, and of no other.

What a system said of a game was made from the game's feature rows, a model and the gate in force: while these are the same it is not asked
again. The slate is judged as a whole all the same (batch guard, red alerts), by the rows of all open games. Games that are called off, or
moved away, are taken down with their reason. It must never know a queue, nor how a prediction is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.errors import ArtefactMismatch, NotReady
from tipoff.features.build import Built
from tipoff.features.dirty import newest_rows, standing_rows
from tipoff.features.quality import MIN_SCORE, RunMode
from tipoff.flow.called_off import SAID, take_down_closed
from tipoff.flow.fleet import Fleet, watched
from tipoff.flow.house import House, systems_of
from tipoff.flow.messages import Outcome
from tipoff.flow.slate import Asked, Done, Slate, Workbench
from tipoff.flow.tally import completed_pct, tally
from tipoff.market.taking import quotes_to_take
from tipoff.predict import artefacts
from tipoff.predict.activate import PREDICTIONS, Word, activate_all, take_down_others
from tipoff.predict.algebra import on_one_thread
from tipoff.predict.past_margins import past_margins
from tipoff.predict.slate import Slate as Spoken_of
from tipoff.predict.slate import SlateOptions, Spoken, held_back, slate_of, speak
from tipoff.predict.systems import System
from tipoff.predict.unresolved import unresolved_absences, waiting_names
from tipoff.store.versions import FEATURES, Version, advance, versions
from tipoff.store.warehouse import Work, day_of
from tipoff.train.registry import Row, serving

_HELD = "held back"


@dataclass(frozen=True)
class MadeFrom:
    """What a system's word on a game rests on: the generation of its feature rows, the model, the minutes from which a player without a
    line is spoken of, and the least score that the gate asks for."""

    features: int
    model: str
    min_minutes: float
    gate: float

    def text(self) -> str:
        """As it stands on record."""
        return f"features {self.features}, {self.model}, from {self.min_minutes:g} minutes, gate {self.gate:g}"


def loaded_fleet(house: House, game_date: date, at_hand: dict[str, artefacts.Loaded] | None = None) -> Fleet:
    """Every system with the model that serves for it on a game day; one whose artefact is refused, or whose models had all learnt from that
    day or later, stays without, and why. `at_hand` are models that are loaded already; those that serve no more are let go.

    Raises NotReady where none is left.
    """
    at_hand = {} if at_hand is None else at_hand
    rows = house.warehouse.read("models.registry").to_pylist()
    served, later = serving(rows, game_date), serving(rows)
    fleet: Fleet = []
    for system in systems_of(house.settings):
        mine = served.get(system.system_id)
        if mine is None:
            knew = later.get(system.system_id)
            fleet.append((system, None, _learnt_from(game_date, knew) if knew else "it is not trained: run `tipoff train`"))
            continue
        try:
            fleet.append((system, artefacts.load(house.bucket, mine["model_id"], at_hand), ""))
        except ArtefactMismatch as error:
            fleet.append((system, None, str(error)))
    if not any(loaded for _, loaded, _ in fleet):
        if later and not served:
            why = f"Every model on record had learnt from {game_date}, or from later days."
            raise NotReady(why, hint=f"Run `tipoff train --until {game_date}` first.")
        if refused := [why for system, _, why in fleet if system.system_id in served]:
            raise NotReady(f"None of the models that serve can be used: {' '.join(refused)}", hint="Run `tipoff train` first.")
        raise NotReady("No system is trained.", hint="Run `tipoff train` first.")
    in_use = {row["model_id"] for row in served.values()}
    in_use |= {member for _, loaded, _ in fleet if loaded for member in loaded.manifest.members.values()}
    for name in at_hand.keys() - in_use:
        del at_hand[name]
    return fleet


def _learnt_from(game_date: date, model: Row) -> str:
    return f"{model['model_id']} learnt from days up to {model['trained_until']}: run `tipoff train --until {game_date}`"


@on_one_thread()
def predict(slate: Slate, bench: Workbench) -> Done:
    """Phase 5 for the open games of a slate. Raises NotReady where no system is trained."""
    house = slate.house
    fleet = _asked_of(slate, watched(house, loaded_fleet(house, slate.game_date, bench.models), slate.game_date))
    now = house.clock.now()
    with house.warehouse.writing(house.run_id) as work:
        slate.guard(work)
        games = _as_built(work, slate.games(work))
        gone = take_down_closed(work, slate)
        todo = _Todo.of(work, slate, fleet, games)
        if slate.asked.systems is None and games.num_rows:
            gone += take_down_others(work, games.column("game_id").to_pylist(), [system.system_id for system, _, _ in fleet])
        if not todo.stale:
            return Done(bool(gone), {"games_taken_down": gone} if gone else {}, stands=tally(work, games.column("game_id").to_pylist()))
        moments = dict(zip(games.column("game_id").to_pylist(), games.column("as_of").to_pylist(), strict=True))
        built = bench.built(work, slate.game_date, moments)
        quotes = quotes_to_take(work, ibis.memtable(games))
        waiting = waiting_names(work, built)
        words: list[Word] = []
        for mode, in_mode in todo.by_mode.items():
            if not any(in_mode & todo.stale.get(system.system_id, set()) for system, _, _ in fleet):
                continue
            options = SlateOptions(slate.batch_id, mode, house.settings.thresholds.min_minutes)
            everybody = slate_of(built, quotes, options, _past(work, fleet, slate), todo.held)
            for system, loaded, why in fleet:
                if games_of_it := in_mode & todo.stale.get(system.system_id, set()):
                    said = _said(waiting, everybody, built, system, loaded, why, options)
                    scope = in_mode if said.guard else games_of_it
                    words.append(Word(system.system_id, sorted(scope), _only(said, scope)))
                    todo.note(system.system_id, scope, held=bool(said.guard))
        activate_all(work, words, now)
        advance(work, todo.made)
        stands = tally(work, moments)
        predicted = sum(one["predicted"] for one in stands["systems"].values())
        absent = sum(one["absent"] for one in stands["systems"].values())
        blocked = sum(one["absences"].get("model_blocked", 0) for one in stands["systems"].values())
        slate.seal(work, "predict", PREDICTIONS, Outcome.of(predicted, blocked, completed_pct(stands)))
    return Done(
        True,
        {"spoken": sum(len(word.games) for word in words), "predictions": predicted, "absences": absent, "games_taken_down": gone},
        stands=stands,
    )


def _asked_of(slate: Slate, fleet: Fleet) -> Fleet:
    """The systems that are asked: all, or those that are named. An ensemble asks its members itself."""
    wanted = slate.asked.systems
    return fleet if wanted is None else [one for one in fleet if one[0].system_id in wanted]


def _as_built(work: Work, games: pa.Table) -> pa.Table:
    """These games with the moment of their newest feature rows in place of the one asked for; those without rows are left out."""
    joined = games.drop_columns(["as_of"]).join(newest_rows(work, games), "game_id", join_type="inner").sort_by("game_id")
    return joined.rename_columns({"stands_at": "as_of"})


@dataclass
class _Todo:
    """By system the games that it is to speak of; by run mode the open games that are let through by its gate; which systems the batch
    guard blocked for the slate when they were last asked, by the model that serves now; and what is made."""

    stale: dict[str, set[str]]
    by_mode: dict[RunMode, set[str]]
    held: set[str]
    now: dict[tuple[str, str], MadeFrom]
    made: dict[tuple[str, str], str]

    @classmethod
    def of(cls, work: Work, slate: Slate, fleet: Fleet, games: pa.Table) -> _Todo:
        names = games.column("game_id").to_pylist()
        kinds = [f"{SAID}{system.system_id}" for system, _, _ in fleet]
        stood = versions(work, [FEATURES, *kinds], names)
        modes = {game: _mode(slate, game, [stood[kind, game] for kind in kinds if (kind, game) in stood]) for game in names}
        by_mode: dict[RunMode, set[str]] = {}
        for game, mode in modes.items():
            by_mode.setdefault(mode, set()).add(game)
        found = cls({}, by_mode, set(), {}, {})
        for system, loaded, why in fleet:
            model = loaded.manifest.model_id if loaded else f"none ({hashlib.sha256(why.encode()).hexdigest()[:12]})"
            last = {game: stood.get((f"{SAID}{system.system_id}", game), Version(0)).made_from for game in names}
            if any(word.startswith(f"{_HELD}, {model}, ") for word in last.values()):
                found.held.add(system.system_id)
            for game in names:
                rows = stood.get((FEATURES, game), Version(0)).generation
                least = slate.house.settings.thresholds.min_minutes
                found.now[system.system_id, game] = MadeFrom(rows, model, least, MIN_SCORE[modes[game]])
            stale = {game for game in names if slate.asked.force or last[game] not in found._up_to_date(system.system_id, game)}
            if stale:
                found.stale[system.system_id] = stale
        return found

    def _up_to_date(self, system_id: str, game: str) -> tuple[str, str]:
        return self.now[system_id, game].text(), self._held(system_id)

    def _held(self, system_id: str) -> str:
        """What a system that is held back rests on: its model, and the whole slate. It is asked again once any game stands otherwise."""
        mine = sorted((game, made) for (name, game), made in self.now.items() if name == system_id)
        whole = "; ".join(f"{game}: {made.text()}" for game, made in mine)
        return f"{_HELD}, {mine[0][1].model}, {hashlib.sha256(whole.encode()).hexdigest()[:16]}"

    def note(self, system_id: str, games: Iterable[str], *, held: bool) -> None:
        """A system has spoken of these games, or was held back."""
        for game in games:
            self.made[f"{SAID}{system_id}", game] = self._held(system_id) if held else self.now[system_id, game].text()


def _mode(slate: Slate, game: str, said: list[Version]) -> RunMode:
    """The run mode whose gate a game passes: the one asked for, where it is meant for this game, unless a lower gate was in force before.
    A gate that has been lowered stays so until the tip: else who was let in would be thrown out again by the next line."""
    asked = slate.asked.mode_of(game)
    before = [float(one.made_from.rpartition("gate ")[2]) for one in said if "gate " in one.made_from]
    lowest = min(before, default=MIN_SCORE[asked])
    if slate.as_of is None or lowest >= MIN_SCORE[asked]:
        return asked
    lowered: tuple[RunMode, ...] = ("final_retry", "last_call")
    return next(mode for mode in lowered if MIN_SCORE[mode] <= lowest)


def _said(
    waiting: list[dict[str, str]],
    everybody: Spoken_of,
    built: Built,
    system: System,
    loaded: artefacts.Loaded | None,
    why: str,
    options: SlateOptions,
) -> Spoken:
    if loaded is None:
        said = held_back(everybody, system, why)
        said = Spoken(said.predictions, said.absences)  # by itself, and not by how this slate looks
    else:
        said = speak(everybody, as_trained(system, loaded), loaded.manifest.model_id, loaded.speaker)
    strangers = unresolved_absences(waiting, built, system, options)
    return Spoken(said.predictions, pa.concat_tables([said.absences, strangers], promote_options="default"), said.guard)


def as_trained(system: System, loaded: artefacts.Loaded) -> System:
    """The system with the threshold that its model was trained and judged with, whatever its table says by now."""
    threshold = {"threshold": loaded.manifest.threshold, "threshold_in": loaded.manifest.threshold_in}
    return system.model_copy(update=threshold)


def _past(work: Work, fleet: Fleet, slate: Slate) -> dict[str, float]:
    """How far each system used to stand from the lines: on its own past slates, else on the days that its model was held out from."""
    held_out = {loaded.manifest.system_id: loaded.manifest.metrics.get("lined_margin") for _, loaded, _ in fleet if loaded}
    return {name: margin for name, margin in held_out.items() if margin is not None} | past_margins(work, slate.game_date)


def _only(said: Spoken, games: Iterable[str]) -> Spoken:
    wanted = pa.array(sorted(games), pa.string())
    parts = [rows.filter(pc.is_in(rows.column("game_id"), value_set=wanted)) for rows in (said.predictions, said.absences)]
    return Spoken(parts[0], parts[1], said.guard)


def anything_new(house: House, game_date: date, run_mode: RunMode = "line_update", systems: Collection[str] | None = None) -> bool:
    """Whether a run over a date would do anything now: something changed that its open games' features rest on, a game was called off, or a
    system (of these; None: any) has another model than the one that spoke."""
    slate = Slate(house, game_date, Asked({run_mode: None}), None if run_mode == "backfill" else house.clock.now(), "")
    with house.warehouse.reading() as work:
        games = slate.games(work)
        if len(standing_rows(work, games)) < games.num_rows:
            return True
        said = work.table(PREDICTIONS)
        closed = said.filter(said.is_active, said.game_date == day_of(game_date), said.game_id.isin(slate.closed_games(work)))
        if work.fetch(closed.select("game_id").limit(1)).num_rows:
            return True
        rows = work.fetch(work.table("models.registry")).to_pylist()
        served = {name: row for name, row in serving(rows, game_date).items() if systems is None or name in systems}
        stood = versions(work, [f"{SAID}{name}" for name in served], games.column("game_id").to_pylist())
    wanted = {(f"{SAID}{name}", game) for name in served for game in games.column("game_id").to_pylist()}
    models = {f"{SAID}{name}": row["model_id"] for name, row in served.items()}
    return any(key not in stood or not _spoken_by(stood[key], models[key[0]]) for key in wanted)


def _spoken_by(stood: Version, model_id: str) -> bool:
    """Whether a word on a game is this model's, or its system was kept from speaking for a reason of its own."""
    return f", {model_id}, " in stood.made_from or ", none (" in stood.made_from
