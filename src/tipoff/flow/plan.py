"""The capture plan of a game day: what will be asked when, and what it costs.

Comes in: the day's games and whom to ask. Goes out: asks, in the order of their moments. A pure function: it must never know the network,
the state database, nor what was asked already.

Lines and props every 30 minutes (the setting `capture_minutes`) from the morning to the tip, and every 10 minutes in the last 30 before it,
per game, so that the close is within 15 minutes of the tip. Game lines of all games come in one document. Injuries twice as often. Live
scores, all of a day in one light document, three times as often from the first tip until the last game is final. Box scores from the buzzer
until they are final, again the next morning, and once more two days later: corrections are versions of their own. Play-by-play, where it is
switched on, once a game's box score is final, and again the next morning; a team's roster on the morning of a game day, where the one on
record is a week old or there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tipoff.clock import local_instant
from tipoff.config import Settings
from tipoff.scrape.access import switched_on
from tipoff.scrape.sources.odds_api import Asking

MORNING = time(10, 0)
HALF_HOUR = timedelta(minutes=30)
LAST_MINUTES = (30, 20, 10)
_SELDOM = timedelta(hours=1)
SCHEDULE_AT = (time(9, 0), time(13, 0), time(17, 0))
BUZZER = timedelta(hours=2, minutes=15)
BOX_EVERY = timedelta(minutes=10)
BOX_UNTIL = timedelta(hours=4, minutes=30)
BOX_AGAIN = time(9, 0)
BOX_AGAIN_DAYS = (1, 3)  # after the game day: the next morning, and two days after that
PLAYS_AGAIN_DAYS = 1
ROSTERS_AT = time(8, 30)
ROSTER_LASTS = timedelta(days=7)
SCORES_EVERY = timedelta(minutes=10)
ANSWERED_BY = {
    "schedule": ("nba_cdn", "nba_stats", "espn"),
    "events": ("odds_api",),
    "lines": ("odds_api",),
    "props": ("odds_api",),
    "injuries": ("nba_injuries", "espn"),
    "box": ("nba_cdn", "nba_stats", "espn", "balldontlie"),
}
"""The sources that answer a feed; where none of them is switched on, it is neither asked for nor expected (F31)."""
OPTIONAL = {"shots": ("nba_cdn", "nba_stats"), "roster": ("espn",), "scores": ("nba_stats", "espn")}
"""Feeds that nothing waits for, and the sources that answer them: a setting switches the first two, live scores their sources alone."""
GAME_MARKETS = ("spreads", "totals", "h2h")


@dataclass(frozen=True)
class PlannedGame:
    """A game to be captured; ids may be unknown yet."""

    game_id: str
    tip: datetime
    league_game_id: str | None = None
    event_id: str | None = None
    espn_id: str | None = None


@dataclass(frozen=True, order=True)
class Ask:
    """One thing to ask for at a moment (UTC): `game_id` is empty where it is not of one game; of a roster, the team's tricode.

    `credits` is its price.
    """

    at: datetime
    feed: str
    game_id: str = ""
    credits: int = 0
    until_final: bool = False  # not needed any more once the game's box score is final and loaded; those of all games, where it is of none
    after_final: bool = False  # waits until then


def props_markets(settings: Settings) -> tuple[str, ...]:
    """The players' markets asked for."""
    return ("player_points", "player_points_alternate") if settings.alternates else ("player_points",)


def optional_feeds(settings: Settings) -> tuple[str, ...]:
    """The optional feeds that are asked for: their setting, if they have one, is on, and so is a source that answers them."""
    wished = {"shots": settings.play_by_play, "roster": settings.rosters, "scores": True}
    return tuple(feed for feed in OPTIONAL if wished[feed] and is_answered(feed, settings))


def is_answered(feed: str, settings: Settings) -> bool:
    """Whether a source that answers a feed is switched on."""
    return bool(set({**ANSWERED_BY, **OPTIONAL}[feed]) & set(switched_on(settings)))


def teams_of(games: Iterable[PlannedGame]) -> list[str]:
    """The tricodes of the teams that play, sorted."""
    return sorted({team for game in games for team in game.game_id.split("_")[1:]})


def capture_plan(game_date: date, games: Iterable[PlannedGame], settings: Settings, no_roster: Collection[str] = ()) -> list[Ask]:
    """Everything that will be asked for a game day (New York), sorted: what a source that is switched on answers. Without games there is
    only its schedule.

    `no_roster` are the teams of which no roster of the last week is on record.
    """
    slate = sorted(games, key=lambda game: (game.tip, game.game_id))
    asks = [Ask(local_instant(game_date, at), "schedule") for at in (SCHEDULE_AT if slate else SCHEDULE_AT[:1])]
    asking = Asking.of(settings)
    price_of_props = asking.event_odds("any", props_markets(settings)).credits
    price_of_lines = asking.bulk_odds(GAME_MARKETS).credits
    every = timedelta(minutes=settings.capture_minutes)
    quoted = {game.game_id: quote_moments(game_date, game.tip, every) for game in slate}
    moments = sorted({moment for found in quoted.values() for moment in found})
    asks += [Ask(moment, "events") for moment in moments]
    asks += [Ask(moment, "lines", credits=price_of_lines) for moment in moments]
    asks += [Ask(moment, "props", game, price_of_props) for game, found in quoted.items() for moment in found]
    if slate:
        reported = _every(local_instant(game_date, MORNING), slate[-1].tip, every / 2)
        asks += [Ask(moment, "injuries") for moment in reported]
    optional = optional_feeds(settings)
    if slate and "scores" in optional:
        live = _every(slate[0].tip, slate[-1].tip + BOX_UNTIL, max(SCORES_EVERY, every / 3))
        asks += [Ask(moment, "scores", until_final=True) for moment in live]
    if "roster" in optional:
        asks += [Ask(local_instant(game_date, ROSTERS_AT), "roster", team) for team in teams_of(slate) if team in no_roster]
    for game in slate:
        if "shots" in optional:
            morning = local_instant(game_date + timedelta(days=PLAYS_AGAIN_DAYS), BOX_AGAIN)
            asks += [Ask(moment, "shots", game.game_id, after_final=True) for moment in (game.tip + BUZZER, morning)]
        first = game.tip + BUZZER
        asks += [Ask(moment, "box", game.game_id, until_final=True) for moment in _every(first, game.tip + BOX_UNTIL, BOX_EVERY)]
        asks += [Ask(local_instant(game_date + timedelta(days=days), BOX_AGAIN), "box", game.game_id) for days in BOX_AGAIN_DAYS]
    return sorted(ask for ask in asks if is_answered(ask.feed, settings))


def quote_moments(game_date: date, tip: datetime, every: timedelta = HALF_HOUR) -> list[datetime]:
    """When a game's quotes are asked for: every so often from the morning on, and 30, 20 and 10 minutes before the tip, or only the last of
    these where they are asked for less than once an hour."""
    last = [tip - timedelta(minutes=minutes) for minutes in (LAST_MINUTES if every <= _SELDOM else LAST_MINUTES[-1:])]
    return [*_every(local_instant(game_date, MORNING), last[0] - timedelta(seconds=1), every), *last]


def _every(first: datetime, last: datetime, step: timedelta) -> list[datetime]:
    found = []
    while first <= last:
        found.append(first)
        first += step
    return found


def cost(asks: Sequence[Ask]) -> int:
    """Credits of all of them together."""
    return sum(ask.credits for ask in asks)


def still_needed(asks: Iterable[Ask], games: Iterable[PlannedGame], final: Collection[str]) -> list[Ask]:
    """The asks that are not settled by the games that are `final`: of a game its own, of a whole day that of every game."""
    everything = all(game.game_id in final for game in games)
    return [ask for ask in asks if not (ask.until_final and (ask.game_id in final if ask.game_id else everything))]


def due(asks: Iterable[Ask], now: datetime, done: set[tuple[str, str, datetime]]) -> tuple[list[Ask], list[Ask]]:
    """Of asks whose moment has come and that were not asked yet: the newest of each feed and game, and the older ones, which are missed.

    What a source says is what it says now: asking thrice for three missed moments would cost thrice and tell once.
    """
    come = [ask for ask in asks if ask.at <= now and (ask.feed, ask.game_id, ask.at) not in done]
    newest: dict[tuple[str, str], Ask] = {}
    for ask in sorted(come):
        newest[ask.feed, ask.game_id] = ask
    chosen = sorted(newest.values())
    return chosen, [ask for ask in come if newest[ask.feed, ask.game_id] != ask]
