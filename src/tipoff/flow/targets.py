"""Targets: programs beyond this pipeline that are told of every completion message, each by its own way of delivery.

Comes in: the settings. Goes out: the targets that are configured. It must never know when something is delivered, nor how often.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from tipoff.clock import Clock
from tipoff.config import Settings
from tipoff.errors import UpstreamRefused, UpstreamUnavailable


@dataclass(frozen=True)
class Letter:
    """A message on its way out: its id, its game day (New York), its JSON."""

    message_id: str
    game_date: date
    body: bytes


class TargetDown(UpstreamUnavailable):
    """Nothing gets through to the target now: another message would fare the same. `after` is the pause in seconds that it asked for."""

    after: float | None = None


class LetterRefused(UpstreamRefused):
    """The target answered, and did not take this message; it may take others."""


Send = Callable[[Letter], None]
"""Delivers one message. Raises TargetDown or LetterRefused."""


class Target(Protocol):
    """One way out. Delivery is at least once, in no promised order: who listens tells messages apart by their id."""

    @property
    def name(self) -> str:
        """As it stands on record."""
        ...

    def open(self) -> AbstractContextManager[Send]:
        """Open it for a round of deliveries. Raises ConfigError where it is not set up, and TargetDown where it cannot be reached."""
        ...


def configured_targets(settings: Settings, clock: Clock) -> list[Target]:
    """The targets that the settings name: `webhook_url`, `pubsub_topic`. Nothing is opened, nor imported."""
    from tipoff.flow.pubsub import PubSub
    from tipoff.flow.webhook import Webhook

    found: list[Target] = []
    if settings.webhook_url is not None:
        found.append(Webhook(settings.webhook_url, settings.webhook_secret, clock))
    if settings.pubsub_topic is not None:
        found.append(PubSub(settings.pubsub_topic))
    return found


def check_targets(settings: Settings, clock: Clock) -> None:
    """Open each target once and close it, so that a process tells at its start what is not set up. Raises ConfigError."""
    for target in configured_targets(settings, clock):
        with target.open():
            pass
