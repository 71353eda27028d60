"""How a batch, or a date, stands: state, lease, progress, counts by system, absences by reason, and the batches before.

Comes in: the state database, and nothing else: so every process tells the same, whoever works, hangs or was killed. All of it is read in
one snapshot, and nothing in it hangs on when it is asked. It must never open the warehouse, nor look at a clock.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from tipoff.errors import UnknownBatch
from tipoff.flow.batch_log import BATCHES, Batch, batch_of
from tipoff.flow.state import State

SLATE = "slate"
BEFORE = 20
"""So many batches before the one asked about are told."""
BATCH_ID = r"[a-z][a-z_]{0,30}-\d{4}-\d{2}-\d{2}-\d{1,9}"
_PARTS = re.compile(r"([a-z_]+)-(\d{4}-\d{2}-\d{2})-(\d+)", re.ASCII)


def status(state: State, of: date | str) -> dict[str, Any]:
    """How a game date (its slate: phases 3 to 6) or a batch, by its id, stands. Plain values, times as ISO 8601 in UTC.

    Of a date that was never started the state is `none`. Raises UnknownBatch for an id that is on no record.
    """
    feed, game_date, number = (SLATE, of, None) if isinstance(of, date) else _parts(of)
    with state.reading() as connection:
        query = sa.select(BATCHES).where(BATCHES.c.game_date == game_date).order_by(BATCHES.c.number.desc())
        of_day = [batch_of(row) for row in connection.execute(query).mappings()]
    mine = [batch for batch in of_day if batch.feed == feed and (number is None or batch.number <= number)]
    if number is not None and not (mine and mine[0].number == number):
        raise UnknownBatch(f"No batch is called {of}.", hint="`tipoff status --date DATE` tells a date's batches.")
    newest: dict[str, Batch] = {}
    for batch in of_day:
        newest.setdefault(batch.feed, batch)
    others = [_short(batch) for name, batch in sorted(newest.items()) if name != feed]
    # Of a date, what stands is what the newest batch left that came so far; one that did only a part of it leaves it standing.
    speaking = next((batch for batch in mine[: None if number is None else 1] if batch.progress.get("stands")), None)
    told = (
        _told(mine[0], speaking)
        if mine
        else {"game_date": game_date.isoformat(), "feed": feed, "batch_id": None, "state": "none"} | _NOTHING
    )
    return told | {"before": [_short(batch) for batch in mine[1 : BEFORE + 1]], "others": others}


def _parts(batch_id: str) -> tuple[str, date, int]:
    found = _PARTS.fullmatch(batch_id)
    try:
        if found:
            return found[1], date.fromisoformat(found[2]), int(found[3])
    except ValueError:
        pass
    raise UnknownBatch(f"{batch_id!r} is no batch's id.", hint="Write it like slate-2025-11-05-1.")


_NOTHING: dict[str, Any] = {
    **dict.fromkeys(
        ("cause", "attempt", "error", "created_at", "not_before", "started_at", "finished_at", "lease", "phase", "as_of", "stands_of")
    ),
    **{name: {} for name in ("asked", "games", "systems", "absences", "counts")},
    **{name: [] for name in ("ran", "up_to_date")},
}


def _told(batch: Batch, speaking: Batch | None) -> dict[str, Any]:
    """A batch, with what stands by the one that spoke of it last."""
    progress = batch.progress
    stands = speaking.progress["stands"] if speaking is not None else {}
    systems: dict[str, Any] = stands.get("systems", {})
    phases = batch.asked.get("phases")
    done = {name: ran for name, ran in progress.get("ran", {}).items() if phases is None or name in phases}
    absences: Counter[str] = Counter()
    for system in systems.values():
        absences.update(system.get("absences", {}))
    return {
        "game_date": batch.game_date.isoformat(),
        "feed": batch.feed,
        "batch_id": batch.batch_id,
        "state": batch.state,
        "cause": batch.cause,
        "attempt": batch.attempt,
        "error": batch.error,
        "created_at": _iso(batch.created_at),
        "not_before": _iso(batch.not_before),
        "started_at": _iso(batch.started_at),
        "finished_at": _iso(batch.finished_at),
        "lease": _lease(batch),
        "phase": progress.get("phase"),
        "as_of": (progress.get("as_of") or "").replace("+00:00", "Z") or None,
        "ran": [name for name, ran in done.items() if ran],
        "up_to_date": [name for name, ran in done.items() if not ran],
        "asked": batch.asked,
        "stands_of": speaking.batch_id if speaking is not None else None,
        "games": stands.get("games", {}),
        "systems": systems,
        "absences": dict(sorted(absences.items())),
        "counts": batch.counts,
    }


def _lease(batch: Batch) -> dict[str, Any] | None:
    """Who holds a batch that runs: since when, until when unless he gives another sign of progress, and how many he gave."""
    if batch.state != "processing":
        return None
    return {
        "owner": batch.owner,
        "generation": batch.generation,
        "since": _iso(batch.started_at),
        "until": _iso(batch.lease_until),
        "beats": batch.beats,
    }


def _short(batch: Batch) -> dict[str, Any]:
    return {
        "batch_id": batch.batch_id,
        "feed": batch.feed,
        "state": batch.state,
        "cause": batch.cause,
        "finished_at": _iso(batch.finished_at),
        "error": batch.error,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
