"""F13 Bodies: 204, empty, `null`, HTML, truncated JSON, missing price, missing point, missing team, wrong market, NaN, 1e308, negative
prices, 10 MB of nesting, duplicate keys, wrong encoding: each is quarantined with its path and reason, the rest loads."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faults.bodies import MALFORMED, document
from faults.command import load_folder
from load import wire
from load.bench import SEEN, Bench
from tipoff.load.documents import load_payloads
from tipoff.scrape.records import Payload


@dataclass(frozen=True)
class Loaded:
    """What the command printed, and the warehouse that it left."""

    printed: dict[str, Any]
    bench: Bench
    quotes: Counter[str]

    def apart(self, name: str) -> set[tuple[str, str]]:
        return {(row["path"], row["rule"]) for row in self.printed["quarantine"] if Path(row["origin"]).name.split(".")[0] == name}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Every malformed body and two good ones in one folder, loaded by the real command, once."""
    folder = tmp_path_factory.mktemp("bodies")
    documents = folder / "documents"
    documents.mkdir()
    for place, (name, malformed) in enumerate(MALFORMED.items()):
        (documents / f"{name}{malformed.suffix}").write_bytes(malformed.body(f"event-{place}"))
    (documents / "a good one.json").write_text(json.dumps(document("good")))
    (documents / "rosters.json").write_text(json.dumps(wire.rosters()))
    printed, bench = load_folder(documents, folder / "data"), Bench(folder / "data")
    quotes = Counter(row["event_id"] for table in ("raw.odds_player_points", "raw.odds_game_lines") for row in bench.rows(table))
    return Loaded(printed, bench, quotes)


@pytest.mark.parametrize("name", MALFORMED)
def test_f13_every_malformed_body_is_set_apart_with_path_and_reason(loaded: Loaded, name: str) -> None:
    assert loaded.apart(name) == set(MALFORMED[name].apart)


@pytest.mark.parametrize(("place", "name"), list(enumerate(MALFORMED)))
def test_f13_what_is_sound_in_it_loads(loaded: Loaded, place: int, name: str) -> None:
    assert loaded.quotes[f"event-{place}"] == MALFORMED[name].rows


def test_f13_the_good_documents_beside_them_load_whole(loaded: Loaded) -> None:
    row = loaded.bench.row("raw.odds_player_points", event_id="good")
    assert (row["player_lookup"], row["point"], row["over_price"], row["under_price"]) == ("jaysontatum", 27.5, 1.87, 1.95)
    assert len(loaded.bench.rows("raw.player_box")) == 6
    assert not loaded.apart("a good one") | loaded.apart("rosters")


def test_f13_every_body_is_in_the_vault_as_it_came(loaded: Loaded) -> None:
    kept = {row["url"].rpartition("/")[2]: row["payload_id"] for row in loaded.bench.rows("raw.payloads")}
    truncated = MALFORMED["truncated"].body(f"event-{list(MALFORMED).index('truncated')}")
    assert loaded.bench.vault.get(kept["truncated.json"]) == truncated
    assert len(kept) == len(MALFORMED) + 2


def test_f13_an_answer_without_content_is_a_success_with_no_rows(bench: Bench) -> None:
    nothing = Payload(b"", "https://upstream.invalid/odds", SEEN, 204)
    counts = load_payloads(bench.warehouse, bench.vault, [(nothing, "odds_api")], seen_at=SEEN, run_id="a run")
    assert (counts.documents, counts.offered, counts.set_apart) == (1, 0, {})
    assert bench.rows("raw.quarantine") == []
