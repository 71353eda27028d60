"""Any order, any interleaving of two processes, any repeats: the same documents and archives end in the same tables, to the byte.

Set aside are only who wrote a row and when, and what has left the quarantine again: a name that was known at once never waited.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from load.bench import Bench, Tables
from load.benches import bench_maker
from load.loader_process import MANIFEST, SEEN, load
from tipoff.load.replay import replay_unresolved
from tipoff.names import ESPN_IDS
from tipoff.practice.odds_question import EventFilter, odds_question
from tipoff.practice.quotes import QuoteRoom
from tipoff.practice.season import simulate
from tipoff.practice.wire_box import box_score
from tipoff.practice.wire_espn import injuries
from tipoff.practice.wire_nba import schedule
from tipoff.practice.wire_odds import bulk_odds, event_odds
from tipoff.practice.wire_plays import play_by_play
from tipoff.practice.wire_roster import roster
from tipoff.store.tables import ALL

DATA = Path(__file__).parents[3] / "shared" / "data"
EXAMPLES = 2
FACTS = [table.name for table in ALL if table.dataset in ("raw", "ref")]
WAITING = {"raw.quarantine": "replayed_at", "ref.unresolved_names": "resolved_at"}
Steps = list[list[int] | str]


class Expected:
    """The tables in the end; named shortly where a test fails."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def __repr__(self) -> str:
        return f"Expected({', '.join(f'{name}: {len(rows)}' for name, rows in self.tables.items())})"


@dataclass(frozen=True)
class Matter:
    """What is loaded: a folder of documents and archives; `first` are archives by which games and players are known beforehand."""

    folder: Path
    documents: int
    archives: tuple[str, ...]
    first: tuple[str, ...]
    league: str

    @property
    def units(self) -> list[int | str]:
        return [*range(self.documents), *self.archives]


class Loader:
    """A process that loads (`loader_process`)."""

    def __init__(self) -> None:
        command = (sys.executable, str(Path(__file__).with_name("loader_process.py")))
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer()

    def begin(self, matter: Matter, bench: Bench, steps: Steps) -> None:
        assert self._process.stdin
        command = {"place": str(bench.folder), "folder": str(matter.folder), "steps": steps, "league": matter.league}
        self._process.stdin.write(f"{json.dumps(command)}\n")
        self._process.stdin.flush()

    def answer(self) -> None:
        """Wait until it is done."""
        assert self._process.stdout
        assert self._process.stdout.readline().strip() in ("ready", "done")

    def end(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def loaders() -> Iterator[tuple[Loader, Loader]]:
    two = Loader(), Loader()
    yield two
    for loader in two:
        loader.end()


def tables(bench: Bench) -> Tables:
    """Everything in raw and ref as rows, less who wrote them and when; of what may wait, only what still waits."""
    found: Tables = {}
    with bench.warehouse.reading() as work:
        for name in FACTS:
            rows = work.fetch(work.table(name)).to_pylist()
            aside = {"written_at", "run_id"}
            if name in WAITING:
                rows = [row for row in rows if row[WAITING[name]] is None]
                aside |= {"first_seen"}
            told = [tuple(value for column, value in row.items() if column not in aside) for row in rows]
            found[name] = sorted(told, key=lambda row: tuple(map(str, row)))
    return found


def prepared(matter: Matter) -> Bench:
    bench = bench_maker(Path(tempfile.mkdtemp(dir=matter.folder.parent)) / "bench")
    load(bench.folder, matter.folder, list(matter.first), matter.league)
    return bench


def settled(matter: Matter, bench: Bench) -> Tables:
    """The tables when everything that waited has had its second chance."""
    replay_unresolved(bench.warehouse, bench.vault, seen_at=SEEN, run_id="a replay")
    load(bench.folder, matter.folder, list(matter.archives), matter.league)
    return tables(bench)


def in_order(matter: Matter) -> Tables:
    """As one process loads everything, at one go."""
    bench = prepared(matter)
    load(bench.folder, matter.folder, [list(range(matter.documents)), *matter.archives], matter.league)
    return settled(matter, bench)


def order_does_not_matter(matter: Matter, expected: Expected, loaders: tuple[Loader, Loader], chance: random.Random) -> None:
    """Everything once and some of it twice, shuffled, cut into steps, dealt to two processes that run at once."""
    units = matter.units + chance.sample(matter.units, k=len(matter.units) // 4)
    chance.shuffle(units)
    hands: tuple[Steps, Steps] = ([], [])
    while units:
        size = chance.choice((1, 2, 5, 9))
        step, units = units[:size], units[size:]
        hand = chance.choice(hands)
        if numbers := [unit for unit in step if isinstance(unit, int)]:
            hand.append(numbers)
        hand.extend(unit for unit in step if isinstance(unit, str))
    bench = prepared(matter)
    for loader, hand in zip(loaders, hands, strict=True):
        loader.begin(matter, bench, hand)
    for loader in loaders:
        loader.answer()
    found = settled(matter, bench)
    shutil.rmtree(bench.folder.parent)
    for name in FACTS:
        assert found[name] == expected.tables[name], name


anyhow = settings(
    max_examples=EXAMPLES,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def keep(folder: Path, documents: list[tuple[bytes, datetime | None]]) -> None:
    """Documents into a folder, with the manifest by which the loaders find them."""
    rows = []
    for number, (body, fetched_at) in enumerate(documents):
        (folder / f"{number}.document").write_bytes(body)
        rows.append({"file": f"{number}.document", "fetched_at": fetched_at.isoformat() if fetched_at else None})
    (folder / MANIFEST).write_text(json.dumps(rows), encoding="utf-8")


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Matter:
    """Two nights of the practice league: schedule, box scores, play-by-play, rosters, events' odds in both markets, bulk odds, reports."""
    season = simulate(7)
    room = QuoteRoom(season)
    night = season.games[300].game_date
    games = [*season.games_on(night)[:3], *season.games_on(night + timedelta(days=1))[:2]]
    before = [
        game
        for game in season.games
        if night - timedelta(days=6) <= game.game_date < night
        and {game.home, game.away} & {side for g in games for side in (g.home, g.away)}
    ]
    found: list[tuple[Any, datetime | None]] = []
    props = odds_question({"markets": "player_points,player_points_alternate", "regions": "us,us2"}, bulk=False)
    lines = odds_question({"markets": "h2h,spreads,totals", "regions": "us"}, bulk=True)
    for game in games:
        for minutes in (200, 30):
            at = game.tip - timedelta(minutes=minutes)
            found.append((event_odds(room, game.event_id, at, props).document, at))
    for hours in (6, 1):
        at = games[0].tip - timedelta(hours=hours)
        found.append((bulk_odds(room, at, lines, EventFilter(ids=frozenset(game.event_id for game in games))).document, at))
        found.append((injuries(season, at), at))
    for game in [*before[:8], *games]:
        at = game.final_at + timedelta(minutes=20)
        found.append((box_score(season, game, at), at))
    for game in games[:3]:
        at = game.final_at + timedelta(minutes=25)
        plays = play_by_play(season, game, at)
        found.append((plays, at))
        found.append((_taken_back(plays), at + timedelta(hours=10)))
    teams = sorted({side for game in games for side in (game.home, game.away)})
    for at in (games[0].tip - timedelta(hours=9), games[0].tip + timedelta(days=7)):
        found += [(roster(season, str(ESPN_IDS[team]), at), at) for team in teams]
    found.append((schedule(season, games[0].tip - timedelta(days=2)), games[0].tip - timedelta(days=2)))
    folder = tmp_path_factory.mktemp("practice") / "matter"
    folder.mkdir()
    keep(folder, [(json.dumps(document).encode(), at) for document, at in found])
    return Matter(folder, len(found), (), (), "practice")


def _taken_back(plays: Any) -> Any:
    """The same game as it is told the next morning: every tenth shot is taken back."""
    actions = [action for action in plays["game"]["actions"] if action["actionNumber"] % 10 or not action["isFieldGoal"]]
    return {**plays, "game": {**plays["game"], "actions": actions}}


@pytest.fixture(scope="module")
def invented_tables(invented: Matter) -> Expected:
    return Expected(in_order(invented))


def test_there_is_something_to_compare(invented_tables: Expected) -> None:
    facts = ("odds_player_points", "odds_game_lines", "schedule", "player_box", "injuries", "shots")
    for name in (*(f"raw.{fact}" for fact in facts), "ref.players"):
        assert invented_tables.tables[name], name


@anyhow
@given(seed=st.integers(0, 2**32))
def test_invented_nights_neither_order_nor_processes_nor_repeats_matter(
    invented: Matter, invented_tables: Expected, loaders: tuple[Loader, Loader], seed: int
) -> None:
    order_does_not_matter(invented, invented_tables, loaders, random.Random(seed))


NIGHTS = {date(2025, 11, 5): "props_points_oddsapi_mylesthomas", date(2024, 4, 5): "props_points_oddsapi_btam"}
DOCUMENTS_A_NIGHT = 14


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Matter:
    """Real documents of two nights, and archives of the same nights: the same quotes, with prices rounded differently."""
    if not (DATA / "payloads").is_dir():
        pytest.skip("the real documents are not here")
    folder = tmp_path_factory.mktemp("real") / "matter"
    folder.mkdir()
    chance = random.Random(6)
    bodies: list[tuple[bytes, datetime | None]] = []
    for night in NIGHTS:
        paths = sorted((DATA / "payloads/odds-api").rglob(f"{night}/*/*.json.gz"))
        assert paths
        bodies += [(gzip.decompress(path.read_bytes()), None) for path in chance.sample(paths, k=min(len(paths), DOCUMENTS_A_NIGHT))]
    keep(folder, bodies)
    for name, days in (("games", 12), ("player_box", 12), ("game_lines", 0)):
        _cut(folder, name, [night - timedelta(days=back) for night in NIGHTS for back in range(days + 1)])
    for night, props in NIGHTS.items():
        _cut(folder, props, [night])
    archives = tuple(f"{name}.parquet" for name in ("game_lines", *NIGHTS.values()))
    return Matter(folder, len(bodies), archives, ("games.parquet", "player_box.parquet"), "nba")


@pytest.fixture(scope="module")
def real_tables(real: Matter) -> Expected:
    return Expected(in_order(real))


def test_payloads_and_archives_say_the_same_quote_differently_and_the_payload_stands(real: Matter, real_tables: Expected) -> None:
    bench = prepared(real)
    load(bench.folder, real.folder, list(real.archives), real.league)
    with bench.warehouse.reading() as work:
        columns = work.table("raw.odds_player_points").columns
    kept = [name for name in columns if name not in ("written_at", "run_id")]
    place = {name: kept.index(name) for name in kept}
    key = ("event_id", "bookmaker", "market", "player_lookup", "point", "snapshot_at")
    imported = {tuple(row[place[name]] for name in key): row for row in tables(bench)["raw.odds_player_points"]}
    both = [row for row in real_tables.tables["raw.odds_player_points"] if tuple(row[place[name]] for name in key) in imported]
    beaten = [row for row in both if row[place["origin_rank"]] == 1]
    assert len(beaten) > 50
    prices = [(row[place["over_price"]], imported[tuple(row[place[name]] for name in key)][place["over_price"]]) for row in beaten]
    assert any(ours != theirs for ours, theirs in prices)


@anyhow
@given(seed=st.integers(0, 2**32))
def test_real_nights_neither_order_nor_processes_nor_repeats_matter(
    real: Matter, real_tables: Expected, loaders: tuple[Loader, Loader], seed: int
) -> None:
    order_does_not_matter(real, real_tables, loaders, random.Random(seed))


def _cut(folder: Path, name: str, days: list[date]) -> None:
    """An archive's rows of these days."""
    rows = pq.read_table(DATA / "archive" / f"{name}.parquet")
    day = rows.column("game_date").cast("date32")
    pq.write_table(rows.filter(pc.is_in(day, value_set=_days(days))), folder / f"{name}.parquet")


def _days(days: list[date]) -> Any:
    return pa.array(days, pa.date32())
