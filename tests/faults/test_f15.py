"""F15 Assists and rebounds slip in as points: refused by market; lines that are far from the players' own level are stopped."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from load import archives, wire
from load.bench import Bench
from load.benches import bench_maker

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TRAP = SHARED / "traps" / "props_pra_oddsapi_silvercrocus.parquet"
FIRST, LAST = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn", "Practice"
TEAMS = ("BOS", "LAL", "DEN", "MIA")


def name(place: int) -> str:
    return f"{FIRST[place] * 3}o {LAST}{place}"


def scored(place: int) -> int:
    return 8 + place % 20


def box_scores(men: int) -> list[archives.Row]:
    """Five games of each man, each night what he always scores."""
    days = [archives.NIGHT - timedelta(days=2 * n + 1) for n in range(5)]
    rows = [archives.line(name(place), 1000 + place, TEAMS[place % 4], scored(place), game_id=None) for place in range(men)]
    return [row | {"game_date": day} for day in days for row in rows]


def lines(men: int, above: float) -> list[archives.Row]:
    """A file of lines whose columns are those of points."""
    return [archives.prop(player=name(place), line=scored(place) + above, event_id=None) for place in range(men)]


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse that holds forty men's box scores."""
    folder = tmp_path_factory.mktemp("f15")
    bench_maker(folder / "bench").imports(archives.write(folder / "box.parquet", box_scores(40)))
    return folder / "bench"


@pytest.mark.parametrize("statistic", ["player_assists", "player_rebounds", "player_points_rebounds_assists", "player_points_q1"])
def test_f15_another_statistics_market_is_refused(bench: Bench, statistic: str) -> None:
    other = wire.market(statistic, wire.pair("Jayson Tatum", 8.5))
    bench.load(
        wire.payload(wire.rosters()), wire.payload(wire.event(wire.book("fanduel", wire.points(wire.pair("Jaylen Brown", 24.5)), other)))
    )
    assert [row["player_lookup"] for row in bench.rows("raw.odds_player_points")] == ["jaylenbrown"]
    apart = bench.row("raw.quarantine")
    assert (apart["path"], apart["rule"], apart["value"]) == ("$.bookmakers[0].markets[1]", "market_refused", f'"{statistic}"')


@pytest.mark.parametrize(("above", "stopped"), [(14.5, True), (-6.5, True), (0.5, False), (-4.5, False)])
def test_f15_a_file_of_lines_far_from_the_players_own_level_is_stopped_whole(
    league: Path, tmp_path: Path, above: float, stopped: bool
) -> None:
    bench = Bench(tmp_path)
    (tmp_path / "warehouse.duckdb").write_bytes((league / "warehouse.duckdb").read_bytes())
    [done] = bench.imports(archives.write(tmp_path / "points.csv", lines(40, above)))
    assert done.counts.set_apart == ({"not_points": 40} if stopped else {})
    assert len(bench.rows("raw.odds_player_points")) == (0 if stopped else 40)
    if stopped:
        assert {row["path"] for row in bench.rows("raw.quarantine")} == {f"row {number}" for number in range(1, 41)}
        assert f"{above:+.1f} points" in bench.rows("raw.quarantine")[0]["value"]


def test_f15_with_fewer_than_thirty_players_to_compare_nothing_is_judged(league: Path, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (tmp_path / "warehouse.duckdb").write_bytes((league / "warehouse.duckdb").read_bytes())
    [done] = bench.imports(archives.write(tmp_path / "points.csv", lines(29, 14.5)))
    assert done.counts.set_apart == {}


@pytest.mark.skipif(not TRAP.is_file(), reason=f"the trap is not at {TRAP}")
def test_f15_the_real_file_of_points_rebounds_and_assists_is_stopped_under_the_name_of_points(tmp_path: Path, bench: Bench) -> None:
    trap = pq.read_table(TRAP)
    box = pq.read_table(SHARED / "archive" / "player_box.parquet")
    season = pc.is_in(box.column("season"), trap.column("season").unique())
    people = pc.is_in(box.column("name_key"), trap.column("name_key").unique())
    days = pc.less_equal(box.column("game_date"), pc.max(trap.column("game_date")))
    needed = box.filter(pc.and_(pc.and_(season, people), days))
    pq.write_table(needed, tmp_path / "box.parquet")
    pq.write_table(trap.slice(0, 6000), tmp_path / "props_points.parquet")
    _, done = bench.imports(tmp_path / "box.parquet", tmp_path / "props_points.parquet")
    assert set(done.counts.set_apart) >= {"not_points"}
    assert sum(done.counts.set_apart.values()) == 6000
    assert bench.rows("raw.odds_player_points") == []
