"""The rules of the watch: functions, each of which says what is wrong by key, with how severe it is, in words.

Comes in: a look at the house, which reads the state database and published documents. Goes out: what is met. A day without games has
nothing to be wrong (F29). It must never know who is told, nor what is done about it; and it never opens the warehouse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import sqlalchemy as sa

from tipoff.clock import game_date_of, local_instant
from tipoff.flow.alerts import Severity, alerts
from tipoff.flow.batch_log import BATCHES
from tipoff.flow.cells import SLATE
from tipoff.flow.dead_letter_log import dead_letters
from tipoff.flow.expected import Expected, expected_outputs
from tipoff.flow.halting import published
from tipoff.flow.house import House
from tipoff.flow.plan import MORNING
from tipoff.flow.processes import WORKERS, workers
from tipoff.flow.scraping import asks_on_record
from tipoff.publish.documents import Game as ShownGame
from tipoff.publish.documents import Player, Tonight
from tipoff.scrape.access import switched_on

FEWEST = 0.80
"""Of a game's lined players who may play, this share is predicted, as the step from phase 5 to 6 asks for."""
NONE_BEFORE = timedelta(minutes=30)
"""From so long before a tip on, a game without any prediction is told: there is time left to do something."""
FEW_BEFORE = timedelta(minutes=5)
"""From so long before a tip on, the last call, whose gate is the widest, has run."""
FEW_UNTIL = timedelta(hours=1)
"""After the tip: for whoever was not awake before it."""
STALE_AFTER = 2
"""Capture intervals."""
GAPS_OF = timedelta(days=4)
"""Gaps of older days are not looked at any more: corrections of box scores are asked for until then."""
VANISHED_FOR = timedelta(days=1)
QUOTES = ("lines", "props")
QUOTED_BY = "odds_api"
_MAY_NOT_PLAY = ("out", "doubtful")

Met = dict[str, tuple[Severity, str]]


@dataclass(frozen=True)
class Game:
    """A game that is expected."""

    game_id: str
    tip: datetime


@dataclass
class Look:
    """One look at the house at a moment (UTC): what several rules need is read once."""

    house: House
    now: datetime
    _documents: dict[date, Tonight | None] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return game_date_of(self.now)

    @cached_property
    def grid(self) -> list[Expected]:
        """What is expected of the days at which is looked, by day, phase and game."""
        days = [self.today - timedelta(days=days) for days in range(GAPS_OF.days - 1, -1, -1)]
        cells = [cell for day in days for cell in expected_outputs(self.house.state, day)]
        return sorted(cells, key=lambda cell: (cell.game_date, cell.phase, cell.game_id))

    @cached_property
    def games(self) -> dict[date, list[Game]]:
        """The games of yesterday, whose last ones may go on after midnight, and of today; by tip. Days without games are not in it."""
        found: dict[date, dict[str, Game]] = {}
        for cell in self.grid:
            if cell.game_date >= self.today - timedelta(days=1):
                found.setdefault(cell.game_date, {})[cell.game_id] = Game(cell.game_id, cell.tip)
        return {day: sorted(games.values(), key=lambda game: (game.tip, game.game_id)) for day, games in found.items()}

    def document(self, day: date) -> Tonight | None:
        """The document of a day as readers have it."""
        if day not in self._documents:
            self._documents[day] = published(self.house, day)
        return self._documents[day]


def few_predictions(look: Look) -> Met:
    """Games that begin, or have begun, without enough predictions: at least 80 % of the lined players who may play, by any system."""
    groups: dict[tuple[date, datetime], list[Game]] = {}
    for day, games in look.games.items():
        for game in games:
            if game.tip - NONE_BEFORE <= look.now < game.tip + FEW_UNTIL:
                groups.setdefault((day, game.tip), []).append(game)
    met: Met = {}
    for (day, tip), games in sorted(groups.items()):
        document = look.document(day)
        shown = {game.game_id: game for game in document.games} if document else {}
        counted = {game.game_id: _predicted(shown.get(game.game_id)) for game in games}
        late = look.now >= tip - FEW_BEFORE
        few = {game: (said, all_) for game, (said, all_) in counted.items() if said == 0 or (late and said < FEWEST * all_)}
        if few:
            severity: Severity = "critical" if all(said == 0 for said, _ in few.values()) else "warning"
            told = ", ".join(f"{game} {said} of {all_}" for game, (said, all_) in few.items())
            why = _why(shown.get(game) for game in few)
            met[f"few {day} {tip:%H:%M}Z"] = (
                severity,
                f"{len(few)} of {len(games)} games of {day} that tip at {tip:%H:%M}Z have too few lined players predicted: {told}{why}",
            )
    return met


def _predicted(game: ShownGame | None) -> tuple[int, int]:
    """How many of the players who may play and have a line are predicted, and how many there are; without lines, of all who may play."""
    may = [player for player in game.players if _may_play(player)] if game else []
    chosen = [player for player in may if player.has_line] or may
    return sum(bool(player.predictions) for player in chosen), len(chosen)


def _may_play(player: Player) -> bool:
    return bool(player.predictions) or player.absence is None or player.absence.reason.partition("(")[0] not in _MAY_NOT_PLAY


def _why(games: Iterable[ShownGame | None]) -> str:
    """The commonest reason of those who have a line and are not predicted."""
    reasons = Counter(
        player.absence.reason
        for game in games
        if game is not None
        for player in game.players
        if player.has_line and _may_play(player) and player.absence is not None
    )
    return "".join(f"; mostly {reason} ({number})" for reason, number in reasons.most_common(1))


def silent_systems(look: Look) -> Met:
    """Systems in service of which a slate has nothing, when its games begin; who is blocked is told elsewhere."""
    blocked = {alert.key.removeprefix("blocked ") for alert in alerts(look.house.state, now_only=True) if alert.key.startswith("blocked ")}
    met: Met = {}
    for day, games in look.games.items():
        tips = [game.tip for game in games]
        begun = bool(tips) and min(tips) - FEW_BEFORE <= look.now < max(tips) + FEW_UNTIL
        document = look.document(day) if begun else None
        if document is None or not document.total_predicted:
            continue  # of which nothing is predicted, `few_predictions` tells
        serving = [system for system in document.systems if system.model_state is not None]
        silent = [system.system_id for system in serving if not system.predicted and system.system_id not in blocked]
        if silent:
            met[f"silent {day}"] = (
                "warning",
                f"{len(silent)} of {len(serving)} systems in service say nothing of {day}: {', '.join(silent)}",
            )
    return met


def gaps(look: Look) -> Met:
    """What should exist and does not, by day and phase: cells of the grid that FAILED. Of the phases of a slate a game's first counts: the
    later ones could not be."""
    rows: dict[tuple[date, str], list[Expected]] = {}
    failed: dict[tuple[date, str], list[Expected]] = {}
    broken = {(cell.game_id, cell.phase) for cell in look.grid if cell.standing == "FAILED"}
    for cell in look.grid:
        rows.setdefault((cell.game_date, cell.phase), []).append(cell)
        earlier = SLATE[: SLATE.index(cell.phase)] if cell.phase in SLATE else ()
        if cell.standing == "FAILED" and not any((cell.game_id, phase) in broken for phase in earlier):
            failed.setdefault((cell.game_date, cell.phase), []).append(cell)
    met: Met = {}
    for (day, phase), cells in failed.items():
        every = len(rows[day, phase])
        [(cause, _)] = Counter(cell.detail or "no cause is on record" for cell in cells).most_common(1)
        games = ", ".join(cell.game_id for cell in cells[:3]) + (" …" if len(cells) > 3 else "")
        severity: Severity = "critical" if len(cells) == every > 1 else "warning"
        met[f"gap {day} {phase}"] = (severity, f"{phase} of {len(cells)} of {every} games of {day} is missing ({games}): {cause}")
    at_work = {f"gap {day} {phase}" for (day, phase), cells in rows.items() if any(cell.standing == "RUNNING" for cell in cells)}
    return met | _going_on(look, at_work - met.keys())


def _going_on(look: Look, keys: set[str]) -> Met:
    """What is alerted already and is being mended just now: it is not over before that has gone well."""
    return {alert.key: (alert.severity, alert.text) for alert in alerts(look.house.state, now_only=True) if alert.key in keys}


def stale_feeds(look: Look) -> Met:
    """Quotes of today's open games of which nobody has had news for two capture intervals, in the hours of capture."""
    every = timedelta(minutes=look.house.settings.capture_minutes)
    still_open = [game.game_id for game in look.games.get(look.today, []) if game.tip > look.now]
    if not still_open or QUOTED_BY not in switched_on(look.house.settings):
        return {}
    morning = local_instant(look.today, MORNING)
    begin = max(morning, min((worker.started_at for worker in workers(look.house.state)), default=morning))  # before, nobody could ask
    rows = [row for row in asks_on_record(look.house.state, look.today) if row["state"] == "asked"]
    met: Met = {}
    for feed in QUOTES:
        answered: dict[str, datetime] = {}
        for row in rows:
            if row["feed"] == feed:
                answered[row["game_id"]] = max(row["asked_at"], answered.get(row["game_id"], row["asked_at"]))
        newest = {game: answered.get(game, answered.get("")) for game in still_open}
        stale = {game: at for game, at in newest.items() if look.now - max(at or begin, begin) > STALE_AFTER * every}
        if stale:
            last = max((at for at in stale.values() if at), default=None)
            heard = f"the last answer came at {last:%H:%M}Z" if last else "no answer came today"
            severity: Severity = "critical" if len(stale) == len(still_open) else "warning"
            which = f"{feed} of {len(stale)} of {len(still_open)} open games of {look.today} are stale"
            words = f"{which}: {heard}, and one is due every {every.seconds // 60} minutes"
            met[f"feed {look.today} {feed}"] = (severity, words)
    return met


def parked_batches(look: Look) -> Met:
    """Batches that were given up, and that nothing has followed."""
    numbers = sa.select(BATCHES.c.feed, BATCHES.c.game_date, sa.func.max(BATCHES.c.number).label("number"))
    newest = numbers.group_by(BATCHES.c.feed, BATCHES.c.game_date).subquery()
    same = [getattr(BATCHES.c, name) == getattr(newest.c, name) for name in ("feed", "game_date", "number")]
    query = sa.select(BATCHES).join(newest, sa.and_(*same)).where(BATCHES.c.state.in_(("parked", "waiting", "processing")))
    with look.house.state.reading() as connection:
        rows = connection.execute(query).mappings().all()
    at_work = {f"parked {row['feed']} {row['game_date']}" for row in rows if row["state"] != "parked"}
    return _going_on(look, at_work) | {
        f"parked {row['feed']} {row['game_date']}": (
            "warning",
            f"Batch {row['number']} of {row['feed']} of {row['game_date']} is parked after {row['attempt']} attempts: {row['error']}",
        )
        for row in rows
        if row["state"] == "parked"
    }


def waiting_letters(look: Look) -> Met:
    """Messages that nobody could take, or that a target did not."""
    letters = dead_letters(look.house.state)
    if not letters:
        return {}
    oldest, newest = letters[0].first_at, max(letters, key=lambda letter: letter.last_at)
    words = f"{len(letters)} message{'s wait' if len(letters) > 1 else ' waits'} as dead letters, since {oldest:%Y-%m-%d %H:%M}Z"
    return {"dead letters": ("warning", f"{words}; the newest: {newest.reason}")}


def vanished_workers(look: Look) -> Met:
    """Machines on which a process ended without leaving, and none has begun since."""
    since = (look.now - VANISHED_FOR).astimezone(UTC).replace(tzinfo=None)
    query = sa.select(WORKERS.c.host, sa.func.count(), sa.func.max(WORKERS.c.beat_at))
    query = query.where(WORKERS.c.vanished_at > since).group_by(WORKERS.c.host)
    with look.house.state.reading() as connection:
        rows = connection.execute(query).all()
    here = {worker.host: worker.started_at for worker in workers(look.house.state)}  # of each the newest
    met: Met = {}
    for host, number, beat_at in rows:
        last = beat_at.replace(tzinfo=UTC)
        if host not in here or here[host] < last:
            words = f"{number} process{'es' if number > 1 else ''} on {host} ended without leaving, last heard of at {last:%Y-%m-%d %H:%M}Z"
            met[f"worker {host}"] = ("warning", f"{words}; none has begun there since")
    return met


def day_in(key: str) -> date | None:
    """The date that a key holds, if any."""
    for word in key.split():
        try:
            return date.fromisoformat(word)
        except ValueError:
            continue
    return None
