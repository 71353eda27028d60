"""A practice night graded against the newest box scores, beside a count pick by pick from the league's own documents."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from features.raw_rows import submission_row
from tipoff.errors import NotReady
from tipoff.grade.run import SystemRecord, grade
from tipoff.names import TEAMS, player_lookup
from tipoff.practice import Game
from tipoff.predict.activate import PREDICTIONS
from tipoff.scrape.records import Payload
from tipoff.store.tables import table_of
from train import practice_house as house

ACCURACY = "predictions.prediction_accuracy"
Row = dict[str, Any]
Pick = tuple[str, str, str]


def grades(stage: house.Stage) -> dict[Pick, Row]:
    return {_pick(row): row for row in stage.warehouse.read(ACCURACY).to_pylist()}


def predictions(stage: house.Stage) -> dict[Pick, Row]:
    return {_pick(row): row for row in stage.warehouse.read(PREDICTIONS, is_active=True).to_pylist()}


def _pick(row: Row) -> Pick:
    return row["game_id"], row["player_lookup"], row["system_id"]


def outcomes() -> dict[tuple[str, str], tuple[int | None, str]]:
    """By game and player what he scored, None without court time, and the reason for that: out of the league's own documents."""
    found: dict[tuple[str, str], tuple[int | None, str]] = {}
    for game in house.games_of_night():
        document = json.loads(house.box(game).body)["game"]
        for player in document["homeTeam"]["players"] + document["awayTeam"]["players"]:
            played = player["played"] == "1" and player["statistics"]["minutes"] != "PT00M00.00S"
            reason = player.get("notPlayingReason", "") + player.get("notPlayingDescription", "")
            found[game.game_id, player_lookup(player["name"])] = (player["statistics"]["points"] if played else None, reason)
    return found


def result_of(row: Row, points: int | None) -> str | None:
    """The rule of the domain, one pick at a time."""
    if points is None:
        return "VOID"
    if row["recommendation"] not in ("OVER", "UNDER"):
        return None
    if points == row["line"]:
        return "PUSH"
    return "WIN" if (points > row["line"]) == (row["recommendation"] == "OVER") else "LOSS"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[house.Stage, list[SystemRecord]]:
    """The night, played and graded."""
    stage = house.played().copy(tmp_path_factory.mktemp("graded"))
    return stage, grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")


class TestAgainstAReference:
    def test_every_active_prediction_is_graded_once_with_the_result_counted_by_hand(
        self, night: tuple[house.Stage, list[SystemRecord]]
    ) -> None:
        stage, _ = night
        said, found, happened = predictions(stage), grades(stage), outcomes()
        assert set(found) == set(said)
        expected = {pick: result_of(row, happened[pick[:2]][0]) for pick, row in said.items()}
        assert {pick: row["result"] for pick, row in found.items()} == expected
        assert set(expected.values()) == {"WIN", "LOSS", "PUSH", "VOID", None}

    def test_every_figure_of_a_row_is_the_plain_difference(self, night: tuple[house.Stage, list[SystemRecord]]) -> None:
        stage, _ = night
        said, found, happened = predictions(stage), grades(stage), outcomes()
        for pick, row in found.items():
            told, points, line = said[pick], happened[pick[:2]][0], said[pick]["line"]
            assert row["actual_points"] == points
            expected = {
                "signed_error": _less(told["predicted_points"], points),
                "absolute_error": _gap(told["predicted_whole"], points),
                "predicted_margin": _less(told["predicted_points"], line),
                "actual_margin": _less(points, line),
                "line_absolute_error": _gap(line, points),
                "shifted_line_absolute_error": _gap(np.floor(line) if line is not None else None, points),
                "price": {"OVER": told["over_price"], "UNDER": told["under_price"]}.get(told["recommendation"]),
            }
            assert {name: row[name] for name in expected} == pytest.approx(expected, nan_ok=True)
            assert row["went_over"] == (None if points is None or line is None else points > line)
            assert (row["prediction_id"], row["line"], row["edge"]) == (told["prediction_id"], line, told["edge"])

    def test_what_was_staked_comes_back_at_the_price_that_was_stored(self, night: tuple[house.Stage, list[SystemRecord]]) -> None:
        stage, _ = night
        for row in grades(stage).values():
            staked = row["recommendation"] in ("OVER", "UNDER")
            expected = {"WIN": (row["price"] or 0) - 1, "LOSS": -1.0, "PUSH": 0.0, "VOID": 0.0}.get(row["result"]) if staked else None
            assert row["units"] == (pytest.approx(expected) if expected is not None else None)

    def test_each_systems_record_is_the_sum_of_its_rows(self, night: tuple[house.Stage, list[SystemRecord]]) -> None:
        stage, records = night
        rows = list(grades(stage).values())
        assert [record.system_id for record in records] == sorted(house.systems())
        for record in records:
            mine = [row for row in rows if row["system_id"] == record.system_id]
            count = Counter(row["result"] for row in mine)
            assert (record.predictions, record.won, record.lost, record.push, record.void) == (
                len(mine),
                *(count[word] for word in ("WIN", "LOSS", "PUSH", "VOID")),
            )
            assert (record.hit_rate.n, record.hit_rate.wins) == (count["WIN"] + count["LOSS"], count["WIN"])
            played = [row for row in mine if row["actual_points"] is not None]
            lined = [row for row in played if row["line"] is not None]
            assert (record.n_error, record.n_lined) == (len(played), len(lined))
            assert record.mae == pytest.approx(np.mean([row["absolute_error"] for row in played]))
            assert record.mae_lined == pytest.approx(np.mean([row["absolute_error"] for row in lined]))
            assert record.line_mae == pytest.approx(np.mean([row["line_absolute_error"] for row in lined]))
            assert record.shifted_line_mae == pytest.approx(np.mean([row["shifted_line_absolute_error"] for row in lined]))
            assert record.units == pytest.approx(sum(row["units"] or 0 for row in mine))

    def test_who_sat_out_though_no_report_had_him_out_was_a_late_scratch_or_nobody_knows(
        self, night: tuple[house.Stage, list[SystemRecord]]
    ) -> None:
        stage, _ = night
        happened = outcomes()
        voids = {pick: row["void_reason"] for pick, row in grades(stage).items() if row["void_reason"]}
        assert voids
        for pick, reason in voids.items():
            words = happened[pick[:2]][1].casefold()
            assert reason == ("dnp_unknown" if not words or "coach" in words else "dnp_late_scratch")

    def test_no_prediction_is_changed_by_grading(self, night: tuple[house.Stage, list[SystemRecord]]) -> None:
        stage, _ = night
        assert (
            stage.warehouse.read(PREDICTIONS)
            .sort_by("prediction_id")
            .equals(house.played().warehouse.read(PREDICTIONS).sort_by("prediction_id"))
        )


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _gap(one: float | None, other: float | None) -> float | None:
    difference = _less(one, other)
    return None if difference is None else abs(difference)


class TestNotReady:
    def test_before_a_game_is_final_there_is_nothing_to_grade_and_nothing_is_written(self) -> None:
        stage = house.predicted().stage
        with pytest.raises(NotReady, match=f"No game of {house.NIGHT} is final") as refused:
            grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
        assert "box scores" in refused.value.hint
        assert stage.warehouse.read(ACCURACY).num_rows == 0

    @pytest.mark.parametrize("day", [house.NIGHT - timedelta(days=1), date(2031, 1, 1)])
    def test_a_day_without_predictions_says_how_to_make_them(self, day: date) -> None:
        with pytest.raises(NotReady, match=f"no predictions for {day}") as refused:
            grade(house.played().warehouse, day, now=house.MORNING, run_id="a run")
        assert f"tipoff night {day}" in refused.value.hint


Change = Callable[[Row], object]


def altered(stage: house.Stage, *, boxes: dict[str, Change], schedule: Change | None = None, without: tuple[str, ...] = ()) -> None:
    """Load the morning after with the documents of some games changed, or left out."""
    first, *others = house.aftermath()
    league = json.loads(first.body)
    if schedule:
        schedule(league)
    payloads = [_again(first, league)]
    for game, payload in zip(house.games_of_night(), others, strict=True):
        document = json.loads(payload.body)
        if game.game_id in boxes:
            boxes[game.game_id](document)
        if game.game_id not in without:
            payloads.append(_again(payload, document))
    stage.load(payloads)


def _again(payload: Payload, document: Row) -> Payload:
    return Payload(json.dumps(document).encode(), payload.origin, payload.fetched_at, payload.status)


def players_of(document: Row) -> dict[str, Row]:
    sides = (document["game"]["homeTeam"], document["game"]["awayTeam"])
    return {player_lookup(player["name"]): player for side in sides for player in side["players"]}


@pytest.fixture
def stage(tmp_path: Path) -> house.Stage:
    """The night, predicted and not yet played."""
    return house.predicted().stage.copy(tmp_path)


IN_POINTS = {name for name, system in house.systems().items() if system.threshold_in == "points"}


class TestWhoDidNotPlay:
    def picks(self, side: str) -> tuple[Game, str]:
        """A game, and a player of it who played and of whom every system that thinks in points said the same."""
        said, happened = predictions(house.predicted().stage), outcomes()
        for game in house.games_of_night():
            words: dict[str, set[str]] = {}
            for (game_id, player, system), row in said.items():
                if system in IN_POINTS and game_id == game.game_id and happened[game_id, player][0] is not None:
                    words.setdefault(player, set()).add(row["recommendation"])
            agreed = sorted(player for player, said_of_him in words.items() if said_of_him == {side})
            if agreed:
                return game, agreed[0]
        raise AssertionError(f"nobody of whom all say {side}")

    @pytest.mark.parametrize(("side", "units"), [("PASS", None), ("OVER", 0.0), ("UNDER", 0.0)])
    def test_a_pick_on_one_without_court_time_is_void_whatever_was_recommended(
        self, stage: house.Stage, side: str, units: float | None
    ) -> None:
        game, name = self.picks(side)

        def sit(document: Row) -> None:
            players_of(document)[name].update(played="0", statistics={"points": 0}, notPlayingReason="DNP_COACH")

        altered(stage, boxes={game.game_id: sit})
        grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
        rows = [row for pick, row in grades(stage).items() if pick[:2] == (game.game_id, name) and pick[2] in IN_POINTS]
        told = {(row["result"], row["void_reason"], row["actual_points"], row["prediction_correct"], row["units"]) for row in rows}
        assert told == {("VOID", "dnp_unknown", None, None, units)}
        assert len(rows) == len(IN_POINTS) > 3

    def test_one_who_is_not_in_the_final_box_score_at_all_is_void_and_not_forgotten(self, stage: house.Stage) -> None:
        game, name = self.picks("OVER")

        def forget(document: Row) -> None:
            for side in ("homeTeam", "awayTeam"):
                document["game"][side]["players"] = [p for p in document["game"][side]["players"] if player_lookup(p["name"]) != name]

        altered(stage, boxes={game.game_id: forget})
        grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
        rows = [row for pick, row in grades(stage).items() if pick[:2] == (game.game_id, name)]
        assert {(row["result"], row["void_reason"]) for row in rows} == {("VOID", "dnp_unknown")}

    def sits_hurt(self, stage: house.Stage, game: Game, name: str) -> tuple[str, str]:
        """The box score says that he sat for an injury. Gives his team and his name as printed."""
        printed: list[tuple[str, str]] = []

        def sit(document: Row) -> None:
            player = players_of(document)[name]
            home = player in document["game"]["homeTeam"]["players"]
            printed.append((game.home if home else game.away, player["name"]))
            player.update(played="0", statistics={"points": 0}, notPlayingReason="INACTIVE_INJURY")

        altered(stage, boxes={game.game_id: sit})
        return printed[0]

    def void_reasons(self, stage: house.Stage, game: Game, name: str) -> set[str | None]:
        """Graded, the reasons of all his rows, which are void."""
        grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
        rows = [row for pick, row in grades(stage).items() if pick[:2] == (game.game_id, name)]
        assert {row["result"] for row in rows} == {"VOID"}
        return {row["void_reason"] for row in rows}

    @pytest.mark.parametrize(("minutes", "reason"), [(-30, "dnp_injury_confirmed"), (30, "dnp_late_scratch")])
    def test_only_a_report_from_before_the_tip_confirms_an_injury(self, stage: house.Stage, minutes: int, reason: str) -> None:
        game, name = self.picks("UNDER")
        said_at = game.tip + timedelta(minutes=minutes)
        team, full_name = self.sits_hurt(stage, game, name)
        report = {
            "timestamp": said_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "injuries": [{"displayName": TEAMS[team].name, "injuries": [{"athlete": {"displayName": full_name}, "status": "Out"}]}],
        }
        stage.load([house.payload(report, said_at)])
        assert self.void_reasons(stage, game, name) == {reason}

    def test_the_silence_of_a_team_that_had_not_submitted_makes_no_late_scratch(self, stage: house.Stage) -> None:
        game, name = self.picks("UNDER")
        team, _ = self.sits_hurt(stage, game, name)
        silence = submission_row(game.game_date, team, False, game.tip - timedelta(hours=1))
        stage.warehouse.merge("raw.injury_submissions", table_of("raw.injury_submissions", [silence]), "silence")
        assert self.void_reasons(stage, game, name) == {"dnp_unknown"}


@pytest.mark.parametrize("word", ["PPD", "Cancelled"])
def test_f30_a_game_that_was_called_off_is_void_and_the_others_are_graded(stage: house.Stage, word: str) -> None:
    off = house.games_of_night()[2]

    def call_off(league: Row) -> None:
        for day in league["leagueSchedule"]["gameDates"]:
            for game in day["games"]:
                if game["gameId"] == off.league_id:
                    game.update(gameStatus=1, gameStatusText=word)

    altered(stage, boxes={}, schedule=call_off, without=(off.game_id,))
    records = grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
    found = grades(stage)
    called_off = [row for pick, row in found.items() if pick[0] == off.game_id]
    assert len(called_off) > 20
    assert {(row["result"], row["void_reason"], row["actual_points"]) for row in called_off} == {("VOID", "game_not_completed", None)}
    others = {row["result"] for pick, row in found.items() if pick[0] != off.game_id}
    assert {"WIN", "LOSS"} <= others
    assert sum(record.void for record in records) >= len(called_off)


@pytest.mark.parametrize(("status", "word"), [(2, "Q4 5:00"), (3, "Final")])
def test_a_game_without_its_box_score_is_graded_when_that_is_there_and_not_before(stage: house.Stage, status: int, word: str) -> None:
    """The slate is graded in the morning; a game that goes on, or is final and has no box score yet, has no voids in the meantime."""
    late = house.games_of_night()[-1]

    def go_on(league: Row) -> None:
        for day in league["leagueSchedule"]["gameDates"]:
            for game in day["games"]:
                if game["gameId"] == late.league_id:
                    game.update(gameStatus=status, gameStatusText=word)

    altered(stage, boxes={}, schedule=go_on, without=(late.game_id,))
    grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
    assert grades(stage)
    assert not any(pick[0] == late.game_id for pick in grades(stage))
    stage.load([house.box(late)])
    grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
    happened, said, found = outcomes(), predictions(stage), grades(stage)
    waited = {pick for pick in said if pick[0] == late.game_id}
    assert waited
    assert {pick: found[pick]["result"] for pick in waited} == {pick: result_of(said[pick], happened[pick[:2]][0]) for pick in waited}


def test_nobody_can_bet_at_a_consensus_and_its_prices_return_nothing(tmp_path: Path) -> None:
    stage = house.played().copy(tmp_path)
    with duckdb.connect(str(stage.warehouse.path)) as connection:
        connection.execute(f"UPDATE {PREDICTIONS} SET line_kind = 'consensus' WHERE system_id = 'catboost_v9'")
    grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
    returned: dict[bool, set[bool]] = {True: set(), False: set()}
    for (_, _, system), row in grades(stage).items():
        if row["result"] in ("WIN", "LOSS"):
            returned[system == "catboost_v9"] |= {row["price"] is not None, row["units"] is not None}
    assert returned == {True: {False}, False: {True}}


class TestClosingValues:
    def test_a_quote_that_is_the_close_itself_measures_nothing(self, night: tuple[house.Stage, list[SystemRecord]]) -> None:
        stage, _ = night
        found = grades(stage).values()
        assert any(row["close_minutes"] == pytest.approx(10.0) for row in found)
        assert all(row["clv_points"] is None and row["clv_prob"] is None for row in found)

    def test_beside_a_later_close_each_pick_has_both_values_for_the_side_it_leans_to(self, tmp_path: Path) -> None:
        stage = house.played().copy(tmp_path)
        stage.load([house.lines(game, game.tip - timedelta(minutes=2)) for game in house.games_of_night()])
        grade(stage.warehouse, house.NIGHT, now=house.MORNING, run_id="a run")
        said, close = predictions(stage), _closes_by_hand(stage)
        measured = {pick: row for pick, row in grades(stage).items() if row["clv_points"] is not None}
        assert len(measured) > 100
        assert sum(row["clv_prob"] is not None for row in measured.values()) > len(measured) / 2
        moved = 0
        for pick, row in measured.items():
            told = said[pick]
            assert row["close_minutes"] == pytest.approx(2.0)
            assert row["close_line"] == pytest.approx(close[pick[:2]])
            assert row["clv_points"] == pytest.approx((1 if told["side"] == "OVER" else -1) * (close[pick[:2]] - told["line"]))
            moved += row["clv_points"] != 0.0
            price = told["over_price" if told["side"] == "OVER" else "under_price"]
            assert row["clv_prob"] is None or -1.0 < row["clv_prob"] < price - 1.0
        assert moved


def _closes_by_hand(stage: house.Stage) -> dict[tuple[str, str], float]:
    """The median over the books of the main lines that stood two minutes before the tip."""
    tips = {game.game_id: game.tip for game in house.games_of_night()}
    lines: dict[tuple[str, str], list[float]] = {}
    for row in stage.warehouse.read("raw.odds_player_points", is_main=True).to_pylist():
        if row["game_id"] in tips and row["snapshot_at"] == tips[row["game_id"]] - timedelta(minutes=2):
            lines.setdefault((row["game_id"], row["player_lookup"]), []).append(row["point"])
    return {pair: float(np.median(points)) for pair, points in lines.items()}
