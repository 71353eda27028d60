"""Whether anything that arrives still changes what is said of a date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.expected import EXPECTED
from tipoff.flow.game_days import GAMES
from tipoff.flow.house import House, open_house
from tipoff.flow.reactions import is_over

DAY = date(2025, 11, 5)
TIPS = {"20251105_BOS_NYK": datetime(2025, 11, 6, 0, 0), "20251105_LAL_GSW": datetime(2025, 11, 6, 3, 0)}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(load_settings(data_dir=tmp_path), ManualClock(datetime(2025, 11, 6, 2, 0, tzinfo=UTC))) as found:
        with found.state.transaction() as connection:
            rows = [{"game_id": game, "game_date": DAY, "tip": tip} for game, tip in TIPS.items()]
            connection.execute(sa.insert(GAMES), rows)
        yield found


def box_stands(house: House, game: str, standing: str) -> None:
    now = house.clock.now().replace(tzinfo=None)
    row = {"game_date": DAY, "game_id": game, "phase": "box", "standing": standing, "deadline": now, "tip": now, "repairs": 0}
    with house.state.transaction() as connection:
        connection.execute(sa.delete(EXPECTED).where(EXPECTED.c.game_id == game))
        connection.execute(sa.insert(EXPECTED).values(updated_at=now, **row))


def test_quotes_change_nothing_once_the_last_game_has_tipped(house: House) -> None:
    assert not is_over(house, DAY, may_move=False)
    assert isinstance(house.clock, ManualClock)
    house.clock.set(house.clock.now() + timedelta(hours=1))
    assert is_over(house, DAY, may_move=False)


def test_a_schedule_may_change_something_until_every_box_score_is_there(house: House) -> None:
    assert isinstance(house.clock, ManualClock)
    house.clock.set(house.clock.now() + timedelta(hours=12))
    first, second = TIPS
    assert not is_over(house, DAY, may_move=True)
    box_stands(house, first, "COMPLETE")
    box_stands(house, second, "FAILED")
    assert not is_over(house, DAY, may_move=True)
    box_stands(house, second, "DEGRADED")
    assert is_over(house, DAY, may_move=True)


def test_of_a_date_without_games_on_record_nothing_is_known(house: House) -> None:
    for may_move in (True, False):
        assert not is_over(house, DAY + timedelta(days=1), may_move=may_move)
