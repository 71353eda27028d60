"""The report of a backtest: figures, as JSON and as a page, beside its folds. It must never know how a figure is worked out."""

from __future__ import annotations

import json
from typing import Any

from tipoff.flow.backtest import Folder, Plan, finish, leaks, results
from tipoff.flow.house import House
from tipoff.grade.backtest_figures import Figures, figures
from tipoff.grade.backtest_page import page


def report(house: House, plan: Plan, summary: dict[str, Any]) -> Figures:
    """Work out the figures of a backtest that is complete, keep them, and finish it."""
    facts, said = results(house.bucket, plan)
    found = figures(facts, said)
    leak = {"checks": leaks(house.bucket, plan)}
    about = plan.as_dict() | {"summary": summary}
    folder = Folder(house.bucket, plan.backtest_id)
    folder.put("report.json", json.dumps({"plan": about, "leak": leak, "figures": found.as_dict()}).encode())
    folder.put("report.html", page(found, about, leak).encode())
    finish(house, plan)
    return found
