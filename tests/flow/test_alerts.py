"""Alerts on record: what began, what is worse, what is over, each as one event, in the transaction of the row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.alerts import EVENTS, Noted, Severity, alerts, note, note_alerts
from tipoff.flow.state import State

NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def state(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[State]:
    """One database for all; each test begins with empty tables."""
    shared = SecretStr(request.getfixturevalue("postgres_server").fresh()) if request.param == "postgres" else None
    settings = load_settings(data_dir=tmp_path_factory.mktemp("state")).model_copy(update={"database": shared})
    opened = State(settings, ManualClock(NOON))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def nothing_alerts(state: State) -> None:
    clear(state)


def clear(state: State) -> None:
    with state.transaction() as connection:
        connection.execute(sa.text("DELETE FROM ops_alerts"))
        connection.execute(sa.text("DELETE FROM ops_alert_events"))


def events(state: State) -> list[tuple[str, str]]:
    with state.reading() as connection:
        return [(row.key, row.what) for row in connection.execute(sa.select(EVENTS).order_by(EVENTS.c.event_id))]


def test_a_cause_that_goes_on_is_one_event_and_its_end_another(state: State) -> None:
    for minute in range(3):
        note(state, "feed ", {"feed a": f"for {minute} minutes"}, NOON + minute * MINUTE)
    [alert] = alerts(state)
    assert (alert.count, alert.first_at, alert.last_at, alert.text) == (3, NOON, NOON + 2 * MINUTE, "for 2 minutes")
    assert note(state, "feed ", {}, NOON + 3 * MINUTE) == Noted([], ["feed a"])
    assert note(state, "feed ", {}, NOON + 4 * MINUTE) == Noted([], [])
    assert alerts(state, now_only=True) == []
    assert alerts(state)[0].recovered_at == NOON + 3 * MINUTE
    assert events(state) == [("feed a", "began"), ("feed a", "recovered")]


def test_what_had_recovered_begins_anew(state: State) -> None:
    for met in ({"feed a": "is stale"}, {}, {"feed a": "is stale"}):
        noted = note(state, "feed ", met, NOON)
    assert noted == Noted(["feed a"], [])
    assert [what for _, what in events(state)] == ["began", "recovered", "began"]


def test_a_family_says_nothing_of_another_one_that_looks_like_it(state: State) -> None:
    note(state, "a_b ", {"a_b x": "one"}, NOON)
    note(state, "axb ", {}, NOON)
    note(state, "a%", {}, NOON)
    assert [alert.key for alert in alerts(state, now_only=True)] == ["a_b x"]


def test_it_is_told_again_where_it_is_more_severe_and_not_where_it_is_less(state: State) -> None:
    for severity in ("notice", "critical", "warning", "warning", "critical"):
        note(state, "stale ", {"stale a": severity}, NOON, severity)
    assert [what for _, what in events(state)] == ["began", "worse", "worse"]
    assert alerts(state)[0].severity == "critical"


def test_what_was_left_behind_is_not_said_to_have_recovered(state: State) -> None:
    note(state, "few ", {"few a": "1 of 9", "few b": "2 of 9"}, NOON)
    with state.transaction() as connection:
        note_alerts(connection, "few ", {}, NOON, lapsed=lambda key: key == "few a")
    assert events(state)[2:] == [("few a", "lapsed"), ("few b", "recovered")]


def test_a_transaction_that_fails_leaves_neither_the_alert_nor_its_event(state: State) -> None:
    class Died(Exception):
        pass

    def fail() -> None:
        with state.transaction() as connection:
            note_alerts(connection, "feed ", {"feed a": "is stale"}, NOON)
            raise Died

    with pytest.raises(Died):
        fail()
    assert (alerts(state), events(state)) == ([], [])


KEYS = st.sampled_from(("x a", "x b", "x c"))
SEVERITY: st.SearchStrategy[Severity] = st.sampled_from(("notice", "warning", "critical"))


@settings(max_examples=60)
@given(st.lists(st.dictionaries(KEYS, SEVERITY), max_size=8))
def test_events_are_those_of_a_plain_reading_of_what_was_met(state: State, rounds: list[Mapping[str, Severity]]) -> None:
    clear(state)
    degrees = ("notice", "warning", "critical")
    told: list[tuple[str, str]] = []
    standing: dict[str, Severity] = {}
    for met in rounds:
        note(state, "x ", dict.fromkeys(met, "words"), NOON, dict(met))
        expected = [(key, "began") for key in met if key not in standing]
        expected += [(key, "worse") for key in met if key in standing and degrees.index(met[key]) > degrees.index(standing[key])]
        expected += [(key, "recovered") for key in standing if key not in met]
        standing = dict(met)
        told += sorted(expected)
        assert {alert.key: alert.severity for alert in alerts(state, now_only=True)} == standing
    found = events(state)
    assert sorted(found) == sorted(told)
    for key in ("x a", "x b", "x c"):
        own = [what for name, what in found if name == key and what != "worse"]
        assert own == ["began", "recovered"] * (len(own) // 2) + ["began"] * (len(own) % 2)
