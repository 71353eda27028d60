"""The grid of a game day: what was seen of every game and phase, brought to the rules of `cells`.

Comes in: a house and a game day. Goes out: one cell a (game, phase), with its deadline. What is expected follows from the schedule and
from the sources that are switched on; nothing waits for a source that is off. It must never know how anything is done, nor mended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import ibis.expr.types as ir

from tipoff.clock import local_instant
from tipoff.config import Settings
from tipoff.flow.batch_log import Batch, batches
from tipoff.flow.cells import (
    DOCUMENTS,
    PHASES,
    SET_APART,
    SLATE,
    Expected,
    Said,
    Told,
    document_stands,
    grades_stand,
    loads_stand,
    phase_stands,
    predictions_stand,
)
from tipoff.flow.day import GRADED_AFTER, LOADED_AFTER, last_call_of, last_quotes
from tipoff.flow.game_days import note_games
from tipoff.flow.house import House
from tipoff.flow.plan import BOX_AGAIN, BOX_AGAIN_DAYS, BOX_UNTIL, PlannedGame, is_answered, quote_moments
from tipoff.flow.processes import first_at_work
from tipoff.flow.scraping import asks_on_record
from tipoff.flow.there import games_among
from tipoff.load.quarantine import open_rows
from tipoff.predict.activate import PREDICTIONS
from tipoff.store.payloads import digest
from tipoff.store.versions import GRADE, PUBLISH, versions
from tipoff.store.warehouse import Work, day_of

SLATE_TAKES = timedelta(minutes=20)
"""After the first run's moment: by then its phases are there, or late."""
GRADE_TAKES = timedelta(minutes=30)
LASTS = timedelta(hours=1)
"""What speaks of everybody is there for so long, though the newest ask failed."""
_TABLES = {"props": "raw.odds_player_points", "lines": "raw.odds_game_lines", "box": "raw.player_box"}
_GAMES_IN = {"analyze": "analytics.upcoming_player_game_context", "features": "features.store", "grade": "predictions.prediction_accuracy"}
_PHASES_BATCHES = ("slate", "grade", "train")
_WOULD_MEND = ("not_quality_ready", "gate")
_NO_CONTENT = digest(b"")
"""An empty body: as a 204 it is an answer, and set apart only where it came with another status."""


@dataclass
class Seen:
    """What was seen of a game day: `asks` are the newest of each feed and game, `answered` when a source last answered to a feed."""

    games: list[PlannedGame]
    there: dict[str, set[str]] = field(default_factory=dict)
    asks: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    answered: dict[str, datetime] = field(default_factory=dict)
    apart: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    said: dict[str, Said] = field(default_factory=dict)
    published: bool = False
    graded: bool = False

    def newest(self, feed: str, phase: str = "", before: datetime | None = None) -> Batch | None:
        """The newest batch of a feed, by its number whatever the clock did (F32), that was not ended by hand and may do a phase; of a
        slate, that was asked for before a tip: what came later leaves the game as it was."""
        found = [batch for batch in self.batches if batch.feed == feed and batch.state != "reset"]
        found = [batch for batch in found if not phase or phase in (batch.asked.get("phases") or (phase,))]
        return max((batch for batch in found if before is None or batch.created_at < before), key=_number, default=None)

    def loads(self) -> list[Batch]:
        """The newest batch of everything that is loaded."""
        newest = {batch.feed: batch for batch in sorted(self.batches, key=_number) if batch.state != "reset"}
        return [batch for feed, batch in sorted(newest.items()) if feed not in _PHASES_BATCHES]


def _number(batch: Batch) -> int:
    return batch.number


_BEFORE_US = "The game tipped before anybody was at work here."
_OUTLAST = ("load", "box", "grade")
"""Phases that can still be done of a game of the past."""


def expected_phases(settings: Settings) -> list[str]:
    """The phases that must exist with the sources that are switched on. What no box score tells is not graded."""
    off = {phase for phase in DOCUMENTS if not is_answered(phase, settings)}
    if "box" in off:
        off.add("grade")
    return [phase for phase in PHASES if phase not in off]


def grid(house: House, game_date: date) -> list[Expected]:
    """Every cell of a game day, by tip and phase. Writes the games around the day into the state database, and nothing else."""
    seen = _seen(house, game_date)
    now, began = house.clock.now(), first_at_work(house.state)
    found = []
    for game in seen.games:
        for phase in expected_phases(house.settings):
            deadline = deadline_of(phase, game_date, game.tip)
            long_ago = began is not None and game.tip < began and phase not in _OUTLAST
            standing, detail = _stands(seen, game, phase, now, late=now > deadline and not long_ago)
            if long_ago and standing == "EXPECTED":
                standing, detail = "EMPTY_OK", _BEFORE_US
            found.append(Expected(game_date, game.game_id, phase, standing, deadline, detail, game.tip))
    return found


def deadline_of(phase: str, game_date: date, tip: datetime) -> datetime:
    """When a phase of a game must be there (UTC): documents before a game by the last moment at which they are asked for before its tip; a
    box score by the last one of its night; what the first run of the day makes soon after it; grades soon after the morning's backstop."""
    if phase == "box":
        return tip + BOX_UNTIL
    if phase == "grade":
        return local_instant(game_date + timedelta(days=BOX_AGAIN_DAYS[0]), BOX_AGAIN) + GRADED_AFTER + GRADE_TAKES
    if phase in SLATE:
        return min(quote_moments(game_date, tip)[0] + LOADED_AFTER + SLATE_TAKES, last_call_of(tip))
    return last_quotes(tip)


def _stands(seen: Seen, game: PlannedGame, phase: str, now: datetime, *, late: bool) -> Told:
    if phase in DOCUMENTS:
        ask = seen.asks.get((phase, game.game_id)) or seen.asks.get((phase, ""))
        is_there = game.game_id in seen.there[phase] if phase in _TABLES else _was_answered(seen, phase, ask, min(now, game.tip))
        return document_stands(is_there, ask, seen.newest(phase), _why_apart(ask, seen.apart), late=late)
    if phase == "load":
        return loads_stand(seen.loads())
    said = seen.said.get(game.game_id)
    if phase == "grade":
        has_box, predicted = game.game_id in seen.there.get("box", ()), bool(said and said.predicted)
        is_there = seen.graded and game.game_id in seen.there["grade"]
        return grades_stand(is_there, predicted, has_box, seen.newest("grade"), late=late)
    batch = seen.newest("slate", phase, game.tip)
    if phase == "predict":
        return predictions_stand(said, batch, late=late, closed=now > last_quotes(game.tip))
    is_there = seen.published if phase == "publish" else game.game_id in seen.there[phase]
    return phase_stands(phase, is_there, batch, late=late)


def _was_answered(seen: Seen, phase: str, ask: dict[str, Any] | None, at: datetime) -> bool:
    """Of a document that speaks of everybody: whether the newest ask was answered, or where that failed one of the hour before, and what
    came is loaded."""
    batch, answered = seen.newest(phase), seen.answered.get(phase)
    if ask is None or answered is None or batch is None or batch.state != "complete":
        return False
    return bool(ask["state"] == "asked") or at - answered <= LASTS


def _seen(house: House, game_date: date) -> Seen:
    seen = Seen(note_games(house, game_date))
    if not seen.games:
        return seen
    wanted = {phase: table for phase, table in {**_TABLES, **_GAMES_IN}.items() if phase in expected_phases(house.settings)}
    for row in asks_on_record(house.state, game_date):
        if row["state"] != "missed":
            seen.asks[row["feed"], row["game_id"]] = row
        if row["state"] == "asked":
            seen.answered[row["feed"]] = row["asked_at"]
    seen.batches = batches(house.state, game_date)
    answers = sorted({row["payload_id"] for row in seen.asks.values() if row["payload_id"]} - {_NO_CONTENT})
    with house.warehouse.reading() as work:
        seen.there = games_among(work, wanted, game_date)
        for row in sorted(open_rows(work, answers), key=lambda row: (row["payload_id"], row["path"])):
            seen.apart.setdefault(row["payload_id"], []).append((row["path"], row["rule"]))
        seen.said = _said(work, game_date)
        made = versions(work, (PUBLISH, GRADE), (game_date.isoformat(),))
    seen.published = (PUBLISH, game_date.isoformat()) in made
    seen.graded = (GRADE, game_date.isoformat()) in made
    return seen


def _said(work: Work, game_date: date) -> dict[str, Said]:
    """What stands of every system's words on each game: active predictions, and of the others the absences that were written last."""
    found: dict[str, Said] = {}
    for row in work.ask(_spoken, game_date).to_pylist():
        said = found.setdefault(row["game_id"], Said())
        said.predicted[row["system_id"]], said.lined[row["system_id"]] = row["n"], row["lined"] or 0
    for row in work.ask(_silent, game_date).to_pylist():
        said = found.setdefault(row["game_id"], Said())
        said.absent.setdefault(row["system_id"], Counter())[row["reason"]] += 1
        if row["has_line"] and row["mended_by"] and row["reason"] in _WOULD_MEND:
            said.mendable.setdefault(row["mended_by"], set()).add(row["player_lookup"])
    return found


def _active(work: Work, game_date: date) -> ir.Table:
    rows = work.table(PREDICTIONS)
    return rows.filter(rows.game_date == day_of(game_date), rows.is_active)


def _spoken(work: Work, game_date: date) -> ir.Table:
    active = _active(work, game_date)
    return active.group_by("game_id", "system_id").agg(n=active.count(), lined=active.line.notnull().sum())


def _silent(work: Work, game_date: date) -> ir.Table:
    absences = work.table("predictions.absences")
    of_day = absences.filter(absences.game_date == day_of(game_date))
    newest = of_day.group_by("game_id", "system_id").agg(written_at=of_day.written_at.max())
    silent = of_day.semi_join(newest, ["game_id", "system_id", "written_at"])
    silent = silent.anti_join(_active(work, game_date), ["game_id", "system_id", "player_lookup"])
    return silent.select("game_id", "system_id", "player_lookup", "reason", "mended_by", "has_line").distinct()


def _why_apart(ask: dict[str, Any] | None, apart: dict[str, list[tuple[str, str]]]) -> str | None:
    """Why there is nothing of an answer that came. One of many games tells only where it is set apart whole."""
    rejects = apart.get(ask["payload_id"], []) if ask else []
    mine = [(path, rule) for path, rule in rejects if path == "$" or (ask and ask["game_id"])]
    if not mine:
        return None
    [(path, rule), *others] = mine
    return f"{SET_APART}: {rule} at {path}{f', and {len(others)} more' if others else ''}."


def games_that_wait(cells: Iterable[Expected]) -> set[str]:
    """The games of which a retry may make something: lined players without a prediction, or no lines, or nothing at all."""
    return {cell.game_id for cell in cells if cell.phase == "predict" and cell.standing in ("EXPECTED", "FAILED", "DEGRADED")}


def by_game(cells: Sequence[Expected]) -> dict[str, dict[str, Expected]]:
    """The cells by game, in order of tip, and phase."""
    found: dict[str, dict[str, Expected]] = {}
    for cell in sorted(cells, key=lambda cell: (cell.tip, cell.game_id)):
        found.setdefault(cell.game_id, {})[cell.phase] = cell
    return found
