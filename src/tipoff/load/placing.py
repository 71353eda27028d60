"""Games and box scores whose document does not tell the tip: their game is found on record, by day and teams, or by the league's id.

Comes in: records without a tip. Goes out: the same with tip, home and away, and those that have to wait, with the rule that says why. It
must never assume a tip: a document whose game nobody has told of waits until somebody has.

A box score that names nothing but the league's id (the league's statistics) has no status either. That its own figures are those of a
finished game is not enough: the schedule on record must say that it is final, or it was fetched between two and twelve hours after the
tip on record. Any sooner the game cannot be over; any later the tip on record may be one that was moved, so the schedule has to say it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from tipoff.load.columns import INSTANT
from tipoff.load.offers import with_columns
from tipoff.names import game_id
from tipoff.scrape.records import Reject
from tipoff.store.warehouse import Work

SOONEST_END, LATEST_FETCH = timedelta(hours=2), timedelta(hours=12)
_OFF = ("postponed", "cancelled")
_Key = tuple[Any, Any, Any, Any]
_KEY_COLUMNS = ("league_game_id", "game_date", "home", "away")


@dataclass(frozen=True)
class OnRecord:
    """A game as the schedule on record has it: `is_final` where any of its versions says so, unless the newest says that it is off."""

    game_id: str
    tip: datetime
    tip_assumed: bool
    is_final: bool
    is_off: bool


def placed_games(work: Work, rows: pa.Table) -> tuple[pa.Table, list[tuple[str, Reject]]]:
    """`games` records with the tip of their game on record; and (payload id, reject) of those whose game is not there."""
    keys = _keys(rows)
    known = _on_record(work, keys)
    apart = [
        (payload, Reject(f"games: {_shown(key)}", "unknown_game", _shown(key)))
        for payload, key in zip(rows.column("payload_id").to_pylist(), keys, strict=True)
        if key not in known
    ]
    kept = [key in known for key in keys]
    assumed = pa.array([known[key].tip_assumed for key in keys if key in known], pa.bool_())
    return with_columns(_filled(rows, keys, known, kept), tip_assumed=assumed), apart


def placed_boxes(work: Work, rows: pa.Table) -> tuple[pa.Table, list[tuple[str, Reject]]]:
    """`box` records with tip, home and away of their game on record; and (payload id, reject) of those that wait or are of no side."""
    keys = _keys(rows)
    known = _on_record(work, keys)
    apart: list[tuple[str, Reject]] = []
    kept: list[bool] = []
    columns = ("payload_id", "path", "name", "team", "fetched")
    for row, key in zip(rows.select(columns).to_pylist(), keys, strict=True):
        rule = _fault(known.get(key), key, row)
        kept.append(rule is None)
        if rule is not None:
            value = row["team"] if rule == "team_not_in_game" else f"{row['name']}, {_shown(key)}"
            apart.append((row["payload_id"], Reject(row["path"], rule, value)))
    return _filled(rows, keys, known, kept), apart


def _fault(game: OnRecord | None, key: _Key, row: dict[str, Any]) -> str | None:
    if game is None:
        return "unknown_game"
    if row["team"] not in _sides(game.game_id):
        return "team_not_in_game"
    says_so_itself = key[1] is not None
    if says_so_itself or (game.is_final and not game.is_off):
        return None
    in_time = row["fetched"] is not None and SOONEST_END <= row["fetched"] - game.tip <= LATEST_FETCH
    return None if in_time and not game.is_off else "game_not_final"


def _keys(rows: pa.Table) -> list[_Key]:
    return list(zip(*(rows.column(name).to_pylist() for name in _KEY_COLUMNS), strict=True))


def _filled(rows: pa.Table, keys: list[_Key], known: dict[_Key, OnRecord], kept: list[bool]) -> pa.Table:
    games = [known[key] for key, keep in zip(keys, kept, strict=True) if keep]
    sides = [_sides(game.game_id) for game in games]
    return with_columns(
        rows.filter(pa.array(kept, pa.bool_())),
        commence_time=pa.array([game.tip for game in games], INSTANT),
        away=pa.array([away for away, _ in sides], pa.string()),
        home=pa.array([home for _, home in sides], pa.string()),
    )


def _on_record(work: Work, keys: Iterable[_Key]) -> dict[_Key, OnRecord]:
    """The games of these keys, as far as they are known. The day that a document tells says which of a league id's games it means."""
    wanted = set(keys)
    by_league_id = _games_of(work, {key[0] for key in wanted if key[0] and not key[1]})
    names = {key: game_id(key[1], key[3], key[2]) if key[1] else by_league_id.get(key[0]) for key in wanted}
    games = schedule_of(work, {name for name in names.values() if name})
    return {key: games[name] for key, name in names.items() if name in games}


def _games_of(work: Work, league_ids: set[str]) -> dict[str, str]:
    if not league_ids:
        return {}
    ids = work.table("ref.game_ids").filter(lambda t: t.id_kind == "league")
    found = work.fetch(ids.semi_join(ibis.memtable(pa.table({"external_id": sorted(league_ids)})), "external_id"))
    return dict(zip(found.column("external_id").to_pylist(), found.column("game_id").to_pylist(), strict=True))


def schedule_of(work: Work, games: set[str]) -> dict[str | None, OnRecord]:
    """The league's own word on the tip before others', what is on record before what is assumed, of each the newest."""
    if not games:
        return {}
    wanted = ibis.memtable(pa.table({"game_id": sorted(games)}))
    columns = ("game_id", "commence_time", "tip_assumed", "status", "league_game_id", "known_at_assumed", "known_at")
    rows = work.fetch(work.table("raw.schedule").semi_join(wanted, "game_id").select(*columns)).to_pylist()
    rows.sort(key=lambda row: (row["league_game_id"] is not None, not row["known_at_assumed"], row["known_at"]))
    final = {row["game_id"] for row in rows if row["status"] == "final"}
    newest = {row["game_id"]: row for row in rows}
    return {
        name: OnRecord(name, row["commence_time"], row["tip_assumed"] is True, name in final, row["status"] in _OFF)
        for name, row in newest.items()
    }


def _sides(name: str) -> tuple[str, str]:
    """Away and home of a game's id."""
    _, away, home = name.split("_")
    return away, home


def _shown(key: _Key) -> str:
    league_id, day, home, away = key
    return " ".join(part for part in (league_id, day and f"{day} {away} at {home}") if part)
