"""Nothing that was known after a row's moment may reach it. Each test names the column and the player where something does."""

from __future__ import annotations

from datetime import date

import pytest

from features import changes as do
from features.built_rows import Rows, differences, games
from features.raw_rows import Raw
from features.small_league import HERO, LATE, NIGHT, game_of

Eras = dict[str, Rows]


@pytest.fixture(scope="module")
def first(league: Raw) -> str:
    """The night's first game, tipped at midnight UTC and over half an hour after the second has tipped."""
    return str(game_of(league, NIGHT, "NYK")["game_id"])


@pytest.fixture(scope="module")
def second(league: Raw) -> str:
    return str(game_of(league, NIGHT, "BOS")["game_id"])


def on(league: Raw, day: date, *teams: str) -> list[str]:
    return [str(game_of(league, day, team)["game_id"]) for team in teams]


def test_eras_do_not_touch_each_other(eras: Eras, whole_rows: Rows) -> None:
    of_watched_days = {key: row for key, row in whole_rows.items() if key in eras["as it was"]}
    assert len(of_watched_days) > 140
    assert differences(eras["as it was"], of_watched_days) == []


def test_deleting_everything_after_the_tips_changes_no_feature_of_the_night(eras: Eras, first: str, second: str) -> None:
    base = eras["as it was"]
    assert len(games(base, first, second)) > 30
    assert differences(games(base, first), games(eras["deleted after the first tip"], first)) == []
    assert differences(games(base, second), games(eras["deleted after the second tip"], second)) == []


@pytest.mark.parametrize("table", do.FACTS)
def test_altering_every_later_row_of_a_table_changes_no_feature_of_the_night(eras: Eras, first: str, second: str, table: str) -> None:
    assert differences(games(eras["as it was"], first, second), games(eras[f"{table} altered"], first, second)) == []


def test_altering_whatever_comes_after_the_first_tip_changes_no_feature_of_the_first_game(eras: Eras, first: str) -> None:
    assert differences(games(eras["as it was"], first), games(eras["all altered after the first tip"], first)) == []


def test_a_status_of_after_the_tip_changes_nothing(eras: Eras, first: str, second: str) -> None:
    assert differences(games(eras["as it was"], first, second), games(eras["everybody ruled out"], first, second)) == []


def test_a_games_own_result_changes_no_feature_of_it(eras: Eras, first: str) -> None:
    """F44."""
    assert differences(games(eras["as it was"], first), games(eras["first result rewritten"], first)) == []


def test_a_result_changes_no_feature_of_a_game_that_tipped_before_it_ended(eras: Eras, second: str) -> None:
    """F44."""
    assert differences(games(eras["as it was"], second), games(eras["first result rewritten"], second)) == []


def test_a_result_does_change_the_features_of_the_games_after_it(eras: Eras, league: Raw) -> None:
    later = on(league, date(2025, 12, 8), "NYK", "MIA")
    assert differences(games(eras["as it was"], *later), games(eras["first result rewritten"], *later))


@pytest.mark.parametrize("era", ["in play added", "in play taken away"])
def test_in_play_rows_change_no_feature(eras: Eras, era: str) -> None:
    """F11."""
    assert differences(eras["as it was"], eras[era]) == []


def test_a_correction_changes_no_feature_as_of_before_it_was_known(eras: Eras, league: Raw) -> None:
    """F45."""
    before = on(league, date(2025, 12, 3), "BOS", "NYK")
    assert differences(games(eras["as it was"], *before), games(eras["never corrected"], *before)) == []
    assert differences(games(eras["as it was"], *before), games(eras["right from the start"], *before))


def test_a_correction_changes_features_after_it_was_known_as_if_it_had_always_stood_so(eras: Eras, league: Raw) -> None:
    """F45."""
    for day in (date(2025, 12, 4), NIGHT):
        after = on(league, day, "BOS", "NYK", "MIA", "CHI")
        assert differences(games(eras["as it was"], *after), games(eras["right from the start"], *after), but=["newest_known_at"]) == []
        assert differences(games(eras["as it was"], *after), games(eras["never corrected"], *after))


def test_a_late_box_score_is_absent_until_it_is_known(eras: Eras, league: Raw) -> None:
    before = on(league, date(2025, 12, 4), "BOS", "NYK", "MIA", "CHI")
    assert differences(games(eras["as it was"], *before), games(eras["late rows never came"], *before)) == []
    assert differences(games(eras["as it was"], *before), games(eras["late rows in time"], *before))


def test_a_late_box_score_counts_in_full_from_when_it_is_known(eras: Eras, league: Raw) -> None:
    assert NIGHT > LATE
    after = on(league, NIGHT, "BOS", "NYK")
    assert differences(games(eras["as it was"], *after), games(eras["late rows in time"], *after), but=["newest_known_at"]) == []
    assert differences(games(eras["as it was"], *after), games(eras["late rows never came"], *after))


def test_a_row_known_at_the_very_tip_counts_and_one_known_a_microsecond_later_does_not(eras: Eras, second: str) -> None:
    hero = (second, HERO)
    assert eras["corrected at the tip"][hero]["points_avg_last_3"] == pytest.approx((60 + 32 + 34) / 3)
    assert differences(games(eras["as it was"], second), games(eras["corrected just after the tip"], second)) == []


def test_no_row_rests_on_anything_newer_than_its_own_moment(whole_rows: Rows) -> None:
    late = [key for key, row in whole_rows.items() if row["newest_known_at"] is not None and row["newest_known_at"] > row["as_of"]]
    assert late == []
