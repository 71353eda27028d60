"""The other feeds of games and box scores say of every game what the league's CDN says, as far as each of them goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from practice.conftest import key_paths
from tipoff.practice import Season
from tipoff.practice.boxes import box
from tipoff.practice.season import REGULATION_LASTS, Game
from tipoff.practice.wire_balldontlie import box_scores
from tipoff.practice.wire_box import box_score as cdn_box
from tipoff.practice.wire_espn_games import espn_id, game_of, plain, summary
from tipoff.practice.wire_espn_games import scoreboard as espn_scoreboard
from tipoff.practice.wire_stats import box_score as stats_box
from tipoff.practice.wire_stats import scoreboard as stats_scoreboard
from tipoff.scrape.box_lines import STATISTICS
from tipoff.scrape.records import Parsed, Payload
from tipoff.scrape.sources import SOURCES, recognise

Lines = dict[str, dict[str, Any]]


def parsed(document: Any, at: datetime) -> Parsed:
    body = msgspec.json.encode(document)
    told = recognise(body)
    assert told is not None
    found = SOURCES[told[0]].transform(Payload(body, "", at, 200))
    assert (found.league, found.rejects) == ("practice", [])
    return found


def lines(found: Parsed) -> Lines:
    """Players' lines by plain name, less what says where they stood and when they were known."""
    table = found.records.get("box")
    rows = table.to_pylist() if table is not None else []
    return {plain(row["name"]): row for row in rows}


def games(found: Parsed) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = found.records["games"].to_pylist()
    return told


@pytest.fixture(scope="module")
def sampled(season: Season) -> list[Game]:
    """Games of the whole season, overtimes among them."""
    long = [game for game in season.games if game.overtimes][:3]
    return [*season.games[::200], *long]


@pytest.fixture(scope="module")
def by_cdn(season: Season, sampled: list[Game]) -> list[Lines]:
    return [lines(parsed(cdn_box(season, game, game.final_at), game.final_at)) for game in sampled]


def test_the_statistics_agree_with_the_cdn_on_every_figure(season: Season, sampled: list[Game], by_cdn: list[Lines]) -> None:
    same = ("league_player_id", "team", "started", "minutes", "did_not_play", *STATISTICS)
    for game, other in zip(sampled, by_cdn, strict=True):
        own = lines(parsed(stats_box(season, game, game.final_at), game.final_at))
        dressed = {name for name, row in other.items() if not (row["reason"] or "").startswith("INACTIVE")}
        assert own.keys() == dressed
        assert [[own[name][key] for key in same] for name in own] == [[other[name][key] for key in same] for name in own]
        assert {(row["commence_time"], row["home_team"], row["away_team"]) for row in own.values()} == {(None, game.home, game.away)}


def test_espn_agrees_with_the_cdn_on_every_figure_but_the_seconds(season: Season, sampled: list[Game], by_cdn: list[Lines]) -> None:
    same = ("commence_time", "team", "started", "did_not_play", *STATISTICS)
    for game, other in zip(sampled, by_cdn, strict=True):
        found = parsed(summary(season, game, game.final_at), game.final_at)
        own = lines(found)
        assert [(row["espn_id"], row["home_score"], row["away_score"], row["status"]) for row in games(found)] == [
            (espn_id(game), game.home_points, game.away_points, "final")
        ]
        assert own.keys() == {name for name, row in other.items() if not (row["reason"] or "").startswith("INACTIVE")}
        assert [[own[name][key] for key in same] for name in own] == [[other[name][key] for key in same] for name in own]
        assert all(row["minutes"] in (None, int(other[name]["minutes"])) for name, row in own.items())
        assert all(0 < other[name]["minutes"] < 1 for name, row in own.items() if row["minutes"] is None)


def test_balldontlie_agrees_with_the_cdn_on_every_figure_that_it_has(season: Season, sampled: list[Game], by_cdn: list[Lines]) -> None:
    same = ("team", "did_not_play", *STATISTICS[:-1])
    for game, other in zip(sampled, by_cdn, strict=True):
        at = max(one.final_at for one in season.games_on(game.game_date))
        found = parsed(box_scores(season, game.game_date, at), at)
        own = {name: row for name, row in lines(found).items() if row["home_team"] == game.home}
        assert own.keys() == other.keys()
        brief = {name for name, row in other.items() if 0 < row["minutes"] < 1}  # without a figure they cannot be told from the others
        assert [[own[name][key] for key in same] for name in own.keys() - brief] == [
            [other[name][key] for key in same] for name in own.keys() - brief
        ]
        assert {(row["game_date"], row["commence_time"], row["plus_minus"], row["started"]) for row in own.values()} == {
            (game.game_date, None, None, None)
        }


def test_every_feed_agrees_with_what_was_played(season: Season, sampled: list[Game]) -> None:
    for game in sampled:
        at = max(one.final_at for one in season.games_on(game.game_date))
        found = box(season, game)
        played = {plain(line.player.name): line.points for line in (*found.home, *found.away) if line.played}
        for document in (stats_box(season, game, at), summary(season, game, at), box_scores(season, game.game_date, at)):
            own = lines(parsed(document, at))
            assert {name: own[name]["points"] or 0 for name in played} == played


@pytest.mark.parametrize("make", [stats_scoreboard, espn_scoreboard])
def test_a_scoreboard_tells_of_every_game_of_the_day(season: Season, make: Callable[..., Any]) -> None:
    on = season.games_on(season.games[400].game_date)
    at = on[0].final_at
    told = {row["home"]: row for row in games(parsed(make(season, on[0].game_date, at), at))}
    assert told.keys() == {game.home for game in on}
    for game in on:
        row = told[game.home]
        assert (row["commence_time"], row["away"]) == (game.tip, game.away)
        status = "final" if game.final_at <= at else "live" if game.tip <= at else "scheduled"
        assert row["status"] == status
        score = (row["home_score"], row["away_score"])
        if status == "live":
            assert 0 <= score[0] <= game.home_points
            assert 0 <= score[1] <= game.away_points
        else:
            assert score == ((game.home_points, game.away_points) if status == "final" else (None, None))


def test_no_feed_gives_a_box_score_of_a_game_under_way(season: Season) -> None:
    """The statistics have no status: with minutes to play these are not those of a whole game yet, and where they are, after regulation,
    the score is tied."""
    long = next(game for game in season.games if game.overtimes)
    for game in (*season.games[400:430], long):
        for since in (timedelta(seconds=-1), timedelta(minutes=70), REGULATION_LASTS, game.final_at - game.tip - timedelta(minutes=3)):
            if since == REGULATION_LASTS and not game.overtimes:
                continue
            at = game.tip + since
            for document in (summary(season, game, at), box_scores(season, game.game_date, at)):
                found = SOURCES[_source(document)].transform(Payload(msgspec.json.encode(document), "", at, 200))
                assert game.home not in {row["home_team"] for row in lines(found).values()}
            found = SOURCES["nba_stats"].transform(Payload(msgspec.json.encode(stats_box(season, game, at)), "", at, 200))
            assert found.rows == 0
            assert [reject.rule for reject in found.rejects] in (["not_final"], ["not_an_object"])


def _source(document: Any) -> str:
    told = recognise(msgspec.json.encode(document))
    assert told is not None
    return told[0]


def test_the_documents_have_no_key_that_the_recorded_ones_lack(season: Season, recorded: Callable[[str], Any]) -> None:
    game = season.games[400]
    for document, path in (
        (stats_box(season, game, game.final_at), "nba-stats/boxscoretraditionalv3.json"),
        (stats_scoreboard(season, game.game_date, game.final_at), "nba-stats/scoreboardv3.json"),
        (espn_scoreboard(season, game.game_date, game.final_at), "espn/scoreboard.json"),
        (box_scores(season, game.game_date, game.final_at), "balldontlie/box_scores.json"),
    ):
        assert key_paths(document) - key_paths(recorded(path)) <= {"league"}, path


@pytest.mark.parametrize("event", ["", "0", "-1", "990001230", "989999999", "½", "9" * 30])
def test_an_id_that_espn_has_not_is_no_game(season: Season, event: str) -> None:
    assert game_of(season, event) is None
