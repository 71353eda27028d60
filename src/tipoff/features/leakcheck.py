"""Does anything that was known after a row's moment reach the row? The builder is asked again with another future, and must not notice.

Comes in: a warehouse, a span of game days, a builder. For each sampled moment the same games are built on tables in which what was known
later is gone (`truncated`), in which it says something else, was corrected, or was quoted in play (`rewritten`), and in which facts of the
last days came only later, against tables without them (`delayed`). Goes out: what was compared, with its N, and what differed, by feature
and table. Knows rows and moments; it must never know how a feature is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from random import Random
from typing import Any

from tipoff.analyze.slate import games_as_of
from tipoff.errors import BadInput, UnknownDate
from tipoff.features.altered import Around, Cut
from tipoff.features.build import build
from tipoff.features.differences import KEY
from tipoff.features.trials import (
    DELAY,
    EVERY,
    REWRITING,
    TRUNCATION,
    Builder,
    Compared,
    Finding,
    Ledger,
    Moment,
    MomentUnderTrial,
    Trial,
    check_promise,
)
from tipoff.store.tables.features import catalogue
from tipoff.store.warehouse import Warehouse, Work, day_of

OFFSETS = (timedelta(0), timedelta(hours=6))
"""Each game's own tip, and six hours before one of the night's."""
WHOLE_DAYS = 7
"""Up to so many game days, every trial is made on each and at every offset; beyond, they take turns."""
_TURNS = ((TRUNCATION, REWRITING), (TRUNCATION, REWRITING), (DELAY,))


@dataclass(frozen=True)
class LeakCheck:
    """What was compared, and what was found.

    `set_rows` are rows built month by month, each as of its own tip, with which moments at a tip are compared; of each row `columns` are
    looked at: values, sources and qualities of the `features`, and what follows from them; `compared` is by trial. Of the tables that the
    builder asked for, `altered` could be altered, and `unaltered` do not say when their rows were known.
    """

    first: date
    last: date
    seed: int
    days: int
    moments: int
    set_rows: int
    features: int
    columns: int
    compared: dict[str, Compared]
    altered: tuple[str, ...]
    unaltered: tuple[str, ...]
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def leakcheck(
    warehouse: Warehouse,
    first: date,
    last: date,
    *,
    offsets: Sequence[timedelta] = OFFSETS,
    seed: int = 0,
    builder: Builder = build,
    tick: Callable[[int], None] = lambda _days: None,
) -> LeakCheck:
    """Check a builder on the game days from `first` to `last` (New York, both included).

    A moment is one of a day's tips, drawn by the seed, less one of the `offsets`. `tick` is called for each game day that is done. The
    same data, span, offsets and seed give the same check. Raises BadInput for a span that ends before it begins, or offsets that are none
    or negative, and UnknownDate where no game of the span is known.
    """
    if last < first:
        raise BadInput(f"From {first} to {last} there is no day.", hint="Give --start before --end.")
    if not offsets or min(offsets) < timedelta(0):
        raise BadInput("A moment lies at a tip or before it.", hint="Give --as-of-offset in hours, 0 or more.")
    ledger = Ledger()
    with warehouse.reading() as work:
        games = _games(work, first, last)
        if not games:
            raise UnknownDate(f"No game from {first} to {last} is known.", hint="`tipoff coverage` shows what is on record.")
        days = [*plan(games, tuple(offsets), seed)]
        set_rows, columns = 0, 0
        for _, month in groupby(days, key=lambda planned: planned.day.replace(day=1)):
            shape = _check_month(warehouse, work, builder, [*month], ledger, tick)
            set_rows, columns = set_rows + shape[0], shape[1]
    altered = tuple(name for name in sorted(ledger.asked) if any(trial.touches(name) for trial in EVERY))
    return LeakCheck(
        first,
        last,
        seed,
        days=len(days),
        moments=sum(len(planned.trials) for planned in days),
        set_rows=set_rows,
        features=len(catalogue()),
        columns=columns,
        compared=ledger.compared,
        altered=altered,
        unaltered=tuple(sorted(ledger.asked - set(altered))),
        findings=ledger.findings(),
    )


@dataclass(frozen=True)
class Game:
    """A game, its day, and its moment: its tip, or what was thought to be it."""

    game_id: str
    day: date
    as_of: datetime


@dataclass(frozen=True)
class Day:
    """A game day: its games, and what is tried at which of its moments."""

    day: date
    game_ids: tuple[str, ...]
    trials: tuple[tuple[Moment, tuple[Trial, ...]], ...]


def _games(work: Work, first: date, last: date) -> list[Game]:
    """The games of these days, in order of time; those that were called off before their tip are none."""
    schedule = work.table("raw.schedule")
    listed = schedule.filter(schedule.game_date >= day_of(first), schedule.game_date <= day_of(last)).select("game_id").distinct()
    games = games_as_of(work, work.fetch(listed).column("game_id").to_pylist(), None).select("game_id", "game_date", "as_of")
    rows = work.fetch(games.order_by(["game_date", "as_of", "game_id"])).to_pylist()
    return [Game(row["game_id"], row["game_date"], row["as_of"]) for row in rows if first <= row["game_date"] <= last]


def plan(games: Sequence[Game], offsets: tuple[timedelta, ...], seed: int) -> Iterator[Day]:
    """By game day what is tried. Over a longer span the trials take turns day by day, the offsets every third day: each meets each."""
    by_day = [(day, [*games_of_day]) for day, games_of_day in groupby(games, key=lambda game: game.day)]
    for number, (day, tonight) in enumerate(by_day, seed):
        tip = Random(f"{seed} {day}").choice(sorted({game.as_of for game in tonight}))  # noqa: S311 - drawn, and no secret
        trials: list[tuple[Moment, tuple[Trial, ...]]]
        if len(by_day) <= WHOLE_DAYS:
            trials = [(_moment(day, tonight, tip, offset), EVERY) for offset in offsets]
        else:
            turn = offsets[number // len(_TURNS) % len(offsets)]
            trials = [(_moment(day, tonight, tip, turn), _TURNS[number % len(_TURNS)])]
        yield Day(day, tuple(game.game_id for game in tonight), tuple(trials))


def _moment(day: date, tonight: Sequence[Game], tip: datetime, offset: timedelta) -> Moment:
    as_of = tip - offset
    to_come = [game for game in tonight if game.as_of >= as_of]
    asked = to_come if offset else [game for game in to_come if game.as_of == tip]
    cut = Cut(as_of, day, tuple(game.game_id for game in to_come))
    return Moment(cut, tuple(game.game_id for game in asked), at_tip=not offset)


def _check_month(
    warehouse: Warehouse, work: Work, builder: Builder, days: Sequence[Day], ledger: Ledger, tick: Callable[[int], None]
) -> tuple[int, int]:
    """All games of these days in one set, then what is tried on each day; the set's rows and how many columns of them are compared."""
    with warehouse.reading() as inside:
        at_tips = builder(inside, [game_id for planned in days for game_id in planned.game_ids], None).to_arrow()
    check_promise(at_tips, ledger)
    for _, week in groupby(days, key=lambda planned: planned.day.isocalendar()[:2]):
        of_week = [*week]
        around = Around(work, of_week[0].day, of_week[-1].day)
        for planned in of_week:
            for moment, trials in planned.trials:
                under_trial = MomentUnderTrial(warehouse, builder, around, moment, at_tips, ledger)
                for trial in trials:
                    under_trial.make(trial)
            tick(1)
    return at_tips.num_rows, at_tips.num_columns - len(KEY)
