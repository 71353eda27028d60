"""balldontlie's box scores and injuries."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odds_documents import adds_up, rows, rules

from load.feeds import balldontlie as document
from load.feeds import balldontlie_game as game
from load.feeds import balldontlie_player as player
from tipoff.errors import BadInput
from tipoff.scrape.records import SHAPES, Parsed, Payload
from tipoff.scrape.sources import balldontlie

FETCHED_AT = datetime(2025, 11, 6, 6, 0, tzinfo=UTC)
TIP = datetime(2025, 11, 6, 0, 30, tzinfo=UTC)
HOME = "$.data[0].home_team.players"
JUNK: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(([], {}, [[]], [None], [{}]))
)


def parse(found: Any, fetched_at: datetime | None = FETCHED_AT) -> Parsed:
    body = found if isinstance(found, bytes) else json.dumps(found, ensure_ascii=True).encode()
    parsed = balldontlie.transform(Payload(body, "a test", fetched_at))
    adds_up(parsed)
    assert all(table.schema.equals(SHAPES[kind]) for kind, table in parsed.records.items())
    return parsed


class TestBoxScores:
    def test_a_final_game_gives_the_game_and_a_line_a_player(self) -> None:
        parsed = parse(document(game([player("Jayson", "Tatum")], [player("Luka", "Doncic")])))
        assert (parsed.kind, parsed.league, parsed.rejects) == ("box", "nba", [])
        assert rows(parsed, "box")[0] == {
            "league_game_id": None, "commence_time": None, "game_date": date(2025, 11, 5), "home_team": "BOS", "away_team": "LAL",
            "name": "Jayson Tatum", "league_player_id": None, "team": "BOS", "started": None, "minutes": 30.0,
            "points": 20, "fgm": 8, "fga": 15, "fg3m": 2, "fg3a": 6, "ftm": 2, "fta": 2, "oreb": 1, "dreb": 4, "ast": 5, "stl": 1,
            "blk": 0, "tov": 3, "pf": 2, "plus_minus": None, "did_not_play": False, "reason": None, "known_at": FETCHED_AT,
            "path": f"{HOME}[0]",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("status", "told"),
        [
            ("Final", "final"), ("7:30 pm ET", "scheduled"), ("2025-11-06T00:30:00Z", "scheduled"), ("1st Qtr", "live"),
            ("Halftime", "live"),
            ("End of 3rd", "live"), ("OT1", "live"), ("Postponed", "postponed"), ("Canceled", "cancelled"),
        ],
    )  # fmt: skip
    def test_statuses_are_told_in_our_words_and_only_a_final_game_has_a_box_score(self, status: str, told: str) -> None:
        parsed = parse(document(game([player("Jayson", "Tatum")], status=status)))
        assert [row["status"] for row in rows(parsed, "games")] == [told]
        assert len(rows(parsed, "box")) == (told == "final")

    @pytest.mark.parametrize("more", [{"datetime": "2025-11-06T00:30:00.000Z"}, {"status": "2025-11-06T00:30:00Z"}])
    def test_where_the_tip_is_told_it_is_taken(self, more: dict[str, Any]) -> None:
        [row] = rows(parse(document(game(**more))), "games")
        assert (row["commence_time"], row["game_date"]) == (TIP, None)

    @pytest.mark.parametrize("minutes", ["00", "", None, "0:00"])
    def test_without_minutes_and_figures_he_did_not_play(self, minutes: Any) -> None:
        nothing = dict.fromkeys(
            ("pts", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "stl", "blk", "turnover", "pf"), 0
        )
        row = rows(parse(document(game([player("Mo", "Bamba", min=minutes, **nothing)]))), "box")[0]
        assert (row["did_not_play"], row["points"], row["minutes"], row["reason"]) == (True, None, 0.0, None)

    def test_figures_of_less_than_a_minute_are_kept_with_unknown_minutes(self) -> None:
        row = rows(parse(document(game([player("Mo", "Bamba", min="00")]))), "box")[0]
        assert (row["did_not_play"], row["points"], row["minutes"]) == (False, 20, None)

    def test_the_practice_leagues_document_says_so(self) -> None:
        assert parse(document(game()) | {"league": "practice"}).league == "practice"

    @pytest.mark.parametrize(
        ("bad", "path", "rule"),
        [
            (None, "", "not_an_object"),
            ({}, ".player", "not_an_object"),
            (player("?", "!"), ".player", "unreadable_name"),
            (player("A", "B", min="99"), ".min", "unreadable_minutes"),
            (player("A", "B", min=30), ".min", "unreadable_minutes"),
            (player("A", "B", pts="20"), ".pts", "unreadable_statistic"),
            (player("A", "B", pts=21), "", "points_do_not_add_up"),
        ],
    )
    def test_one_bad_player_does_not_lose_the_box(self, bad: Any, path: str, rule: str) -> None:
        """F13."""
        parsed = parse(document(game([bad, player("Jayson", "Tatum")])))
        assert rules(parsed) == [(f"{HOME}[0]{path}", rule)]
        assert [row["name"] for row in rows(parsed, "box")] == ["Jayson Tatum"]

    @pytest.mark.parametrize(
        ("key", "value", "rule"),
        [
            ("date", None, "unreadable_date"),
            ("date", "2025-13-01", "unreadable_date"),
            ("status", "Suspended", "unknown_status"),
            ("status", None, "unknown_status"),
        ],
    )
    def test_one_bad_game_does_not_lose_the_day(self, key: str, value: Any, rule: str) -> None:
        spoilt = game([player("Jayson", "Tatum")], **{key: value})
        parsed = parse(document(spoilt, game([player("Bam", "Adebayo")], home="MIA")))
        assert rules(parsed) == [(f"$.data[0].{key}", rule)]
        assert ([row["team"] for row in rows(parsed, "box")], parsed.offered) == (["MIA"], 4)

    def test_a_game_that_stands_there_twice_is_taken_once(self) -> None:
        twice = game([player("Jayson", "Tatum")])
        parsed = parse(document(twice, twice))
        assert (rules(parsed), parsed.rows) == ([("$.data[1]", "conflicting_games")], 2)

    def test_an_all_star_side_is_refused_with_its_count(self) -> None:
        stars = game()
        stars["home_team"]["full_name"] = "Team Chuck"
        parsed = parse(document(stars, game()))
        assert ([(reject.rule, reject.rows) for reject in parsed.rejects], parsed.rows) == ([("not_a_league_team", 1)], 1)


def hurt(first: str = "Kyrie", last: str = "Irving", team: Any = 7, status: Any = "Out", **more: Any) -> dict[str, Any]:
    who = {"first_name": first, "last_name": last, "team_id": team}
    return {"player": who, "return_date": "Jan 1", "description": "Jul 14: Irving (knee) is out.", "status": status, **more}


class TestInjuries:
    def test_a_status_becomes_a_record_of_the_teams_next_game(self) -> None:
        parsed = parse(document(hurt()))
        assert rows(parsed, "injuries") == [
            {
                "name": "Kyrie Irving", "team": "DAL", "status": "out", "reason": "Jul 14: Irving (knee) is out.", "game_date": None,
                "known_at": FETCHED_AT, "path": "$.data[0]",
            }
        ]  # fmt: skip

    def test_the_same_twice_is_one_and_two_that_differ_are_both_set_apart(self) -> None:
        assert parse(document(hurt(), hurt())).rows == 1
        parsed = parse(document(hurt(), hurt(status="Day-To-Day"), hurt("Luka", "Doncic", 14)))
        assert [rule for _, rule in rules(parsed)] == ["conflicting_statuses"] * 2
        assert [row["name"] for row in rows(parsed, "injuries")] == ["Luka Doncic"]

    @pytest.mark.parametrize(
        ("bad", "path", "rule"),
        [
            (hurt(status="Fine?"), ".status", "unknown_status"), (hurt(status=None), ".status", "unknown_status"),
            (hurt(team=37), ".player.team_id", "not_a_league_team"), (hurt("", ""), ".player", "unreadable_name"),
            (hurt() | {"player": None}, ".player", "not_an_object"), (5, "", "not_an_object"),
        ],
    )  # fmt: skip
    def test_one_bad_status_does_not_lose_the_page(self, bad: Any, path: str, rule: str) -> None:
        parsed = parse(document(hurt("Luka", "Doncic", 14), bad))
        assert rules(parsed) == [(f"$.data[1]{path}", rule)]
        assert parsed.rows == 1


@given(st.sampled_from([*game(), "datetime"]), st.sampled_from([*player("A", "B"), "first_name"]), JUNK)
def test_no_junk_in_a_box_score_crashes(key: str, inner: str, junk: Any) -> None:
    parse(document(game([player("A", "B")]) | {key: junk}, game(home="MIA")))
    parse(document(game([player("A", "B") | {inner: junk}, junk])))


@given(st.sampled_from([*hurt(), "team_id", "last_name"]), JUNK)
def test_no_junk_in_injuries_crashes(key: str, junk: Any) -> None:
    spoilt = hurt()
    (spoilt if key in spoilt else spoilt["player"])[key] = junk
    parse(document(hurt("A", "B"), spoilt, junk))
    parse({"data": junk, "meta": {}})


@pytest.mark.parametrize("body", [b"", b"null", b"<html>", b"[]", b"{}", b'{"data"', b'{"data": 5}', b"[" * 1_000_000])
def test_what_is_none_of_its_documents_is_set_apart_whole(body: bytes) -> None:
    assert [path for path, _ in rules(parse(body))] == ["$"]


def test_requests_name_the_day_and_the_page_and_never_a_key() -> None:
    assert balldontlie.box_scores(date(2025, 11, 5)).params == (("date", "2025-11-05"),)
    assert (balldontlie.injuries().feed, dict(balldontlie.injuries("4082934").params)["cursor"]) == ("injuries", "4082934")
    with pytest.raises(BadInput):
        balldontlie.injuries("1&x=2")
