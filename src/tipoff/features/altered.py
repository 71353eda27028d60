"""The tables as they would stand had things gone otherwise: a `Work` that alters what it is asked for, unseen by whoever reads.

Comes in: a unit of work, a cut (a moment and its game day), and by table the probes to apply. Goes out: the same tables, in which what
was known after the cut is gone, says something else, or came later. Nothing is written. Of what lies far behind the cut, a probe that
rewrites the future leaves nothing: only the days around it are worked out anew. Knows declarations, and which of their columns say when
a row was known; it must never know a feature or a recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.errors import BrokenInvariant
from tipoff.store.schema import FACT, WRITTEN_NAMES, Kind, Table
from tipoff.store.tables import table_named
from tipoff.store.warehouse import Merged, Work, day_of, instant

_MOMENTS = ("known_at", "measured_at", "as_of")
"""The columns that say when a row was known: of those that a table has, the first."""
_QUOTES = ("raw.odds_player_points", "raw.odds_game_lines")
_OF_THE_EVENING = (*_QUOTES, "raw.injuries", "raw.injury_submissions")
"""What is told during the day about the games to come."""
_TIMELESS = {
    "raw.player_box": ("paint_fga", "mid_fga", "three_fga"),
    "ref.players": ("team", "first_seen", "last_seen"),
}
"""Columns that sum up all that is known by now, and do not say since when: no feature may rest on them."""
_WORDS = {
    "raw.schedule": {"status": ("postponed", "final"), "game_type": ("playoff", "regular")},
    "raw.injuries": {"status": ("out", "available")},
    "raw.shots": {"zone": ("paint", "three")},
    "ref.book_groups": {"book_group": ("sharp", "soft")},
}
"""By table and column two words: the first becomes the second, all others the first."""
_PROVENANCE = {column.name for column in FACT} | set(WRITTEN_NAMES)
_NUMBERS: tuple[Kind, ...] = ("float", "int", "bool")
_DAYS_BACK, _EVENINGS_BACK, _DAYS_ON = timedelta(days=45), timedelta(days=3), timedelta(days=5)
"""How far around a cut rows are rewritten: facts, quotes and reports, and what is still to come."""
_FACTS_BACK, _EVENING, _MEASUREMENTS_BACK = timedelta(days=3), timedelta(hours=6), timedelta(days=40)
"""How old what counts as recent may be."""
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Cut:
    """A moment of knowledge (UTC), its game day, and the games of that day that had not tipped by then."""

    as_of: datetime
    day: date
    to_come: tuple[str, ...]


@dataclass(frozen=True)
class Probe:
    """One thing that is done to the tables that it `applies` to; `words` say it to people.

    `stays` says which of a table's rows stay as they are (None: all), `adds` makes rows out of those of the days around, and `says` gives
    all rows other values in some columns.
    """

    name: str
    words: str
    applies: Callable[[Table], bool]
    stays: Callable[[ir.Table, Table, Cut], ir.BooleanValue] | None = None
    adds: Callable[[pa.Table, Table, Cut], pa.Table] | None = None
    says: Callable[[ir.Table, Table], dict[str, ir.Value]] | None = None


class Around:
    """The rows of some days and of those around them, each table fetched once, out of which probes make their own."""

    def __init__(self, work: Work, first: date, last: date) -> None:
        self._work = work
        self._first, self._last = first, last
        self._rows: dict[str, pa.Table] = {}

    def rows(self, name: str, day: date) -> pa.Table:
        """A table's rows of the game days around one of the days; whole where it has no game days."""
        if name not in self._rows:
            rows = self._work.table(name)
            if "game_date" in rows.columns:
                rows = rows.filter(rows.game_date >= day_of(self._first - _back(name)), rows.game_date <= day_of(self._last + _DAYS_ON))
            self._rows[name] = self._work.fetch(rows)
        rows = self._rows[name]
        if "game_date" not in rows.column_names:
            return rows
        days = rows.column("game_date")
        return rows.filter(pc.and_(pc.greater_equal(days, day - _back(name)), pc.less_equal(days, day + _DAYS_ON)))


def _back(name: str) -> timedelta:
    return _EVENINGS_BACK if name in _OF_THE_EVENING else _DAYS_BACK


class AlteredWork(Work):
    """A unit of work whose tables are altered by the probes that `probes_for` gives for each; it only reads.

    `around` holds the days around the cut. `asked` are the names of the tables that were asked for.
    """

    def __init__(self, work: Work, around: Around, cut: Cut, probes_for: Callable[[str], Sequence[Probe]]) -> None:
        self._work = work
        self._around = around
        self._cut = cut
        self._probes_for = probes_for
        self._made: dict[str, ir.Table] = {}
        self.asked: set[str] = set()

    def table(self, name: str) -> ir.Table:
        self.asked.add(name)
        if name not in self._made:
            self._made[name] = self._altered(table_named(name))
        return self._made[name]

    def _altered(self, declared: Table) -> ir.Table:
        rows = self._work.table(declared.name)
        probes = [probe for probe in self._probes_for(declared.name) if probe.applies(declared)]
        stays = [probe.stays(rows, declared, self._cut) for probe in probes if probe.stays]
        more = [probe.adds(self._around.rows(declared.name, self._cut.day), declared, self._cut) for probe in probes if probe.adds]
        if stays:
            rows = rows.filter(stays)
        if any(part.num_rows for part in more):
            rows = rows.union(ibis.memtable(pa.concat_tables(more)))
        for probe in probes:
            rows = rows.mutate(**probe.says(rows, declared)) if probe.says else rows
        return rows

    def fetch(self, expression: ir.Table) -> pa.Table:
        return self._work.fetch(expression)

    def keep(self, expression: ir.Table) -> ir.Table:
        return self._work.keep(expression)

    def merge(self, name: str, rows: pa.Table) -> Merged:  # noqa: ARG002
        raise _only_reads(name)

    def annotate(self, name: str, rows: pa.Table) -> int:  # noqa: ARG002
        raise _only_reads(name)

    def bring(self, name: str, rows: pa.Table) -> int:  # noqa: ARG002
        raise _only_reads(name)

    def remove(self, name: str, keys: pa.Table) -> int:  # noqa: ARG002
        raise _only_reads(name)

    def touched(self, name: str, column: str) -> list[Any]:  # noqa: ARG002
        raise _only_reads(name)


def _only_reads(name: str) -> BrokenInvariant:
    return BrokenInvariant(f"{name} was to be written while its rows were altered; a builder only reads.")


def moment_column(declared: Table) -> str | None:
    """The column that says when a row of this table was known; None where none does."""
    return next((name for name in _MOMENTS if name in declared.column_names), None)


def _moments(declared: Table) -> list[str]:
    """The columns of which none may lie after the cut: when a row was known, and when a quote stood."""
    return [name for name in (moment_column(declared), "snapshot_at") if name in declared.column_names]


def _has_moment(declared: Table) -> bool:
    return moment_column(declared) is not None


def _has_versions(declared: Table) -> bool:
    return moment_column(declared) in declared.key


def _is_quotes(declared: Table) -> bool:
    return declared.name in _QUOTES


def _is_box(declared: Table) -> bool:
    return declared.name == "raw.player_box"


def _has_timeless(declared: Table) -> bool:
    return declared.name in _TIMELESS


def _known(rows: ir.Table, declared: Table, cut: Cut) -> ir.BooleanValue:
    """Whether a row was known by the cut."""
    known = [rows[name] <= instant(cut.as_of) for name in _moments(declared)]
    return ibis.and_(*known)


def _known_here(rows: pa.Table, declared: Table, cut: Cut) -> pa.Array:
    known = [pc.less_equal(rows.column(name), cut.as_of) for name in _moments(declared)]
    return pc.fill_null(known[0] if len(known) == 1 else pc.and_(*known), False)


def _later_says_otherwise(rows: pa.Table, declared: Table, cut: Cut) -> pa.Table:
    return _otherwise(rows.filter(pc.invert(_known_here(rows, declared, cut))), declared, cut)


def _corrected(rows: pa.Table, declared: Table, cut: Cut) -> pa.Table:
    """Of each recent fact a version that says something else, known a second after the cut."""
    moment = str(moment_column(declared))
    known = rows.filter(_known_here(rows, declared, cut))
    newest = _newest(known, [name for name in declared.key if name != moment], moment)
    return _with(_otherwise(newest, declared, cut), {moment: cut.as_of + _SECOND})


def _late_quotes(rows: pa.Table, declared: Table, cut: Cut) -> pa.Table:
    """Each book's newest quote, moved far away a minute after the cut: the close of a game to come, in play of one that runs."""
    at = cut.as_of + _MINUTE
    return _with(_moved_quotes(rows, declared, cut), {"snapshot_at": at, "known_at": at})


def _quotes_in_play(rows: pa.Table, declared: Table, cut: Cut) -> pa.Table:
    """Each book's newest quote, moved far away at the very tip; and once more in play, though it claims to have been known by the cut."""
    moved = _moved_quotes(rows, declared, cut)
    tip = moved.column("commence_time")
    at_tip = _with(moved, {"snapshot_at": tip, "known_at": tip})
    in_play = _with(moved, {"snapshot_at": pc.add(tip, 20 * _MINUTE), "known_at": cut.as_of - _MINUTE})
    return pa.concat_tables([at_tip, in_play])


def _moved_quotes(rows: pa.Table, declared: Table, cut: Cut) -> pa.Table:
    known = rows.filter(pc.and_(pc.is_valid(rows.column("commence_time")), _known_here(rows, declared, cut)))
    if "is_main" in declared.column_names:
        known = known.filter(known.column("is_main"))
    newest = _newest(known, [name for name in declared.key if name not in ("point", "snapshot_at")], "snapshot_at")
    return _with(newest, {"point": pc.add(newest.column("point"), 15.0)})


def _is_of_another_game(rows: ir.Table, declared: Table, cut: Cut) -> ir.BooleanValue:  # noqa: ARG001 - one signature
    return ~rows.game_id.isin(cut.to_come)


def _result_known_before(rows: pa.Table, declared: Table, cut: Cut) -> pa.Table:
    """Box scores of the games to come, saying something else and known, or claiming to have been known, before the cut."""
    results = rows.filter(pc.is_in(rows.column("game_id"), pa.array(cut.to_come, pa.string())))
    known_at = results.column("known_at")
    early = pc.if_else(_known_here(results, declared, cut), known_at, _mirrored(known_at, cut.as_of))
    return _with(_otherwise(results, declared, cut), {"known_at": early})


def _timeless_says_otherwise(rows: ir.Table, declared: Table) -> dict[str, ir.Value]:
    said: dict[str, ir.Value] = {}
    for name in _TIMELESS[declared.name]:
        value = rows[name]
        if value.type().is_string():
            said[name] = ibis.literal("nobody")
        else:
            said[name] = value + ibis.interval(days=30) if value.type().is_date() else value.fill_null(0.0) * 3.0 + 7.0
    return said


def _is_old(rows: ir.Table, declared: Table, cut: Cut) -> ir.BooleanValue:
    """Whether a row was not known by the cut, or long before it: past games three days, quotes and reports six hours, other facts forty
    days."""
    known = _known(rows, declared, cut)
    if _by_game_day(declared):
        recent = known & (rows.game_date >= day_of(cut.day - _FACTS_BACK)) & (rows.game_date < day_of(cut.day))
    else:
        recent = known & (rows[moment_column(declared)] > instant(cut.as_of - _recency(declared)))
    return ~recent.fill_null(False)


def _comes_later(rows: pa.Table, declared: Table, cut: Cut) -> pa.Table:
    """Recent rows, known as long after the cut as they were before it; they say the same."""
    moment = str(moment_column(declared))
    known = rows.filter(_known_here(rows, declared, cut))
    if _by_game_day(declared):
        day = known.column("game_date")
        recent = known.filter(pc.and_(pc.greater_equal(day, cut.day - _FACTS_BACK), pc.less(day, cut.day)))
    else:
        recent = known.filter(pc.greater(known.column(moment), cut.as_of - _recency(declared)))
    return _with(recent, {moment: _mirrored(recent.column(moment), cut.as_of + _SECOND)})


def _by_game_day(declared: Table) -> bool:
    return "game_date" in declared.column_names and declared.name not in _OF_THE_EVENING


def _recency(declared: Table) -> timedelta:
    return _EVENING if declared.name in _OF_THE_EVENING else _MEASUREMENTS_BACK


def _mirrored(moments: pa.ChunkedArray, at: datetime) -> pa.ChunkedArray:
    """Moments as long after an instant as they were before it, and the other way round; so that no two become one."""
    return pc.add(pa.scalar(at, moments.type), pc.subtract(pa.scalar(at, moments.type), moments))


def _newest(rows: pa.Table, whose: list[str], moment: str) -> pa.Table:
    """Of each of `whose` the newest row."""
    ordered = rows.sort_by([(moment, "descending"), *((name, "ascending") for name in whose)])
    numbered = ordered.append_column("number", pa.array(range(ordered.num_rows), pa.int64()))
    first = numbered.group_by(whose).aggregate([("number", "min")]).column("number_min")
    return ordered.take(first.sort())


def _with(rows: pa.Table, values: dict[str, Any]) -> pa.Table:
    """Rows with other values in some columns, each a column or one value for all."""
    for name, value in values.items():
        index = rows.column_names.index(name)
        field = rows.schema.field(index)
        if not isinstance(value, pa.ChunkedArray | pa.Array):
            value = pa.repeat(pa.scalar(value, field.type), rows.num_rows)
        rows = rows.set_column(index, field, value.cast(field.type))
    return rows


def _otherwise(rows: pa.Table, declared: Table, cut: Cut) -> pa.Table:
    """Rows that say something else in every number and flag that is no key, and in the words that features read."""
    left_alone = {*declared.key, *declared.computed, *_PROVENANCE}
    names = [column.name for column in declared.columns if column.kind in _NUMBERS and column.name not in left_alone]
    said: dict[str, Any] = {name: _another(rows.column(name)) for name in names}
    for name, (one, other) in _WORDS.get(declared.name, {}).items():
        said[name] = pc.if_else(pc.fill_null(pc.equal(rows.column(name), one), False), other, one)
    if _is_quotes(declared):
        said["point"] = pc.add(rows.column("point"), 10.0)
    if _is_box(declared):
        said |= {"team": rows.column("opponent"), "opponent": rows.column("team")}
    if declared.name == "raw.schedule":
        said |= _another_tip(rows, cut)
    return _with(rows, said)


def _another(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Another number or flag for each, whatever stands there."""
    if pa.types.is_boolean(values.type):
        return pc.invert(pc.fill_null(values, False))
    return pc.add(pc.multiply(pc.fill_null(values, 0), 3), 7)


def _another_tip(rows: pa.Table, cut: Cut) -> dict[str, Any]:
    """A game to come moves to the next day; one that has tipped is said to have tipped twenty minutes later, which orders no two games
    of a team anew."""
    tip, day = rows.column("commence_time"), rows.column("game_date")
    to_come = pc.greater_equal(tip, cut.as_of)
    next_day = pc.add(day.cast(pa.int32()), pa.scalar(1, pa.int32())).cast(pa.date32())
    return {
        "commence_time": pc.if_else(to_come, pc.add(tip, timedelta(days=1)), pc.add(tip, 20 * _MINUTE)),
        "game_date": pc.if_else(pc.fill_null(to_come, False), next_day, day),
    }


TRUNCATED = Probe("truncated", "what was known later is gone", _has_moment, stays=_known)
PERTURBED = Probe("perturbed", "what was known later says something else", _has_moment, stays=_known, adds=_later_says_otherwise)
NEW_VERSION = Probe("new version", "recent facts are corrected a second later", _has_versions, adds=_corrected)
LATE_QUOTE = Probe("late quote", "every book moves a minute later", _is_quotes, adds=_late_quotes)
IN_PLAY = Probe("in play", "every book quotes at the tip and in play", _is_quotes, adds=_quotes_in_play)
OWN_NIGHT = Probe(
    "own night",
    "the night's results say something else, and claim to have been known",
    _is_box,
    stays=_is_of_another_game,
    adds=_result_known_before,
)
TIMELESS = Probe(
    "timeless", "columns that do not say since when they hold say something else", _has_timeless, says=_timeless_says_otherwise
)
ABSENT = Probe("absent", "recent facts are gone", _has_moment, stays=_is_old)
DELAYED = Probe("delayed", "recent facts came only later: as if they were not there", _has_moment, stays=_is_old, adds=_comes_later)
