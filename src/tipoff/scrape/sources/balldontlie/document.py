"""balldontlie: any of its documents to box scores, games and injuries. It never fetches; a document is recognised by its shape.

Its addresses of version 1 are the NBA's alone, and its documents name no league; one of the practice league says so.
"""

from __future__ import annotations

from typing import Any

from tipoff.scrape.opening import open_document
from tipoff.scrape.reading import objects
from tipoff.scrape.records import League, Parsed, Payload
from tipoff.scrape.sources.balldontlie.box import transform_box
from tipoff.scrape.sources.balldontlie.injuries import transform_injuries
from tipoff.scrape.sources.balldontlie.requests import SOURCE


def recognise(document: Any) -> str | None:
    """`box`, `injuries`, or None where it is neither, from the shape of a decoded document alone. A page of nothing is of box scores
    unless it is numbered as pages of injuries are."""
    if not isinstance(document, dict) or type(document.get("data")) is not list or "timestamp" in document:
        return None
    for _, found in objects(document["data"], ""):
        if isinstance(found, dict) and {"home_team", "visitor_team"} <= found.keys():
            return "box"
        if isinstance(found, dict) and {"player", "status", "return_date"} <= found.keys():
            return "injuries"
    if document["data"]:
        return None
    return "injuries" if "meta" in document else "box"


def transform(payload: Payload) -> Parsed:
    """Everything that a payload of balldontlie holds. Never raises for what stands in it."""
    opened = open_document(payload, SOURCE, recognise)
    if isinstance(opened, Parsed):
        return opened
    document, kind = opened
    league: League = "practice" if document.get("league") == "practice" else "nba"
    return (transform_box if kind == "box" else transform_injuries)(document, payload, league)
