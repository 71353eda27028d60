"""The rules by which the practice league plays: every number that a test may want to recover stands here.

It knows numbers and their units. It must never know how they are drawn, priced or written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from tipoff.errors import BadInput

PlantedWhen = Literal["rested", "at_home"]

QUARTERS = 4
REGULATION_SECONDS = 240 * 60
"""Player-seconds of a team in regulation: five men for 48 minutes."""
OVERTIME_SECONDS = 25 * 60
"""Player-seconds of a team in one overtime: five men for five minutes."""
ROSTER = 15
"""Players a team has under contract, on every day of the season."""
ENTERS_FROM = 7.0
"""Expected minutes from which a dressed player is sure to enter; with m below it he enters with probability m / 7."""


@dataclass(frozen=True)
class Rules:
    """What is true in the practice league. Points are NBA points, minutes are minutes, `_sd` of a factor is that of its
    logarithm; a `_cost` or `_gain` of .03 means three per cent of expected points.

    >>> Rules(planted_points=1.5).planted_points
    1.5
    """

    ends_per_game: float = 100.0
    """Mean ends of possession a team has in regulation that come to a shot or a pair of free throws."""
    ends_game_sd: float = 0.03
    """How much the pace of one game strays, both teams together."""
    pace_sd: float = 0.022
    """How much teams differ in pace."""
    defence_sd: float = 0.025
    """How much teams differ in what they let opponents score (1 = average, lower is better)."""
    home_gain: float = 0.010
    """A home team scores this much more, an away team this much less."""
    back_to_back_cost: float = 0.03
    """A team that played the day before scores this much less."""
    usage_spread_sd: float = 0.30
    """How much players differ in ends used per minute."""
    drift_sd: float = 0.006
    """Daily step of each player's true ability (a random walk that leans back to its start)."""
    drift_pull: float = 0.005
    """Share of its distance from the start that ability returns by each day."""
    hot_cold_sd: float = 0.14
    """A player's hot or cold night: the factor on the ends he uses."""
    minutes_sd: float = 0.10
    """How much a 32-minute starter's share of minutes strays; shorter roles stray more (see `minutes_sd_per_minute`)."""
    minutes_sd_per_minute: float = 0.012
    """Added to `minutes_sd` for each expected minute below 30, up to .38 in all."""
    comeback: float = 0.14
    """Share of its unexpected lead that a team is expected to give back in each later quarter."""
    blowout_from: float = 12.0
    """Lead after three quarters, in points, from which starters begin to sit."""
    blowout_over: float = 14.0
    """Further points of lead over which sitting grows to its full size."""
    blowout_starters: float = 0.75
    """Share of a starter's fourth quarter that he sits in a full blow-out."""
    blowout_bench: float = 0.50
    """What the others gain then, as a share of their own fourth quarter."""
    injury_rate: float = 0.022
    """Chance that a healthy player is hurt before a game of his team."""
    late_scratches: float = 0.08
    """Share of new injuries that become known only 6 to 25 minutes before the tip."""
    false_alarm_rate: float = 0.035
    """Chance that a healthy player is listed (questionable, probable) before a game that he then plays."""
    trades: tuple[tuple[int, int], ...] = ((58, 1), (108, 2))
    """Trades as (day of the season, players each way); day 0 is the first game day. Roster sizes never change."""
    postponement_rate: float = 0.0
    """Chance that a game is called off, 1.5 to 30 hours before its tip, if its teams are free again; 0 (default) leaves all as planned."""
    cancelled_share: float = 0.2
    """Share of the games called off that are never played; the others get a new tip some days later."""
    planted_points: float = 0.0
    """PLANTED SIGNAL, in points. When above 0, every player who is expected to play 15 minutes or more is expected to score
    this many points more in the games that `planted_when` names (as extra free throws; the leads that come of it cost a few
    minutes again, so that the net gain is some .05 less). Every book and every game line ignores it. 0 switches it off."""
    planted_when: PlantedWhen = "rested"
    """The games in which the planted signal applies: `rested`, from `planted_rest_days` of the team's rest on (27 % of
    player-games; in the feature catalogue: days_rest >= 2, but for players who missed a game), or `at_home`, at home (half of
    them; home_away = 1)."""
    planted_from_minutes: float = 15.0
    """Expected minutes from which the planted signal applies."""
    planted_rest_days: int = 2
    """Full days of rest of the team (days since its last game - 1) from which the planted signal applies. A team's
    first game of the season has no rest, and no signal."""

    def __post_init__(self) -> None:
        if self.planted_points < 0:
            raise BadInput(f"planted_points is {self.planted_points}; it cannot be negative.", hint="Give points, or 0.")
        for name in ("postponement_rate", "cancelled_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadInput(f"{name} is {getattr(self, name)}; it is a chance.", hint="Give a number from 0 to 1.")
        if self.planted_when not in get_args(PlantedWhen):
            raise BadInput(f"planted_when is {self.planted_when!r}.", hint=f"Give one of {', '.join(get_args(PlantedWhen))}.")
