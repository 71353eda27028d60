"""The charts of reports, as Vega-Lite: differences with their intervals, units by day of several systems.

In: plain rows. Out: specifications, colours by the names of the style sheet's own. It must never know a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tipoff.publish.reports import SystemFigures
from tipoff.web import words
from tipoff.web.record_charts import days_axis

Chart = dict[str, Any]
MOST_LINES = 6


def differences_chart(rows: Sequence[tuple[str, float | None, float | None, float | None, int]], title: str, form: str) -> Chart | None:
    """One row each: name, difference, its interval, n; beside 0. None where none has an interval."""
    names = ("name", "value", "low", "high", "n")
    values = [dict(zip(names, row, strict=True)) for row in rows if row[2] is not None]
    if not values:
        return None
    y = {"field": "name", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 170, "ticks": False, "domain": False}}
    x = {"type": "quantitative", "axis": {"title": title, "format": form, "tickCount": 5}}
    tip = [{"field": "name"}, *({"field": name, "format": form} for name in ("value", "low", "high")), {"field": "n", "format": ","}]
    return {
        "width": "container",
        "height": 24 * len(values),
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "rule", "color": "--soft", "strokeWidth": 0.8}, "encoding": {"x": {"datum": 0}}},
            {
                "mark": {"type": "rule", "color": "--under-fill", "strokeWidth": 4},
                "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 50, "color": "--ink", "opacity": 1},
                "encoding": {"y": y, "x": x | {"field": "value"}, "tooltip": tip},
            },
        ],
    }


def runs_chart(systems: Sequence[SystemFigures]) -> Chart | None:
    """Units won up to each day, of the systems with the most bets; None without a bet."""
    chosen = sorted((one for one in systems if one.days), key=lambda one: -one.bets.n)[:MOST_LINES]
    values = [
        {"system": one.system_id, "date": day.game_date.isoformat(), "day": words.short_date(day.game_date), "units": day.total, "n": day.n}
        for one in chosen
        for day in one.days
    ]
    if not values:
        return None
    x = days_axis("date", [day.game_date for one in chosen for day in one.days])
    y = {"field": "units", "type": "quantitative", "axis": {"title": "units won", "tickCount": 6}}
    tip = [
        {"field": "system"},
        {"field": "day"},
        {"field": "units", "format": "+.1f"},
        {"field": "n", "title": "bets that day"},
    ]
    colour = {"field": "system", "type": "nominal", "title": None, "legend": {"columns": 2, "symbolType": "stroke"}}
    return {
        "width": "container",
        "height": 260,
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "rule", "color": "--soft", "strokeWidth": 0.7}, "encoding": {"y": {"datum": 0}}},
            {"mark": {"type": "line", "strokeWidth": 1.6}, "encoding": {"x": x, "y": y, "color": colour, "tooltip": tip}},
        ],
    }
