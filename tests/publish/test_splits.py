"""A player's splits: against a slow reading of his games, and only of games before the slate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from publish.invented import Night
from publish.reading import Exported, body
from tipoff.publish.people import PlayerDocument
from tipoff.publish.splits import COLUMNS, Split, splits_of
from tipoff.publish.write import player_path

Row = dict[str, Any]
MAN = Night().men()[0]
TYPES = dict(
    zip(COLUMNS, (pa.string(), pa.date32(), pa.string(), pa.bool_(), pa.string(), pa.float64(), pa.float64(), pa.float64()), strict=True)
)


def games(seed: int = 3) -> list[Row]:
    """Sixty invented games of three players, some without a line, a place or minutes; in no order."""
    rng = np.random.default_rng(seed)
    found = []
    for player in ("a", "b", "c"):
        day = date(2031, 1, 1)
        for _ in range(20):
            day += timedelta(days=int(rng.integers(1, 5)))
            row: Row = {"player_lookup": player, "game_date": day, "game_id": f"{day}", "home": bool(rng.random() < 0.5)}
            row |= {
                "opponent": str(rng.choice(["BOS", "NYK"])),
                "points": float(rng.integers(5, 30)),
                "minutes": float(rng.integers(10, 40)),
            }
            row |= {"closing_line": float(rng.integers(10, 26)), "home": row["home"] if rng.random() < 0.9 else None}
            found.append(row | ({"closing_line": None} if rng.random() < 0.3 else {}) | ({"minutes": None} if rng.random() < 0.1 else {}))
    return [found[place] for place in rng.permutation(len(found))]


def rest_of(rows: list[Row], row: Row) -> int | None:
    before = [
        other["game_date"] for other in rows if other["player_lookup"] == row["player_lookup"] and other["game_date"] < row["game_date"]
    ]
    return (row["game_date"] - max(before)).days - 1 if before else None


def test_they_agree_with_a_slow_reading() -> None:
    rows = games()
    told = splits_of(pa.Table.from_pylist(rows, schema=pa.schema(list(TYPES.items()))), {"a": ["BOS"], "b": ["MIA"]})
    rules: dict[tuple[str, str], Callable[[Row], bool]] = {
        ("all", "all"): lambda row: True,
        ("place", "home"): lambda row: row["home"] is True,
        ("place", "away"): lambda row: row["home"] is False,
        ("rest", "0"): lambda row: rest_of(rows, row) == 0,
        ("rest", "1"): lambda row: rest_of(rows, row) == 1,
        ("rest", "2+"): lambda row: (rest_of(rows, row) or 0) >= 2,
        ("opponent", "BOS"): lambda row: row["opponent"] == "BOS",
        ("opponent", "MIA"): lambda row: False,
        ("line", "over"): lambda row: row["closing_line"] is not None and row["points"] > row["closing_line"],
        ("line", "under"): lambda row: row["closing_line"] is not None and row["points"] < row["closing_line"],
    }
    for player in "abc":
        for split in told[player]:
            mine = [row for row in rows if row["player_lookup"] == player and rules[split.kind, split.name](row)]
            assert split == slow(split, mine)
        asked = {"a": {"BOS"}, "b": {"MIA"}, "c": set()}[player]
        assert {split.name for split in told[player] if split.kind == "opponent"} == asked
        assert {"home", "away", "over", "under", "all"} <= {split.name for split in told[player]}


def slow(split: Split, rows: list[Row]) -> Split:
    """The same split, from its rows one by one."""

    def mean(values: list[float]) -> float | None:
        return round(sum(values) / len(values), 4) if values else None

    lined = [row for row in rows if row["closing_line"] is not None]
    margins = [row["points"] - row["closing_line"] for row in lined]
    return Split(
        kind=split.kind,
        name=split.name,
        n=len(rows),
        points=mean([row["points"] for row in rows]),
        minutes=mean([row["minutes"] for row in rows if row["minutes"] is not None]),
        line_n=len(lined),
        line=mean([row["closing_line"] for row in lined]),
        over=sum(margin > 0 for margin in margins),
        under=sum(margin < 0 for margin in margins),
        push=sum(margin == 0 for margin in margins),
    )


def test_a_players_document_has_them_over_all_games_on_record(before: Exported) -> None:
    player = PlayerDocument.model_validate_json(body(before.bucket, player_path(MAN.lookup)))
    (everything,) = (split for split in player.splits if split.kind == "all")
    assert (everything.n, everything.line_n) == (12, 12)
    assert everything.points == round(sum(game.points or 0.0 for game in player.games) / 12, 4)
    assert {split.name for split in player.splits if split.kind == "opponent"} == {MAN.opponent}
