"""Pages as HTML: documents and the templates, put together.

In: published documents and the time. Out: text of pages, everything in it escaped. It must never know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from tipoff.clock import Clock
from tipoff.publish.documents import Game, Headline, Opinion, Player, Tonight
from tipoff.web import figure, words
from tipoff.web.published import Published
from tipoff.web.rendering import Rendering


@dataclass(frozen=True)
class Group:
    """Players of one game whom nobody predicted, for one reason."""

    reason: str
    players: list[Player]

    @property
    def detail(self) -> str | None:
        """What holds for all of them alike."""
        details = {player.absence.detail for player in self.players if player.absence}
        return details.pop() if len(details) == 1 else None

    @property
    def mended_by(self) -> str | None:
        """The phase that would mend it."""
        return next((player.absence.mended_by for player in self.players if player.absence and player.absence.mended_by), None)


class Pages:
    """The pages of nights, and those that stand for an address."""

    def __init__(self, published: Published, clock: Clock, rendering: Rendering) -> None:
        self._published = published
        self._clock = clock
        self._rendering = rendering
        rendering.add(curve=figure.curve, bars=figure.bars, interval=figure.interval)
        rendering.add(shown=shown, absent=absent, lead=lead, tally=tally, taken=taken)

    def tonight(self, day: date | None) -> str | None:
        """The page of a night, or of the latest; None where that date is not published. Raises BadInput for an unreadable document."""
        found = self._published.tonight(day)
        if found is None:
            return self._rendering.page("empty.html", "tonight") if day is None else None
        night, tag = found
        results = self._published.results(night.game_date)
        before, after = self._published.neighbours(night.game_date)
        now = self._clock.now()
        age = words.age(night.data_as_of, now) if night.data_as_of and night.data_as_of <= now else None
        said = {"night": night, "results": results[0] if results else None, "before": before, "after": after, "age": age}
        key = ("tonight", tag, results[1] if results else None, before, after, age)
        return self._rendering.kept(key, lambda: self._rendering.page("tonight.html", "tonight", **said))

    def missing(self, status: int) -> str:
        """The page for an address that leads nowhere."""
        return self._rendering.page("missing.html", status=status, days=self._published.days()[-5:][::-1])

    def unreadable(self, message: str) -> str:
        """The page for a document of another version."""
        return self._rendering.page("unreadable.html", message=message)

    def reference(self, **values: Any) -> str:
        """The page of the control API."""
        return self._rendering.page("reference.html", "docs", **values)


def lead(player: Player) -> Opinion | None:
    """The opinion that a player's row shows: the headline, else, where it is withheld or missing, the first system's."""
    return player.prediction or (player.predictions[0] if player.predictions else None)


def shown(game: Game) -> list[Player]:
    """Predicted players: recommended ones first, by edge; then by line."""

    def order(player: Player) -> tuple[bool, float, bool, float, str]:
        taken_side = player.prediction is not None and player.prediction.recommendation in {"OVER", "UNDER"}
        said = lead(player)
        edge = player.prediction.edge or 0.0 if player.prediction is not None and taken_side else 0.0
        line = said.line if said is not None and said.line is not None else 0.0
        return (not taken_side, -edge, not line, -line, player.player_lookup)

    return sorted((player for player in game.players if player.predictions), key=order)


def absent(game: Game) -> list[Group]:
    """Players whom nobody predicted, by reason, the commonest first."""
    groups: dict[str, list[Player]] = {}
    for player in game.players:
        if player.absence is not None:
            groups.setdefault(words.reason(player.absence.reason), []).append(player)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [Group(reason, players) for reason, players in ordered]


def tally(player: Player) -> str:
    """How the systems recommend: `2 over, 1 pass`."""
    order = ("OVER", "UNDER", "PASS", "NO_LINE")
    counts = {side: sum(opinion.recommendation == side for opinion in player.predictions) for side in order}
    return ", ".join(f"{count} {words.call(side).lower()}" for side, count in counts.items() if count)


def taken(opinion: Opinion, night: Tonight) -> str | None:
    """The pick itself: `over 24.5 at 1.91, FanDuel`; None where nothing is recommended."""
    if not isinstance(opinion, Headline) or opinion.recommendation not in {"OVER", "UNDER"} or opinion.line is None:
        return None
    book = night.bookmakers.get(opinion.bookmaker or "", opinion.bookmaker or "an unnamed book")
    at = f" at {words.price(opinion.price)}" if opinion.price is not None else ""
    return f"{opinion.recommendation.capitalize()} {words.points(opinion.line)}{at}, {book}"
