"""A practice league's first weeks through the real path, once a session: wire documents, loaded, trained on, predicted, played, graded.

Each stage is a folder with a warehouse and a bucket, made by one process of the session and copied by the others; a test that changes one
takes a copy.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from obstore.store import ObjectStore

from once import made_once
from tipoff.analyze.slate import games_as_of
from tipoff.clock import local_instant
from tipoff.features.build import build
from tipoff.load.documents import load_payloads
from tipoff.market.taking import quotes_to_take
from tipoff.practice import Game, Season, simulate
from tipoff.practice.odds_question import odds_question
from tipoff.practice.quotes import QuoteRoom
from tipoff.practice.wire_box import box_score
from tipoff.practice.wire_espn import injuries
from tipoff.practice.wire_nba import schedule
from tipoff.practice.wire_odds import event_odds
from tipoff.predict import artefacts
from tipoff.predict.activate import activate
from tipoff.predict.slate import SlateOptions, slate_of, speak
from tipoff.predict.systems import System, fleet
from tipoff.scrape.records import Payload
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import Vault, open_bucket
from tipoff.train.dataset import DataSet, data_set
from tipoff.train.fit import Fitted, fit_fleet
from tipoff.train.keep import keep_fleet

SEED = 7
FIRST = date(2025, 10, 21)
NIGHT = FIRST + timedelta(days=32)
"""The night that is predicted: the days before it are history."""
WINDOW = timedelta(days=400)
BEFORE_TIP = timedelta(minutes=10)
MORNING = local_instant(NIGHT + timedelta(days=1), time(9))
ASKED = {"markets": "player_points,spreads,totals", "regions": "us", "bookmakers": "draftkings,betmgm,betonlineag,bovada"}

_kept = TemporaryDirectory(prefix="tipoff-practice-house-")


@dataclass(frozen=True)
class Stage:
    """A warehouse and a bucket in a folder."""

    folder: Path

    @property
    def warehouse(self) -> DuckDBWarehouse:
        return DuckDBWarehouse(self.folder / "warehouse.duckdb")

    @property
    def bucket(self) -> ObjectStore:
        return open_bucket((self.folder / "bucket").as_uri())

    @property
    def vault(self) -> Vault:
        return Vault(self.bucket)

    def copy(self, folder: Path) -> Stage:
        """Another of the same, to be changed; the bucket is shared, since what lies in it is named by what it is."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.warehouse.path, folder / "warehouse.duckdb")
        if not (folder / "bucket").exists():
            (folder / "bucket").symlink_to(self.folder / "bucket")
        return Stage(folder)

    def load(self, payloads: list[Payload]) -> None:
        pairs = ((payload, None) for payload in payloads)
        load_payloads(self.warehouse, self.vault, pairs, seen_at=MORNING, run_id="practice")


@lru_cache(maxsize=1)
def season() -> Season:
    return simulate(SEED)


@lru_cache(maxsize=1)
def room() -> QuoteRoom:
    return QuoteRoom(season())


def games_of_night() -> tuple[Game, ...]:
    return season().games_on(NIGHT)


def payload(document: object, fetched_at: datetime) -> Payload:
    return Payload(msgspec.json.encode(document), "the practice league", fetched_at, 200)


def box(game: Game) -> Payload:
    """The box score of a game, fetched half an hour after its last buzzer."""
    at = game.final_at + timedelta(minutes=30)
    return payload(box_score(season(), game, at), at)


def lines(game: Game, at: datetime) -> Payload:
    """The books' lines on a game at an instant."""
    return payload(event_odds(room(), game.event_id, at, odds_question(ASKED, bulk=False)).document, at)


def history() -> Iterator[Payload]:
    """What was known by the afternoon of the night, and the night's own lines, ten minutes before each tip."""
    afternoon = local_instant(NIGHT, time(14))
    yield payload(schedule(season(), afternoon), afternoon)
    yield from (box(game) for game in season().games if game.game_date < NIGHT)
    recent = (game for game in season().games if NIGHT - timedelta(days=12) <= game.game_date < NIGHT)
    yield from (lines(game, game.tip - BEFORE_TIP) for game in recent)
    yield payload(injuries(season(), afternoon), afternoon)
    yield from (lines(game, game.tip - BEFORE_TIP) for game in games_of_night())


def aftermath() -> list[Payload]:
    """What was known on the morning after: the schedule with its scores, and the night's box scores."""
    return [payload(schedule(season(), MORNING), MORNING), *map(box, games_of_night())]


def _made(name: str, make: Callable[[Path], None]) -> Stage:
    """A stage as `make` leaves it in an empty folder: this process's copy."""
    return Stage(shutil.copytree(made_once(f"practice-house-{name}", make), Path(_kept.name) / name))


@lru_cache(maxsize=1)
def eve() -> Stage:
    """History, and the night's lines: nothing of the night's games has been played."""
    return _made("eve", lambda folder: Stage(folder).load(list(history())))


@lru_cache(maxsize=1)
def data() -> DataSet:
    """The rows to train on for the night."""
    return data_set(eve().warehouse, NIGHT, WINDOW)


SINGLES = ("moving_average", "catboost_v9", "lightgbm_v12", "xgboost_v12", "minutes_rate_v12_noveg", "market_anchored")
"""One system of each family: what is tested does not depend on how many there are."""
ENSEMBLE = "ensemble"
FEWER = {"iterations": 60.0, "rounds": 60.0}
"""Nor on the number of trees."""


@lru_cache(maxsize=1)
def systems() -> dict[str, System]:
    """A handful of the fleet with fewer trees, a system of each family, and the ensemble of those."""
    found = {}
    for name in SINGLES:
        system = fleet()[name]
        fewer = {key: value for key, value in FEWER.items() if key in system.parameters}
        found[name] = system.model_copy(update={"parameters": {**system.parameters, **fewer}})
    return {**found, ENSEMBLE: fleet()[ENSEMBLE].model_copy(update={"members": SINGLES})}


@lru_cache(maxsize=1)
def fitted() -> dict[str, Fitted]:
    """The handful, fitted for the night."""
    return fit_fleet(list(systems().values()), data(), NIGHT, threads=1)


@dataclass(frozen=True)
class Night:
    """The night as it was predicted: with which models, and what is stored."""

    stage: Stage
    loaded: dict[str, artefacts.Loaded]


OPTIONS = SlateOptions("a batch", "last_call", 8.0)


@lru_cache(maxsize=1)
def predicted() -> Night:
    """Trained, predicted as of each tip, and stored."""
    stage = _made("predicted", _predict)
    return Night(stage, _loaded(stage))


def _predict(folder: Path) -> None:
    stage = Stage(shutil.copytree(eve().folder, folder, dirs_exist_ok=True))
    keep_fleet(stage.warehouse, stage.bucket, fitted(), data(), created_at=MORNING, run_id="train")
    loaded = _loaded(stage)
    ids = [game.game_id for game in games_of_night()]
    with stage.warehouse.writing("predict") as work:
        built = build(work, ids)
        quotes = quotes_to_take(work, work.keep(games_as_of(work, ids, None)))
        slate = slate_of(built, quotes, OPTIONS)
        for name, system in systems().items():
            model = loaded[name]
            activate(work, name, ids, speak(slate, system, model.manifest.model_id, model.speaker), MORNING)


def _loaded(stage: Stage) -> dict[str, artefacts.Loaded]:
    """The models on record, by their systems."""
    ids = {row["system_id"]: row["model_id"] for row in stage.warehouse.read("models.registry").to_pylist()}
    at_hand: dict[str, artefacts.Loaded] = {}
    return {name: artefacts.load(stage.bucket, ids[name], at_hand) for name in systems()}


@lru_cache(maxsize=1)
def played() -> Stage:
    """The night's games are played and their box scores loaded; nothing is graded."""

    def play(folder: Path) -> None:
        Stage(shutil.copytree(predicted().stage.folder, folder, dirs_exist_ok=True)).load(aftermath())

    return _made("played", play)


def document(made: Payload) -> dict[str, object]:
    """A payload's document, to be changed."""
    found: dict[str, object] = json.loads(made.body)
    return found
