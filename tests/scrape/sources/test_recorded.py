"""Recorded responses and the archive in The Odds API's wire format, as they are. The data lies beside the project, not in it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from odds_documents import SHARED, adds_up, parse, rows

from tipoff.names import ESPN_IDS, team_named
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources import SOURCES, nba_cdn, recognise

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


@needs_data
def test_documents_of_sources_that_we_do_not_read_are_nobodys() -> None:
    strangers = [path for folder in ("balldontlie", "nba-stats", "espn") for path in (RECORDED / folder).glob("*.json")]
    strangers = [path for path in strangers if path.name != "roster_2.json"]
    assert {path.name: recognise(path.read_bytes()) for path in strangers} == {path.name: None for path in strangers}
    assert nba_cdn.transform(Payload(strangers[0].read_bytes(), "")).rejects[0].rule == "unrecognised"


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason=f"the shared data is not at {PAYLOADS}")
def test_all_payloads_of_the_archive_parse_with_nothing_set_apart() -> None:
    files: list[Path] = sorted(PAYLOADS.rglob("*.json.gz"))
    made: Counter[str] = Counter()
    for file in files:
        parsed = parse(gzip.decompress(file.read_bytes()), fetched_at=None)
        assert not parsed.rejects, file
        made.update({kind: table.num_rows for kind, table in parsed.records.items()})
    assert (len(files), dict(made)) == (2345, {"player_quotes": 105_170, "game_quotes": 2_228, "games": 2_345})
