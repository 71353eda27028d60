"""The games themselves: quarter by quarter, every row of the season at once.

Each quarter a team's ends go to its players by minutes, usage and the night's form; a lead is given back in part; when
it is large after three quarters, starters sit; a tie goes to overtime. It knows expectations, and must never know prices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tipoff.errors import BrokenInvariant
from tipoff.practice.expect import OVERTIME_ENDS, Outlook, fourth_quarter, garbage_size, minutes_sd, overtime_factor
from tipoff.practice.rosters import Floats, Ints, Sheets
from tipoff.practice.rules import ENTERS_FROM, OVERTIME_SECONDS, QUARTERS, REGULATION_SECONDS, ROSTER, Rules
from tipoff.practice.streams import Stream, stream

TWO_MADE, TWO_TRIED, THREE_MADE, THREE_TRIED, FREE_MADE, FREE_TRIED, SECONDS = range(7)
"""The last axis of `Played.stats`."""
PERIODS = QUARTERS + 4


@dataclass(frozen=True, eq=False)
class Played:
    """What happened: `stats` is (R, 15, 8 periods, 7), `overtimes` (games,)."""

    stats: Ints
    overtimes: Ints


class _Night:
    """The state of all games while they are played."""

    def __init__(self, seed: int, rules: Rules, sheets: Sheets, outlook: Outlook) -> None:
        self.draw = stream(seed, Stream.PLAY)
        self.rules, self.sheets, self.outlook = rules, sheets, outlook
        rows = sheets.slots.shape[0]
        self.stats = np.zeros((rows, ROSTER, PERIODS, 7), dtype=np.int64)
        self.score = np.zeros(rows, dtype=np.int64)
        self.inside = self.draw.random(outlook.enters.shape) < outlook.enters
        self.dressed = outlook.minutes > 0
        minutes = np.where(self.dressed, np.maximum(outlook.minutes, ENTERS_FROM), 0.0)
        strays = minutes_sd(rules, outlook.minutes)
        self.time = minutes * np.exp(self.draw.normal(0, 1, minutes.shape) * strays - strays**2 / 2)
        hot = self.draw.normal(-(rules.hot_cold_sd**2) / 2, rules.hot_cold_sd, minutes.shape)
        self.form = sheets.usage * np.exp(hot)
        game_pace = np.exp(self.draw.normal(-(rules.ends_game_sd**2) / 2, rules.ends_game_sd, rows // 2))
        self.ends = sheets.ends * np.repeat(game_pace, 2)
        lead = outlook.team_points.reshape(-1, 2)
        self.expected_lead = np.repeat(lead[:, 0] - lead[:, 1], 2) * np.tile([1, -1], rows // 2)

    def lead(self) -> Floats:
        """(R,) points ahead."""
        pairs = self.score.reshape(-1, 2)
        return np.stack([pairs[:, 0] - pairs[:, 1], pairs[:, 1] - pairs[:, 0]], axis=1).reshape(-1).astype(float)

    def quarter(self, period: int) -> None:
        """Plays one quarter of all games."""
        time = np.where(self.inside, self.time, 0.0)
        if period == QUARTERS - 1:
            size = garbage_size(self.rules, self.lead())[:, None]
            time = np.where(self.inside | (self.dressed & (size >= 1)), self.time, 0.0)
            time = time * fourth_quarter(self.rules, self.outlook.starts, size)
        surplus = self.lead() - self.expected_lead * period / QUARTERS
        tilt = np.clip(1 - self.rules.comeback * surplus / (self.sheets.ends * 0.57), 0.85, 1.15)
        self.play(np.arange(len(self.score)), period, time, self.ends / QUARTERS, self.sheets.effect * tilt)

    def overtime(self, rows: Ints, period: int) -> None:
        """Plays one overtime of the games whose rows are given."""
        time = np.where(self.inside, self.time, 0.0)[rows] * overtime_factor(self.outlook.starts[rows])
        self.play(rows, period, time, np.full(len(rows), OVERTIME_ENDS), self.sheets.effect[rows])

    def play(self, rows: Ints, period: int, time: Floats, ends: Floats, effect: Floats) -> None:
        """Shares out time and ends of one period, and draws what became of them."""
        seconds = (REGULATION_SECONDS // QUARTERS) if period < QUARTERS else OVERTIME_SECONDS
        part = _no_more_than_a_fifth(time)
        pull = part * self.form[rows]
        pull /= pull.sum(axis=1, keepdims=True)
        count = np.floor(ends + self.draw.random(len(rows))).astype(np.int64)
        used = self.draw.multinomial(count, pull)
        two_share, three_share = self.sheets.shares[rows, :, 0], self.sheets.shares[rows, :, 1]
        threes = self.draw.binomial(used, three_share)
        twos = self.draw.binomial(used - threes, np.clip(two_share / np.maximum(1 - three_share, 1e-9), 0, 1))
        chances = self.sheets.chances[rows]
        lift = effect[:, None]
        free = np.minimum(chances[..., 3] * lift, 0.99)
        pairs = used - threes - twos
        if self.rules.planted_points and period < QUARTERS:
            pairs = pairs + self.draw.poisson(self.outlook.extra[rows] / QUARTERS / (2 * free))
        out = self.stats[rows, :, period]
        out[..., TWO_TRIED], out[..., THREE_TRIED], out[..., FREE_TRIED] = twos, threes, 2 * pairs
        out[..., TWO_MADE] = self.draw.binomial(twos, np.minimum(chances[..., 0] / two_share * lift, 0.99))
        three_made = chances[..., 1] / np.maximum(three_share, 1e-9) * lift
        out[..., THREE_MADE] = self.draw.binomial(threes, np.minimum(three_made, 0.99))
        out[..., FREE_MADE] = self.draw.binomial(2 * pairs, free)
        out[..., SECONDS] = _whole(part * seconds, seconds)
        self.stats[rows, :, period] = out
        self.score[rows] += (2 * out[..., TWO_MADE] + 3 * out[..., THREE_MADE] + out[..., FREE_MADE]).sum(axis=1)


def play(seed: int, rules: Rules, sheets: Sheets, outlook: Outlook) -> Played:
    """Plays every game. Raises BrokenInvariant where a game could not be decided."""
    night = _Night(seed, rules, sheets, outlook)
    for period in range(QUARTERS):
        night.quarter(period)
    overtimes = np.zeros(len(night.score) // 2, dtype=np.int64)
    for period in range(QUARTERS, PERIODS):
        tied = np.flatnonzero(night.score[0::2] == night.score[1::2])
        if not len(tied):
            break
        overtimes[tied] += 1
        night.overtime(np.stack([2 * tied, 2 * tied + 1], axis=1).reshape(-1), period)
    for game in np.flatnonzero(night.score[0::2] == night.score[1::2]).tolist():
        _settle(night, game)
    if (night.score[0::2] == night.score[1::2]).any():
        raise BrokenInvariant("A practice game ended in a tie.")
    return Played(night.stats, overtimes)


def _settle(night: _Night, game: int) -> None:
    """After four overtimes the home team's busiest man makes one more free throw."""
    row = 2 * game
    slot = int(night.stats[row, :, PERIODS - 1, SECONDS].argmax())
    night.stats[row, slot, PERIODS - 1, [FREE_MADE, FREE_TRIED]] += 1
    night.score[row] += 1


def _no_more_than_a_fifth(time: Floats) -> Floats:
    """Shares of playing time that add up to 1, nobody above a fifth (the whole period)."""
    part = time / time.sum(axis=1, keepdims=True)
    for _ in range(4):
        over = part > 0.2
        if not over.any():
            break
        room = np.where(over, 0.0, part)
        left = 1 - np.minimum(part, 0.2).sum(axis=1, keepdims=True) + room.sum(axis=1, keepdims=True)
        part = np.where(over, 0.2, room * left / np.maximum(room.sum(axis=1, keepdims=True), 1e-9))
    return np.asarray(part)


def _whole(values: Floats, total: int) -> Ints:
    """Whole numbers near `values` (R, n) whose rows add up to `total`: the largest remainders get one more."""
    floor = np.floor(values + 1e-9).astype(np.int64)
    missing = total - floor.sum(axis=1)
    order = np.argsort(np.argsort(floor - values, axis=1, kind="stable"), axis=1)
    return np.asarray(floor + (order < missing[:, None]))
