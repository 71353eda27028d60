"""The night of the incident: ten games, the first document of the day holds one of them, nine arrive after its batch is complete.

Ten of ten must be in the tables with no one's help: quotes of players and of games, whatever becomes of the processes.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from faults.crew import DAY, FETCHED, PAIRS, Yard
from load import wire

KILLS = ("begun", "claimed", "merging", "ending")


def star(team: str) -> str:
    """A made-up player, the only one of his team."""
    return f"{team.title()} Star"


def rosters(game: int) -> dict[str, Any]:
    """A box score of a week before, by which the men of a game's teams are known."""
    away, home = PAIRS[game]
    men = [[wire.player(star(team), 100 + 2 * game + side)] for side, team in enumerate((home, away))]
    return wire.box(*men, league_id=f"00225000{game:02d}", tip=wire.TIP - timedelta(days=7), home=home, away=away)


def props(game: int) -> dict[str, Any]:
    """One game's points lines and totals, at two books."""
    away, home = PAIRS[game]
    quotes = [wire.pair(star(team), 20.5 + side) for side, team in enumerate((home, away))]
    books = [wire.book(key, wire.points(*quotes), wire.totals()) for key in ("fanduel", "draftkings")]
    return wire.event(*books, event_id=f"e{game}", home=home, away=away)


def first_of_the_day(yard: Yard) -> None:
    """The rosters are known, and the batch of the day's first document is complete."""
    yard.land(*(rosters(game) for game in range(10)), feed="box", day=DAY - timedelta(days=7))
    yard.trigger(yard.hands[0], feed="box", day=DAY - timedelta(days=7))
    yard.settled("box", DAY - timedelta(days=7))
    yard.land(props(0), feed="props")
    yard.trigger(yard.hands[0], feed="props")
    assert [batch.state for batch in yard.settled("props")] == ["complete"]
    assert games_of_players(yard) == 1


def games_of_players(yard: Yard) -> int:
    return len(set(yard.house.warehouse.read("raw.odds_player_points").column("game_id").to_pylist()))


def check_night(yard: Yard, tmp_path: Path) -> None:
    assert games_of_players(yard) == 10
    assert yard.house.warehouse.read("raw.odds_player_points").num_rows == 10 * 2 * 2
    assert len(yard.games()) == 10
    yard.check_union(tmp_path)


@pytest.mark.parametrize("processes", [1, 4])
def test_nine_games_that_arrive_after_the_first_batch_of_the_day_are_all_loaded(yard: Yard, tmp_path: Path, processes: int) -> None:
    hands = yard.hire_all(processes)
    first_of_the_day(yard)
    for game in range(1, 10):
        yard.land(props(game), feed="props", at=FETCHED + timedelta(minutes=game))
        yard.trigger(hands[game % processes], feed="props")
    assert {batch.state for batch in yard.settled("props")} == {"complete"}
    check_night(yard, tmp_path)


def test_nine_games_that_arrive_late_are_all_loaded_though_every_holder_of_their_batch_is_killed_but_the_last(
    yard: Yard, tmp_path: Path
) -> None:
    """Each of its steps with the incident around it is tests/faults/test_f03.py; here one batch loses one holder after the other."""
    yard.hire_all(2)
    first_of_the_day(yard)
    yard.land(*(props(game) for game in range(1, 10)), feed="props", at=FETCHED + timedelta(minutes=1))
    yard.arm(KILLS[0])
    [number] = yard.trigger(yard.hands[0], feed="props")
    for after in (*KILLS[1:], None):
        holder = yard.caught()
        if after:
            yard.arm(after)
        yard.kill(holder)
        yard.hire()
    [_, batch] = yard.settled("props")
    assert (batch.number, batch.state, batch.attempt) == (number, "complete", 1)
    check_night(yard, tmp_path)
