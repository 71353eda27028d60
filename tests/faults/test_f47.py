"""F47 One bad game does not drop the other ten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faults.nights import SAID, Evening, evening
from features import changes as do
from features.built_rows import differences, games, rows_by_key
from features.raw_rows import Raw, fill
from features.small_league import NIGHT, game_of
from tipoff.features.build import Built, build
from tipoff.load.documents import load_payloads
from tipoff.predict.activate import PREDICTIONS
from tipoff.scrape.records import Payload
from train import practice_house as house

BAD = house.games_of_night()[1]


def nonsense() -> Payload:
    """The books' document on the bad game: every other point is beyond any number of points, every other price is a word."""
    asked = house.lines(BAD, BAD.tip - house.BEFORE_TIP)
    document = house.document(asked)
    for number, outcome in enumerate(_outcomes(document)):
        outcome.update({"point": 1e308} if number % 2 else {"price": "evens"})
    return Payload(json.dumps(document).encode(), asked.origin, asked.fetched_at, 200)


def _outcomes(document: Any) -> Iterator[dict[str, Any]]:
    for book in document["bookmakers"]:
        for market in book["markets"]:
            yield from market["outcomes"]


def take_lines_for(tonight: Evening, payload: Payload) -> None:
    """The bad game's lines are those of this document and no others."""
    tonight.spoil(*(f"DELETE FROM raw.{table} WHERE game_id = '{BAD.game_id}'" for table in ("odds_player_points", "odds_game_lines")))
    load_payloads(tonight.house.warehouse, tonight.house.vault, [(payload, None)], seen_at=house.MORNING, run_id="bad")


def test_f47_one_bad_game_is_set_apart_and_the_others_are_predicted_to_the_last_digit_as_they_would_be(tmp_path: Path) -> None:
    normal = house.predicted().stage.warehouse.read(PREDICTIONS).to_pylist()
    with evening(tmp_path) as tonight:
        take_lines_for(tonight, nonsense())
        tonight.night()
        said, absences = (tonight.rows(table) for table in SAID)
        set_apart = tonight.rows("raw.quarantine")
        [shown] = [game for game in tonight.document().games if game.game_id == BAD.game_id]
    assert len({row["rule"] for row in set_apart}) >= 2
    others = {row["prediction_id"] for row in normal if row["game_id"] != BAD.game_id}
    assert {row["prediction_id"] for row in said if row["game_id"] != BAD.game_id} == others
    of_bad = [row for row in said if row["game_id"] == BAD.game_id]
    assert {row["recommendation"] for row in of_bad} <= {"NO_LINE"}
    told = {row["player_lookup"] for row in of_bad} | {row["player_lookup"] for row in absences if row["game_id"] == BAD.game_id}
    assert {player.player_lookup for player in shown.players} <= told


def test_f47_nonsense_beyond_what_loading_lets_through_leaves_the_rows_of_the_others_as_they_were(
    league: Raw, whole: Built, tmp_path: Path
) -> None:
    """Box scores without figures, lines that are no numbers, a status that is no word: the bad game's rows say what is missing."""
    bad = str(game_of(league, NIGHT, "UTA")["game_id"])
    good = [str(game_of(league, NIGHT, team)["game_id"]) for team in ("NYK", "BOS")]
    with fill(tmp_path / "warehouse.duckdb", do.one_bad_game(league)).reading() as work:
        rows = rows_by_key(build(work, [bad, *good]))
    assert differences(games(rows, *good), games(rows_by_key(whole), *good)) == []
    row = rows[bad, "dena"]
    assert not row["quality_ready"]
    assert row["missing_required"] >= 5
