"""The day plan: what is run when, as a pure function of the tips; and what of it is due."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.clock import game_date_of, local_instant
from tipoff.flow.day import Task, day_plan, narrowed, tasks_due
from tipoff.flow.plan import PlannedGame, quote_moments

DAY = date(2025, 11, 5)
EARLY = PlannedGame("20251105_PHI_CLE", local_instant(DAY, time(19, 0)))
LATE = PlannedGame("20251105_OKC_LAC", local_instant(DAY, time(22, 30)))
SLATE = [EARLY, LATE]
TEAMS = [f"T{number:02d}" for number in range(30)]
CLOCKS_CHANGE = (date(2025, 11, 2), date(2026, 3, 8))


def _at(tasks: list[Task], feed: str) -> list[datetime]:
    return [task.at for task in tasks if task.feed == feed]


def _of(tasks: list[Task], feed: str, game: str) -> list[Task]:
    return [task for task in tasks if task.feed == feed and game in task.game_ids]


@st.composite
def slates(draw: st.DrawFn) -> tuple[date, list[PlannedGame]]:
    """A day, among them those on which the clocks change, and games with tips at any minute from noon to midnight."""
    day = draw(st.one_of(st.sampled_from(CLOCKS_CHANGE), st.dates(date(2025, 10, 21), date(2026, 6, 20))))
    minutes = draw(st.lists(st.integers(12 * 60, 24 * 60 - 1), min_size=1, max_size=15))
    games = [
        PlannedGame(f"{day:%Y%m%d}_{TEAMS[2 * place]}_{TEAMS[2 * place + 1]}", local_instant(day, time(minute // 60, minute % 60)))
        for place, minute in enumerate(minutes)
    ]
    return day, games


@given(slates())
def test_every_game_has_one_last_call_before_its_tip_and_after_its_last_quotes(slate: tuple[date, list[PlannedGame]]) -> None:
    day, games = slate
    tasks = day_plan(day, games)
    for game in games:
        [call] = _of(tasks, "slate:last_call", game.game_id)
        assert quote_moments(day, game.tip)[-1] < call.at < game.tip
        assert call.until is not None
        assert call.at < call.until <= game.tip


@given(slates())
def test_no_slate_task_holds_a_game_whose_last_call_has_come(slate: tuple[date, list[PlannedGame]]) -> None:
    day, games = slate
    tasks = day_plan(day, games)
    called = {game: task.at for task in tasks if task.run_mode == "last_call" for game in task.game_ids}
    others = [task for task in tasks if task.kind == "slate" and task.run_mode != "last_call"]
    assert all(task.at < called[game] for task in others for game in task.game_ids)


@given(slates())
def test_every_game_is_graded_after_its_tip_and_again_on_two_mornings(slate: tuple[date, list[PlannedGame]]) -> None:
    day, games = slate
    tasks = day_plan(day, games)
    for game in games:
        graded = [task.at for task in _of(tasks, "grade", game.game_id)]
        assert timedelta(hours=2, minutes=45) <= graded[0] - game.tip < timedelta(hours=3)
        assert graded[1:] == [local_instant(day + timedelta(days=later), time(9, 15)) for later in (1, 3)]


@given(slates())
def test_the_plan_is_sorted_does_not_depend_on_the_order_of_games_and_no_two_records_of_it_clash(
    slate: tuple[date, list[PlannedGame]],
) -> None:
    day, games = slate
    tasks = day_plan(day, games)
    assert tasks == sorted(tasks) == day_plan(day, reversed(games))
    assert len({task.key for task in tasks}) == len(tasks)


def test_the_first_run_follows_the_first_quotes_of_the_day() -> None:
    [first] = _at(day_plan(DAY, SLATE), "slate:first")
    assert timedelta() < first - local_instant(DAY, time(10, 0)) <= timedelta(minutes=5)


def test_retries_come_every_half_hour_until_the_last_call() -> None:
    retries = _at(day_plan(DAY, SLATE), "slate:retry")
    assert retries[0] == local_instant(DAY, time(10, 35))
    assert retries[-1] == local_instant(DAY, time(22, 5))
    assert {later - earlier for earlier, later in pairwise(retries)} == {timedelta(minutes=30)}


def test_enrichment_comes_at_18_40_utc_for_the_games_that_have_not_begun() -> None:
    matinee = PlannedGame("20251105_NYK_BOS", local_instant(DAY, time(12, 0)))
    [task] = [task for task in day_plan(DAY, [*SLATE, matinee]) if task.run_mode == "line_update"]
    assert task.at == datetime(2025, 11, 5, 18, 40, tzinfo=UTC)
    assert task.game_ids == (EARLY.game_id, LATE.game_id)


def test_the_final_retry_comes_an_hour_before_the_first_tip() -> None:
    assert _at(day_plan(DAY, SLATE), "slate:final_retry") == [EARLY.tip - timedelta(hours=1)]


def test_a_tip_at_half_past_midnight_utc_belongs_to_the_evening_before() -> None:
    tip = datetime(2025, 11, 6, 0, 30, tzinfo=UTC)
    assert game_date_of(tip) == DAY
    tasks = day_plan(DAY, [PlannedGame("20251105_LAL_BOS", tip)])
    assert _at(tasks, "slate:last_call") == [tip - timedelta(minutes=6)]
    assert _at(tasks, "slate:first") == [local_instant(DAY, time(10, 5))]


@pytest.mark.parametrize("day", CLOCKS_CHANGE)
def test_on_a_day_when_the_clocks_change_the_moments_are_new_yorks(day: date) -> None:
    tasks = day_plan(day, [PlannedGame(f"{day:%Y%m%d}_LAL_BOS", local_instant(day, time(19, 0)))])
    assert _at(tasks, "slate:first") == [local_instant(day, time(10, 5))]
    assert _at(tasks, "slate:last_call") == [local_instant(day, time(18, 54))]
    assert _at(tasks, "slate:line_update") == [datetime.combine(day, time(18, 40), UTC)]


def test_a_tip_that_moved_moves_its_last_call_and_its_grading() -> None:
    later = PlannedGame(EARLY.game_id, EARLY.tip + timedelta(hours=1))
    before, after = (_of(day_plan(DAY, [game, LATE]), "slate:last_call", EARLY.game_id) for game in (EARLY, later))
    assert after[0].at - before[0].at == timedelta(hours=1)
    assert _of(day_plan(DAY, [later]), "grade", EARLY.game_id)[0].at == later.tip + timedelta(hours=2, minutes=45)


def test_a_game_that_tips_before_the_morning_has_its_first_run_before_it() -> None:
    tasks = day_plan(DAY, [PlannedGame("20251105_LAL_BOS", local_instant(DAY, time(9, 0)))])
    assert [task.feed for task in tasks if task.kind == "slate"] == ["slate:first", "slate:last_call"]


@pytest.mark.parametrize("day", [DAY, date(2025, 11, 3)])
def test_a_day_without_games_runs_nothing(day: date) -> None:
    assert day_plan(day, [], game_days={day - timedelta(days=1)}) == []


class TestRefits:
    """A season that pauses from 13 to 18 February 2026, a Friday to a Wednesday."""

    PLAYED = frozenset(
        day for day in (date(2026, 1, 1) + timedelta(days=number) for number in range(90)) if not 13 <= day.day <= 18 or day.month != 2
    )

    def _refits(self, days: frozenset[date] | None, refitted: date | None = None) -> list[date]:
        every = [date(2026, 2, 1) + timedelta(days=number) for number in range(35)]
        found = []
        for day in every:
            games = [PlannedGame(f"{day:%Y%m%d}_LAL_BOS", local_instant(day, time(19, 0)))] if day in (days or self.PLAYED) else []
            if any(task.kind == "train" for task in day_plan(day, games, game_days=days, refitted=refitted)):
                found.append(day)
        return found

    def test_a_refit_comes_every_monday_morning_and_after_a_break_once_two_nights_are_graded(self) -> None:
        assert self._refits(self.PLAYED) == [
            date(2026, 2, 2),
            date(2026, 2, 9),
            date(2026, 2, 21),
            date(2026, 2, 23),
            date(2026, 3, 2),
        ]

    def test_where_monday_has_no_games_the_next_game_day_has_the_refit(self) -> None:
        assert self._refits(self.PLAYED - {date(2026, 2, 9)})[1] == date(2026, 2, 10)

    def test_nothing_new_is_fitted_on_a_monday_before_two_nights_are_graded(self) -> None:
        late = self.PLAYED - {date(2026, 2, 19), date(2026, 2, 20), date(2026, 2, 21), date(2026, 2, 22)}
        assert [day for day in self._refits(late) if day > date(2026, 2, 12)] == [date(2026, 2, 25), date(2026, 3, 2)]

    def test_a_refit_after_a_break_that_was_missed_comes_a_night_later(self) -> None:
        assert date(2026, 2, 22) in self._refits(self.PLAYED, refitted=date(2026, 2, 9))
        assert date(2026, 2, 22) not in self._refits(self.PLAYED, refitted=date(2026, 2, 21))

    def test_a_monday_that_was_missed_is_made_up_the_next_morning(self) -> None:
        assert self._refits(self.PLAYED, refitted=date(2026, 2, 9))[:5] == [
            date(2026, 2, 2),
            date(2026, 2, 9),
            date(2026, 2, 21),
            date(2026, 2, 22),
            date(2026, 2, 23),
        ]
        games = [PlannedGame("20260203_LAL_BOS", local_instant(date(2026, 2, 3), time(19, 0)))]
        [task] = [
            task for task in day_plan(date(2026, 2, 3), games, game_days=self.PLAYED, refitted=date(2026, 1, 26)) if task.kind == "train"
        ]
        assert "missed" in task.why

    def test_a_season_that_begins_is_a_break(self) -> None:
        season = frozenset(day for day in self.PLAYED if day >= date(2026, 2, 3))
        assert self._refits(season)[:2] == [date(2026, 2, 5), date(2026, 2, 9)]

    def test_a_refit_is_over_hours_before_the_first_tip(self) -> None:
        day = date(2026, 2, 2)
        [task] = [
            task for task in day_plan(day, [PlannedGame("20260202_LAL_BOS", local_instant(day, time(19, 0)))]) if task.kind == "train"
        ]
        assert (task.at, task.until) == (local_instant(day, time(7, 0)), local_instant(day, time(17, 0)))


class TestDue:
    TASKS = day_plan(DAY, SLATE)

    def test_after_a_sleep_the_newest_runs_and_the_older_ones_are_missed(self) -> None:
        chosen, missed = tasks_due(self.TASKS, local_instant(DAY, time(14, 7)), set())
        assert [task.feed for task in chosen] == ["slate:line_update"]
        assert {"slate:first", "slate:retry", "slate:line_check"} == {task.feed for task in missed}

    def test_a_retry_gives_way_to_any_other_and_runs_where_it_is_alone(self) -> None:
        done = {task.key for task in self.TASKS if task.at < local_instant(DAY, time(15, 1))}
        chosen, _ = tasks_due(self.TASKS, local_instant(DAY, time(15, 7)), done)
        assert [task.feed for task in chosen] == ["slate:retry"]
        chosen, missed = tasks_due(self.TASKS, local_instant(DAY, time(15, 12)), done)
        assert [task.feed for task in chosen] == ["slate:line_check"]
        assert [task.feed for task in missed] == ["slate:retry"]

    def test_a_last_call_leaves_the_other_games_to_the_task_before_it(self) -> None:
        chosen, _ = tasks_due(self.TASKS, local_instant(DAY, time(18, 56)), set())
        assert [(task.feed, task.game_ids) for task in chosen] == [
            ("slate:final_retry", (LATE.game_id,)),
            ("slate:last_call", (EARLY.game_id,)),
        ]

    def test_a_task_with_a_lower_gate_is_not_lost_to_a_later_one_with_a_higher(self) -> None:
        """Tips at ten past the hour: the hourly line check falls on the same look as the final retry."""
        game = PlannedGame("20251105_OKC_LAC", local_instant(DAY, time(19, 10)))
        tasks = [task for task in day_plan(DAY, [game]) if local_instant(DAY, time(18, 6)) <= task.at <= local_instant(DAY, time(18, 10))]
        assert {task.run_mode for task in tasks} == {"final_retry", "line_check"}
        chosen, _ = tasks_due(tasks, local_instant(DAY, time(18, 10)), set())
        assert [task.run_mode for task in chosen] == ["final_retry"]

    def test_what_has_no_use_any_more_is_missed(self) -> None:
        chosen, missed = tasks_due(self.TASKS, LATE.tip + timedelta(hours=12), set())
        assert [(task.kind, task.game_ids) for task in chosen] == [("grade", (EARLY.game_id, LATE.game_id))]
        assert {task.kind for task in missed} == {"slate", "grade"}

    @given(st.lists(st.integers(0, 4 * 24 * 60), min_size=1, max_size=12))
    def test_however_often_somebody_looks_each_task_is_run_or_missed_once(self, looks: list[int]) -> None:
        done: set[tuple[str, str, datetime]] = set()
        met: Counter[tuple[str, str, datetime]] = Counter()
        morning = local_instant(DAY, time(6, 0))
        for minutes in sorted(looks):
            chosen, missed = tasks_due(self.TASKS, morning + timedelta(minutes=minutes), done)
            met.update(task.key for task in (*chosen, *missed))
            done |= {task.key for task in (*chosen, *missed)}
        assert met == Counter(task.key for task in self.TASKS if task.at <= morning + timedelta(minutes=max(looks)))

    @given(slates(), st.integers(0, 2000))
    def test_at_a_look_no_game_is_run_twice_and_none_that_waits_is_left_out(
        self, slate: tuple[date, list[PlannedGame]], minutes: int
    ) -> None:
        day, games = slate
        now = local_instant(day, time(6, 0)) + timedelta(minutes=minutes)
        tasks = day_plan(day, games)
        chosen, _ = tasks_due(tasks, now, set())
        counted = Counter((task.kind, game) for task in chosen for game in task.game_ids)
        alive = [task for task in tasks if task.at <= now and (task.until is None or now < task.until)]
        assert counted == Counter({(task.kind, game) for task in alive for game in task.game_ids})


def test_a_retry_is_for_the_games_that_wait_and_for_nobody_else() -> None:
    [retry, *_] = [task for task in day_plan(DAY, SLATE) if task.run_mode == "retry"]
    [first] = [task for task in day_plan(DAY, SLATE) if task.run_mode == "first"]
    assert (found := narrowed(retry, {LATE.game_id})) is not None
    assert found.game_ids == (LATE.game_id,)
    assert found.key == retry.key
    assert narrowed(retry, set()) is None
    assert narrowed(first, set()) == first
