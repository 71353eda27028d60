"""The league's statistics: box scores and scoreboards, versions 3 and 2."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odds_documents import adds_up, rows, rules

from load.feeds import LINE, stats_box, stats_player
from tipoff.errors import BadInput
from tipoff.scrape.records import SHAPES, Parsed, Payload
from tipoff.scrape.sources import nba_stats
from tipoff.scrape.sources.nba_stats.box import SET_HEADERS
from tipoff.scrape.sources.nba_stats.final import clock_minutes, is_whole_game

FETCHED_AT = datetime(2025, 11, 6, 6, 0, tzinfo=UTC)
HOME = "$.boxScoreTraditional.homeTeam"
JUNK: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(([], {}, [[]], [None], [{}]))
)


def parse(document: Any, fetched_at: datetime | None = FETCHED_AT) -> Parsed:
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=True).encode()
    parsed = nba_stats.transform(Payload(body, "a test", fetched_at))
    adds_up(parsed)
    assert all(table.schema.equals(SHAPES[kind]) for kind, table in parsed.records.items())
    return parsed


def box(*home: Any, **more: Any) -> dict[str, Any]:
    document = stats_box([("Jayson Tatum", 1)], [("Luka Dončić", 3)], **more)
    if home:
        document["boxScoreTraditional"]["homeTeam"]["players"] = list(home)
    return document


class TestBox:
    def test_a_line_is_told_in_the_words_of_the_shape(self) -> None:
        parsed = parse(box())
        assert (parsed.kind, parsed.league, parsed.event_id, parsed.rejects) == ("box", "nba", "0022500101", [])
        assert rows(parsed, "box")[0] == {
            "league_game_id": "0022500101", "commence_time": None, "game_date": None, "home_team": "BOS", "away_team": "LAL",
            "name": "Jayson Tatum", "league_player_id": "1", "team": "BOS", "started": None, "minutes": 30.5,
            "points": 20, "fgm": 8, "fga": 15, "fg3m": 2, "fg3a": 6, "ftm": 2, "fta": 2, "oreb": 1, "dreb": 4, "ast": 5, "stl": 1,
            "blk": 0, "tov": 3, "pf": 2, "plus_minus": 7, "did_not_play": False, "reason": None, "known_at": FETCHED_AT,
            "path": f"{HOME}.players[0]",
        }  # fmt: skip

    def test_who_started_is_told_where_five_of_a_side_have_a_position(self) -> None:
        five = [stats_player(f"Man {number}", 10 + number, position="F" if number < 6 else "") for number in range(1, 9)]
        assert [row["started"] for row in rows(parse(box(*five)), "box")][:8] == [True] * 5 + [False] * 3
        assert {row["started"] for row in rows(parse(box(*five[1:])), "box")} == {None}

    @pytest.mark.parametrize("minutes", ["", None, "0:00"])
    def test_who_has_no_minutes_did_not_play_for_the_reason_of_the_comment(self, minutes: Any) -> None:
        idle = stats_player("Gary Harris", 8, comment="DNP - Coach's Decision", statistics={"minutes": minutes, "points": 0})
        row = rows(parse(box(idle)), "box")[0]
        assert (row["did_not_play"], row["reason"], row["minutes"], row["points"]) == (True, "DNP - Coach's Decision", 0.0, None)

    @pytest.mark.parametrize(
        ("minutes", "points"),
        [
            (("239:59", "239:59"), (117, 105)), (("240:00", "239:00"), (117, 105)), (("240:00", "240:00"), (105, 105)),
            (("250:00", "250:00"), (117, 105)), (("120:00", "120:00"), (60, 50)), (("", ""), (117, 105)), ((None, None), (117, 105)),
            (("240:00", "240:00"), (117, None)), (("240:00", "240:00"), (0, 0)), (("0:00", "0:00"), (117, 105)),
        ],
    )  # fmt: skip
    def test_what_does_not_look_like_a_whole_game_with_a_winner_is_not_final(self, minutes: Any, points: Any) -> None:
        parsed = parse(box(minutes=minutes, points=points))
        assert rules(parsed) == [("$.boxScoreTraditional", "not_final")]
        assert (parsed.rows, parsed.offered) == (0, 2)

    @pytest.mark.parametrize("minutes", ["240:00", "265:00", "290:00", "240.000000:00"])
    def test_regulation_and_overtimes_are_whole_games(self, minutes: str) -> None:
        assert parse(box(minutes=(minutes, minutes))).rows == 2

    def test_before_the_tip_null_stands_in_its_place(self) -> None:
        assert rules(parse({"boxScoreTraditional": None})) == [("$.boxScoreTraditional", "not_an_object")]

    @pytest.mark.parametrize(
        ("game_id", "rule"),
        [
            ("0012500101", "preseason"),
            ("0032500101", "all_star"),
            ("1022500165", "unknown_league"),
            ("1", "unreadable_id"),
            (22500101, "unreadable_id"),
        ],
    )
    def test_exhibitions_and_other_leagues_are_refused_with_the_count_of_their_rows(self, game_id: Any, rule: str) -> None:
        parsed = parse(box(league_id=game_id))
        assert (rules(parsed), parsed.offered) == ([("$.boxScoreTraditional.gameId", rule)], 2)

    @pytest.mark.parametrize(
        ("bad", "path", "rule"),
        [
            (None, "", "not_an_object"),
            ({}, ".familyName", "unreadable_name"),
            (stats_player("姚 明", 7), ".familyName", "unreadable_name"),
            (stats_player("A B", 0), ".personId", "unreadable_id"),
            (stats_player("A B", 7, statistics=None), ".statistics", "not_an_object"),
            (stats_player("A B", 7, statistics={"minutes": "PT30M", **LINE}), ".statistics.minutes", "unreadable_minutes"),
            (stats_player("A B", 7, statistics={"minutes": "99:00", **LINE}), ".statistics.minutes", "unreadable_minutes"),
            (stats_player("A B", 7, statistics={"minutes": "", "points": 3}), ".statistics.minutes", "points_without_playing"),
            (stats_player("A B", 7, statistics={"minutes": "9:00", **LINE, "points": "20"}), ".statistics.points", "unreadable_statistic"),
            (stats_player("A B", 7, statistics={"minutes": "9:00", **LINE, "points": 21}), ".statistics", "points_do_not_add_up"),
            (
                stats_player("A B", 7, statistics={"minutes": "9:00", **LINE, "fieldGoalsAttempted": 7}),
                ".statistics",
                "more_made_than_attempted",
            ),
        ],
    )
    def test_one_bad_player_does_not_lose_the_box(self, bad: Any, path: str, rule: str) -> None:
        """F13."""
        parsed = parse(box(bad, stats_player("Derrick White", 2)))
        assert rules(parsed) == [(f"{HOME}.players[0]{path}", rule)]
        assert [row["name"] for row in rows(parsed, "box")] == ["Derrick White", "Luka Dončić"]


def sets(*men: list[Any], minutes: tuple[Any, Any] = ("240:00", "240:00"), points: tuple[Any, Any] = (117, 105)) -> dict[str, Any]:
    sums = [[1610612738, minutes[0], points[0]], [1610612747, minutes[1], points[1]]]
    return {
        "resource": "boxscore",
        "resultSets": [
            {"name": "PlayerStats", "headers": list(HEADERS), "rowSet": list(men)},
            {"name": "TeamStats", "headers": ["TEAM_ID", "MIN", "PTS"], "rowSet": sums},
        ],
    }


HEADERS = ("GAME_ID", "TEAM_ID", "PLAYER_ID", "PLAYER_NAME", "START_POSITION", "COMMENT", "MIN", "PTS", "FGM", "FGA", "FG3M", "FG3A", "FTM",
           "FTA", "OREB", "DREB", "AST", "STL", "BLK", "TO", "PF", "PLUS_MINUS")  # fmt: skip


def man(person: int, name: str, team: int = 1610612738, minutes: Any = "30:30", game: Any = "0022500101") -> list[Any]:
    return [game, team, person, name, "", "", minutes, 20, 8, 15, 2, 6, 2, 2, 1, 4, 5, 1, 0, 3, 2, 7]


class TestBoxInSets:
    MEN = (man(1, "Jayson Tatum"), man(3, "Luka Dončić", 1610612747))

    def test_it_says_what_version_3_says_but_for_who_is_at_home(self) -> None:
        assert set(HEADERS) == SET_HEADERS
        aside = {"home_team", "away_team", "path"}
        found = [{key: value for key, value in row.items() if key not in aside} for row in rows(parse(sets(*self.MEN)), "box")]
        assert found == [{key: value for key, value in row.items() if key not in aside} for row in rows(parse(box()), "box")]
        assert {(row["home_team"], row["away_team"]) for row in rows(parse(sets(*self.MEN)), "box")} == {(None, None)}

    @pytest.mark.parametrize(
        ("document", "path", "rule"),
        [
            (sets(*MEN, minutes=("239:00", "239:00")), "$", "not_final"),
            (sets(*MEN, points=(105, 105)), "$", "not_final"),
            (sets(MEN[0]), "$", "not_final"),
            (sets(MEN[0], man(3, "Luka Dončić", 1610612747, game="0022500102")), "$.resultSets[0].rowSet[0].GAME_ID", "conflicting_games"),
            (sets(MEN[0], man(3, "Luka Dončić", 1611661328)), "$.resultSets[0].rowSet[0].TEAM_ID", "not_a_league_team"),
            (sets(man(1, "A B", game="0012500101")), "$.resultSets[0].rowSet[0].GAME_ID", "preseason"),
        ],
    )
    def test_what_is_no_final_game_of_the_league_is_set_apart_whole(self, document: Any, path: str, rule: str) -> None:
        parsed = parse(document)
        assert (rules(parsed), parsed.rows) == ([(path, rule)], 0)

    def test_a_row_that_does_not_fit_its_headers_costs_itself_alone(self) -> None:
        parsed = parse(sets(*self.MEN, ["0022500101"], None, man(9, "A B", minutes="x")))  # type: ignore[arg-type]
        assert rules(parsed) == [
            ("$.resultSets[0].rowSet[2]", "not_a_row"), ("$.resultSets[0].rowSet[3]", "not_a_row"),
            ("$.resultSets[0].rowSet[4].MIN", "unreadable_minutes"),
        ]  # fmt: skip
        assert parsed.rows == 2


def header(**more: Any) -> list[Any]:
    told = {"GAME_DATE_EST": "2025-11-05T00:00:00", "GAME_ID": "0022500101", "GAME_STATUS_ID": 1, "GAME_STATUS_TEXT": "7:30 pm ET",
            "HOME_TEAM_ID": 1610612738, "VISITOR_TEAM_ID": 1610612747} | more  # fmt: skip
    return list(told.values())


def board(*games: Any, scores: tuple[Any, Any] = (117, 105)) -> dict[str, Any]:
    headers = ["GAME_DATE_EST", "GAME_ID", "GAME_STATUS_ID", "GAME_STATUS_TEXT", "HOME_TEAM_ID", "VISITOR_TEAM_ID"]
    lines = [["0022500101", 1610612738, scores[0]], ["0022500101", 1610612747, scores[1]]]
    return {
        "resource": "scoreboardV2",
        "resultSets": [
            {"name": "GameHeader", "headers": headers, "rowSet": list(games)},
            {"name": "LineScore", "headers": ["GAME_ID", "TEAM_ID", "PTS"], "rowSet": lines},
        ],
    }


class TestScoreboard:
    def test_a_game_that_has_not_begun_tells_its_tip_as_the_clock_in_new_york(self) -> None:
        [row] = rows(parse(board(header())), "games")
        assert (row["commence_time"], row["game_date"]) == (datetime(2025, 11, 6, 0, 30, tzinfo=UTC), None)
        assert (row["status"], row["game_type"], row["home"], row["away"]) == ("scheduled", "regular", "BOS", "LAL")

    @pytest.mark.parametrize(("printed", "hour"), [("12:00 pm ET", 17), ("12:30 AM ET", None), ("1:00 PM ET", 18)])
    def test_noon_and_midnight(self, printed: str, hour: int | None) -> None:
        [row] = rows(parse(board(header(GAME_STATUS_TEXT=printed))), "games")
        assert row["commence_time"] == (
            datetime(2025, 11, 5, 5, 30, tzinfo=UTC) if hour is None else datetime(2025, 11, 5, hour, tzinfo=UTC)
        )

    @pytest.mark.parametrize(
        ("code", "printed", "status", "score"),
        [
            (3, "Final/OT", "final", 117),
            (2, "Q3 5:00", "live", 117),
            (1, "PPD", "postponed", None),
            (1, "TBD", "scheduled", None),
            (1, "25:99 pm ET", "scheduled", None),
        ],
    )
    def test_any_other_tells_its_day_only(self, code: int, printed: str, status: str, score: int | None) -> None:
        [row] = rows(parse(board(header(GAME_STATUS_ID=code, GAME_STATUS_TEXT=printed))), "games")
        assert (row["commence_time"], row["game_date"], row["status"], row["home_score"]) == (None, date(2025, 11, 5), status, score)

    @pytest.mark.parametrize(
        ("key", "value", "rule"),
        [
            ("GAME_ID", None, "unreadable_id"), ("GAME_DATE_EST", "2025-13-05T00:00:00", "unreadable_date"),
            ("GAME_DATE_EST", None, "unreadable_date"),
            ("GAME_STATUS_ID", 9, "unknown_status"), ("VISITOR_TEAM_ID", 1610612738, "same_team_twice"),
        ],
    )  # fmt: skip
    def test_one_bad_game_does_not_lose_the_day(self, key: str, value: Any, rule: str) -> None:
        parsed = parse(board(header(**{key: value}), header(GAME_ID="0022500102", HOME_TEAM_ID=1610612748, VISITOR_TEAM_ID=1610612741)))
        assert rules(parsed) == [(f"$.resultSets[0].rowSet[0].{key}", rule)]
        assert [row["home"] for row in rows(parsed, "games")] == ["MIA"]

    def test_sides_that_are_none_of_the_thirty_are_refused_with_their_count(self) -> None:
        parsed = parse(board(header(HOME_TEAM_ID=1611661328), header(HOME_TEAM_ID=1611661329), header(HOME_TEAM_ID=0)))
        assert [(reject.rule, reject.rows) for reject in parsed.rejects] == [("not_a_league_team", 2), ("teams_undecided", 1)]

    @pytest.mark.parametrize(("scores", "told"), [((None, 105), (None, 105)), ((105, 105), (None, None))])
    def test_a_score_that_cannot_be_is_set_apart_and_the_game_stays(self, scores: Any, told: Any) -> None:
        parsed = parse(board(header(GAME_STATUS_ID=3, GAME_STATUS_TEXT="Final"), scores=scores))
        assert [(row["home_score"], row["away_score"]) for row in rows(parsed, "games")] == [told]
        assert [reject.rows for reject in parsed.rejects] == [0]


@given(st.integers(0, 48 * 60), st.integers(0, 48 * 60), st.integers(0, 200))
def test_a_game_with_time_left_is_never_whole(played: int, other: int, points: int) -> None:
    """Unless both sides have played every minute of it."""
    printed = tuple(f"{seconds * 5 // 60}:{seconds * 5 % 60:02d}" for seconds in (played, other))
    assert is_whole_game((printed[0], printed[1]), (points, points + 1)) == (played == other == 48 * 60)


@given(st.integers(0, 98 * 60))
def test_every_time_of_a_game_is_read_as_it_was_printed(seconds: int) -> None:
    assert clock_minutes(f"{seconds // 60}:{seconds % 60:02d}") == pytest.approx(seconds / 60)


@given(st.sampled_from([*LINE, "minutes", "personId", "firstName", "position", "comment", "statistics"]), JUNK)
def test_no_junk_in_a_box_score_crashes(key: str, junk: Any) -> None:
    spoilt = stats_player("A B", 7)
    spoilt["statistics" if key in LINE else key] = spoilt["statistics"] | {key: junk} if key in LINE else junk
    parse(box(spoilt))


@given(st.sampled_from(["gameId", "homeTeam", "awayTeam"]), st.sampled_from(["players", "statistics", "teamTricode", ""]), JUNK)
def test_no_junk_in_the_frame_of_a_box_score_crashes(key: str, inner: str, junk: Any) -> None:
    document = box()
    if inner and key != "gameId":
        document["boxScoreTraditional"][key][inner] = junk
    else:
        document["boxScoreTraditional"][key] = junk
    parse(document)


@given(st.integers(0, 21), JUNK)
def test_no_junk_in_result_sets_crashes(place: int, junk: Any) -> None:
    row = man(1, "A B")
    row[place] = junk
    parse(sets(row, man(3, "C D", 1610612747)))
    parse(sets(row, row, man(3, "C D", 1610612747)))
    line = header()
    line[place % 6] = junk
    parse(board(line))


@given(st.sampled_from(["name", "headers", "rowSet"]), st.integers(0, 1), JUNK)
def test_no_junk_in_the_frame_of_result_sets_crashes(key: str, place: int, junk: Any) -> None:
    for document in (sets(man(1, "A B")), board(header())):
        document["resultSets"][place][key] = junk
        parse(document)


@pytest.mark.parametrize("body", [b"", b"null", b"<html>", b"[]", b"{}", b'{"boxScoreTraditional"', b"[" * 1_000_000])
def test_what_is_none_of_its_documents_is_set_apart_whole(body: bytes) -> None:
    assert [path for path, _ in rules(parse(body))] == ["$"]


def test_requests_name_the_game_and_the_day() -> None:
    assert ("GameID", "0022500101") in nba_stats.box_score("0022500101").params
    request = nba_stats.scoreboard(date(2025, 11, 5))
    assert (request.feed, dict(request.params)["GameDate"]) == ("schedule", "2025-11-05")
    with pytest.raises(BadInput):
        nba_stats.box_score("../x")
