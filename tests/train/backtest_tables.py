"""A backtest's two tables and its folder, made of evidence: as `tipoff backtest` leaves them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from obstore.store import ObjectStore

from tipoff.train.evidence import Evidence


def _floats(values: object) -> pa.Array:
    return pa.array(np.asarray(values, dtype=np.float64), pa.float64(), from_pandas=True)


def facts_of(evidence: Evidence) -> pa.Table:
    """What anybody could know of these player-games afterwards."""
    games, names = zip(*(player.split("/") for player in evidence.players), strict=True)
    return pa.table(
        {
            "game_id": pa.array(games),
            "player_lookup": pa.array(names),
            "game_date": pa.array(evidence.days.astype(object).tolist(), pa.date32()),
            "trained_until": pa.array(evidence.trained_until.astype(object).tolist(), pa.date32()),
            "actual_points": _floats(evidence.points),
            "line": _floats(evidence.line),
            "market_over": _floats(evidence.market_over),
            "recalibrated_over": _floats(evidence.recalibrated_over),
        }
    )


def said_of(evidence: Evidence, system_id: str | None = None) -> pa.Table:
    """What the system said of them, with the quote that it took; its bets are on the side of the line on which its prediction is."""
    facts = facts_of(evidence)
    bets = np.isfinite(evidence.side_wins)
    side = np.where(~bets, "PASS", np.where(evidence.predicted > evidence.line, "OVER", "UNDER"))
    result = np.where(~bets, np.array(None, dtype=object), np.where(evidence.side_wins == 1, "WIN", "LOSS"))
    price = np.where(bets, evidence.price, 1.8)
    return pa.table(
        {
            "system_id": pa.array([system_id or evidence.system_id] * evidence.size),
            "game_id": facts.column("game_id"),
            "player_lookup": facts.column("player_lookup"),
            "game_date": facts.column("game_date"),
            "predicted_points": _floats(evidence.predicted),
            "predicted_whole": pa.array(evidence.whole.astype(np.int64)),
            "consensus_over": _floats(evidence.over),
            "line": _floats(evidence.bet_line),
            "over_price": _floats(np.where(side == "UNDER", 1.7, price)),
            "under_price": _floats(np.where(side == "OVER", 1.7, price)),
            "recommendation": pa.array(side.tolist()),
            "result": pa.array(result.tolist(), pa.string()),
        }
    )


def keep_backtest(
    bucket: ObjectStore,
    backtest_id: str,
    recipes: Mapping[str, str],
    said: list[Evidence],
    state: str = "finished",
    created_at: str = "2025-12-01T00:00:00+00:00",
) -> None:
    """Put a backtest in the bucket, in two folds; `said` is what each system said, of the same player-games."""
    facts, opinions = facts_of(said[0]), pa.concat_tables([said_of(evidence) for evidence in said])
    middle = said[0].days[said[0].size // 2].item()
    assert isinstance(middle, date)
    for fold, inside in (("2025-01-01", pc.less), (middle.isoformat(), pc.greater_equal)):
        for name, table in (("facts", facts), ("said", opinions)):
            body = io.BytesIO()
            pq.write_table(table.filter(inside(table.column("game_date"), middle)), body)
            bucket.put(f"backtests/{backtest_id}/folds/{fold}/{name}.parquet", body.getvalue())
    bucket.put(
        f"backtests/{backtest_id}/plan.json", json.dumps({"state": state, "recipes": dict(recipes), "created_at": created_at}).encode()
    )
