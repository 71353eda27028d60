"""The schedule as arrays, against the words of the rule: in force at a moment, in versions, and as a game was played."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from features.compiled import Compiled
from features.raw_rows import Row, schedule_row
from tipoff.analyze.history import newest_schedule
from tipoff.analyze.past import NEVER
from tipoff.analyze.schedule import Schedule
from tipoff.store.tables import table_named

DAY = date(2025, 11, 5)
TIP = datetime(2025, 11, 6, 0, 30, tzinfo=UTC)
SCHEMA = pa.schema([field for field in table_named("raw.schedule").arrow_schema if field.name not in ("written_at", "run_id")])
newest_of = Compiled(SCHEMA, newest_schedule)
drawn = st.lists(
    st.tuples(
        st.sampled_from(["NYK", "MIA", "NYK moved"]),
        st.integers(-3, 12),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["scheduled", "postponed"]),
        st.integers(-2, 2),
    ),
    max_size=40,
)
Draws = list[tuple[str, int, bool, bool, str, int]]


def rows_of(draws: Draws) -> list[Row]:
    """Versions of two games: hours before the tip when known, by the league or not, assumed or not, a status, hours that the tip moved.
    One of them may move to the next day, and back."""
    found: dict[tuple[str, int], Row] = {}
    for where, hours, own, assumed, status, moved in draws:
        home, later = where[:3], timedelta(days="moved" in where)
        more = {"league_game_id": f"own {home}" if own else None, "known_at_assumed": assumed, "status": status}
        tip = TIP + timedelta(hours=moved) + later
        found[where, hours] = schedule_row(DAY + later, "BOS", home, tip, TIP - timedelta(hours=hours, minutes=7), **more)
    return list(found.values())


def schedule_of(rows: list[Row]) -> Schedule:
    return Schedule.of(pa.Table.from_pylist(rows, schema=SCHEMA))


def in_force(rows: list[Row]) -> dict[str, Row]:
    """Of each game the league's own word, then what is on record, then the newest; one that a newer word says is another is postponed."""
    found: dict[str, Row] = {}
    for row in rows:
        mine = [other for other in rows if other["game_id"] == row["game_id"]]
        own = [other for other in mine if other["league_game_id"]] or mine
        recorded = [other for other in own if not other["known_at_assumed"]] or own
        found[row["game_id"]] = max(recorded, key=lambda other: other["known_at"])
    return {game: {**row, "status": "postponed"} if _has_moved(row, rows) else row for game, row in found.items()}


def _has_moved(row: Row, rows: list[Row]) -> bool:
    """Whether the newest word on the league's id of those that are no weaker is of another game; of two of one moment the later game's."""
    words = [other for other in rows if row["league_game_id"] and other["league_game_id"] == row["league_game_id"]]
    strong = [other for other in words if row["known_at_assumed"] or not other["known_at_assumed"]]
    return bool(strong) and max(strong, key=lambda other: (other["known_at"], other["game_id"]))["game_id"] != row["game_id"]


def micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


Told = dict[str, tuple[bool, datetime]]


def told(schedule: Schedule, places: Iterable[int]) -> Told:
    """By game whether it is off, and its tip."""
    rows = schedule.table.take(pa.array([int(place) for place in places], pa.int64())).to_pylist()
    assert [row["status"] == "postponed" for row in rows] == [bool(schedule.called_off[place]) for place in places]
    return told_of({row["game_id"]: row for row in rows})


def told_of(rows: Mapping[str, Row]) -> Told:
    return {game: (row["status"] == "postponed", row["commence_time"]) for game, row in rows.items()}


@settings(max_examples=60)
@given(drawn, st.integers(-3, 13))
def test_the_version_in_force_at_a_moment_is_the_one_picked_of_what_is_known_by_then(draws: Draws, hours: int) -> None:
    rows, at = rows_of(draws), TIP - timedelta(hours=hours)
    schedule = schedule_of(rows)
    place, until = schedule.versions
    standing = [int(version) for version, end in zip(place, until, strict=True) if schedule.known[version] <= micros(at) < end]
    expected = in_force([row for row in rows if row["known_at"] <= at])
    assert told(schedule, standing) == told_of(expected)
    assert len(standing) == len(expected)
    assert all(end == NEVER or end >= schedule.known[version] for version, end in zip(place, until, strict=True))


@settings(max_examples=60)
@given(drawn)
def test_the_newest_schedule_is_the_same_as_an_expression_and_as_arrays(draws: Draws) -> None:
    rows = rows_of(draws)
    schedule = schedule_of(rows)
    newest = schedule.newest(np.ones(len(schedule.game), dtype=np.bool_))
    assert told(schedule, newest) == told_of({row["game_id"]: row for row in newest_of(rows)}) == told_of(in_force(rows))


@settings(max_examples=60)
@given(drawn)
def test_a_game_was_played_as_it_stood_when_it_tipped_and_else_as_it_was_told_first(draws: Draws) -> None:
    rows = rows_of(draws)
    schedule = schedule_of(rows)
    timely = in_force([row for row in rows if row["known_at"] <= row["commence_time"]])
    for code, version in enumerate(schedule.as_played):
        game = schedule.names.texts[code].as_py()
        late = [row for row in rows if row["game_id"] == game]
        expected = timely[game] if game in timely else min(late, key=lambda row: row["known_at"])
        assert schedule.tip[version] == micros(expected["commence_time"])


@settings(max_examples=60)
@given(drawn, st.integers(1, 9), st.integers(-2, 0))
def test_no_later_word_about_the_past_moves_a_game_that_has_been_played(draws: Draws, hours: int, moved: int) -> None:
    rows = rows_of(draws)
    if not rows:
        return
    last = max(TIP + timedelta(hours=2), *(row["known_at"] for row in rows))
    later = {**rows[0], "league_game_id": "own", "commence_time": TIP + timedelta(hours=moved), "known_at": last + timedelta(hours=hours)}
    before, after = schedule_of(rows), schedule_of([*rows, later])
    assert before.tip[before.as_played].tolist() == after.tip[after.as_played].tolist()


@settings(max_examples=200)
@given(drawn, st.sampled_from([0, 60, 150]), st.none() | st.integers(-3, 13))
def test_each_game_is_as_of_a_moment_so_long_before_its_tip_at_which_its_version_was_in_force(
    draws: Draws, minutes: int, hours: int | None
) -> None:
    """Whatever is learnt later of another tip, no version is used before it is known."""
    rows, before = rows_of(draws), timedelta(minutes=minutes)
    asked = None if hours is None else TIP - timedelta(hours=hours)
    wanted = pa.array(sorted({row["game_id"] for row in rows}), pa.string())
    found = schedule_of(rows).as_of(wanted, None if asked is None else micros(asked), before // timedelta(microseconds=1))
    for game in found.to_pylist():
        assert game["known_at"] <= game["as_of"] <= game["tip"] - before
        assert asked is None or game["as_of"] <= asked
        [standing] = in_force([row for row in rows if row["game_id"] == game["game_id"] and row["known_at"] <= game["as_of"]]).values()
        assert (standing["known_at"], standing["commence_time"]) == (game["known_at"], game["tip"])
        assert standing["status"] == "scheduled"


def test_a_schedule_without_rows_has_no_games() -> None:
    schedule = schedule_of([])
    assert schedule.as_of(pa.array(["20251105_BOS_NYK"], pa.string()), None).num_rows == 0
    assert schedule.as_played.tolist() == []
    assert [part.tolist() for part in schedule.versions] == [[], []]
