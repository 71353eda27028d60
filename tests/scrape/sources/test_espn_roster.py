"""ESPN's rosters: names and dates of birth."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odds_documents import adds_up, rows, rules

from tipoff.errors import BadInput
from tipoff.names import ESPN_IDS, TEAMS
from tipoff.scrape.records import SHAPES, Parsed, Payload
from tipoff.scrape.sources import espn
from tipoff.scrape.sources.espn import roster

FETCHED_AT = datetime(2025, 11, 5, 22, 30, tzinfo=UTC)
FIRST = "$.athletes[0]"


def man(name: Any = "Jayson Tatum", born: Any = "1998-03-03T08:00Z", **more: Any) -> dict[str, Any]:
    return {"id": "4065648", "displayName": name, "fullName": name, "dateOfBirth": born, **more}


def squad(*men: Any, team: Any = "Boston Celtics", **more: Any) -> dict[str, Any]:
    return {"timestamp": "2025-11-05T22:00:00Z", "athletes": list(men), "team": {"id": "2", "displayName": team}, **more}


def parse(document: Any, fetched_at: datetime | None = FETCHED_AT) -> Parsed:
    body = document if isinstance(document, bytes) else json.dumps(document).encode("utf-8", "surrogatepass")
    parsed = espn.transform(Payload(body, "a test", fetched_at))
    adds_up(parsed)
    assert all(table.schema.equals(SHAPES[kind]) for kind, table in parsed.records.items())
    return parsed


def births(parsed: Parsed) -> dict[str, date | None]:
    return {row["name"]: row["birth_date"] for row in rows(parsed, "roster")}


def test_a_man_becomes_a_record_without_the_sources_own_id() -> None:
    parsed = parse(squad(man()))
    assert (parsed.source, parsed.kind, parsed.league, parsed.snapshot_at) == ("espn", "roster", None, FETCHED_AT)
    assert rows(parsed, "roster") == [
        {
            "name": "Jayson Tatum",
            "league_player_id": None,
            "team": "BOS",
            "birth_date": date(1998, 3, 3),
            "known_at": FETCHED_AT,
            "path": FIRST,
        }
    ]


def test_the_men_may_stand_within_their_team_or_beside_it() -> None:
    within = {"team": {"displayName": "Boston Celtics", "athletes": [man(), man("Derrick White", "1994-07-02T07:00Z")]}}
    assert births(parse(within)) == births(parse(squad(*within["team"]["athletes"]))) != {}


def test_a_man_whose_birth_is_not_told_is_on_the_roster_without_it() -> None:
    parsed = parse(squad(man(born=None), man("Derrick White", "1994-07-02")))
    assert births(parsed) == {"Jayson Tatum": None, "Derrick White": date(1994, 7, 2)}
    assert parsed.rejects == []


@pytest.mark.parametrize(
    ("born", "rule"),
    [
        ("03/03/1998", "unreadable_birth_date"),
        ("1998-02-31T08:00Z", "unreadable_birth_date"),
        (889_000_000, "unreadable_birth_date"),
        ("", "unreadable_birth_date"),
        ("0001-01-01T08:00Z", "birth_date_out_of_range"),
        ("2024-11-05T08:00Z", "birth_date_out_of_range"),
    ],
)
def test_a_date_that_cannot_be_his_birth_is_set_apart_and_he_stays(born: Any, rule: str) -> None:
    parsed = parse(squad(man(born=born)))
    assert (rules(parsed), births(parsed)) == ([(f"{FIRST}.dateOfBirth", rule)], {"Jayson Tatum": None})


def test_a_man_listed_twice_is_one_and_with_two_dates_none() -> None:
    assert parse(squad(man(), man())).rows == 1
    parsed = parse(squad(man(), man(born="1998-03-04T08:00Z"), man("Derrick White")))
    assert ([rule for _, rule in rules(parsed)], list(births(parsed))) == (["player_twice"] * 2, ["Derrick White"])


def test_without_a_moment_the_whole_roster_is_set_apart() -> None:
    assert parse(squad(man()), None).snapshot_at == datetime(2025, 11, 5, 22, 0, tzinfo=UTC)
    parsed = parse(squad(man(), man("Derrick White"), timestamp=None), None)
    assert (rules(parsed), parsed.rows, parsed.offered) == ([("$", "no_snapshot")], 0, 2)


@pytest.mark.parametrize(("bad", "path", "rule"), [(None, "", "not_an_object"), (man(7), ".displayName", "unreadable_name")])
def test_one_bad_man_does_not_lose_his_team(bad: Any, path: str, rule: str) -> None:
    """F13."""
    parsed = parse(squad(bad, man("Derrick White")))
    assert (rules(parsed), list(births(parsed))) == ([(f"{FIRST}{path}", rule)], ["Derrick White"])


@pytest.mark.parametrize(("team", "rule"), [("Team LeBron", "not_a_league_team"), (None, "unreadable_team")])
def test_a_roster_of_no_league_team_is_set_apart(team: Any, rule: str) -> None:
    parsed = parse(squad(man(), man("Derrick White"), team=team))
    assert (rules(parsed), parsed.offered) == ([("$.team.displayName", rule)], 2)


def test_a_list_of_men_that_is_none_is_set_apart() -> None:
    assert rules(parse({"team": {"displayName": "Boston Celtics"}, "athletes": {"1": man()}})) == [("$.athletes", "not_a_list")]


@given(
    st.sampled_from([*man(), "athletes", "team", "timestamp"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(([], {}, [[]], [None])),
)
def test_no_junk_in_a_roster_crashes(key: str, junk: Any) -> None:
    parse(squad(man(**{key: junk}), man("Derrick White")))
    parse(squad(man()) | {key: junk})
    parse({"team": {"displayName": "Boston Celtics", "athletes": [man()], key: junk}})


def test_each_of_the_thirty_teams_has_its_own_number() -> None:
    assert set(ESPN_IDS) == set(TEAMS)
    assert len(set(ESPN_IDS.values())) == 30


def test_a_roster_is_asked_for_by_the_sources_number_and_without_credits() -> None:
    request = roster("BOS")
    assert (request.url_path, request.feed, request.credits) == ("/apis/site/v2/sports/basketball/nba/teams/2/roster", "roster", 0)
    with pytest.raises(BadInput, match="no team"):
        roster("../2")
