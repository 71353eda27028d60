"""The commands of the fleet, as a person would use them: what is shown, what is refused and why, one step forth and one back."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from faults.command import tipoff
from tipoff.cli.fleet import print_fleet
from tipoff.config import clock_of, load_settings
from tipoff.flow.fleet import fleet_status
from tipoff.flow.house import open_house
from tipoff.predict.artefacts import manifest_path
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import open_bucket
from tipoff.store.tables import table_of
from tipoff.train.registry import REGISTRY
from train.backtest_tables import keep_backtest
from train.graded_rows import DAY, NOON, Bet, keep, model
from train.made_up_evidence import evidence

SIGNED = ("--by", "Ada", "--reason", "it is better")
GATES = [
    *("leak_alarm", "no_overlap", "mean_against_line", "bias_by_tier", "mae_against_champion", "log_loss_against_champion"),
    *("beats_the_market", "calibration"),
]


@dataclass
class Desk:
    """A data directory, and the commands on it."""

    folder: Path

    def __call__(self, *arguments: str, expect: int = 0) -> str:
        done = tipoff(*arguments, "--data-dir", self.folder, expect=expect)
        return done.stderr if expect else done.stdout

    def fleet(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("fleet", "--json", *arguments))
        found["by_id"] = {one["system_id"]: one for one in found["systems"]}
        return found


def stocked(folder: Path) -> Desk:
    """Three models of two systems, one of them refitted; a backtest that holds both, and one of another recipe; and graded bets."""
    warehouse, bucket = DuckDBWarehouse(folder / "warehouse.duckdb"), open_bucket(folder.as_uri())
    rows = [
        model("catboost_v9-1", "catboost_v9", DAY - timedelta(days=7), state="shadow"),
        model("lightgbm_v12-1", "lightgbm_v12", state="shadow", metrics='{"lined_log_loss": 0.68}'),
        model("xgboost_v12-1", "xgboost_v12", metrics=None),
    ]
    warehouse.merge(REGISTRY, table_of(REGISTRY, rows), "models")
    for row in rows:
        bucket.put(manifest_path(row["model_id"]), json.dumps({"recipe_hash": f"recipe of {row['system_id']}"}).encode())
    systems = ("catboost_v9", "lightgbm_v12", "xgboost_v12")
    recipes = {name: f"recipe of {name}" for name in systems}
    made = [evidence(system_id=name, noise=noise, seed=2) for name, noise in zip(systems, (0.2, 0.1, 4.0), strict=True)]
    keep_backtest(bucket, "good", recipes, made, created_at="2025-12-01T00:00:00+00:00")
    keep_backtest(bucket, "other", dict.fromkeys(systems, "another recipe"), made, created_at="2025-12-02T00:00:00+00:00")
    mine: dict[str, Any] = {"system": "catboost_v9", "model": "catboost_v9-1"}
    keep(warehouse, [*[Bet("WIN", **mine)] * 27, *[Bet("LOSS", points=18.0, **mine)] * 23])
    return Desk(folder)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return stocked(tmp_path_factory.mktemp("desk"))


class TestLooking:
    def test_every_system_is_shown_with_state_age_health_and_gates(self, desk: Desk) -> None:
        found = desk.fleet()
        cat, light = found["by_id"]["catboost_v9"], found["by_id"]["lightgbm_v12"]
        assert (cat["model_id"], cat["state"], cat["training_alert"]) == ("catboost_v9-1", "shadow", "critical")
        assert cat["days_since_training"] - light["days_since_training"] == 7
        assert (light["headline"], light["bootstrap"], cat["headline"]) == (True, True, False)
        untrained = found["by_id"]["moving_average"]
        assert {name for name, value in untrained.items() if value not in (None, False, [])} == {"system_id", "health"}
        assert untrained["health"] == {"health": "INSUFFICIENT_DATA", "windows": {}}
        assert [model["model_id"] for model in found["models"]] == ["catboost_v9-1", "lightgbm_v12-1", "xgboost_v12-1"]

    def test_gates_are_judged_on_the_newest_backtest_of_the_models_recipe_and_on_its_own_grades(self, desk: Desk) -> None:
        backtest, live = desk.fleet()["by_id"]["catboost_v9"]["gates"]
        assert (backtest["source"], backtest["verdict"]) == ("backtest good", "PASSED")
        assert [gate["name"] for gate in backtest["gates"]] == GATES
        assert all(gate["n"] for gate in backtest["gates"] if "champion" not in gate["name"])
        assert (live["source"], live["gates"][1]["n"]) == ("graded", 50)
        worse = desk.fleet()["by_id"]["xgboost_v12"]["gates"][0]
        assert worse["verdict"] == "FAILED"

    def test_for_people_it_is_told_in_tables(self, desk: Desk) -> None:
        told = desk("fleet")
        for words in (
            "The fleet on",
            "lightgbm_v12 *",
            "(unproven)",
            "(critical)",
            "untrained",
            "Gates",
            "INSUFFICIENT_DATA",
            "calibration",
        ):
            assert words in told, words

    def test_the_ids_that_promote_asks_for_stand_whole_on_a_line(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        settings = load_settings(data_dir=desk.folder)
        with open_house(settings, clock_of(settings)) as house:
            found = fleet_status(house, None)
        long = replace(
            found.systems[0], system_id="catboost_v12_noveg_q43", model_id="catboost_v12_noveg_q43-20251104-1cbbd0b2", bootstrap=True
        )
        print_fleet(replace(found, systems=[long, *found.systems[1:]]))
        assert " catboost_v12_noveg_q43-20251104-1cbbd0b2 " in capsys.readouterr().out

    def test_an_empty_house_is_told_as_it_is(self, tmp_path: Path) -> None:
        found = Desk(tmp_path).fleet()
        assert {one["state"] for one in found["systems"]} == {None}
        assert found["models"] == found["changes"] == []


class TestRefusing:
    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (("promote", "nobody-1", "--to", "shadow", *SIGNED), 4, "No model is called 'nobody-1'"),
            (("promote", "xgboost_v12-1", "--to", "king", *SIGNED), 4, "'king' is no state"),
            (("promote", "xgboost_v12-1", "--to", "champion", *SIGNED), 12, "only a shadow rises to champion"),
            (("promote", "xgboost_v12-1", "--to", "shadow", "--backtest", "other", *SIGNED), 4, "holds no system made as xgboost_v12-1 is"),
            (("promote", "xgboost_v12-1", "--to", "shadow", "--backtest", "../up", *SIGNED), 4, "is no id of a backtest"),
            (("promote", "catboost_v9-1", "--to", "champion", "--by", "", "--reason", "x"), 4, "needs a name and a reason"),
            (("retire", "nobody-1", *SIGNED), 4, "No model is called"),
            (("rollback", *SIGNED), 5, "There is no former champion"),
        ],
    )
    def test_what_is_refused_says_why_and_what_next(self, desk: Desk, arguments: tuple[str, ...], code: int, told: str) -> None:
        said = desk(*arguments, expect=code)
        assert told in said
        assert "->" in said
        assert "Traceback" not in said

    def test_a_shut_gate_is_named_with_value_threshold_and_n(self, desk: Desk) -> None:
        said = desk("promote", "xgboost_v12-1", "--to", "shadow", *SIGNED, expect=12)
        assert "xgboost_v12-1 may not rise to shadow:" in said
        (line,) = [line for line in said.splitlines() if "[backtest good] calibration FAILED" in line]
        assert "FAILED: +0.17" in line
        assert "against 0.020" in line
        assert "N 6,000" in line
        assert desk.fleet()["by_id"]["xgboost_v12"]["state"] == "candidate"


def test_up_and_back_in_one_step_each_with_everything_on_record(tmp_path: Path) -> None:
    desk = stocked(tmp_path)
    raised = json.loads(desk("promote", "catboost_v9-1", "--to", "champion", *SIGNED, "--json"))
    assert (raised["from"], raised["to"], raised["gates"][0]["verdict"]) == ("shadow", "champion", "PASSED")
    assert "lightgbm_v12-1: shadow -> champion." in desk("promote", "lightgbm_v12-1", "--to", "champion", *SIGNED)
    found = desk.fleet()
    assert {model["model_id"]: model["state"] for model in found["models"]} == {
        "catboost_v9-1": "shadow",
        "lightgbm_v12-1": "champion",
        "xgboost_v12-1": "candidate",
    }
    assert (found["by_id"]["lightgbm_v12"]["headline"], found["by_id"]["lightgbm_v12"]["bootstrap"]) == (True, False)
    against = {gate["name"]: gate["n"] for gate in found["by_id"]["catboost_v9"]["gates"][0]["gates"]}
    assert against["mae_against_champion"] == 6000
    back = json.loads(desk("rollback", "--by", "Bo", "--reason", "it lost", "--json"))
    assert (back["champion"], back["retired"]) == ("catboost_v9-1", "lightgbm_v12-1")
    assert "xgboost_v12-1: candidate -> retired." in desk("retire", "xgboost_v12-1", *SIGNED)
    changes = desk.fleet()["changes"]
    assert [(change["model_id"], change["to_state"], change["changed_by"]) for change in reversed(changes)] == [
        ("catboost_v9-1", "champion", "Ada"),
        ("catboost_v9-1", "shadow", "Ada"),
        ("lightgbm_v12-1", "champion", "Ada"),
        ("lightgbm_v12-1", "retired", "Bo"),
        ("catboost_v9-1", "champion", "Bo"),
        ("xgboost_v12-1", "retired", "Ada"),
    ]
    assert all(change["changed_at"] > NOON.isoformat() for change in changes)
