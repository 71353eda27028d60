"""What a slate comes to: a verdict a player that agrees with his stored row, and one player explained wholly."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import get_args

import pytest

from features.small_league import HERO, NIGHT
from tipoff.errors import BadInput, UnknownDate
from tipoff.features.build import Built
from tipoff.features.quality import RunMode, blocked
from tipoff.features.reasons import REASONS
from tipoff.features.slate_checks import red_alerts
from tipoff.features.verdicts import SlateVerdict, explain, judge, read_slate, verdicts_on
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.tables.features import catalogue


@pytest.fixture(scope="module")
def night(league_warehouse: DuckDBWarehouse) -> tuple[Built, SlateVerdict]:
    with league_warehouse.reading() as work:
        return read_slate(work, NIGHT, None, "last_call")


@pytest.mark.parametrize("mode", get_args(RunMode))
def test_every_verdict_agrees_with_the_stored_row_and_the_gate(night: tuple[Built, SlateVerdict], mode: RunMode) -> None:
    built, _ = night
    rows = {(row["game_id"], row["player_lookup"]): row for row in built.to_arrow().to_pylist()}
    closed, why, mend = blocked(built.scores, mode, [alert.feature for alert in red_alerts(built)])
    gate = dict(zip(rows, zip(closed, why, mend, strict=True), strict=True))
    slate = judge(built, mode, {})
    assert len(slate.players) == len(rows)
    for player in slate.players:
        row = rows[player.game_id, player.player_lookup]
        assert (player.score, player.tier, player.quality_ready) == (row["quality_score"], row["tier"], row["quality_ready"])
        assert (len(player.missing), ", ".join(player.missing)) == (row["missing_required"], row["missing"])
        assert ", ".join(player.waived) == row["waived"]
        assert (not player.gate_open, player.why, player.mended_by) == gate[player.game_id, player.player_lookup]
        assert player.gate_open == (not player.why) == (not player.mended_by)


def test_the_slate_counts_what_its_players_lack(night: tuple[Built, SlateVerdict]) -> None:
    _, slate = night
    assert slate.missing == Counter(item for player in slate.players for item in player.missing)
    assert slate.waived == Counter(name for player in slate.players for name in player.waived)


def test_one_player_is_explained_by_every_feature_with_a_source_or_a_reason(night: tuple[Built, SlateVerdict]) -> None:
    built, slate = night
    for player in slate.players:
        cells = explain(built, player)
        assert [cell.name for cell in cells] == [entry.name for entry in catalogue()]
        for cell in cells:
            assert (cell.value is None) == (cell.source is None) == (cell.reason in REASONS) == (cell.standing != "known")
        assert [f"{cell.name}={cell.reason}" for cell in cells if cell.standing == "missing"] == player.missing
        assert [cell.name for cell in cells if cell.standing == "waived"] == player.waived


def test_a_player_is_found_by_his_name_and_an_unknown_one_is_refused_with_those_called_alike(night: tuple[Built, SlateVerdict]) -> None:
    _, slate = night
    assert [player.player_lookup for player in verdicts_on(slate, HERO.upper())] == [HERO]
    with pytest.raises(BadInput, match="'bos'") as refused:
        verdicts_on(slate, "bos")
    assert HERO in refused.value.hint
    assert "tipoff names unresolved" in refused.value.hint


def test_a_red_alert_closes_the_gate_to_everybody_and_names_the_feature(night: tuple[Built, SlateVerdict]) -> None:
    built, slate = night
    assert not slate.fit
    assert [alert.feature for alert in slate.red_alerts] == ["team_pace"]
    assert not any(player.gate_open for player in slate.players)
    assert all("red alert: team_pace" in player.why for player in slate.players)
    without = {player.player_lookup: player for player in judge(replace(built, strays={}), "last_call", {}).players}
    let_through = [player for player in slate.players if without[player.player_lookup].gate_open]
    assert let_through
    assert {player.mended_by for player in let_through} == {"features"}


@pytest.mark.parametrize(
    ("day", "moment", "told"),
    [
        (date(2030, 1, 1), None, "No game of 2030-01-01 is known"),
        (NIGHT, datetime(2020, 1, 1, tzinfo=UTC), "No game of 2025-12-06 is known at 2020-01-01 00:00Z"),
    ],
)
def test_a_day_without_games_is_refused(league_warehouse: DuckDBWarehouse, day: date, moment: datetime | None, told: str) -> None:
    with league_warehouse.reading() as work, pytest.raises(UnknownDate, match=told):
        read_slate(work, day, moment, "first")
