"""A season of quotes into the warehouse, beside the floor: the same documents parsed by orjson and put into DuckDB by one bulk insert.

    uv run --group bench python bench/ingest.py [--games 1230] [--repeat 3]

The documents are those of the practice league: each game's points lines at twelve books, at three moments before its tip, as The Odds API
words its history. Each measurement is a process of its own, which starts with the folder of documents and ends with the closed warehouse
file; floor and load take turns, and the medians count. The floor keeps no payload, checks nothing, knows nobody and can be run only once.
Prints one table; the figures of record stand in bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SNAPSHOTS = (timedelta(hours=3), timedelta(hours=1), timedelta(minutes=15))
SEED = 7


def write_documents(folder: Path, games: int) -> int:
    """The season's documents, one file each, and box scores and schedule beside them; how many of quotes there are."""
    from tipoff.practice.books import BOOKS
    from tipoff.practice.odds_question import odds_question
    from tipoff.practice.quotes import QuoteRoom
    from tipoff.practice.season import simulate
    from tipoff.practice.wire_box import box_score
    from tipoff.practice.wire_nba import schedule
    from tipoff.practice.wire_odds import event_odds, snapshot_at, wrapped

    season = simulate(SEED)
    room = QuoteRoom(season)
    books = ",".join(book.key for book in BOOKS)
    asked = odds_question({"bookmakers": books, "markets": "player_points", "oddsFormat": "decimal"}, bulk=False)
    last = max(game.final_at for game in season.games) + timedelta(days=1)
    (folder / "quotes").mkdir(parents=True)
    (folder / "people").mkdir()
    _write(folder / "people" / "schedule.json", schedule(season, last))
    count = 0
    for game in season.games[:games]:
        _write(folder / "people" / f"{game.league_id}.json", box_score(season, game, last))
        for before in SNAPSHOTS:
            mark = snapshot_at(game.tip - before, last)
            found = event_odds(room, game.event_id, mark, asked, historical=True)
            _write(folder / "quotes" / f"{game.event_id}-{int(mark.timestamp())}.json", wrapped(found.document, mark, last))
            count += 1
    return count


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, separators=(",", ":")))


def prepare(folder: Path, house: Path) -> None:
    """The people of the season, loaded, so that every name is known: what a warehouse holds before history is loaded."""
    from tipoff.clock import SystemClock
    from tipoff.load.documents import folder_payloads, load_payloads, read_payload

    kept, vault = _house(house)
    payloads = ((read_payload(path), None) for path in folder_payloads(folder / "people"))
    load_payloads(kept, vault, payloads, seen_at=SystemClock().now(), run_id="people")


def _house(house: Path) -> tuple[Any, Any]:
    from tipoff.config import load_settings
    from tipoff.store import open_warehouse
    from tipoff.store.payloads import Vault, open_bucket

    settings = load_settings(data_dir=house, league="practice")
    return open_warehouse(settings), Vault(open_bucket(settings.bucket_url))


def run_load(folder: Path, house: Path) -> dict[str, float]:
    """The quotes by the real loader, into a warehouse that knows the people."""
    from tipoff.clock import SystemClock
    from tipoff.load.documents import folder_payloads, load_payloads, read_payload

    kept, vault = _house(house)
    start = time.perf_counter()
    payloads = ((read_payload(path), None) for path in folder_payloads(folder / "quotes"))
    counts = load_payloads(kept, vault, payloads, seen_at=SystemClock().now(), run_id="season")
    seconds = time.perf_counter() - start
    apart = sum(counts.set_apart.values())
    return {"seconds": seconds, "rows": counts.inserted, "documents": counts.documents, "apart": apart}


def run_floor(folder: Path, house: Path) -> dict[str, float]:
    """The same rows with nothing around them: parse, pair, one insert into a new file."""
    import duckdb
    import orjson
    import pyarrow as pa

    start = time.perf_counter()
    columns: list[list[Any]] = [[] for _ in range(12)]
    games: list[list[Any]] = [[] for _ in range(5)]
    documents = 0
    for path in sorted((folder / "quotes").glob("*.json")):
        document = orjson.loads(path.read_bytes())
        documents += 1
        snapshot = datetime.fromisoformat(document["timestamp"])
        event = document["data"]
        head = (event["id"], datetime.fromisoformat(event["commence_time"]), event["home_team"], event["away_team"])
        for column, value in zip(games, (*head, snapshot), strict=True):
            column.append(value)
        for book in event["bookmakers"]:
            for market in book["markets"]:
                changed = datetime.fromisoformat(market["last_update"])
                pairs: dict[tuple[str, float], list[float | None]] = {}
                for outcome in market["outcomes"]:
                    pair = pairs.setdefault((outcome["description"], outcome["point"]), [None, None])
                    pair[outcome["name"] == "Under"] = outcome["price"]
                size = len(pairs)
                for column, same in zip(columns, (*head, book["key"], market["key"], changed, snapshot), strict=False):
                    column.extend([same] * size)
                columns[8].extend(name for name, _ in pairs)
                columns[9].extend(point for _, point in pairs)
                columns[10].extend(prices[0] for prices in pairs.values())
                columns[11].extend(prices[1] for prices in pairs.values())
    names = ("event_id", "commence_time", "home", "away", "bookmaker", "market", "last_update", "snapshot_at", "name", "point")
    quotes = pa.table(dict(zip((*names, "over_price", "under_price"), columns, strict=True)))
    schedule = pa.table(dict(zip(("event_id", "commence_time", "home", "away", "known_at"), games, strict=True)))
    house.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(house / "floor.duckdb"))
    for name, rows in (("quotes", quotes), ("schedule", schedule)):
        connection.register("staging", rows)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM staging")
        connection.unregister("staging")
    connection.close()
    return {"seconds": time.perf_counter() - start, "rows": quotes.num_rows + schedule.num_rows, "documents": documents}


PARTS = {"floor": run_floor, "load": run_load}


def measured(part: str, folder: Path, house: Path) -> dict[str, float]:
    """One part in a process of its own, with its peak memory in MiB."""
    done = subprocess.run(
        (sys.executable, __file__, "--part", part, "--folder", str(folder), "--house", str(house)),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=1230)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--part", choices=[*PARTS, "prepare"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--house", type=Path)
    given = parser.parse_args()
    if given.part == "prepare":
        prepare(given.folder, given.house)
        print("{}")
        return
    if given.part:
        found = PARTS[given.part](given.folder, given.house)
        print(json.dumps({**found, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        folder = base / "documents"
        count = write_documents(folder, given.games)
        size = sum(path.stat().st_size for path in (folder / "quotes").iterdir())
        measured("prepare", folder, base / "people")
        found: dict[str, list[dict[str, float]]] = {part: [] for part in PARTS}
        for number in range(given.repeat):
            for part in PARTS:
                house = base / f"{part}-{number}"
                if part == "load":
                    shutil.copytree(base / "people", house)
                found[part].append(measured(part, folder, house))
                shutil.rmtree(house)
    print(f"{given.games} games, {count} documents, {size / 2**20:.0f} MiB")
    print("| | seconds (median) | documents/s | rows | rows/s | peak memory |")
    print("|---|---|---|---|---|---|")
    medians = {part: statistics.median(run["seconds"] for run in runs) for part, runs in found.items()}
    for part, runs in found.items():
        seconds, rows = medians[part], int(runs[0]["rows"])
        peak = max(run["mib"] for run in runs)
        print(f"| {part} | {seconds:.2f} | {count / seconds:,.0f} | {rows:,} | {rows / seconds:,.0f} | {peak:,.0f} MiB |")
    print(f"load takes {medians['load'] / medians['floor']:.2f} times the floor; set apart: {int(found['load'][0]['apart'])}")


if __name__ == "__main__":
    main()
