"""Names in the books' lists that lead to nobody: their absence is on record too, under the name as printed. Knows waiting names."""

from __future__ import annotations

import pyarrow as pa

from tipoff.features.build import Built
from tipoff.predict.slate import SlateOptions
from tipoff.predict.systems import System
from tipoff.store.warehouse import Work


def waiting_names(work: Work, built: Built) -> list[dict[str, str]]:
    """The names that wait in the slate's games, by game and name."""
    waiting = work.table("ref.unresolved_names")
    games = sorted(set(built.ingredients.column("game_id").to_pylist()))
    rows: list[dict[str, str]] = work.fetch(
        waiting.filter(waiting.game_id.isin(games) & waiting.resolved_at.isnull()).order_by(["game_id", "name"])
    ).to_pylist()
    return rows


def unresolved_absences(waiting: list[dict[str, str]], built: Built, system: System, options: SlateOptions) -> pa.Table:
    """Absences `unresolved_name` of a system for every name that waits in the slate's games, one a name; but for who is scheduled under it
    by now: a word on him stands already, though his lines still wait."""
    games, players, moments_of, days_of = (
        built.ingredients.column(name).to_pylist() for name in ("game_id", "player_lookup", "as_of", "game_date")
    )
    moments, days = dict(zip(games, moments_of, strict=True)), dict(zip(games, days_of, strict=True))
    scheduled = set(zip(games, players, strict=True))
    by_player = {key: row for row in waiting if row["player_lookup"] and (key := (row["game_id"], row["player_lookup"])) not in scheduled}
    kind = pa.timestamp("us", "UTC")
    return pa.table(
        {
            "game_id": pa.array([game for game, _ in by_player], pa.string()),
            "player_lookup": pa.array([player for _, player in by_player], pa.string()),
            "game_date": pa.array([days[game] for game, _ in by_player], pa.date32()),
            "as_of": pa.array([moments[game] for game, _ in by_player], kind),
            "system_id": pa.array([system.system_id] * len(by_player), pa.string()),
            "batch_id": pa.array([options.batch_id] * len(by_player), pa.string()),
            "reason": pa.array(["unresolved_name"] * len(by_player), pa.string()),
            "detail": pa.array([_detail(row) for row in by_player.values()], pa.string()),
            "mended_by": pa.array(["load"] * len(by_player), pa.string()),
            "has_line": pa.array([True] * len(by_player), pa.bool_()),
        }
    )


def _detail(row: dict[str, str]) -> str:
    near = f"; it might be {row['candidates']}" if row["candidates"] else ""
    return f"{row['name']} leads to nobody on either roster{near}"
