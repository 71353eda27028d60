"""What is to be expected of a game: minutes, shares of the ball and points, given who may play.

The same arithmetic serves the truth of a finished season and the books' view before the tip, in which a doubtful
player counts in part. It knows team sheets, and must never know results.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tipoff.practice.rosters import Flags, Floats, Sheets
from tipoff.practice.rules import ENTERS_FROM, QUARTERS, Rules

_MOST_MINUTES = 41.0
LEAD_SD_AFTER_THREE = 12.0
"""Of the unexpected part of the lead after three quarters, in points: what the rules come to."""
LEAD_SD = 13.2
"""The same at the end of regulation."""
OVERTIME_ENDS = 100 * 5 / 48
_MID_BLOWOUT = 0.42
"""Mean size of a blow-out that is neither none nor full."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """Expectations of R rows (two a game, home first), before the tip. Arrays are (R, 15) unless said."""

    minutes: Floats
    """Expected minutes, were the game to stay close; they add up to 240."""
    enters: Floats
    """Chance to enter the game at all."""
    starts: Flags
    share: Floats
    """(R, 15, 3): mean share of the team's ends over the game, if it ends with no, half and full garbage time."""
    garbage: Floats
    """(R, 3): chances of the three."""
    spread: Floats
    """Standard deviation of the share, relative to its mean, given that he enters: minutes, hot hand and pace."""
    overtime_share: Floats
    overtime: Floats
    """(R,): expected number of overtimes."""
    extra: Floats
    """Planted points."""
    points: Floats
    """Expected points."""
    team_points: Floats
    """(R,)."""


def allocate(role: Floats, weight: Floats) -> Floats:
    """(R, 15) expected minutes that add up to 240: what the absent leave goes to those with room, by size of role.

    `weight` is the chance of each to be available, 0 to 1.
    """
    minutes = role * weight
    minutes *= np.minimum(1.0, 240.0 / np.maximum(minutes.sum(axis=1, keepdims=True), 1.0))
    for _ in range(3):
        lost = 240.0 - minutes.sum(axis=1, keepdims=True)
        room = weight * np.sqrt(np.maximum(role, 0.5)) * np.clip(_MOST_MINUTES - 1 - minutes, 0.0, None)
        minutes = np.minimum(minutes + lost * room / np.maximum(room.sum(axis=1, keepdims=True), 1e-9), _MOST_MINUTES)
    return np.asarray(minutes * (240.0 / minutes.sum(axis=1, keepdims=True)))


def minutes_sd(rules: Rules, minutes: Floats) -> Floats:
    """How much a share of minutes strays, on the logarithm."""
    return np.asarray(np.clip(rules.minutes_sd + rules.minutes_sd_per_minute * (30.0 - minutes), rules.minutes_sd, 0.38))


def garbage_size(rules: Rules, lead: Floats) -> Floats:
    """How much of a blow-out a lead after three quarters is: 0 to 1."""
    return np.asarray(np.clip((np.abs(lead) - rules.blowout_from) / rules.blowout_over, 0.0, 1.0))


def fourth_quarter(rules: Rules, starts: Flags, size: Floats) -> Floats:
    """Factors on playing time in the last quarter; `size` broadcasts against `starts`."""
    return np.asarray(np.where(starts, 1 - rules.blowout_starters * size, 1 + rules.blowout_bench * size))


def overtime_factor(starts: Flags) -> Floats:
    """Factors on playing time in overtime: starters finish what they began."""
    return np.where(starts, 1.35, 0.4)


def starters(minutes: Floats) -> Flags:
    """The five with the most expected minutes of each row."""
    order = np.argsort(-minutes, axis=1, kind="stable")
    flags = np.zeros(minutes.shape, dtype=bool)
    np.put_along_axis(flags, order[:, :5], True, axis=1)
    return flags


def outlook(rules: Rules, sheets: Sheets, weight: Floats, *, planted: bool = True) -> Outlook:
    """The expectations of all rows of `sheets`, whose rows must come in pairs, home first.

    With `planted` False the planted signal is left out: so the books see it.
    """
    minutes = allocate(sheets.role, weight)
    enters = np.minimum(1.0, minutes / ENTERS_FROM)
    starts = starters(minutes)
    pull = minutes * sheets.usage
    noise = np.expm1(minutes_sd(rules, minutes) ** 2 + rules.hot_cold_sd**2)
    variance = np.where(enters > 0, (noise + 1) / np.maximum(enters, 1e-9) - 1, 0.0)
    share = _mean_share(pull, variance)
    late_pull = np.maximum(minutes, np.where(weight > 0, ENTERS_FROM, 0.0) * weight) * sheets.usage
    late = []
    for size, base in ((0.0, pull), (_MID_BLOWOUT, pull), (1.0, late_pull)):
        seen = variance if size < 1 else np.broadcast_to(noise, pull.shape)
        late.append(_mean_share(base * fourth_quarter(rules, starts, np.array(size)), seen))
    shares = np.stack([share * 0.75 + part * 0.25 for part in late], axis=-1)
    per_end = sheets.points_per_end
    planted_here = sheets.planted[:, None] & (minutes >= rules.planted_from_minutes) & planted
    extra = np.where(planted_here, rules.planted_points, 0.0)
    base_points = (share * per_end).sum(axis=1) * sheets.ends * sheets.effect
    lead = _lead(base_points + extra.sum(axis=1))
    garbage, overtime = _endings(rules, lead)
    in_overtime = _mean_share(pull * overtime_factor(starts), variance)
    ends = sheets.ends[:, None] * (shares * garbage[:, None, :]).sum(-1) + OVERTIME_ENDS * overtime[:, None] * in_overtime
    points = ends * per_end * sheets.effect[:, None] + extra
    return Outlook(
        minutes=minutes,
        enters=enters,
        starts=starts,
        share=shares,
        garbage=garbage,
        spread=np.sqrt(_spread(share, noise, variance) ** 2 + rules.ends_game_sd**2 + 0.02**2),
        overtime_share=in_overtime,
        overtime=overtime,
        extra=extra,
        points=points,
        team_points=points.sum(axis=1),
    )


def _mean_share(pull: Floats, variance: Floats) -> Floats:
    """Mean of w / sum(w), to second order, where w has mean `pull` and this relative variance."""
    share = pull / pull.sum(axis=1, keepdims=True)
    total = (share**2 * variance).sum(axis=1, keepdims=True)
    mean = np.maximum(share * (1 + total - share * variance), 0.2 * share)
    return np.asarray(mean / mean.sum(axis=1, keepdims=True))


def _spread(share: Floats, own: Floats, variance: Floats) -> Floats:
    """Relative spread of a share, to second order: his own noise, and that of the others who share with him."""
    others = (share**2 * variance).sum(axis=1, keepdims=True) - share**2 * variance
    return np.asarray(np.sqrt(own * (1 - share) ** 2 + np.maximum(others, 0.0)))


def _lead(team_points: Floats) -> Floats:
    """(R,) expected final lead of each row over its opponent."""
    pairs = team_points.reshape(-1, 2)
    lead = pairs[:, 0] - pairs[:, 1]
    return np.stack([lead, -lead], axis=1).reshape(-1)


def _below(x: Floats) -> Floats:
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in x.tolist()])


def _endings(rules: Rules, lead: Floats) -> tuple[Floats, Floats]:
    """Chances of no, half and full garbage time, and the expected number of overtimes."""
    middle = lead * (QUARTERS - 1) / QUARTERS

    def beyond(size: float) -> Floats:
        return 1 - _below((size - middle) / LEAD_SD_AFTER_THREE) + _below((-size - middle) / LEAD_SD_AFTER_THREE)

    some, full = beyond(rules.blowout_from), beyond(rules.blowout_from + rules.blowout_over)
    overtime = 1.13 / (LEAD_SD * math.sqrt(2 * math.pi)) * np.exp(-0.5 * (lead / LEAD_SD) ** 2)
    return np.stack([1 - some, some - full, full], axis=1), overtime


def rows_of(sheets: Sheets, rows: slice) -> Sheets:
    """A slice of the sheets: `slice(2 g, 2 g + 2)` is game g."""
    return replace(sheets, **{name: getattr(sheets, name)[rows] for name in Sheets.__dataclass_fields__})
