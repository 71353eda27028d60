"""The capture plan: what is asked when, as a pure function of the slate."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.clock import local_instant
from tipoff.config import Settings
from tipoff.flow.plan import BOX_UNTIL, BUZZER, Ask, PlannedGame, capture_plan, cost, due, quote_moments

DAY = date(2025, 11, 5)
SETTINGS = Settings()
EARLY = PlannedGame("20251105_PHI_CLE", local_instant(DAY, time(19, 0)))
LATE = PlannedGame("20251105_OKC_LAC", local_instant(DAY, time(22, 30)))


def _minutes_before(tip: datetime, moments: list[datetime]) -> list[float]:
    return [(tip - moment).total_seconds() / 60 for moment in moments]


def test_quotes_are_asked_for_every_half_hour_and_every_ten_minutes_in_the_last_thirty() -> None:
    before = _minutes_before(EARLY.tip, quote_moments(DAY, EARLY.tip))
    assert before[:2] == [540, 510]
    assert before[-4:] == [60, 30, 20, 10]


@given(st.integers(0, 24 * 60 - 1))
def test_the_close_is_within_fifteen_minutes_of_any_tip_and_no_two_quotes_are_further_apart_than_half_an_hour(minute: int) -> None:
    tip = local_instant(DAY, time(minute // 60, minute % 60))
    moments = quote_moments(DAY, tip)
    assert moments == sorted(moments)
    assert 0 < _minutes_before(tip, moments)[-1] <= 15
    assert all(later - earlier <= timedelta(minutes=30) for earlier, later in pairwise(moments))


def test_a_sparser_cadence_still_has_the_close() -> None:
    def before(minutes: int, feed: str) -> list[float]:
        asks = capture_plan(DAY, [EARLY], SETTINGS.model_copy(update={"capture_minutes": minutes}))
        return _minutes_before(EARLY.tip, [ask.at for ask in asks if ask.feed == feed])

    assert before(180, "props") == [540, 360, 180, 10]
    assert before(180, "injuries") == [540, 450, 360, 270, 180, 90, 0]
    assert before(60, "props") == [*range(540, 30, -60), 30, 20, 10]


def test_game_lines_of_all_games_come_in_one_document() -> None:
    asks = capture_plan(DAY, [EARLY, LATE], SETTINGS)
    lines = [ask for ask in asks if ask.feed == "lines"]
    props = [ask for ask in asks if ask.feed == "props"]
    assert {ask.game_id for ask in lines} == {""}
    assert {ask.at for ask in lines} == {ask.at for ask in props}
    assert len({ask.at for ask in lines}) == len(lines)


def test_the_price_is_markets_times_regions_a_call_and_twelve_books_count_as_two_regions() -> None:
    asks = capture_plan(DAY, [EARLY], SETTINGS)
    assert {ask.credits for ask in asks if ask.feed == "props"} == {2}
    assert {ask.credits for ask in asks if ask.feed == "lines"} == {6}
    assert cost(asks) == 8 * len(quote_moments(DAY, EARLY.tip))
    with_alternates = capture_plan(DAY, [EARLY], SETTINGS.model_copy(update={"alternates": True}))
    assert {ask.credits for ask in with_alternates if ask.feed == "props"} == {4}


def test_box_scores_are_asked_for_from_the_buzzer_until_final_and_again_on_two_mornings() -> None:
    asks = [ask for ask in capture_plan(DAY, [LATE], SETTINGS) if ask.feed == "box"]
    night = [ask.at for ask in asks if ask.until_final]
    mornings = [ask.at for ask in asks if not ask.until_final]
    assert min(night) == LATE.tip + BUZZER
    assert max(night) <= LATE.tip + BOX_UNTIL
    assert mornings == [local_instant(date(2025, 11, 6), time(9, 0)), local_instant(date(2025, 11, 8), time(9, 0))]


def test_injuries_are_asked_for_every_quarter_of_an_hour_to_the_last_tip() -> None:
    moments = [ask.at for ask in capture_plan(DAY, [EARLY, LATE], SETTINGS) if ask.feed == "injuries"]
    assert moments[0] == local_instant(DAY, time(10, 0))
    assert moments[-1] == LATE.tip
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(minutes=15)}


def test_play_by_play_is_asked_for_once_the_box_score_is_final_and_again_the_next_morning() -> None:
    asks = [ask for ask in capture_plan(DAY, [LATE], SETTINGS) if ask.feed == "shots"]
    assert [ask.at for ask in asks] == [LATE.tip + BUZZER, local_instant(date(2025, 11, 6), time(9, 0))]
    assert all(ask.after_final and not ask.until_final and ask.credits == 0 for ask in asks)


def test_rosters_are_asked_for_on_the_morning_of_those_who_play_and_have_none_of_the_last_week() -> None:
    asks = [ask for ask in capture_plan(DAY, [EARLY, LATE], SETTINGS, {"PHI", "OKC", "BOS"}) if ask.feed == "roster"]
    assert [(ask.game_id, ask.at) for ask in asks] == [(team, local_instant(DAY, time(8, 30))) for team in ("OKC", "PHI")]
    assert not [ask for ask in capture_plan(DAY, [EARLY, LATE], SETTINGS) if ask.feed == "roster"]


@pytest.mark.parametrize(
    ("settings", "feeds"),
    [
        ({}, {"shots", "roster"}),
        ({"play_by_play": False}, {"roster"}),
        ({"rosters": False}, {"shots"}),
        ({"sources": ("odds_api", "nba_stats")}, {"shots"}),
        ({"sources": ("odds_api", "espn")}, {"roster"}),
        ({"sources": ("odds_api", "balldontlie")}, set()),
    ],
)
def test_what_is_switched_off_or_has_no_source_is_not_asked_for(settings: dict[str, Any], feeds: set[str]) -> None:
    asks = capture_plan(DAY, [EARLY], SETTINGS.model_copy(update=settings), {"PHI", "CLE"})
    assert {ask.feed for ask in asks} & {"shots", "roster"} == feeds


def test_a_day_without_games_asks_for_its_schedule_once() -> None:
    asks = capture_plan(DAY, [], SETTINGS)
    assert [ask.feed for ask in asks] == ["schedule"]
    assert cost(asks) == 0


def test_the_plan_does_not_depend_on_the_order_of_the_games() -> None:
    assert capture_plan(DAY, [LATE, EARLY], SETTINGS) == capture_plan(DAY, [EARLY, LATE], SETTINGS)


def test_the_night_when_the_clocks_change_still_has_its_closes() -> None:
    day = date(2025, 11, 2)  # clocks went back at 2:00
    asks = capture_plan(day, [PlannedGame("20251102_NOP_OKC", local_instant(day, time(19, 0)))], SETTINGS)
    first = min(ask.at for ask in asks if ask.feed == "props")
    assert first == datetime(2025, 11, 2, 15, 0, tzinfo=UTC)  # 10:00 in New York, by then on standard time


class TestDue:
    NOON = datetime(2025, 11, 5, 17, 0, tzinfo=UTC)

    def _asks(self) -> list[Ask]:
        return [Ask(self.NOON + timedelta(minutes=30 * k), "props", game) for k in range(-3, 3) for game in ("a", "b")]

    def test_of_moments_that_passed_only_the_newest_of_each_game_is_asked(self) -> None:
        chosen, passed = due(self._asks(), self.NOON, set())
        assert [(ask.at, ask.game_id) for ask in chosen] == [(self.NOON, "a"), (self.NOON, "b")]
        assert len(passed) == 6

    def test_what_was_asked_is_not_asked_again(self) -> None:
        done = {("props", game, self.NOON - timedelta(minutes=30 * k)) for game in ("a", "b") for k in range(4)}
        assert due(self._asks(), self.NOON, done) == ([], [])

    @given(st.lists(st.integers(-180, 240), min_size=1, max_size=8))
    def test_however_often_somebody_looks_each_moment_is_asked_or_missed_once(self, looks: list[int]) -> None:
        done: set[tuple[str, str, datetime]] = set()
        met: Counter[Ask] = Counter()
        for minutes in sorted(looks):
            chosen, passed = due(self._asks(), self.NOON + timedelta(minutes=minutes), done)
            met.update([*chosen, *passed])
            done |= {(ask.feed, ask.game_id, ask.at) for ask in (*chosen, *passed)}
        last = self.NOON + timedelta(minutes=max(looks))
        assert met == Counter(ask for ask in self._asks() if ask.at <= last)
