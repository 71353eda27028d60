"""One sentence on a game day: whether it is all right, and if not, what to do.

Comes in: the grid of the day, halt, alerts, batches, processes, and what is planned next. Goes out: a word, a sentence, and a command where
one helps. A pure function. It must never know where any of it stands on record.

The first of these that holds is what is told: no games; a halt; a gap, the earliest phase of it; nobody at work although something is
planned; less than there should be; else how far the day is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from tipoff.clock import NEW_YORK, game_date_of
from tipoff.flow.batch_log import Batch
from tipoff.flow.cells import NO_LINES_YET, PHASES, SLATE, Expected
from tipoff.flow.halts import FLEET_BLOCKED
from tipoff.flow.processes import Worker
from tipoff.flow.rounds import TICKS

Word = Literal["no_games", "ok", "degraded", "bad"]
ALIVE = timedelta(seconds=60)
"""A process that has given no sign of life for so long is not counted on."""
LOOKED_AT = timedelta(minutes=15)
"""The grid is worked out every five minutes; one that is older than that past a deadline was left."""
NOBODY_LOOKED = "nobody has looked after it since"
ASK_FOR_PROPS = "ask for props"
NAMED = 3
"""So many games are named; of more, the first and how many others."""


class Halted(Protocol):
    """A halt in force. Times are UTC."""

    @property
    def rule(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def since(self) -> datetime: ...
    @property
    def until(self) -> datetime | None: ...


class Alerting(Protocol):
    """An alert that has not recovered."""

    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class Next:
    """What is planned next: at (UTC), and what, in words."""

    at: datetime
    what: str


@dataclass(frozen=True)
class Verdict:
    """`word` for programs, `sentence` for people, `do` the command that helps, where one does."""

    word: Word
    sentence: str
    do: str | None = None

    @property
    def all_right(self) -> bool:
        return self.word in ("no_games", "ok")


_UNTRAINED = "No system is trained"


def verdict(
    game_date: date,
    now: datetime,
    cells: Sequence[Expected],
    *,
    halt: Halted | None = None,
    alerts: Sequence[Alerting] = (),
    batches: Sequence[Batch] = (),
    workers: Collection[Worker] = (),
    upcoming: Sequence[Next] = (),
    games_known: int = 0,
    next_games: date | None = None,
) -> Verdict:
    """Whether a game day is all right. `batches` are the day's, newest first; `upcoming` what is still planned; `games_known` how many
    games the schedule has, and `next_games` the next day on which it has any."""
    day = "Tonight" if game_date == game_date_of(now) else f"{game_date}"
    if not cells and games_known:
        then = f"; next at {_clock(upcoming[0].at, now)}: {upcoming[0].what}" if upcoming else ""
        return Verdict("ok", f"{day} has {_counted(games_known, 'game')}, and nobody has looked after {_it(games_known)} yet{then}.")
    if not cells:
        then = f"the next are on {next_games}" if next_games else "none are known after it: `tipoff scrape --kind schedule` asks"
        return Verdict("no_games", f"No games {'today' if day == 'Tonight' else f'on {game_date}'}; {then}.")
    if halt:
        until = f" until {_clock(halt.until, now)}" if halt.until else ""
        text = f"Not all right: nothing is recommended since {_clock(halt.since, now)}{until}: {_without_stop(halt.reason)}"
        if halt.rule == FLEET_BLOCKED:
            return Verdict("bad", f"{text}; `tipoff fleet` shows which systems are left.", "tipoff fleet")
        return Verdict("bad", f"{text}; `tipoff resume` lifts the halt.", "tipoff resume")
    cells = [_overdue(cell, now) for cell in cells]
    if found := _gap(game_date, cells, now):
        what, do = found
        helps = f"`{do}` does it now" if do else "they have tipped, and nothing mends it any more"
        return Verdict("bad", f"Not all right: {what}; {helps}.", do)
    alive = [worker for worker in workers if now - worker.beat_at < ALIVE and worker.takes(TICKS.name)]
    if not alive and upcoming and abs(game_date - game_date_of(now)) <= timedelta(days=1):
        soon = upcoming[0]
        text = f"Not all right: nobody is at work, and next comes at {_clock(soon.at, now)}: {soon.what}; `tipoff up` does it."
        return Verdict("bad", text, "tipoff up")
    lacks = [cell for cell in cells if cell.standing == "DEGRADED"]
    told = _progress(cells, batches, upcoming, now)
    more = f" {_counted(len(alerts), 'alert')}: {_without_stop(alerts[0].text)}." if alerts else ""
    if lacks:
        cell = min(lacks, key=lambda cell: (PHASES.index(cell.phase), cell.tip))
        games = _games([other for other in lacks if (other.phase, other.detail) == (cell.phase, cell.detail)])
        why = _without_stop(cell.detail or "less than there should be")
        return Verdict("degraded", f"{day} goes on with less: {_NOUNS[cell.phase]} of {games}: {why}. {told}{more}")
    return Verdict("ok", f"{day} is all right: {told}{more}")


def _overdue(cell: Expected, now: datetime) -> Expected:
    """A cell as it stands; where its deadline passed long ago and nobody has looked since, as failed."""
    waits = cell.standing == "EXPECTED" and cell.detail != NO_LINES_YET
    return replace(cell, standing="FAILED", detail=NOBODY_LOOKED) if waits and now > cell.deadline + LOOKED_AT else cell


def _gap(game_date: date, cells: Sequence[Expected], now: datetime) -> tuple[str, str | None] | None:
    """The earliest phase that failed of any game and can be mended, in words, and the command for it; where none can be, the earliest. What
    follows from it is not told besides."""
    failed = [cell for cell in cells if cell.standing == "FAILED"]
    if not failed:
        return None
    mendable = [cell for cell in failed if now < cell.tip or cell.phase in _AFTER_THE_TIP]
    phase = min((cell.phase for cell in mendable or failed), key=PHASES.index)
    mine = sorted((cell for cell in mendable or failed if cell.phase == phase), key=lambda cell: cell.tip)
    if phase == "publish":
        do = f"tipoff export {game_date}"
    elif phase in SLATE:
        do = "tipoff train" if _UNTRAINED in (mine[0].detail or "") else f"tipoff start {game_date}"
    elif phase == "load":
        do = "tipoff sweep --all"
    elif phase == "grade":
        do = f"tipoff grade {game_date}"
    else:
        do = f"tipoff scrape --kind {phase} --date {game_date}"
    why = _without_stop(mine[0].detail or "it is not there")
    return f"no {_NOUNS[phase]} of {_games(mine)} ({why})", do if mendable else None


def _progress(cells: Sequence[Expected], batches: Sequence[Batch], upcoming: Sequence[Next], now: datetime) -> str:
    """How far the day is, game by game."""
    games: dict[str, dict[str, Expected]] = {}
    for cell in cells:
        games.setdefault(cell.game_id, {})[cell.phase] = cell
    stages = [_stage(of_game, now) for of_game in games.values()]
    told = [
        f"{stages.count(stage)} {words[0] if stages.count(stage) == 1 else words[1]}" for stage, words in _STAGES.items() if stage in stages
    ]
    text = ", ".join([_counted(len(games), "game"), *told])
    if "predicted" in stages and (speaking := _systems(batches)):
        text = text.replace(_STAGES["predicted"][0], f"predicted by {speaking}", 1)
    asked = next((one for one in upcoming if one.what == ASK_FOR_PROPS), None) if "no lines yet" in stages else None
    if asked:
        return f"{text} (next ask {_clock(asked.at, now)})."
    return f"{text} (next at {_clock(upcoming[0].at, now)}: {upcoming[0].what})." if upcoming else f"{text}."


def _stage(of_game: dict[str, Expected], now: datetime) -> str:
    """How far a game is."""
    predict, grade = of_game.get("predict"), of_game.get("grade")
    tip = next(iter(of_game.values())).tip
    if grade and grade.standing in ("COMPLETE", "EMPTY_OK", "DEGRADED"):
        return "graded"
    if now >= tip:
        box = of_game.get("box")
        return "over" if box and box.is_there else "begun"
    if predict is None or predict.standing == "EXPECTED":
        return "no lines yet" if predict and predict.detail == NO_LINES_YET else "ahead"
    if predict.standing == "RUNNING":
        return "running"
    return "no lines" if predict.standing == "EMPTY_OK" else "predicted"


def _systems(batches: Sequence[Batch]) -> str:
    """How many systems spoke in the newest slate that tells it."""
    for batch in batches:
        told = batch.progress.get("stands", {}).get("systems") if batch.feed == "slate" else None
        if told:
            speaking = sum(1 for system in told.values() if system.get("predicted"))
            return f"all {speaking} systems" if speaking == len(told) else f"{speaking} of {len(told)} systems"
    return ""


def _games(cells: Sequence[Expected]) -> str:
    """Games as people say them: `LAL-BOS`; of many the first and how many others."""
    ordered = sorted(cells, key=lambda cell: (cell.tip, cell.game_id))
    names = list(dict.fromkeys("-".join(cell.game_id.split("_")[1:]) for cell in ordered))
    if len(names) <= NAMED:
        return ", ".join(names)
    return f"{names[0]} and {len(names) - 1} others"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _it(number: int) -> str:
    return "it" if number == 1 else "them"


def _clock(at: datetime, now: datetime) -> str:
    """New York's time, with the date where it is another day."""
    local = at.astimezone(NEW_YORK)
    return f"{local:%H:%M}" if local.date() == now.astimezone(NEW_YORK).date() else f"{local:%Y-%m-%d %H:%M}"


def _without_stop(text: str) -> str:
    return text.strip().rstrip(".")


_AFTER_THE_TIP = ("load", "publish", "box", "grade")
"""Phases that can still be done once a game has tipped."""
_NOUNS = {
    "lines": "game lines",
    "props": "points lines",
    "injuries": "injury report",
    "load": "rows",
    "analyze": "context",
    "features": "features",
    "predict": "predictions",
    "publish": "documents",
    "box": "box score",
    "grade": "grades",
}
_STAGES = {
    "ahead": ("is ahead", "are ahead"),
    "running": ("is being worked on", "are being worked on"),
    "predicted": ("predicted", "predicted"),
    "no lines yet": ("waits for its first lines", "wait for their first lines"),
    "no lines": ("has no lines", "have no lines"),
    "begun": ("has begun", "have begun"),
    "over": ("is over and waits to be graded", "are over and wait to be graded"),
    "graded": ("graded", "graded"),
}
