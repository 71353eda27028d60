"""A season of quotes and the moments to ask about, made by a seed; and how a tool is measured on them.

Needs NumPy and Arrow alone, so that tools in environments of their own share it. Rows come game by game, within a game by instant, as a
backfill loads them. No two quotes of one player at one book share an instant: a tool that cannot settle ties is not asked to.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SEED = 7
BOOKS = (
    *("draftkings", "fanduel", "betmgm", "williamhill_us", "betrivers", "bovada"),
    *("espnbet", "hardrockbet", "betonlineag", "fliff", "betparx", "ballybet"),
)
TEAMS = ("ATL", "BKN", "BOS", "CHA", "CHI", "CLE", "DAL", "DEN", "DET", "GSW", "HOU", "IND", "LAC", "LAL", "MEM")
PLAYERS = 16
MINUTE = 60_000_000
# Minutes before the tip: every 30 for two days, every 10 in the last 30.
SNAPSHOTS = np.concatenate((np.arange(2640, 30, -30), [30, 20, 10]))
LATEST_OPENING = 8
PULLED = 0.01
INSTANT = pa.timestamp("us", "UTC")
KEYS = ["game_id", "player_lookup", "bookmaker"]
VALUES = ["point", "over_price", "under_price"]
ANSWER = [*KEYS, "as_of", *VALUES]


@dataclass(frozen=True)
class Game:
    """A game with its tip, in microseconds since 1970, and who is quoted on it."""

    number: int
    game_id: str
    tip: int
    players: tuple[str, ...]


def season(games: int) -> list[Game]:
    """Games in the order of their days, up to 15 a day, half an hour between two tips."""
    rng = np.random.default_rng(SEED)
    first = np.datetime64("2025-10-21", "D")
    made = []
    for number in range(games):
        day, place = divmod(number, len(TEAMS) // 2)
        teams = np.roll(TEAMS, day)
        tip = (first + day + 1).astype("datetime64[us]").astype(int) + place * 30 * MINUTE
        who = tuple(f"player{chosen:03d}ofteam" for chosen in rng.choice(450, PLAYERS, replace=False))
        made.append(Game(number, f"{str(first + day).replace('-', '')}_{teams[2 * place]}_{teams[2 * place + 1]}", int(tip), who))
    return made


def game_quotes(game: Game) -> pa.Table:
    """Every book's main line on every player of a game, at each of its documents: KEYS, VALUES, snapshot_at, event_id, commence_time."""
    rng = np.random.default_rng((SEED, game.number))
    shape = (len(SNAPSHOTS), len(BOOKS), PLAYERS)
    document, book, player = (part.ravel() for part in np.indices(shape))
    opened = rng.integers(0, LATEST_OPENING + 1, shape[1:])[book, player]
    there = (document >= opened) & (rng.random(document.size) >= PULLED)
    line = rng.integers(8, 30, PLAYERS)[player] + np.cumsum(rng.integers(-1, 2, shape) * (rng.random(shape) < 0.05), axis=0).ravel() + 0.5
    prices = np.round(1.7 + rng.random((2, document.size)) * 0.4, 2)
    return pa.table(
        {
            "event_id": _same(f"{game.number:032x}", document.size),
            "game_id": _same(game.game_id, document.size),
            "player_lookup": pa.array(game.players).take(pa.array(player)),
            "bookmaker": pa.array(BOOKS).take(pa.array(book)),
            "commence_time": _instants(np.full(document.size, game.tip)),
            "snapshot_at": _instants(game.tip - SNAPSHOTS[document] * MINUTE + 17_000_000),
            "point": line,
            "over_price": prices[0],
            "under_price": prices[1],
        }
    ).filter(pa.array(there))


def probes(games: list[Game], count: int) -> pa.Table:
    """Distinct moments of the last two days before a tip, on whole seconds, each of one game, player and book: KEYS, as_of."""
    rng = np.random.default_rng(SEED + 1)
    span = int(SNAPSHOTS[0]) * 60
    spaces = (len(games), PLAYERS, len(BOOKS), span)
    chosen = rng.permutation(np.unique(rng.integers(0, np.prod(spaces), count + count // 50)))[:count]
    game, player, book, seconds = np.unravel_index(chosen, spaces)
    tips = np.array([one.tip for one in games])
    who = pa.array([name for one in games for name in one.players])
    return pa.table(
        {
            "game_id": pa.array([one.game_id for one in games]).take(pa.array(game)),
            "player_lookup": who.take(pa.array(game * PLAYERS + player)),
            "bookmaker": pa.array(BOOKS).take(pa.array(book)),
            "as_of": _instants(tips[game] - seconds * 1_000_000),
        }
    )


def write_rows(folder: Path, games: int, count: int) -> int:
    """Quotes and probes as Parquet; how many quotes."""
    played = season(games)
    rows = 0
    writer: pq.ParquetWriter | None = None
    for batch in batches(played):
        writer = writer or pq.ParquetWriter(folder / "quotes.parquet", batch.schema)
        writer.write_table(batch)
        rows += batch.num_rows
    if writer:
        writer.close()
    pq.write_table(probes(played, count), folder / "probes.parquet")
    return rows


def batches(games: list[Game], size: int = 60) -> Iterator[pa.Table]:
    """The quotes of so many games at a time."""
    for first in range(0, len(games), size):
        yield pa.concat_tables([game_quotes(game) for game in games[first : first + size]])


def quotes_in(folder: Path) -> pa.Table:
    """What a tool needs of the quotes, and no more."""
    return pq.read_table(folder / "quotes.parquet", columns=[*KEYS, "snapshot_at", *VALUES])


def probes_in(folder: Path) -> pa.Table:
    return pq.read_table(folder / "probes.parquet")


def _same(value: str, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), size)


def _instants(microseconds: Any) -> pa.Array:
    return pa.array(microseconds.astype(np.int64)).cast(INSTANT)


@dataclass(frozen=True)
class Tool:
    """How one tool goes about it: Arrow into a table of its own, the order that it needs, the question, and its answer as Arrow."""

    load: Callable[[Path], tuple[float, Any]]
    ask: Callable[[Any], Any]
    sort: Callable[[Any], Any] = lambda table: table
    arrow: Callable[[Any], pa.Table] = lambda answer: answer


def measured(tool: Tool, folder: Path, name: str, repeat: int) -> dict[str, float]:
    """Seconds to load, to sort and to ask (medians), the peak memory from the loaded table on, in MiB; the answer is left in the folder."""
    load, table = tool.load(folder)
    gc.collect()
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")
    sorts, asks = [], []
    answer: Any = None
    for _ in range(repeat):
        answer = None
        start = time.perf_counter()
        ready = tool.sort(table)
        middle = time.perf_counter()
        answer = tool.ask(ready)
        sorts.append(middle - start)
        asks.append(time.perf_counter() - middle)
        del ready
    peak = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    _write_answer(tool.arrow(answer), folder / f"{name}.parquet")
    return {"load": load, "sort": statistics.median(sorts), "ask": statistics.median(asks), "mib": peak / 1024}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def _write_answer(answer: pa.Table, path: Path) -> None:
    """The probes that have an answer, in one order and in plain types: some tools leave out those that have none."""
    types = [*(pa.string() for _ in KEYS), INSTANT, *(pa.float64() for _ in VALUES)]
    plain = pa.table([answer.column(name).cast(kind) for name, kind in zip(ANSWER, types, strict=True)], names=ANSWER)
    found = plain.filter(pc.is_finite(plain["point"]))
    pq.write_table(found.sort_by([(name, "ascending") for name in (*KEYS, "as_of")]), path)


def say(found: dict[str, float]) -> None:
    print(json.dumps(found))
