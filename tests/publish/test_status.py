"""The status document."""

from __future__ import annotations

from datetime import timedelta

from obstore.store import ObjectStore

from publish.invented import NIGHT
from publish.json_schema import faults
from publish.reading import BEFORE, document
from tipoff.publish.documents import Halt
from tipoff.publish.status import STATUS, PhaseRun, publish_status


def _run(run_id: str, phase: str, minutes: int, status: str = "success", error: str | None = None) -> PhaseRun:
    start = BEFORE + timedelta(minutes=minutes)
    return PhaseRun(run_id, NIGHT, phase, status, {"rows": 3}, start, start + timedelta(seconds=20), error)


def test_of_each_date_the_last_run_is_shown_in_the_order_of_its_phases(bucket: ObjectStore) -> None:
    runs = [_run("b", "load", 61), _run("b", "scrape", 60), _run("a", "scrape", 0, "failed", "no answer")]
    status = publish_status(bucket, runs, generated_at=BEFORE, league="practice")
    assert [(entry.run_id, entry.status) for entry in status.dates] == [("b", "success")]
    assert [phase.phase for phase in status.dates[0].phases] == ["scrape", "load"]
    assert status.dates[0].phases[0].seconds == 20
    assert status.state == "ok"


def test_a_failed_phase_breaks_its_date_and_says_why(bucket: ObjectStore) -> None:
    status = publish_status(bucket, [_run("a", "scrape", 0), _run("a", "load", 1, "failed", "disk full")], generated_at=BEFORE)
    assert (status.state, status.dates[0].status, status.dates[0].phases[1].error) == ("broken", "failed", "disk full")


def test_it_fits_its_schema_with_runs_and_without(bucket: ObjectStore) -> None:
    for runs in ([], [_run("a", "scrape", 0), PhaseRun("a", NIGHT, "load", "running")]):
        publish_status(bucket, runs, generated_at=BEFORE, halt=Halt(active=True, reason="by hand", since=BEFORE))
        assert faults(document(bucket, STATUS), document(bucket, "v1/schemas/status.json")) == []
