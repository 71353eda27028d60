"""A game's shots are those of its newest play-by-play: what the league has taken back since is no shot any more.

Comes in: games whose shots have just been merged. Goes out: the same without the rows of older documents; the end is the same in
whatever order they came. It must never know where a document came from.
"""

from __future__ import annotations

import ibis
import pyarrow as pa

from tipoff.store.warehouse import Work


def keep_newest_plays(work: Work, games: list[str]) -> None:
    """Take away the shots of these games that only an older document tells of."""
    shots = work.table("raw.shots").semi_join(ibis.memtable(pa.table({"game_id": pa.array(sorted(games), pa.string())})), "game_id")
    documents = work.fetch(shots.select("game_id", "fetched_at", "payload_id").distinct()).to_pylist()
    newest: dict[str, tuple[object, ...]] = {}
    for row in sorted(documents, key=lambda row: (row["fetched_at"], row["payload_id"])):
        newest[row["game_id"]] = (row["fetched_at"], row["payload_id"])
    older = [row for row in documents if newest[row["game_id"]] != (row["fetched_at"], row["payload_id"])]
    if older:
        wanted = ibis.memtable(pa.Table.from_pylist(older))
        work.remove("raw.shots", work.fetch(shots.semi_join(wanted, ["game_id", "fetched_at", "payload_id"])))
