"""What the pages cost a reader: first paint and size of a night, and every page's answers under load while a night is computed.

    uv run python bench/pages.py DATA_DIR DAY [--seconds 60] [--rate 50] [--apart]

DATA_DIR is a house with that day predicted (`tipoff demo`, or `tipoff import`, `tipoff train`, `tipoff night DAY`); it is copied. The copy
is served by `tipoff up`, so that the worker and the pages share one process, or with `--apart` by `tipoff serve` beside `tipoff worker`.
While the pages are asked for at an even rate, the slate of the day is started again and again, by force. The readers are one process of
their own. The figures of record stand in bench/README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

TOKEN = "a-token-for-the-benchmark-0123456789"
NOBODY = "http://127.0.0.1:9"
SOURCES = ("ODDS_API", "NBA_CDN", "NBA_STATS", "NBA_INJURIES", "ESPN", "BALLDONTLIE")


@contextmanager
def served(folder: Path, *, apart: bool) -> Iterator[str]:
    """A copy of a house, served and worked in by one process or by two, with no source to reach; its address."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        copy = Path(scratch) / "data"
        shutil.copytree(folder, copy)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
        clean |= {f"TIPOFF_{name}_URL": NOBODY for name in SOURCES} | {"TIPOFF_API_TOKEN": TOKEN, "COLUMNS": "200"}
        commands = [["serve", "--port", "0"], ["worker"]] if apart else [["up", "--port", "0"]]
        processes = []
        for command in commands:
            started = [sys.executable, "-m", "tipoff", *command, "--data-dir", str(copy)]
            processes.append(stack.enter_context(subprocess.Popen(started, stdout=subprocess.PIPE, text=True, env=clean)))
        try:
            assert processes[0].stdout is not None
            yield processes[0].stdout.readline().split()[1].rstrip("/")
        finally:
            for process in processes:
                process.terminate()


def call(address: str, path: str, **asked: object) -> dict[str, object]:
    request = urllib.request.Request(f"{address}{path}", json.dumps(asked).encode() if asked else None)
    request.add_header("Authorization", f"Bearer {TOKEN}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        found: dict[str, object] = json.loads(answer.read())
        return found


async def keep_computing(address: str, day: str, until: float) -> int:
    """Start the day's slate by force, again whenever it is done; how often."""
    nights = 0
    while time.monotonic() < until:
        await asyncio.to_thread(call, address, "/start", game_date=day, force=True, run_mode="backfill")
        while time.monotonic() < until:
            stands = await asyncio.to_thread(call, address, f"/status?game_date={day}")
            if stands["state"] not in ("waiting", "processing"):
                nights += 1
                break
            await asyncio.sleep(0.25)
    return nights


class Reader:
    """One connection, kept open; answers are read whole."""

    def __init__(self, host: str, port: int) -> None:
        self._where = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def read(self, path: str) -> int:
        """The status of an answer. A server lets go of who was silent for some seconds: then he asks again, over a new connection."""
        try:
            return await self._read(path)
        except (ConnectionError, asyncio.IncompleteReadError):
            self._streams = None
            return await self._read(path)

    async def _read(self, path: str) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._where)
        reader, writer = self._streams
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._where[0]}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if "content-length:" in head:
            await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        else:
            while (size := int(await reader.readline(), 16)) > 0:
                await reader.readexactly(size + 2)
            await reader.readline()
        return int(head.split()[1])


async def under_load(address: str, day: str, paths: list[str], seconds: float, rate: float) -> tuple[dict[str, list[float]], int]:
    """Milliseconds of each answer by path, asked for one after the other at an even rate, whoever still waits; and the nights computed."""
    host, port = address.removeprefix("http://").split(":")
    idle = [Reader(host, int(port)) for _ in range(16)]
    taken: dict[str, list[float]] = defaultdict(list)
    until = time.monotonic() + seconds
    computing = asyncio.create_task(keep_computing(address, day, until))

    async def ask(path: str, due: float) -> None:
        reader = idle.pop() if idle else Reader(host, int(port))
        status = await reader.read(path)
        assert status == 200, (path, status)
        taken[path].append((time.monotonic() - due) * 1000)  # from when it was due: waiting counts
        idle.append(reader)

    begun, place, tasks = time.monotonic(), 0, []
    while (due := begun + place / rate) < until:
        await asyncio.sleep(max(due - time.monotonic(), 0))
        tasks.append(asyncio.create_task(ask(paths[place % len(paths)], due)))
        place += 1
    await asyncio.gather(*tasks)
    return taken, await computing


def painted(address: str, path: str, times: int = 7) -> tuple[float, float]:
    """First contentful paint (ms, median of some visits with an empty cache), and of visits with a filled one."""
    from playwright.sync_api import sync_playwright

    from tipoff.web.screenshot import CHROMIUM, FLAGS

    look = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
    cold, warm = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        for _ in range(times):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            for found in (cold, warm):
                page.goto(address + path, wait_until="load")
                page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
                found.append(page.evaluate(look))
            context.close()
        browser.close()
    return statistics.median(cold), statistics.median(warm)


def sizes(address: str, path: str) -> tuple[int, int]:
    """Bytes of a page, as sent and as it is."""
    request = urllib.request.Request(f"{address}{path}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        body = answer.read()
    return len(body), len(gzip.decompress(body))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("day")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--apart", action="store_true", help="pages and worker in processes of their own")
    given = parser.parse_args()
    day = given.day
    with served(given.folder, apart=given.apart) as address:
        document = json.loads(urllib.request.urlopen(f"{address}/v1/tonight/{day}.json").read())
        player = next(man["player_lookup"] for game in document["games"] for man in game["players"] if man["predictions"])
        tonight = f"/tonight/{day}"
        wanted = [
            tonight,
            f"{tonight}?sort=ev&side=pick",
            f"/player/{player}",
            f"/lines/{day}",
            "/record",
            "/fleet",
            f"/pipeline/{day}",
            "/reports",
        ]
        paths = [path for path in wanted if _there(address, path)]
        packed, plain = sizes(address, tonight)
        cold, warm = painted(address, tonight)
        print(f"| {document['total_players']} players: compressed, as it is | {packed / 1024:.0f} KB, {plain / 1024:.0f} KB |")
        print(f"| first paint, with an empty cache, with a filled one | {cold:.0f} ms, {warm:.0f} ms |")
        taken, nights = asyncio.run(under_load(address, day, paths, given.seconds, given.rate))
    print(f"\n{given.rate:g} requests a second for {given.seconds:g} s, {nights} nights computed meanwhile:\n")
    print("| page | answers | median | p95 | slowest |\n|---|---|---|---|---|")
    for path, found in taken.items():
        ordered = sorted(found)
        slow = ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]
        print(f"| `{path}` | {len(ordered)} | {statistics.median(ordered):.1f} ms | {slow:.1f} ms | {ordered[-1]:.0f} ms |")


def _there(address: str, path: str) -> bool:
    try:
        with urllib.request.urlopen(address + path) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        print(f"{path} is not there, and left out.")
        return False


if __name__ == "__main__":
    main()
