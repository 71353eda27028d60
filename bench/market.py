"""The arithmetic on prices: devig beside two public libraries on the same prices, and tonight's board out of many million quotes.

    uv run --with penaltyblog --with shin python bench/market.py devig
    uv run python bench/market.py board [--quotes 20000000] [--data-dir bench-market]
    uv run python bench/market.py grade [--players 7208] [--systems 13] [--data-dir bench-market]
    uv run python bench/market.py archive --data-dir HOUSE [--start 2025-10-21] [--end 2025-12-31]

`devig` takes one core, and holds our answers against each library's to 1e-9 on the prices that both were given. `board` fills a warehouse
with invented quotes of many nights (kept for the next time), and reads one night of them. `grade` fills one with predictions of a third of
a season, and grades it all. `archive` takes a house into which the archive was imported (`tipoff import`) and whose systems were trained
until its first day (`tipoff train --until`): it predicts each of its game days as `tipoff night` does, and then grades them all in one run.
The figures of record stand in bench/README.md.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from tipoff.store.warehouse import Warehouse

OURS, THEIRS, REPEAT = 2_000_000, 4_000, 5
SEED = 11
LAST = date(2026, 1, 31)
AT_ONCE = 40
"""Nights that are merged at once."""


def prices(rows: int) -> tuple[Any, Any]:
    """Two-way decimal prices with a margin of 2 to 9 %, P(over) between .1 and .9."""
    draw = np.random.default_rng(SEED)
    chance, margin = draw.uniform(0.1, 0.9, rows), draw.uniform(1.02, 1.09, rows)
    return np.round(1.0 / (chance * margin), 4), np.round(1.0 / ((1.0 - chance) * margin), 4)


def rate(work: Callable[[], object], rows: int, repeat: int = REPEAT) -> float:
    """Rows a second, the median of some runs after one that warms up."""
    work()
    taken = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return rows / statistics.median(taken)


def devig_table() -> None:
    import penaltyblog.implied as penaltyblog
    import shin as shin_library

    from tipoff.market.devig import METHODS, devig

    over, under = prices(OURS)
    few = [[float(a), float(b)] for a, b in zip(over[:THEIRS], under[:THEIRS], strict=True)]
    print("| method | prices a second | penaltyblog | times | shin | times | largest difference |")
    print("|---|---|---|---|---|---|---|")
    for method in METHODS:
        mine = rate(lambda method=method: devig(over, under, method), OURS)
        apart, cells = 0.0, []
        for name, ask in (
            ("penaltyblog", lambda pair, method=method: penaltyblog.calculate_implied(pair, method=method).probabilities[0]),
            ("shin", lambda pair: shin_library.calculate_implied_probabilities(pair)[0]),
        ):
            if (name == "shin" and method != "shin") or (name == "penaltyblog" and method == "probit"):
                cells += ["–", "–"]
                continue
            theirs = rate(lambda ask=ask: [ask(pair) for pair in few], THEIRS, 3)
            apart = max(apart, float(np.abs(np.array([ask(pair) for pair in few]) - devig(over[:THEIRS], under[:THEIRS], method)).max()))
            cells += [f"{theirs:,.0f}", f"{mine / theirs:,.0f}"]
        print(f"| {method} | {mine / 1e6:.1f} M | {' | '.join(cells)} | {apart:.1e} |")


def filled(folder: Path, quotes: int) -> tuple[Path, date]:
    """A warehouse with so many invented quotes, kept for the next time. Gives it and its last night."""
    from tipoff.store.duckdb import DuckDBWarehouse

    path = folder / f"quotes-{quotes}.duckdb"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fill(DuckDBWarehouse(path), quotes)
    return path, LAST


def fill(warehouse: Warehouse, quotes: int, games: int = 8) -> None:
    """So many invented quotes, up to the night LAST: 15 players a game, 12 books, a snapshot every 30 minutes from noon on."""
    from tipoff.market.books import BOOKS

    books = [key for key, book in BOOKS.items() if book.kind == "sportsbook"][:12]
    snapshots, players = 16, 15
    nights = -(-quotes // (games * players * len(books) * snapshots))
    for first in range(0, nights, AT_ONCE):
        days = [LAST - timedelta(days=number) for number in range(first, min(first + AT_ONCE, nights))]
        with warehouse.writing("bench") as work:
            work.merge("raw.odds_player_points", pa.concat_tables([_night(day, games, players, books, snapshots) for day in days]))


def _night(day: date, games: int, players: int, books: list[str], snapshots: int) -> pa.Table:
    draw = np.random.default_rng(day.toordinal())
    tip = datetime(day.year, day.month, day.day, 23, 54, tzinfo=UTC)
    shape = (games, players, len(books), snapshots)
    game, player, book, snapshot = (index.ravel() for index in np.indices(shape))
    level = np.round(draw.uniform(8, 30, shape[:2]))[:, :, None, None] + 0.5
    point = (level + np.cumsum(draw.choice([0.0, 0.0, 0.0, 0.0, 0.5, -0.5], shape), axis=3)).ravel()
    chance = draw.uniform(0.46, 0.54, point.size)
    at = np.datetime64(tip.replace(tzinfo=None), "us") - (30 * (snapshots - snapshot) * 60_000_000).astype("timedelta64[us]")
    moments = pa.array(at, pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    size = point.size
    names = [f"{day:%Y%m%d}_A{number:02d}_H{number:02d}" for number in range(games)]
    return pa.table(
        {
            "event_id": pa.array([f"event-{name}" for name in names]).take(pa.array(game)),
            "bookmaker": pa.array(books).take(pa.array(book)),
            "market": pa.repeat("player_points", size),
            "player_lookup": pa.array([f"player{number}" for number in range(games * players)]).take(pa.array(game * players + player)),
            "point": point,
            "snapshot_at": moments,
            "game_id": pa.array(names).take(pa.array(game)),
            "game_date": pa.repeat(pa.scalar(day, pa.date32()), size),
            "commence_time": pa.repeat(pa.scalar(tip, pa.timestamp("us", "UTC")), size),
            "over_price": np.round(1.0 / (1.05 * chance), 3),
            "under_price": np.round(1.0 / (1.05 * (1.0 - chance)), 3),
            "is_main": pa.repeat(True, size),
            "known_at": moments,
            "known_at_assumed": pa.repeat(False, size),
            "source": pa.repeat("bench", size),
            "origin_rank": pa.repeat(1, size),
            "fetched_at": moments,
            "payload_id": pa.repeat("bench", size),
        }
    )


def board_table(folder: Path, quotes: int) -> None:
    import ibis

    from tipoff.market.lines import market_as_of
    from tipoff.market.summary import line_summary
    from tipoff.store.duckdb import DuckDBWarehouse

    start = time.perf_counter()
    path, last = filled(folder, quotes)
    made = time.perf_counter() - start
    warehouse = DuckDBWarehouse(path)
    tip = datetime(last.year, last.month, last.day, 23, 54, tzinfo=UTC)
    names = [f"{last:%Y%m%d}_A{number:02d}_H{number:02d}" for number in range(8)]
    moments = pa.array([tip] * 8, pa.timestamp("us", "UTC"))
    games = pa.table({"game_id": names, "game_date": [last] * 8, "tip": moments, "as_of": moments})
    with warehouse.reading() as work:
        held = work.fetch(work.table("raw.odds_player_points").count().as_table())[0][0].as_py()
        for name, read in (("the market as of the tip", market_as_of), ("player_line_summary", line_summary)):
            taken = []
            for _ in range(REPEAT):
                start = time.perf_counter()
                found = read(work, ibis.memtable(games))
                taken.append(time.perf_counter() - start)
            rows = found.num_rows if isinstance(found, pa.Table) else found.lines.num_rows
            print(f"| {name}, one night of 8 games, {held:,} quotes in the warehouse | {statistics.median(taken):.2f} s | {rows} players |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\nThe warehouse was made in {made:.0f} s; {path.stat().st_size / 2**30:.2f} GiB; at most {peak:.2f} GiB of memory.")


def grade_table(folder: Path, players: int, systems: int) -> None:
    from tipoff.grade.run import grade_within
    from tipoff.predict.activate import PREDICTIONS
    from tipoff.store.duckdb import DuckDBWarehouse

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "grade.duckdb"
    path.unlink(missing_ok=True)
    warehouse = DuckDBWarehouse(path)
    days = [date(2025, 10, 21) + timedelta(days=number) for number in range(72)]
    draw = np.random.default_rng(SEED)
    with warehouse.writing("bench") as work:
        said = 0
        for number, day in enumerate(days):
            mine = players // len(days) + (number < players % len(days))
            games = _played(work, day, mine, draw)
            said += _said(work, PREDICTIONS, day, games, mine, systems, draw)
    start = time.perf_counter()
    with warehouse.writing("bench") as work:
        rows = sum(record.predictions for day in days for record in grade_within(work, day, datetime(2026, 1, 1, tzinfo=UTC)))
    taken = time.perf_counter() - start
    print(f"| {players:,} player-games x {systems} systems, {len(days)} days: {rows:,} of {said:,} graded | {taken:.1f} s |")


def archive_table(folder: Path, start: date, end: date) -> None:
    from tipoff.config import clock_of, load_settings
    from tipoff.errors import NotReady, UnknownDate
    from tipoff.flow.house import open_house
    from tipoff.flow.night import night
    from tipoff.grade.run import ACCURACY, grade_within
    from tipoff.predict.activate import PREDICTIONS

    settings = load_settings(data_dir=folder)
    with open_house(settings, clock_of(settings)) as house:
        with house.warehouse.reading() as work:
            known = work.table(PREDICTIONS)
            said = set(
                work.fetch(known.filter(known.game_date.between(start, end)).select("game_date").distinct())["game_date"].to_pylist()
            )
        for day in (start + timedelta(days=number) for number in range((end - start).days + 1)):
            try:
                if day not in said:
                    night(house, day, run_mode="backfill")
            except UnknownDate as error:
                print(error)
        begun, records = time.perf_counter(), []
        with house.warehouse.writing("bench") as work:
            for day in (start + timedelta(days=number) for number in range((end - start).days + 1)):
                with suppress(NotReady):  # a day without games
                    records += grade_within(work, day, datetime(2026, 1, 1, tzinfo=UTC))
        taken = time.perf_counter() - begun
        with house.warehouse.reading() as work:
            graded = work.table(ACCURACY)
            lined = work.fetch(graded.filter(graded.line.notnull()).aggregate(n=lambda rows: rows.count()))["n"][0].as_py()
    rows, systems = sum(record.predictions for record in records), len({record.system_id for record in records})
    print(f"| {start} to {end}: {rows:,} predictions of {systems} systems graded, {lined:,} of them with a line | {taken:.1f} s |")


def _names_of(day: date, count: int) -> tuple[list[str], list[str]]:
    return [f"{day:%Y%m%d}_A{n // 18:02d}_H{n // 18:02d}" for n in range(count)], [f"player{n}" for n in range(count)]


def _played(work: Any, day: date, count: int, draw: Any) -> Any:
    from tipoff.store.tables import table_of

    tip = datetime(day.year, day.month, day.day, 23, 54, tzinfo=UTC)
    games, names = _names_of(day, count)
    facts = {"known_at": tip + timedelta(hours=3), "known_at_assumed": False, "source": "bench", "origin_rank": 1}
    facts |= {"fetched_at": tip + timedelta(hours=3), "payload_id": "bench"}
    early = {**facts, "known_at": tip - timedelta(days=1)}
    schedule = [
        {"game_id": game, "league_game_id": f"00{game}", "game_date": day, "season": "2025-26", "commence_time": tip, "status": "final"}
        | {"home": game[-3:], "away": game[9:12], "game_type": "regular", **early}
        for game in sorted(set(games))
    ]
    boxes = [
        {"game_id": game, "player_lookup": name, "game_date": day, "season": "2025-26", "team": game[-3:], "opponent": game[9:12]}
        | {"minutes": 30.0, "points": int(points), "did_not_play": False, "commence_time": tip, **facts}
        for game, name, points in zip(games, names, draw.poisson(15, count), strict=True)
    ]
    work.merge("raw.schedule", table_of("raw.schedule", schedule))
    work.merge("raw.player_box", table_of("raw.player_box", boxes))
    return games


def _said(work: Any, table: str, day: date, games: list[str], count: int, systems: int, draw: Any) -> int:
    from tipoff.store.tables import table_of

    _, names = _names_of(day, count)
    tip = datetime(day.year, day.month, day.day, 23, 54, tzinfo=UTC)
    rows = []
    for system in range(systems):
        for game, name, guess, edge in zip(games, names, draw.normal(15, 4, count), draw.normal(0, 2, count), strict=True):
            side = "OVER" if edge > 0 else "UNDER"
            rows.append(
                {"prediction_id": f"{game}-{name}-{system}", "game_id": game, "player_lookup": name, "system_id": f"system{system}"}
                | {"game_date": day, "team": game[-3:], "predicted_points": guess, "predicted_whole": int(guess), "line": 14.5}
                | {"line_kind": "sportsbook", "bookmaker": "draftkings", "over_price": 1.9, "under_price": 1.9, "side": side}
                | {"quote_at": tip - timedelta(hours=1), "edge": abs(edge), "recommendation": side if abs(edge) > 1 else "PASS"}
                | {"p_over": 0.5, "is_active": True, "as_of": tip}
            )
    work.merge(table, table_of(table, rows))
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("devig", "board", "grade", "archive"))
    parser.add_argument("--quotes", type=int, default=20_000_000)
    parser.add_argument("--players", type=int, default=7_208)
    parser.add_argument("--systems", type=int, default=13)
    parser.add_argument("--data-dir", type=Path, default=Path("bench-market"))
    parser.add_argument("--start", type=date.fromisoformat, default=date(2025, 10, 21))
    parser.add_argument("--end", type=date.fromisoformat, default=date(2025, 12, 31))
    given = parser.parse_args()
    if given.what == "devig":
        devig_table()
    elif given.what == "board":
        board_table(given.data_dir, given.quotes)
    elif given.what == "archive":
        archive_table(given.data_dir, given.start, given.end)
    else:
        grade_table(given.data_dir, given.players, given.systems)


if __name__ == "__main__":
    main()
