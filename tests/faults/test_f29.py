"""F29: a date with no games, a five-day break, an exhibition: no alert, no retry storm, windows and rest days right after it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from faults.nights import evening
from flow.upstream import practice_house, season
from tipoff.analyze.history import WINDOW
from tipoff.analyze.summaries import summarise_games, summarise_slate
from tipoff.clock import local_instant
from tipoff.flow import ticks
from tipoff.flow.alerts import alerts
from tipoff.flow.batch_log import batches
from tipoff.flow.expected import expected_outputs
from tipoff.flow.game_days import tasks_of
from tipoff.flow.overview import judged
from tipoff.flow.scraping import asks_on_record, scrape_now
from tipoff.flow.worker import working
from train import practice_house as played

PAUSE = [date(2026, 2, 16), date(2026, 2, 17)]
RESUMED = date(2026, 2, 19)
LOOKS = [time(9, 5), time(10, 5), time(14, 0), time(18, 55), time(23, 50)]


@dataclass
class Lived:
    """Two days in the middle of the practice league's All-Star break, as a worker lives them."""

    asked: list[tuple[date, str]] = field(default_factory=list)
    batches: Counter[str] = field(default_factory=Counter)
    alerts: list[str] = field(default_factory=list)
    sentences: set[str] = field(default_factory=set)
    cells: int = 0
    refits: list[date] = field(default_factory=list)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    assert not [game for day in PAUSE for game in season().games_on(day)]
    found = Lived()
    folder = tmp_path_factory.mktemp("break")
    with practice_house(folder, local_instant(PAUSE[0], time(8, 0))) as (house, clock), working(house, scheduled=False) as engine:
        scrape_now(engine, PAUSE[0] - timedelta(days=5), ("schedule",))
        for day in PAUSE:
            for at in LOOKS:
                clock.set(local_instant(day, at))
                for part in ticks.PARTS.values():
                    part(engine)
                found.sentences.add(judged(house.state, house.settings, clock.now(), day, expected_outputs(house.state, day)).sentence)
        for day in [*(PAUSE[0] - timedelta(days=back) for back in (1, 2, 3)), *PAUSE, PAUSE[-1] + timedelta(days=1)]:
            found.asked += [(day, row["feed"]) for row in asks_on_record(house.state, day) if row["state"] != "missed"]
            found.batches.update(batch.feed for batch in batches(house.state, day))
            found.cells += len(expected_outputs(house.state, day))
        found.alerts = [alert.key for alert in alerts(house.state)]
        after = [RESUMED + timedelta(days=number) for number in range(6)]
        found.refits = [day for day in after if any(task.kind == "train" for task in tasks_of(house.state, house.settings, day))]
    return found


def test_f29_a_day_without_games_asks_for_its_schedule_once_and_starts_nothing(lived: Lived) -> None:
    assert lived.asked == [(day, "schedule") for day in PAUSE]
    assert lived.batches == {"schedule": len(PAUSE)}
    assert lived.cells == 0


def test_f29_it_alerts_nobody_and_is_all_right(lived: Lived) -> None:
    assert lived.alerts == []
    assert lived.sentences == {f"No games today; the next are on {RESUMED}."}


def test_f29_after_the_break_models_are_refitted_once_two_nights_are_graded(lived: Lived) -> None:
    assert lived.refits == [RESUMED + timedelta(days=2), RESUMED + timedelta(days=4)]  # a Saturday, and Monday


def test_f29_rest_days_and_windows_after_a_break_reach_back_over_it(tmp_path: Path) -> None:
    last_before = played.NIGHT - timedelta(days=8)
    with evening(tmp_path) as found:
        between = f"game_date > DATE '{last_before}' AND game_date < DATE '{played.NIGHT}'"
        found.spoil(*(f"DELETE FROM {table} WHERE {between}" for table in ("raw.schedule", "raw.player_box", "raw.odds_player_points")))
        games = [game.game_id for game in played.games_of_night()]
        with found.house.warehouse.writing("f29") as work:
            summarise_games(work, played.NIGHT - WINDOW, played.NIGHT)
            summarise_slate(work, games, None)
        last = Counter[str]()
        for row in found.rows("raw.player_box"):
            if not row["did_not_play"]:
                last[row["player_lookup"]] = max(last[row["player_lookup"]], row["game_date"].toordinal())
        rested = {row["player_lookup"]: row["days_rest"] for row in found.rows("analytics.upcoming_player_game_context")}
    told = {player: days for player, days in rested.items() if days is not None}
    assert len(told) > 50
    assert min(told.values()) >= 7
    assert all(days <= played.NIGHT.toordinal() - last[player] - 1 or player not in last for player, days in told.items())
