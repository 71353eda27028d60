"""The charts of the record, as Vega-Lite: units by day, reliability, hit rate by edge.

In: the record's documents. Out: specifications, colours by the names of the style sheet's own. It must never know a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from tipoff.publish.record import Part, SystemDetails, UnitsDay
from tipoff.web import words

Chart = dict[str, Any]
FEW_DAYS = timedelta(days=10)


def units_chart(details: SystemDetails) -> Chart | None:
    """Units won, above what was promised and its band, from 0 on the eve of the first day; None without a day."""
    if not details.days:
        return None
    eve = UnitsDay(game_date=details.days[0].game_date - timedelta(days=1), n=0, units=0.0, total=0.0, expected=0.0, low=0.0, high=0.0)
    values = [day.model_dump(mode="json") | {"day": words.short_date(day.game_date)} for day in (eve, *details.days)]
    x = days_axis("game_date", [day.game_date for day in details.days])
    low = {"field": "low", "type": "quantitative", "axis": {"title": "units won", "tickCount": 6}}
    tip = [
        {"field": "day"},
        *({"field": name, "title": title, "format": "+.1f"} for name, title in (("total", "units"), ("expected", "promised"))),
        {"field": "n", "title": "bets that day"},
    ]
    dots = {"size": 24, "color": "--ink"} if len(values) < 40 else False
    expected, total = ({"field": name, "type": "quantitative"} for name in ("expected", "total"))
    return _chart(
        values,
        _layer("area", {"x": x, "y": low, "y2": {"field": "high"}}, color="--under-fill", opacity=0.28),
        _layer("rule", {"y": {"datum": 0}}, color="--soft", strokeWidth=0.7),
        _layer("line", {"x": x, "y": expected}, color="--under", strokeDash=[4, 3], strokeWidth=1.2),
        _layer("line", {"x": x, "y": total, "tooltip": tip}, color="--ink", strokeWidth=2, point=dots),
    )


def days_axis(field: str, days: Sequence[date]) -> Chart:
    """The axis of these game days. A day is no moment: it reads the same in every time zone, and has one tick at most."""
    few = max(days) - min(days) <= FEW_DAYS
    axis = {"title": "", "format": "%-d %b", "tickCount": {"interval": "day", "step": 1} if few else 6, "grid": False}
    return {"field": field, "type": "temporal", "scale": {"type": "utc"}, "axis": axis}


def reliability_chart(details: SystemDetails) -> Chart | None:
    """The share that went over against the probability stated; None without a row."""
    bins = details.reliability.bins
    if not bins:
        return None
    values = [one.observed.model_dump() | {"forecast": one.forecast} for one in bins]
    ends = [value for one in values for value in (one["low"], one["high"], one["forecast"]) if value is not None]
    first, last = min(ends), max(ends)
    scale = {"domain": [max(0.0, first - 0.02), min(1.0, last + 0.02)], "nice": False}
    x = {"field": "forecast", **_percent("P(over) stated", scale)}
    y = _percent("went over", scale)
    tip = [*({"field": name, "format": ".1%"} for name in ("forecast", "rate", "low", "high")), {"field": "n"}]
    plain = {name: {"field": "at", "type": "quantitative", "scale": scale} for name in ("x", "y")}
    diagonal = _layer("line", plain, color="--soft", strokeDash=[4, 3], strokeWidth=1) | {"data": {"values": [{"at": first}, {"at": last}]}}
    return _chart(values, diagonal, *_whiskers(x, y, tip))


def edges_chart(parts: Sequence[Part]) -> Chart | None:
    """The hit rate of each part with its interval, beside break-even; None without a part."""
    if not parts:
        return None
    values = [part.bets.hit_rate.model_dump() | {"edge": part.part, "even": part.bets.break_even} for part in parts]
    x = {"field": "edge", "type": "nominal", "sort": None, "axis": {"title": "edge in probability", "labelAngle": 0, "grid": False}}
    y = _percent("hit rate", {"zero": False})
    tip = [{"field": "edge"}, *({"field": name, "format": ".1%"} for name in ("rate", "low", "high", "even")), {"field": "n"}]
    even = _layer("tick", {"x": x, "y": y | {"field": "even"}}, color="--over", thickness=2, size=34)
    return _chart(values, even | {"transform": [{"filter": "isValid(datum.even)"}]}, *_whiskers(x, y, tip))


def _whiskers(x: Chart, y: Chart, tip: list[Chart]) -> tuple[Chart, Chart]:
    """A value as a dot over its interval."""
    interval = {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}}
    value = {"x": x, "y": y | {"field": "rate"}, "tooltip": tip}
    return (
        _layer("rule", interval, color="--under-fill", strokeWidth=3),
        _layer("point", value, filled=True, size=55, color="--ink", opacity=1),
    )


def _percent(title: str, scale: Chart) -> Chart:
    return {"type": "quantitative", "scale": scale, "axis": {"title": title, "format": ".0%", "tickCount": 5}}


def _layer(mark: str, encoding: Chart, **look: Any) -> Chart:
    return {"mark": {"type": mark, **look}, "encoding": encoding}


def _chart(values: list[Chart], *layers: Chart) -> Chart:
    return {"width": "container", "height": 250, "data": {"values": values}, "layer": list(layers)}
