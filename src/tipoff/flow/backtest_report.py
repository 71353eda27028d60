"""The report of a backtest: figures, as JSON and as a page, beside its folds, and as a published document.

It must never know how a figure is worked out.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from tipoff.errors import NotReady
from tipoff.flow.backtest_plan import Folder, Plan, finish, leaks, results
from tipoff.flow.house import House
from tipoff.grade.backtest_best import best_of
from tipoff.grade.backtest_document import backtest_document
from tipoff.grade.backtest_figures import Figures, figures
from tipoff.grade.backtest_page import page
from tipoff.grade.bankroll import LEAST_EDGE, simulate_each
from tipoff.market.selection import SelectionRule
from tipoff.market.staking import StakingRule
from tipoff.publish.documents import league_named
from tipoff.publish.reports import About, BacktestReport, document_name, publish_backtest

_NOT_YET = ("state", "leaks_found")
"""Of the plan: what becomes true of it only once the report is there. `leak` says what was found."""


def report(house: House, plan: Plan, summary: dict[str, Any]) -> Figures:
    """Work out the figures of a backtest that is complete, keep them, and finish it.

    Beside them stands what the configured staking rule would have made of each system's recommendations, and what its best bets came to.
    """
    facts, said = results(house.bucket, plan)
    found = figures(facts, said)
    least_edge = {one.system_id: one.threshold if one.threshold_in == "probability" else LEAST_EDGE for one in plan.systems}
    bankrolls = simulate_each(said, facts, StakingRule(**house.settings.staking.model_dump()), least_edge)
    best = best_of(facts, said)
    leak = {"checks": leaks(house.bucket, plan)}
    asked = {name: value for name, value in plan.as_dict().items() if name not in _NOT_YET}
    about = asked | {"summary": summary}
    document = {
        "plan": about,
        "leak": leak,
        "figures": found.as_dict(),
        "bankroll": {system_id: bankroll.as_dict() for system_id, bankroll in bankrolls.items()},
        "best_bets": {"rule": asdict(SelectionRule()), "systems": {system_id: one.as_dict() for system_id, one in best.items()}},
    }
    folder = Folder(house.bucket, plan.backtest_id)
    folder.put("report.json", json.dumps(document).encode())
    folder.put("report.html", page(found, about, leak, bankrolls, best).encode())
    publish_backtest(house.bucket, _document(house, finish(house.bucket, plan), found))
    return found


def publish_again(house: House, plan: Plan) -> list[str]:
    """Publish a backtest that has finished, from its folds; gives the paths written. Raises NotReady where it has not."""
    if plan.state != "finished":
        raise NotReady(f"{plan.backtest_id} has not finished.", hint="The command that started it goes on with it.")
    return publish_backtest(house.bucket, _document(house, plan, figures(*results(house.bucket, plan))))


def _document(house: House, plan: Plan, found: Figures) -> BacktestReport:
    same = ("backtest_id", "start", "end", "refit_days", "before_minutes", "feature_version", "leak_days", "leaks_found")
    named = {name: getattr(plan, name) for name in same}
    created = datetime.fromisoformat(plan.created_at) if plan.created_at else None
    about = About(name=document_name(plan.backtest_id), created_at=created, folds=len(plan.folds), **named)
    return backtest_document(found, about, generated_at=house.clock.now(), league=league_named(house.warehouse.league()))
