"""How a player's line moved: a chart of steps by book with what happened meanwhile, and the same as rows.

In: a game and a player of a day's lines. Out: a Vega-Lite specification, changes, happenings. Colours are names of the sheet's own. It must
never know HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from tipoff.publish.lines import BookLine, GameLines, PlayerLines
from tipoff.web import words

APART = 0.035
"""Books at the same point are drawn this many points apart, so that none hides another: at twelve of them they still stay within half a
point."""
_COLOURS = ("--under", "--over", "--won", "--gold", "--soft", "--bronze", "--lost", "--silver")
_RULES: dict[str, dict[str, Any]] = {
    "opening": {"color": "--soft"},
    "news": {"color": "--warn", "strokeDash": [2, 3]},
    "prediction": {"color": "--brand", "strokeDash": [7, 3]},
}
_LEAD = timedelta(hours=1)
Kind = Literal["opening", "news", "prediction"]


@dataclass(frozen=True)
class Change:
    """A book's quote from a moment on; `before` is the point it stood at, None for its first one."""

    at: datetime
    book: str
    before: float | None
    point: float
    over_price: float | None
    under_price: float | None


@dataclass(frozen=True)
class Happening:
    """What happened at a moment, in words."""

    at: datetime
    kind: Kind
    text: str


def changes(player: PlayerLines, titles: Mapping[str, str]) -> list[Change]:
    """Every quote that differs from the one before it, the newest first, those of one moment by book."""
    found = []
    for book in player.books:
        before: float | None = None
        for quote in (book.opening, *book.steps):
            found.append(Change(quote.at, titles[book.bookmaker], before, quote.point, quote.over_price, quote.under_price))
            before = quote.point
    return sorted(found, key=lambda one: (-one.at.timestamp(), one.book))


def happenings(game: GameLines, player: PlayerLines) -> list[Happening]:
    """The opening, news of his team, and what the headline system said, in order of time."""
    first = min(book.opening.at for book in player.books)
    found = [Happening(first, "opening", f"First quote, at {words.line(player.opening_line)}" if player.opening_line else "First quote")]
    for news in game.news:
        if player.team is None or news.team == player.team:
            who = "He" if news.player_lookup == player.player_lookup else news.name
            now = f"is {news.status}" if news.status else "is listed no more"
            why = f": {news.reason}" if news.reason and news.status else ""
            found.append(Happening(news.at, "news", f"{who} {now}{f', was {news.was}' if news.was else ''}{why}"))
    for said in player.said:
        against = f" against {words.line(said.line)}" if said.line is not None else ""
        called = f", {words.call(said.recommendation).lower()}" if said.recommendation else ""
        found.append(Happening(said.at, "prediction", f"Projection {words.points(said.predicted)}{against}{called}"))
    return sorted(found, key=lambda one: one.at)


def chart(game: GameLines, player: PlayerLines, titles: Mapping[str, str]) -> dict[str, Any]:
    """Steps by book; rules where the market opened, news came, or the system spoke. News of before the market opened has no rule."""
    order = sorted(player.books, key=lambda book: titles[book.bookmaker])
    steps = [row for place, book in enumerate(order) for row in _steps(book, titles[book.bookmaker], place - (len(order) - 1) / 2, game)]
    names = [titles[book.bookmaker] for book in order]
    happened = _moments(game, player)
    colour = {"scale": {"domain": names, "range": [_COLOURS[place % len(_COLOURS)] for place in range(len(names))]}}
    dash = {"scale": {"domain": names, "range": [[1, 0] if place < len(_COLOURS) else [5, 3] for place in range(len(names))]}}
    legend = {
        "title": None,
        "columns": {"expr": "width > 640 ? 6 : width > 360 ? 4 : 3"},
        "symbolType": "stroke",
        "labelLimit": 92,
        "columnPadding": 12,
        "offset": 24,
    }
    about = [{"field": "book", "title": "Book"}, {"field": "real", "title": "Point"}, {"field": "prices", "title": "Over, under"}]
    y = {"field": "point", "type": "quantitative", "title": None, "scale": {"zero": False, "nice": False, "padding": 12}}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 230,
        "layer": [
            *(_rules(happened, kind) for kind in _RULES if any(one["kind"] == kind for one in happened)),
            *(_labels(happened, left=left) for left in (True, False) if any(one["left"] is left for one in happened)),
            {
                "data": {"values": steps},
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1.8, "point": {"size": 16}},
                "encoding": {
                    "x": {"field": "at", "type": "temporal", "title": None, "axis": {"tickCount": 6, "grid": False, "labelOverlap": True}},
                    "y": y | {"axis": {"tickMinStep": 0.5, "format": ".1f", "tickCount": 6}},
                    "color": {"field": "book", "type": "nominal", "legend": legend} | colour,
                    "strokeDash": {"field": "book", "type": "nominal", "legend": legend} | dash,
                    "tooltip": about,
                },
            },
        ],
    }


def _rules(happened: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    encoding = {"x": {"field": "at", "type": "temporal"}, "tooltip": {"field": "text", "title": "What"}}
    return {
        "data": {"values": [one for one in happened if one["kind"] == kind]},
        "mark": {"type": "rule", "strokeWidth": 1.3} | _RULES[kind],
        "encoding": encoding,
    }


def _labels(happened: list[dict[str, Any]], *, left: bool) -> dict[str, Any]:
    mark = {"type": "text", "y": -5, "align": "left" if left else "right", "dx": -4 if left else 4, "baseline": "bottom", "fontSize": 11}
    encoding = {"x": {"field": "at", "type": "temporal"}, "text": {"field": "label"}, "color": {"value": "--soft"}}
    return {"data": {"values": [one for one in happened if one["left"] is left]}, "mark": mark, "encoding": encoding}


def _steps(book: BookLine, title: str, side: float, game: GameLines) -> list[dict[str, Any]]:
    quotes = [(quote.at, quote.point, quote.over_price, quote.under_price) for quote in (book.opening, *book.steps)]
    last = game.as_of if book.current else book.newest.at
    if last > quotes[-1][0]:
        quotes.append((last, *quotes[-1][1:]))
    return [
        {
            "at": words.iso(at),
            "point": round(point + side * APART, 4),
            "real": words.line(point),
            "book": title,
            "prices": f"{words.price(over)}, {words.price(under)}",
        }
        for at, point, over, under in quotes
    ]


def _moments(game: GameLines, player: PlayerLines) -> list[dict[str, Any]]:
    """One entry a moment: what happened at it under one label, since one report and one run often fall together."""
    first = min(book.opening.at for book in player.books)
    by_moment: dict[datetime, list[Happening]] = {}
    for one in happenings(game, player):
        if one.at >= first - _LEAD:
            by_moment.setdefault(one.at, []).append(one)
    middle = first + (game.as_of - first) * 0.55
    return [
        {
            "at": words.iso(at),
            "label": ", ".join(dict.fromkeys(one.kind for one in found)),
            "text": "; ".join(one.text for one in found),
            "kind": found[0].kind,
            "left": at <= middle,
        }
        for at, found in sorted(by_moment.items())
    ]
