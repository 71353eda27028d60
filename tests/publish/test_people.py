"""The documents of a slate's players."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from obstore.store import ObjectStore

from publish.invented import NIGHT, Night, fill, filling
from publish.json_schema import faults
from publish.reading import AFTER, BEFORE, Exported, body, document
from tipoff.publish.export import publish_date
from tipoff.publish.people import PLAYERS, PlayerDocument, Players, publish_players
from tipoff.publish.write import player_path
from tipoff.store.tables.features import catalogue
from tipoff.store.warehouse import Warehouse

MAN = Night().men()[0]


def player(bucket: ObjectStore, lookup: str = MAN.lookup) -> PlayerDocument:
    return PlayerDocument.model_validate_json(body(bucket, player_path(lookup)))


def listed(bucket: ObjectStore) -> Players:
    return Players.model_validate_json(body(bucket, PLAYERS))


def test_each_player_of_the_slate_has_one_that_fits_its_schema(after: Exported) -> None:
    schema = document(after.bucket, "v1/schemas/player.json")
    everybody = listed(after.bucket)
    assert [one.player_lookup for one in everybody.players] == sorted(shown.player_lookup for shown in after.players)
    for one in everybody.players:
        assert faults(document(after.bucket, one.document), schema) == []
    assert faults(document(after.bucket, PLAYERS), document(after.bucket, "v1/schemas/players.json")) == []


def test_it_says_of_him_what_the_night_does(after: Exported) -> None:
    for shown in after.players:
        mine = player(after.bucket, shown.player_lookup)
        assert (mine.player.name, mine.player.team) == (shown.name, shown.team)
        assert mine.predictions[0].systems == shown.predictions
        assert mine.predictions[0].headline == shown.prediction
        assert mine.lines[0].props == shown.props
        assert [game.points for game in mine.games][:10] == shown.last_10.points
        assert [grade.result for grade in mine.grades] == [said.result for said in shown.predictions if said.system_id == "ridge_line"]


def test_his_features_are_all_of_the_catalogue_with_source_quality_and_age(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    row = {"game_id": MAN.game, "player_lookup": MAN.lookup, "as_of": MAN.snapshot, "game_date": NIGHT, "fatigue_score": 71.5}
    row |= {"fatigue_score_quality": 100, "fatigue_score_source": "calculated", "newest_known_at": MAN.snapshot - timedelta(minutes=12)}
    warehouse.merge("features.store", filling("features.store", [row]), "a test")
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    (now,) = player(bucket).features
    assert [feature.name for feature in now.values] == [entry.name for entry in catalogue()]
    assert now.age_minutes == 12
    (fatigue,) = [feature for feature in now.values if feature.name == "fatigue_score"]
    assert (fatigue.value, fatigue.quality, fatigue.source) == (71.5, 100, "calculated")


def test_only_those_are_written_whose_content_changed(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)
    later = BEFORE + timedelta(minutes=5)
    again = publish_date(warehouse, bucket, NIGHT, generated_at=later)
    assert not [path for path in again.documents if path.startswith("v1/player/")]
    row = {"game_id": MAN.game, "player_lookup": MAN.lookup, "as_of": MAN.snapshot, "game_date": NIGHT, "fatigue_score": 1.0}
    warehouse.merge("features.store", filling("features.store", [row]), "a test")
    changed = publish_date(warehouse, bucket, NIGHT, generated_at=later)
    assert [path for path in changed.documents if path.startswith("v1/player/")] == [player_path(MAN.lookup)]
    assert player(bucket).generated_at == later


def test_an_older_slate_takes_no_newer_ones_place(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    tomorrow = Night(night=NIGHT + timedelta(days=1))
    tomorrow.schedule(warehouse)
    tomorrow.people(warehouse)
    publish_date(warehouse, bucket, tomorrow.night, generated_at=BEFORE)
    publish_date(warehouse, bucket, NIGHT, generated_at=AFTER)
    assert {one.game_date for one in listed(bucket).players} == {tomorrow.night}
    assert player(bucket).game_date == tomorrow.night


def test_two_dates_that_are_published_at_once_lose_nobody_from_the_list(before: Exported, bucket: ObjectStore) -> None:
    documents = [player(before.bucket, shown.player_lookup) for shown in before.players]
    together = Barrier(2)

    def publish(mine: list[PlayerDocument]) -> None:
        together.wait()
        publish_players(bucket, mine, before.night)

    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(publish, documents[half::2]) for half in (0, 1)]:
            done.result()
    assert [one.player_lookup for one in listed(bucket).players] == sorted(shown.player_lookup for shown in before.players)
    assert [one.digest for one in listed(bucket).players] == [one.digest for one in listed(before.bucket).players]
