"""The league's CDN: schedule and live box scores."""

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
from tipoff.scrape.sources import nba_cdn
from tipoff.scrape.sources.nba_cdn.box import decimal_minutes

FETCHED_AT = datetime(2025, 11, 6, 6, 0, tzinfo=UTC)
GAME = "$.leagueSchedule.gameDates[0].games"


def game(game_id: str = "0022500101", **more: Any) -> dict[str, Any]:
    return {
        "gameId": game_id,
        "gameStatus": 1,
        "gameStatusText": "7:30 pm ET",
        "postponedStatus": "N",
        "gameDateEst": "2025-11-05T00:00:00Z",
        "gameDateTimeUTC": "2025-11-06T00:30:00Z",
        "homeTeam": {"teamId": 1610612738, "teamTricode": "BOS", "score": 0},
        "awayTeam": {"teamId": 1610612747, "teamTricode": "LAL", "score": 0},
        **more,
    }


def side(tricode: str, score: Any = 0, team_id: int = 1) -> dict[str, Any]:
    return {"teamId": team_id, "teamTricode": tricode, "score": score}


def schedule(*games: Any, **more: Any) -> dict[str, Any]:
    dates = [{"gameDate": "11/05/2025 00:00:00", "games": list(games)}]
    return {"meta": {"version": 1, "time": "2025-11-05T10:00:00.5Z"}, "leagueSchedule": {"leagueId": "00", "gameDates": dates, **more}}


def player(person: int, name: str, **more: Any) -> dict[str, Any]:
    statistics = {
        "points": 25, "fieldGoalsMade": 9, "fieldGoalsAttempted": 20, "threePointersMade": 3, "threePointersAttempted": 8,
        "freeThrowsMade": 4, "freeThrowsAttempted": 5, "reboundsOffensive": 1, "reboundsDefensive": 6, "assists": 4, "steals": 2,
        "blocks": 0, "turnovers": 3, "foulsPersonal": 2, "plusMinusPoints": -7.0, "minutes": "PT35M30.00S",
    }  # fmt: skip
    line = {"personId": person, "name": name, "status": "ACTIVE", "starter": "1", "played": "1", "statistics": statistics, **more}
    return json.loads(json.dumps(line))  # type: ignore[no-any-return]


def box(status: int = 3, **more: Any) -> dict[str, Any]:
    teams = {
        "homeTeam": side("BOS", 112) | {"players": [player(1, "Jayson Tatum"), player(2, "Derrick White")]},
        "awayTeam": side("LAL", 98) | {"players": [player(3, "Luka Dončić")]},
    }
    head = {"gameId": "0022500101", "gameTimeUTC": "2025-11-06T00:30:00Z", "gameStatus": status, "gameStatusText": "Final"}
    return {"meta": {"time": "2025-11-05 23:24:13.537508"}, "game": {**head, **teams, **more}}


def absent(**more: Any) -> dict[str, Any]:
    return player(
        9, "Austin Reaves", played="0", status="INACTIVE", starter="0", statistics={"minutes": "PT00M00.00S", "points": 0}, **more
    )


def parse(document: Any, fetched_at: datetime | None = FETCHED_AT) -> Parsed:
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    parsed = nba_cdn.transform(Payload(body, "a test", fetched_at))
    adds_up(parsed)
    assert all(table.schema.equals(SHAPES[kind]) for kind, table in parsed.records.items())
    return parsed


def spoilt(key: str, value: Any) -> dict[str, Any]:
    document = box()
    document["game"]["homeTeam"]["players"][0][key] = value
    return document


def spoilt_statistic(key: str, value: Any) -> dict[str, Any]:
    document = box()
    document["game"]["homeTeam"]["players"][0]["statistics"][key] = value
    return document


class TestSchedule:
    def test_a_game_becomes_a_record_known_at_the_fetch(self) -> None:
        parsed = parse(schedule(game()))
        assert (parsed.source, parsed.kind, parsed.league) == ("nba_cdn", "schedule", "nba")
        assert rows(parsed, "games") == [
            {
                "league_game_id": "0022500101",
                "event_id": None,
                "espn_id": None,
                "commence_time": datetime(2025, 11, 6, 0, 30, tzinfo=UTC),
                "game_date": None,
                "home": "BOS",
                "away": "LAL",
                "game_type": "regular",
                "status": "scheduled",
                "home_score": None,
                "away_score": None,
                "known_at": FETCHED_AT,
            }
        ]

    def test_from_a_folder_it_is_known_at_its_own_time(self) -> None:
        [row] = rows(parse(schedule(game()), None), "games")
        assert row["known_at"] == datetime(2025, 11, 5, 10, 0, 0, 500_000, tzinfo=UTC)

    @pytest.mark.parametrize("meta", [{"time": "2025-11-05 10:00:00.5"}, {}, None, "yesterday"])
    def test_its_own_time_without_a_zone_is_no_time(self, meta: Any) -> None:
        [row] = rows(parse(schedule(game()) | {"meta": meta}, None), "games")
        assert row["known_at"] is None

    @pytest.mark.parametrize(
        ("digit", "game_type"),
        [("2", "regular"), ("4", "playoff"), ("5", "play_in"), ("6", "cup_final"), ("1", None), ("3", None), ("7", None)],
    )
    def test_the_third_digit_of_the_id_is_the_kind_of_game(self, digit: str, game_type: str | None) -> None:
        found = rows(parse(schedule(game(f"00{digit}2500101"))), "games")
        assert [row["game_type"] for row in found] == ([game_type] if game_type else [])

    @pytest.mark.parametrize(
        ("told", "status"),
        [
            ({"gameStatus": 1}, "scheduled"),
            ({"gameStatus": 2, "gameStatusText": "Q3 4:11"}, "live"),
            ({"gameStatus": 3, "gameStatusText": "Final/OT"}, "final"),
            ({"gameStatus": 1, "postponedStatus": "Y"}, "postponed"),
            ({"gameStatus": 1, "gameStatusText": "PPD"}, "postponed"),
            ({"gameStatus": 3, "gameStatusText": "PPD"}, "postponed"),
            ({"gameStatus": 1, "gameStatusText": "Cancelled"}, "cancelled"),
            ({"gameStatus": 1, "postponedStatus": "A"}, "scheduled"),
        ],
    )
    def test_the_status_is_told_in_one_word(self, told: dict[str, Any], status: str) -> None:
        teams: dict[str, Any] = {"homeTeam": side("BOS", 112), "awayTeam": side("LAL", 98)}
        [row] = rows(parse(schedule(game(**told, **teams))), "games")
        assert row["status"] == status
        assert (row["home_score"], row["away_score"]) == ((112, 98) if status in ("live", "final") else (None, None))

    @pytest.mark.parametrize(
        ("home", "away", "told"), [(0, 0, (0, 0)), (54, 54, (54, 54)), (54, None, (None, None)), (54, -1, (None, None))]
    )
    def test_a_score_so_far_may_be_level_and_is_told_whole_or_not_at_all(self, home: Any, away: Any, told: tuple[Any, Any]) -> None:
        teams: dict[str, Any] = {"homeTeam": side("BOS", home), "awayTeam": side("LAL", away)}
        parsed = parse(schedule(game(gameStatus=2, gameStatusText="Half", **teams)))
        [row] = rows(parsed, "games")
        assert (row["home_score"], row["away_score"]) == told
        assert parsed.rejects == []

    def test_exhibitions_are_refused_with_one_count_a_rule(self) -> None:
        games = [game(f"00125000{index:02d}") for index in range(60)] + [game("0032500001"), game("0032500002")]
        games += [game("0022500102", homeTeam=side("RMD", team_id=12321)), game("0022500103", homeTeam=side("", team_id=0))]
        parsed = parse(schedule(game(), *games))
        assert {reject.rule: reject.rows for reject in parsed.rejects} == {
            "preseason": 60, "all_star": 2, "not_a_league_team": 1, "teams_undecided": 1,
        }  # fmt: skip
        assert (parsed.rows, parsed.offered) == (1, 65)

    def test_a_tip_to_be_determined_is_taken_as_19_00_at_the_home_arena(self) -> None:
        told: dict[str, Any] = {
            "gameStatusText": "TBD",
            "gameDateTimeUTC": "2025-11-05T05:00:00Z",
            "homeTeam": side("LAL"),
            "awayTeam": side("BOS"),
        }
        [row] = rows(parse(schedule(game(**told))), "games")
        assert row["commence_time"] == datetime(2025, 11, 6, 3, 0, tzinfo=UTC)

    def test_the_practice_league_is_known_by_its_ids(self) -> None:
        assert parse(schedule(game("9922500101"))).league == "practice"

    def test_games_of_two_leagues_do_not_meet(self) -> None:
        assert rules(parse(schedule(game(), game("9922500101")))) == [(f"{GAME}[1].gameId", "mixed_leagues")]

    def test_a_postponed_game_may_stand_at_both_its_tips(self) -> None:
        parsed = parse(schedule(game(postponedStatus="Y"), game(gameDateTimeUTC="2025-12-06T00:30:00Z")))
        assert [row["status"] for row in rows(parsed, "games")] == ["postponed", "scheduled"]

    def test_one_game_twice_is_one_and_two_that_differ_are_both_set_apart(self) -> None:
        assert parse(schedule(game(), game())).rows == 1
        parsed = parse(schedule(game(), game(gameStatus=2), game("0022500102")))
        assert rules(parsed) == [(f"{GAME}[0]", "conflicting_games"), (f"{GAME}[1]", "conflicting_games")]
        assert (parsed.rows, parsed.offered) == (1, 2)

    @pytest.mark.parametrize(
        ("key", "value", "rule"),
        [
            ("gameId", None, "unreadable_id"),
            ("gameId", 22500101, "unreadable_id"),
            ("gameId", "22500101", "unreadable_id"),
            ("gameId", "1022500101", "unknown_league"),
            ("gameStatus", "3", "unknown_status"),
            ("gameStatus", True, "unknown_status"),
            ("gameStatus", None, "unknown_status"),
            ("gameDateTimeUTC", None, "unreadable_instant"),
            ("gameDateTimeUTC", "1900-01-01T00:00:00Z", "unreadable_instant"),
            ("gameDateTimeUTC", "2025-11-06T00:30:00", "unreadable_instant"),
            ("homeTeam", None, "not_an_object"),
            ("homeTeam", [], "not_an_object"),
            ("awayTeam", {"teamId": 5, "teamTricode": 7}, "unreadable_team"),
            ("awayTeam", {"teamId": 5, "teamTricode": ["LAL"]}, "unreadable_team"),
            ("awayTeam", {"teamId": 5, "teamTricode": "BOS"}, "same_team_twice"),
        ],
    )
    def test_one_bad_game_does_not_lose_the_season(self, key: str, value: Any, rule: str) -> None:
        """F13."""
        parsed = parse(schedule(game(**{key: value}), game("0022500102")))
        assert rules(parsed) == [(f"{GAME}[0].{key}", rule)]
        assert parsed.rows == 1

    def test_a_final_without_a_score_stays_and_says_so(self) -> None:
        parsed = parse(schedule(game(gameStatus=3, homeTeam=side("BOS", None), awayTeam=side("LAL", 98))))
        assert rules(parsed) == [(f"{GAME}[0].homeTeam.score", "unreadable_score")]
        assert [(row["status"], row["away_score"]) for row in rows(parsed, "games")] == [("final", 98)]

    @pytest.mark.parametrize("dates", [None, {}, "none", [None], [{"games": None}], [{"games": [None, 5]}], [[]]])
    def test_a_schedule_of_wrong_types_is_set_apart_with_its_path(self, dates: Any) -> None:
        parsed = parse(schedule(gameDates=dates))
        assert parsed.rejects
        assert parsed.rows == 0

    @pytest.mark.parametrize("inner", [None, [], "text"])
    def test_a_schedule_that_is_no_object_is_set_apart(self, inner: Any) -> None:
        assert rules(parse({"leagueSchedule": inner})) == [("$.leagueSchedule.gameDates", "not_a_list")]


class TestBox:
    def test_a_final_box_gives_the_game_and_a_line_a_player(self) -> None:
        parsed = parse(box())
        assert (parsed.kind, parsed.league, parsed.event_id, parsed.rejects) == ("box", "nba", "0022500101", [])
        assert [(row["status"], row["home_score"], row["away_score"]) for row in rows(parsed, "games")] == [("final", 112, 98)]
        first = rows(parsed, "box")[0]
        assert first == {
            "league_game_id": "0022500101", "commence_time": datetime(2025, 11, 6, 0, 30, tzinfo=UTC), "game_date": None,
            "home_team": "BOS", "away_team": "LAL", "name": "Jayson Tatum", "league_player_id": "1", "team": "BOS", "started": True,
            "minutes": 35.5,
            "points": 25, "fgm": 9, "fga": 20, "fg3m": 3, "fg3a": 8, "ftm": 4, "fta": 5, "oreb": 1, "dreb": 6, "ast": 4, "stl": 2,
            "blk": 0, "tov": 3, "pf": 2, "plus_minus": -7, "did_not_play": False, "reason": None, "known_at": FETCHED_AT,
            "path": "$.game.homeTeam.players[0]",
        }  # fmt: skip

    @pytest.mark.parametrize(("status", "word"), [(1, "scheduled"), (2, "live")])
    def test_a_box_that_is_not_final_gives_only_the_game(self, status: int, word: str) -> None:
        parsed = parse(box(status, gameStatusText="Q4"))
        assert [row["status"] for row in rows(parsed, "games")] == [word]
        assert "box" not in parsed.records
        assert parsed.rejects == []

    def test_from_a_folder_the_moment_is_left_for_load_to_assume(self) -> None:
        document = box() | {"meta": {"time": "2025-11-06T03:15:00Z"}}
        assert {row["known_at"] for row in rows(parse(document, None), "box")} == {None}

    def test_who_did_not_play_has_a_reason_and_no_statistics(self) -> None:
        document = box()
        document["game"]["awayTeam"]["players"].append(absent(notPlayingReason="INACTIVE_INJURY", notPlayingDescription="Left ankle"))
        row = rows(parse(document), "box")[-1]
        assert (row["did_not_play"], row["reason"], row["minutes"], row["points"]) == (True, "INACTIVE_INJURY: Left ankle", 0.0, None)

    def test_listed_as_played_without_a_second_of_court_time_is_not_played(self) -> None:
        document = box()
        document["game"]["awayTeam"]["players"][0] = absent() | {"played": "1", "statistics": dict.fromkeys(
            player(1, "")["statistics"], 0) | {"minutes": "PT00M00.00S"}}  # fmt: skip
        assert rows(parse(document), "box")[-1]["did_not_play"] is True

    def test_zero_points_are_a_value(self) -> None:
        scoreless = {"points": 0, "fieldGoalsMade": 0, "threePointersMade": 0, "freeThrowsMade": 0}
        document = box()
        document["game"]["homeTeam"]["players"][0]["statistics"] |= scoreless
        assert rows(parse(document), "box")[0]["points"] == 0

    @pytest.mark.parametrize(
        ("key", "value", "path", "rule"),
        [
            ("name", None, ".name", "unreadable_name"),
            ("name", "\x00", ".name", "unreadable_name"),
            ("name", "姚明", ".name", "unreadable_name"),
            ("personId", "1", ".personId", "unreadable_id"),
            ("personId", True, ".personId", "unreadable_id"),
            ("played", None, ".played", "unreadable_flag"),
            ("played", True, ".played", "unreadable_flag"),
            ("starter", ["1"], ".starter", "unreadable_flag"),
            ("statistics", None, ".statistics", "not_an_object"),
            ("statistics", [], ".statistics", "not_an_object"),
        ],
    )
    def test_one_bad_player_does_not_lose_the_box(self, key: str, value: Any, path: str, rule: str) -> None:
        """F13."""
        parsed = parse(spoilt(key, value))
        assert rules(parsed) == [(f"$.game.homeTeam.players[0]{path}", rule)]
        assert (len(rows(parsed, "box")), parsed.offered) == (2, 4)

    @pytest.mark.parametrize("value", [None, "25", True, 25.5, -1, 151, 1e308, [], {}])
    def test_points_that_are_none_set_the_player_apart(self, value: Any) -> None:
        assert rules(parse(spoilt_statistic("points", value))) == [("$.game.homeTeam.players[0].statistics.points", "unreadable_statistic")]

    @pytest.mark.parametrize(
        ("key", "value", "rule"),
        [
            ("points", 26, "points_do_not_add_up"),
            ("fieldGoalsAttempted", 8, "more_made_than_attempted"),
            ("freeThrowsAttempted", 3, "more_made_than_attempted"),
        ],
    )
    def test_statistics_that_contradict_themselves_set_the_player_apart(self, key: str, value: int, rule: str) -> None:
        assert rules(parse(spoilt_statistic(key, value))) == [("$.game.homeTeam.players[0].statistics", rule)]

    def test_points_without_playing_set_the_player_apart(self) -> None:
        assert rules(parse(spoilt("played", "0"))) == [("$.game.homeTeam.players[0].played", "points_without_playing")]

    def test_a_player_twice_in_the_same_words_is_one_and_else_none(self) -> None:
        document = box()
        document["game"]["homeTeam"]["players"].append(player(1, "Jayson Tatum"))
        assert len(rows(parse(document), "box")) == 3
        document["game"]["awayTeam"]["players"].append(player(1, "Jayson Tatum"))
        parsed = parse(document)
        assert [rule for _, rule in rules(parsed)] == ["player_twice"] * 2
        assert len(rows(parsed, "box")) == 2

    @pytest.mark.parametrize("players", [None, {}, "none"])
    def test_a_side_without_a_list_of_players_does_not_lose_the_other(self, players: Any) -> None:
        document = box()
        document["game"]["homeTeam"]["players"] = players
        parsed = parse(document)
        assert rules(parsed) == [("$.game.homeTeam.players", "not_a_list")]
        assert [row["name"] for row in rows(parsed, "box")] == ["Luka Dončić"]

    def test_a_preseason_box_is_refused_with_its_count(self) -> None:
        parsed = parse(box(gameId="0012500101"))
        assert [(reject.rule, reject.rows) for reject in parsed.rejects] == [("preseason", 4)]
        assert parsed.rows == 0

    def test_a_player_named_twice_as_a_key_is_set_apart(self) -> None:
        body = json.dumps(box()).replace('"personId": 2,', '"personId": 2, "personId": 4,').encode()
        assert rules(parse(body)) == [("$.game.homeTeam.players[1]", "duplicate_key")]


@pytest.mark.parametrize(
    ("printed", "minutes"),
    [
        ("PT20M46.00S", 20 + 46 / 60), ("PT00M00.00S", 0.0), ("PT48M", 48.0), ("PT1H02M", 62.0), ("PT30S", 0.5),
        ("PT", None), ("20:46", None), ("", None), (None, None), (20.5, None), ("PT99H", None), ("PT-5M", None), ("PT٣M", None),
    ],
)  # fmt: skip
def test_a_duration_becomes_decimal_minutes(printed: Any, minutes: float | None) -> None:
    assert decimal_minutes(printed) == (pytest.approx(minutes) if minutes is not None else None)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"<html>", b"{}", b'{"game": 5}', b'{"game": null}', b"[]", b'{"game": {"gameId"', b"[" * 10_000_000]
)
def test_what_is_no_document_of_the_league_is_set_apart_whole(body: bytes) -> None:
    parsed = parse(body)
    assert [path for path, _ in rules(parsed)] == ["$"]
    assert parsed.rows == 0


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(([], {}, "0022500101", "PT5M", "1"))


@given(
    st.sampled_from(list(box()["game"])), st.sampled_from(list(player(1, "x"))), st.sampled_from(list(player(1, "x")["statistics"])), JUNK
)
def test_no_junk_in_a_box_or_a_schedule_crashes(head: str, field: str, statistic: str, junk: Any) -> None:
    documents: list[Any] = [
        box(**{head: junk}),
        spoilt(field, junk),
        spoilt_statistic(statistic, junk),
        schedule(game(**{head: junk}), game()),
    ]
    for document in documents:
        parse(json.dumps(document).encode("utf-8", "surrogatepass"))


def test_the_league_is_asked_without_a_key_or_credits() -> None:
    assert (nba_cdn.schedule().url_path, nba_cdn.schedule().credits) == ("/staticData/scheduleLeagueV2.json", 0)
    assert nba_cdn.box_score("0022500101").url_path == "/liveData/boxscore/boxscore_0022500101.json"
    with pytest.raises(BadInput, match="no id"):
        nba_cdn.box_score("../../x")
