"""F51 Stale models are visible everywhere; a blocked one publishes nothing; with fewer than three left the slate says why it is halted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from faults.nights import Evening, evening
from tipoff.flow.alerts import alerts
from tipoff.flow.fleet import fleet_status
from tipoff.flow.slate import Asked, Slate, Workbench, analyze, make_features
from tipoff.flow.speaking import predict
from tipoff.predict.activate import PREDICTIONS
from tipoff.predict.guard import GUARD_ROWS
from train import practice_house
from train.graded_rows import DAY, keep, streak
from web.page import Page
from web.serving import serving

EVE = (DAY - practice_house.NIGHT + timedelta(days=1)).days
"""Days before `DAY` on which a bet of the night before is."""
ALL_BUT_TWO = tuple(practice_house.systems())[:-2]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Evening]:
    with evening(tmp_path) as found:
        yield found


def lose(night: Evening, *systems: str) -> None:
    """Let these systems have lost three bets of four on the evening before."""
    for place, system in enumerate(systems):
        keep(night.house.warehouse, streak(30, 90, back=EVE, system=system), first=1000 * place)


class TestBlocked:
    def test_f51_a_blocked_system_publishes_nothing_and_says_why(self, night: Evening) -> None:
        lose(night, "catboost_v9")
        found = night.night()
        assert found.predicted["catboost_v9"] == 0
        assert found.predicted["lightgbm_v12"] > 0
        document = night.document()
        assert document.state == "ok"
        assert {opinion.system_id for game in document.games for player in game.players for opinion in player.predictions} == {
            *practice_house.systems()
        } - {"catboost_v9"}
        silent = [
            absence
            for game in document.games
            for player in game.players
            for absence in player.absences
            if absence.system_id == "catboost_v9"
        ]
        why = {absence.detail for absence in silent if absence.reason == "model_blocked"}
        assert why == {"BLOCKED: won 25.0% [18.1%, 33.4%] of 120 bets in 7 days up to 2025-11-21, break-even 52.6%"}

    def test_f51_what_it_said_before_is_taken_down(self, night: Evening) -> None:
        night.night()
        lose(night, "catboost_v9")
        night.night()
        rows = [row for row in night.rows(PREDICTIONS) if row["system_id"] == "catboost_v9" and row["game_date"] == practice_house.NIGHT]
        assert rows
        assert not any(row["is_active"] for row in rows)
        assert {row["invalidation_reason"] for row in rows} == {"model_blocked"}

    def test_f51_it_alerts_once_and_comes_back_when_it_has_recovered(self, night: Evening) -> None:
        lose(night, "catboost_v9")
        night.night()
        night.night()
        (alert,) = [alert for alert in alerts(night.house.state, now_only=True) if alert.key.startswith("blocked ")]
        assert (alert.key, alert.count) == ("blocked catboost_v9", 2)
        assert alert.text.startswith("catboost_v9 is BLOCKED: won 25.0%")
        keep(night.house.warehouse, streak(120, 0, back=EVE, system="catboost_v9"), first=5000)
        assert night.night().predicted["catboost_v9"] > 0
        assert not [alert for alert in alerts(night.house.state, now_only=True) if alert.key.startswith("blocked ")]


class TestTheBatchGuard:
    def speak(self, night: Evening, at: datetime) -> dict[str, dict[str, Any]]:
        """The slate as of a moment; what the system says of each game."""
        slate = Slate(night.house, practice_house.NIGHT, Asked({"last_call": None}, systems=("moving_average",)), at, f"at {at}")
        bench = Workbench()
        analyze(slate, bench)
        make_features(slate, bench)
        return predict(slate, bench).stands["systems"]

    def test_f51_who_was_blocked_for_a_slate_does_not_speak_when_most_of_its_games_have_tipped(self, night: Evening) -> None:
        """The books' lines lie four points too low; of the last game alone fewer than thirty have one."""
        games = sorted(practice_house.games_of_night(), key=lambda game: game.tip)
        at = games[0].tip - timedelta(minutes=20)
        changed = f"point = greatest(point - 4, 0.5), snapshot_at = '{at:%F %T}+00', known_at = '{at:%F %T}+00'"
        night.spoil(f"UPDATE raw.odds_player_points SET {changed} WHERE game_date = '{practice_house.NIGHT}'")
        whole = self.speak(night, at)["moving_average"]
        left = self.speak(night, games[-1].tip - timedelta(minutes=1))["moving_average"]
        assert [part["predicted"] for part in (whole, left)] == [0, 0]
        assert whole["absences_lined"]["model_blocked"] > GUARD_ROWS > left["absences_lined"]["model_blocked"] > 0


class TestHalted:
    def test_f51_with_fewer_than_three_left_the_slate_is_halted_and_says_who_is_blocked(self, night: Evening) -> None:
        lose(night, *ALL_BUT_TWO)
        night.night()
        document = night.document()
        assert (document.state, document.halt.active, document.halt.since) == ("halted", True, night.house.clock.now())
        assert document.halt.reason is not None
        assert document.halt.reason.startswith("fleet_blocked: ")
        assert all(name in document.halt.reason for name in ALL_BUT_TWO)
        assert "2 of" in document.halt.reason
        assert document.total_recommended == 0
        assert all(player.prediction is None for game in document.games for player in game.players)

    def test_f51_with_three_left_it_is_not_and_when_one_recovers_the_halt_is_over(self, night: Evening) -> None:
        lose(night, *ALL_BUT_TWO)
        night.night()
        keep(night.house.warehouse, streak(120, 0, back=EVE, system=ALL_BUT_TWO[-1]), first=5000)
        night.night()
        document = night.document()
        assert (document.state, document.halt.active) == ("ok", False)
        assert document.total_recommended > 0


class TestStale:
    def test_f51_stale_models_are_told_in_the_document_in_the_alerts_and_in_the_fleet(self, night: Evening) -> None:
        trained = practice_house.data().last
        behind = (practice_house.NIGHT - trained).days - 1
        night.spoil(
            f"UPDATE models.registry SET trained_until = trained_until - {11 - behind} WHERE system_id = 'catboost_v9'",
            f"UPDATE models.registry SET trained_until = trained_until - {15 - behind} WHERE system_id = 'lightgbm_v12'",
        )
        night.night()
        said = {system.system_id: (system.days_since_training, system.training_alert) for system in night.document().systems}
        assert (said["catboost_v9"], said["lightgbm_v12"], said["moving_average"]) == ((11, "warning"), (15, "critical"), (behind, None))
        told = {alert.key: (alert.severity, alert.text) for alert in alerts(night.house.state, now_only=True)}
        severity, text = told["stale catboost_v9"]
        assert (severity, text.startswith("catboost_v9-")) == ("warning", True)
        assert text.endswith("was trained 12 days ago, and a refit is due every 7")
        assert "stale moving_average" not in told
        fleet = {one.system_id: (one.days_since_training, one.training_alert) for one in fleet_status(night.house).systems}
        assert (fleet["catboost_v9"], fleet["lightgbm_v12"]) == ((12, "warning"), (16, "critical"))

    def test_f51_the_page_says_that_the_model_it_stands_for_is_stale(self, night: Evening) -> None:
        night.night()
        with serving(night.house.bucket, practice_house.MORNING) as site:
            fresh = Page(site.get(f"/tonight/{practice_house.NIGHT}").text)
            night.spoil("UPDATE models.registry SET trained_until = trained_until - 20")
            night.night()
            stale = Page(site.get(f"/tonight/{practice_house.NIGHT}").text)
        assert "stale" not in fresh.text
        assert re.search(r"trained 2\d days before stale ,", stale.text), stale.text[:600]

    def test_f51_a_refit_ends_the_alert(self, night: Evening) -> None:
        night.spoil("UPDATE models.registry SET trained_until = trained_until - 20 WHERE system_id = 'catboost_v9'")
        night.night()
        night.spoil("UPDATE models.registry SET trained_until = trained_until + 20 WHERE system_id = 'catboost_v9'")
        night.night()
        assert not [alert for alert in alerts(night.house.state, now_only=True) if alert.key.startswith("stale ")]
