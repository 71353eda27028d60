"""Phase 6 as a plain function: the documents of a date, where what they rest on has changed since they were published.

Comes in: a date. Goes out: documents in the bucket, each with the halt that is in force, and in the warehouse, in one transaction, from
which versions they were made and which picks they show (`publish.ledger`); and on record, where too few systems are left, or are not any
more. Whoever publishes a date does it here: so no document is without the halt. It must never know how what it publishes came about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from tipoff.analyze.slate import games_between
from tipoff.clock import game_date_of
from tipoff.flow.fleet import fleet_status
from tipoff.flow.halts import FLEET_BLOCKED, Halt, active, halt_by_rule, lift_by_rule
from tipoff.flow.house import House
from tipoff.flow.messages import Outcome
from tipoff.flow.slate import Done, Guard, Seal, no_guard, no_seal
from tipoff.grade.record_document import record_documents
from tipoff.grade.run import ACCURACY
from tipoff.grade.together import together
from tipoff.market.staking import StakingRule
from tipoff.predict.activate import PREDICTIONS
from tipoff.publish.calendar import publish_calendar, read_calendar
from tipoff.publish.documents import league_named
from tipoff.publish.export import DOCUMENTS, DocumentName, Published, publish_date
from tipoff.publish.intake import publish_intake, read_intake, what_waits
from tipoff.publish.ledger import LEDGER, append
from tipoff.publish.record import publish_record
from tipoff.publish.status import STATUS
from tipoff.publish.systems import DAYS, Judged, publish_systems, read_performance
from tipoff.store.versions import PUBLISH, Version, advance, versions
from tipoff.store.warehouse import Work
from tipoff.train.health import PERFORMANCE
from tipoff.train.registry import REGISTRY, headline, serving

_SYSTEMS, _RECORD, _INTAKE = "systems", "record", "intake"
"""The scopes of what is published of the fleet, of the record, and of what came in."""
_BESIDE = ("lines", "record", "intake")
"""Left as they are where a phase broke: what broke it may keep them from being read, and is to be told in any case."""
_NEVER = Version(0)


def publish(
    house: House,
    game_date: date,
    *,
    as_of: datetime | None = None,
    guard: Guard = no_guard,
    seal: Seal = no_seal,
    failure: str | None = None,
    force: bool = False,
    documents: Collection[DocumentName] | None = None,
) -> tuple[Done, Published | None]:
    """Publish a date, the fleet, the calendar and the status, unless nothing changed. `failure`: which phase broke, in words; it is
    published in any case. `documents`: only these, whatever changed; the others are then as they were, and still to be published.

    Raises ConfigError where the bucket does not take a document.
    """
    halt = active(house.state, house.clock.now(), game_date, but={FLEET_BLOCKED})
    with house.warehouse.reading() as work:
        guard(work)
        rests_on = _rests_on(work, house, game_date, failure, halt)
        stood = versions(work, [PUBLISH], [_scope(game_date), _SYSTEMS, _RECORD, _INTAKE])
    if not force and documents is None and stood.get((PUBLISH, _scope(game_date)), _NEVER).made_from == rests_on.date:
        return Done(False), None
    wanted = DOCUMENTS if documents is None else tuple(documents)
    if failure is not None:
        wanted = tuple(name for name in wanted if name not in _BESIDE)
    published = publish_date(
        house.warehouse,
        house.bucket,
        game_date,
        generated_at=house.clock.now(),
        as_of=as_of,
        headline_system=rests_on.headline,
        halt_reason=halt.words if halt else None,
        halt_since=halt.since if halt else None,
        failure=failure,
        staking=StakingRule(**house.settings.staking.model_dump()),
        documents=wanted,
    )
    _note_fleet(house, game_date, published.fleet_blocked)
    if active(house.state, house.clock.now(), game_date, but={FLEET_BLOCKED}) != halt:  # somebody halted, or resumed, meanwhile
        return publish(house, game_date, as_of=as_of, guard=guard, seal=seal, failure=failure, force=True, documents=documents)
    fleet = "systems" in wanted and (force or documents is not None or stood.get((PUBLISH, _SYSTEMS), _NEVER).made_from != rests_on.systems)
    anyway = force or documents is not None
    record = "record" in wanted and (anyway or stood.get((PUBLISH, _RECORD), _NEVER).made_from != rests_on.record)
    intake = "intake" in wanted and (anyway or stood.get((PUBLISH, _INTAKE), _NEVER).made_from != rests_on.intake)
    news = {"fleet": fleet, "calendar": "calendar" in wanted, "record": record, "intake": intake, "beside": True}
    shared = publish_of_all_days(house, game_date, data_as_of=published.data_as_of, **news)
    paths = [*published.documents, *shared]
    if "status" in wanted:
        house.publish_status(("publish", game_date))  # before the version: one who is killed in between publishes again
        paths.append(STATUS)
    with house.warehouse.writing(house.run_id) as work:
        guard(work)
        made_from = {(PUBLISH, _scope(game_date)): rests_on.date} if documents is None else {}
        made_from |= {(PUBLISH, _SYSTEMS): rests_on.systems} if fleet else {}
        made_from |= {(PUBLISH, _INTAKE): rests_on.intake} if intake else {}
        advance(work, made_from | ({(PUBLISH, _RECORD): rests_on.record} if record else {}))
        picks = append(work, published.shown)
        seal(work, "publish", LEDGER, Outcome.whole(published.standing))
    published = replace(published, documents=tuple(paths))
    counts = {"documents": len(paths), "bytes": published.bytes, "picks": picks, "state": published.state}
    return Done(True, counts), published


def publish_of_all_days(
    house: House,
    game_date: date,
    *,
    data_as_of: datetime | None = None,
    fleet: bool = True,
    calendar: bool = True,
    record: bool = True,
    intake: bool = True,
    beside: bool = False,
) -> list[str]:
    """Publish what is of no single date, as far as it is wanted and says something new: how the fleet stands today, the record of all days,
    the calendar of the season that a date is in, what came in; `beside` where that date is published at this moment. Gives the paths
    written. Raises as `publish` does."""
    now = house.clock.now()
    today, halt = game_date_of(now), house.halt_shown()
    paths: list[str] = []
    with house.warehouse.reading() as work:
        league = league_named(work.league())
        models = work.ask(_models).to_pylist() if fleet or record else []
        performance = read_performance(work, today) if fleet else []
        pairs = together(work, today - timedelta(days=DAYS), today) if fleet else []
        if record:
            told = record_documents(work, headline(models)[0], halt=halt, generated_at=now, league=league)
        if calendar:
            shared: dict[str, Any] = {"generated_at": now, "league": league, "data_as_of": data_as_of, "halt": halt}
            days = read_calendar(work, game_date, **shared, also={game_date} if beside else ())
        came_in = read_intake(work, generated_at=now, league=league, halt=halt) if intake else None
    if calendar:
        paths += publish_calendar(house.bucket, days)
    if came_in is not None:
        paths += publish_intake(house.bucket, came_in)
    if record:
        paths += publish_record(house.bucket, *told)
    if fleet:
        about: dict[str, Any] = {"headline": headline(models), "league": league, "halt": halt, "pairs": pairs, "judged": _judged(house)}
        paths += publish_systems(house.bucket, serving(models), performance, day=today, generated_at=now, **about)[0]
    return paths


def _judged(house: House) -> Judged:
    found = fleet_status(house)
    gates = {one.system_id: [verdict.as_dict() for verdict in one.verdicts] for one in found.systems}
    return Judged(gates, found.models, found.changes)


def _note_fleet(house: House, game_date: date, why: str | None) -> None:
    """Put on record that too few systems are left, as other halts are, or that there are enough again."""
    now = house.clock.now()
    with house.state.transaction() as connection:
        if why is None:
            lift_by_rule(connection, now, FLEET_BLOCKED, [""], game_date)
        else:
            halt_by_rule(connection, now, FLEET_BLOCKED, "", why.removeprefix(f"{FLEET_BLOCKED}: "), game_date)


def _scope(game_date: date) -> str:
    return game_date.isoformat()


@dataclass(frozen=True)
class _RestsOn:
    """The system that stands for the slate, and digests of what the documents of a date, of the fleet, of the record, and of what came in
    rest on."""

    headline: str | None
    date: str
    systems: str
    record: str
    intake: str


def _rests_on(work: Work, house: House, game_date: date, failure: str | None, halt: Halt | None) -> _RestsOn:
    """The versions that the documents rest on: of every game ever on this date whatever has one, of the fleet its models and its record,
    of the day what is said of their age; and the halt."""
    games = games_between(work, game_date, game_date)
    rows = work.ask(_versions, pa.table({"scope": pa.array([*games, _scope(game_date)], pa.string())})).to_pylist()
    models = work.ask(_models).to_pylist()
    speaking = work.ask(_speaking, pa.table({"game_id": pa.array(games, pa.string())}))
    head = headline(models, speaking.column("system_id").to_pylist())[0]
    graded, grades = work.ask(_record).to_pylist()[0], work.ask(_grades).to_pylist()[0]
    fleet = [f"{row['model_id']} {row['state']}" for row in models]
    fleet += [halt.words if halt else "", game_date_of(house.clock.now()).isoformat()]
    parts = [f"{row['kind']} {row['scope']} {row['generation']}" for row in rows]
    parts += [*fleet, str(head), failure or ""]
    halted = halt.words if halt else ""
    came_in = _digest([what_waits(work), halted, game_date_of(house.clock.now()).isoformat()])
    recorded = _digest([str(grades), str(headline(models)[0]), halted])
    return _RestsOn(head, _digest(parts), _digest([*fleet, str(graded)]), recorded, came_in)


def _versions(work: Work, scopes: ir.Table) -> ir.Table:
    known = work.table("ops.generations").semi_join(scopes, "scope")
    mine = known.filter(~known.kind.startswith("load:"), known.kind != PUBLISH)
    return mine.select("kind", "scope", "generation").order_by(["kind", "scope"])


def _models(work: Work) -> ir.Table:
    return work.table(REGISTRY).order_by("model_id")


def _speaking(work: Work, games: ir.Table) -> ir.Table:
    said = work.table(PREDICTIONS).semi_join(games, "game_id")
    return said.filter(said.is_active).select("system_id").distinct().order_by("system_id")


def _record(work: Work) -> ir.Table:
    """Of the daily record of performance how many rows there are, and when one was written last."""
    record = work.table(PERFORMANCE)
    return record.agg(days=record.count(), written=record.written_at.max())


def _grades(work: Work) -> ir.Table:
    """Of the graded predictions how many there are, and when one was written last."""
    grades = work.table(ACCURACY)
    return grades.agg(rows=grades.count(), written=grades.written_at.max())


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
