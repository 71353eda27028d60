"""F57 Empty because there are no games, because of a halt, because something broke, or because all ran and nothing qualified: four
different documents, of every kind that can be empty."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from obstore.store import ObjectStore

from publish.invented import NIGHT, Night, fill
from publish.reading import BEFORE, document
from tipoff.publish.export import publish_date
from tipoff.publish.write import best_bets_path, tonight_path
from tipoff.store.duckdb import DuckDBWarehouse
from tipoff.store.payloads import open_bucket
from tipoff.store.warehouse import Warehouse
from web.serving import serving

DOCUMENTS = (tonight_path(NIGHT), best_bets_path(NIGHT))


def no_games(warehouse: Warehouse, bucket: ObjectStore) -> None:
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)


def halted(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, halt_reason="by_hand: the books are down")


def broken(warehouse: Warehouse, bucket: ObjectStore) -> None:
    night = Night()
    night.schedule(warehouse)
    night.people(warehouse)
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE, failure="phase 5 (predict): the disk is full")


def nothing_qualified(warehouse: Warehouse, bucket: ObjectStore) -> None:
    fill(warehouse, Night(threshold=50.0))
    publish_date(warehouse, bucket, NIGHT, generated_at=BEFORE)


KINDS: dict[str, tuple[Callable[[Warehouse, ObjectStore], None], str]] = {
    "no_games": (no_games, "no games are scheduled"),
    "halted": (halted, "by_hand: the books are down"),
    "broken": (broken, "the disk is full"),
    "nothing_qualified": (nothing_qualified, "edge is"),
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ObjectStore]:
    """By kind of empty the bucket in which it was published."""
    found = {}
    for name, (arrange, _) in KINDS.items():
        folder: Path = tmp_path_factory.mktemp(name)
        (folder / "bucket").mkdir()
        found[name] = open_bucket((folder / "bucket").as_uri())
        arrange(DuckDBWarehouse(folder / "warehouse.duckdb"), found[name])
    return found


def picks(shown: dict[str, Any]) -> int:
    if "picks" in shown:
        return len(shown["picks"])
    players = [player for game in shown["games"] for player in game["players"]]
    return sum(bool(player["prediction"]) and player["prediction"]["recommendation"] in ("OVER", "UNDER") for player in players)


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_f57_each_kind_of_empty_says_in_words_which_it_is(empty: dict[str, ObjectStore], kind: str, path: str) -> None:
    shown = document(empty[kind], path)
    assert picks(shown) == 0
    assert (shown["state"], shown["halt"]["active"]) == (kind, kind == "halted")
    assert KINDS[kind][1] in shown["state_detail"]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_f57_the_four_are_four_different_documents(empty: dict[str, ObjectStore], path: str) -> None:
    said = {json.dumps([shown["state"], shown["state_detail"], shown["halt"]]) for shown in (document(one, path) for one in empty.values())}
    assert len(said) == len(KINDS)


def test_f57_where_nothing_qualified_every_candidate_stands_with_its_reason(empty: dict[str, ObjectStore]) -> None:
    bets = document(empty["nothing_qualified"], best_bets_path(NIGHT))
    assert bets["passed"]
    assert all(one["why"] and one["detail"] for one in bets["passed"])
    for kind in ("no_games", "halted", "broken"):
        assert document(empty[kind], best_bets_path(NIGHT))["passed"] == []


def test_f57_people_are_shown_four_different_pages(empty: dict[str, ObjectStore]) -> None:
    pages = {}
    for kind, bucket in empty.items():
        with serving(bucket, BEFORE) as client:
            answer = client.get(f"/tonight/{NIGHT}")
        assert answer.status_code == 200
        pages[kind] = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
    assert len(set(pages.values())) == len(KINDS)
