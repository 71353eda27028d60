"""The desk: from where work is asked for and looked after, without doing any.

Comes in: an open house, and DBOS's queues. Goes out: workflows in queues, and how they stand. It must never know what a workflow does, nor
who takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dbos import DBOSClient, EnqueueOptions

from tipoff.config import Settings
from tipoff.flow.house import House
from tipoff.flow.leisure import Bells, let_begin
from tipoff.flow.workflow_json import WorkflowJson

APPLICATION = "tipoff"
APPLICATION_VERSION = "1"  # a constant: DBOS strands pending work of another version; the code's own version is a column of the run
_UNFINISHED = ("PENDING", "ENQUEUED", "DELAYED")
_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_AT_ONCE = 500


@dataclass(frozen=True)
class Queue:
    """A queue: `here` at a time in one process, and at most `each` at a time for one partition key; where `each` is None it knows no
    partitions, and lets one through at a time whatever it is. `rests`: seconds between two looks into it by a process that is up for
    long; what is looked into less often than others is so at any pace that is set."""

    name: str
    each: int | None = 1
    here: int = 4
    rests: float = 5.0


class Desk:
    """From where work is asked for and looked after, without doing any: an open house, and DBOS's queues. Made by `open_desk`. What this
    process itself takes from, it looks into at once where something was put there."""

    def __init__(self, house: House, client: DBOSClient, bells: Bells | None = None) -> None:
        self.house = house
        self._client = client
        self._bells = bells or Bells()

    def enqueue(
        self,
        queue: str,
        workflow: Callable[..., Any] | str,
        *arguments: Any,
        workflow_id: str,
        partition: str | None,
        delay: float | None = None,
    ) -> None:
        """Put a workflow, itself or by its name, in a queue, once for a workflow id; also from within a step, where DBOS itself would not
        have it. `partition` is None for a queue that knows none."""
        name: str = workflow if isinstance(workflow, str) else workflow.dbos_function_name  # type: ignore[attr-defined]
        options: EnqueueOptions = {
            "queue_name": queue,
            "workflow_name": name,
            "workflow_id": workflow_id,
            "app_version": APPLICATION_VERSION,
        }
        if partition is not None:
            options["queue_partition_key"] = partition
        if delay:
            options["delay_seconds"] = delay
        self._client.enqueue(options, *arguments)
        if not delay:
            self._bells.ring(queue)

    def hasten(self, queue: str, workflow_id: str) -> None:
        """Let a workflow that waits in a queue for a delay to be over begin now; nothing where it does not."""
        self._client.set_workflow_delay(workflow_id, delay_seconds=0)
        let_begin(self._client)
        self._bells.ring(queue)

    def ended(self, workflow_id: str) -> bool:
        """Whether a workflow is over, well or not; True where it was never known."""
        found = self._client.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False)
        return all(status.status not in _UNFINISHED for status in found)

    def at_work(self, name: str) -> bool:
        """Whether a workflow of this name has begun and is not over, in whichever process."""
        return bool(self._client.list_workflows(status="PENDING", name=name, limit=1, load_input=False, load_output=False))

    def unfinished(self, queue: str | None = None) -> dict[str, str | None]:
        """The workflows of a queue, or of all, that are not over, by their ids: which process has begun it, or None where it waits."""
        found = self._client.list_workflows(status=list(_UNFINISHED), queue_name=queue, load_input=False, load_output=False)
        return {status.workflow_id: status.executor_id if status.status == "PENDING" else None for status in found}

    def forget(self, before: datetime, *, dry_run: bool = False) -> int:
        """Have DBOS forget the workflows that were over before a moment (UTC), with their steps; how many. A workflow that another waits
        for, which is not over, stays. In a dry run they are only counted."""
        until = int(before.timestamp() * 1000)
        unfinished = {
            status.workflow_id
            for status in self._client.list_workflows(status=["PENDING", "ENQUEUED", "DELAYED"], load_input=False, load_output=False)
        }
        found = kept = 0
        while True:
            page = self._client.list_workflows(
                status=_OVER, end_time=before.isoformat(), limit=_AT_ONCE, offset=kept, load_input=False, load_output=False
            )
            gone = [
                status.workflow_id
                for status in page
                if (status.completed_at or status.updated_at or until) < until and status.parent_workflow_id not in unfinished
            ]
            if gone and not dry_run:
                self._client.delete_workflows(gone)
            found += len(gone)
            kept += len(page) - (0 if dry_run else len(gone))
            if len(page) < _AT_ONCE:
                return found

    def cancel(self, workflow_id: str) -> None:
        """Take a workflow out of its queue, if it is there: its partition is free, and its result is refused."""
        if self._client.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False):
            self._client.cancel_workflow(workflow_id)


def client_of(settings: Settings) -> DBOSClient:
    """The queues of a state database, by DBOS; to be destroyed when it is needed no more."""
    return DBOSClient(system_database_url=settings.database_url, serializer=WorkflowJson(), application_name=APPLICATION, lazy=True)
