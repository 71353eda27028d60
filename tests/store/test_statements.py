"""One SQL for all expressions of one shape, with the values and the rows of each: what is fetched is what Ibis itself would fetch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.statements import Statements
from tipoff.store.warehouse import Work, instant

DAY = date(2025, 11, 5)
NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)
ROWS = ibis.table({"day": "date", "at": "timestamp('UTC')", "name": "string", "points": "int64"}, name="rows")
SPOKEN: list[str] = []


@pytest.fixture
def statements() -> Statements:
    """Statements that put down each SQL that they write."""
    SPOKEN.clear()

    def write(operation: Any) -> str:
        SPOKEN.append("written")
        return f"SQL {len(SPOKEN)} of {type(operation).__name__}"

    return Statements(write)


def asked(day: date, name: str, rows: list[str]) -> ir.Table:
    of_day = ROWS.filter(ROWS.day == day, ROWS.name == name)
    return of_day.semi_join(ibis.memtable(pa.table({"name": pa.array(rows, pa.string())})), "name")


def test_expressions_of_one_shape_share_one_sql(statements: Statements) -> None:
    one = statements.of(asked(DAY, "a", ["a", "b"]))
    other = statements.of(asked(DAY + timedelta(days=1), "b", ["c"]))
    assert one.sql == other.sql
    assert SPOKEN == ["written"]
    assert one.values == [DAY, "a"]
    assert other.values == [DAY + timedelta(days=1), "b"]
    assert [table.num_rows for table in (*one.tables.values(), *other.tables.values())] == [2, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ROWS.filter(ROWS.points > 1), ROWS.filter(ROWS.points > 2)),
        (ROWS.filter(ROWS.day > DAY), ROWS.filter(ROWS.day >= DAY)),
        (ROWS.filter(ROWS.name == "a"), ROWS.filter(ROWS.name != "a")),
        (ROWS.mutate(tag=ibis.literal("a")), ROWS.mutate(tag=ibis.literal("b"))),
        (ROWS.filter(ROWS.name.isin(["a"])), ROWS.filter(ROWS.name.isin(["a", "b"]))),
        (ROWS.filter(ROWS.day == DAY, ROWS.at.date() == DAY), ROWS.filter(ROWS.day == DAY, ROWS.at.date() == date(2025, 1, 1))),
        (ROWS.limit(1), ROWS.limit(2)),
        (ROWS.select("day"), ROWS.select("at")),
        (ROWS.mutate(flag=ibis.literal(True)), ROWS.mutate(flag=ibis.literal(1))),
    ],
)
def test_whatever_else_differs_is_another_shape(statements: Statements, one: ir.Table, other: ir.Table) -> None:
    assert statements.of(one).sql != statements.of(other).sql


def test_a_string_is_bound_where_it_is_compared_and_nowhere_else(statements: Statements) -> None:
    def both(compared: str) -> ir.Table:
        return ROWS.filter(ROWS.name == compared).mutate(tag=ibis.literal("a"))

    assert statements.of(both("a")).sql == statements.of(both("b")).sql
    assert statements.of(both("a")).values == ["a"]


def test_it_forgets_before_it_holds_too_many(monkeypatch: pytest.MonkeyPatch, statements: Statements) -> None:
    monkeypatch.setattr("tipoff.store.statements._AT_MOST", 3)
    for number in range(10):
        statements.of(ROWS.filter(ROWS.points > number))
    assert len(statements._shapes) <= 3
    assert len(SPOKEN) == 10


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    with DuckDBWarehouse(Path(tmp_path_factory.mktemp("store")) / "warehouse.duckdb").writing("run") as work:
        work.merge(
            "raw.schedule",
            pa.Table.from_pylist(
                [
                    {
                        "game_id": f"20251105_{home}_BOS",
                        "game_date": DAY,
                        "home": home,
                        "away": "BOS",
                        "commence_time": NOON + timedelta(hours=number),
                        "known_at": NOON,
                        "source": "test",
                        "league_game_id": None,
                    }
                    for number, home in enumerate(("ATL", "CHI", "DEN", "MIA", "UTA", "O'KC"))
                ]
            ),
        )
        yield work


strings = st.sampled_from(["ATL", "CHI", "O'KC", "x' OR '1'='1", "$1", ""])
moments = st.integers(-1, 7).map(lambda hours: NOON + timedelta(hours=hours, microseconds=7))


@given(compared=strings, tag=strings, at=moments, day=st.sampled_from([DAY, DAY + timedelta(days=1)]), given=st.lists(strings))
def test_what_is_fetched_and_kept_is_what_ibis_itself_fetches(
    work: Work, compared: str, tag: str, at: datetime, day: date, given: list[str]
) -> None:
    games = work.table("raw.schedule")
    chosen = games.filter((games.home == compared) | (games.commence_time <= instant(at)), games.game_date == day)
    wanted = chosen.inner_join(ibis.memtable(pa.table({"home": pa.array(sorted({*given}), pa.string())})), "home")
    wanted = wanted.select("game_id", "home", "commence_time", tag=ibis.literal(tag), same=chosen.home == tag).order_by("game_id")
    expected = [
        (row["home"], tag, row["home"] == tag)
        for row in work.fetch(games.order_by("game_id")).to_pylist()
        if (row["home"] == compared or row["commence_time"] <= at) and day == DAY and row["home"] in given
    ]
    for found in (work.fetch(wanted), work.fetch(work.keep(wanted).order_by("game_id"))):
        assert [(row["home"], row["tag"], row["same"]) for row in found.to_pylist()] == expected


def tips(work: Work, day: date, until: datetime, home: str, wanted: ir.Table, tag: tuple[str, ...] | None) -> ir.Table:
    """A question."""
    games = work.table("raw.schedule").filter(lambda t: t.game_date == day, lambda t: (t.commence_time <= until) | (t.home == home))
    found = games.semi_join(wanted, "home").select("game_id", "home", "commence_time")
    return (found if tag is None else found.mutate(tag=ibis.literal(tag[0]))).order_by("game_id")


@given(home=strings, until=moments, day=st.sampled_from([DAY, DAY + timedelta(days=1)]), wanted=st.lists(strings), tag=strings | st.none())
def test_what_is_asked_is_what_its_expression_fetches(
    work: Work, home: str, until: datetime, day: date, wanted: list[str], tag: str | None
) -> None:
    rows = pa.table({"home": pa.array(wanted, pa.string())})
    given = (day, until, home, rows, None if tag is None else (tag,))
    assert work.ask(tips, *given).equals(Work.ask(work, tips, *given))


def homes(work: Work, wanted: ir.Table) -> ir.Table:
    """A question about a table."""
    return work.table("raw.schedule").semi_join(wanted.select("home"), "home").select("home").order_by("home")


def test_a_question_is_asked_of_rows_of_a_kept_table_and_of_any_expression_alike(work: Work) -> None:
    rows = pa.table({"home": ["DEN", "MIA"]})
    games = work.table("raw.schedule")
    chosen = games.filter(games.home.isin(["DEN", "MIA"])).select("home")
    for wanted in (rows, ibis.memtable(rows), work.keep(ibis.memtable(rows)), work.keep(chosen), chosen):
        assert work.ask(homes, wanted).column("home").to_pylist() == ["DEN", "MIA"]


def everything(_work: Work, given: ir.Table, tag: str) -> ir.Table:
    """A question that gives back what it was handed."""
    return given.filter(given.name != tag).order_by("number")


@pytest.mark.parametrize("few", [0, 10_000])
@pytest.mark.parametrize("size", [0, 1, 300])
def test_few_rows_and_many_are_handed_over_as_they_are(work: Work, monkeypatch: pytest.MonkeyPatch, few: int, size: int) -> None:
    monkeypatch.setattr("tipoff.store.duckdb_work._FEW_GIVEN", few)
    rows = pa.table(
        {
            "number": pa.array(range(size), pa.int64()),
            "name": pa.array([f"O'{number}" for number in range(size)], pa.string()),
            "at": pa.array(
                [None if number % 2 else NOON + timedelta(microseconds=number) for number in range(size)], pa.timestamp("us", "UTC")
            ),
            "day": pa.array([None if number % 3 else DAY for number in range(size)], pa.date32()),
            "value": pa.array([None if number % 5 else number / 3 for number in range(size)], pa.float64()),
            "flag": pa.array([None if number % 7 else bool(number % 2) for number in range(size)], pa.bool_()),
        }
    )
    assert work.ask(everything, rows, "x").equals(rows)
