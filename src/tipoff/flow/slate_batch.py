"""The slate as a durable workflow: analyze, features, predict, publish, each a step of its own, and what follows from it told in the end.

Each step takes the batch up anew: so whoever does it after a kill goes on at the step that was interrupted, and one who wakes up late is
refused at his next commit. A step is safe to do again: what it had committed is up to date by then. It must never know what a phase does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, cast

from dbos import DBOS

from tipoff.errors import TipoffError
from tipoff.flow.batch_log import batches
from tipoff.flow.engine import Engine, current
from tipoff.flow.holder import Fenced, Holder, Leaves, OutOfTime, fail_unclaimed
from tipoff.flow.house import House
from tipoff.flow.messages import Execution, Outcome, Phase, completion, put
from tipoff.flow.outbox import relay
from tipoff.flow.publishing import publish
from tipoff.flow.reactions import react
from tipoff.flow.slate import PHASES, Asked, Done, Seal, Slate, Workbench, analyze, make_features, pulse
from tipoff.flow.speaking import predict
from tipoff.flow.tally import completed_pct
from tipoff.store.warehouse import Work

GO_ON = "done"
"""What a step gives where the next one follows."""
CLOSED = "no game is open"
"""What it gives where of those that follow only the last does."""


@DBOS.workflow(name="slate_batch")
def slate_batch(feed: str, day: str, number: int) -> str:
    """Phases 3 to 6 of a date; how it ended: complete, or as `lease` says."""
    return steps(feed, day, number, dict.fromkeys(PHASES, _slate_phase))


Step = Callable[[Holder, House, str], Done]
"""A phase under a holder: the phase's name comes last."""


def steps(feed: str, day: str, number: int, phases: dict[str, Step]) -> str:
    """Run these phases as steps, one after another, then end the batch and tell what follows. To be called within a workflow."""
    state, last = GO_ON, list(phases)[-1]
    for name, work in phases.items():
        if state == CLOSED and name != last:
            continue
        state = DBOS.run_step({"name": f"{feed}:{name}"}, _step, feed, day, number, name, work)
        if state not in (GO_ON, CLOSED):
            break
    else:
        state = DBOS.run_step({"name": f"{feed}:end"}, _end, feed, day, number)
    DBOS.run_step({"name": f"{feed}:relay"}, tell)
    return state


def tell() -> int:
    """Have every message that is not sent yet read: what follows from it is asked for."""
    return relay(current(), react, deliver=False)


def _step(feed: str, day: str, number: int, name: str, work: Step) -> str:
    engine = current()

    def run(holder: Holder) -> str:
        house = engine.house
        with house.state.phase(holder.batch.batch_id, name, holder.batch.game_date) as recorded:
            done = work(holder, house, name)
            recorded.counts = done.counts if done.ran else {"up_to_date": 1}
        was = holder.progress.get("ran", {})
        holder.note(phase=name, ran={**was, name: done.ran}, **({"stands": done.stands} if done.stands else {}))
        return CLOSED if done.is_closed else GO_ON

    return held(engine, feed, day, number, run)


def _end(feed: str, day: str, number: int) -> str:
    def run(holder: Holder) -> str:
        return holder.end("complete", {"ran": [name for name, ran in holder.progress.get("ran", {}).items() if ran]})

    return held(current(), feed, day, number, run)


def held(engine: Engine, feed: str, day: str, number: int, run: Callable[[Holder], str]) -> str:
    """Do something as the holder of a batch; what it gives, or how the batch ended. `over` where it was over before, `left` where this
    process leaves and another goes on."""
    game_date = date.fromisoformat(day)
    with engine.working():
        try:
            holder = Holder.take_up(engine, feed, game_date, number)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and tried again
            return fail_unclaimed(engine, feed, game_date, number, error)
        if holder is None:
            return "over"
        state = _run(engine, holder, run)
        if state not in (GO_ON, CLOSED):
            holder.let_go()
        return state


def _run(engine: Engine, holder: Holder, run: Callable[[Holder], str]) -> str:
    try:
        return run(holder)
    except Leaves:
        return "left"
    except (Fenced, OutOfTime) as error:
        return holder.give_up({}, error.message, got_on=False)
    except Exception as error:  # noqa: BLE001
        return _failed(engine.house, holder, error)


def _failed(house: House, holder: Holder, error: Exception) -> str:
    """Published as broken, beside what stands, and on record as failed. What hinders the first does not hinder the second."""
    day, cause = holder.batch.game_date, str(error) if isinstance(error, TipoffError) else f"{type(error).__name__}: {error}"
    if holder.batch.feed == "slate":
        try:
            publish(house, day, guard=holder.guard, failure=cause)
        except Exception as second:  # noqa: BLE001
            cause = f"{cause} (nor could that be published: {second})"
            error = TipoffError(cause)
    return holder.fail({}, error)


def _slate_phase(holder: Holder, house: House, phase: str) -> Done:
    asked = Asked.of(holder.asked)
    if asked.phases is not None and phase not in asked.phases:
        return Done(False)
    if "as_of" not in holder.progress:
        holder.note(**_beginning(house, holder, asked))
    if holder.progress["same_as"]:
        return Done(False)
    as_of = holder.progress["as_of"]
    moment = datetime.fromisoformat(as_of) if as_of else None
    slate = Slate(house, holder.batch.game_date, asked, moment, holder.batch.batch_id, holder.guard, sealed(holder, house))
    bench = current().keep("workbench", Workbench)
    if phase == "analyze":
        return analyze(slate, bench)
    if phase == "features":
        return make_features(slate, bench)
    if phase == "predict":
        return predict(slate, bench)
    only = holder.asked.get("documents") if asked.phases == ("publish",) else None
    done, _ = publish(house, slate.game_date, guard=slate.guard, seal=slate.seal, force=asked.force, documents=only)
    if lacks := _lacks(holder):  # readers are told why they see less; the operator, what phase 5 did not give
        holder.note(lacks=lacks)
        done.counts["lacks"] = "; ".join(lacks)
    return done


LEAST_PCT = 80.0


def _lacks(holder: Holder) -> list[str]:
    """What phase 6 asks of phase 5 and did not get, each by name. Nothing, where phase 5 had no game to speak of."""
    stands = holder.progress.get("stands", {})
    if not stands.get("games"):
        return []
    lacks = []
    if (pct := completed_pct(stands)) < LEAST_PCT:
        lacks.append(f"completion_pct of predict is {pct:.0f}, and {LEAST_PCT:.0f} is asked for")
    if not any(own["predicted"] for own in stands.get("systems", {}).values()):
        lacks.append("predict left no active prediction")
    return lacks


_AT_ONCE = timedelta(minutes=1)


def _beginning(house: House, holder: Holder, asked: Asked) -> dict[str, Any]:
    """As of when the batch runs, and on what; `same_as` is the batch just before it that did all that it would do, where there is one:
    several things that come together lead to several batches."""
    as_of = _moment(house, holder, asked)
    with house.warehouse.reading() as work:
        beats = pulse(work)
    found: dict[str, Any] = {"as_of": as_of, "pulse": beats, "same_as": None}
    before = next((batch for batch in batches(house.state, holder.batch.game_date, "slate") if batch.state == "complete"), None)
    if before is None or as_of is None or asked.force or asked.systems is not None or asked.phases is not None:
        return found
    then = before.progress.get("as_of")
    whole = before.asked.get("phases") is None and before.asked.get("systems") is None and before.progress.get("pulse") == beats
    if then and whole and datetime.fromisoformat(as_of) - datetime.fromisoformat(then) <= _AT_ONCE and not asked.lowers_the_gate:
        found["same_as"] = before.batch_id
        found["stands"] = before.progress.get("stands", {})
    return found


def _moment(house: House, holder: Holder, asked: Asked) -> str | None:
    """As of when: each game's tip for a date of the past; else now, or the moment of an earlier run where the clock was set back since:
    what was known once stays known (F32)."""
    if "backfill" in asked.modes:
        return None
    told = [batch.progress.get("as_of") for batch in batches(house.state, holder.batch.game_date, "slate")]
    return max([house.clock.now(), *(datetime.fromisoformat(moment) for moment in told if moment)]).isoformat()


def sealed(holder: Holder, house: House) -> Seal:
    """Leaves the completion message of a phase in its transaction, which the fence lets through once more."""
    batch, started_at = holder.batch, house.clock.now()
    trigger, chain = batch.cause[:200] or batch.feed, str(batch.asked.get("correlation_id", batch.batch_id))

    def seal(work: Work, phase: str, table: str, outcome: Outcome) -> None:
        holder.fence(work)
        execution = Execution(f"{batch.feed}:{phase}", batch.game_date, started_at, trigger, chain, batch.batch_id)
        put(work, completion(cast("Phase", phase), execution, table, outcome, house.clock.now()))

    return seal
