"""The day plan: which phases are run for a game day, and when, from its tip-offs.

Comes in: the day's games, the game days around it, and when the models were last refitted. Goes out: tasks, in the order of their
moments. A pure function, beside `flow.plan`, which says what is asked of the sources. It must never know what has happened: what is due
and not done is told by `tasks_due`, and a task whose inputs have not changed finds everything up to date and does nothing.

News is not planned: a line that moves, a player ruled out, a box score that comes are messages, and start their batches at once. The
plan is what runs although no message came, or although it was lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal

from tipoff.clock import local_instant
from tipoff.features.quality import MIN_SCORE
from tipoff.flow.plan import BOX_AGAIN, BOX_AGAIN_DAYS, BUZZER, HALF_HOUR, LAST_MINUTES, MORNING, PlannedGame, quote_moments

TaskKind = Literal["slate", "grade", "train"]
RETRY = "retry"
_FLOORS: dict[str, float] = {mode: floor for mode, floor in MIN_SCORE.items()}  # noqa: C416 - any text may ask
"""By run mode the score from which its gate lets players through."""

LOADED_AFTER = timedelta(minutes=5)
"""From the moment of an ask until its rows can be there: the tick that asks comes within minutes, answers and loading take seconds."""
CHECKED_AFTER = timedelta(minutes=10)
"""A line check follows the full hour's quotes, and the retry on the same quotes."""
LINE_CHECK_EVERY = timedelta(hours=1)
ENRICHED_AT = time(18, 40)
"""UTC, early afternoon in New York: most books have opened by then, and the teams have reported who is out."""
FINAL_RETRY_BEFORE = timedelta(hours=1)
"""Before the first tip: late enough for the report of the afternoon, early enough that what is still missing can be asked for."""
LAST_CALL_AFTER = timedelta(minutes=4)
"""After the last quotes before a tip are asked for: six minutes are left then to load, predict and publish."""
ONE_GROUP = timedelta(minutes=3)
"""Tips this near have one last call: it comes before the first of them, and after the last quotes of all."""
FINAL_AFTER = BUZZER + timedelta(minutes=30)
"""After the tip: nearly every game is over and its box score final by then. One that takes longer is graded when that comes, or next
morning."""
GRADED_AFTER = timedelta(minutes=15)
"""After the morning's ask for box scores: for corrections, and for what was missed at night."""
REFIT_AT = time(7, 0)
"""New York: the last box scores of the night are in, and three hours remain until the first lines."""
REFIT_BEFORE_TIP = timedelta(hours=2)
"""A refit that was missed is made up until then; later it would take the machine from the last calls."""
BREAK = timedelta(days=5)
"""Days without a game after which form has changed: the All-Star break, a summer."""
NIGHTS_AFTER_BREAK = 2
NIGHTS_AT_MOST = 3
LOOK_BACK = timedelta(days=21)
"""So far back game days are needed to see a break, and the nights since."""


@dataclass(frozen=True, order=True)
class Task:
    """A batch to be started at a moment (UTC); of a slate with its run mode and the games that can still change by then.

    From `until` on (UTC) it has no use any more.
    """

    at: datetime
    kind: TaskKind
    run_mode: str
    game_ids: tuple[str, ...]
    why: str
    until: datetime | None = None

    @property
    def feed(self) -> str:
        """What it is recorded as, among the asks of the day."""
        return f"{self.kind}:{self.run_mode}" if self.run_mode else self.kind

    @property
    def key(self) -> tuple[str, str, datetime]:
        """(feed, game, moment) of its record. It is of the day's games, whichever these are at its moment."""
        return (self.feed, "", self.at)


def day_plan(
    game_date: date,
    games: Iterable[PlannedGame],
    *,
    game_days: Collection[date] | None = None,
    refitted: date | None = None,
    every: timedelta = HALF_HOUR,
) -> list[Task]:
    """Everything that is run for a game day (New York), sorted. Without games there is nothing.

    `game_days` are the days with games of `LOOK_BACK` before it (None: not known, then no break is seen); `refitted` is the day (New York)
    of the last refit before this day's morning, where one is known. `every` is the cadence of the quotes (the setting `capture_minutes`):
    where they come less often, so do retries and line checks.
    """
    slate = sorted(games, key=lambda game: (game.tip, game.game_id))
    if not slate:
        return []
    tasks = [*_slate_tasks(game_date, slate, every), *_grade_tasks(game_date, slate)]
    if why := _why_refit(game_date, game_days, refitted):
        at = local_instant(game_date, REFIT_AT)
        tasks.append(Task(at, "train", "", (), why, max(slate[0].tip - REFIT_BEFORE_TIP, at + HALF_HOUR)))
    return sorted(tasks)


def last_quotes(tip: datetime) -> datetime:
    """The last moment at which quotes are asked for before a tip-off."""
    return tip - timedelta(minutes=LAST_MINUTES[-1])


def last_call_of(tip: datetime) -> datetime:
    """The last call before a tip-off that has no other near it."""
    return last_quotes(tip) + LAST_CALL_AFTER


def tip_groups(slate: Sequence[PlannedGame]) -> list[list[PlannedGame]]:
    """Games whose tips are within `ONE_GROUP` of the group's first, by tip."""
    groups: list[list[PlannedGame]] = []
    for game in sorted(slate, key=lambda game: (game.tip, game.game_id)):
        if groups and game.tip - groups[-1][0].tip <= ONE_GROUP:
            groups[-1].append(game)
        else:
            groups.append([game])
    return groups


def _slate_tasks(game_date: date, slate: list[PlannedGame], every: timedelta) -> list[Task]:
    groups = tip_groups(slate)
    called = {game.game_id: last_call_of(group[-1].tip) for group in groups for game in group}
    end = slate[-1].tip

    def task(at: datetime, run_mode: str, why: str) -> list[Task]:
        still = tuple(game.game_id for game in slate if called[game.game_id] > at)
        return [Task(at, "slate", run_mode, still, why, end)] if still and at > first else []

    first = min(quote_moments(game_date, game.tip, every)[0] for game in slate) + LOADED_AFTER
    everybody = tuple(game.game_id for game in slate)
    tasks = [Task(first, "slate", "first", everybody, "the first quotes of the day can be there", end)]
    moment = local_instant(game_date, MORNING)
    while (moment := moment + every) < end:
        tasks += task(moment + LOADED_AFTER, RETRY, "for players with a line and no prediction, and games without lines")
    moment = local_instant(game_date, MORNING)
    while (moment := moment + max(every, LINE_CHECK_EVERY)) < end:
        tasks += task(moment + CHECKED_AFTER, "line_check", "whether lines moved since they were predicted on")
    enriched = datetime.combine(game_date, ENRICHED_AT, UTC)
    tasks += task(enriched, "line_update", "enrichment: lines for predictions that had none, and injuries again, for all systems")
    tasks += task(slate[0].tip - FINAL_RETRY_BEFORE, "final_retry", "an hour before the first tip")
    for group in groups:
        ids = tuple(game.game_id for game in group)
        tasks.append(Task(called[ids[0]], "slate", "last_call", ids, "the last quotes before the tip can be there", group[0].tip))
    return tasks


def _grade_tasks(game_date: date, slate: list[PlannedGame]) -> list[Task]:
    everybody = tuple(game.game_id for game in slate)
    tasks = []
    for group in tip_groups(slate):
        ids = tuple(game.game_id for game in group)
        tasks.append(Task(group[-1].tip + FINAL_AFTER, "grade", "", ids, "box scores can be final"))
    for days in BOX_AGAIN_DAYS:
        why = "backstop: what was missed at night, and performance" if days == BOX_AGAIN_DAYS[0] else "corrections of box scores"
        tasks.append(Task(local_instant(game_date + timedelta(days=days), BOX_AGAIN) + GRADED_AFTER, "grade", "", everybody, why))
    return tasks


def _why_refit(game_date: date, game_days: Collection[date] | None, refitted: date | None) -> str | None:
    """Why the models are refitted on a game day's morning, or None.

    Every week, on Monday or, where that has no games, on the next day that has; a Monday's that was missed is made up. After a break
    nothing new is known until two nights are graded; then at once, and a night later where that was missed and no other came.
    """
    monday = game_date - timedelta(days=game_date.weekday())
    weekly = "the week's refit" if game_date == monday or (game_days is not None and not _any_in(game_days, monday, game_date)) else None
    if weekly is None and refitted is not None and refitted < monday:
        weekly = "the week's refit, which was missed"
    if game_days is None:
        return weekly
    since = _days_since_break(game_date, game_days)
    if len(since) > NIGHTS_AT_MOST:
        return weekly
    if len(since) < NIGHTS_AFTER_BREAK:
        return None
    missed = refitted is not None and refitted < since[0]
    if len(since) == NIGHTS_AFTER_BREAK or missed:
        return f"{len(since)} nights are graded after a break"
    return weekly


def _any_in(game_days: Collection[date], first: date, until: date) -> bool:
    return any(first <= day < until for day in game_days)


def _days_since_break(game_date: date, game_days: Collection[date]) -> list[date]:
    """The game days before this one back to the last break, oldest first; where none is seen, all of them within `LOOK_BACK`."""
    days = sorted(day for day in set(game_days) if game_date - LOOK_BACK <= day < game_date)
    breaks = [place for place, (before, after) in enumerate(pairwise([*days, game_date]), 1) if after - before > BREAK]
    return days[breaks[-1] :] if breaks else days


def tasks_due(tasks: Iterable[Task], now: datetime, done: Collection[tuple[str, str, datetime]]) -> tuple[list[Task], list[Task]]:
    """Of tasks whose moment has come and that are not done: those to be run now, and those that are missed.

    Of several of one kind the newest for each game: it does everything that the older ones would have, which are then run for their other
    games only; one with a lower gate does more than any with a higher. A retry does less than any other, and gives way to all. What has
    no use any more is missed.
    """
    come = [task for task in tasks if task.at <= now and task.key not in done]
    chosen: list[Task] = []
    covered: set[tuple[TaskKind, str]] = set()
    newest_first = sorted(come, reverse=True)
    for task in sorted(newest_first, key=lambda task: (task.run_mode == RETRY, _FLOORS.get(task.run_mode, 0.0))):
        mine = [game for game in task.game_ids or ("",) if (task.kind, game) not in covered]
        if mine and (task.until is None or now < task.until):
            chosen.append(replace(task, game_ids=tuple(mine)) if task.game_ids else task)
            covered |= {(task.kind, game) for game in mine}
    taken = {task.key for task in chosen}
    return sorted(chosen), sorted(task for task in come if task.key not in taken)


def narrowed(task: Task, waiting: Collection[str]) -> Task | None:
    """A retry, to the games that wait for something: lined players without a prediction, or lines. None where none does; any other task
    as it is."""
    if task.run_mode != RETRY:
        return task
    still = tuple(game for game in task.game_ids if game in waiting)
    return replace(task, game_ids=still) if still else None
