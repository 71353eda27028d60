"""One moment tried: the same games built on tables altered in two ways that must agree, and the table by which they do not.

Comes in: a builder, a moment, the rows that the games have in a larger set. Goes out, into a ledger: how much was compared, which
features differ, by which table and probe. Knows probes and rows; it must never know how a feature is computed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.features.altered import (
    ABSENT,
    DELAYED,
    IN_PLAY,
    LATE_QUOTE,
    NEW_VERSION,
    OWN_NIGHT,
    PERTURBED,
    TIMELESS,
    TRUNCATED,
    AlteredWork,
    Around,
    Cut,
    Probe,
)
from tipoff.features.build import Built
from tipoff.features.differences import KEY, Change, differences
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Warehouse, Work

Builder = Callable[[Work, Sequence[str], datetime | None], Built]

SHOWN = 5
"""So many rows of a finding are told one by one."""
TOGETHER = "(several tables together)"
OTHER_GAMES = "(the other games of the set)"
BY_ITSELF = "(none: built twice, it differs)"
OWN_WORD = "(by the row's own word)"


@dataclass(frozen=True)
class Trial:
    """Two builds that must agree: on tables altered by the probes `before`, and by those of `after`."""

    name: str
    after: tuple[Probe, ...]
    before: tuple[Probe, ...] = ()

    def touches(self, table: str) -> bool:
        """Whether it alters this table."""
        return any(probe.applies(table_named(table)) for probe in self.after)


TRUNCATION = Trial("truncated", (TRUNCATED,))
REWRITING = Trial("rewritten", (PERTURBED, NEW_VERSION, LATE_QUOTE, IN_PLAY, OWN_NIGHT, TIMELESS))
DELAY = Trial("delayed", (DELAYED,), (ABSENT,))
EVERY = (TRUNCATION, REWRITING, DELAY)
ALONE = "alone"
"""A game built among a month's others must have the rows that it has when it is built by itself."""
UNSTABLE = "unstable"
"""The same games on the same tables must have the same rows each time."""
NEWER = "newer"
"""No row may say that it rests on something newer than its own moment."""


@dataclass(frozen=True)
class Moment:
    """Games to be built as of a cut. `at_tip` says that the cut is their own tip, where their rows of a larger set stand too."""

    cut: Cut
    game_ids: tuple[str, ...]
    at_tip: bool


@dataclass(frozen=True)
class Finding:
    """A feature that differs where it may not, when the one `table` is altered by `probe`.

    `count` rows differ at `as_of` (UTC), the first moment at which it was found; `rows` are the first of them. At `moments` moments in
    all the feature differs in the same trial.
    """

    feature: str
    table: str
    probe: str
    as_of: datetime
    rows: tuple[Change, ...]
    count: int
    moments: int


@dataclass(frozen=True)
class Compared:
    """How much a trial compared: pairs of builds, and rows in them."""

    builds: int = 0
    rows: int = 0


@dataclass
class Ledger:
    """What was seen: tables that were asked for, how much each trial compared, and what differed."""

    asked: set[str] = field(default_factory=set)
    compared: dict[str, Compared] = field(default_factory=dict)
    _first: dict[tuple[str, str, str, str], tuple[datetime, list[Change]]] = field(default_factory=dict)
    """By trial, feature, table and probe, where it was found first."""
    _moments: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By trial and feature, the moments at which it differed."""

    def count(self, trial: str, rows: int) -> None:
        """A pair of builds was compared."""
        so_far = self.compared.get(trial, Compared())
        self.compared[trial] = Compared(so_far.builds + 1, so_far.rows + rows)

    def differ(self, trial: str, features: Sequence[str]) -> set[str]:
        """These features differ at one more moment; which of them no table has been found for yet."""
        self._moments.update((trial, feature) for feature in features)
        return set(features) - self.features_in(trial)

    def features_in(self, trial: str) -> set[str]:
        """The features that were found in a trial."""
        return {feature for name, feature, _, _ in self._first if name == trial}

    def blame(self, trial: str, feature: str, table: str, probe: str, as_of: datetime, changes: list[Change]) -> None:
        """A feature differs by this table and probe."""
        self._first.setdefault((trial, feature, table, probe), (as_of, changes))

    def findings(self) -> tuple[Finding, ...]:
        return tuple(
            Finding(feature, table, probe, as_of, tuple(changes[:SHOWN]), len(changes), self._moments[trial, feature])
            for (trial, feature, table, probe), (as_of, changes) in sorted(self._first.items(), key=lambda entry: entry[0][1:])
        )


def check_promise(rows: pa.Table, ledger: Ledger) -> None:
    """Whether any row says itself that it rests on something newer than its moment."""
    newer = rows.filter(pc.greater(rows.column("newest_known_at"), rows.column("as_of")))
    ledger.count(NEWER, rows.num_rows)
    if newer.num_rows:
        told = newer.select([*KEY, "as_of", "newest_known_at"]).to_pylist()
        changes = [Change(row["game_id"], row["player_lookup"], row["as_of"], row["newest_known_at"]) for row in told]
        ledger.differ(NEWER, ["newest_known_at"])
        ledger.blame(NEWER, "newest_known_at", OWN_WORD, NEWER, told[0]["as_of"], changes)


class MomentUnderTrial:
    """A moment, and what is built as of it. `at_tips` are rows of a larger set, each as of its game's tip."""

    def __init__(self, warehouse: Warehouse, builder: Builder, around: Around, moment: Moment, at_tips: pa.Table, ledger: Ledger) -> None:
        self._warehouse = warehouse
        self._builder = builder
        self._around = around
        self._moment = moment
        self._ledger = ledger
        mine = pa.array(moment.game_ids, pa.string())
        self._as_they_are = at_tips.filter(pc.is_in(at_tips.column("game_id"), mine)) if moment.at_tip else None

    def make(self, trial: Trial) -> None:
        """Compare the two builds of a trial; where they differ, find out by which table."""
        before = self._before(trial)
        after = self._build(lambda _table: trial.after)
        self._ledger.count(trial.name, before.num_rows)
        if differences(before, after):
            again = self._build(lambda _table: trial.before)
            self._check_itself(trial, before, again)
            self._blame(trial, again, differences(again, after))

    def _before(self, trial: Trial) -> pa.Table:
        """The rows that a trial starts from. On the tables as they are, these are made once, and at their tips come out of the set."""
        if trial.before:
            return self._build(lambda _table: trial.before)
        if self._as_they_are is None:
            self._as_they_are = self._build(lambda _table: ())
            check_promise(self._as_they_are, self._ledger)
        return self._as_they_are

    def _check_itself(self, trial: Trial, before: pa.Table, again: pa.Table) -> None:
        """The same games on the same tables once more, by themselves: what differs already then is no matter of what was altered."""
        from_set = self._moment.at_tip and not trial.before
        name, told = (ALONE, OTHER_GAMES) if from_set else (UNSTABLE, BY_ITSELF)
        self._ledger.count(name, before.num_rows)
        changes = differences(before, again)
        for feature in self._ledger.differ(name, [*changes]):
            self._ledger.blame(name, feature, told, name, self._moment.cut.as_of, changes[feature])

    def _blame(self, trial: Trial, before: pa.Table, changes: dict[str, list[Change]]) -> None:
        """Alter one table at a time, by one probe at a time, for the features of which that has not been found out yet."""
        as_of = self._moment.cut.as_of
        unstable = self._ledger.features_in(UNSTABLE)
        unblamed = self._ledger.differ(trial.name, [feature for feature in changes if feature not in unstable])
        if not unblamed:
            return
        found: set[str] = set()
        for table in sorted(self._ledger.asked):
            for probe in trial.after:
                if not probe.applies(table_named(table)):
                    continue
                by_this = differences(before, self._build(_only(table, probe, trial.before)))
                for feature in unblamed & by_this.keys():
                    self._ledger.blame(trial.name, feature, table, probe.name, as_of, by_this[feature])
                    found.add(feature)
        for feature in unblamed - found:
            self._ledger.blame(trial.name, feature, TOGETHER, trial.name, as_of, changes[feature])

    def _build(self, probes_for: Callable[[str], Sequence[Probe]]) -> pa.Table:
        """The moment's rows on altered tables."""
        with self._warehouse.reading() as work:
            altered = AlteredWork(work, self._around, self._moment.cut, probes_for)
            rows = self._builder(altered, self._moment.game_ids, self._moment.cut.as_of).to_arrow()
        self._ledger.asked |= altered.asked
        return rows


def _only(table: str, probe: Probe, others: Sequence[Probe]) -> Callable[[str], Sequence[Probe]]:
    """One table altered by one probe, all others as they are before a trial."""
    return lambda name: (probe,) if name == table else others
