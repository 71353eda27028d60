"""Games that are called off: when the world is told, how each source tells it, and when they are played instead."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tipoff.clock import game_date_of
from tipoff.names import TEAMS
from tipoff.practice import Game, Rules, Season, simulate
from tipoff.practice.fixtures import fixtures
from tipoff.practice.odds_question import EventFilter, OddsFault, OddsQuestion
from tipoff.practice.postponements import LATEST_DAYS, SOONEST_DAYS, Postponement, postpone
from tipoff.practice.quotes import PLAYER_POINTS, QuoteRoom
from tipoff.practice.wire_balldontlie import box_scores
from tipoff.practice.wire_box import box_score
from tipoff.practice.wire_espn_games import scoreboard as espn_scoreboard
from tipoff.practice.wire_injuries import report_rows
from tipoff.practice.wire_nba import schedule
from tipoff.practice.wire_odds import event_odds, events
from tipoff.practice.wire_plays import play_by_play
from tipoff.practice.wire_stats import scoreboard as stats_scoreboard
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources import espn, nba_cdn

RULES = Rules(postponement_rate=0.05)
MINUTE = timedelta(minutes=1)
ASKED = OddsQuestion((PLAYER_POINTS,), frozenset({"draftkings", "fanduel", "betonlineag"}), 1, "decimal")


@pytest.fixture(scope="module")
def stormy() -> Season:
    return simulate(7, RULES)


def moved(season: Season) -> list[tuple[Game, Postponement]]:
    return [(season.games[off.game], off) for off in season.postponements if off.again_at is not None]


def cancelled(season: Season) -> list[tuple[Game, Postponement]]:
    return [(season.games[off.game], off) for off in season.postponements if off.again_at is None]


def entry(season: Season, game: Game, at: datetime) -> Any:
    """The game as the league's schedule has it; it stands there once."""
    days = schedule(season, at)["leagueSchedule"]["gameDates"]
    [found] = [row for day in days for row in day["games"] if row["gameId"] == game.league_id]
    return found


def read(transform: Callable[[Payload], Parsed], document: Any, at: datetime) -> dict[tuple[str, str, date], str]:
    """The status of each game as our own reader of a source has it, by home, away and New York day."""
    rows = transform(Payload(json.dumps(document).encode(), "practice", at)).records["games"].to_pylist()
    return {(row["home"], row["away"], game_date_of(row["commence_time"])): row["status"] for row in rows}


def test_without_a_rate_every_game_stays_where_it_was_planned(season: Season) -> None:
    assert postpone(7, Rules(), fixtures(7)) == (fixtures(7), ())
    assert season.listed(season.games[0].tip) is season.games


def test_the_same_seed_calls_the_same_games_off(stormy: Season) -> None:
    assert postpone(7, RULES, fixtures(7))[1] == stormy.postponements
    assert postpone(8, RULES, fixtures(8))[1] != stormy.postponements
    assert len(moved(stormy)) > 20
    assert len(cancelled(stormy)) > 3


def test_the_world_is_told_hours_before_the_tip_and_the_new_tip_well_before_it_comes(stormy: Season) -> None:
    for off in stormy.postponements:
        assert timedelta(hours=1.5) <= off.tip - off.told_at <= timedelta(hours=30)
    for game, off in moved(stormy):
        assert SOONEST_DAYS <= (game.game_date - off.game_date).days <= LATEST_DAYS
        assert off.again_at is not None
        assert off.told_at < off.again_at < game.tip - timedelta(hours=48)
    told = [off.told_at.hour for off in stormy.postponements]
    assert len(set(told)) > 5


def test_no_team_plays_twice_a_day_or_on_three_days_in_a_row(stormy: Season) -> None:
    days = defaultdict(list)
    for game in stormy.games:
        if game.standing == "on":
            days[game.home].append(game.day)
            days[game.away].append(game.day)
    for played in days.values():
        assert len(played) == len(set(played))
        assert not any({day, day + 1, day + 2} <= set(played) for day in played)
    assert [game.tip for game in stormy.games] == sorted(game.tip for game in stormy.games)


def test_a_game_keeps_the_id_of_its_first_day(stormy: Season) -> None:
    for game, off in moved(stormy):
        assert game.game_id.startswith(f"{off.game_date:%Y%m%d}_")
        assert game.game_date != off.game_date
        assert game.tip.date() != off.tip.date()


def test_the_league_s_schedule_has_it_planned_then_off_then_at_its_new_tip(stormy: Season) -> None:
    game, off = moved(stormy)[3]
    assert off.again_at is not None
    before, during, after = (entry(stormy, game, at) for at in (off.told_at - MINUTE, off.told_at, off.again_at))
    assert (before["gameStatusText"][-2:], before["postponedStatus"], before["gameDateEst"][:10]) == ("ET", "N", off.game_date.isoformat())
    assert (during["gameStatusText"], during["postponedStatus"], during["gameDateEst"]) == ("PPD", "Y", before["gameDateEst"])
    assert (after["gameStatusText"][-2:], after["postponedStatus"], after["gameDateEst"][:10]) == ("ET", "N", game.game_date.isoformat())
    played = entry(stormy, game, game.final_at)
    assert played["gameStatus"] == 3
    assert played["homeTeam"]["score"] == game.home_points


def test_a_cancelled_game_is_never_played(stormy: Season) -> None:
    game, off = cancelled(stormy)[0]
    late = off.tip + timedelta(days=3)
    row = entry(stormy, game, late)
    assert (row["gameStatus"], row["gameStatusText"], row["homeTeam"]["score"]) == (1, "CNCL", 0)
    assert box_score(stormy, game, late) is None
    assert play_by_play(stormy, game, late) is None
    games = [g for g in stormy.games if game.home in (g.home, g.away) and g.is_over(late)]
    after = entry(stormy, games[-1], late)
    side = after["homeTeam"] if after["homeTeam"]["teamTricode"] == game.home else after["awayTeam"]
    assert side["wins"] + side["losses"] == len(games)


def test_our_own_readers_understand_what_the_league_and_espn_say(stormy: Season) -> None:
    game, off = moved(stormy)[3]
    gone, _ = cancelled(stormy)[0]
    at = off.told_at + MINUTE
    assert read(nba_cdn.transform, schedule(stormy, at), at)[game.home, game.away, off.game_date] == "postponed"
    late = gone.tip + timedelta(days=1)
    assert read(nba_cdn.transform, schedule(stormy, late), late)[gone.home, gone.away, gone.game_date] == "cancelled"
    assert read(espn.transform, espn_scoreboard(stormy, off.game_date, at), at)[game.home, game.away, off.game_date] == "postponed"


def test_the_day_s_scoreboards_follow_the_game_from_one_day_to_the_other(stormy: Season) -> None:
    game, off = moved(stormy)[3]
    assert off.again_at is not None
    teams = {TEAMS[game.home].name, TEAMS[game.away].name}

    def on_espn(day: Any, at: datetime) -> list[str]:
        found = espn_scoreboard(stormy, day, at)["events"]
        return [one["status"]["type"]["name"] for one in found if set(one["name"].split(" at ")) == teams]

    assert on_espn(off.game_date, off.told_at) == ["STATUS_POSTPONED"]
    assert on_espn(game.game_date, off.told_at) == []
    assert on_espn(off.game_date, off.again_at) == []
    assert on_espn(game.game_date, off.again_at) == ["STATUS_SCHEDULED"]
    listed = stats_scoreboard(stormy, off.game_date, off.told_at)["scoreboard"]["games"]
    assert [row["gameStatusText"] for row in listed if row["gameId"] == game.league_id] == ["PPD"]
    statuses = {(row["home_team"]["abbreviation"]): row["status"] for row in box_scores(stormy, off.game_date, off.told_at)["data"]}
    assert statuses[game.home] == "PPD"


def test_the_odds_source_drops_the_event_and_lists_it_again_before_its_new_tip(stormy: Season) -> None:
    game, off = next(pair for pair in moved(stormy) if pair[1].tip - pair[1].told_at < timedelta(hours=6))
    room = QuoteRoom(stormy)

    def listed(at: datetime) -> list[str]:
        return [event["commence_time"] for event in events(stormy, at, EventFilter()).document if event["id"] == game.event_id]

    assert listed(off.told_at - MINUTE) == [f"{off.tip:%Y-%m-%dT%H:%M:%SZ}"]
    assert event_odds(room, game.event_id, off.told_at - MINUTE, ASKED).document["bookmakers"]
    assert listed(off.told_at) == []
    with pytest.raises(OddsFault, match="not found"):
        event_odds(room, game.event_id, off.told_at, ASKED)
    assert listed(game.tip - timedelta(hours=47)) == [f"{game.tip:%Y-%m-%dT%H:%M:%SZ}"]
    again = event_odds(room, game.event_id, game.tip - timedelta(hours=2), ASKED).document
    assert again["commence_time"] == f"{game.tip:%Y-%m-%dT%H:%M:%SZ}"
    assert again["bookmakers"]


def test_quotes_after_the_move_depend_on_nothing_asked_before_it(stormy: Season) -> None:
    game, off = next(pair for pair in moved(stormy) if pair[1].tip - pair[1].told_at < timedelta(hours=6))
    asked_before, fresh = QuoteRoom(stormy), QuoteRoom(stormy)
    event_odds(asked_before, game.event_id, off.told_at - MINUTE, ASKED)
    later = game.tip - timedelta(hours=2)
    assert event_odds(asked_before, game.event_id, later, ASKED) == event_odds(fresh, game.event_id, later, ASKED)


def test_the_injury_report_has_no_game_that_is_off(stormy: Season) -> None:
    game, off = next(pair for pair in moved(stormy) if pair[1].tip - pair[1].told_at < timedelta(hours=6))
    title = f"{game.away}@{game.home}"
    assert title in {row.matchup for row in report_rows(stormy, off.told_at - MINUTE)}
    assert title not in {row.matchup for row in report_rows(stormy, off.told_at)}
    assert title in {row.matchup for row in report_rows(stormy, game.tip - timedelta(hours=1))}


def test_a_game_in_play_is_live_with_its_score_on_every_scoreboard(stormy: Season) -> None:
    game = next(game for game, _ in moved(stormy))
    at = game.tip + timedelta(minutes=80)
    title = f"{TEAMS[game.away].name} at {TEAMS[game.home].name}"
    [ours] = [row for row in espn_scoreboard(stormy, game.game_date, at)["events"] if row["name"] == title]
    row = entry(stormy, game, at)
    assert row["gameStatus"] == 2
    assert row["gameStatusText"].startswith("Q3")
    assert row["homeTeam"]["score"] > 20
    listed = [one for one in stats_scoreboard(stormy, game.game_date, at)["scoreboard"]["games"] if one["gameId"] == game.league_id]
    assert [(one["gameStatus"], one["homeTeam"]["score"]) for one in listed] == [(2, row["homeTeam"]["score"])]
    assert (ours["status"]["type"]["state"], ours["status"]["period"]) == ("in", 3)
    assert ours["competitions"][0]["competitors"][0]["score"] == str(row["homeTeam"]["score"])
