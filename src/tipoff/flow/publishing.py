"""Phase 6 as a plain function: the documents of a date, where what they rest on has changed since they were published.

Comes in: a date. Goes out: documents in the bucket, each with the halt that is in force, and in the warehouse, in one transaction, from
which versions they were made and which picks they show (`publish.ledger`); and on record, where too few systems are left, or are not any
more. Whoever publishes a date does it here: so no document is without the halt. It must never know how what it publishes came about.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from tipoff.analyze.slate import games_between
from tipoff.clock import game_date_of
from tipoff.flow.halts import FLEET_BLOCKED, Halt, active, halt_by_rule, lift_by_rule
from tipoff.flow.house import House
from tipoff.flow.slate import Done, Guard, Seal, no_guard, no_seal
from tipoff.market.staking import StakingRule
from tipoff.predict.activate import PREDICTIONS
from tipoff.publish.export import Published, publish_date
from tipoff.publish.ledger import LEDGER, append
from tipoff.store.versions import PUBLISH, Version, advance, versions
from tipoff.store.warehouse import Work
from tipoff.train.registry import headline


def publish(
    house: House,
    game_date: date,
    *,
    as_of: datetime | None = None,
    guard: Guard = no_guard,
    seal: Seal = no_seal,
    failure: str | None = None,
    force: bool = False,
) -> tuple[Done, Published | None]:
    """Publish a date and the status, unless nothing changed. `failure`: which phase broke, in words; it is published in any case.

    Raises ConfigError where the bucket does not take a document.
    """
    halt = active(house.state, house.clock.now(), game_date, but={FLEET_BLOCKED})
    with house.warehouse.reading() as work:
        guard(work)
        head, made_from = _rests_on(work, house, game_date, failure, halt)
        if (
            not force
            and versions(work, [PUBLISH], [_scope(game_date)]).get((PUBLISH, _scope(game_date)), Version(0)).made_from == made_from
        ):
            return Done(False), None
    published = publish_date(
        house.warehouse,
        house.bucket,
        game_date,
        generated_at=house.clock.now(),
        as_of=as_of,
        headline_system=head,
        halt_reason=halt.words if halt else None,
        halt_since=halt.since if halt else None,
        failure=failure,
        staking=StakingRule(**house.settings.staking.model_dump()),
    )
    _note_fleet(house, game_date, published.fleet_blocked)
    if active(house.state, house.clock.now(), game_date, but={FLEET_BLOCKED}) != halt:  # somebody halted, or resumed, meanwhile
        return publish(house, game_date, as_of=as_of, guard=guard, seal=seal, failure=failure, force=True)
    house.publish_status()  # before the version: one who is killed in between publishes again
    with house.warehouse.writing(house.run_id) as work:
        guard(work)
        advance(work, {(PUBLISH, _scope(game_date)): made_from})
        picks = append(work, published.shown)
        seal(work, "publish", LEDGER, len(published.documents))
    counts = {"documents": len(published.documents), "bytes": published.bytes, "picks": picks, "state": published.state}
    return Done(True, counts), published


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


def _rests_on(work: Work, house: House, game_date: date, failure: str | None, halt: Halt | None) -> tuple[str | None, str]:
    """The system that stands for the slate, and the versions that the documents rest on: of every game ever on this date whatever has one,
    of the fleet its models, of the day what is said of their age; and the halt."""
    games = games_between(work, game_date, game_date)
    known = work.table("ops.generations")
    mine = known.filter(known.scope.isin([*games, _scope(game_date)]), ~known.kind.startswith("load:"), known.kind != PUBLISH)
    rows = work.fetch(mine.select("kind", "scope", "generation").order_by(["kind", "scope"])).to_pylist()
    models = work.fetch(work.table("models.registry").order_by("model_id")).to_pylist()
    said = work.table(PREDICTIONS)
    speaking = work.fetch(said.filter(said.game_id.isin(games), said.is_active).select("system_id").distinct().order_by("system_id"))
    head = headline(models, speaking.column("system_id").to_pylist())[0]
    parts = [f"{row['kind']} {row['scope']} {row['generation']}" for row in rows]
    parts += [f"{row['model_id']} {row['state']}" for row in models]
    parts += [str(head), failure or "", halt.words if halt else "", game_date_of(house.clock.now()).isoformat()]
    return head, hashlib.sha256("\n".join(parts).encode()).hexdigest()
