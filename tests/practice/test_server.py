from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from tipoff.clock import ManualClock
from tipoff.practice import Season
from tipoff.practice.server import API_KEY, create_app, running
from tipoff.practice.wire_odds import stamp

ODDS = "/odds-api/v4/sports/basketball_practice"
PAST = "/odds-api/v4/historical/sports/basketball_practice"
KEY = {"apiKey": API_KEY}
BOTH = {**KEY, "regions": "us,us2"}


@pytest.fixture(scope="module")
def client(season: Season) -> Iterator[httpx.Client]:
    game = season.games[400]
    with running(season, ManualClock(game.tip - timedelta(hours=2))) as url, httpx.Client(base_url=url) as found:
        yield found


def _at(season: Season, hours: float = -2) -> str:
    return f"/at/{stamp(season.games[400].tip + timedelta(hours=hours))}"


def test_events_answer_as_of_the_clock_and_as_of_the_path(season: Season, client: httpx.Client) -> None:
    by_clock = client.get(f"{ODDS}/events", params=KEY)
    by_path = client.get(f"{_at(season)}{ODDS}/events", params=KEY)
    assert by_clock.status_code == by_path.status_code == 200
    assert by_clock.json() == by_path.json()
    assert season.games[400].event_id in {event["id"] for event in by_path.json()}
    later = client.get(f"{_at(season, 24 * 60)}{ODDS}/events", params=KEY).json()
    assert season.games[400].event_id not in {event["id"] for event in later}


def test_event_odds_cost_markets_times_regions_and_the_headers_add_up(season: Season, client: httpx.Client) -> None:
    before = client.get(f"{ODDS}/events", params=KEY)
    assert before.headers["x-requests-last"] == "0"
    path = f"{ODDS}/events/{season.games[400].event_id}/odds"
    found = client.get(path, params={**BOTH, "markets": "player_points,player_points_alternate", "oddsFormat": "decimal"})
    assert found.status_code == 200
    assert len(found.json()["bookmakers"]) == 12
    assert found.headers["x-requests-last"] == "4"
    used = int(found.headers["x-requests-used"])
    assert used == int(before.headers["x-requests-used"]) + 4
    assert used + int(found.headers["x-requests-remaining"]) == 5_000_000


def test_a_historical_document_is_wrapped_and_costs_ten_times(season: Season, client: httpx.Client) -> None:
    game = season.games[300]
    date = stamp(game.tip - timedelta(minutes=3))
    found = client.get(f"{PAST}/events/{game.event_id}/odds", params={**BOTH, "markets": "player_points", "date": date})
    assert found.headers["x-requests-last"] == "20"
    document = found.json()
    assert document["timestamp"] == stamp(game.tip - timedelta(minutes=5))
    assert document["data"]["id"] == game.event_id
    listed = client.get(f"{PAST}/events", params={**KEY, "date": date})
    assert listed.headers["x-requests-last"] == "1"
    assert game.event_id in {event["id"] for event in listed.json()["data"]}
    bulk = client.get(f"{PAST}/odds", params={**BOTH, "markets": "spreads", "date": date})
    assert bulk.headers["x-requests-last"] == "20"


def test_bulk_odds_can_be_narrowed_to_events(season: Season, client: httpx.Client) -> None:
    wanted = season.games[400].event_id
    found = client.get(f"{ODDS}/odds", params={**KEY, "regions": "us", "markets": "h2h,totals", "eventIds": wanted})
    assert [event["id"] for event in found.json()] == [wanted]
    assert found.headers["x-requests-last"] == "2"


@pytest.mark.parametrize(("params", "code"), [({}, "MISSING_KEY"), ({"apiKey": "guess"}, "INVALID_KEY")])
def test_a_missing_or_wrong_key_is_a_401_in_the_source_s_shape(client: httpx.Client, params: dict[str, str], code: str) -> None:
    found = client.get(f"{ODDS}/events", params=params)
    assert found.status_code == 401
    assert found.json()["error_code"] == code
    assert set(found.json()) == {"message", "error_code", "details_url"}
    assert "x-requests-used" not in found.headers


def test_faults_of_the_question_are_404_and_422_and_cost_nothing(season: Season, client: httpx.Client) -> None:
    unknown = client.get(f"{ODDS}/events/{'0' * 32}/odds", params={**BOTH, "markets": "h2h"})
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "EVENT_NOT_FOUND")
    assert unknown.headers["x-requests-last"] == "0"
    no_region = client.get(f"{ODDS}/odds", params={**KEY, "markets": "h2h"})
    assert (no_region.status_code, no_region.json()["error_code"]) == (422, "MISSING_REGION")
    real = client.get("/odds-api/v4/sports/basketball_nba/events", params=KEY)
    assert (real.status_code, real.json()["error_code"]) == (404, "UNKNOWN_SPORT")
    assert client.get(f"/at/yesterday{ODDS}/events", params=KEY).status_code == 400
    assert client.get("/nowhere").status_code == 404


def test_the_allowance_runs_out(season: Season) -> None:
    game = season.games[400]
    with running(season, ManualClock(game.tip - timedelta(hours=1)), allowance=3, api_key="mine") as url:
        asked = {"apiKey": "mine", "regions": "us", "markets": "h2h,totals"}
        first = httpx.get(f"{url}{ODDS}/events/{game.event_id}/odds", params=asked)
        second = httpx.get(f"{url}{ODDS}/events/{game.event_id}/odds", params=asked)
    assert (first.status_code, first.headers["x-requests-remaining"]) == (200, "1")
    assert (second.status_code, second.json()["error_code"]) == (401, "OUT_OF_USAGE_CREDITS")


def test_the_cdn_serves_schedule_and_box_scores_and_denies_what_is_not_there(season: Season, client: httpx.Client) -> None:
    game = season.games[400]
    box = f"nba-cdn/liveData/boxscore/boxscore_{game.league_id}.json"
    schedule = client.get(f"{_at(season)}/nba-cdn/staticData/scheduleLeagueV2.json").json()
    assert sum(len(day["games"]) for day in schedule["leagueSchedule"]["gameDates"]) == 1230
    assert client.get(f"{_at(season)}/{box}").status_code == 403
    assert client.get(f"{_at(season, 1)}/{box}").json()["game"]["gameStatus"] == 2
    assert client.get(f"{_at(season, 4)}/{box}").json()["game"]["homeTeam"]["score"] == game.home_points
    assert client.get(f"{_at(season)}/nba-cdn/liveData/boxscore/boxscore_0022500001.json").status_code == 403


def test_espn_serves_the_injuries_of_the_instant(season: Season, client: httpx.Client) -> None:
    found = client.get(f"{_at(season)}/espn/apis/site/v2/sports/basketball/nba/injuries")
    assert found.status_code == 200
    assert found.json()["status"] == "success"
    assert len(found.json()["injuries"]) > 5


def test_the_other_feeds_answer_as_of_the_instant(season: Season, client: httpx.Client) -> None:
    game = season.games[400]
    stats, espn, spare = (
        f"{_at(season, 4)}/{path}" for path in ("nba-stats/stats", "espn/apis/site/v2/sports/basketball/nba", "balldontlie/v1")
    )
    box = client.get(f"{stats}/boxscoretraditionalv3", params={"GameID": game.league_id}).json()["boxScoreTraditional"]
    assert box["homeTeam"]["statistics"]["points"] == game.home_points
    listed = client.get(f"{espn}/scoreboard", params={"dates": f"{game.game_date:%Y%m%d}"}).json()["events"]
    summaries = [client.get(f"{espn}/summary", params={"event": event["id"]}).json()["header"]["competitions"][0] for event in listed]
    assert str(game.home_points) in {side["score"] for one in summaries for side in one["competitors"]}
    day = {"date": game.game_date.isoformat()}
    assert len(client.get(f"{spare}/box_scores", params=day, headers={"authorization": API_KEY}).json()["data"]) == len(listed)


def test_what_the_other_feeds_do_not_have_is_refused(season: Season, client: httpx.Client) -> None:
    assert client.get("/balldontlie/v1/box_scores").status_code == 401
    assert client.get("/balldontlie/v1/box_scores", headers={"authorization": "guess"}).status_code == 401
    assert client.get("/nba-stats/stats/boxscoretraditionalv3", params={"GameID": "0022500001"}).status_code == 404
    assert client.get("/espn/apis/site/v2/sports/basketball/nba/summary", params={"event": "1"}).status_code == 404
    assert client.get("/nba-stats/stats/scoreboardv3", params={"GameDate": "today"}).status_code == 400
    before = client.get(f"{_at(season)}/nba-stats/stats/boxscoretraditionalv3", params={"GameID": season.games[400].league_id})
    assert before.json()["boxScoreTraditional"] is None


def test_it_listens_on_the_loopback_interface_only_and_stops_when_left(season: Season) -> None:
    with running(create_app(season)) as url:
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}/odds-api/v4/sports", params=KEY).json()[0]["key"] == "basketball_practice"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/odds-api/v4/sports", params=KEY)
