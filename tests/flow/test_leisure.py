"""What DBOS looks after by itself: seldom in a process that is up for long, as often as it likes in others, and there at all."""

from __future__ import annotations

from dbos import _dbos, _workflow_commands

from tipoff.flow.leisure import DELAYED, ITS_OWN, at_leisure


def _pauses() -> tuple[float, float]:
    queue = _dbos._get_or_create_dbos_registry().get_internal_queue()
    return _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC, queue._polling_interval_sec


def test_who_is_up_for_long_has_dbos_look_seldom_and_leaves_all_as_it_was() -> None:
    before = _pauses()
    with at_leisure(for_long=True):
        assert _pauses() == (DELAYED, ITS_OWN)
    assert _pauses() == before
    with at_leisure(for_long=False):
        assert _pauses() == before
