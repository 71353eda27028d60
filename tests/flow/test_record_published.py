"""The record is published with a grading, and again only where grades, the headline or a halt change."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.house import open_house
from tipoff.flow.night import grade_night
from tipoff.flow.publishing import publish
from tipoff.publish.record import RECORD, Record, record_path
from tipoff.publish.write import get
from train import practice_house


def test_a_grading_publishes_it_and_another_publication_leaves_it_as_it_is(tmp_path: Path) -> None:
    practice_house.played().copy(tmp_path)
    settings = load_settings(data_dir=tmp_path).model_copy(update={"league": "practice"})
    clock = ManualClock(practice_house.MORNING)
    with open_house(settings, clock) as house:
        publish(house, practice_house.NIGHT)
        before = get(house.bucket, RECORD)
        assert before is not None
        assert Record.model_validate_json(before).state == "nothing_qualified"
        grade_night(house, practice_house.NIGHT)
        first = publish(house, practice_house.NIGHT)[1]
        after = get(house.bucket, RECORD)
        assert after is not None
        told = Record.model_validate_json(after)
        assert {one.system_id for one in told.systems} == set(practice_house.systems())
        assert all(get(house.bucket, record_path(one.system_id)) for one in told.systems)
        clock.set(practice_house.MORNING + timedelta(days=1))
        again = publish(house, practice_house.NIGHT, force=True)[1]
        assert again is not None
        assert RECORD not in again.documents
        assert get(house.bucket, RECORD) == after
        named = publish(house, practice_house.NIGHT, documents=["record"])[1]
        assert named is not None
        assert RECORD not in named.documents
    assert first is None or RECORD not in first.documents  # the grading itself had published it
