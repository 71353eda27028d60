"""The figures of groups beside plain Python on the raw rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

import pytest

from features.raw_rows import Raw, fill
from research.planted import BOOKS, FIRST_DAY, LAST_DAY, Planted, season
from tipoff.market.devig import devig
from tipoff.research.answers import Answer, Group
from tipoff.research.juice import BINS, EDGES
from tipoff.research.questions import research
from tipoff.store.duckdb import DuckDBWarehouse

near: Any = pytest.approx
Key = tuple[str, str]


@pytest.fixture(scope="module")
def raw() -> Raw:
    return season(Planted(split=True, juice=True, moved=True), days=25)


@pytest.fixture(scope="module")
def warehouse(raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    return fill(tmp_path_factory.mktemp("by_hand") / "warehouse.duckdb", raw)


def ask(warehouse: DuckDBWarehouse, question: str) -> Answer:
    with warehouse.reading() as work:
        return research(work, question, FIRST_DAY, LAST_DAY)


def lines(raw: Raw, minutes: float) -> dict[Key, dict[str, dict[str, Any]]]:
    """Each player-game's quotes so long before the tip, by book."""
    found: dict[Key, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in raw["raw.odds_player_points"]:
        if row["minutes_to_tip"] == minutes:
            found[row["game_id"], row["player_lookup"]][row["bookmaker"]] = row
    return found


def points(raw: Raw) -> dict[Key, int]:
    return {(row["game_id"], row["player_lookup"]): row["points"] for row in raw["raw.player_box"]}


def group(answer: Answer, name: str, figure: str) -> Group:
    (found,) = (one for one in answer.groups if (one.name, one.figure) == (name, figure))
    return found


def test_disagreement(raw: Raw, warehouse: DuckDBWarehouse) -> None:
    scored, errors = points(raw), defaultdict(list)
    for key, books in lines(raw, 10.0).items():
        at = [row["point"] for row in books.values()]
        assert len(at) == len(BOOKS)
        level = "agreed" if stdev(at) == 0 else "split" if sum(one != median(at) for one in at) >= 2 else "some"
        errors[level].append(abs(median(at) - scored[key]))
    answer = ask(warehouse, "disagreement")
    for level, found in errors.items():
        told = group(answer, f"all, {level}", "error of the median line")
        assert (told.n, told.estimate) == (len(found), near(fmean(found)))
    assert set(errors) == {"agreed", "split"}


def test_juice(raw: Raw, warehouse: DuckDBWarehouse) -> None:
    scored, overs = points(raw), defaultdict(list)
    for key, books in lines(raw, 10.0).items():
        row, line = books["bovada"], median(one["point"] for one in books.values())
        lean = float(devig([row["over_price"]], [row["under_price"]])[0]) - 0.5
        if scored[key] != line:
            overs[BINS[sum(lean >= edge for edge in EDGES)]].append(scored[key] > line)
    answer = ask(warehouse, "juice")
    for name, found in overs.items():
        told = group(answer, name, "went over")
        assert (told.n, told.estimate) == (len(found), near(fmean(found)))


def test_movement(raw: Raw, warehouse: DuckDBWarehouse) -> None:
    scored, errors = points(raw), defaultdict(list)
    first = lines(raw, 300.0)
    for key, books in lines(raw, 10.0).items():
        last = median(row["point"] for row in books.values())
        moved = median(row["point"] - first[key][book]["point"] for book, row in books.items())
        name = "fell 1 or more" if moved < 0 else "rose 1 or more" if moved > 0 else "stood still"
        errors[name].append((abs(last - moved - scored[key]), abs(last - scored[key])))
    answer = ask(warehouse, "movement")
    for name, pairs in errors.items():
        for figure, found in zip(("error of the first line", "error of the last line"), zip(*pairs, strict=True), strict=True):
            told = group(answer, name, figure)
            assert (told.n, told.estimate) == (len(found), near(fmean(found)))


def test_rest(raw: Raw, warehouse: DuckDBWarehouse) -> None:
    scored, errors, closing = points(raw), defaultdict(list), lines(raw, 10.0)
    last: dict[str, date] = {}
    for box in sorted(raw["raw.player_box"], key=lambda row: row["game_date"]):
        key, before = (box["game_id"], box["player_lookup"]), last.get(box["player_lookup"])
        last[box["player_lookup"]] = box["game_date"]
        if before is not None:
            days = (box["game_date"] - before).days - 1
            errors[days].append(abs(median(row["point"] for row in closing[key].values()) - scored[key]))
    answer = ask(warehouse, "rest")
    for days, name in ((0, "back to back"), (2, "2 days")):
        told = group(answer, name, "error of the median line")
        assert (told.n, told.estimate) == (len(errors[days]), near(fmean(errors[days])))
    assert set(errors) == {0, 2}


def test_closing_value(raw: Raw, warehouse: DuckDBWarehouse) -> None:
    scored, won = points(raw), defaultdict(list)
    early = lines(raw, 240.0)
    for key, books in lines(raw, 10.0).items():
        then = median(row["point"] for row in early[key].values())
        taken = min((row["point"] for row in early[key].values()), key=lambda point: abs(point - then))
        value = median(row["point"] for row in books.values()) - taken
        if scored[key] != taken:
            won["above 0" if value > 0 else "below 0" if value < 0 else "0"].append(scored[key] > taken)
    answer = ask(warehouse, "closing-value")
    for name, found in won.items():
        told = group(answer, f"OVER, value {name}", "won")
        assert (told.n, told.estimate) == (len(found), near(fmean(found)))


def test_a_void_leaves_every_figure_and_is_counted(raw: Raw, warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    out = {**raw, "raw.player_box": [dict(row) for row in raw["raw.player_box"]]}
    out["raw.player_box"][0] |= {"minutes": 0.0, "points": None, "did_not_play": True}
    before, after = ask(warehouse, "tiers"), ask(fill(tmp_path / "void.duckdb", out), "tiers")
    assert after.coverage["of them void (no court time)"] == before.coverage["of them void (no court time)"] + 1
    assert after.coverage["player-games kept"] == before.coverage["player-games kept"] - 1
