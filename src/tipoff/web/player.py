"""The pages of players: one player as his document has him, all of them as a list, and the answer to a name that nobody has.

In: published documents and the time. Out: text of pages. It must never know HTTP, nor how a prediction is made.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tipoff.clock import Clock, as_utc
from tipoff.market.books import find_book
from tipoff.market.prices import expected_value, fair_price
from tipoff.publish.documents import Opinion, System, SystemAbsence
from tipoff.publish.documents import Tonight as Slate
from tipoff.publish.ledger import SIDES
from tipoff.publish.people import Feature, Listed, PastGame, PlayerDocument, PlayerGrade, PlayerLine, PlayerPrediction
from tipoff.publish.splits import Split
from tipoff.store.tables.features import CATEGORIES, Entry, catalogue
from tipoff.web import player_charts, words
from tipoff.web.published import Published
from tipoff.web.rendering import Made, Rendering

_NEAR = 8
_CATEGORIES = {
    "player_history": "Player's history",
    "matchup": "Matchup",
    "team_context": "Team",
    "game_context": "Game",
    "vegas": "Market",
}
_SPLITS = {"home": "Home", "away": "Away", "0": "No day off", "1": "One day off", "2+": "Two or more", "all": "All games"}
_GROUPS = {"all": "", "place": "Place", "rest": "Rest", "opponent": "Opponent", "line": "Closing line"}


@dataclass(frozen=True)
class Side:
    """One side of the line: its chance, the price without margin (None where it cannot win or cannot lose), the book's own price, and what
    a unit staked at it is expected to bring."""

    name: str
    p: float
    fair: float | None
    price: float | None
    expected: float | None


@dataclass(frozen=True)
class Tonight:
    """One game of his slate: the market, the word that is shown, and the silent systems."""

    line: PlayerLine
    said: PlayerPrediction
    shown: Opinion | None
    absences: list[SystemAbsence]
    sides: list[Side]
    chart: dict[str, Any] | None
    actual: int | None


@dataclass(frozen=True)
class Group:
    """The features of one category."""

    title: str
    rows: list[tuple[Entry, Feature]]


@dataclass(frozen=True)
class Past:
    """One past game: as it was played, and how the slate's system did in it; either may be missing."""

    day: date
    game: PastGame | None
    grade: PlayerGrade | None


class PlayerPages:
    """The pages of players."""

    def __init__(self, published: Published, clock: Clock, rendering: Rendering) -> None:
        self._published = published
        self._clock = clock
        self._rendering = rendering
        rendering.add(book_title=book_title, split_name=split_name, against=against, record=record, closed=closed, trained_of=trained_of)

    def player(self, player_lookup: str) -> Made | str | None:
        """The page of a player; None where he has no document. Raises BadInput for an unreadable document."""
        found = self._published.player(player_lookup)
        if found is None:
            return None
        player, tag = found
        night = self._published.tonight(player.game_date)
        silent: dict[str, list[SystemAbsence]] = {}
        ended: dict[str, int | None] = {}
        for game in night[0].games if night is not None else ():
            for one in game.players:
                if one.player_lookup == player_lookup:
                    silent[game.game_id], ended[game.game_id] = one.absences, one.actual_points
        now = self._clock.now()
        age = words.age(player.data_as_of, now) if player.data_as_of and as_utc(player.data_as_of) <= now else None

        def made() -> str:
            tonight = [
                _tonight(line, said, silent.get(line.game_id, []), ended.get(line.game_id))
                for line, said in zip(player.lines, player.predictions, strict=True)
            ]
            current = next((prop.line for line in player.lines for prop in line.props if prop.line is not None), None)
            charts: dict[str, Any] = {"bars": player_charts.bars(player.games, current)}
            charts |= {"minutes": player_charts.minutes(player.games), "usage": player_charts.usage(player.games)}
            about = {
                "player": player,
                "tonight": tonight,
                "current": current,
                "age": age,
                "features": grouped(player),
                "past": history(player),
                "systems": trained_of(night[0]) if night else {},
            }
            return self._rendering.page("player_page.html", "players", **about, **charts)

        return self._rendering.kept(("player", player_lookup), (tag, night[1] if night else None, age), made)

    def players(self, wanted: str) -> str:
        """All players that have a document, those hidden that are not wanted; the page says so where nothing is published yet."""
        found = self._published.players()
        if found is None:
            return self._rendering.page("empty.html", "players")
        players = found[0]
        rows = sorted(players.players, key=lambda one: (-one.game_date.toordinal(), _plain(one.name)))
        found_lookups = {one.player_lookup for one in rows if fits(one, wanted)}
        said = {"players": players, "rows": rows, "found": found_lookups, "wanted": wanted.strip()}
        return self._rendering.page("players.html", "players", **said)

    def nobody(self, player_lookup: str) -> str:
        """The page for a player who has no document, with the names that are nearest to his."""
        found = self._published.players()
        listed = {one.player_lookup: one for one in found[0].players} if found is not None else {}
        return self._rendering.page("nobody.html", "players", lookup=player_lookup, near=near(player_lookup, listed))


def trained_of(night: Slate) -> dict[str, System]:
    """Of each system of a slate how it stands, its days since training among it."""
    return {system.system_id: system for system in night.systems}


def near(player_lookup: str, listed: dict[str, Listed]) -> list[Listed]:
    """The players whose lookups hold this one, or are most like it."""
    holding = [lookup for lookup in listed if player_lookup in lookup]
    alike = difflib.get_close_matches(player_lookup, listed, n=_NEAR, cutoff=0.6)
    return [listed[lookup] for lookup in dict.fromkeys([*holding, *alike])][:_NEAR]


def fits(one: Listed, wanted: str) -> bool:
    """Whether a name or a team holds every word that is wanted, whatever its case and marks."""
    text = _plain(f"{one.name} {one.team or ''} {words.team(one.team)}")
    return all(word in text for word in _plain(wanted).split())


def _plain(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)).casefold()


def _tonight(line: PlayerLine, said: PlayerPrediction, absences: list[SystemAbsence], actual: int | None) -> Tonight:
    shown = said.headline or (said.systems[0] if said.systems else None)
    chart = player_charts.distribution(shown, actual) if shown is not None else None
    return Tonight(line, said, shown, absences, _sides(shown), chart, actual)


def _sides(shown: Opinion | None) -> list[Side]:
    """Both sides at the line of the opinion, with the prices of the book that it was taken from."""
    if shown is None or shown.p_over is None or shown.p_under is None or shown.line is None:
        return []
    push = shown.p_push or 0.0
    found: list[Side] = []
    for name, p, price in (("over", shown.p_over, shown.over_price), ("under", shown.p_under, shown.under_price)):
        expected = float(expected_value(p, price, push)) if price is not None else None
        fair = float(fair_price(p, push))
        found.append(Side(name, p, fair if fair == fair else None, price, expected))
    return found


def grouped(player: PlayerDocument) -> list[list[Group]]:
    """Of each feature row the features by category, in the order of the catalogue; what it does not know any more is left out."""
    entries = {entry.name: entry for entry in catalogue()}
    found = []
    for now in player.features:
        known = [(entries[feature.name], feature) for feature in now.values if feature.name in entries]
        by_category = {name: [pair for pair in known if pair[0].category == name] for name in (*_CATEGORIES, *CATEGORIES)}
        found.append([Group(_CATEGORIES.get(name, name), rows) for name, rows in by_category.items() if rows])
    return found


def book_title(key: str | None) -> str:
    """A book's name for people."""
    return find_book(key).title if key else words.DASH


def split_name(split: Split) -> tuple[str, str]:
    """Of which kind a split is, and what it is called."""
    if split.kind == "opponent":
        return _GROUPS[split.kind], words.team(split.name)
    if split.kind == "line":
        return _GROUPS[split.kind], "Went over" if split.name == "over" else "Went under"
    return _GROUPS[split.kind], _SPLITS.get(split.name, split.name)


def against(games: Sequence[PastGame], line: float | None) -> dict[str, int]:
    """How many of these games would have gone over, under and on a line."""
    sides = [player_charts.side_of(game.points, line) for game in games]
    return {side: sides.count(side) for side in ("over", "under", "push")}


def history(player: PlayerDocument) -> list[Past]:
    """His last games and grades by game, the newest first."""
    games = {game.game_id: game for game in player.games}
    grades = {grade.game_id: grade for grade in player.grades}
    days = {game.game_id: game.game_date for game in player.games} | {grade.game_id: grade.game_date for grade in player.grades}
    order = sorted(days, key=lambda game_id: (days[game_id], game_id), reverse=True)
    return [Past(days[game_id], games.get(game_id), grades.get(game_id)) for game_id in order]


def closed(games: Sequence[PastGame]) -> dict[str, int]:
    """How many of these games ended over, under and on their closing lines, and how many had one."""
    ends = [game.over_under_result for game in games if game.over_under_result is not None]
    return {side.lower(): ends.count(side) for side in ("OVER", "UNDER", "PUSH")} | {"n": len(ends)}


def record(grades: Sequence[PlayerGrade]) -> dict[str, Any]:
    """The grades in numbers: bets won, lost, pushed and void, and units on how many; the closing line value's mean on how many."""
    results = [grade.result for grade in grades if grade.recommendation in SIDES]
    bets = [grade.units for grade in grades if grade.units is not None and grade.result in ("WIN", "LOSS", "PUSH")]
    values = [grade.clv_points for grade in grades if grade.clv_points is not None and grade.result in ("WIN", "LOSS", "PUSH")]
    told: dict[str, Any] = {result.lower(): results.count(result) for result in ("WIN", "LOSS", "PUSH", "VOID")}
    told |= {"n": results.count("WIN") + results.count("LOSS"), "units": sum(bets) if bets else None, "units_n": len(bets)}
    return told | {"clv": sum(values) / len(values) if values else None, "clv_n": len(values)}
