"""Refreshing builds the games that new input may reach, leaves the others, and ends where a build of all of them would."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features import changes as do
from features.built_rows import Rows, disagreements, rows_by_key
from features.raw_rows import (
    Raw,
    Row,
    birth_row,
    box_row,
    fill,
    game_line_rows,
    group_row,
    merge,
    quote_row,
    rows_of,
    schedule_row,
    shot_row,
    source_row,
    status_row,
    submission_row,
)
from features.slow import Slow
from features.small_league import HERO, NIGHT, THIS_SEASON, game_of, tip_of
from tipoff.analyze.schedule import Schedule
from tipoff.analyze.slate import known_games
from tipoff.errors import BadInput, UnknownDate
from tipoff.features.build import build
from tipoff.features.dirty import dirty_games
from tipoff.features.refresh import Refreshed, months, refresh, refresh_days
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.schema import WRITTEN_NAMES
from tipoff.store.tables import table_of

EARLY = "20251124_DEN_UTA"
FIRST, SECOND, THIRD, LAST = (
    ("20251201_CHI_BOS", "20251201_NYK_MIA"),
    ("20251203_BOS_MIA", "20251203_CHI_NYK"),
    ("20251204_CHI_MIA", "20251204_NYK_BOS"),
    ("20251208_MIA_BOS", "20251208_NYK_CHI"),
)
TONIGHT, DESERT, OTHER = "20251206_BOS_CHI", "20251206_DEN_UTA", "20251206_MIA_NYK"
DECEMBER = (*FIRST, *SECOND, *THIRD, TONIGHT, DESERT, OTHER, *LAST)
WATCHED = (EARLY, *DECEMBER)
BEFORE_TONIGHT, AFTER_ALL = tip_of(NIGHT) - timedelta(hours=1), tip_of(THIS_SEASON[-1], 1) + timedelta(seconds=1)
"""An hour before the night's first tip, and a second after the last tip of all."""
BEFORE_EARLY = tip_of(date(2025, 11, 24), 1) - timedelta(minutes=40)

Inputs = Mapping[str, list[Row]]


@pytest.fixture(scope="module")
def refreshed(league: Raw, tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    """The small league with the rows of the watched games; to be copied before it is changed."""
    warehouse = fill(tmp_path_factory.mktemp("refreshed") / "warehouse.duckdb", league)
    with warehouse.writing("first") as work:
        assert refresh(work, WATCHED) == Refreshed(len(WATCHED), 0, len(rows_by_key(build(work, WATCHED))))
    return warehouse


@pytest.fixture
def warehouse(refreshed: DuckDBWarehouse, tmp_path: Path) -> DuckDBWarehouse:
    shutil.copy(refreshed.path, tmp_path / "warehouse.duckdb")
    return DuckDBWarehouse(tmp_path / "warehouse.duckdb")


def dirty(warehouse: DuckDBWarehouse, as_of: datetime | None = None) -> set[str]:
    with warehouse.reading() as work:
        return set(dirty_games(work, known_games(Schedule.read(work), WATCHED, as_of)))


def tell(warehouse: DuckDBWarehouse, rows: Inputs) -> None:
    with warehouse.writing("told") as work:
        merge(work, rows)


def stored(warehouse: DuckDBWarehouse) -> Rows:
    """The stored rows of the watched games at their tips, as they would be built."""
    with warehouse.reading() as work:
        games = known_games(Schedule.read(work), WATCHED, None)
        moments = set(zip(games.column("game_id").to_pylist(), games.column("as_of").to_pylist(), strict=True))
        rows = work.fetch(work.table("features.store").drop(*WRITTEN_NAMES)).to_pylist()
    return {(row["game_id"], row["player_lookup"]): row for row in rows if (row["game_id"], row["as_of"]) in moments}


def built(warehouse: DuckDBWarehouse) -> Rows:
    with warehouse.reading() as work:
        return rows_by_key(build(work, WATCHED))


def later_version(row: Row, known_at: datetime, **values: Any) -> Row:
    """A newer version of a fact, as fetched when it became known."""
    return {**row, "known_at": known_at, "fetched_at": known_at, **values}


def line_of(league: Raw, game_id: str, player: str) -> Row:
    return next(row for row in league["raw.player_box"] if row["game_id"] == game_id and row["player_lookup"] == player)


def test_the_first_refresh_stores_what_a_build_of_all_games_gives(warehouse: DuckDBWarehouse) -> None:
    assert stored(warehouse) == built(warehouse)


def test_the_second_builds_none(warehouse: DuckDBWarehouse) -> None:
    with warehouse.writing("second") as work:
        assert refresh(work, WATCHED) == Refreshed(0, len(WATCHED), 0)


def test_by_force_it_builds_all(warehouse: DuckDBWarehouse) -> None:
    with warehouse.writing("second") as work:
        assert refresh(work, WATCHED, force=True).built == len(WATCHED)


def test_another_moment_has_rows_of_its_own(warehouse: DuckDBWarehouse) -> None:
    before = stored(warehouse)
    with warehouse.writing("second") as work:
        found = refresh(work, WATCHED, BEFORE_TONIGHT)
    assert found.built == len({TONIGHT, DESERT, OTHER, *LAST})
    assert dirty(warehouse, BEFORE_TONIGHT) == set()
    assert stored(warehouse) == before


def _quote_tonight(league: Raw) -> Inputs:
    return {"raw.odds_player_points": [quote_row(game_of(league, NIGHT, "BOS"), HERO, "fanduel", 27.5, BEFORE_TONIGHT)]}


def _quote_on_a_past_game(league: Raw) -> Inputs:
    return {"raw.odds_player_points": [quote_row(game_of(league, date(2025, 11, 24), "UTA"), "utaa", "fanduel", 12.5, BEFORE_EARLY)]}


def _game_line_tonight(league: Raw) -> Inputs:
    return {"raw.odds_game_lines": game_line_rows(game_of(league, NIGHT, "BOS"), "bovada", -4.5, 230.5, BEFORE_TONIGHT)}


def _correction(league: Raw) -> Inputs:
    return {"raw.player_box": [later_version(line_of(league, EARLY, "utaa"), BEFORE_TONIGHT, points=50)]}


def _late_box(league: Raw) -> Inputs:
    late = {**line_of(league, EARLY, "utaa"), "player_lookup": "utaz"}
    return {"raw.player_box": [later_version(late, BEFORE_TONIGHT)]}


def _correction_of_november(league: Raw) -> Inputs:
    game = game_of(league, date(2025, 11, 20), "UTA")["game_id"]
    return {"raw.player_box": [later_version(line_of(league, game, "utaa"), datetime(2025, 11, 30, tzinfo=UTC), points=50)]}


def _report(league: Raw) -> Inputs:
    return {"raw.injuries": [status_row(NIGHT, "bosb", "BOS", "out", BEFORE_TONIGHT)]}


def _submission(league: Raw) -> Inputs:
    return {"raw.injury_submissions": [submission_row(NIGHT, "CHI", False, BEFORE_TONIGHT)]}


def _earlier_tip(league: Raw) -> Inputs:
    game = game_of(league, NIGHT, "UTA")
    tip = game["commence_time"] - timedelta(minutes=30)
    return {"raw.schedule": [later_version(game, BEFORE_TONIGHT, commence_time=tip, status="scheduled")]}


def _game_the_day_before(league: Raw) -> Inputs:
    day = NIGHT - timedelta(days=1)
    return {"raw.schedule": [schedule_row(day, "LAL", "UTA", tip_of(day), tip_of(day) - timedelta(days=1))]}


def _game_for_another_team(league: Raw) -> Inputs:
    """One of UTA's men turns up elsewhere; he is quoted tonight, and so has a row. The box score comes late."""
    day = date(2025, 11, 26)
    game = schedule_row(day, "LAL", "GSW", tip_of(day), tip_of(day) - timedelta(days=1))
    lines = [box_row(game, player, "LAL", BEFORE_TONIGHT, minutes=30.0, points=22, fga=15) for player in ("utaa", "lala")]
    return {"raw.schedule": [game], "raw.player_box": lines}


def _book_group(league: Raw) -> Inputs:
    return {"ref.book_groups": [group_row("betmgm", datetime(2025, 12, 4, 5, tzinfo=UTC), "sharp")]}


def _shot(league: Raw) -> Inputs:
    return {"raw.shots": [shot_row(game_of(league, NIGHT, "BOS"), 900, HERO, "BOS", "paint", True, BEFORE_TONIGHT)]}


def _source(league: Raw) -> Inputs:
    return {"ref.sources": [source_row("plays", "shots", date(2025, 12, 5), date(2026, 8, 1))]}


CASES: list[tuple[Callable[[Raw], Inputs], set[str]]] = [
    (_quote_tonight, {TONIGHT, *LAST}),
    (_quote_on_a_past_game, {EARLY, DESERT}),
    (_game_line_tonight, {TONIGHT}),
    (_correction, {DESERT}),
    (_late_box, {DESERT}),
    (_correction_of_november, set(DECEMBER)),
    (_report, {TONIGHT, DESERT, OTHER}),
    (_submission, {TONIGHT, DESERT, OTHER}),
    (_earlier_tip, {DESERT}),
    (_game_the_day_before, {DESERT}),
    (_game_for_another_team, {DESERT}),
    (_book_group, {*THIRD, TONIGHT, DESERT, OTHER, *LAST}),
    (_shot, {TONIGHT, DESERT, OTHER, *LAST}),
    (_source, set(WATCHED)),
]


@pytest.mark.parametrize(("told", "expected"), CASES, ids=lambda value: value.__name__.strip("_") if callable(value) else "")
def test_what_is_told_makes_the_games_dirty_that_it_may_reach(
    warehouse: DuckDBWarehouse, league: Raw, told: Callable[[Raw], Inputs], expected: set[str]
) -> None:
    tell(warehouse, told(league))
    assert dirty(warehouse) == expected
    with warehouse.writing("second") as work:
        assert refresh(work, WATCHED).built == len(expected)
    assert stored(warehouse) == built(warehouse)


def test_a_birth_makes_the_games_dirty_in_which_the_player_has_a_row(warehouse: DuckDBWarehouse) -> None:
    mine = {game_id for game_id, player in stored(warehouse) if player == HERO}
    tell(warehouse, {"ref.players": [birth_row(HERO, date(1980, 1, 1))]})
    assert 0 < len(mine) < len(WATCHED)
    assert dirty(warehouse) == mine


def test_a_player_who_played_again_was_not_born_again(warehouse: DuckDBWarehouse) -> None:
    """His row says when he was seen last, and so it is written anew; the roster that told his birth was not."""
    roster = {"seen_in": "roster", "name": HERO, "league_player_id": "", "team": "BOS", "season": "2025-26", "player_lookup": HERO}
    with warehouse.writing("roster") as work:
        work.merge("ref.spellings", table_of("ref.spellings", [{**roster, "birth_date": date(1995, 12, 7)}]))
    with warehouse.writing("second") as work:
        refresh(work, WATCHED, force=True)
    tell(warehouse, {"ref.players": [{**birth_row(HERO, date(1995, 12, 7)), "last_seen": date(2026, 1, 1)}]})
    assert dirty(warehouse) == set()


def test_an_earlier_start_of_the_season_ends_the_warm_up_of_a_game(warehouse: DuckDBWarehouse, league: Raw) -> None:
    early = [game_of(league, date(2025, 11, 1), "BOS")["game_id"]]
    with warehouse.writing("early") as work:
        assert refresh(work, early).rows > 0
    day = date(2025, 10, 10)
    tell(warehouse, {"raw.schedule": [schedule_row(day, "LAL", "GSW", tip_of(day), tip_of(day) - timedelta(days=1))]})
    with warehouse.writing("second") as work:
        assert refresh(work, early).built == 1
        assert refresh(work, [*WATCHED]).built == 0


def test_a_later_tip_lets_a_word_count_that_came_after_the_former_one(warehouse: DuckDBWarehouse, league: Raw) -> None:
    game = game_of(league, NIGHT, "UTA")
    tip = game["commence_time"]
    tell(warehouse, {"raw.schedule": [later_version(game, tip + timedelta(minutes=10), game_type="playoff")]})
    assert dirty(warehouse) == set()
    later = {"commence_time": tip + timedelta(minutes=20)}
    moved = later_version(game, tip + timedelta(minutes=15), game_type="playoff", **later)
    tell(warehouse, {"raw.schedule": [moved, later_version(game, tip + timedelta(hours=3), **later)]})
    with warehouse.writing("second") as work:
        assert refresh(work, WATCHED).built == 1
    assert {row["playoff_game"] for (game_id, _), row in stored(warehouse).items() if game_id == DESERT} == {1.0}


def test_a_game_that_moves_to_another_day_under_another_id_is_no_game_of_the_day_before(warehouse: DuckDBWarehouse, league: Raw) -> None:
    """As the loader keeps it: an id of ours holds the day, and the league's own id goes on to the new one."""
    tell(warehouse, _game_the_day_before(league))
    with warehouse.writing("second") as work:
        assert refresh(work, WATCHED).built == 1
    assert {row["back_to_back"] for (game_id, _), row in stored(warehouse).items() if game_id == DESERT} == {0.0, 1.0}
    (ghost,) = _game_the_day_before(league)["raw.schedule"]
    day = date(2026, 1, 20)
    moved = schedule_row(day, "LAL", "UTA", tip_of(day), BEFORE_TONIGHT, league_game_id=ghost["league_game_id"])
    tell(warehouse, {"raw.schedule": [moved]})
    assert dirty(warehouse) == {DESERT}
    with warehouse.writing("third") as work:
        assert refresh(work, WATCHED).built == 1
    assert {row["back_to_back"] for (game_id, _), row in stored(warehouse).items() if game_id == DESERT} == {0.0}
    slow = Slow(rows_of(warehouse))
    rows = {key: row for key, row in stored(warehouse).items() if key[0] == DESERT}
    assert [fault for key, row in rows.items() for fault in disagreements(row, slow.features(*key))] == []


@pytest.mark.parametrize("table", do.FACTS)
def test_what_was_known_only_after_the_tips_dirties_nothing(warehouse: DuckDBWarehouse, league: Raw, table: str) -> None:
    moment = "measured_at" if table == "ref.book_groups" else "known_at"
    told = do.altered_after(datetime.min.replace(tzinfo=UTC), table)({table: league[table][-40:]})[table]
    if table == "raw.schedule":
        told = [row for row in told if row["game_date"] == NIGHT and row["commence_time"] == game_of(league, NIGHT, "UTA")["commence_time"]]
    stamped = {"snapshot_at": AFTER_ALL} if table.startswith("raw.odds") else {}
    rows = {tuple(row[key] for key in ("game_id", "player_lookup", "team", "bookmaker") if key in row): row for row in told}
    late = [{**row, moment: AFTER_ALL, **stamped} for row in rows.values()]
    if table == "raw.shots":
        late = [{**row, "action_id": 1000 + number} for number, row in enumerate(late)]
    tell(warehouse, {table: late})
    assert dirty(warehouse) == set()


def test_rows_of_another_feature_version_are_built_again(warehouse: DuckDBWarehouse) -> None:
    with warehouse.writing("older code") as work:
        rows = work.table("features.store").drop(*WRITTEN_NAMES)
        work.merge("features.store", work.fetch(rows.filter(rows.game_id == TONIGHT).mutate(feature_version=ibis.literal("0"))))
    assert dirty(warehouse) == {TONIGHT}


def test_rows_that_a_build_changes_in_nothing_are_up_to_date_after_it(warehouse: DuckDBWarehouse, league: Raw) -> None:
    """A line on somebody in a game moves nothing in his team-mates' rows; they too were looked at."""
    tell(warehouse, _game_line_tonight(league))
    before = stored(warehouse)
    with warehouse.writing("second") as work:
        assert refresh(work, [TONIGHT]).built == 1
    after = stored(warehouse)
    assert dirty(warehouse) == set()
    assert {key for key in before if before[key] != after[key]} <= {key for key in before if key[0] == TONIGHT}


def test_a_player_who_has_no_row_any_more_loses_the_stored_one(warehouse: DuckDBWarehouse, league: Raw) -> None:
    """What was taken away leaves no trace in what was written: by force."""
    stranger = quote_row(game_of(league, NIGHT, "BOS"), "stranger", "fanduel", 9.5, do.SECOND_TIP - timedelta(minutes=30))
    tell(warehouse, {"raw.odds_player_points": [stranger]})
    with warehouse.writing("second") as work:
        refresh(work, WATCHED)
        assert (TONIGHT, "stranger") in rows_by_key(build(work, [TONIGHT]))
    with warehouse.writing("taken away") as work:
        work.remove("raw.odds_player_points", table_of("raw.odds_player_points", [stranger]))
    assert dirty(warehouse) == set()
    with warehouse.writing("third") as work:
        refresh(work, [TONIGHT, *LAST], force=True)
    assert (TONIGHT, "stranger") not in stored(warehouse)
    assert stored(warehouse) == built(warehouse)


def test_an_input_of_the_same_unit_of_work_counts_as_since(warehouse: DuckDBWarehouse, league: Raw) -> None:
    with warehouse.writing("both") as work:
        refresh(work, WATCHED, force=True)
        merge(work, _report(league))
    assert dirty(warehouse) == {TONIGHT, DESERT, OTHER}


def test_days_are_refreshed_month_by_month(warehouse: DuckDBWarehouse) -> None:
    done: list[int] = []
    found = refresh_days(warehouse, date(2025, 11, 24), date(2025, 12, 8), run_id="days", tick=done.append)
    assert (found.built, found.up_to_date) == (0, len(WATCHED))
    assert done == [1, 1]


def test_months_are_cut_at_the_ends_of_a_span() -> None:
    assert [*months(date(2025, 11, 24), date(2026, 1, 2))] == [
        (date(2025, 11, 24), date(2025, 11, 30)),
        (date(2025, 12, 1), date(2025, 12, 31)),
        (date(2026, 1, 1), date(2026, 1, 2)),
    ]


def test_a_span_without_days_and_one_without_games_are_refused(warehouse: DuckDBWarehouse) -> None:
    with pytest.raises(BadInput, match="there is no day"):
        refresh_days(warehouse, NIGHT, NIGHT - timedelta(days=1), run_id="days")
    with pytest.raises(UnknownDate, match="No game from 2020-01-01"):
        refresh_days(warehouse, date(2020, 1, 1), date(2020, 1, 2), run_id="days")


Step = tuple[str, int, int, bool]


def _told(league: Raw, step: Step) -> Inputs:
    """A row of a table says something else: in place of what it said, or of a fact in versions in a version that was known later."""
    table, place, hours, in_place = step
    row = league[table][place % len(league[table])]
    told = do.altered_after(datetime.min.replace(tzinfo=UTC), table)({table: [row]})[table][0]
    if "fetched_at" in told:
        told["fetched_at"] = AFTER_ALL + timedelta(hours=hours)
    if not in_place and table not in ("raw.shots", "raw.odds_player_points", "raw.odds_game_lines", "ref.book_groups"):
        told["known_at"] += timedelta(hours=hours)
    return {table: [told]}


STEPS = st.tuples(st.sampled_from(do.FACTS), st.integers(0, 100_000), st.sampled_from([1, 20, 50, 300]), st.booleans())


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=4))
def test_whatever_is_told_a_refresh_ends_where_a_build_of_all_would(refreshed: DuckDBWarehouse, league: Raw, steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        shutil.copy(refreshed.path, path)
        warehouse = DuckDBWarehouse(path)
        for step in steps:
            tell(warehouse, _told(league, step))
        with warehouse.writing("second") as work:
            refresh(work, WATCHED)
        assert stored(warehouse) == built(warehouse)
