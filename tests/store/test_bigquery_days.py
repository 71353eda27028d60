"""The days between which a question's reads are put: as few as follow from what it says, and never one too few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from store_rows import NOON, QUOTES, SCHEDULE, arrow, quote, version

from tipoff.analyze.history import newest_schedule
from tipoff.names import day_named
from tipoff.store.bigquery_days import Edge, dated
from tipoff.store.bigquery_ids import EVER, NOTHING, IdDays, Span, told_by
from tipoff.store.bigquery_reads import Answers
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import ALL, table_named
from tipoff.store.warehouse import Work, day_of

FIRST = date(2025, 11, 1)
DAYS = 40
GRADES, PREDICTIONS = "predictions.prediction_accuracy", "predictions.player_prop_predictions"


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def game(number: int) -> str:
    return f"{day(number):%Y%m%d}_NYK_BOS"


def _rows() -> dict[str, list[dict[str, Any]]]:
    """Of each day a game; one was put off for twelve days, one was brought forward by a day."""
    moved = {20: [20, 32], 5: [5, 4]}
    schedule, quotes, grades, said = [], [], [], []
    for number in range(DAYS):
        for place, on in enumerate(moved.get(number, [number])):
            known_at = NOON + timedelta(days=place)
            schedule.append(version(game(number), known_at, game_date=day(on), commence_time=NOON + timedelta(days=on), home="BOS"))
            quotes.append(quote(f"e{number}", game_id=game(number), game_date=day(on), point=20.5 + place))
            pick = {"game_id": game(number), "system_id": "line", "game_date": day(on)}
            if place == 0:
                said.append({**pick, "prediction_id": f"p{number}", "player_lookup": "lebronjames", "line": 20.5, "is_active": True})
            grades.append({**pick, "prediction_id": f"p{number}", "player_lookup": f"of{on}", "result": "WIN"})
    quotes.append(quote("dayless", game_id=game(7), point=1.5))
    return {SCHEDULE: schedule, QUOTES: quotes, GRADES: grades, PREDICTIONS: said}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    warehouse = DuckDBWarehouse(Path(tmp_path_factory.mktemp("days")) / "warehouse.duckdb")
    for name, rows in _rows().items():
        warehouse.merge(name, arrow(name, rows), "run")
    with warehouse.reading() as reading:
        yield reading


@pytest.fixture(scope="module")
def ids() -> IdDays:
    """As the adapter would keep them, some rows at a time."""
    found = IdDays()
    for name, rows in _rows().items():
        for start in range(0, len(rows), 7):
            found.add(found.news(told_by(arrow(name, rows[start : start + 7]))))
    return found


def spans(expression: ir.Table, ids: IdDays, bound: dict[str, Span]) -> ir.Table:
    """The question as BigQuery is asked it: its reads between days, which are put down in `bound` by table."""
    between, reads = dated(expression.op())
    handed = {table.name: table.data.to_pyarrow(table.schema) for table in between.find(ops.InMemoryTable)}
    answers = Answers([], lambda name, column: handed[name].column(column).to_pylist() if name in handed else None, lambda: ids)
    ends: dict[str, date] = {}
    for read in reads:
        span = bound[read.table.name] = answers.span(read)
        first, last = span if span[0] <= span[1] else (EVER[0], EVER[0])
        ends |= {f"first_{read.number}": first, f"last_{read.number}": last}
    edges = {edge: ibis.literal(ends[edge.name], "date").op() for edge in between.find(Edge)}
    return between.replace(edges).to_expr()


def games(*numbers: int, **more: Any) -> ir.Table:
    return ibis.memtable(pa.table({"game_id": pa.array([game(number) for number in numbers], pa.string()), **more}))


def _by_games(work: Work) -> ir.Table:
    return work.table(QUOTES).semi_join(games(7, 8), "game_id")


def _put_off(work: Work) -> ir.Table:
    return work.table(QUOTES).inner_join(games(19, 20), "game_id").select("event_id", "point", "game_date")


def _by_events(work: Work) -> ir.Table:
    return work.table(QUOTES).filter(lambda t: t.event_id.isin(["e4", "e5", "unheard of"]))


def _of_nobody(work: Work) -> ir.Table:
    return work.table(QUOTES).semi_join(games(), "game_id")


def _as_of(work: Work) -> ir.Table:
    return work.as_of(SCHEDULE, NOON + timedelta(hours=30), game_id=game(20))


def _beside_another(work: Work) -> ir.Table:
    """The grades of some days, with what was said of their games, on whatever day that was."""
    graded = work.table(GRADES)
    mine = graded.filter(graded.game_date >= day_of(day(31)), graded.game_date <= day_of(day(33)))
    return mine.left_join(work.table(PREDICTIONS).select("prediction_id", "game_id", "line"), ["prediction_id", "game_id"]).select(
        "prediction_id", "game_date", "line"
    )


def _ever_here(work: Work) -> ir.Table:
    schedule = work.table(SCHEDULE)
    here = schedule.filter(schedule.game_date == day_of(day(20))).select("game_id").distinct()
    return schedule.semi_join(here, "game_id")


def _on_the_same_days(work: Work) -> ir.Table:
    there = ibis.memtable(pa.table({"game_date": pa.array([day(3), None, day(4)], pa.date32())}))
    return work.table(QUOTES).inner_join(there, "game_date").select("event_id", "game_date")


def _of_both_sides(work: Work) -> ir.Table:
    quotes = work.table(QUOTES).select("event_id", "game_id")
    return quotes.semi_join(games(1), "game_id").union(quotes.semi_join(games(3), "game_id"))


def _through_a_window(work: Work) -> ir.Table:
    place = ibis.row_number().over(ibis.window(group_by="game_id", order_by=ibis.desc("known_at")))
    newest = work.table(SCHEDULE).mutate(place=place).filter(lambda row: row.place == 0)
    return newest.semi_join(games(20), "game_id").select("game_id", "game_date")


def _after_a_window(work: Work) -> ir.Table:
    """The newest version of each game, of those that are on some days by it: a version on another day decides too."""
    newest = newest_schedule(work.table(SCHEDULE))
    return newest.filter(newest.game_date >= day_of(day(19)), newest.game_date <= day_of(day(21))).select("game_id", "game_date")


def _without(work: Work) -> ir.Table:
    quotes = work.table(QUOTES)
    return quotes.filter(quotes.game_date == day_of(day(9))).anti_join(work.table(GRADES), "game_id").select("event_id")


def _first_of_all(work: Work) -> ir.Table:
    first = work.table(QUOTES).order_by("event_id", "point").limit(1)
    return first.filter(first.game_date == day_of(day(9))).select("event_id")


def _in_a_subquery(work: Work) -> ir.Table:
    schedule, quotes = work.table(SCHEDULE), work.table(QUOTES)
    wanted = schedule.filter(schedule.game_date == day_of(day(32))).game_id
    return quotes.filter(quotes.game_id.isin(wanted)).select("event_id", "game_date")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (_by_games, {QUOTES: (7, 8)}),
        (_put_off, {QUOTES: (19, 32)}),
        (_by_events, {QUOTES: (4, 5)}),
        (_of_nobody, {QUOTES: None}),
        (_as_of, {SCHEDULE: (20, 32)}),
        (_beside_another, {GRADES: (31, 33), PREDICTIONS: (20, 33)}),
        (_ever_here, {SCHEDULE: (20, 32)}),
        (_on_the_same_days, {QUOTES: (3, 4)}),
        (_of_both_sides, {QUOTES: (1, 3)}),
        (_through_a_window, {SCHEDULE: (20, 32)}),
        (_after_a_window, {SCHEDULE: EVER}),
        (_without, {QUOTES: (9, 9), GRADES: (9, 9)}),
        (_first_of_all, {QUOTES: EVER}),
        (_in_a_subquery, {SCHEDULE: (32, 32), QUOTES: (20, 32)}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_question_is_asked_of_no_other_days_than_it_must_be(
    work: Work, ids: IdDays, question: Callable[[Work], ir.Table], expected: dict[str, Any]
) -> None:
    bound: dict[str, Span] = {}
    found = work.fetch(spans(question(work), ids, bound))
    everything = work.fetch(question(work))
    assert sorted(found.to_pylist(), key=str) == sorted(everything.to_pylist(), key=str)
    told = {name: NOTHING if days is None else days if days is EVER else (day(days[0]), day(days[1])) for name, days in expected.items()}
    assert bound == told


def test_a_table_is_known_by_its_short_name_whatever_stands_before_its_dataset() -> None:
    assert len({table.short_name for table in ALL}) == len(ALL)
    for database, read in (("raw", 1), ("mine_raw", 1), ("ref", 0), ("unprocessed", 0)):
        space = ops.Namespace(catalog="a-project", database=database)
        schema = ibis.Schema.from_pyarrow(table_named(SCHEDULE).arrow_schema)
        assert len(dated(ops.DatabaseTable("schedule", schema=schema, source=None, namespace=space))[1]) == read


def test_rows_without_a_day_are_found_by_their_game(work: Work, ids: IdDays) -> None:
    found = work.fetch(spans(_by_games(work), ids, {}))
    assert "dayless" in found.column("event_id").to_pylist()


def test_the_days_of_an_id_grow_and_never_shrink() -> None:
    random = Random(7)
    ids = IdDays()
    told: dict[int, set[int]] = {}
    for _ in range(60):
        number, on = random.randrange(6), random.randrange(30)
        rows = told_by(arrow(SCHEDULE, [version(game(number), NOON, game_date=day(on), event_id=f"e{number}")]))
        ids.add(ids.news(rows))
        assert ids.news(rows).num_rows == 0, "what is on record is not put there again"
        told.setdefault(number, {number}).add(on)
        of_game = ids.of("game_id", [game(number)])
        assert of_game == (day(min(told[number])), day(max(told[number])))
        assert ids.of("event_id", [f"e{number}"])[0] >= of_game[0]


def test_an_id_that_names_its_day_is_not_put_on_record() -> None:
    rows = arrow(SCHEDULE, [version(game(3), NOON, game_date=day(3)), version("an id of a test", NOON, game_date=day(3))])
    assert told_by(rows).column("id").to_pylist() == ["an id of a test"]


@pytest.mark.parametrize(
    ("game_id", "named"), [("20251105_NYK_BOS", date(2025, 11, 5)), ("20251399_NYK_BOS", None), ("e001", None), ("20251105", None)]
)
def test_a_game_id_names_its_first_day(game_id: str, named: date | None) -> None:
    assert day_named(game_id) == named
