"""The ledger of picks: everything that a published document recommended, and when. Rows are only ever added.

In: what documents say now. Out: rows of `predictions.published_picks`, within the caller's transaction. A pick that is shown otherwise, or
no more, is a new row that names the one it corrects; so of each place in a document a chain is left, whose last row is what readers see. A
halt withholds and withdraws nothing. It must never know how a pick was made, nor change a row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import ibis.expr.types as ir
import msgspec

from tipoff.publish.documents import Tonight
from tipoff.publish.reads import Row
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Work, day_of

LEDGER = "predictions.published_picks"
SIDES = ("OVER", "UNDER")
PICK, CORRECTION, WITHDRAWAL = "pick", "correction", "withdrawal"

Place = tuple[str, str, str]
"""Where a pick stands in a document: (game, player, system)."""


@dataclass(frozen=True)
class Pick:
    """One recommendation as a document shows it. `price` is decimal, of the recommended side; `shown` is the whole entry as JSON, without
    what became of it."""

    recommendation: str
    line: float | None
    bookmaker: str | None
    price: float | None
    shown: str


@dataclass(frozen=True)
class Shown:
    """What one document shows, and since when (UTC). `instead` says of places without a pick what stands there; `withheld` tells that a
    halt keeps picks back, so that what is missing is not withdrawn. `predictions` names the (prediction, model) behind a place."""

    document: str
    game_date: date
    published_at: datetime
    picks: Mapping[Place, Pick]
    instead: Mapping[Place, str] = field(default_factory=dict)
    withheld: bool = False
    predictions: Mapping[Place, tuple[str | None, str | None]] = field(default_factory=dict)


def shown_in_night(night: Tonight, document: str, predictions: Iterable[Row] = ()) -> Shown:
    """The picks of a night's document: every system's OVER and UNDER, and whether it is the one that the slate stands for."""
    headline = {system.system_id for system in night.systems if system.headline}
    picks: dict[Place, Pick] = {}
    instead: dict[Place, str] = {}
    for game in night.games:
        for player in game.players:
            for absence in player.absences:
                instead[game.game_id, player.player_lookup, absence.system_id] = absence.model_dump_json()
            for opinion in player.predictions:
                place = (game.game_id, player.player_lookup, opinion.system_id)
                if opinion.recommendation not in SIDES:
                    instead[place] = opinion.model_dump_json(exclude={"result"})
                    continue
                entry = opinion.model_dump(mode="json", exclude={"result"}) | {"headline": opinion.system_id in headline}
                picks[place] = Pick(opinion.recommendation, opinion.line, opinion.bookmaker, opinion.price, as_json(entry))
    behind = {(row["game_id"], row["player_lookup"], row["system_id"]): (row["prediction_id"], row["model_id"]) for row in predictions}
    return Shown(document, night.game_date, night.generated_at, picks, instead, predictions=behind)


def known_now(before: Shown, now: Shown) -> Shown:
    """What a document showed `before`, with the predictions behind the picks that it shows still, word for word: who reads a document knows
    no ids."""
    same = {place for place, pick in before.picks.items() if now.picks.get(place) == pick}
    return replace(before, predictions={place: behind for place, behind in now.predictions.items() if place in same})


def as_json(entry: Mapping[str, Any]) -> str:
    """An entry as it is kept: the same text for the same content."""
    return msgspec.json.encode(entry, order="sorted").decode()


def append(work: Work, documents: Sequence[Shown]) -> int:
    """Put on record what these documents show that is not on record yet, in their order; how many rows that took.

    Each document is compared with what the ledger says that it showed last. Raises nothing of its own.
    """
    if not documents:
        return 0
    standing = _standing(work, {shown.game_date for shown in documents})
    rows: list[Row] = []
    for shown in documents:
        last = standing.setdefault((shown.game_date, shown.document), {})
        for place in sorted({*shown.picks, *last}):
            row = _row(shown, place, last.get(place))
            if row is not None:
                rows.append(row)
                last[place] = row
    if rows:
        work.merge(LEDGER, table_of(LEDGER, rows))
    return len(rows)


def picks_before(work: Work, game_date: date, document: str) -> dict[Place, str]:
    """What the ledger says that a document of a date shows, withdrawn picks left out: the entries as JSON, by place."""
    standing = _standing(work, {game_date}).get((game_date, document), {})
    return {place: row["shown"] for place, row in standing.items() if row["kind"] != WITHDRAWAL}


def _row(shown: Shown, place: Place, last: Row | None) -> Row | None:
    """The row that a place asks for; None where what stands there is on record."""
    pick = shown.picks.get(place)
    if pick is not None:
        if last is not None and last["shown"] == pick.shown:
            return None
        kind = PICK if last is None else CORRECTION
    else:
        if last is None or last["kind"] == WITHDRAWAL or shown.withheld:
            return None
        pick, kind = Pick("", None, None, None, shown.instead.get(place, "{}")), WITHDRAWAL
    game, player, system = place
    corrects = last["pick_id"] if last is not None else None
    parts = (shown.document, str(shown.game_date), game, player, system, kind, pick.shown, corrects or "")
    prediction, model = shown.predictions.get(place, (None, None))
    return {
        "pick_id": hashlib.sha256("\n".join(parts).encode()).hexdigest(),
        "prediction_id": prediction,
        "game_date": shown.game_date,
        "document": shown.document,
        "shown": pick.shown,
        "published_at": shown.published_at,
        "game_id": game,
        "player_lookup": player,
        "system_id": system,
        "model_id": model,
        "kind": kind,
        "corrects": corrects,
        "recommendation": pick.recommendation or None,
        "line": pick.line,
        "bookmaker": pick.bookmaker,
        "price": pick.price,
    }


def _standing(work: Work, days: set[date]) -> dict[tuple[date, str], dict[Place, Row]]:
    """By date and document the last row of each place's chain: the one that no other corrects."""
    found: dict[tuple[date, str], dict[Place, Row]] = {}
    for day in sorted(days):
        for row in work.ask(_last_rows, day).to_pylist():
            found.setdefault((day, row["document"]), {})[row["game_id"], row["player_lookup"], row["system_id"]] = row
    return found


def _last_rows(work: Work, day: date) -> ir.Table:
    ledger = work.table(LEDGER)
    mine = ledger.filter(ledger.game_date == day_of(day))
    corrected = mine.filter(mine.corrects.notnull()).select(pick_id=mine.corrects)
    last = mine.anti_join(corrected, "pick_id")
    return last.select("document", "game_id", "player_lookup", "system_id", "pick_id", "kind", "shown")
