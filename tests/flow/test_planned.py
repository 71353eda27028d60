"""The games that plans are made for: kept while what they are made of stands, and made anew with any word on it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pytest

from flow.upstream import practice_house
from tipoff.flow import planned
from tipoff.flow.house import House
from tipoff.flow.planned import planned_games
from tipoff.store.warehouse import Work

DAY = date(2025, 11, 5)
NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)
GAME = "20251105_ATL_BOS"


def _told(house: House, status: str, minutes: int, day: date = DAY) -> None:
    row = {
        "game_id": f"{day:%Y%m%d}_ATL_BOS",
        "game_date": day,
        "season": "2025-26",
        "home": "BOS",
        "away": "ATL",
        "commence_time": NOON + (day - DAY) + timedelta(hours=12),
        "status": status,
        "known_at": NOON + timedelta(minutes=minutes),
        "source": "test",
        "league_game_id": "0022500001",
    }
    house.warehouse.merge("raw.schedule", pa.Table.from_pylist([row]), "run")


def _ids(house: House) -> list[str | None]:
    return [game.event_id for game in planned_games(house, DAY, DAY).get(DAY, [])]


def test_they_are_asked_once_while_the_schedule_stands_and_again_with_each_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[date] = []
    put = planned._planned
    with practice_house(tmp_path, NOON) as (house, _):
        _told(house, "scheduled", 0)
        assert _ids(house) == [None]

        def counted(work: Work, first: date, last: date) -> ir.Table:
            asked.append(DAY)
            return put(work, first, last)

        monkeypatch.setattr(planned, "_planned", counted)
        assert _ids(house) == [None]
        assert asked == []
        named = {"id_kind": ["odds"], "external_id": ["e1"], "game_id": [GAME], "commence_time": [NOON + timedelta(hours=12)]}
        house.warehouse.merge("ref.game_ids", pa.table(named), "run")
        assert _ids(house) == ["e1"]
        _told(house, "postponed", 5)
        assert _ids(house) == []
        _told(house, "scheduled", 9)
        assert _ids(house) == ["e1"]
        with house.warehouse.writing("run") as work:
            work.remove("ref.game_ids", pa.table({"id_kind": ["odds"], "external_id": ["e1"]}))
        assert _ids(house) == [None]


def test_days_that_lie_within_those_that_were_asked_before_are_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[date, date]] = []
    put = planned._ask

    def counted(work: Work, stand: str, first: date, last: date) -> planned._Span:
        asked.append((first, last))
        return put(work, stand, first, last)

    with practice_house(tmp_path, NOON) as (house, _):
        _told(house, "scheduled", 0)
        monkeypatch.setattr(planned, "_ask", counted)
        before, after = DAY - timedelta(days=3), DAY + timedelta(days=20)
        assert list(planned_games(house, before, DAY)) == [DAY]
        assert planned_games(house, before, DAY - timedelta(days=1)) == {}
        assert list(planned_games(house, DAY, after)) == [DAY]
        assert list(planned_games(house, before, after)) == [DAY]
        far = DAY + timedelta(days=90)
        assert planned_games(house, far, far) == {}
        assert list(planned_games(house, DAY, DAY)) == [DAY]
    assert asked == [(before, DAY), (before, after), (far, far), (DAY, DAY)]


@pytest.mark.parametrize("days", [-2, 14])
def test_a_game_that_the_league_moves_to_another_day_is_planned_there_alone(tmp_path: Path, days: int) -> None:
    moved = DAY + timedelta(days=days)
    with practice_house(tmp_path, NOON - timedelta(days=9)) as (house, _):
        _told(house, "scheduled", 0)
        _told(house, "scheduled", 5, moved)
        assert planned_games(house, DAY, DAY) == {}
        assert list(planned_games(house, moved, moved)) == [moved]
