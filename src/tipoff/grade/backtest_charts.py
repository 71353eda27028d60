"""A backtest's plots as SVG text: no script, no request, colours by the page's own variables, so that one picture serves light and dark.

In: figures. Out: SVG, with everything in it escaped; None where there is nothing to show. The pictures are Vega-Lite, written as plain
documents: building them through a class for every part took five times as long as drawing them. It must never know a table or a page's
layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import accumulate
from typing import Any

import vl_convert
from markupsafe import Markup, escape

from tipoff.grade.backtest_bets import Record
from tipoff.grade.backtest_errors import Against
from tipoff.grade.backtest_series import Units, Weeks
from tipoff.grade.bankroll import Bankroll
from tipoff.grade.calibration import Bin
from tipoff.rates import Paired

Spec = dict[str, Any]

WIDTH, HEIGHT = 270, 180
"""Of a plot without its axes, in pixels: narrow enough for a phone, so that its words stay legible there."""
INK, SOFT, RULE, OURS, OTHER = (f"var(--{name})" for name in ("ink", "soft", "rule", "ours", "other"))
_CONFIG: Spec = {
    "background": "transparent",
    "font": "Inter, system-ui, -apple-system, Segoe UI, Roboto, Liberation Sans, Arial, sans-serif",
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelColor": SOFT,
        "titleColor": SOFT,
        "titleFontWeight": 400,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "gridColor": RULE,
        "domainColor": RULE,
        "tickColor": RULE,
        "titlePadding": 8,
        "tickCount": 5,
    },
    "axisQuantitative": {"grid": True},
    "axisX": {"labelOverlap": "greedy", "labelSeparation": 12},
    "point": {"filled": True, "opacity": 1, "size": 42, "color": OURS},
    "rule": {"strokeWidth": 1.5, "color": OURS},
}
_HOLLOW = {"type": "point", "shape": "diamond", "filled": False, "strokeWidth": 1.6, "color": OTHER}
_DASHED = {"color": OTHER, "strokeWidth": 1.4, "strokeDash": [5, 3]}
_BANKROLL = ("bankroll", "claimed_low", "claimed_high", "fair_low", "fair_high")
_FEW_DATES = 60
_MOST_NAME = 190
_LETTER = 6.9
"""Pixels that a letter of a name may take, in the broadest of the fonts that a browser may choose."""
_LONG = re.compile(r"-?\d+\.\d{6,}(?:e-?\d+)?")
"""A coordinate as it was reckoned. A thousandth of a pixel is kept: in its last digits the same picture differs by the processor."""
_LEAST_HIT_RATE, _MOST_HIT_RATE = 0.40, 0.65


def reliability(bins: Sequence[Bin]) -> Markup | None:
    """What happened against what was said, on one scale both ways, with the diagonal of a perfect model."""
    if not bins:
        return None
    rows = [
        {"said": one.mean_probability, "happened": one.happened.rate, "low": one.happened.low, "high": one.happened.high} for one in bins
    ]
    every = [value for row in rows for value in row.values() if value is not None]
    low, high = max(0.0, min(every) - 0.01), min(1.0, max(every) + 0.01)
    scale = {"domain": [low, high], "nice": False}
    x = _quantity("said", "P(over), mean of the bin", ".0%", scale)
    y = _quantity("happened", "share that went over", ".0%", scale)
    ends = [{"said": end, "happened": end} for end in (low, high)]
    return _svg(
        "Reliability: share that went over by bin of P(over)",
        _layer({"type": "line", "color": SOFT, "strokeWidth": 1, "strokeDash": [4, 3]}, x=x, y=y, rows=ends),
        _layer("rule", x=x, y=_quantity("low", y["title"], ".0%", scale), y2={"field": "high"}),
        _layer("point", x=x, y=y),
        rows=rows,
    )


def hit_rates(buckets: Mapping[str, Record], title: str) -> Markup | None:
    """Hit rate by bucket with its interval, the break-even of its prices, and always-UNDER on the same rows."""
    rows = [
        {
            "bucket": f"{name}|n {record.hit_rate.n:,}",
            "rate": record.hit_rate.rate,
            "low": record.hit_rate.low,
            "high": record.hit_rate.high,
            "asked": record.break_even,
            "under": record.under.hit_rate.rate,
        }
        for name, record in buckets.items()
        if record.hit_rate.n
    ]
    if not rows:
        return None
    shown = [value for row in rows for value in (row["rate"], row["asked"], row["under"]) if isinstance(value, float)]
    # The intervals of a few bets would flatten all others: they run out of the picture instead.
    scale = {"domain": [min([_LEAST_HIT_RATE, *shown]) - 0.01, max([_MOST_HIT_RATE, *shown]) + 0.01], "nice": False, "clamp": True}
    axis = {"labelAngle": 0, "labelExpr": "split(datum.label, '|')", "labelFontSize": 10, "grid": False}
    x = {"field": "bucket", "type": "ordinal", "title": title, "sort": None, "axis": axis}

    def y(field: str) -> Spec:
        return _quantity(field, "hit rate", ".0%", scale)

    return _svg(
        f"Hit rate by {title}",
        _layer("rule", x=x, y=y("low"), y2={"field": "high"}),
        _layer({"type": "tick", "color": INK, "thickness": 2, "width": 26, "orient": "horizontal"}, x=x, y=y("asked")),
        _layer({**_HOLLOW, "xOffset": 9}, x=x, y=y("under")),
        _layer("point", x=x, y=y("rate")),
        rows=rows,
    )


def cumulative_units(units: Units) -> Markup | None:
    """Units won so far by recommendations at the prices offered, and by UNDER on the same rows."""
    if not units.day:
        return None
    sums = zip(units.day, accumulate(units.units), accumulate(units.under_units), strict=True)
    x, title = _time("day", len(units.day)), "units, flat stakes of 1"
    return _svg(
        "Cumulative units of recommendations and of always-UNDER",
        _zero("y"),
        _layer({"type": "line", **_DASHED}, x=x, y=_quantity("under", title)),
        _layer({"type": "line", "color": OURS, "strokeWidth": 1.8}, x=x, y=_quantity("ours", title)),
        rows=[{"day": day, "ours": round(ours, 3), "under": round(under, 3)} for day, ours, under in sums],
    )


def error_by_week(weeks: Weeks, overall: Against) -> Markup | None:
    """MAE less the shifted line's, week by week, with the overall difference and its interval across."""
    if not weeks.week:
        return None
    rows = zip(weeks.week, weeks.mae, weeks.shifted_line_mae, strict=True)
    title, x = "MAE less the shifted line's", _time("week", 7 * len(weeks.week))
    layers = [
        _zero("y"),
        _layer({"type": "rule", "strokeWidth": 2, "opacity": 0.75}, x=x, y=_quantity("less", title, "+.2f"), y2={"datum": 0}),
    ]
    if overall.low is not None:
        across = [{"low": overall.low, "high": overall.high, "mean": overall.difference}]
        band = {"type": "rect", "color": OTHER, "opacity": 0.25}
        layers += [
            _layer(band, y=_quantity("low", title, "+.2f"), y2={"field": "high"}, rows=across),
            _layer({"type": "rule", **_DASHED}, y=_quantity("mean", title, "+.2f"), rows=across),
        ]
    return _svg(f"{title} by week", *layers, rows=[{"week": week, "less": ours - shifted} for week, ours, shifted in rows])


def bankroll(of: Bankroll) -> Markup | None:
    """The bankroll after each game day, and between which ones it would have lain if bets won as claimed, and if they broke even."""
    if not of.path or of.as_claimed is None or of.as_fair is None:
        return None
    claimed, fair = of.as_claimed, of.as_fair
    morning = {"day": str(of.path[0].game_date - timedelta(days=1))} | dict.fromkeys(_BANKROLL, 1.0)
    columns = zip(of.path, claimed.low, claimed.high, fair.low, fair.high, strict=True)
    rows = [
        {"day": str(day.game_date)} | dict(zip(_BANKROLL, (round(value, 5) for value in (day.bankroll, *ends)), strict=True))
        for day, *ends in columns
    ]
    x, title, scale = _time("day", of.days), "bankroll, from 1", {"zero": False}

    def band(name: str, colour: str) -> Spec:
        mark = {"type": "area", "color": colour, "opacity": 0.2, "interpolate": "linear"}
        return _layer(mark, x=x, y=_quantity(f"{name}_low", title, ".3~f", scale), y2={"field": f"{name}_high"})

    return _svg(
        "Bankroll by game day, beside what was to be expected",
        _layer({"type": "rule", "color": SOFT, "strokeWidth": 1}, rows=[{}], y={"datum": 1, "type": "quantitative"}),
        band("fair", OTHER),
        band("claimed", OURS),
        _layer({"type": "line", "color": INK, "strokeWidth": 1.8}, x=x, y=_quantity("bankroll", title, ".3~f", scale)),
        rows=[morning, *rows],
    )


def differences(title: str, kinds: Mapping[str, Mapping[str, Against | Paired]], *, form: str) -> Markup | None:
    """One row a system and one mark a kind (at most two: a dot and a hollow diamond): its difference and interval, and zero."""
    layers = [_zero("x")]
    names: dict[str, None] = {}
    for systems in kinds.values():
        names |= {name: None for name, found in systems.items() if _mean(found) is not None}
    broad = min(_LETTER * max(map(len, names), default=0), _MOST_NAME)
    axis = {"labelLimit": _MOST_NAME, "minExtent": broad, "grid": False, "ticks": False, "domain": False, "labelColor": INK}
    for place, systems in enumerate(kinds.values()):
        rows = []
        for name, found in systems.items():
            if _mean(found) is not None:
                rows.append({"system": name, "mean": _mean(found), "low": found.low, "high": found.high})
        shift = (place - (len(kinds) - 1) / 2) * 9
        y = {"field": "system", "type": "nominal", "title": None, "sort": [*names], "axis": axis}
        rule, point = ({"type": "rule", "color": OTHER}, _HOLLOW) if place else ({"type": "rule"}, {"type": "point"})
        layers += [
            _layer({**rule, "yOffset": shift}, x=_quantity("low", title, form), x2={"field": "high"}, y=y, rows=rows),
            _layer({**point, "yOffset": shift}, x=_quantity("mean", title, form), y=y, rows=rows),
        ]
    if not names:
        return None
    return _svg(title, *layers, width=round(max(WIDTH + 70 - broad, 150)), height=max(60, len(names) * (24 if len(kinds) > 1 else 20)))


def _mean(found: Against | Paired) -> float | None:
    return found.difference if isinstance(found, Against) else found.mean


def _layer(mark: str | Spec, *, rows: Sequence[Spec] | None = None, **encoding: Spec) -> Spec:
    """A mark on the picture's rows, or on rows of its own."""
    return {"mark": mark, "encoding": encoding} | ({} if rows is None else {"data": {"values": [*rows]}})


def _quantity(field: str, title: str, form: str | None = None, scale: Spec | None = None) -> Spec:
    axis = {"format": form} if form else {}
    return {"field": field, "type": "quantitative", "title": title, "axis": axis} | ({"scale": scale} if scale else {})


def _time(field: str, dates: int) -> Spec:
    """Dates as they are, whatever this machine's time zone; a few `dates` with their day."""
    axis = {"format": "%-d %b" if dates < _FEW_DATES else "%b %y", "tickCount": 4, "grid": False, "labelFlush": True}
    return {"field": field, "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": axis}


def _zero(channel: str) -> Spec:
    return _layer({"type": "rule", "color": SOFT, "strokeWidth": 1}, rows=[{}], **{channel: {"datum": 0, "type": "quantitative"}})


def _svg(label: str, *layers: Spec, rows: Sequence[Spec] = (), width: int = WIDTH, height: int = HEIGHT) -> Markup:
    spec = {"data": {"values": [*rows]}, "layer": [*layers], "width": width, "height": height, "config": _CONFIG}
    drawn = _LONG.sub(lambda found: str(round(float(found[0]), 3) + 0.0), vl_convert.vegalite_to_svg(spec))
    # A picture is one thing to those who cannot see it, and is named; Vega escapes every text that stands in it.
    return Markup(drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1))  # noqa: S704 - see above
