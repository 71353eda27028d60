"""Shots beside box scores: whichever comes first, the zones beside the box score are counted from the shots on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from load.bench import SEEN, Bench, Tables
from load.benches import bench_maker
from load.wire import AWAY_MEN, HOME_MEN, TIP, box, payload, plays, schedule, scheduled, shot, stamp
from tipoff.scrape.records import Payload

TATUM, BROWN, REAVES, HAYES = 1628369, 1627759, 1630559, 1629637
NIGHT = TIP + timedelta(hours=2, minutes=40)
MORNING = TIP + timedelta(hours=14)
WAITING = {"raw.quarantine": "replayed_at"}


def final(**more: object) -> Payload:
    return payload(box(HOME_MEN, AWAY_MEN, **more), fetched_at=NIGHT)  # type: ignore[arg-type]


def told(*shots: dict[str, object], at: object = NIGHT, **more: object) -> Payload:
    return payload(plays(*shots, **more), fetched_at=at)  # type: ignore[arg-type]


SHOTS = (
    shot(7, TATUM, "J. Tatum"),
    shot(12, TATUM, "J. Tatum", area="In The Paint (Non-RA)", made=False),
    shot(15, TATUM, "J. Tatum", area="Mid-Range"),
    shot(21, TATUM, "J. Tatum", area="Above the Break 3", made=False),
    shot(34, REAVES, "A. Reaves", team="LAL", area="Left Corner 3"),
)


def zones(bench: Bench, lookup: str) -> tuple[float | None, ...]:
    row = bench.row("raw.player_box", player_lookup=lookup)
    return row["paint_fga"], row["mid_fga"], row["three_fga"]


def settled(bench: Bench) -> Tables:
    """What the tables say once everything that waited has had its second chance."""
    bench.replay()
    found = bench.tables("raw.shots", "raw.player_box", "ref.spellings", "ref.players", "ref.sources", without=("first_seen",))
    with bench.warehouse.reading() as work:
        rows = work.fetch(work.table("raw.quarantine")).to_pylist()
    return {**found, "waits": sorted((row["path"], row["rule"]) for row in rows if row["replayed_at"] is None)}


def test_the_zones_of_a_box_score_are_those_of_its_shots(bench: Bench) -> None:
    bench.load(final(), told(*SHOTS))
    assert zones(bench, "jaysontatum") == (2, 1, 1)
    assert zones(bench, "austinreaves") == (0, 0, 1)
    assert zones(bench, "jaylenbrown") == (0, 0, 0)
    assert zones(bench, "jaxsonhayes") == (None, None, None)  # without a second of court time
    first = bench.row("raw.shots", action_id=7)
    assert (first["game_id"], first["player_lookup"], first["zone"], first["made"], first["points"]) == (
        *("20251105_LAL_BOS", "jaysontatum", "paint"),
        *(True, 2),
    )
    assert (first["known_at"], first["known_at_assumed"]) == (NIGHT, False)


def test_without_play_by_play_the_zones_are_missing(bench: Bench) -> None:
    bench.load(final())
    assert zones(bench, "jaysontatum") == (None, None, None)
    assert [row["kind"] for row in bench.rows("ref.sources")] == ["box", "schedule"]


def test_play_by_play_is_supplied_from_its_first_day_on(bench: Bench) -> None:
    bench.load(final(), told(*SHOTS))
    row = bench.row("ref.sources", kind="shots")
    assert (row["source"], row["on_from"].isoformat(), row["on_until"]) == ("nba_cdn", "2025-11-05", None)


def test_shots_that_come_before_the_box_score_wait_for_it(bench: Bench) -> None:
    counts = bench.load(told(*SHOTS))
    assert (counts.set_apart, bench.rows("raw.shots")) == ({"no_game_yet": 5}, [])
    bench.load(payload(schedule(scheduled())))
    bench.replay()
    assert {row["rule"] for row in bench.rows("raw.quarantine", replayed_at=None)} == {"unresolved_name"}
    bench.load(final())
    bench.replay()
    assert zones(bench, "jaysontatum") == (2, 1, 1)
    assert bench.rows("raw.quarantine", replayed_at=None) == []


@pytest.mark.parametrize("game_first", [True, False])
def test_a_name_says_how_many_shots_wait_for_it_whether_or_not_they_waited_for_their_game_before(bench: Bench, game_first: bool) -> None:
    documents = [payload(schedule(scheduled())), told(*SHOTS)]
    for document in documents if game_first else documents[::-1]:
        bench.load(document)
    bench.replay()
    assert {row["name"]: row["rows_waiting"] for row in bench.rows("ref.unresolved_names")} == {"J. Tatum": 4, "A. Reaves": 1}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_in_whatever_order_schedule_box_score_and_shots_come_the_tables_are_the_same(
    new_bench: Callable[[], Bench], order: tuple[int, ...]
) -> None:
    documents = (payload(schedule(scheduled())), final(), told(*SHOTS))
    at_once, one_by_one = new_bench(), new_bench()
    at_once.load(*documents)
    for number in order:
        one_by_one.load(documents[number])
    assert settled(one_by_one) == settled(at_once)


def test_what_the_league_takes_back_is_no_shot_any_more(bench: Bench) -> None:
    """A shot that the night's document had, and the morning's has not; another went to somebody else."""
    corrected = (*SHOTS[:3], shot(21, BROWN, "J. Brown", area="Above the Break 3", made=False))
    bench.load(final(), told(*SHOTS))
    bench.load(told(*corrected, at=MORNING))
    assert [row["action_id"] for row in bench.rows("raw.shots")] == [12, 15, 21, 7]
    assert zones(bench, "jaysontatum") == (2, 1, 0)
    assert zones(bench, "jaylenbrown") == (0, 0, 1)
    assert zones(bench, "austinreaves") == (0, 0, 0)


@given(st.permutations(range(5)))
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_of_several_play_by_plays_the_newest_holds_whatever_the_order(tmp_path_factory: pytest.TempPathFactory, order: list[int]) -> None:
    documents = (
        final(),
        told(*SHOTS),
        told(*SHOTS[:2], at=NIGHT + timedelta(hours=1)),
        told(*SHOTS[1:], at=MORNING),
        told(*SHOTS, over_at=None, at=MORNING + timedelta(hours=1)),
    )
    bench = bench_maker(tmp_path_factory.mktemp("order") / "bench")
    for number in order:
        bench.load(documents[number])
    bench.replay()
    assert [row["action_id"] for row in bench.rows("raw.shots")] == [12, 15, 21, 34]
    assert {row["known_at"] for row in bench.rows("raw.shots")} == {MORNING}
    assert zones(bench, "jaysontatum") == (1, 1, 1)
    assert [row["rule"] for row in bench.rows("raw.quarantine", replayed_at=None)] == ["game_not_over"]


def test_play_by_play_that_is_fetched_later_counts_as_known_three_hours_after_the_tip(bench: Bench) -> None:
    bench.load(final(), told(*SHOTS, at=SEEN))
    assert {(row["known_at"], row["known_at_assumed"]) for row in bench.rows("raw.shots")} == {(TIP + timedelta(hours=3), True)}


def test_play_by_play_out_of_a_folder_is_known_when_its_game_ended(bench: Bench) -> None:
    bench.load(final(), payload(plays(*SHOTS)))
    ended = TIP + timedelta(hours=2, minutes=20)
    assert {(row["known_at"], row["known_at_assumed"]) for row in bench.rows("raw.shots")} == {(ended, False)}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_game_put_off_takes_its_shots_along(new_bench: Callable[[], Bench], order: tuple[int, ...]) -> None:
    """First told of for 5 November, played three days later under the same id of the league."""
    later = TIP + timedelta(days=3)
    ended = stamp(later + timedelta(hours=2, minutes=20))
    late = plays(*SHOTS)
    late["game"]["actions"][-1]["timeActual"] = ended
    documents = (
        payload(schedule(scheduled(status=1, text="PPD")), fetched_at=TIP - timedelta(hours=3)),
        payload(box(HOME_MEN, AWAY_MEN, tip=later), fetched_at=later + timedelta(hours=3)),
        payload(late, fetched_at=later + timedelta(hours=4)),
    )
    bench = new_bench()
    for number in order:
        bench.load(documents[number])
    bench.replay()
    assert {row["game_id"] for row in bench.rows("raw.shots")} == {"20251108_LAL_BOS"}
    assert {(row["known_at"], row["known_at_assumed"]) for row in bench.rows("raw.shots")} == {(later + timedelta(hours=4), False)}
    assert zones(bench, "jaysontatum") == (2, 1, 1)


def test_shots_loaded_under_the_day_first_told_move_when_the_game_was_put_off(bench: Bench) -> None:
    """The men are known from a week before; the play-by-play comes while only the first day is on record."""
    later = TIP + timedelta(days=3)
    bench.load(payload(box(HOME_MEN, AWAY_MEN, league_id="0022500055", tip=TIP - timedelta(days=7))))
    bench.load(payload(schedule(scheduled()), fetched_at=TIP - timedelta(hours=3)))
    bench.load(told(*SHOTS, at=later + timedelta(hours=4)))
    assert {row["game_id"] for row in bench.rows("raw.shots")} == {"20251105_LAL_BOS"}
    assert {row["known_at_assumed"] for row in bench.rows("raw.shots")} == {True}
    bench.load(payload(box(HOME_MEN, AWAY_MEN, tip=later), fetched_at=later + timedelta(hours=3)))
    assert {row["game_id"] for row in bench.rows("raw.shots")} == {"20251108_LAL_BOS"}
    assert {row["known_at_assumed"] for row in bench.rows("raw.shots")} == {False}
    assert bench.row("raw.player_box", game_id="20251108_LAL_BOS", player_lookup="jaysontatum")["paint_fga"] == 2
