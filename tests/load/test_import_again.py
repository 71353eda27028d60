"""Importing again changes nothing, and the order of files does not matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load import archives
from load.bench import FACTS, Bench, Tables
from load.benches import bench_maker
from tipoff.load.imports import ImportedFile, plan


def bundle(folder: Path) -> list[Path]:
    """Every kind of file, two that contradict each other, a row that is set apart and names that wait."""
    files = {
        "games.csv": archives.games(),
        "box.parquet": archives.lines(),
        "another box.csv": [archives.line("Luka Doncic", 1629029, "LAL", 31, player_id=None)],
        "report.csv": [archives.status(), archives.status(**{"Player Name": "Somebody Else"})],
        "lines.parquet": [archives.game_line(), archives.game_line(event_id=None, snapshot_utc=None)],
        "props.csv": [
            archives.prop(),
            archives.prop(line=None),
            *(archives.prop(player="Luca Doncic", line=line) for line in (20.0, 21.5)),
        ],
    }
    return [archives.write(folder / name, rows) for name, rows in files.items()]


@dataclass(frozen=True)
class Once:
    """The bundle imported once."""

    bench: Bench
    files: list[Path]
    done: list[ImportedFile]
    tables: Tables


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    folder = tmp_path_factory.mktemp("once")
    bench = bench_maker(folder / "bench")
    files = bundle(folder / "files")
    done = bench.imports(*files)
    return Once(bench, files, done, bench.tables())


def test_importing_twice_adds_and_changes_nothing(once: Once) -> None:
    again = once.bench.imports(*reversed(once.files))
    assert sum(item.counts.inserted for item in once.done) > 20
    assert [(item.counts.inserted, item.counts.updated) for item in again] == [(0, 0)] * len(once.files)
    assert once.bench.tables() == once.tables


def test_the_order_of_files_does_not_matter(once: Once, bench: Bench) -> None:
    bench.imports(*once.files[4:], *once.files[:4])
    assert bench.tables() == once.tables


UNTIMED = {"snapshot_utc": None, "event_id": None, "commence_utc": None, "market_update_utc": None}


def test_files_without_a_tip_may_be_imported_before_the_games_that_tell_it_and_again(
    new_bench: Callable[[], Bench], tmp_path: Path
) -> None:
    """The tip is half past seven; nobody but the schedule says so."""
    files = [
        archives.write(tmp_path / "games.csv", archives.games()),
        archives.write(tmp_path / "box.csv", archives.lines()),
        archives.write(tmp_path / "lines.csv", [archives.game_line(**UNTIMED)]),
        archives.write(tmp_path / "absent.csv", [archives.absent(), archives.absent(team="NYK")]),
        archives.write(
            tmp_path / "props.csv",
            [
                archives.prop(**UNTIMED),
                archives.prop(**UNTIMED, line=29.5),
                archives.prop(event_id="says seven, at a moment of its own", commence_utc=archives.TIP - timedelta(minutes=30)),
            ],
        ),
    ]
    tables = []
    for order in (files, [*files[::-1], *files[1:]]):
        bench = new_bench()
        for file in order:
            bench.imports(file)
        bench.replay()
        tables.append(bench.tables(*(name for name in FACTS), "ref.game_ids", "ref.sources", "ref.spellings"))
        assert [row["value"] for row in bench.rows("raw.quarantine", replayed_at=None)] == ["NYK on 2025-11-05"]
        assert {row["known_at"] for row in bench.rows("raw.player_box", team="BOS")} == {archives.TIP + timedelta(hours=3)}
        quotes = {(row["known_at_assumed"], row["snapshot_at"], row["minutes_to_tip"]) for row in bench.rows("raw.odds_player_points")}
        assert quotes == {(True, archives.TIP - timedelta(minutes=5), 5.0), (False, archives.SNAPSHOT, 60.0)}
    assert tables[0] == tables[1]


@given(st.permutations(range(6)))
def test_files_are_read_in_one_order_in_whatever_order_they_are_named(once: Once, order: list[int]) -> None:
    assert plan([once.files[place] for place in order]) == plan(once.files)


def test_of_two_files_that_contradict_each_other_the_same_one_wins_whichever_came_first(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    one = archives.write(folder / "one.csv", [archives.prop(over_price=-110.0)])
    two = archives.write(folder / "two.csv", [archives.prop(over_price=-140.0)])
    prices = []
    for place, order in enumerate(((one, two), (two, one))):
        bench = bench_maker(tmp_path / str(place))
        bench.imports(archives.write(folder / "box.csv", archives.lines()))
        for file in order:
            bench.imports(file)
        prices.append(bench.row("raw.odds_player_points")["over_price"])
    assert prices[0] == prices[1]


def test_an_import_after_its_name_became_known_loads_the_row_and_says_so(bench: Bench, tmp_path: Path) -> None:
    props = archives.write(tmp_path / "props.csv", [archives.prop()])
    bench.imports(props)
    assert bench.row("ref.unresolved_names")["resolved_at"] is None
    bench.imports(archives.write(tmp_path / "box.csv", archives.lines()))
    bench.imports(props)
    assert bench.row("raw.odds_player_points")["player_lookup"] == "jaysontatum"
    assert bench.row("raw.quarantine")["replayed_at"] is not None
    assert bench.row("ref.unresolved_names")["resolved_at"] is not None


def test_a_file_that_is_not_needed_is_read_and_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    rows = [{"date": "2025-11-05", "Team": "Celtics", "acquired": "", "relinquished": "• Jaylen Brown", "notes": "placed on IL"}]
    [done] = bench.imports(archives.write(tmp_path / "moves.csv", rows))
    assert (done.kind, done.rows, done.counts.inserted) == ("unused", 1, 0)
    assert "no game" in done.unused
    assert bench.rows("raw.payloads") == []
