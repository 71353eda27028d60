"""Play-by-play of the league's CDN and of its statistics to shots with their zone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odds_documents import adds_up, rows, rules

from tipoff.errors import BadInput
from tipoff.scrape.records import SHAPES, Parsed, Payload
from tipoff.scrape.sources import SOURCES, nba_cdn, nba_stats, recognise

FETCHED_AT = datetime(2025, 11, 6, 3, 0, tzinfo=UTC)
ENDED_AT = datetime(2025, 11, 6, 2, 51, 7, 700_000, tzinfo=UTC)
FIRST = "$.game.actions[1]"
START = {"actionNumber": 2, "period": 1, "actionType": "period", "subType": "start", "isFieldGoal": 0, "personId": 0}
OVER = {**START, "actionNumber": 688, "period": 4, "actionType": "game", "subType": "end", "timeActual": "2025-11-06T02:51:07.7Z"}


def shot(number: int = 7, **more: Any) -> dict[str, Any]:
    """A two from under the basket, in the words of the CDN."""
    told = {"actionNumber": number, "actionType": "2pt", "isFieldGoal": 1, "personId": 1628369, "playerName": "Tatum"}
    told |= {"playerNameI": "J. Tatum", "teamTricode": "BOS", "area": "Restricted Area", "qualifiers": ["pointsinthepaint"]}
    return {**told, "shotResult": "Made", **more}


def live(*actions: Any, end: Any = OVER, **more: Any) -> dict[str, Any]:
    return {"meta": {"version": 1}, "game": {"gameId": "0022500101", "actions": [START, *actions, *([end] if end else [])], **more}}


def placed(number: int = 7, x: Any = 10, y: Any = 20, worth: Any = 2, **more: Any) -> dict[str, Any]:
    """A shot in the words of the statistics: its place in tenths of a foot from the basket."""
    told = {"actionNumber": number, "actionType": "Made Shot", "isFieldGoal": 1, "personId": 1628369, "playerNameI": "J. Tatum"}
    return {**told, "teamTricode": "BOS", "shotResult": "Made", "xLegacy": x, "yLegacy": y, "shotValue": worth, **more}


def period_end(period: int, home: Any = "", away: Any = "") -> dict[str, Any]:
    return {**START, "actionNumber": 600 + period, "period": period, "subType": "end", "scoreHome": home, "scoreAway": away}


def third(*actions: Any, ends: tuple[Any, ...] = (period_end(4, "117", "105"),)) -> dict[str, Any]:
    return {"meta": {"version": 1}, "game": {"gameId": "0022500101", "videoAvailable": 1, "actions": [START, *actions, *ends]}}


def parse(document: Any, fetched_at: datetime | None = FETCHED_AT, source: str = "") -> Parsed:
    body = document if isinstance(document, bytes) else json.dumps(document).encode("utf-8", "surrogatepass")
    found = recognise(body)
    parsed = SOURCES[source or (found[0] if found else "nba_cdn")].transform(Payload(body, "a test", fetched_at))
    adds_up(parsed)
    assert all(table.schema.equals(SHAPES[kind]) for kind, table in parsed.records.items())
    return parsed


def zones(parsed: Parsed) -> list[str]:
    return [row["zone"] for row in rows(parsed, "shots")]


def test_a_field_goal_becomes_a_record_and_nothing_else_does() -> None:
    free_throw = {**START, "actionType": "freethrow", "shotResult": "Made", "personId": 1628369}
    parsed = parse(live(shot(), free_throw))
    assert (parsed.source, parsed.kind, parsed.league, parsed.event_id) == ("nba_cdn", "shots", "nba", "0022500101")
    assert rows(parsed, "shots") == [
        {
            "league_game_id": "0022500101",
            "action_id": 7,
            "name": "J. Tatum",
            "league_player_id": "1628369",
            "team": "BOS",
            "zone": "paint",
            "made": True,
            "points": 2,
            "known_at": FETCHED_AT,
            "path": FIRST,
        }
    ]


@pytest.mark.parametrize(
    ("kind", "area", "zone"),
    [
        ("2pt", "Restricted Area", "paint"),
        ("2pt", "In The Paint (Non-RA)", "paint"),
        ("2pt", "Mid-Range", "mid"),
        ("3pt", "Left Corner 3", "three"),
        ("3pt", "Right Corner 3", "three"),
        ("3pt", "Above the Break 3", "three"),
        ("3pt", "Backcourt", "three"),
    ],
)
def test_the_leagues_areas_are_three_zones(kind: str, area: str, zone: str) -> None:
    parsed = parse(live(shot(actionType=kind, area=area, qualifiers=[])))
    assert zones(parsed) == [zone]
    assert [row["points"] for row in rows(parsed, "shots")] == [int(kind[0])]


@pytest.mark.parametrize(
    "told",
    [
        {"actionType": "3pt", "area": "Mid-Range", "qualifiers": []},
        {"actionType": "2pt", "area": "Above the Break 3", "qualifiers": []},
        {"actionType": "2pt", "area": "Mid-Range", "qualifiers": ["pointsinthepaint", "fastbreak"]},
    ],
)
def test_a_shot_whose_words_contradict_each_other_has_no_zone_and_is_set_apart(told: dict[str, Any]) -> None:
    assert rules(parse(live(shot(**told)))) == [(f"{FIRST}.area", "conflicting_zone")]


def test_a_missed_heave_is_the_teams_and_one_that_goes_in_is_the_players() -> None:
    heaves = [
        shot(number, actionType="heave", area="Backcourt", shotResult=result, qualifiers=[])
        for number, result in ((7, "Missed"), (8, "Made"))
    ]
    parsed = parse(live(*heaves))
    assert [(row["action_id"], row["zone"], row["points"]) for row in rows(parsed, "shots")] == [(8, "three", 3)]
    assert (parsed.rejects, parsed.offered) == ([], 1)


@pytest.mark.parametrize("document", [live(shot(), shot(8), end=None), third(placed(), placed(8), ends=(period_end(3, "90", "80"),))])
def test_while_the_game_goes_on_nothing_of_it_is_taken(document: Any) -> None:
    parsed = parse(document)
    assert (rules(parsed), parsed.rows, parsed.offered) == ([("$.game.actions", "game_not_over")], 0, 2)


@pytest.mark.parametrize(
    ("ends", "is_over"),
    [
        ((period_end(4, "100", "99"),), True),
        ((period_end(4, "100", "100"),), False),
        ((period_end(4, "100", "100"), period_end(5, "110", "112")), True),
        ((period_end(4),), False),
        ((), False),
    ],
)
def test_the_statistics_end_a_game_with_the_fourth_period_or_a_later_one_without_a_tie(ends: tuple[Any, ...], is_over: bool) -> None:
    assert (parse(third(placed(), ends=ends)).rows == 1) == is_over


def test_out_of_a_folder_shots_are_known_when_the_game_ended_by_its_own_account() -> None:
    assert {row["known_at"] for row in rows(parse(live(shot()), None), "shots")} == {ENDED_AT}
    assert rules(parse(live(shot(), end={**OVER, "timeActual": None}), None)) == [("$", "no_snapshot")]
    assert rules(parse(third(placed()), None)) == [("$", "no_snapshot")]


@pytest.mark.parametrize(
    ("x", "y", "zone"),
    [
        (0, 5, "paint"),
        (80, 137, "paint"),
        (-80, -40, "paint"),
        (81, 20, "mid"),
        (-10, 138, "mid"),
        (-203, -6, "mid"),
        (3.5, 60.25, "paint"),
    ],
)
def test_the_paint_is_sixteen_feet_wide_and_ends_at_the_free_throw_line(x: float, y: float, zone: str) -> None:
    assert zones(parse(third(placed(x=x, y=y)))) == [zone]


def test_what_is_worth_three_is_a_three_wherever_it_was_taken() -> None:
    assert zones(parse(third(placed(x=0, y=0, worth=3)))) == ["three"]


@pytest.mark.parametrize(
    ("bad", "path", "rule"),
    [
        (None, "", "not_an_object"),
        (shot(actionType=None), ".actionType", "unreadable_type"),
        (shot(actionType="4pt"), ".actionType", "unknown_shot_type"),
        (shot("7"), ".actionNumber", "unreadable_number"),  # type: ignore[arg-type]
        (shot(personId=0), ".personId", "unreadable_id"),
        (shot(playerNameI=None, playerName="  "), ".playerNameI", "unreadable_name"),
        (shot(teamTricode="LBJ"), ".teamTricode", "not_a_league_team"),
        (shot(teamTricode=None), ".teamTricode", "unreadable_team"),
        (shot(shotResult="Blocked"), ".shotResult", "unreadable_result"),
        (shot(area=None), ".area", "unreadable_area"),
        (shot(area="The Moon"), ".area", "unknown_area"),
    ],
)
def test_one_bad_shot_does_not_lose_its_game(bad: Any, path: str, rule: str) -> None:
    """F13."""
    parsed = parse(live(bad, shot(8)))
    assert (rules(parsed), parsed.rows) == ([(f"{FIRST}{path}", rule)], 1)


@pytest.mark.parametrize(
    ("bad", "path", "rule"),
    [
        (placed(isFieldGoal="yes"), ".isFieldGoal", "unreadable_flag"),
        (placed(worth=4), ".shotValue", "unreadable_worth"),
        (placed(x=None), ".xLegacy", "unreadable_place"),
        (placed(y="20"), ".xLegacy", "unreadable_place"),
    ],
)
def test_a_shot_of_which_the_statistics_do_not_say_enough_is_set_apart(bad: Any, path: str, rule: str) -> None:
    parsed = parse(third(bad, placed(8)))
    assert (rules(parsed), parsed.rows) == ([(f"{FIRST}{path}", rule)], 1)


def test_an_action_told_twice_is_one_and_where_it_differs_none() -> None:
    assert parse(live(shot(), shot())).rows == 1
    parsed = parse(live(shot(), shot(shotResult="Missed"), shot(area="Mid-Range", qualifiers=[]), shot(8)))
    assert [row["action_id"] for row in rows(parsed, "shots")] == [8]
    assert [rule for _, rule in rules(parsed)] == ["conflicting_shots"] * 3


@pytest.mark.parametrize(
    ("game_id", "rule"),
    [("0012500001", "preseason"), ("0032500001", "all_star"), ("4422500101", "unknown_league"), (22500101, "unreadable_id")],
)
def test_a_game_that_does_not_count_gives_no_shots(game_id: Any, rule: str) -> None:
    parsed = parse(live(shot(), shot(8), gameId=game_id))
    assert (rules(parsed), parsed.rows, parsed.offered) == ([("$.game.gameId", rule)], 0, 2)


def test_a_document_is_recognised_by_its_shape_and_the_statistics_read_both_wordings() -> None:
    assert recognise(json.dumps(live(shot())).encode()) == ("nba_cdn", "shots")
    assert recognise(json.dumps(third(placed())).encode()) == ("nba_stats", "shots")
    parsed = parse(live(shot()), source="nba_stats")
    assert (parsed.source, zones(parsed)) == ("nba_stats", ["paint"])


@pytest.mark.parametrize("actions", [None, {}, 7, "actions"])
def test_a_list_of_actions_that_is_none_is_set_apart(actions: Any) -> None:
    assert rules(parse({"game": {"gameId": "0022500101", "actions": actions}})) == [("$.game.actions", "not_a_list")]


def test_a_game_that_names_a_key_twice_is_not_read() -> None:
    parsed = parse(b'{"game": {"gameId": "0022500101", "gameId": "0022500102", "actions": []}}')
    assert rules(parsed) == [("$.game", "duplicate_key")]


_JUNK: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(([], {}, [[]], [None], [{}]))
)


@given(st.sampled_from([*shot(), *placed(), *OVER, "gameId", "actions", "videoAvailable"]), _JUNK)
def test_no_junk_in_a_play_by_play_crashes(key: str, junk: Any) -> None:
    for document in (live(shot(**{key: junk}), shot(8)), live(shot(), end={**OVER, key: junk}), live(shot(), **{key: junk})):
        parse(document)
    parse(third(placed(**{key: junk}), ends=({**period_end(4, "9", "8"), key: junk},)))


def test_play_by_play_is_asked_for_without_credits() -> None:
    assert nba_cdn.play_by_play("0022500101").url_path == "/liveData/playbyplay/playbyplay_0022500101.json"
    request = nba_stats.play_by_play("0022500101")
    assert (request.url_path, request.feed, request.credits, request.event_id) == ("/stats/playbyplayv3", "shots", 0, "0022500101")
    for ask in (nba_cdn.play_by_play, nba_stats.play_by_play):
        with pytest.raises(BadInput, match="no id"):
            ask("../secrets")
