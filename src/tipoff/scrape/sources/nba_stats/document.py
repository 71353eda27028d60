"""The league's statistics: any of their documents to games, box scores and shots. It never fetches; a document is recognised by its shape.

Kinds that are not used (advanced and usage box scores, game logs, lists of players …) are known by name, and set apart whole.
"""

from __future__ import annotations

import re
from typing import Any

from tipoff.scrape.opening import open_document
from tipoff.scrape.reading import Ledger, objects
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_stats import box, scoreboard
from tipoff.scrape.sources.nba_stats.plays import is_play_by_play, transform_plays
from tipoff.scrape.sources.nba_stats.requests import SOURCE
from tipoff.scrape.sources.nba_stats.sets import SETS, headers_of, set_named

_OF_A_BOX = re.compile(r"boxScore[A-Z][A-Za-z]{0,40}")
_RESOURCE = re.compile(r"[A-Za-z0-9]{1,40}")


def recognise(document: Any) -> str | None:
    """`box`, `shots`, `scoreboard`, the name of a kind that is not used, or None where it is none of these, from its shape alone."""
    if not isinstance(document, dict):
        return None
    if "boxScoreTraditional" in document:
        return "box"
    if is_play_by_play(document):
        return "shots"
    board = document.get("scoreboard")
    if isinstance(board, dict) and "games" in board:
        return "scoreboard"
    unused = next((str(key) for key in document if _OF_A_BOX.fullmatch(key)), None)
    if unused is not None:
        return unused.casefold()
    return _kind_of_sets(document) if type(document.get("resultSets")) is list else None


def _kind_of_sets(document: dict[str, Any]) -> str | None:
    if set_named(document, "GameHeader") and set_named(document, "LineScore"):
        return "scoreboard"
    players = set_named(document, "PlayerStats")
    if players and set(headers_of(players[1]) or ()) >= box.SET_HEADERS:
        return "box"
    resource = document.get("resource")
    if type(resource) is str and _RESOURCE.fullmatch(resource):
        return f"{resource.casefold()}-sets"
    named = any(type(found) is dict and {"name", "headers", "rowSet"} <= found.keys() for _, found in objects(document["resultSets"], SETS))
    return "sets" if named else None


def transform(payload: Payload) -> Parsed:
    """Everything that a payload of the league's statistics holds. Never raises for what stands in it."""
    opened = open_document(payload, SOURCE, recognise)
    if isinstance(opened, Parsed):
        return opened
    document, kind = opened
    in_sets = type(document.get("resultSets")) is list
    if kind == "box":
        return (box.transform_sets if "boxScoreTraditional" not in document else box.transform_box)(document, payload)
    if kind == "shots":
        return transform_plays(document, payload)
    if kind == "scoreboard":
        return (scoreboard.transform_sets if in_sets and "scoreboard" not in document else scoreboard.transform_scoreboard)(
            document, payload
        )
    ledger = Ledger()
    ledger.lost("$", "kind_not_used", kind)
    return Parsed(SOURCE, kind, rejects=ledger.rejects, offered=ledger.offered)
