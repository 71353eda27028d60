"""Asking for box scores: one source after the other, until each game has its final one.

Comes in: asks for box scores of a game day. Goes out: what came of each, with what every source before it said. The sources are asked in
the order of the settings; each round asks one source for all games that still need it. A source is silent where it refuses, where it does
not answer, and where it answers and still holds no final box score long after the buzzer: then the next one is asked. It must never read a
document: whether a box score is final is seen from what is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Protocol

from tipoff.config import SourceName
from tipoff.errors import NotReady, TipoffError
from tipoff.flow.house import House
from tipoff.flow.plan import Ask, PlannedGame
from tipoff.flow.there import final_games
from tipoff.scrape.access import switched_on
from tipoff.scrape.client import Client, Failed
from tipoff.scrape.request import Request
from tipoff.scrape.sources import balldontlie, espn, nba_cdn, nba_stats

SILENT_AFTER = timedelta(hours=4)
"""After the tip: by then a game is over, and a source that holds no final box score of it is silent."""
NOT_FINAL = "it answered, and holds no final box score yet"
Load = Callable[[str, date], None]
"""Has what came for a feed and day loaded."""
Make = Callable[[date, PlannedGame | None], Request]


class Asker(Protocol):
    """What is needed of who asks: a house and its client."""

    house: House
    client: Client


@dataclass
class BoxAsk:
    """One ask and how it stands: who answered last, and what the silent ones said."""

    ask: Ask
    source: str | None = None
    payload_id: str | None = None
    failures: list[str] = field(default_factory=list)

    @property
    def error(self) -> str | None:
        return "; ".join(self.failures) or None


def ask_boxes(asker: Asker, game_date: date, asks: Sequence[Ask], games: Iterable[PlannedGame], load: Load, workers: int) -> list[BoxAsk]:
    """Ask for all of these box scores, and have what came loaded.

    Where a game has its box score already, and this asks for corrections, only the league's own sources are asked: the others round minutes
    and leave figures out, and would stand as the newer version.
    """
    known = {game.game_id: game for game in games}
    there = final_games(asker.house, game_date)
    asked = [BoxAsk(ask) for ask in asks]
    open_asks = list(asked)
    for source in switched_on(asker.house.settings):
        make = _ANSWERS.get(source)
        if make is None:
            continue
        round_asks = [one for one in open_asks if source in _LEAGUES_OWN or one.ask.game_id not in there]
        if not round_asks:
            continue
        if source == "espn":
            known |= _with_espn_ids(asker, game_date, round_asks, known, load)
        _ask_source(asker, game_date, source, make, round_asks, known, workers)
        if any(one.source == source for one in round_asks):
            load("box", game_date)
        final = final_games(asker.house, game_date)
        now = asker.house.clock.now()
        for one in round_asks:
            if one.source != source:
                continue
            game = known.get(one.ask.game_id)
            if one.ask.game_id not in final and game and now >= game.tip + SILENT_AFTER:
                one.failures.append(f"{source} box of {one.ask.game_id}: {NOT_FINAL}.")
            else:
                open_asks.remove(one)
    return asked


def _ask_source(
    asker: Asker, game_date: date, source: SourceName, make: Make, asks: list[BoxAsk], known: dict[str, PlannedGame], workers: int
) -> None:
    """One round: every document that this source would answer with is asked for once, however many games it holds."""
    wanted: dict[Request, list[BoxAsk]] = {}
    for one in asks:
        try:
            request = make(game_date, known.get(one.ask.game_id))
        except NotReady as error:
            one.failures.append(str(error))
        else:
            wanted.setdefault(replace(request, game_date=game_date), []).append(one)
    for answer in asker.client.fetch_all(wanted, workers):
        for one in wanted[answer.request]:
            if isinstance(answer, Failed):
                one.failures.append(str(answer.error))
            else:
                one.source, one.payload_id = source, answer.payload_id


def _with_espn_ids(asker: Asker, game_date: date, asks: list[BoxAsk], known: dict[str, PlannedGame], load: Load) -> dict[str, PlannedGame]:
    """These games with ESPN's own ids of them; where one is not on record, the scoreboard of the day is asked for and loaded first."""
    games = {one.ask.game_id: known[one.ask.game_id] for one in asks if one.ask.game_id in known}
    ids = _espn_ids(asker.house, games)
    if ids.keys() != games.keys():
        try:
            asker.client.fetch(espn.scoreboard(game_date))
        except TipoffError as error:
            for one in asks:
                if one.ask.game_id not in ids:
                    one.failures.append(str(error))
        else:
            load("schedule", game_date)
            ids = _espn_ids(asker.house, games)
    return {game_id: replace(game, espn_id=ids.get(game_id)) for game_id, game in games.items()}


def _espn_ids(house: House, games: Iterable[str]) -> dict[str, str]:
    with house.warehouse.reading() as work:
        ids = work.table("ref.game_ids")
        rows = work.fetch(ids.filter(ids.id_kind == "espn", ids.game_id.isin(sorted(games))).select("game_id", "external_id"))
    return {row["game_id"]: row["external_id"] for row in rows.sort_by("external_id").to_pylist()}


def _league_id(game: PlannedGame | None, source: str) -> str:
    if game is None or not game.league_game_id:
        name = game.game_id if game else "The game"
        raise NotReady(f"{source} box of {name}: the league's schedule does not hold it yet.", hint="It is asked again at its next moment.")
    return game.league_game_id


def _cdn(_day: date, game: PlannedGame | None) -> Request:
    return nba_cdn.box_score(_league_id(game, nba_cdn.SOURCE))


def _stats(_day: date, game: PlannedGame | None) -> Request:
    return nba_stats.box_score(_league_id(game, nba_stats.SOURCE))


def _espn(_day: date, game: PlannedGame | None) -> Request:
    if game is None or not game.espn_id:
        name = game.game_id if game else "The game"
        raise NotReady(f"espn box of {name}: ESPN's id of it is not known.", hint="It is asked again at its next moment.")
    return espn.box_score(game.espn_id)


def _balldontlie(day: date, _game: PlannedGame | None) -> Request:
    return balldontlie.box_scores(day)


_ANSWERS: dict[SourceName, Make] = {"nba_cdn": _cdn, "nba_stats": _stats, "espn": _espn, "balldontlie": _balldontlie}
_LEAGUES_OWN = ("nba_cdn", "nba_stats")
