"""A player's charts as Vega-Lite: his games against the line, his minutes and usage, the distribution of tonight's points.

In: parts of his document. Out: specifications whose colours are names of the sheet's own. Over and under are told by a mark as well as by
colour. It must never know HTML.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tipoff.publish.documents import Opinion
from tipoff.publish.people import PastGame
from tipoff.web import words

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_SIDES = {"domain": ["over", "push", "under"], "range": ["--over-fill", "--soft", "--under-fill"]}
_REACH = 3.2
"""How many standard deviations of the distribution are shown."""


def side_of(points: float | None, line: float | None) -> str | None:
    """over, under or push: how so many points would have ended against a line; None where either is missing."""
    if points is None or line is None:
        return None
    return "over" if points > line else "under" if points < line else "push"


def bars(games: Sequence[PastGame], line: float | None) -> dict[str, Any]:
    """Points of the last games, the latest on the right, against `line`; where there is none, each against its own closing line."""
    marks = {"over": "▲", "under": "▼", "push": "="}
    rows = []
    for place, game in enumerate(reversed(games)):
        side = side_of(game.points, line if line is not None else game.closing_line)
        told = {"date": words.short_date(game.game_date), "against": game.opponent or "", "closed": game.closing_line}
        rows.append({"place": place, "points": game.points, "side": side or "no line", "mark": marks.get(side or "", ""), **told})
    domain = [*_SIDES["domain"], "no line"]
    colour = {"domain": domain, "range": [*_SIDES["range"], "--even-wash"]}
    x = {"field": "place", "type": "ordinal", "title": None, "axis": _dates(rows)}
    tooltip = [
        {"field": "date"},
        {"field": "against"},
        {"field": "points"},
        {"field": "closed", "title": "closing line"},
        {"field": "side"},
    ]
    y = {"field": "points", "type": "quantitative", "title": None, "axis": {"tickCount": 5}}
    colours = {"field": "side", "type": "nominal", "scale": colour, "legend": None}
    bar = {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": {"x": x, "y": y, "color": colours, "tooltip": tooltip}}
    label: dict[str, Any] = {"mark": {"type": "text", "dy": -7, "fontSize": 9}, "encoding": {"x": x, "y": y, "text": {"field": "mark"}}}
    stroke = {
        "mark": {"type": "tick", "thickness": 1.5, "color": "--ink", "bandSize": 18},
        "encoding": {"x": x, "y": y | {"field": "closed"}},
    }
    layers: list[dict[str, Any]] = [bar, label, stroke]
    if line is not None:
        layers.append(_across(line))
    return {"$schema": _SCHEMA, "width": "container", "height": 220, "data": {"values": rows}, "layer": layers}


def _across(line: float) -> dict[str, Any]:
    return {
        "data": {"values": [{"line": line}]},
        "mark": {"type": "rule", "strokeDash": [5, 3], "strokeWidth": 1.5, "color": "--brand"},
        "encoding": {"y": {"field": "line", "type": "quantitative"}},
    }


def _dates(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """An axis that names every few games: whom he met."""
    labels = [row["against"] for row in rows]
    return {
        "labelExpr": f"{labels!r}[datum.value]".replace("'", '"'),
        "labelAngle": -90 if len(rows) > 12 else 0,
        "ticks": False,
        "labelFontSize": 10,
    }


def minutes(games: Sequence[PastGame]) -> dict[str, Any] | None:
    """Minutes of the same games as bars; None where none is on record."""
    if all(game.minutes is None for game in games):
        return None
    mark = {"type": "bar", "color": "--rule", "cornerRadiusEnd": 2}
    return _small(games, {"field": "minutes", "title": "Minutes"}, mark, named=False)


def usage(games: Sequence[PastGame]) -> dict[str, Any] | None:
    """Usage, in percent, of the same games as a line; None where none is on record."""
    if all(game.usage_rate is None for game in games):
        return None
    mark = {"type": "line", "color": "--under", "point": {"color": "--under", "size": 22}}
    return _small(games, {"field": "usage", "title": "Usage, %", "scale": {"zero": False}}, mark, named=True)


def _small(games: Sequence[PastGame], figure: dict[str, Any], mark: dict[str, Any], *, named: bool) -> dict[str, Any]:
    rows = [
        {
            "place": place,
            "minutes": game.minutes,
            "usage": game.usage_rate,
            "date": words.short_date(game.game_date),
            "against": game.opponent or "",
        }
        for place, game in enumerate(reversed(games))
    ]
    axis = {"tickCount": 3, "titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleY": -8, "titleX": 0, "minExtent": 26}
    x = {"field": "place", "type": "ordinal", "scale": {"type": "band"}, "title": None, "axis": _dates(rows) if named else None}
    tooltip = [{"field": "date"}, {"field": "against"}, {"field": "minutes", "format": ".1f"}, {"field": "usage", "format": ".1f"}]
    encoding = {"x": x, "y": figure | {"type": "quantitative", "axis": axis}, "tooltip": tooltip}
    return {"$schema": _SCHEMA, "width": "container", "height": 72, "data": {"values": rows}, "mark": mark, "encoding": encoding}


def distribution(opinion: Opinion, actual: int | None = None) -> dict[str, Any] | None:
    """The chance of every whole number of points, drawn as the gamma density of the distribution's mean and spread; None where those are
    not known."""
    if not opinion.mean or not opinion.sd:
        return None
    low = max(0, math.floor(opinion.mean - _REACH * opinion.sd))
    points = list(range(low, math.ceil(opinion.mean + _REACH * opinion.sd) + 1))
    weights = [_gamma(max(point, 0.25), opinion.mean, opinion.sd) for point in points]
    whole = sum(weights) or 1.0
    rows = [
        {"points": point, "chance": round(weight / whole, 5), "side": side_of(point, opinion.line) or "no line"}
        for point, weight in zip(points, weights, strict=True)
    ]
    colour = {"domain": [*_SIDES["domain"], "no line"], "range": [*_SIDES["range"], "--rule"]}
    x = {"field": "points", "type": "quantitative", "title": "Points", "scale": {"nice": False, "domain": [low - 1, points[-1] + 1]}}
    x |= {"axis": {"grid": False, "tickMinStep": 1, "tickCount": 10}}
    y = {"field": "chance", "type": "quantitative", "title": None, "axis": {"format": ".0%", "tickCount": 4}}
    tooltip = [{"field": "points"}, {"field": "chance", "format": ".1%"}, {"field": "side"}]
    colours = {"field": "side", "type": "nominal", "scale": colour, "legend": None}
    bar = {"mark": {"type": "bar", "width": {"expr": f"max(2, width / {len(points) + 2} - 2)"}, "cornerRadiusEnd": 2}}
    layers: list[dict[str, Any]] = [bar | {"encoding": {"x": x, "y": y, "color": colours, "tooltip": tooltip}}]
    for value, ink, dash in ((opinion.line, "--brand", [5, 3]), (opinion.predicted, "--ink", [1, 0]), (actual, "--won", [2, 2])):
        if value is not None:
            mark = {"type": "rule", "strokeWidth": 1.5, "strokeDash": dash, "color": ink}
            layers.append({"data": {"values": [{"at": value}]}, "mark": mark, "encoding": {"x": {"field": "at", "type": "quantitative"}}})
    return {"$schema": _SCHEMA, "width": "container", "height": 180, "data": {"values": rows}, "layer": layers}


def _gamma(point: float, mean: float, sd: float) -> float:
    shape, scale = (mean / sd) ** 2, sd * sd / mean
    return math.exp((shape - 1) * math.log(point) - point / scale - math.lgamma(shape) - shape * math.log(scale))
