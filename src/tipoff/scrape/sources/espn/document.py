"""ESPN: any of its documents to injuries, rosters, games and box scores. It never fetches; a document is recognised by its shape."""

from __future__ import annotations

from typing import Any

from tipoff.scrape.opening import open_document
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.espn.injuries import transform_injuries
from tipoff.scrape.sources.espn.requests import SOURCE
from tipoff.scrape.sources.espn.roster import is_roster, transform_roster
from tipoff.scrape.sources.espn.scoreboard import transform_scoreboard
from tipoff.scrape.sources.espn.summary import transform_summary


def recognise(document: Any) -> str | None:
    """`injuries`, `roster`, `scoreboard`, `box`, or None where it is not ESPN's, from the shape of a decoded document alone."""
    if not isinstance(document, dict):
        return None
    if "boxscore" in document and "header" in document:  # a summary, which lists both teams' injuries too
        return "box"
    if "events" in document and "leagues" in document:
        return "scoreboard"
    if is_roster(document):
        return "roster"
    return "injuries" if "injuries" in document and "athlete" not in document else None


def transform(payload: Payload) -> Parsed:
    """Everything that a payload of ESPN holds. Never raises for what stands in it."""
    opened = open_document(payload, SOURCE, recognise)
    if isinstance(opened, Parsed):
        return opened
    document, kind = opened
    return _TRANSFORMS[kind](document, payload)


_TRANSFORMS = {"injuries": transform_injuries, "roster": transform_roster, "scoreboard": transform_scoreboard, "box": transform_summary}
