"""What DBOS looks after by itself: as often as is said, as often as it likes where nothing is, and there at all."""

from __future__ import annotations

import pytest
from dbos import _dbos, _workflow_commands

from tipoff.flow.leisure import DELAYED, ITS_OWN, looking_every


def _pauses() -> tuple[float, float]:
    queue = _dbos._get_or_create_dbos_registry().get_internal_queue()
    return _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC, queue._polling_interval_sec


@pytest.mark.parametrize("seconds", [DELAYED, 0.2])
def test_dbos_looks_as_often_as_is_said_seldom_into_its_own_queue_and_all_is_left_as_it_was(seconds: float) -> None:
    before = _pauses()
    with looking_every(seconds):
        assert _pauses() == (seconds, ITS_OWN)
    assert _pauses() == before


def test_where_nothing_is_said_dbos_looks_as_often_as_it_likes() -> None:
    before = _pauses()
    with looking_every(None):
        assert _pauses() == before
