"""What goes wrong in a simulated season: which worker is killed when, which message comes twice, when the clock jumps back, and how the
sources misbehave. The same seed gives the same plan.

Everything strikes while the clock stands, and is survived before it is turned: so that what was known at each moment stays the same, and
with it every prediction. Two faults do change what is known when, and are chosen so that no prediction depends on it: a box score of the
evening that is late is there before the next morning's first prediction; and one that the league's CDN does not have at night comes from
the next source, and from the CDN in the morning. It must never know how the work is done.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tipoff.clock import Clock, local_instant
from tipoff.practice import Season
from tipoff.practice.faults import Fault, too_many
from tipoff.practice.mischief import Mischief

AGAIN = ("500", "502", "503", "reset", "close", "cut", "reset midway", "claims more")
"""Faults after which asking again helps."""
SLOW = Fault("slow", wait_seconds=0.4)
STILL_LIVE = Fault("still live", edit=('"gameStatus":3', '"gameStatus":2'))
IN_A_ROW = 2
"""A client asks four times: so it always gets through, and no source's circuit opens."""
EVENING = time(19, 0)
"""A box score may be late where the game tipped from then on (New York): it is over when the last game of the day has tipped, or nearly."""


@dataclass(frozen=True)
class Kill:
    """A SIGKILL for one of the workers, so many seconds after the round of a moment began."""

    after_seconds: float
    which: int


@dataclass(frozen=True)
class Strike:
    """What happens at one moment."""

    kills: tuple[Kill, ...] = ()
    jumps_back: bool = False
    repeats: int = 0


@dataclass(frozen=True)
class Chaos:
    """How bad it gets: shares of moments, of requests and of games."""

    seed: int = 1
    workers: int = 2
    kills: float = 0.03
    jumps: float = 0.02
    repeats: float = 0.04
    requests: float = 0.06
    late_boxes: float = 0.2
    missing_boxes: float = 0.1

    def strike(self, moment: datetime) -> Strike:
        """What happens at a moment (UTC)."""
        draw = self._draws("strike", moment.isoformat())
        kills = (Kill(0.1 + 1.4 * draw[1], int(draw[2] * self.workers)),) if draw[0] < self.kills else ()
        return Strike(kills, draw[3] < self.jumps, 1 + int(4 * draw[5]) if draw[4] < self.repeats else 0)

    def mischief(self, season: Season, first: date, last: date, clock: Clock) -> Mischief:
        """The sources as they misbehave from the first to the last day (New York)."""
        found = Mischief(clock=clock)
        for game in season.games:
            if not first <= game.game_date <= last or game.standing != "on" or game.tip < local_instant(game.game_date, EVENING):
                continue
            late, how_late, missing, _ = self._draws("box", game.league_id)[:4]
            where = f"*/boxscore/boxscore_{game.league_id}.json"
            if late < self.late_boxes:
                found.late(where, min(game.final_at + timedelta(minutes=10 + 80 * how_late), game.tip + timedelta(minutes=230)), STILL_LIVE)
            elif missing < self.missing_boxes:
                found.late(where, local_instant(game.game_date + timedelta(days=1), time(5, 0)), "404")
        for number, source in enumerate(("odds_api", "nba_cdn", "nba_stats", "espn", "nba_injuries")):
            found.rate(source, self.requests, *AGAIN, too_many(0.2), SLOW, seed=self.seed + number, in_a_row=IN_A_ROW)
        return found

    def _draws(self, *what: object) -> list[float]:
        digest = hashlib.sha256("|".join(map(str, (self.seed, *what))).encode()).digest()
        return [int.from_bytes(digest[at : at + 4]) / 2**32 for at in range(0, 32, 4)]
