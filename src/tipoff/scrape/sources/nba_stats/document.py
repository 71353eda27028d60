"""The league's statistics: any of its documents, recognised by its shape. It never fetches."""

from __future__ import annotations

from typing import Any

from tipoff.scrape.opening import open_document
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources.nba_stats.plays import SOURCE as SOURCE
from tipoff.scrape.sources.nba_stats.plays import is_play_by_play, transform_plays


def recognise(document: Any) -> str | None:
    """`shots`, or None where it is not ours, from the shape of a decoded document alone."""
    return "shots" if is_play_by_play(document) else None


def transform(payload: Payload) -> Parsed:
    """Everything that a payload of the league's statistics holds. Never raises for what stands in it."""
    opened = open_document(payload, SOURCE, recognise)
    return opened if isinstance(opened, Parsed) else transform_plays(opened[0], payload)
