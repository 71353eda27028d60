"""A live cycle of ten games: points and game lines from HTTP to committed rows, by a worker that is up.

    uv run python bench/cycle.py [--repeat 5]

The upstream is the practice server in a process of its own, on loopback. Each cycle asks for the list of events, the game lines of all
games in one document, and the points of each of ten games at twelve books, keeps what comes, and waits until the batches that load it are
complete. The worker's clock goes on by ten minutes between two cycles, so that each finds other prices. Prints one table; the figures of
record stand in bench/README.md.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tipoff.flow.house import House
    from tipoff.practice.season import Season

GAMES = 10
SEED = 7


def serve() -> None:
    """The upstream: answers as of the instant in the path, prints its address, and ends with its standard input."""
    from tipoff.practice import simulate
    from tipoff.practice.server import running

    with running(simulate(SEED)) as url:
        print(url, flush=True)
        sys.stdin.read()


def cycles(base: str, folder: Path, repeat: int) -> list[tuple[float, int]]:
    """Seconds and rows of each cycle."""
    from pydantic import SecretStr

    from tipoff.clock import ManualClock
    from tipoff.config import load_settings
    from tipoff.flow.house import open_house
    from tipoff.flow.planned import planned_games
    from tipoff.flow.scraping import scrape_now
    from tipoff.flow.worker import working
    from tipoff.practice import simulate
    from tipoff.practice.server import API_KEY

    season = simulate(SEED)
    day = next(game.game_date for game in season.games if len(season.games_on(game.game_date)) == GAMES and game.index > 300)
    first = min(game.tip for game in season.games_on(day)) - timedelta(hours=3)
    found = []
    clock = ManualClock(first)
    for number in range(repeat):
        clock.set(first + timedelta(minutes=10 * number))
        at = f"{base}/at/{clock.now():%Y-%m-%dT%H:%M:%SZ}"
        settings = load_settings(data_dir=folder).model_copy(
            update={
                "league": "practice",
                "odds_api_url": f"{at}/odds-api",
                "nba_cdn_url": f"{at}/nba-cdn",
                "espn_url": f"{at}/espn",
                "odds_api_key": SecretStr(API_KEY),
            }
        )
        with open_house(settings, clock) as house, working(house, scheduled=False) as engine:
            if number == 0:
                scrape_now(engine, day, ("schedule",))
                _know_everybody(house, season, first)
                assert len(planned_games(house, day, day)[day]) == GAMES
            start = time.perf_counter()
            done = scrape_now(engine, day, ("events", "lines", "props"))
            seconds = time.perf_counter() - start
            assert not done.failed, done.failed
            assert {batch.state for batch in done.batches} == {"complete"}
            found.append((seconds, sum(batch.counts["rows_inserted"] for batch in done.batches)))
    return found


def _know_everybody(house: House, season: Season, until: datetime) -> None:
    """The box scores of the days before, so that every name is known."""
    import json

    from tipoff.load.documents import load_payloads
    from tipoff.practice.wire_box import box_score
    from tipoff.scrape.records import Payload

    played = [game for game in season.games if game.final_at < until][-60:]
    payloads = [(Payload(json.dumps(box_score(season, game, until)).encode(), ""), None) for game in played]
    load_payloads(house.warehouse, house.vault, payloads, seen_at=until, run_id="people")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--serve", action="store_true")
    given = parser.parse_args()
    if given.serve:
        serve()
        return
    upstream = subprocess.Popen((sys.executable, __file__, "--serve"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert upstream.stdout
    try:
        base = upstream.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            found = cycles(base, Path(folder), given.repeat)
    finally:
        upstream.communicate()
    seconds = [taken for taken, _ in found]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("| cycle of ten games | seconds | rows | peak memory |")
    print("|---|---|---|---|")
    print(f"| first | {seconds[0]:.2f} | {found[0][1]:,} | |")
    rows = statistics.median(count for _, count in found)
    print(f"| median of {len(found)} | {statistics.median(seconds):.2f} | {rows:,.0f} | {peak:,.0f} MiB |")
    print(f"| slowest | {max(seconds):.2f} | | |")


if __name__ == "__main__":
    main()
