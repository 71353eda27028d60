"""Rows that do not fit are set apart by their number and the rule that they broke; their neighbours load, and the counts add up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from load import archives
from load.archives import TIP, Row
from load.bench import Bench
from load.benches import bench_maker
from tipoff.errors import BadInput
from tipoff.load.evidence import what_stands_at
from tipoff.load.import_kinds import SHAPERS
from tipoff.load.imports import read_rows
from tipoff.load.mapping import Mapping, recognise

Rejects = list[tuple[int, str, str]]

GAMES: list[tuple[Row, str | None, str]] = [
    (archives.game(), None, ""),
    (archives.game(game_date=None), "game_date_missing", ""),
    (archives.game(game_date="the fifth"), "game_date_unreadable", "the fifth"),
    (archives.game(home="EST", away="WST", season_type="All-Star"), "not_a_league_team", "EST"),
    (archives.game(away="Real Madrid"), "not_a_league_team", "Real Madrid"),
    (archives.game(home="LAL", away="LAL"), "team_against_itself", "LAL"),
    (archives.game(season_type="Preseason"), "not_a_league_game", "preseason"),
    (archives.game(tip_utc=TIP + timedelta(days=1)), "tip_on_another_day", "2025-11-07"),
    (archives.game(tip_utc="half past seven"), "commence_time_unreadable", "half past seven"),
    (archives.game(tip_utc="0001-01-01T00:00:00Z"), "commence_time_unreadable", "0001-01-01"),
    (archives.game(game_date="0001-01-01", tip_utc=None), "game_date_unreadable", "0001-01-01"),
    (archives.game(game_date="2025-11-06T00:30:00Z", tip_utc=None), "game_date_unreadable", "2025-11-06T00:30:00Z"),
    (archives.game(home_pts="a lot"), "home_score_unreadable", "a lot"),
    (archives.game(home="DEN", away="MIA", season_type=None, home_pts=None, away_pts=None, tip_utc=None), None, ""),
]
BOX: list[tuple[Row, str | None, str]] = [
    (archives.line("Al Horford", 201143, "BOS", 28), None, ""),
    (archives.line("Jaylen Brown", 1627759, "BOS", 25, fgm=11), "points_do_not_add_up", "25"),
    (archives.line("Derrick White", 1628401, "BOS", 16, pts=116, fgm=58), "points_out_of_range", "116"),
    (archives.line("Payton Pritchard", 1630202, "BOS", 12, min=96.0), "minutes_out_of_range", "96.0"),
    (archives.line("Sam Hauser", 1630573, "BOS", 9, min="34:30"), "minutes_unreadable", "34:30"),
    (archives.line("Jordan Walsh", 1641775, "BOS", 3, ast="two", plus_minus="minus one"), "ast_unreadable", "two"),
    (archives.line("Hugo González", 1642864, "BOS", 4, oreb=1.5), "oreb_unreadable", "1.5"),
    (archives.line("", 1, "BOS", 4), "name_missing", ""),
    (archives.line("Trae Young", 1629027, "BOS", 4, opp="All-Stars"), "not_a_league_team", "All-Stars"),
    (archives.line("Luka Doncic", 1629029, "LAL", 33, home=None), "home_missing", ""),
    (archives.line("Luka Doncic", 1629029, "LAL", 33, home="H"), "home_unreadable", "H"),
    (archives.line("Luka Doncic", 1629029, "LAL", 33, opp="LAL"), "team_against_itself", "LAL"),
    (archives.line("Luka Doncic", 1629029, "LAL", 33, ast="1e300"), "ast_unreadable", "1e300"),
    (archives.line("\x00", 1629029, "LAL", 33), "name_unreadable", "\N{REPLACEMENT CHARACTER}"),
    (archives.line("姚明", 2397, "LAL", 33), "name_unreadable", "姚明"),
    (archives.line("Austin Reaves", 1630559, "LAL", 19, plus_minus=None, player_id=None), None, ""),
]
ABSENT: list[tuple[Row, str | None, str]] = [
    (archives.absent(), None, ""),
    (archives.absent(team="NYK"), "no_such_game", "NYK on 2025-11-05"),
]
GAME_LINES: list[tuple[Row, str | None, str]] = [
    (archives.game_line(), None, ""),
    (archives.game_line(book=None), "bookmaker_missing", ""),
    (archives.game_line(total="high"), "total_unreadable", "high"),
    (archives.game_line(home="Eastern All-Stars"), "not_a_league_team", "Eastern All-Stars"),
    (archives.game_line(snapshot_utc="2025-11-05 18:00"), "snapshot_at_unreadable", "2025-11-05 18:00"),
    (archives.game_line(book="fanduel", total=None, ml_home=None, ml_away=None), None, ""),
]
PROPS: list[tuple[Row, str | None, str]] = [
    (archives.prop(), None, ""),
    (archives.prop(line=None), "point_missing", ""),
    (archives.prop(line="27½"), "point_unreadable", "27½"),
    (archives.prop(line=-3.5), "point_out_of_range", "-3.5"),
    (archives.prop(line=210.5), "point_out_of_range", "210.5"),
    (archives.prop(over_price="even"), "over_price_unreadable", "even"),
    (archives.prop(player=None), "name_missing", ""),
    (archives.prop(snapshot_utc="9999-12-31T23:59:59Z"), "snapshot_at_unreadable", "9999-12-31"),
    (archives.prop(game_date="2025-11-06"), "tip_on_another_day", "2025-11-06"),
    (archives.prop(away="BOS"), "team_against_itself", "BOS"),
    (archives.prop(home="Team LeBron"), "not_a_league_team", "Team LeBron"),
    (archives.prop(player="Nobody At All"), "unresolved_name", "Nobody At All"),
    (archives.prop(book="fanduel", over_price=None, under_price="nan"), None, ""),
]
INJURIES: list[tuple[Row, str | None, str]] = [
    (archives.status(), None, ""),
    (archives.status(**{"Current Status": "Probably fine"}), "status_unknown", "probably fine"),
    (archives.status(**{"Current Status": None}), "status_missing", ""),
    (archives.status(**{"Player Name": None}), "name_missing", ""),
    (archives.status(Team="Team LeBron"), "not_a_league_team", "Team LeBron"),
    (archives.status(**{"Game Date": "someday"}), "game_date_unreadable", "someday"),
]
KINDS = {"schedule": GAMES, "players": BOX, "absent": ABSENT, "report": INJURIES, "closing": GAME_LINES, "points": PROPS}
MADE = {"schedule": 3 + 4, "players": 2, "absent": 1, "report": 1, "closing": 8, "points": 2}
"""Rows of tables that the good rows make: a played game two, a line on a game six at most. Four rows of a box score that was in before the
schedule move to the tip that it tells."""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Any, Rejects, int]]:
    """Every kind of file once, Parquet and CSV in turn, good rows and bad ones; what became of each, by its name."""
    folder = tmp_path_factory.mktemp("rejects")
    files = []
    for place, (name, cases) in enumerate(KINDS.items()):
        rows = [row for row, _, _ in cases]
        texts = {column for row in rows for column, value in row.items() if isinstance(value, str)}
        mixed = [{column: _text(value) if column in texts else value for column, value in row.items()} for row in rows]
        files.append(archives.write(folder / f"{name}.{('csv', 'parquet')[place % 2]}", mixed))
    bench = bench_maker(folder / "bench")
    bench.imports(archives.write(folder / "before" / "known.csv", archives.lines()))
    done = {item.path.stem: item for item in bench.imports(*files)}
    rejects: dict[str, Rejects] = {name: [] for name in KINDS}
    for row in bench.rows("raw.quarantine"):
        rejects[row["source"]].append((int(row["path"].removeprefix("row ")), row["rule"], row["value"]))
    return lambda name: (done[name].counts, sorted(rejects[name]), done[name].rows)


def _text(value: Any) -> Any:
    """A Parquet column is of one type: where one row holds text, all do."""
    return value.isoformat() if hasattr(value, "isoformat") else None if value is None else str(value)


@pytest.mark.parametrize("name", KINDS)
def test_each_bad_row_is_set_apart_with_its_number_its_rule_and_what_stood_there(
    imported: Callable[[str], tuple[Any, Rejects, int]], name: str
) -> None:
    _, rejects, _ = imported(name)
    expected = [(number, rule, value) for number, (_, rule, value) in enumerate(KINDS[name], 1) if rule]
    assert [(number, rule) for number, rule, _ in rejects] == [(number, rule) for number, rule, _ in expected]
    assert all(shown.startswith(value) for (_, _, shown), (_, _, value) in zip(rejects, expected, strict=True))


@pytest.mark.parametrize("name", KINDS)
def test_the_neighbours_load_and_the_counts_add_up(imported: Callable[[str], tuple[Any, Rejects, int]], name: str) -> None:
    counts, rejects, rows = imported(name)
    good = sum(rule is None for _, rule, _ in KINDS[name])
    assert (counts.offered, rows) == (len(KINDS[name]), len(KINDS[name]))
    assert good + len(rejects) == counts.offered == good + sum(counts.set_apart.values())
    facts = {table: merged for table, merged in counts.merged.items() if table.startswith("raw.")}
    assert sum(merged.inserted + merged.updated for merged in facts.values()) == MADE[name]


def test_in_a_csv_an_empty_number_is_missing_also_where_another_row_has_a_bad_one(bench: Bench, tmp_path: Path) -> None:
    rows = [
        archives.line("Jayson Tatum", 1628369, "BOS", 28, plus_minus=""),
        archives.line("Jaylen Brown", 1627759, "BOS", 25, plus_minus="?"),
        archives.line("Derrick White", 1628401, "BOS", 16, plus_minus=4),
    ]
    bench.imports(archives.write(tmp_path / "box.csv", rows))
    told = {row["player_lookup"]: row["plus_minus"] for row in bench.rows("raw.player_box")}
    assert told == {"jaysontatum": None, "derrickwhite": 4}


def test_a_number_that_goes_bad_after_a_megabyte_costs_one_row(tmp_path: Path) -> None:
    """A reader that guesses types by the beginning of a file would refuse the whole of it."""
    lines = ["game_date,home,away,season_type,home_pts,away_pts,tip_utc"]
    lines += ["2025-11-05,BOS,LAL,Regular Season,117,105,2025-11-06T00:30:00Z"] * 40_000
    lines += ["2025-11-05,BOS,LAL,Regular Season,many,105,2025-11-06T00:30:00Z"]
    path = tmp_path / "games.csv"
    path.write_text("\n".join(lines))
    rows = read_rows(path.read_bytes(), path.name).table
    shaped = SHAPERS["games"](None, rows, recognise(rows.column_names), "games", "x")  # type: ignore[arg-type]
    assert [(reject.path, reject.rule) for reject in shaped.rejects] == [("row 40001", "home_score_unreadable")]
    assert shaped.tables["raw.schedule"].num_rows == 80_000


def test_a_row_with_a_cell_too_many_costs_nobody_else_and_the_others_keep_their_numbers(bench: Bench, tmp_path: Path) -> None:
    rows = [archives.line(name, 1, "BOS", 20) for name in ("One Man", "Other Man", "Third Man")]
    rows[2]["pts"] = "many"
    path = archives.write(tmp_path / "box.csv", rows)
    header, first, second, third = path.read_text().splitlines()
    path.write_text("\n".join((header, f"{first},knee, left", second, third)))
    bench.imports(path)
    assert [row["name"] for row in bench.rows("raw.player_box")] == ["Other Man"]
    apart = {row["path"]: row["rule"] for row in bench.rows("raw.quarantine")}
    assert apart == {"row 1": "wrong_number_of_cells", "row 3": "points_unreadable"}
    assert what_stands_at(path.read_bytes(), "row 1").endswith("knee, left")
    assert '"pts": "many"' in what_stands_at(path.read_bytes(), "row 3")


def test_a_value_that_cannot_be_is_set_apart_and_its_row_goes_on_without_it(bench: Bench, tmp_path: Path) -> None:
    bench.imports(
        archives.write(tmp_path / "box.csv", archives.lines()),
        archives.write(tmp_path / "lines.csv", [archives.game_line(spread_home=1e308, ml_home=-60.1)]),
        archives.write(tmp_path / "props.csv", [archives.prop(over_price=82.4)]),
    )
    row = bench.row("raw.odds_player_points")
    assert (row["over_price"], row["under_price"] > 1.9) == (None, True)
    assert {(row["market"], row["outcome"]) for row in bench.rows("raw.odds_game_lines")} == {
        ("totals", "over"),
        ("totals", "under"),
        ("h2h", "away"),
    }
    assert {(row["path"], row["rule"], row["value"]) for row in bench.rows("raw.quarantine")} == {
        ("row 1.over_price", "over_price_out_of_range", "82.4"),
        ("row 1.moneyline_home", "moneyline_home_out_of_range", "-60.1"),
        ("row 1.spread_home", "spread_home_out_of_range", "1e+308"),
    }


def test_rows_that_say_different_things_of_one_quote_are_set_apart_both_and_the_same_words_twice_are_one(
    bench: Bench, tmp_path: Path
) -> None:
    bench.imports(archives.write(tmp_path / "box.csv", archives.lines()))
    luka = archives.prop(player="Luka Doncic", line=32.5)
    rows = [archives.prop(), archives.prop(over_price=-140.0), luka, luka]
    bench.imports(archives.write(tmp_path / "props.csv", rows))
    assert [row["player_lookup"] for row in bench.rows("raw.odds_player_points")] == ["lukadoncic"]
    apart = {(row["path"], row["rule"], row["value"]) for row in bench.rows("raw.quarantine")}
    assert apart == {(f"row {number}", "conflicting_rows", "Jayson Tatum") for number in (1, 2)}


@pytest.mark.parametrize(("said", "over", "under"), [("decimal", 105, -135), ("american", 1.87, 1.95)])
def test_a_file_whose_prices_are_of_another_format_than_the_mapping_says_is_refused_whole(
    bench: Bench, tmp_path: Path, said: Any, over: float, under: float
) -> None:
    own = recognise(list(archives.prop())).model_copy(update={"prices": said})
    with pytest.raises(BadInput, match=f"reads prices as {said}"):
        bench.imports(archives.write(tmp_path / "p.csv", [archives.prop(over_price=over, under_price=under)]), own=(own,))
    assert bench.rows("raw.payloads") == []


def test_a_file_with_two_columns_of_one_name_is_refused(bench: Bench, tmp_path: Path) -> None:
    path = archives.write(tmp_path / "box.csv", archives.lines())
    path.write_text("\n".join(f"{line},{'team' if not number else 'LAL'}" for number, line in enumerate(path.read_text().splitlines())))
    with pytest.raises(BadInput, match="several columns called team"):
        bench.imports(path)


def test_a_box_score_that_says_it_was_known_before_the_tip_is_set_apart(bench: Bench, tmp_path: Path) -> None:
    own = recognise(list(archives.line("", 1, "BOS", 0)))
    own = own.model_copy(update={"columns": own.columns | {"known_at": "seen"}})
    rows = [archives.line("Jayson Tatum", 1628369, "BOS", 28), archives.line("Jaylen Brown", 1627759, "BOS", 25)]
    rows[0]["seen"] = TIP - timedelta(hours=8)
    rows[1]["seen"] = TIP + timedelta(hours=3)
    bench.imports(archives.write(tmp_path / "games.csv", archives.games()))
    bench.imports(archives.write(tmp_path / "box.csv", rows), own=(own,))
    assert [row["player_lookup"] for row in bench.rows("raw.player_box")] == ["jaylenbrown"]
    assert bench.row("raw.quarantine")["rule"] == "known_before_the_tip"


def test_points_in_no_minutes_are_of_unknown_minutes_and_those_of_one_who_did_not_play_cannot_be(bench: Bench, tmp_path: Path) -> None:
    own = recognise(list(archives.line("", 1, "BOS", 0)))
    own = own.model_copy(update={"columns": own.columns | {"did_not_play": "dnp"}})
    rows = [
        archives.line("Jayson Tatum", 1628369, "BOS", 2, min=0.0, dnp=False),
        archives.line("Jaylen Brown", 1627759, "BOS", 25, dnp=True),
    ]
    bench.imports(archives.write(tmp_path / "box.csv", rows), own=(own,))
    row = bench.row("raw.player_box")
    assert (row["name"], row["minutes"], row["points"], row["did_not_play"]) == ("Jayson Tatum", None, 2, False)
    assert bench.row("raw.quarantine")["rule"] == "points_without_playing"


def test_a_report_without_its_date_in_a_row_is_known_by_the_date_of_its_game(bench: Bench, tmp_path: Path) -> None:
    bench.imports(archives.write(tmp_path / "box.csv", archives.lines()))
    bench.imports(archives.write(tmp_path / "r.csv", [archives.status(report_date=None)]))
    assert bench.row("raw.injuries")["known_at"] == datetime(2025, 11, 5, 22, 30, tzinfo=UTC)


def test_the_leagues_ids_are_the_same_whether_they_were_kept_as_text_or_as_numbers(bench: Bench, tmp_path: Path) -> None:
    rows = [row | {"game_id": 22500101.0, "player_id": f"{row['player_id']}.0"} for row in archives.lines()[:2]]
    games = [archives.game(game_id=22500101)]
    bench.imports(archives.write(tmp_path / "games.parquet", games), archives.write(tmp_path / "box.csv", rows))
    assert {row["league_game_id"] for row in bench.rows("raw.schedule")} == {"0022500101"}
    assert {row["league_player_id"] for row in bench.rows("raw.player_box")} == {"1628369", "1627759"}


def test_a_row_that_breaks_two_rules_is_set_apart_once(bench: Bench, tmp_path: Path) -> None:
    [done] = bench.imports(archives.write(tmp_path / "p.csv", [archives.prop(line="x", over_price="y", home="z")]))
    assert done.counts.set_apart == {"point_unreadable": 1}
    assert [row["path"] for row in bench.rows("raw.quarantine")] == ["row 1"]


def test_a_column_of_categories_is_read_like_any_other(bench: Bench, tmp_path: Path) -> None:
    table = pa.Table.from_pylist([{**row, "pts": str(row["pts"])} for row in archives.lines()])
    for name in ("team", "player_name", "pts"):
        table = table.set_column(table.column_names.index(name), name, table.column(name).dictionary_encode())
    pq.write_table(table, tmp_path / "box.parquet")
    bench.imports(tmp_path / "box.parquet")
    assert {row["player_lookup"]: row["points"] for row in bench.rows("raw.player_box", team="LAL")} == {"lukadoncic": 33, "jaxsonhayes": 0}


def test_where_two_columns_mean_one_field_the_first_that_says_anything_counts(bench: Bench, tmp_path: Path) -> None:
    rows = [
        archives.line("Jayson Tatum", 1628369, "BOS", 28, min=30.0, min_exact="36.5"),
        archives.line("Jaylen Brown", 1627759, "BOS", 25, min=30.0, min_exact=None),
        archives.line("Derrick White", 1628401, "BOS", 16, min="half", min_exact=None),
    ]
    bench.imports(archives.write(tmp_path / "box.csv", rows))
    assert {row["player_lookup"]: row["minutes"] for row in bench.rows("raw.player_box")} == {"jaysontatum": 36.5, "jaylenbrown": 30.0}
    apart = bench.row("raw.quarantine")
    assert (apart["rule"], apart["value"]) == ("minutes_unreadable", "half")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"columns": {"game_date": "day", "home": "h", "away": "a", "name": "n", "bookmaker": "b", "point": "p"}}, "bookmaker, point"),
        ({"constants": {"bookmaker": "fanduel", "point": "twenty"}}, "point = 'twenty'"),
        ({"constants": {"bookmaker": "fanduel", "point": 20}, "columns": {"name": "at"}}, None),
        ({"constants": {"bookmaker": "fanduel", "point": 20, "over_price": datetime(2025, 11, 5, tzinfo=UTC)}}, "over_price"),
    ],
)
def test_a_mapping_that_does_not_fit_its_file_says_which_field(bench: Bench, tmp_path: Path, given: Row, said: str | None) -> None:
    columns = {"game_date": "day", "home": "h", "away": "a", "name": "n"} | given.get("columns", {})
    own = Mapping(name="mine", kind="props", needs=("n",), columns=columns, constants=given.get("constants", {}))
    file = archives.write(tmp_path / "p.csv", [{"n": "Jayson Tatum", "day": "2025-11-05", "h": "BOS", "a": "LAL", "at": "Jayson Tatum"}])
    if said is None:
        bench.imports(file, own=(own,))
        return
    with pytest.raises(BadInput, match=said):
        bench.imports(file, own=(own,))
    assert bench.rows("raw.payloads") == []
