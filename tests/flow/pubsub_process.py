"""A process that relays to a Pub/Sub topic, with Google's client: apart, so that its threads and its imports are in no other test's way.

    pubsub_process.py FOLDER WHAT

`topic` makes a topic and an ordered subscription, relays three messages, and tells what the subscription gives; `nowhere` relays to a
topic that is not there; `missing` relays as if the extra were not installed; `plain` relays without a topic. Prints one JSON document.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from flow.message_house import DAY, desk_in, message
from tipoff.flow.deliveries import undelivered
from tipoff.flow.outbox import relay

TOPIC = "projects/tipoff-tests/topics/completions"
SUBSCRIPTION = "projects/tipoff-tests/subscriptions/completions"
MESSAGES = [message(game_date=DAY + timedelta(days=number // 2), execution_id=f"run {number}") for number in range(3)]


def pulled(count: int) -> list[dict[str, Any]]:
    from google.cloud.pubsub_v1 import SubscriberClient  # type: ignore[import-untyped]

    found: list[dict[str, Any]] = []
    with SubscriberClient() as subscriber:
        while len(found) < count:
            answer = subscriber.pull(subscription=SUBSCRIPTION, max_messages=10, timeout=20)
            for received in answer.received_messages:
                one = received.message
                found.append({"data": one.data.decode(), "attributes": dict(one.attributes), "ordering_key": one.ordering_key})
            subscriber.acknowledge(subscription=SUBSCRIPTION, ack_ids=[received.ack_id for received in answer.received_messages])
    return found


def make_topic() -> None:
    from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

    with PublisherClient() as publisher, SubscriberClient() as subscriber:
        publisher.create_topic(name=TOPIC)
        subscriber.create_subscription(request={"name": SUBSCRIPTION, "topic": TOPIC, "enable_message_ordering": True})


def main(folder: Path, what: str) -> dict[str, Any]:
    if what == "topic":
        make_topic()
    if what == "missing":
        sys.modules["google.pubsub_v1"] = None  # type: ignore[assignment]
    topic = {"topic": TOPIC, "plain": None}.get(what, "projects/tipoff-tests/topics/nowhere")
    with desk_in(folder, pubsub_topic=topic) as desk:
        desk.write(*MESSAGES)
        told: dict[str, Any] = {"relayed": relay(desk, desk.react)}
        told |= {"seen": len(desk.seen), "errors": [one.error for one in undelivered(desk.house.state)]}
    told["imported"] = "grpc" in sys.modules
    if what == "topic":
        told["pulled"] = pulled(len(MESSAGES))
    return told


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))  # noqa: T201
