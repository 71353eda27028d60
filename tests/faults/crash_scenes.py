"""Data directories to crash in: the small hand-made league with one cheap system kept, so that a slate takes a moment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from features.raw_rows import copy_of, fill
from features.small_league import NIGHT, game_of, small_league, tip_of
from load import wire
from tipoff.clock import ManualClock
from tipoff.config import load_settings
from tipoff.flow.house import open_house
from tipoff.predict.systems import systems_named
from tipoff.store.payloads import Vault, open_bucket
from tipoff.store.receipts import Receipt, Receipts
from tipoff.train.fit import fit_fleet
from tipoff.train.keep import keep_fleet
from train.invented_data import UNTIL, invented

AFTERNOON = tip_of(NIGHT) - timedelta(hours=3)
LATER = AFTERNOON + timedelta(minutes=30)
MORNING = tip_of(NIGHT) + timedelta(hours=15)
SYSTEMS = """
[moving_average]
family = "moving_average"
features = "v9"
[moving_average.parameters]
points_avg_last_5 = 0.4
points_avg_last_10 = 0.3
points_avg_season = 0.3
"""


def league_with_a_model(folder: Path) -> None:
    """The small league on the afternoon of its night. Its teams are given more turnovers, or their pace would stop the slate."""
    folder.mkdir()
    (folder / "systems.toml").write_text(SYSTEMS)
    raw = copy_of(small_league())
    for line in raw["raw.player_box"]:
        if line["minutes"] and line["tov"] is not None:
            line["tov"] += 1
    fill(folder / "warehouse.duckdb", raw)
    settings = load_settings(data_dir=folder, systems_file=folder / "systems.toml")
    with open_house(settings, ManualClock(AFTERNOON)) as house:
        fitted = fit_fleet(systems_named(["moving_average"], settings.systems_file), invented(), UNTIL, threads=1)
        keep_fleet(house.warehouse, house.bucket, fitted, invented(), created_at=AFTERNOON, run_id="train")
    (folder / "state.sqlite").unlink()


def land_lines(folder: Path) -> None:
    """A document with the totals of one game of the night, fetched and not loaded yet."""
    game = game_of(small_league(), NIGHT, "BOS")
    at = LATER - timedelta(minutes=1)
    book = wire.book("fanduel", wire.totals(219.5, at=at))
    document = wire.event(book, event_id=f"event-{game['game_id']}", tip=game["commence_time"], home=game["home"], away=game["away"])
    bucket = open_bucket(folder.as_uri())
    payload_id = Vault(bucket).put(wire.payload(document).body)
    Receipts(bucket).put(Receipt(payload_id, "odds_api", "lines", NIGHT, at, "https://a.test/odds", 200))
