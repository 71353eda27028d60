"""ESPN's scoreboard and summary."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odds_documents import adds_up, rows, rules

from load.feeds import ESPN_LINE, athlete, espn_competition, espn_scoreboard, espn_summary
from tipoff.errors import BadInput
from tipoff.scrape.records import SHAPES, Parsed, Payload
from tipoff.scrape.sources import espn

FETCHED_AT = datetime(2025, 11, 6, 6, 0, tzinfo=UTC)
EVENT = "$.events[0].competitions[0]"
AWAY = "$.boxscore.players[0].statistics[0].athletes"
JUNK: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(([], {}, [[]], [None], [{}]))
)


def parse(document: Any, fetched_at: datetime | None = FETCHED_AT) -> Parsed:
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=True).encode()
    parsed = espn.transform(Payload(body, "a test", fetched_at))
    adds_up(parsed)
    assert all(table.schema.equals(SHAPES[kind]) for kind, table in parsed.records.items())
    return parsed


class TestScoreboard:
    def test_a_game_becomes_a_record_with_espns_own_id(self) -> None:
        parsed = parse(espn_scoreboard(espn_competition()))
        assert (parsed.kind, parsed.league, parsed.rejects) == ("scoreboard", "nba", [])
        assert rows(parsed, "games") == [
            {
                "league_game_id": None, "event_id": None, "espn_id": "401810001", "commence_time": datetime(2025, 11, 6, 0, 30, tzinfo=UTC),
                "game_date": None, "home": "BOS", "away": "LAL", "game_type": "regular", "status": "final", "home_score": 117,
                "away_score": 105, "known_at": FETCHED_AT,
            }
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "status"),
        [
            ("STATUS_SCHEDULED", "scheduled"), ("STATUS_IN_PROGRESS", "live"), ("STATUS_FINAL", "final"), ("STATUS_POSTPONED", "postponed"),
            ("STATUS_CANCELED", "cancelled"),
        ],
    )  # fmt: skip
    def test_statuses_are_told_in_our_words(self, name: str, status: str) -> None:
        assert [row["status"] for row in rows(parse(espn_scoreboard(espn_competition(status=name))), "games")] == [status]

    @pytest.mark.parametrize(
        ("name", "scores"), [("STATUS_SCHEDULED", (None, None)), ("STATUS_IN_PROGRESS", (117, 105)), ("STATUS_FINAL", (117, 105))]
    )
    def test_a_score_is_told_from_the_tip_on(self, name: str, scores: tuple[int | None, int | None]) -> None:
        [row] = rows(parse(espn_scoreboard(espn_competition(status=name))), "games")
        assert (row["home_score"], row["away_score"]) == scores

    def test_what_is_over_and_was_not_completed_is_not_final(self) -> None:
        for spoilt in (
            {"name": "STATUS_FINAL", "state": "post", "completed": False},
            {"name": "STATUS_FORFEIT", "state": "post", "completed": True},
        ):
            assert rules(parse(espn_scoreboard(espn_competition() | {"status": {"type": spoilt}}))) == [
                (f"{EVENT}.status", "unknown_status")
            ]

    def test_a_tip_to_be_determined_is_no_tip(self) -> None:
        [row] = rows(parse(espn_scoreboard(espn_competition(status="STATUS_SCHEDULED", timeValid=False))), "games")
        assert (row["commence_time"], row["game_date"]) == (None, date(2025, 11, 5))

    @pytest.mark.parametrize(
        ("season", "note", "label", "told"),
        [
            (2, "", "STD", "regular"), (2, "NBA Cup - Group Play", "STD", "regular"), (2, "NBA Cup - Semifinal", "STD", "regular"),
            (2, "NBA Cup - Championship", "STD", None), (2, "NBA Cup - Final", "STD", None), (2, "", "CUP", None),
            (3, "East Finals - Game 1", "SEMI", "playoff"), (5, "", "STD", "play_in"), (None, "", "STD", None), (True, "", "STD", None),
        ],
    )  # fmt: skip
    def test_the_kind_of_game_is_told_or_left_unsaid(self, season: Any, note: str, label: str, told: str | None) -> None:
        competition = espn_competition(notes=[{"headline": note}], type={"abbreviation": label})
        assert [row["game_type"] for row in rows(parse(espn_scoreboard(competition, season_type=season)), "games")] == [told]

    @pytest.mark.parametrize(
        ("more", "season", "rule"),
        [
            ({}, 1, "preseason"),
            ({}, 4, "preseason"),
            ({"type": {"abbreviation": "ALLSTAR"}}, 3, "all_star"),
            ({"notes": [{"headline": "NBA All-Star Game"}]}, 2, "all_star"),
        ],
    )
    def test_exhibitions_are_refused_with_their_count(self, more: Any, season: int, rule: str) -> None:
        document = espn_scoreboard(espn_competition(**more), espn_competition("401810002", home="MIA", **more), season_type=season)
        parsed = parse(document)
        assert ([(reject.rule, reject.rows) for reject in parsed.rejects], parsed.rows) == ([(rule, 2)], 0)

    def test_an_all_star_side_is_refused_with_its_count(self) -> None:
        document = espn_scoreboard(espn_competition(), espn_competition("401810002"))
        document["events"][0]["competitions"][0]["competitors"][0]["team"] = {"displayName": "Team Shaq"}
        parsed = parse(document)
        assert ([(reject.rule, reject.rows) for reject in parsed.rejects], parsed.rows) == ([("not_a_league_team", 1)], 1)

    @pytest.mark.parametrize("slug", ["wnba", "mens-college-basketball", None, 5])
    def test_a_scoreboard_of_another_league_is_set_apart_whole(self, slug: Any) -> None:
        parsed = parse(espn_scoreboard(espn_competition(), espn_competition("2"), slug=slug))
        assert (rules(parsed), parsed.offered, parsed.league) == ([("$.leagues", "unknown_league")], 2, None)

    def test_the_practice_leagues_is_of_the_practice_league(self) -> None:
        assert parse(espn_scoreboard(espn_competition(), slug="practice")).league == "practice"

    @pytest.mark.parametrize(
        ("key", "value", "rule"),
        [
            ("id", 401810001, "unreadable_id"), ("id", "../x", "unreadable_id"), ("date", "tonight", "unreadable_instant"),
            ("status", None, "unknown_status"),
            ("competitors", [], "unreadable_team"), ("competitors", None, "unreadable_team"),
        ],
    )  # fmt: skip
    def test_one_bad_game_does_not_lose_the_day(self, key: str, value: Any, rule: str) -> None:
        """F13."""
        document = espn_scoreboard(espn_competition(), espn_competition("401810002", home="MIA"))
        document["events"][0]["competitions"][0][key] = value
        parsed = parse(document)
        assert rules(parsed) == [(f"{EVENT}.{key}", rule)]
        assert [row["home"] for row in rows(parsed, "games")] == ["MIA"]

    def test_a_final_whose_score_cannot_be_read_stays_and_says_so(self) -> None:
        parsed = parse(espn_scoreboard(espn_competition(scores=("117", None))))
        assert rules(parsed) == [(f"{EVENT}.competitors", "unreadable_score")]
        assert [(row["home_score"], row["away_score"]) for row in rows(parsed, "games")] == [(117, None)]


class TestSummary:
    def test_a_final_one_gives_the_game_and_a_line_a_player(self) -> None:
        parsed = parse(espn_summary(espn_competition(), [athlete("Jayson Tatum")], [athlete("Luka Doncic")]))
        assert (parsed.kind, parsed.league, parsed.event_id, parsed.rejects) == ("box", "nba", "401810001", [])
        assert rows(parsed, "box")[0] == {
            "league_game_id": None, "commence_time": datetime(2025, 11, 6, 0, 30, tzinfo=UTC), "game_date": None, "home_team": "BOS",
            "away_team": "LAL", "name": "Luka Doncic", "league_player_id": None, "team": "LAL", "started": True, "minutes": 30.0,
            "points": 20, "fgm": 8, "fga": 15, "fg3m": 2, "fg3a": 6, "ftm": 2, "fta": 2, "oreb": 1, "dreb": 4, "ast": 5, "stl": 1,
            "blk": 0, "tov": 3, "pf": 2, "plus_minus": 7, "did_not_play": False, "reason": None, "known_at": FETCHED_AT,
            "path": f"{AWAY}[0]",
        }  # fmt: skip

    @pytest.mark.parametrize("status", ["STATUS_SCHEDULED", "STATUS_IN_PROGRESS", "STATUS_POSTPONED"])
    def test_one_that_is_not_final_gives_only_the_game(self, status: str) -> None:
        parsed = parse(espn_summary(espn_competition(status=status), [athlete("Jayson Tatum")], []))
        assert (list(parsed.records), parsed.rejects) == (["games"], [])

    def test_who_did_not_play_has_the_reason_and_no_figures(self) -> None:
        idle = athlete("Jaxson Hayes", [], didNotPlay=True, starter=False, reason="COACH'S DECISION")
        row = rows(parse(espn_summary(espn_competition(), [], [idle])), "box")[0]
        assert (row["did_not_play"], row["reason"], row["minutes"], row["points"]) == (True, "COACH'S DECISION", 0.0, None)

    def test_less_than_a_minute_is_unknown_minutes_and_no_absence(self) -> None:
        brief = athlete("Jaxson Hayes", ("0", "0", "0-0", "0-0", "0-0", "0", "0", "0", "0", "0", "0", "0", "0", "0"))
        row = rows(parse(espn_summary(espn_competition(), [], [brief])), "box")[0]
        assert (row["did_not_play"], row["minutes"], row["points"]) == (False, None, 0)

    @pytest.mark.parametrize(
        ("bad", "path", "rule"),
        [
            (None, "", "not_an_object"),
            (athlete("???"), ".athlete", "unreadable_name"),
            (athlete("A B", starter="yes"), ".starter", "unreadable_flag"),
            (athlete("A B", didNotPlay=1), ".didNotPlay", "unreadable_flag"),
            (athlete("A B", None), ".stats", "not_a_row"),
            (athlete("A B", ESPN_LINE[:-1]), ".stats", "not_a_row"),
            (athlete("A B", ("--", *ESPN_LINE[1:])), ".stats", "unreadable_minutes"),
            (athlete("A B", ("30", "20", "8/15", *ESPN_LINE[3:])), ".stats", "unreadable_statistic"),
            (athlete("A B", ("30", "20", "8-15-2", *ESPN_LINE[3:])), ".stats", "unreadable_statistic"),
            (athlete("A B", ("30", "21", *ESPN_LINE[2:])), ".stats", "points_do_not_add_up"),
            (athlete("A B", ("30", "20", "8-7", *ESPN_LINE[3:])), ".stats", "more_made_than_attempted"),
        ],
    )
    def test_one_bad_player_does_not_lose_the_box(self, bad: Any, path: str, rule: str) -> None:
        """F13."""
        parsed = parse(espn_summary(espn_competition(), [athlete("Jayson Tatum")], [bad, athlete("Luka Doncic")]))
        assert rules(parsed) == [(f"{AWAY}[0]{path}", rule)]
        assert [row["name"] for row in rows(parsed, "box")] == ["Luka Doncic", "Jayson Tatum"]

    def test_columns_are_told_by_their_names_not_their_places(self) -> None:
        document = espn_summary(espn_competition(), [], [athlete("Luka Doncic")])
        block = document["boxscore"]["players"][0]["statistics"][0]
        block["keys"] = block["keys"][::-1]
        block["athletes"][0]["stats"] = block["athletes"][0]["stats"][::-1]
        assert [(row["points"], row["fga"], row["plus_minus"]) for row in rows(parse(document), "box")] == [(20, 15, 7)]

    @pytest.mark.parametrize(
        ("spoil", "path", "rule"),
        [
            (lambda side: side["statistics"][0].update(keys=["minutes"]), ".statistics[0].keys", "unreadable_headers"),
            (lambda side: side.update(statistics=[]), ".statistics", "not_a_single_table"),
            (lambda side: side["statistics"][0].update(athletes=None), ".statistics[0].athletes", "not_a_list"),
            (lambda side: side.update(team={"displayName": "Miami Heat"}), ".team", "team_not_in_game"),
            (lambda side: side.update(team={"displayName": "Boston Celtics"}), "", "same_team_twice"),
        ],
    )
    def test_one_bad_side_does_not_lose_the_other(self, spoil: Any, path: str, rule: str) -> None:
        document = espn_summary(espn_competition(), [athlete("Jayson Tatum")], [athlete("Luka Doncic")])
        spoil(document["boxscore"]["players"][0])
        parsed = parse(document)
        assert [found for _, found in rules(parsed)] == [rule]
        assert rules(parsed)[0][0] == (f"$.boxscore.players[0]{path}" if path else "$.boxscore.players[1].team")
        assert len(rows(parsed, "box")) == 1

    @pytest.mark.parametrize(("key", "rule"), [("league", "unknown_league"), ("competitions", "not_a_single_game")])
    def test_a_header_that_tells_no_game_sets_all_apart(self, key: str, rule: str) -> None:
        document = espn_summary(espn_competition(), [athlete("Jayson Tatum")], [athlete("Luka Doncic")])
        document["header"][key] = None
        parsed = parse(document)
        assert (rules(parsed), parsed.offered) == ([(f"$.header.{key}", rule)], 3)


@given(st.sampled_from([*espn_competition(), "venue"]), JUNK)
def test_no_junk_in_a_competition_crashes(key: str, junk: Any) -> None:
    parse(espn_scoreboard(espn_competition() | {"id": "4018"} | ({key: junk} if key != "id" else {})))
    parse(espn_summary(espn_competition() | ({key: junk} if key != "competitors" else {}), [athlete("A B")], []))


@given(st.sampled_from(["leagues", "events", "season", "competitions", "status"]), JUNK)
def test_no_junk_in_the_frame_of_a_scoreboard_crashes(key: str, junk: Any) -> None:
    document = espn_scoreboard(espn_competition(), espn_competition("2", home="MIA"))
    (document if key in document else document["events"][0])[key] = junk
    parse(document)


@given(st.sampled_from([*athlete("A B"), "reason"]), st.integers(0, 13), JUNK)
def test_no_junk_in_a_player_crashes(key: str, place: int, junk: Any) -> None:
    stats: list[Any] = list(ESPN_LINE)
    stats[place] = junk
    parse(espn_summary(espn_competition(), [athlete("A B", **{key: junk} if key != "stats" else {})], [athlete("C D", stats), junk]))
    document = espn_summary(espn_competition(), [athlete("A B")], [])
    document["boxscore"]["players"] = junk
    parse(document)
    parse(document | {"header": junk, "boxscore": junk})


def test_requests_name_the_day_and_the_game() -> None:
    request = espn.scoreboard(date(2025, 11, 5))
    assert (request.feed, dict(request.params)["dates"], request.credits) == ("schedule", "20251105", 0)
    assert (espn.box_score("401810001").feed, espn.box_score("401810001").params) == ("box", (("event", "401810001"),))
    with pytest.raises(BadInput):
        espn.box_score("1&x=2")
