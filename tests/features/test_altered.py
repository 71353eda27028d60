"""Tables as altered as of a moment: what each probe does to rows, and what it leaves alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from features.raw_rows import Row, fill, row
from features.small_league import CORRECTED, CORRECTION_KNOWN, HERO, NIGHT
from tipoff.errors import BrokenInvariant
from tipoff.features.altered import AlteredWork, Around, Cut, Probe
from tipoff.features.trials import DELAY, REWRITING, TRUNCATION
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Work

AS_OF = datetime(2025, 12, 7, tzinfo=UTC)
"""The first tip of the night; the second is two hours later."""
TABLES = (
    "raw.schedule",
    "raw.player_box",
    "raw.odds_player_points",
    "raw.odds_game_lines",
    "raw.injuries",
)
PROBES = {probe.name: probe for trial in (TRUNCATION, REWRITING, DELAY) for probe in (*trial.before, *trial.after)}


@pytest.fixture(scope="module")
def work(league_warehouse: DuckDBWarehouse) -> Iterator[Work]:
    with league_warehouse.reading() as work:
        yield work


@pytest.fixture(scope="module")
def cut(work: Work) -> Cut:
    schedule = work.table("raw.schedule")
    tonight = work.fetch(schedule.filter(schedule.game_date == NIGHT).select("game_id").distinct()).column("game_id").to_pylist()
    return Cut(AS_OF, NIGHT, tuple(sorted(tonight)))


def rows(work: Work, cut: Cut, table: str, *probes: Probe) -> list[Row]:
    """A table's rows as altered."""
    altered = AlteredWork(work, Around(work, NIGHT, NIGHT), cut, lambda _name: probes)
    found: list[Row] = work.fetch(altered.table(table)).to_pylist()
    return found


def keyed(table: str, found: list[Row]) -> dict[tuple[object, ...], Row]:
    return {tuple(row[name] for name in table_named(table).key): row for row in found}


def moment(row: Row) -> datetime:
    told: datetime = max(row["known_at"], row.get("snapshot_at", row["known_at"]))
    return told


def known(found: list[Row]) -> list[Row]:
    return [row for row in found if moment(row) <= AS_OF]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", [name for name in PROBES if name != "timeless"])
def test_no_probe_makes_two_rows_of_one_key(work: Work, cut: Cut, table: str, name: str) -> None:
    probe = PROBES[name]
    if probe.applies(table_named(table)):
        found = rows(work, cut, table, probe)
        assert len(keyed(table, found)) == len(found) > 0


@pytest.mark.parametrize("table", TABLES)
def test_truncated_tables_are_those_that_were_known(work: Work, cut: Cut, table: str) -> None:
    now = rows(work, cut, table)
    assert keyed(table, rows(work, cut, table, PROBES["truncated"])) == keyed(table, known(now))
    assert len(known(now)) < len(now)


@pytest.mark.parametrize("table", TABLES)
def test_perturbed_rows_that_were_known_stay_and_all_later_ones_say_something_else(work: Work, cut: Cut, table: str) -> None:
    now, found = rows(work, cut, table), rows(work, cut, table, PROBES["perturbed"])
    assert keyed(table, known(found)) == keyed(table, known(now))
    later = [row for row in found if moment(row) > AS_OF]
    assert later
    assert not any(row in now for row in later)


@pytest.mark.parametrize("table", ["raw.schedule", "raw.player_box", "raw.injuries"])
def test_new_versions_are_of_known_facts_and_known_a_second_later(work: Work, cut: Cut, table: str) -> None:
    now, found = rows(work, cut, table), rows(work, cut, table, PROBES["new version"])
    added = [row for row in found if row not in now]
    fact_key = table_named(table).fact_key
    assert {row["known_at"] for row in added} == {AS_OF + timedelta(seconds=1)}
    assert {tuple(row[name] for name in fact_key) for row in added} <= {tuple(row[name] for name in fact_key) for row in known(now)}
    assert len(found) == len(now) + len(added)


def test_the_new_version_of_a_corrected_line_rests_on_the_correction(work: Work, cut: Cut) -> None:
    found = rows(work, cut, "raw.player_box", PROBES["new version"])
    versions = sorted((row["known_at"], row["points"]) for row in found if (row["player_lookup"], row["game_date"]) == (HERO, CORRECTED))
    assert [points for _, points in versions] == [24, 34, 3 * 34 + 7]
    assert versions[1][0] == CORRECTION_KNOWN


@pytest.mark.parametrize("table", ["raw.odds_player_points", "raw.odds_game_lines"])
@pytest.mark.parametrize("name", ["late quote", "in play"])
def test_added_quotes_stand_later_or_in_play_on_everybody_who_is_quoted(work: Work, cut: Cut, table: str, name: str) -> None:
    now, found = rows(work, cut, table), rows(work, cut, table, PROBES[name])
    added = [row for row in found if row not in now]
    assert added
    assert all(row["snapshot_at"] > AS_OF or row["snapshot_at"] >= row["commence_time"] for row in added)
    subject = "player_lookup" if table == "raw.odds_player_points" else "outcome"
    mains = [row for row in known(now) if row["game_date"] == NIGHT and row.get("is_main", True)]
    assert {(row["game_id"], row[subject]) for row in mains} == {
        (row["game_id"], row[subject]) for row in added if row["game_date"] == NIGHT
    }


def test_results_of_the_night_claim_to_have_been_known_and_are_not_what_they_were(work: Work, cut: Cut) -> None:
    now, found = rows(work, cut, "raw.player_box"), rows(work, cut, "raw.player_box", PROBES["own night"])
    tonight = [row for row in found if row["game_id"] in cut.to_come]
    assert tonight
    assert all(row["known_at"] < AS_OF for row in tonight)
    assert not any(row in now for row in tonight)
    assert [row for row in now if row["game_id"] not in cut.to_come] == [row for row in found if row["game_id"] not in cut.to_come]


@pytest.mark.parametrize("table", TABLES)
def test_delayed_rows_are_the_absent_ones_known_after_the_moment(work: Work, cut: Cut, table: str) -> None:
    now, absent = rows(work, cut, table), rows(work, cut, table, PROBES["absent"])
    delayed = rows(work, cut, table, PROBES["delayed"])
    gone = Counter(without_moment(row) for row in now) - Counter(without_moment(row) for row in absent)
    came = [row for row in delayed if row not in now]
    assert gone == Counter(without_moment(row) for row in came)
    assert sum(gone.values()) > 0
    assert all(row["known_at"] > AS_OF for row in came)
    assert len(delayed) == len(now)


def without_moment(row: Row) -> tuple[object, ...]:
    return tuple(value for name, value in row.items() if name != "known_at")


def test_columns_that_do_not_say_since_when_are_altered_whenever_the_row_was_known(work: Work, cut: Cut) -> None:
    now, found = rows(work, cut, "raw.player_box"), rows(work, cut, "raw.player_box", PROBES["timeless"])
    changed = {name for one, other in zip(now, found, strict=True) for name in one if one[name] != other[name]}
    assert changed == {"paint_fga", "mid_fga", "three_fga"}


def test_a_builder_that_writes_is_stopped(work: Work, cut: Cut) -> None:
    altered = AlteredWork(work, Around(work, NIGHT, NIGHT), cut, lambda _name: ())
    nothing = pa.table({"game_id": pa.array([], pa.string())})
    for attempt in (altered.merge, altered.annotate, altered.remove):
        with pytest.raises(BrokenInvariant, match=r"raw\.schedule was to be written"):
            attempt("raw.schedule", nothing)


def test_what_was_asked_for_is_on_record(work: Work) -> None:
    altered = AlteredWork(work, Around(work, NIGHT, NIGHT), Cut(AS_OF, date(2025, 12, 6), ()), lambda _name: ())
    altered.table("ref.sources")
    altered.as_of("raw.schedule", AS_OF)
    assert altered.asked == {"ref.sources", "raw.schedule"}


def late(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, tzinfo=UTC)


@pytest.fixture
def few(tmp_path: Path) -> DuckDBWarehouse:
    """Two shots of two days before the night, one of the day after it, and a player."""
    before, after = NIGHT - timedelta(days=2), NIGHT + timedelta(days=1)
    shots = [
        row(
            "raw.shots",
            game_id=f"{day:%Y%m%d}_NYK_BOS",
            action_id=number,
            game_date=day,
            zone=zone,
            made=True,
            points=2,
            known_at=late(day),
        )
        for number, (day, zone) in enumerate([(before, "paint"), (before, "mid"), (after, "three")])
    ]
    player = row("ref.players", player_lookup=HERO, name="Bos A", birth_date=date(1996, 1, 2), team="BOS", last_seen=NIGHT)
    return fill(tmp_path / "warehouse.duckdb", {"raw.shots": shots, "ref.players": [player]})


def test_shots_are_altered_by_their_own_moment(few: DuckDBWarehouse, cut: Cut) -> None:
    with few.reading() as work:
        assert len(rows(work, cut, "raw.shots", PROBES["truncated"])) == 2
        assert len(rows(work, cut, "raw.shots", PROBES["absent"])) == 1
        perturbed = {row["action_id"]: row for row in rows(work, cut, "raw.shots", PROBES["perturbed"])}
        delayed = rows(work, cut, "raw.shots", PROBES["delayed"])
    assert [(perturbed[number]["zone"], perturbed[number]["made"]) for number in range(3)] == [
        ("paint", True),
        ("mid", True),
        ("paint", False),
    ]
    assert len(delayed) == 3
    assert all(row["known_at"] > AS_OF for row in delayed)


def test_a_players_present_team_is_altered_and_his_birth_is_not(few: DuckDBWarehouse, cut: Cut) -> None:
    with few.reading() as work:
        [player] = rows(work, cut, "ref.players", *REWRITING.after)
    assert (player["team"], player["last_seen"]) == ("nobody", NIGHT + timedelta(days=30))
    assert (player["name"], player["birth_date"]) == ("Bos A", date(1996, 1, 2))
