"""The watch: every five minutes, each rule is asked what is wrong, that is put on record, what follows from it is done, and it is told.

Comes in: the open house. Goes out: alerts that begin and that are over; halts that rules put and lift; documents that tell the halt in
force. A rule that breaks does not stop the others: that it could not be asked is an alert as well, and what it told before stands. It
must never know how a rule comes to what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from tipoff.flow.alerts import Noted, note, note_alerts
from tipoff.flow.channels import Channel, channels_of
from tipoff.flow.credits import end_past_levels
from tipoff.flow.fleet import note_health
from tipoff.flow.halting import note_halts, publish_halts
from tipoff.flow.halts import end_of_time, halt_by_rule, lift_by_rule
from tipoff.flow.house import House
from tipoff.flow.state import METADATA, RUNS
from tipoff.flow.telling import Told, end_of_channels, tell
from tipoff.flow.watch_rules import (
    GAPS_OF,
    Look,
    Met,
    day_in,
    few_predictions,
    gaps,
    parked_batches,
    silent_systems,
    stale_feeds,
    vanished_workers,
    waiting_letters,
)
from tipoff.grade.live_alarm import live_alarms

LEAK_DAYS = timedelta(days=30)
"""Live figures of so many days are held against the limits of the leak alarm."""
LEAK_ALARM = "leak_alarm"
CHANGE_MODELS = ("grade", "performance", "train", "promote", "retire", "rollback")
"""Phases after which what is known of a model may be another."""
SEEN = sa.Table(
    "ops_watch_seen",
    METADATA,
    sa.Column("what", sa.String, primary_key=True),
    sa.Column("seen", sa.Text, nullable=False),  # what it rested on when it was asked last
)

Lapsed = Callable[[str], bool]


def _never(_look: Look) -> Lapsed:
    return lambda _key: False


def _with_its_tip(look: Look) -> Lapsed:
    """It was about games that have begun by now: nothing was mended. The key holds their day, and may hold their tip."""
    ahead = [(day, f"{game.tip:%H:%M}Z") for day, games in look.games.items() for game in games if game.tip > look.now]
    return lambda key: not any(day == day_in(key) and (tip in key.split() or "Z" not in key) for day, tip in ahead)


def _with_its_days(look: Look) -> Lapsed:
    return lambda key: (day_in(key) or look.today) <= look.today - GAPS_OF


@dataclass(frozen=True)
class Rule:
    """What is asked, and the family of its keys: every key that it may give begins with it. `lapsed`: of a key that is met no more,
    whether it was left behind rather than mended."""

    family: str
    ask: Callable[[Look], Met]
    lapsed: Callable[[Look], Lapsed] = _never


def leaks(look: Look) -> Met:
    """Systems whose live figures of 30 days are too good to be believed."""
    with look.house.warehouse.reading() as work:
        found = live_alarms(work, look.today - LEAK_DAYS, look.today)
    words = {
        system: "; ".join(f"{alarm.of} {alarm.value:.3f} over {alarm.n:,} (limit {alarm.threshold:.2f})" for alarm in alarms)
        for system, alarms in found.items()
    }
    days = LEAK_DAYS.days
    return {f"leak {name}": ("critical", f"{name} looks too good to be true in {days} days: {told}") for name, told in words.items()}


RULES = (
    Rule("few ", few_predictions, _with_its_tip),
    Rule("silent ", silent_systems, _with_its_tip),
    Rule("gap ", gaps, _with_its_days),
    Rule("feed ", stale_feeds, _with_its_tip),
    Rule("parked ", parked_batches),
    Rule("dead letters", waiting_letters),
    Rule("worker ", vanished_workers),
)
LEAKS = Rule("leak ", leaks)
"""As the health of the models, it rests on what is graded, and is asked where that changed."""
HALTING = {LEAKS.family: LEAK_ALARM}
"""Families whose causes halt, and the name of the rule."""


@dataclass
class Watched:
    """What a watch found: keys that began and that are over, rules that could not be asked and why, days published anew, what was told."""

    fresh: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    unwatched: dict[str, str] = field(default_factory=dict)
    published: list[date] = field(default_factory=list)
    told: Told = field(default_factory=lambda: Told(0, {}))


def watch(house: House, now: datetime | None = None, channels: list[Channel] | None = None) -> Watched:
    """Ask every rule as of a moment (UTC; None: the clock's), and do what follows. Safe to do at any time, and twice."""
    look = Look(house, now or house.clock.now())
    channels = channels_of(house.settings, house.clock) if channels is None else channels
    found = Watched()
    _try(found, "channels", lambda: end_of_channels(house.state, [channel.name for channel in channels], look.now))
    _try(found, "credits", lambda: end_past_levels(house.state, look.now))
    _try(found, "models", lambda: _models(look, found))
    _try(found, "halts that end", lambda: end_of_time(house.state, look.now))
    for rule in RULES:
        _try(found, rule.family.strip(), lambda rule=rule: _ask(look, rule, found))  # type: ignore[misc]
    _try(found, "halts", lambda: _add(found, note_halts(house.state, look.now)))
    _try(found, "documents", lambda: found.published.extend(publish_halts(house)))
    broken = "; ".join(f"{name}: {why}" for name, why in found.unwatched.items())
    words = {"unwatched": f"{len(found.unwatched)} of the rules could not be asked: {broken}"} if broken else {}
    _add(found, note(house.state, "unwatched", words, look.now))
    found.told = tell(house.state, channels, house.clock)
    return found


def _try(found: Watched, name: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - one rule that breaks does not stop the others, and is told
        found.unwatched[name] = f"{type(error).__name__}: {error}"


def _ask(look: Look, rule: Rule, found: Watched) -> None:
    """Note what a rule says; where its causes halt, the halt stands in the same transaction as the alert."""
    met, lapsed = rule.ask(look), rule.lapsed(look)
    words = {key: text for key, (_, text) in met.items()}
    severities = {key: severity for key, (severity, _) in met.items()}
    with look.house.state.transaction() as connection:
        noted = note_alerts(connection, rule.family, words, look.now, severities, lapsed)
        name = HALTING.get(rule.family)
        if name is not None:
            for key in noted.fresh:
                halt_by_rule(connection, look.now, name, key, words[key])
            lift_by_rule(connection, look.now, name, noted.over)
    _add(found, noted)


def _add(found: Watched, noted: Noted) -> None:
    found.fresh += noted.fresh
    found.over += noted.over


def _models(look: Look, found: Watched) -> None:
    """Who is blocked, whose model is stale, and whose figures are too good: asked where something was graded, trained or decided since
    the last time, and once a day. On days without games nobody is told of a model that is stale (F29)."""
    state = look.house.state
    plays = bool(look.games.get(look.today))
    with state.reading() as connection:
        query = sa.select(sa.func.count(), sa.func.max(RUNS.c.finished_at)).where(RUNS.c.phase.in_(CHANGE_MODELS))
        ended, newest = connection.execute(query).one()
        known = connection.execute(sa.select(SEEN.c.seen).where(SEEN.c.what == "models")).scalar_one_or_none()
    seen = f"{look.today} {plays} {ended} {newest}"
    if seen == known:
        return
    if plays:
        note_health(look.house, look.today)
    _ask(look, LEAKS, found)
    with state.transaction() as connection:
        connection.execute(sa.delete(SEEN).where(SEEN.c.what == "models"))
        connection.execute(sa.insert(SEEN).values(what="models", seen=seen))
