"""Whether what is beyond our own stores answers: sources, channels of alerts, targets of messages; and whether our clock agrees.

Comes in: settings, a clock. Goes out: what each said, or an error of ours. No credit is spent, and nobody is told anything unless asked.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tipoff.clock import Clock
from tipoff.config import Settings, SourceName
from tipoff.errors import ConfigError, UpstreamError, UpstreamUnavailable
from tipoff.flow.channels import Channel, Effort, channels_of, reach
from tipoff.flow.finding import Said
from tipoff.flow.processes import SILENCE
from tipoff.flow.targets import check_targets
from tipoff.flow.telling import try_out
from tipoff.scrape.trying import Tried, check_key, try_source

MOST_SKEW = 5.0
"""Seconds that our clock may be apart from another's; a worker counts as silent after 12."""
EFFORT = Effort(attempts=1)
_OFFSETS = {"2026-01-15T12:00:00": -5, "2026-07-15T12:00:00": -4}
"""New York's hours from UTC, in winter and in summer."""


@dataclass(frozen=True)
class Reading:
    """Another's clock: what it said (UTC), cut to `grain` seconds, between two moments of ours."""

    who: str
    before: datetime
    after: datetime
    said: datetime
    grain: float = 0.0

    @property
    def behind(self) -> float:
        """So many seconds our clock is behind the other, at least; negative where it is ahead, 0 where they may agree."""
        early = (self.said - self.after).total_seconds()
        late = (self.said - self.before).total_seconds() + self.grain
        return max(early, 0.0) + min(late, 0.0)


def check_clock(settings: Settings, clock: Clock, readings: Iterable[Reading]) -> Said:
    """New York's time zone is known, and our clock agrees with every other that told the time."""
    for moment, hours in _OFFSETS.items():
        try:
            offset = datetime.fromisoformat(moment).replace(tzinfo=zoneinfo.ZoneInfo.no_cache("America/New_York")).utcoffset()
        except zoneinfo.ZoneInfoNotFoundError as error:
            raise ConfigError("Time zones are not known here.", hint="Install tzdata: `uv sync`, or the system's package.") from error
        if offset != timedelta(hours=hours):
            raise ConfigError(f"New York is {offset} from UTC at {moment}, says this machine.", hint="Bring tzdata up to date.")
    if settings.clock_file is not None:
        return Said(f"time zones are known; the practice league's clock stands at {clock.now():%Y-%m-%d %H:%M:%S}Z")
    compared = list(readings)
    wrong = [one for one in compared if abs(one.behind) > MOST_SKEW]
    if wrong:
        told = "; ".join(f"{abs(one.behind):,.0f} s {'behind' if one.behind > 0 else 'ahead of'} {one.who}" for one in wrong)
        raise ConfigError(
            f"This machine's clock is {told}.",
            hint=f"Set it, and keep it so (chrony, systemd-timesyncd): after {SILENCE:g} s workers count as silent, and lines as stale.",
        )
    if not compared:
        return Said("time zones are known; nobody else told the time", "note", "Without --offline it is compared with the sources' clocks.")
    worst = max(abs(one.behind) for one in compared)
    return Said(f"time zones are known; within {max(worst, 1.0):.0f} s of {', '.join(one.who for one in compared)}")


def check_source(settings: Settings, source: SourceName, clock: Clock, heard: Callable[[Tried], None]) -> Said:
    """It answers, and takes the key; `heard` is told what it said."""
    tried = try_source(settings, source, clock)
    heard(tried)
    left = f", {tried.credits:,} credits left" if tried.credits is not None else ""
    if not 200 <= tried.status < 300:
        return Said(f"answers, and has nothing for now (HTTP {tried.status})")
    taken = ", and takes the key" if source in ("odds_api", "balldontlie") else ""
    if tried.credits == 0:
        raise UpstreamUnavailable("It takes the key, and no credits are left.", hint="Wait until they are renewed, or take a larger plan.")
    return Said(f"answers{taken}{left}")


def check_offline(settings: Settings, source: SourceName) -> Said:
    """Its key, as far as can be told without asking."""
    check_key(settings, source)
    return Said("not asked (--offline)", "left out")


def check_channel(channel: Channel) -> Said:
    """It is there, as far as can be told without telling anything."""
    return Said(f"{channel.reach()}; nothing was sent (--send does)")


def send_to_all(settings: Settings, clock: Clock) -> dict[str, str | None]:
    """A test message to each channel: what went wrong by channel."""
    return try_out(settings, clock)


def check_sent(why: str | None) -> Said:
    """What came of a test message."""
    if why is not None:
        raise UpstreamError(why, hint="Correct its address or its rights: docs/alerts.md.")
    return Said("a test message was taken")


def check_message_targets(settings: Settings, clock: Clock, offline: bool) -> Said:
    """Whoever is told of completions: set up, and there. Nothing is sent."""
    check_targets(settings, clock)
    if settings.webhook_url is not None and not offline:
        reach("webhook", settings.webhook_url.get_secret_value(), EFFORT)
    names = [name for name, given in (("webhook", settings.webhook_url), ("Pub/Sub topic", settings.pubsub_topic)) if given is not None]
    return Said(f"{' and '.join(names)}: set up{'' if offline else ', and there'}; nothing was sent")


def channels_to_check(settings: Settings, clock: Clock) -> list[Channel]:
    """Those that are set beside the log."""
    return [channel for channel in channels_of(settings, clock, EFFORT) if channel.name != "log"]
