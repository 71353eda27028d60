"""The league's CDN: any of its documents to games, box scores and shots. It never fetches; a document is recognised by its shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tipoff.scrape.opening import open_document
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_cdn.box import transform_box
from tipoff.scrape.sources.nba_cdn.games import SOURCE
from tipoff.scrape.sources.nba_cdn.plays import is_play_by_play, transform_plays
from tipoff.scrape.sources.nba_cdn.schedule import transform_schedule


def recognise(document: Any) -> str | None:
    """`schedule`, `box`, `shots`, or None where it is none of them, from the shape of a decoded document alone."""
    if not isinstance(document, dict):
        return None
    if "leagueSchedule" in document:
        return "schedule"
    if is_play_by_play(document):
        return "shots"
    game = document.get("game")
    return (
        "box"
        if isinstance(game, dict) and "actions" not in game and {"gameId", "homeTeam", "awayTeam", "gameStatus"} & game.keys()
        else None
    )


def transform(payload: Payload) -> Parsed:
    """Everything that a payload of the league's CDN holds. Never raises for what stands in it."""
    opened = open_document(payload, SOURCE, recognise)
    if isinstance(opened, Parsed):
        return opened
    document, kind = opened
    return _TRANSFORMS[kind](document, payload)


_TRANSFORMS: dict[str, Callable[[dict[str, Any], Payload], Parsed]] = {
    "schedule": transform_schedule,
    "box": transform_box,
    "shots": transform_plays,
}
