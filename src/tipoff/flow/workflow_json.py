"""What workflows take and give, as JSON: no pickle anywhere.

Knows instants, dates and errors. It must never know a workflow.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from dbos import Serializer

from tipoff.errors import TipoffError


class WorkflowFailed(TipoffError):
    """A workflow ended with an error that was raised in another process; the message is that error's."""


class WorkflowJson(Serializer):
    """Instants and dates are told apart, errors keep kind and message."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=_tagged)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data, object_hook=_untagged)

    def name(self) -> str:
        return "tipoff_json"


def _tagged(value: Any) -> dict[str, Any]:
    if isinstance(value, datetime):
        return {"$instant": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, BaseException):
        return {"$error": type(value).__name__, "message": str(value)}
    raise TypeError(f"{type(value).__name__} is not JSON")


def _untagged(found: dict[str, Any]) -> Any:
    if "$instant" in found:
        return datetime.fromisoformat(found["$instant"])
    if "$date" in found:
        return date.fromisoformat(found["$date"])
    if "$error" in found:
        return WorkflowFailed(f"{found['$error']}: {found['message']}")
    return found
