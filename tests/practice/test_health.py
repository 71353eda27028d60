from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from tipoff.practice import Season
from tipoff.practice.health import CHANCE_TO_PLAY, Absence, InjuryNews


@pytest.fixture(scope="module")
def stories(season: Season) -> dict[tuple[int, int], list[InjuryNews]]:
    """The reports on each (player, game), in order."""
    found = defaultdict(list)
    for item in season.news:
        found[item.player, item.game].append(item)
    return dict(found)


def test_news_stands_in_order_and_before_the_tip_of_its_game(season: Season) -> None:
    assert list(season.news) == sorted(season.news, key=lambda item: item.at)
    for item in season.news:
        tip = season.games[item.game].tip
        assert tip - timedelta(hours=30) <= item.at < tip


def test_every_absence_was_announced_and_nobody_who_was_out_played(
    season: Season, stories: dict[tuple[int, int], list[InjuryNews]]
) -> None:
    ruled_out = {key for key, items in stories.items() if items[-1].status == "Out"}
    absent = set()
    for row, flags in enumerate(season.health.absent):
        absent |= {(int(season.sheets.slots[row, slot]), row // 2) for slot in flags.nonzero()[0]}
    assert absent == ruled_out
    assert 0.05 < len(absent) / season.health.absent.size < 0.13


def test_late_scratches_come_within_half_an_hour_of_the_tip_without_warning(
    season: Season, stories: dict[tuple[int, int], list[InjuryNews]]
) -> None:
    scratches = 0
    for (player, game), items in stories.items():
        row, slot = season.slot(season.players[player], season.games[game])
        if season.health.absent[row, slot] == Absence.LATE_SCRATCH:
            scratches += 1
            assert len(items) == 1
            assert season.games[game].tip - items[0].at <= timedelta(minutes=26)
    assert scratches > 20


def test_a_listed_player_plays_about_as_often_as_books_believe(season: Season, stories: dict[tuple[int, int], list[InjuryNews]]) -> None:
    asked, played = Counter[str](), Counter[str]()
    for items in stories.values():
        asked[items[0].status] += 1
        played[items[0].status] += items[-1].status != "Out"
    for status in ("Questionable", "Probable"):
        assert played[status] / asked[status] == pytest.approx(CHANCE_TO_PLAY[status], abs=0.06)
    assert played["Doubtful"] / asked["Doubtful"] < 0.4
    assert played["Out"] > 0, "now and then one who was ruled out is back before the tip"


def test_no_team_is_left_with_fewer_than_seven(season: Season) -> None:
    assert ((season.health.absent == Absence.NONE).sum(axis=1) >= 7).all()
