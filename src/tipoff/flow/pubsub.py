"""A Google Pub/Sub topic: each message published, those of one game day in order. Needs the extra `tipoff[pubsub]`.

Comes in: a topic, messages. Goes out: publications whose data is the message's JSON, with its id as an attribute and the game day as the
ordering key. Credentials are Google's own affair (application default credentials), and so is the emulator (`PUBSUB_EMULATOR_HOST`).
It must never know what a message says.

Google's plain client is used, not the one that gathers messages in threads of its own: with ordering on, that one tries for ever. It is
imported when something is published, and not before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tipoff.errors import ConfigError
from tipoff.flow.targets import Letter, LetterRefused, Send, TargetDown


@dataclass(frozen=True)
class PubSub:
    """A topic, as `projects/…/topics/…`. `seconds` is how long the library may go on trying for one message."""

    topic: str
    seconds: float = 10.0
    name: str = "pubsub"

    @contextmanager
    def open(self) -> Iterator[Send]:
        """A publisher, for a round. Raises ConfigError where the extra is not installed, and TargetDown without credentials."""
        try:
            from google.api_core.exceptions import GoogleAPIError
            from google.auth.credentials import AnonymousCredentials
            from google.auth.exceptions import GoogleAuthError
            from google.pubsub_v1 import PublisherClient
        except ImportError as error:
            raise ConfigError(
                f"TIPOFF_PUBSUB_TOPIC is set, and Google's client cannot be imported: {error}.", hint="Install tipoff[pubsub]."
            ) from error
        emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
        given: dict[str, Any] = {}
        if emulator:
            given = {"credentials": AnonymousCredentials(), "client_options": {"api_endpoint": emulator}}  # type: ignore[no-untyped-call]
        try:
            publisher = PublisherClient(**given)
        except (GoogleAPIError, GoogleAuthError, OSError) as error:
            raise TargetDown(f"No publisher for {self.topic}: {error}", hint="Look at Google's application default credentials.") from error
        with publisher:
            yield lambda letter: self._publish(publisher, letter)

    def _publish(self, publisher: Any, letter: Letter) -> None:
        from google.api_core.exceptions import GoogleAPIError, InvalidArgument
        from google.api_core.retry import Retry
        from google.auth.exceptions import GoogleAuthError
        from google.pubsub_v1.types import PubsubMessage

        day = letter.game_date.isoformat()
        message = PubsubMessage(data=letter.body, ordering_key=day, attributes={"message_id": letter.message_id, "game_date": day})
        try:
            publisher.publish(topic=self.topic, messages=[message], retry=Retry(timeout=self.seconds), timeout=self.seconds)
        except InvalidArgument as error:
            raise LetterRefused(f"{self.topic}: {error}.", hint="Look at the topic's name, and at what the message holds.") from error
        except (GoogleAPIError, GoogleAuthError) as error:
            told = f"{self.topic}: {type(error).__name__}: {error}."
            raise TargetDown(told, hint="Is the topic there, and may these credentials publish to it?") from error
