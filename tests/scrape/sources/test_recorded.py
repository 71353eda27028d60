"""Recorded responses and the archive in The Odds API's wire format, as they are. The data lies beside the project, not in it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from odds_documents import SHARED, adds_up, parse, rows

from tipoff.load.rules import rule_named
from tipoff.names import ESPN_IDS, team_named
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources import SOURCES, recognise

RECORDED = SHARED / "recorded"
PAYLOADS = SHARED / "payloads" / "odds-api"

needs_data = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"the shared data is not at {SHARED}")


def recorded(path: str) -> Parsed:
    body = (RECORDED / path).read_bytes()
    found = recognise(body)
    assert found is not None
    parsed = SOURCES[found[0]].transform(Payload(body, path))
    assert parsed.kind == found[1]
    adds_up(parsed)
    return parsed


@needs_data
def test_event_odds_in_american_prices_of_ten_books() -> None:
    """One book quotes every player twice at one point, with other prices: which holds cannot be known, so none is kept."""
    parsed = recorded("odds-api/event-odds_player-markets_2024-02-22_BKN-TOR.json")
    assert (parsed.kind, parsed.league, parsed.rows) == ("event-odds", "nba", 259)
    assert Counter(reject.rule for reject in parsed.rejects) == {"conflicting_outcomes": 56}
    assert all(reject.path.startswith("$.bookmakers[4].") for reject in parsed.rejects)
    first = rows(parsed, "player_quotes")[0]
    assert (first["name"], first["point"], first["over_price"]) == ("Ben Simmons", 7.5, 2.1)
    assert first["under_price"] == pytest.approx(1 + 100 / 140)


@needs_data
def test_bulk_odds_with_last_update_on_the_bookmaker() -> None:
    parsed = recorded("odds-api/odds_h2h-spreads-totals_2022-11-22.json")
    assert (parsed.kind, parsed.rows) == ("bulk-odds", 868)
    assert {(reject.rule, reject.value) for reject in parsed.rejects} == {("market_refused", '"h2h_lay"')}
    assert all(row["last_update"] is not None for row in rows(parsed, "game_quotes"))


@needs_data
@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("historical-event-odds_spreads-totals_2024-01-25", "historical-event-odds", 9),
        ("historical-events_2024-01-25", "historical-events", 10),
        ("scores_2024-02", "scores", 0),  # without a fetch it has no moment, as none of its games had begun
    ],
)
def test_the_other_documents_of_the_odds_api(name: str, kind: str, count: int) -> None:
    parsed = recorded(f"odds-api/{name}.json")
    assert (parsed.kind, parsed.rows, parsed.rejects) == (kind, count, [])


@needs_data
def test_a_whole_season_of_the_league() -> None:
    parsed = recorded("nba-cdn/scheduleLeagueV2_2023-24.json")
    assert (parsed.league, parsed.rows, parsed.offered) == ("nba", 1200, 1280)
    assert {reject.rule: reject.rows for reject in parsed.rejects} == {"preseason": 73, "teams_undecided": 7}
    assert Counter(row["game_type"] for row in rows(parsed, "games")) == {"regular": 1200}


@needs_data
def test_a_preseason_gives_no_games_and_one_reject() -> None:
    parsed = recorded("nba-cdn/scheduleLeagueV2_partial_2025-26.json")
    assert ([(reject.rule, reject.rows) for reject in parsed.rejects], parsed.rows) == ([("preseason", 13)], 0)


@needs_data
def test_a_final_box_score() -> None:
    parsed = recorded("nba-cdn/liveData_boxscore_0022000001.json")
    box = rows(parsed, "box")
    assert (parsed.event_id, len(box), parsed.rejects) == ("0022000001", 34, [])
    assert {team: sum(row["points"] or 0 for row in box if row["team"] == team) for team in ("BKN", "GSW")} == {"BKN": 125, "GSW": 99}
    assert sum(row["minutes"] for row in box) == pytest.approx(480, abs=0.5)
    assert {row["name"]: row["reason"] for row in box if row["did_not_play"]}["Klay Thompson"] == "INACTIVE_INJURY: Right Achillies"
    assert {row["known_at"] for row in box} == {None}  # its own time has no zone: load assumes one
    assert {row["known_at"] for row in rows(parsed, "games")} == {None}


@needs_data
@pytest.mark.parametrize(
    ("name", "points", "absent", "starters"),
    [
        ("boxscoretraditionalv3", {"TOR": 128, "MIL": 100}, {"Garrett Temple", "Thanasis Antetokounmpo"}, 10),
        ("boxscoretraditionalv2", {"NYK": 125, "PHI": 119}, {"Andre Drummond", "Tyler Kolek", "Pete Nance"}, 10),
    ],
)
def test_final_box_scores_of_the_statistics(name: str, points: dict[str, int], absent: set[str], starters: int) -> None:
    """They tell neither the tip nor the status; of version 2 it cannot be told who is at home."""
    parsed = recorded(f"nba-stats/{name}.json")
    box = rows(parsed, "box")
    assert (parsed.league, parsed.rejects, list(parsed.records)) == ("nba", [], ["box"])
    assert {team: sum(row["points"] or 0 for row in box if row["team"] == team) for team in points} == points
    assert sum(row["plus_minus"] or 0 for row in box if row["team"] == box[0]["team"]) == 5 * (points[box[0]["team"]] - _other(points, box))
    assert absent <= {row["name"] for row in box if row["did_not_play"]}
    assert {row["reason"] for row in box if row["did_not_play"]} <= {"DNP - Coach's Decision", "DND - Injury/Illness"}
    assert sum(row["started"] for row in box) == starters
    assert {(row["commence_time"], row["game_date"], row["known_at"]) for row in box} == {(None, None, None)}
    assert {row["home_team"] for row in box} == ({"TOR"} if name.endswith("v3") else {None})


def _other(points: dict[str, int], box: list[dict[str, Any]]) -> int:
    return next(score for team, score in points.items() if team != box[0]["team"])


@needs_data
def test_scoreboards_of_the_statistics_version_2_without_tips() -> None:
    parsed = recorded("nba-stats/scoreboardv3.json")
    first = rows(parsed, "games")[0]
    assert (parsed.rows, first["league_game_id"], first["commence_time"]) == (11, "0022500171", datetime(2025, 11, 6, tzinfo=UTC))
    assert (first["home"], first["home_score"], first["away"], first["away_score"], first["status"]) == ("CLE", 132, "PHI", 121, "final")
    parsed = recorded("nba-stats/scoreboardv2.json")
    first = rows(parsed, "games")[0]
    assert (parsed.rows, first["league_game_id"], first["commence_time"], first["game_date"]) == (11, "0022300555", None, date(2024, 1, 15))
    assert (first["home"], first["home_score"], first["away"], first["away_score"], first["status"]) == ("PHI", 124, "HOU", 115, "final")


@needs_data
@pytest.mark.parametrize("name", ["boxscoreadvancedv3", "boxscoreusagev3", "leaguegamelog_players", "player_list"])
def test_statistics_that_nothing_is_made_of_are_known_and_set_apart_whole(name: str) -> None:
    parsed = recorded(f"nba-stats/{name}.json")
    assert [(reject.path, reject.rule) for reject in parsed.rejects] == [("$", "kind_not_used")]
    assert rule_named("kind_not_used").meaning.startswith("The document is of a kind")


@needs_data
def test_a_scoreboard_of_espn_has_ids_of_its_own_and_a_day_without_games_is_a_success() -> None:
    parsed = recorded("espn/scoreboard.json")
    found = rows(parsed, "games")
    assert (parsed.league, len(found), {row["game_type"] for row in found}) == ("nba", 11, {"regular"})
    last = found[-1]
    assert (last["espn_id"], last["commence_time"], last["status"]) == ("401585193", datetime(2024, 1, 16, 3, 30, tzinfo=UTC), "final")
    assert (last["home"], last["home_score"], last["away"], last["away_score"]) == ("LAL", 112, "OKC", 105)
    empty = recorded("espn/scoreboard_all-star_2025-02-14.json")  # of the All-Star days; ESPN lists their games under other leagues
    assert (empty.league, empty.rows, empty.rejects) == ("nba", 0, [])


@needs_data
def test_box_scores_of_balldontlie_agree_with_espn_on_every_final_score() -> None:
    parsed = recorded("balldontlie/box_scores.json")
    box = rows(parsed, "box")
    assert (len(rows(parsed, "games")), len(box), parsed.rejects) == (11, 384, [])
    scores = {row["home"]: (row["away"], row["home_score"], row["away_score"]) for row in rows(parsed, "games")}
    by_espn = {row["home"]: (row["away"], row["home_score"], row["away_score"]) for row in rows(recorded("espn/scoreboard.json"), "games")}
    assert scores == by_espn
    for home, (away, home_score, away_score) in scores.items():
        for team, score in ((home, home_score), (away, away_score)):
            assert sum(row["points"] or 0 for row in box if row["team"] == team) == score
    embiid = next(row for row in box if row["name"] == "Joel Embiid")
    assert (embiid["points"], embiid["minutes"], embiid["started"], embiid["plus_minus"]) == (41, 31.0, None, None)


@needs_data
def test_injuries_of_balldontlie_need_the_moment_of_their_fetch() -> None:
    body = (RECORDED / "balldontlie/injuries.json").read_bytes()
    assert [(reject.rule, reject.rows) for reject in recorded("balldontlie/injuries.json").rejects] == [("no_snapshot", 100)]
    parsed = SOURCES["balldontlie"].transform(Payload(body, "", datetime(2025, 7, 16, tzinfo=UTC)))
    assert (parsed.rows, parsed.rejects) == (100, [])
    assert ("Kyrie Irving", "DAL") in {(row["name"], row["team"]) for row in rows(parsed, "injuries")}


@needs_data
def test_a_play_by_play_gives_every_shot_of_the_game_but_one_that_contradicts_itself() -> None:
    """It came from the league's statistics, in the words of its CDN. A tipped layup stands there as from mid-range, in the paint."""
    body = gzip.decompress((RECORDED / "nba-stats" / "playbyplay.json.gz").read_bytes())
    assert recognise(body) == ("nba_cdn", "shots")
    for source in ("nba_cdn", "nba_stats"):
        parsed = SOURCES[source].transform(Payload(body, "a folder"))
        adds_up(parsed)
        assert (parsed.event_id, parsed.rows, parsed.offered) == ("0022400500", 180, 181)
        assert [(reject.path, reject.rule) for reject in parsed.rejects] == [("$.game.actions[77].area", "conflicting_zone")]
        shots = rows(parsed, "shots")
        assert Counter(row["zone"] for row in shots) == {"paint": 90, "three": 74, "mid": 16}
        assert sum(row["made"] for row in shots) == 77
        assert {row["known_at"] for row in shots} == {datetime(2025, 1, 7, 3, 28, 6, 700_000, tzinfo=UTC)}


@needs_data
def test_the_places_of_a_play_by_play_say_the_same_as_its_areas() -> None:
    """The statistics' third version has places only: the shots of a game told in both ways stand in the same zones."""
    document = json.loads(gzip.decompress((RECORDED / "nba-stats" / "playbyplay.json.gz").read_bytes()))
    by_area = SOURCES["nba_cdn"].transform(Payload(json.dumps(document).encode(), "a test"))
    document["game"]["videoAvailable"] = 1
    for action in document["game"]["actions"]:
        action["shotValue"] = {"2pt": 2, "3pt": 3}.get(action["actionType"], 0)
    by_place = SOURCES["nba_stats"].transform(Payload(json.dumps(document).encode(), "a test", datetime(2025, 1, 7, 4, tzinfo=UTC)))
    told = [{row["action_id"]: row["zone"] for row in rows(parsed, "shots")} for parsed in (by_area, by_place)]
    only_by_place = told[1].keys() - told[0].keys()
    assert told[0] == {number: zone for number, zone in told[1].items() if number in told[0]}
    assert [told[1][number] for number in only_by_place] == ["paint"]  # whose area contradicts itself
    assert by_place.rejects == []


@needs_data
def test_a_roster_tells_of_seventeen_men_and_their_births() -> None:
    body = (RECORDED / "espn" / "roster_2.json").read_bytes()
    assert recognise(body) == ("espn", "roster")
    parsed = SOURCES["espn"].transform(Payload(body, "a test", datetime(2025, 5, 14, tzinfo=UTC)))
    men = {row["name"]: row["birth_date"] for row in rows(parsed, "roster")}
    assert (len(men), parsed.rejects, {row["team"] for row in rows(parsed, "roster")}) == (17, [], {"BOS"})
    assert (men["Jaylen Brown"], men["Al Horford"]) == (date(1996, 10, 24), date(1986, 6, 3))
    out_of_a_folder = recorded("espn/roster_2.json")  # nothing in it tells of which season it is
    assert [(reject.rule, reject.rows) for reject in out_of_a_folder.rejects] == [("no_snapshot", 17)]


@needs_data
def test_the_numbers_of_the_teams_are_those_of_the_recorded_scoreboard() -> None:
    scoreboard = json.loads((RECORDED / "espn" / "scoreboard.json").read_bytes())
    sides = [side["team"] for event in scoreboard["events"] for match in event["competitions"] for side in match["competitors"]]
    met = {team_named(side["displayName"]).tricode: int(side["id"]) for side in sides}
    assert len(met) == 22
    assert met.items() <= ESPN_IDS.items()


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason=f"the shared data is not at {PAYLOADS}")
def test_all_payloads_of_the_archive_parse_with_nothing_set_apart() -> None:
    files: list[Path] = sorted(PAYLOADS.rglob("*.json.gz"))
    made: Counter[str] = Counter()
    for file in files:
        parsed = parse(gzip.decompress(file.read_bytes()), fetched_at=None)
        assert not parsed.rejects, file
        made.update({kind: table.num_rows for kind, table in parsed.records.items()})
    assert (len(files), dict(made)) == (2345, {"player_quotes": 105_170, "game_quotes": 2_228, "games": 2_345})
