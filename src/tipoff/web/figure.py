"""Small figures as SVG geometry: a prediction around its line, the last ten games, an interval. No styles: those are the sheet's.

In: numbers of a document. Out: coordinates. It must never know a page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tipoff.publish.documents import LastTen, Opinion, SystemResults

WIDTH, HEIGHT = 132, 30
REACH = 18.0  # points shown on either side of the line
_BASE = HEIGHT - 4.0


@dataclass(frozen=True)
class Curve:
    """A density in a box of WIDTH x HEIGHT, centred on the line: the areas under and over it, the line, the median, the outcome."""

    under: str
    over: str
    outline: str
    line_x: float | None
    median_x: float
    actual_x: float | None
    leans_over: bool


def curve(opinion: Opinion, actual: int | None) -> Curve | None:
    """The predictive distribution, drawn as the gamma density of its mean and standard deviation (points are never negative).

    The line stands in the middle of every figure, so that a column of them shows at a glance which way each leans. None where the
    distribution is not known.
    """
    if not opinion.mean or not opinion.sd or opinion.predicted is None:
        return None
    centre = opinion.line if opinion.line is not None else opinion.predicted
    points = sorted({centre + step for step in range(-int(REACH), int(REACH) + 1)} | {centre})
    heights = [_gamma(point, opinion.mean, opinion.sd) for point in points]
    top = max(heights) or 1.0
    dots = [(_x(point, centre), _BASE - height / top * (_BASE - 2)) for point, height in zip(points, heights, strict=True)]
    middle = WIDTH / 2
    return Curve(
        under=_area([dot for dot in dots if dot[0] <= middle]),
        over=_area([dot for dot in dots if dot[0] >= middle]),
        outline="M" + "L".join(_pair(dot) for dot in dots),
        line_x=middle if opinion.line is not None else None,
        median_x=round(_x(opinion.predicted, centre), 1),
        actual_x=round(_x(float(actual), centre), 1) if actual is not None else None,
        leans_over=opinion.predicted >= centre,
    )


def _gamma(point: float, mean: float, sd: float) -> float:
    if point <= 0:
        return 0.0
    shape, scale = (mean / sd) ** 2, sd * sd / mean
    return math.exp((shape - 1) * math.log(point) - point / scale - math.lgamma(shape) - shape * math.log(scale))


def _x(point: float, centre: float) -> float:
    """Where a number of points stands, kept inside the box."""
    return min(max(WIDTH / 2 + (point - centre) / REACH * (WIDTH / 2 - 4), 3.0), WIDTH - 3.0)


def _area(dots: list[tuple[float, float]]) -> str:
    return f"M{dots[0][0]:.1f} {_BASE:.0f}L" + "L".join(_pair(dot) for dot in dots) + f"L{dots[-1][0]:.1f} {_BASE:.0f}Z"


def _pair(dot: tuple[float, float]) -> str:
    return f"{dot[0]:.1f} {dot[1]:.1f}"


@dataclass(frozen=True)
class Bar:
    """One past game: a column from the floor, and the closing line across it."""

    x: float
    y: float
    height: float
    line_y: float | None
    result: str
    label: str


def bars(last: LastTen) -> list[Bar]:
    """The last ten games, oldest first, in a box of 160 x 48."""
    games = list(zip(last.points, last.lines, last.results, strict=False))[::-1]
    top = max([value for points, line, _ in games for value in (points, line) if value is not None], default=0.0) or 1.0
    found = []
    for place, (points, line, result) in enumerate(games):
        height = (points or 0.0) / top * 44
        against = f", line {line:g}" if line is not None else ", no line"
        found.append(
            Bar(
                x=place * 16 + 2,
                y=round(47 - height, 1),
                height=round(max(height, 1.0), 1),
                line_y=round(47 - line / top * 44, 1) if line is not None else None,
                result=(result or "none").lower(),
                label=f"{points:g} points{against}" if points is not None else "unknown",
            )
        )
    return found


@dataclass(frozen=True)
class Interval:
    """A rate on a scale from 0 to 1 in a box of 120 x 14."""

    low_x: float
    high_x: float
    rate_x: float


def interval(system: SystemResults) -> Interval | None:
    """The hit rate with its Wilson interval; None where nothing was decided."""
    if system.hit_rate is None or system.low is None or system.high is None:
        return None
    low, high, rate = (round(4 + share * 112, 1) for share in (system.low, system.high, system.hit_rate))
    return Interval(low, high, rate)
