"""F08: a sweep at 01:00 New York covers yesterday and today, every feed; it finds every payload without rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from faults.crew import Yard, lines
from load import wire

YESTERDAY, TODAY, TOMORROW = date(2025, 11, 4), date(2025, 11, 5), date(2025, 11, 6)
ONE_IN_NEW_YORK = "2025-11-05T06:00:00+00:00"


def test_f08_a_sweep_at_one_in_the_night_finds_what_arrived_for_yesterday_and_today_in_every_feed_and_loads_it(
    yard: Yard, tmp_path: Path
) -> None:
    hand = yard.hire(at=ONE_IN_NEW_YORK)
    yard.land(lines(0, -1), day=YESTERDAY)
    yard.trigger(hand, day=YESTERDAY)
    yard.settled(day=YESTERDAY)
    yard.land(lines(1, -1), day=YESTERDAY)
    yard.land(lines(2), lines(3), day=TODAY)
    yard.land(lines(4, 1), day=TOMORROW)
    yard.land(wire.rosters(), feed="box", day=YESTERDAY)
    yard.land(wire.schedule(wire.scheduled()), feed="schedule", day=TODAY)
    yard.land(lines(5), feed="props", day=TODAY)
    yard.land(lines(6, -2), day=date(2025, 11, 3))
    wanted = [
        ("box", YESTERDAY),
        ("lines", YESTERDAY),
        ("lines", TODAY),
        ("lines", TOMORROW),
        ("props", TODAY),
        ("schedule", TODAY),
    ]
    assert sorted((feed, date.fromisoformat(day)) for feed, day, _ in hand.ask("sweep")) == sorted(wanted)
    for feed, day in wanted:
        assert yard.settled(feed, day)[-1].state == "complete"
    assert hand.ask("sweep") == []
    assert yard.house.warehouse.read("raw.arrivals").num_rows == len(yard.landed) - 1, "the day before yesterday was swept as well"
    yard.landed.pop()
    yard.check_union(tmp_path)
