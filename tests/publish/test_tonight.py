"""The night's document: what it holds, that it fits its schema, and that the same inputs give the same bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from obstore.store import ObjectStore

from publish.invented import NIGHT, SYSTEMS, Night, fill, filling
from publish.json_schema import faults
from publish.reading import AFTER, BEFORE, Exported, body, document, night_of
from tipoff.publish.export import publish_date
from tipoff.publish.write import LATEST, get, results_path, tonight_path
from tipoff.store.warehouse import Warehouse


def test_every_document_fits_the_schema_that_is_published_beside_it(after: Exported) -> None:
    assert faults(document(after.bucket, tonight_path(NIGHT)), document(after.bucket, "v1/schemas/tonight.json")) == []
    assert faults(document(after.bucket, LATEST), document(after.bucket, "v1/schemas/tonight.json")) == []
    assert faults(document(after.bucket, results_path(NIGHT)), document(after.bucket, "v1/schemas/results.json")) == []


def test_the_schema_would_refuse_another_document(before: Exported) -> None:
    schema, night = document(before.bucket, "v1/schemas/tonight.json"), document(before.bucket, tonight_path(NIGHT))
    assert faults(night | {"state": "fine"}, schema) == ["$.state: 'fine' not in the enumeration"]
    assert faults(night | {"surprise": 1}, schema) == ["$.surprise: not declared"]
    assert faults({name: value for name, value in night.items() if name != "halt"}, schema) == ["$.halt: missing"]


def test_the_same_inputs_give_the_same_bytes(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse, Night(graded=True))
    first = publish_date(warehouse, bucket, NIGHT, generated_at=AFTER)
    bodies = {path: body(bucket, path) for path in first.documents}
    again = publish_date(warehouse, bucket, NIGHT, generated_at=AFTER)
    assert replace(again, shown=first.shown, documents=first.documents, bytes=first.bytes) == first
    assert {path: body(bucket, path) for path in first.documents} == bodies


def test_only_its_own_time_differs_between_two_exports(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    first = document(bucket, tonight_path(NIGHT))
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE + timedelta(minutes=5))
    second = document(bucket, tonight_path(NIGHT))
    assert {name for name in first if first[name] != second[name]} == {"generated_at"}
    assert list(first) == list(second)


def test_the_counts_on_top_are_those_of_the_players_below(before: Exported) -> None:
    night, counts = before.night, before.counts
    assert (night.total_games, night.total_players) == (5, 90) == (counts.games, counts.players)
    assert night.total_with_lines == sum(player.has_line for player in before.players) == 70
    assert night.total_predicted == sum(bool(player.predictions) for player in before.players) == counts.predicted
    assert night.total_predicted + sum(count.players for count in night.absences) == 90


def test_each_player_has_one_opinion_or_one_reason_a_system(before: Exported) -> None:
    for player in before.players:
        said = [opinion.system_id for opinion in player.predictions] + [absence.system_id for absence in player.absences]
        assert sorted(said) == sorted(SYSTEMS)
        assert (player.absence is None) == bool(player.predictions)


def test_reasons_for_absence_are_counted_and_told(before: Exported) -> None:
    absent = [player.absence for player in before.players if player.absence is not None]
    counted = Counter(absence.reason.partition("(")[0] for absence in absent)
    assert {count.reason: count.players for count in before.night.absences} == counted
    assert {"out", "low_minutes", "not_quality_ready"} <= set(counted)
    assert all(absence.detail for absence in absent)
    assert {absence.mended_by for absence in absent if absence.reason.startswith("not_quality")} == {"features"}


def test_what_is_waived_stands_once_on_the_slate_and_with_each_player(before: Exported) -> None:
    assert before.night.waived == ["pct_mid_range", "pct_paint", "pct_three"]
    assert {tuple(sorted(player.quality.waived)) for player in before.players if player.quality} == {tuple(before.night.waived)}


def test_a_prediction_that_was_taken_down_is_an_absence_with_its_reason(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    with warehouse.writing("injury") as work:
        rows = work.fetch(work.table("predictions.player_prop_predictions")).to_pylist()
        him = [row for row in rows if row["player_lookup"] == rows[0]["player_lookup"]]
        taken = [row | {"is_active": False, "invalidation_reason": "player_injured_out"} for row in him]
        work.merge("predictions.player_prop_predictions", filling("predictions.player_prop_predictions", taken))
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    player = next(p for game in night_of(bucket, NIGHT).games for p in game.players if p.player_lookup == rows[0]["player_lookup"])
    assert player.absence is not None
    assert player.absence.reason == "out"
    assert player.predictions == []


def test_the_price_shown_is_that_of_the_side_recommended(before: Exported) -> None:
    opinions = [opinion for player in before.players for opinion in player.predictions]
    expected = {"OVER": 1.91, "UNDER": 1.89, "PASS": None, "NO_LINE": None}
    assert {opinion.recommendation for opinion in opinions} == set(expected)
    assert all(opinion.price == expected[str(opinion.recommendation)] for opinion in opinions)


def test_the_champion_is_the_headline_and_is_not_called_unproven(after: Exported) -> None:
    assert [(s.system_id, s.bootstrap) for s in after.night.systems if s.headline] == [("ridge_line", False)]


def test_without_a_champion_the_system_asked_for_serves_unproven(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, headline_system="moving_average")
    night = night_of(bucket, NIGHT)
    shown = [p.prediction for game in night.games for p in game.players if p.prediction is not None]
    assert {(opinion.system_id, opinion.bootstrap) for opinion in shown} == {("moving_average", True)}


def test_without_either_the_first_by_name_serves(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, headline_system="nobody")
    assert [s.system_id for s in night_of(bucket, NIGHT).systems if s.headline] == ["boosted_quantiles"]


def test_an_older_night_published_again_does_not_become_the_latest(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    publish_date(warehouse, bucket, NIGHT - timedelta(days=1), generated_at=AFTER)
    assert document(bucket, LATEST)["game_date"] == NIGHT.isoformat()
    assert document(bucket, tonight_path(NIGHT - timedelta(days=1)))["state"] == "no_games"


def test_what_became_known_later_is_not_in_a_document_of_an_earlier_moment(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse, Night(graded=True))
    counts = publish_date(warehouse, bucket, NIGHT, generated_at=AFTER, as_of=BEFORE)
    night = night_of(bucket, NIGHT)
    assert {game.game_status for game in night.games} == {"scheduled"}
    assert all(player.actual_points is None and player.result is None for game in night.games for player in game.players)
    assert counts.graded == 0
    assert get(bucket, results_path(NIGHT)) is None


def test_a_game_moved_to_another_day_is_postponed_on_its_first(warehouse: Warehouse, bucket: ObjectStore) -> None:
    night = fill(warehouse)
    game, away, home, tip = night.tips()[0]
    moved = {
        "game_id": game,
        "league_game_id": f"L{game}",
        "game_date": NIGHT + timedelta(days=9),
        "commence_time": tip + timedelta(days=9),
    }
    row = moved | {"home": home, "away": away, "status": "scheduled", "known_at": BEFORE - timedelta(hours=1)}
    warehouse.merge("raw.schedule", filling("raw.schedule", [row]), "moved")
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    assert {g.game_id: g.game_status for g in night_of(bucket, NIGHT).games}[game] == "postponed"


def test_a_game_that_the_league_names_anew_on_another_day_is_postponed_on_its_first(warehouse: Warehouse, bucket: ObjectStore) -> None:
    night = fill(warehouse)
    game, away, home, tip = night.tips()[0]
    then = NIGHT + timedelta(days=9)
    row = {"game_id": f"{then:%Y%m%d}_{away}_{home}", "league_game_id": f"L{game}", "game_date": then, "home": home, "away": away}
    row |= {"commence_time": tip + timedelta(days=9), "season": "2030-31", "status": "scheduled", "known_at": BEFORE}
    warehouse.merge("raw.schedule", filling("raw.schedule", [row]), "moved")
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    assert {g.game_id: g.game_status for g in night_of(bucket, NIGHT).games}[game] == "postponed"


def test_an_odds_source_does_not_overrule_the_league_on_its_own_game(warehouse: Warehouse, bucket: ObjectStore) -> None:
    night = fill(warehouse)
    game, away, home, tip = night.tips()[0]
    row = {"game_id": game, "event_id": "e1", "game_date": NIGHT, "commence_time": tip + timedelta(hours=2), "home": home, "away": away}
    row |= {"status": "cancelled", "known_at": BEFORE - timedelta(hours=1)}
    warehouse.merge("raw.schedule", filling("raw.schedule", [row]), "odds")
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    shown = next(g for g in night_of(bucket, NIGHT).games if g.game_id == game)
    assert (shown.game_status, shown.tip_at) == ("scheduled", tip)
