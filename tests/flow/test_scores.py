"""Live scores: one light document of a day while its games are played, from whichever source is on, into what readers see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flow.upstream import DAY, practice_house, season
from tipoff.config import Settings
from tipoff.flow.plan import BOX_UNTIL, PlannedGame, capture_plan, still_needed
from tipoff.flow.scraping import scrape_now
from tipoff.flow.worker import working
from tipoff.practice.boxes import points_at, progress
from tipoff.publish.documents import Tonight
from tipoff.publish.export import publish_date
from tipoff.publish.write import get, tonight_path

GAMES = sorted(season().games_on(DAY), key=lambda game: game.tip)
PLANNED = [PlannedGame(game.game_id, game.tip) for game in GAMES]
HALF = GAMES[0].tip + timedelta(minutes=75)


def _scores(settings: Settings) -> list[Any]:
    return [ask for ask in capture_plan(DAY, PLANNED, settings) if ask.feed == "scores"]


def test_scores_are_asked_for_every_ten_minutes_from_the_first_tip() -> None:
    asks = _scores(Settings())
    assert asks[0].at == GAMES[0].tip
    assert asks[1].at - asks[0].at == timedelta(minutes=10)
    assert GAMES[-1].tip + BOX_UNTIL - asks[-1].at < timedelta(minutes=10)
    assert {(ask.game_id, ask.credits) for ask in asks} == {("", 0)}


@pytest.mark.parametrize(
    ("sources", "asked"), [(("odds_api", "espn"), True), (("odds_api", "nba_stats"), True), (("odds_api", "nba_cdn", "balldontlie"), False)]
)
def test_scores_are_asked_for_where_a_source_that_tells_them_is_on(sources: Sequence[str], asked: bool) -> None:
    assert bool(_scores(Settings().model_copy(update={"sources": sources}))) == asked


def test_scores_are_needed_until_the_last_game_is_final() -> None:
    asks = _scores(Settings())
    ids = {game.game_id for game in PLANNED}
    assert still_needed(asks, PLANNED, ids - {PLANNED[-1].game_id}) == asks
    assert still_needed(asks, PLANNED, ids) == []


@pytest.mark.parametrize("source", ["espn", "nba_stats"])
def test_readers_see_how_each_game_stands(tmp_path: Path, source: str) -> None:
    with practice_house(tmp_path, HALF, sources=("odds_api", "nba_cdn", source)) as (house, clock):
        with working(house, scheduled=False) as engine:
            scrape_now(engine, DAY, ("schedule",))
            clock.advance(timedelta(minutes=10))
            done = scrape_now(engine, DAY, ("scores",))
        assert [(one.ask.feed, one.source) for one in done.asked] == [("scores", source)]
        assert [batch.feed for batch in done.batches] == ["scores"]
        publish_date(house.warehouse, house.bucket, DAY, generated_at=clock.now())
        shown = Tonight.model_validate_json(get(house.bucket, tonight_path(DAY)) or b"").games
        now = clock.now()
    expected = {}
    for game in GAMES:
        points = tuple(points_at(season(), game, progress(game, now)).sum(axis=1).tolist())
        expected[game.game_id] = ("live", *points) if game.tip <= now else ("scheduled", None, None)
    assert {game.game_id: (game.game_status, game.home_score, game.away_score) for game in shown} == expected
    assert "live" in {status for status, *_ in expected.values()}


def test_where_no_game_has_begun_nobody_asks_for_scores(tmp_path: Path) -> None:
    with practice_house(tmp_path) as (house, _), working(house, scheduled=False) as engine:
        done = scrape_now(engine, DAY, ("schedule", "scores"))
    assert [one.ask.feed for one in done.asked] == ["schedule"]
