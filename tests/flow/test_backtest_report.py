"""The report of a backtest: what is kept beside its folds, and what it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from backtest.about import CHECK
from backtest.invented import Row, at_random, fact, tables, word
from tipoff.clock import SystemClock
from tipoff.config import Settings, Staking
from tipoff.errors import NotReady
from tipoff.flow.backtest_plan import Folder, Plan, plan_of, summary_of
from tipoff.flow.backtest_report import publish_again, report
from tipoff.flow.house import House, open_house
from tipoff.grade.backtest_figures import figures
from tipoff.grade.bankroll import simulate
from tipoff.market.staking import StakingRule
from tipoff.predict.systems import System
from tipoff.publish.reports import BACKTESTS, BacktestReport, backtest_path
from tipoff.publish.write import get

FIRST, SECOND = date(2024, 4, 1), date(2024, 4, 8)
SYSTEMS = (
    System(system_id="in_points", family="moving_average", features="v9"),
    System(system_id="in_probability", family="moving_average", features="v9", threshold=0.05, threshold_in="probability"),
)
NAMES = tuple(system.system_id for system in SYSTEMS)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(data_dir=tmp_path / "data", staking=Staking(shrink="none", fraction=0.5))
    with open_house(settings, SystemClock()) as opened:
        yield opened


def keep(house: House, facts: list[Row], said: list[Row]) -> Plan:
    """A backtest of two folds as it stands before its report; rows are in the first fold if they are before the second's day."""
    plan = Plan(**{**plan_of(SYSTEMS, FIRST, date(2024, 4, 14)).__dict__, "backtest_id": "b1", "created_at": "2025-01-01T00:00:00+00:00"})
    folder = Folder(house.bucket, plan.backtest_id)
    folder.write_plan(plan)
    folder.put("leakcheck.json", json.dumps([CHECK]).encode())
    for refit, first in ((FIRST, True), (SECOND, False)):
        for name, table in zip(("facts", "said"), tables(facts, said), strict=True):
            inside = pc.less(table["game_date"], pa.scalar(SECOND))
            sink = pa.BufferOutputStream()
            pq.write_table(table.filter(inside if first else pc.invert(inside)), sink)
            folder.put(f"folds/{refit}/{name}.parquet", sink.getvalue().to_pybytes())
        folder.put(f"folds/{refit}/fold.json", json.dumps(fold(refit)).encode())
    return plan


def fold(refit: date) -> dict[str, Any]:
    """The summary of a fold."""
    return {
        "refit": refit.isoformat(),
        "in_play": 2,
        "held_back": {"in_points": 1},
        "absences": {"no_line": 5},
        "refused": {"in_probability": f"{refit}: 12 rows."} if refit == SECOND else {},
        "seconds_to_fit": 1.5,
        "seconds_to_predict": 0.25,
    }


def test_figures_and_bankrolls_of_all_folds_are_kept_with_the_plan_and_the_leak_check(house: House) -> None:
    facts, said = at_random(3, 150, NAMES)
    plan = keep(house, facts, said)
    folder = Folder(house.bucket, plan.backtest_id)
    found = report(house, plan, summary_of(plan, folder))
    kept = json.loads(folder.get("report.json"))
    assert found == figures(*tables(facts, said))
    assert kept["figures"] == json.loads(json.dumps(found.as_dict()))
    assert kept["leak"] == {"checks": [CHECK]}
    assert kept["plan"]["recipes"] == plan.recipes
    assert set(kept["bankroll"]) == set(NAMES)
    assert folder.plan().state == "finished"
    html = folder.get("report.html").decode()
    assert "The leak check found nothing" in html
    assert 'id="bankroll"' in html


def test_leaks_are_told_by_the_report_and_nothing_says_that_there_are_none(house: House) -> None:
    plan = keep(house, *at_random(3, 20, NAMES))
    folder = Folder(house.bucket, plan.backtest_id)
    leak = {"feature": "usage_rate", "table": "raw.player_box", "probe": "truncated", "as_of": "2024-04-01", "count": 12}
    folder.put("leakcheck.json", json.dumps([CHECK, CHECK | {"findings": [leak]}]).encode())
    report(house, plan, {})
    kept = json.loads(folder.get("report.json"))
    assert kept["leak"]["checks"][1]["findings"] == [leak]
    assert not {"state", "leaks_found"} & set(kept["plan"]), "both become true of the plan only after the report"
    assert folder.plan().leaks_found == 1
    html = folder.get("report.html").decode()
    assert "The leak check found 1 leak<" in html
    assert "leaks found" not in html


@pytest.mark.parametrize(("system_id", "least_edge"), [("in_points", 0.02), ("in_probability", 0.05)])
def test_a_bankroll_is_staked_by_the_configured_rule_from_the_systems_own_edge_on(house: House, system_id: str, least_edge: float) -> None:
    facts = [fact(number, game_date=date(2024, 4, 1 + number % 14)) for number in range(40)]
    said = [word(row, system_id=name, p_over=0.54 + 0.002 * place, p_under=0.4) for name in NAMES for place, row in enumerate(facts)]
    plan = keep(house, facts, said)
    report(house, plan, {})
    kept = json.loads(Folder(house.bucket, plan.backtest_id).get("report.json"))["bankroll"][system_id]
    known, spoken = tables(facts, said)
    rule = StakingRule(fraction=0.5, shrink="none")
    alone = simulate(spoken.filter(pc.equal(spoken["system_id"], system_id)), known, rule, least_edge=least_edge)
    assert kept == json.loads(json.dumps(alone.as_dict()))
    assert 0 < kept["bets"] < 40


def test_the_summary_sums_folds_and_keeps_who_was_refused_where_and_why(house: House) -> None:
    plan = keep(house, *at_random(3, 20, NAMES))
    summary = summary_of(plan, Folder(house.bucket, plan.backtest_id))
    assert summary == {
        "folds": 2,
        "in_play": 4,
        "held_back": {"in_points": 2},
        "absences": {"no_line": 10},
        "refused": {"in_probability": {"2024-04-08": "2024-04-08: 12 rows."}},
        "seconds_to_fit": 3.0,
        "seconds_to_predict": 0.5,
    }


def test_the_same_backtest_reported_twice_is_the_same_report(house: House) -> None:
    plan = keep(house, *at_random(5, 60, NAMES))
    folder = Folder(house.bucket, plan.backtest_id)
    report(house, plan, summary_of(plan, folder))
    first = folder.get("report.json"), folder.get("report.html")
    report(house, plan, summary_of(plan, folder))
    assert (folder.get("report.json"), folder.get("report.html")) == first


def test_its_figures_are_published_and_can_be_again(house: House) -> None:
    plan = keep(house, *at_random(3, 150, NAMES))
    found = report(house, plan, summary_of(plan, Folder(house.bucket, plan.backtest_id)))
    told = BacktestReport.model_validate_json(house.bucket.get(backtest_path("b1")).bytes().to_bytes())
    assert {one.system_id: one.n for one in told.systems} == {name: one.pooled.errors.n for name, one in found.systems.items()}
    assert (told.about.folds, told.about.leaks_found) == (2, len(CHECK["findings"]))
    assert get(house.bucket, BACKTESTS) is not None
    house.bucket.delete(BACKTESTS)
    house.bucket.delete(backtest_path("b1"))
    with pytest.raises(NotReady, match="has not finished"):
        publish_again(house, plan)
    assert publish_again(house, Folder(house.bucket, "b1").plan()) == [backtest_path("b1"), BACKTESTS]
    again = BacktestReport.model_validate_json(house.bucket.get(backtest_path("b1")).bytes().to_bytes())
    assert again.model_copy(update={"generated_at": told.generated_at}) == told
