"""The document of one night: put together, and judged as a whole.

In: a slate's rows. Out: the document. It must never know a table, nor where the document goes.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from tipoff.clock import as_utc
from tipoff.market.books import find_book
from tipoff.predict.guard import halt as halt_of
from tipoff.publish.documents import Game, Halt, League, ReasonCount, State, Tonight
from tipoff.publish.opinions import UNRECORDED, headline_system, systems, voices
from tipoff.publish.players import CALLED_OFF, assembly, games_of
from tipoff.publish.reads import Slate


def tonight(
    slate: Slate,
    league: League,
    generated_at: datetime,
    asked: str | None,
    halted: Halt,
    failure: str | None,
    earlier: Tonight | None,
) -> Tonight:
    """The document of a slate. `halted`: what halts it from outside; else its own fleet may. `earlier` is the document that it replaces: a
    halt that goes on keeps its beginning."""
    said = voices(slate)
    headline, bootstrap = headline_system(slate, said, asked)
    halt = _halt(halted if halted.active else Halt(reason=halt_of(said.speaking, said.blocked)), generated_at, earlier)
    games = games_of(assembly(slate, said, headline, bootstrap, withheld=halt.active))
    players = [player for game in games for player in game.players]
    shown = [player.prediction for player in players if player.prediction is not None]
    edges = [opinion.edge for opinion in shown if opinion.edge is not None and opinion.line is not None]
    recommended = sum(opinion.recommendation in {"OVER", "UNDER"} for opinion in shown)
    absent = Counter(player.absence.reason.partition("(")[0] for player in players if player.absence is not None)
    state, detail = _state(games, halt, failure, recommended, max(edges, default=None))
    return Tonight(
        league=league,
        generated_at=generated_at,
        data_as_of=_data_as_of(slate),
        halt=halt,
        state=state,
        state_detail=detail,
        final=bool(games)
        and all(game.game_status in (*CALLED_OFF, "final") for game in games)
        and bool(slate.accuracy or not said.predictions),
        game_date=slate.game_date,
        best_edge=max(edges, default=None),
        total_games=len(games),
        total_players=len(players),
        total_with_lines=sum(player.has_line for player in players),
        total_predicted=sum(bool(player.predictions) for player in players),
        total_recommended=recommended,
        waived=sorted({name for player in players if player.quality is not None for name in player.quality.waived}),
        absences=[
            ReasonCount(reason=reason, players=count) for reason, count in sorted(absent.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
        systems=systems(slate, said, headline, bootstrap),
        bookmakers=_titles(games),
        games=games,
    )


def _halt(found: Halt, now: datetime, earlier: Tonight | None) -> Halt:
    """What halts, with its beginning: as it is known, else since the earlier document said so, else now."""
    if found.reason is None:
        return Halt()
    before = earlier.halt if earlier is not None else Halt()
    since = found.since or (before.since if before.active else None)
    return Halt(active=True, reason=found.reason, since=as_utc(since or now))


def _state(games: list[Game], halt: Halt, failure: str | None, recommended: int, best_edge: float | None) -> tuple[State, str | None]:
    """Which kind of document this is. One that recommends nothing because, or while, something broke is broken: not all ran. What broke is
    said beside an `ok` one too: what was predicted before still stands."""
    played = [game for game in games if game.game_status not in CALLED_OFF]
    if not played:
        return "no_games", f"{len(games)} games were called off" if games else "no games are scheduled for this date"
    if halt.active:
        return "halted", halt.reason
    players = [player for game in played for player in game.players]
    predicted = any(player.predictions for player in players)
    if failure and not recommended:
        return "broken", failure
    if not players:
        return "broken", f"{len(played)} games are scheduled, but phase 3 (analyze) has no players for them"
    if not predicted and any(player.absence == UNRECORDED for player in players):
        return "broken", f"{len(players)} players are scheduled, but phase 5 (predict) has left neither predictions nor reasons"
    if not recommended:
        edge = "no prediction stands beside a line" if best_edge is None else f"the largest edge is {best_edge:.1f} points"
        return "nothing_qualified", f"all systems ran, and {edge}"
    return "ok", failure


def _data_as_of(slate: Slate) -> datetime | None:
    """The newest thing that this document rests on."""
    known = [row["newest_known_at"] for rows in (slate.context, slate.lines, slate.features) for row in rows]
    known += [row["known_at"] for rows in (slate.games, slate.box) for row in rows]
    return max((moment for moment in known if moment is not None), default=None)


def _titles(games: list[Game]) -> dict[str, str]:
    """The name for people of every book in the document."""
    keys = set()
    for game in games:
        for player in game.players:
            keys |= {opinion.bookmaker for opinion in player.predictions}
            keys |= {price.bookmaker for prop in player.props for price in (prop.best_over, prop.best_under) if price is not None}
    return {key: find_book(key).title for key in sorted(key for key in keys if key)}
