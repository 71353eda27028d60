"""Pages as HTML: documents and the templates, put together.

In: published documents and the time. Out: text of pages, everything in it escaped. It must never know HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

from tipoff.clock import Clock
from tipoff.errors import TipoffError
from tipoff.publish.documents import Game, Headline, Opinion, Player, Tonight
from tipoff.web import figure, words
from tipoff.web.published import Published
from tipoff.web.rendering import Made, Rendering
from tipoff.web.slate_rows import SORTS, TIERS, Asked, Row, as_csv, chosen, row_of, rows_of

Old = Literal["stale", "over"]
AHEAD, STALE_AFTER, OVER_AFTER = timedelta(hours=6), timedelta(hours=2), timedelta(hours=12)
"""A game is near so long before its tip; what is older than the second is stale then; after the third a night should have been graded."""
SORT_WORDS = {
    "game": "game",
    "edge": "edge",
    "ev": "expected value",
    "over": "chance of over",
    "line": "line",
    "projection": "projection",
    "moved": "movement",
    "minutes": "minutes",
    "quality": "quality",
    "name": "name",
}


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
        rendering.add(absent=absent, tally=tally, taken=taken, age_of=self._age, query_of=query_of)
        rendering.add(sorts=[(name, SORT_WORDS[name]) for name in SORTS], tiers=TIERS)

    def tonight(self, day: date | None, asked: Asked | None = None) -> Made | str | None:
        """The page of a night, or of the latest; None where that date is not published. Raises BadInput for an unreadable document."""
        found = self._published.tonight(day)
        if found is None:
            return self._rendering.page("empty.html", "tonight") if day is None else None
        night, tag = found
        asked = asked or Asked()
        results = self._published.results(night.game_date)
        before, after = self._published.neighbours(night.game_date)
        age = self._age(night.data_as_of) if night.data_as_of and night.data_as_of <= self._clock.now() else None
        old = oldness(night, self._clock.now())
        version = (tag, results[1] if results else None, before, after, age, old)

        def made() -> str:
            rows = rows_of(night)
            kept = chosen(rows, asked)
            said: dict[str, Any] = {
                "night": night,
                "results": results[0] if results else None,
                "before": before,
                "after": after,
                "age": age,
                "old": old,
            }
            said |= {"asked": asked, "rows": kept, "everybody": len(rows), "games": by_game(night, kept, asked), "counts": counts(night)}
            return self._rendering.page("tonight.html", "tonight", **said)

        return self._rendering.kept(("tonight", night.game_date, asked), version, made)

    def inside(self, day: date, lookup: str) -> Made | None:
        """What opens below one player's row; None where that date is not published, or he is not on it."""
        found = self._published.tonight(day)
        night, tag = found if found else (None, "")
        for game in night.games if night else []:
            for player in game.players:
                if night is not None and player.player_lookup == lookup and player.predictions:
                    make = partial(self._rendering.page, "inside.html", row=row_of(night, game, player), night=night)
                    return self._rendering.kept(("inside", day, lookup), (tag,), make)
        return None

    def csv(self, day: date, asked: Asked) -> str | None:
        """The rows of a night as CSV, as an address asks for them; None where that date is not published."""
        found = self._published.tonight(day)
        return as_csv(chosen(rows_of(found[0]), asked)) if found else None

    def missing(self, status: int) -> str:
        """The page for an address that leads nowhere, or that could not be made; it names no night where the bucket does not answer."""
        try:
            days = self._published.days()[-5:][::-1]
        except TipoffError:
            days = None
        return self._rendering.page("missing.html", status=status, days=days)

    def unreadable(self, message: str) -> str:
        """The page for a document of another version."""
        return self._rendering.page("unreadable.html", message=message)

    def out_of_reach(self, message: str) -> str:
        """The page for a bucket that does not answer."""
        return self._rendering.page("out_of_reach.html", message=message)

    def reference(self, **values: Any) -> str:
        """The page of the control API."""
        return self._rendering.page("reference.html", "docs", **values)

    def _age(self, moment: Any) -> str:
        return words.age(moment, self._clock.now())


def oldness(night: Tonight, now: datetime) -> Old | None:
    """Whether a night's page stands behind what happens: `stale` where a game tips within hours and nothing new has come for long, `over`
    where every game tipped long ago and the night is not final; None where neither is so, or a halt or a breakage says more."""
    tips = [game.tip_at for game in night.games if game.game_status not in ("postponed", "cancelled", "final")]
    if night.final or not tips or night.state in ("halted", "broken"):
        return None
    if max(tips) + OVER_AFTER < now:
        return "over"
    ahead = [tip for tip in tips if now < tip <= now + AHEAD]
    return "stale" if ahead and (night.data_as_of is None or night.data_as_of + STALE_AFTER < now) else None


def query_of(asked: Asked, **other: str) -> str:
    """The address's query for the same rows, with some fields otherwise."""
    fields = asked.as_query() | other
    return f"?{urlencode({name: value for name, value in fields.items() if value})}" if any(fields.values()) else ""


def by_game(night: Tonight, rows: Sequence[Row], asked: Asked) -> list[tuple[Game, list[Row]]]:
    """The rows under their games, where they are to stand so; a game without any only where nobody was left out."""
    if asked.sort != "game":
        return []
    mine: dict[str, list[Row]] = {}
    for row in rows:
        mine.setdefault(row.game.game_id, []).append(row)
    return [(game, mine.get(game.game_id, [])) for game in night.games if game.game_id in mine or not asked.narrowed]


def counts(night: Tonight) -> Mapping[str, list[tuple[str, int]]]:
    """What lies behind each of the numbers on top, the largest first."""
    players = [player for game in night.games for player in game.players]
    recommended = Counter(
        player.prediction.recommendation.capitalize()
        for player in players
        if player.prediction is not None and player.prediction.recommendation in ("OVER", "UNDER")
    )
    lines = [player.props[0] for player in players if player.props]
    quoted = Counter(f"{prop.book_count} {'book' if prop.book_count == 1 else 'books'}" for prop in lines)
    return {
        "games": Counter(str(game.game_status) for game in night.games).most_common(),
        "players": Counter(words.team(player.team) if player.team else "Team unknown" for player in players).most_common(),
        "lined": [*quoted.most_common(), ("without a line", len(players) - len(lines))],
        "predicted": [(system.system_id, system.predicted) for system in night.systems],
        "recommended": [*recommended.most_common(), *((f"by {system.system_id}", system.recommended) for system in night.systems)],
        "absent": [(words.reason(count.reason), count.players) for count in night.absences],
    }


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
    counted = {side: sum(opinion.recommendation == side for opinion in player.predictions) for side in order}
    return ", ".join(f"{count} {words.call(side).lower()}" for side, count in counted.items() if count)


def taken(opinion: Opinion | None, night: Tonight) -> str | None:
    """The pick itself: `over 24.5 at 1.91, FanDuel`; None where nothing is recommended."""
    if not isinstance(opinion, Headline) or opinion.recommendation not in {"OVER", "UNDER"} or opinion.line is None:
        return None
    book = night.bookmakers.get(opinion.bookmaker or "", opinion.bookmaker or "an unnamed book")
    at = f" at {words.price(opinion.price)}" if opinion.price is not None else ""
    return f"{opinion.recommendation.capitalize()} {words.points(opinion.line)}{at}, {book}"
