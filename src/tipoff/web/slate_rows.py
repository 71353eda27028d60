"""The rows of a night: one a player, with what follows from his numbers, filtered and in order as an address asks for it.

In: a night's document and the fields of a query. Out: rows, in order, and the same as CSV. It must never know HTML, nor HTTP.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tipoff.publish.documents import Game, Headline, Opinion, Player, Price, Prop, Tonight
from tipoff.web import words

Sort = Literal["game", "edge", "ev", "over", "line", "projection", "moved", "minutes", "quality", "name"]
Side = Literal["pick", "over", "under", "pass", "none"]
TIERS = ("gold", "silver", "bronze")
"""From the best down; each asks for at least itself."""
SORTS: tuple[Sort, ...] = get_args(Sort)
SIDES: tuple[Side, ...] = get_args(Side)
_LONGEST = 80


@dataclass(frozen=True)
class Row:
    """One player on a night. `chance` is P(the side he leans to wins), `fair` its decimal price where a push is paid back, `price` what
    is to be had for it where the opinion was priced, `ev` what a unit there is expected to bring; None is missing."""

    game: Game
    player: Player
    said: Opinion | None
    prop: Prop | None
    side: Literal["OVER", "UNDER"] | None
    chance: float | None
    fair: float | None
    price: float | None
    ev: float | None
    best: Price | None
    why: str

    @property
    def picked(self) -> bool:
        """Whether the slate's own system recommends a side."""
        return self.player.prediction is not None and self.player.prediction.recommendation in ("OVER", "UNDER")

    @property
    def call(self) -> Side:
        """What the slate's own system says of him."""
        if self.player.prediction is None:
            return "none"
        kinds: dict[str | None, Side] = {"OVER": "over", "UNDER": "under", "PASS": "pass"}
        return kinds.get(self.player.prediction.recommendation, "none")

    @property
    def last_minutes(self) -> float | None:
        """Mean minutes of the last five games."""
        played = [minutes for minutes in self.player.last_10.minutes[:5] if minutes is not None]
        return sum(played) / len(played) if played else None


@dataclass(frozen=True)
class Asked:
    """What an address asks of the rows. Empty fields ask for nothing."""

    sort: Sort = "game"
    game: str = ""
    team: str = ""
    side: Side | Literal[""] = ""
    edge: float = 0.0
    quality: str = ""
    book: str = ""
    q: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anybody could be left out."""
        return Asked(sort=self.sort) != self

    def as_query(self) -> dict[str, str]:
        """The fields that differ from the default, as an address has them."""
        default = Asked()
        return {
            name: f"{value:g}" if isinstance(value, float) else str(value)
            for name, value in vars(self).items()
            if value != getattr(default, name)
        }


def asked_of(query: Mapping[str, str]) -> Asked:
    """The fields of a query; what is no such value is as if it were not there."""
    sort, side, quality = query.get("sort"), query.get("side"), query.get("quality", "")
    try:
        edge = min(max(float(query.get("edge") or 0.0), 0.0), 50.0)
    except ValueError:
        edge = 0.0
    return Asked(
        sort=next((known for known in SORTS if known == sort), "game"),
        game=query.get("game", "")[:_LONGEST],
        team=query.get("team", "")[:_LONGEST].upper(),
        side=next((known for known in SIDES if known == side), ""),
        edge=edge if edge == edge else 0.0,
        quality=quality if quality in TIERS else "",
        book=query.get("book", "")[:_LONGEST],
        q=query.get("q", "").strip()[:_LONGEST],
    )


def lead(player: Player) -> Opinion | None:
    """The opinion that a player's row shows: the headline, else, where it is withheld or missing, the first system's."""
    return player.prediction or (player.predictions[0] if player.predictions else None)


def rows_of(night: Tonight) -> list[Row]:
    """Every player whom somebody predicted, game by game: recommended ones first, by edge; then by line."""
    found = []
    for game in night.games:
        mine = [row_of(night, game, player) for player in game.players if player.predictions]
        found += sorted(mine, key=_in_game)
    return found


def _in_game(row: Row) -> tuple[bool, float, bool, float, str]:
    edge = (row.player.prediction.edge or 0.0) if row.picked and row.player.prediction is not None else 0.0
    line = row.said.line if row.said is not None and row.said.line is not None else 0.0
    return (not row.picked, -edge, not line, -line, row.player.player_lookup)


def row_of(night: Tonight, game: Game, player: Player) -> Row:
    """One player's row. The fair price of a side is 1 + P(loses) / P(wins); a unit at price p is expected to bring
    P(wins) (p - 1) - P(loses)."""
    said, prop = lead(player), player.props[0] if player.props else None
    side: Literal["OVER", "UNDER"] | None = None
    chance = fair = price = ev = edge = None
    if said is not None and said.p_over is not None and said.p_under is not None:
        side = _side(said, said.p_over, said.p_under)
        chance, loses = (said.p_over, said.p_under) if side == "OVER" else (said.p_under, said.p_over)
        price = said.over_price if side == "OVER" else said.under_price
        fair = 1 + loses / chance if chance else None
        ev = _value(chance, loses, price) if price is not None else None
        edge = chance / (chance + loses) - 1 / price if price is not None and chance + loses else None
    best = None if prop is None or side is None else prop.best_over if side == "OVER" else prop.best_under
    return Row(game, player, said, prop, side, chance, fair, price, ev, best, _why(night, game, player, edge))


def _side(said: Opinion, over: float, under: float) -> Literal["OVER", "UNDER"]:
    """The side recommended; of a pass the one whose price is worth more, and without both prices the likelier one."""
    if said.recommendation in ("OVER", "UNDER"):
        return "OVER" if said.recommendation == "OVER" else "UNDER"
    if said.over_price is not None and said.under_price is not None:
        return "OVER" if _value(over, under, said.over_price) >= _value(under, over, said.under_price) else "UNDER"
    return "OVER" if over >= under else "UNDER"


def _value(wins: float, loses: float, price: float) -> float:
    """What a unit staked at a decimal price is expected to bring, a push paid back."""
    return wins * (price - 1) - loses


def _why(night: Tonight, game: Game, player: Player, edge: float | None) -> str:
    """Why nothing is recommended, in words; empty where something is. A pass tells its edge in both measures, P(side, no push) over
    break-even beside points: which of them decides is its system's own affair."""
    own = player.prediction
    if own is None:
        if night.halt.active:
            return "withheld: the slate is halted"
        if game.game_status in ("postponed", "cancelled"):
            return f"withheld: the game is {game.game_status}"
        return "the system that the recommendations come from did not predict him"
    if own.recommendation == "NO_LINE":
        return "no book has a line on him"
    over_even = f", {words.gain(edge)} over break-even," if edge is not None else ""
    return f"an edge of {words.points(own.edge)} points{over_even} is not enough" if own.recommendation == "PASS" else ""


def chosen(rows: Iterable[Row], asked: Asked) -> list[Row]:
    """The rows that an address asks for, in its order; of equals the order of the night stays."""
    kept = [row for row in rows if _fits(row, asked)]
    return kept if asked.sort == "game" else sorted(kept, key=_ORDERS[asked.sort])


def _fits(row: Row, asked: Asked) -> bool:
    tier = row.player.quality.tier if row.player.quality else None
    books = (row.said and row.said.bookmaker, row.best and row.best.bookmaker)
    return (
        (not asked.game or row.game.game_id == asked.game)
        and (not asked.team or row.player.team == asked.team)
        and (not asked.side or (row.picked if asked.side == "pick" else row.call == asked.side))
        and (not asked.edge or (row.said is not None and abs(row.said.line_margin or 0.0) >= asked.edge))
        and (not asked.quality or tier in TIERS[: TIERS.index(asked.quality) + 1])
        and (not asked.book or asked.book in books)
        and (not asked.q or plain(asked.q) in plain(f"{row.player.name} {row.player.team or ''}"))
    )


def plain(text: str) -> str:
    """Letters without their marks and case, so that a search finds a name however it is typed."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)).casefold()


def _down(value: Callable[[Row], float | None]) -> Callable[[Row], Any]:
    """From the largest down, what is missing last."""
    return lambda row: (1, 0.0) if value(row) is None else (0, -(value(row) or 0.0))


_ORDERS: Mapping[str, Callable[[Row], Any]] = {
    "edge": _down(lambda row: abs(row.said.line_margin) if row.said is not None and row.said.line_margin is not None else None),
    "ev": _down(lambda row: row.ev),
    "over": _down(lambda row: row.said.p_over if row.said is not None else None),
    "line": _down(lambda row: row.prop.line if row.prop is not None else None),
    "projection": _down(lambda row: row.said.predicted if row.said is not None else None),
    "moved": _down(lambda row: abs(row.prop.movement) if row.prop is not None and row.prop.movement is not None else None),
    "minutes": _down(lambda row: row.player.projected_minutes),
    "quality": _down(lambda row: row.player.quality.score if row.player.quality else None),
    "name": lambda row: plain(row.player.name),
}

_COLUMNS: Mapping[str, Callable[[Row], Any]] = {
    "game_id": lambda row: row.game.game_id,
    "tip_at": lambda row: words.iso(row.game.tip_at),
    "player_lookup": lambda row: row.player.player_lookup,
    "name": lambda row: row.player.name,
    "team": lambda row: row.player.team,
    "opponent": lambda row: row.player.opponent,
    "injury_status": lambda row: row.player.injury_status,
    "line": lambda row: row.prop and row.prop.line,
    "line_range": lambda row: row.prop and row.prop.line_range,
    "books": lambda row: row.prop and row.prop.book_count,
    "opening_line": lambda row: row.prop and row.prop.opening_line,
    "movement": lambda row: row.prop and row.prop.movement,
    "quoted_at": lambda row: row.prop and row.prop.quoted_at and words.iso(row.prop.quoted_at),
    "system_id": lambda row: row.said and row.said.system_id,
    "predicted": lambda row: row.said and row.said.predicted,
    "sd": lambda row: row.said and row.said.sd,
    "priced_line": lambda row: row.said and row.said.line,
    "bookmaker": lambda row: row.said and row.said.bookmaker,
    "line_margin": lambda row: row.said and row.said.line_margin,
    "p_over": lambda row: row.said and row.said.p_over,
    "p_push": lambda row: row.said and row.said.p_push,
    "p_under": lambda row: row.said and row.said.p_under,
    "side": lambda row: row.side,
    "price": lambda row: row.price,
    "fair_price": lambda row: row.fair and round(row.fair, 4),
    "ev": lambda row: None if row.ev is None else round(row.ev, 4),
    "recommendation": lambda row: row.player.prediction and row.player.prediction.recommendation,
    "bootstrap": lambda row: row.player.prediction and row.player.prediction.bootstrap,
    "systems_for": lambda row: _agreement(row)[0],
    "systems_all": lambda row: _agreement(row)[1],
    "projected_minutes": lambda row: row.player.projected_minutes,
    "quality": lambda row: row.player.quality and row.player.quality.score,
    "actual_points": lambda row: row.player.actual_points,
    "result": lambda row: row.player.result,
}


def _agreement(row: Row) -> tuple[int | None, int | None]:
    own = row.player.prediction
    return (own.agreement.systems_for, own.agreement.systems_all) if isinstance(own, Headline) else (None, None)


def as_csv(rows: Iterable[Row]) -> str:
    """The rows as CSV with a header; a text that a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_cell(column(row)) for column in _COLUMNS.values()] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "=+-@\t\r" and value:
        return f"'{value}"
    return value
