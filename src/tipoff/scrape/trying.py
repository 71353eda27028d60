"""Trying a source out: one request that costs no credits, of which nothing is kept.

Comes in: settings, a source's name, a clock. Goes out: that it answered, when by its own clock, and what is left of its credits. It must
never write anywhere, nor cost a credit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from tipoff.clock import Clock, game_date_of
from tipoff.config import Settings, SourceName
from tipoff.errors import UpstreamRefused
from tipoff.scrape.access import access_of
from tipoff.scrape.request import Request
from tipoff.scrape.sources import balldontlie, espn, nba_cdn, nba_injuries, nba_stats, odds_api
from tipoff.scrape.wire import REDIRECTS, Patience, Wire, judge, next_hop

PATIENCE = Patience(connect=5.0, read=10.0, whole_answer=30.0)
_REDIRECTS = 3
_TRIALS: dict[SourceName, Callable[[datetime], Request]] = {
    "odds_api": lambda _now: odds_api.sports(),
    "nba_cdn": lambda _now: nba_cdn.schedule(),
    "nba_stats": lambda now: nba_stats.scoreboard(game_date_of(now)),
    "espn": lambda now: espn.scoreboard(game_date_of(now)),
    "nba_injuries": nba_injuries.official_report,
    "balldontlie": lambda now: balldontlie.box_scores(game_date_of(now)),
}
_MAY_BE_ABSENT = {"nba_injuries": (403, 404), "nba_stats": (404,), "espn": (404,)}
"""What is answered where there is no such document today, which is no fault of anybody's."""


@dataclass(frozen=True)
class Tried:
    """A source that answered. `said` is the instant (UTC) in its Date header, to the second; `asked` and `heard` are ours, before and
    after. `credits` is what the account has left, where it says so."""

    source: SourceName
    status: int
    asked: datetime
    heard: datetime
    said: datetime | None
    credits: int | None


def check_key(settings: Settings, source: SourceName) -> None:
    """Raises ConfigError where a source's key is missing, or cannot be one. Nothing is asked."""
    access_of(settings)[source].key_or_error(Request(source, "trial", "/"))


def try_source(settings: Settings, source: SourceName, clock: Clock, patience: Patience = PATIENCE) -> Tried:
    """Ask a source once. Raises ConfigError where its key is missing, UpstreamRefused where it does not take it, or has moved;
    UpstreamUnavailable where no answer came."""
    request = _TRIALS[source](clock.now())
    access = access_of(settings)[source]
    key = access.key_or_error(request)
    wire = Wire(patience, 1)
    try:
        target = httpx.URL(access.base.rstrip("/") + request.url_path).copy_merge_params(dict(request.params))
        for _ in range(_REDIRECTS + 1):
            asked = clock.now()
            answer = wire.get(request, access, target, key)
            heard = clock.now()
            if answer.status in REDIRECTS:
                target = next_hop(request, target, answer, key)
                continue
            if answer.status not in _MAY_BE_ABSENT.get(source, ()):
                judge(request, access, answer, key, heard)
            return Tried(source, answer.status, asked, heard, _date(answer.headers.get("date")), answer.credits.remaining)
    finally:
        wire.close()
    raise UpstreamRefused(f"{request}: more than {_REDIRECTS} redirects.", hint="Look at the source's address in the settings.")


def _date(text: str | None) -> datetime | None:
    try:
        said = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return said.astimezone(UTC) if said is not None and said.tzinfo else said and said.replace(tzinfo=UTC)
