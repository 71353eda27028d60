"""f63, projected minutes: how long a player is expected to play, given that he plays.

A player's last games say most of it, those of them most in which about the same team-mates played as will tonight: where a regular is out,
the games that he missed before count for more. What the side's expected minutes then still lack of 240, or have too many, is shared among
its players by their capacity for more.

Knows arrays: past minutes, and each player's chance to play as the reports known at the row's moment leave it. It must never know the game
of the row itself, who turned out to play in it, or a table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tipoff.analyze.past import Floats
from tipoff.errors import BrokenInvariant

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Texts = np.ndarray[tuple[int], np.dtype[np.object_]]
Codes = np.ndarray[tuple[int], np.dtype[np.int64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
FlagMatrix = np.ndarray[tuple[int, int], np.dtype[np.bool_]]

GAMES_BACK = 20
TEAM_MINUTES = 240.0
LONGEST = 48.0
NOT_COVERED, OUT, NO_GAMES = "no_report_covers_the_game", "reported_out", "no_games"

MISSED_FROM = np.array([0, 1, 2, 4, 9])
"""Classes by the team's games missed in a row up to now: none, 1, 2-3, 4-8, 9 and more."""
USUAL_FROM = np.array([0.0, 8.0, 14.0, 20.0, 27.0])
"""Classes by usual minutes."""
CAPACITY_AT = np.array([6.0, 14.0, 22.0, 30.0, 36.0])
"""Minutes at which the capacity for more is learned; it is straight between them, and flat beyond."""
MIDDLE = 22.0
"""The form from which slopes are counted."""

CHANCE_OF_STATUS = {"out": 0.0, "doubtful": 0.1, "questionable": 0.55, "probable": 0.93, "available": 0.96}
"""Share of those listed so by the last report before the tip who played, in the archive's official reports of 2025-10-20 to 11-07: out 2 of
446, doubtful 0 of 13 (held at one in ten, since thirteen say little), questionable 60 of 109, probable 40 of 43, available 49 of 51."""
CHANCE_UNMENTIONED = np.array(
    [
        [0.54, 0.81, 0.94, 0.98, 0.98],
        [0.44, 0.52, 0.62, 0.78, 0.86],
        [0.42, 0.47, 0.52, 0.65, 0.76],
        [0.38, 0.39, 0.43, 0.56, 0.70],
        [0.33, 0.30, 0.32, 0.53, 0.69],
    ]
)
"""By class of games missed (rows) and of usual minutes (columns): the share of those who dressed that played, 2017-18 to 2022-23
(N = 184,882). Holds for whom no report mentions and who has played this season."""
CHANCE_NOT_YET_SEEN = np.array(
    [
        [0.09, 0.28, 0.38, 0.62, 0.77],
        [0.22, 0.18, 0.24, 0.49, 0.76],
        [0.14, 0.11, 0.14, 0.31, 0.74],
        [0.05, 0.04, 0.07, 0.15, 0.69],
        [0.02, 0.01, 0.04, 0.13, 0.79],
    ]
)
"""The same for whom no report mentions and who has not played this season: the share of all such rows of a roster that played
(N = 20,406), many of the others having left the team in the summer."""


@dataclass(frozen=True)
class Constants:
    """What is learned of the sport, by `bench/minutes.py --learn`: coordinate descent on the mean absolute error of who played.

    A game `n` games back has weight (n + 1) ** -age_power, times `last_season` if it is of a season before, times `other_role` where he
    started then and comes off the bench now, or the reverse. Minutes are the unit of all but powers, weights and slopes.
    """

    age_power: float
    last_season: float
    other_role: float
    likeness: float
    """Minutes that change hands between a past line-up and tonight's for its weight to fall to 1/e."""
    usual_weight: float
    """Weight of the usual minutes beside the team's past games."""
    newcomer: float
    newcomer_weight: float
    """What is expected of a player of whom nothing is known, and its weight in the usual minutes."""
    outlier: float
    """How far from his form a game has to be to count for half: foul trouble, an injury, a blowout."""
    missed: tuple[float, ...]
    missed_slope: tuple[float, ...]
    """By class of games missed: minutes more at a form of `MIDDLE`, and besides for each minute of form above it."""
    back_to_back: float
    """Minutes more, for each minute of form above `MIDDLE`, on the day after a game."""
    shared: float
    """Part of what is missing of 240 that is shared out; the rest goes to people who are not on record."""
    capacity: tuple[float, ...]
    """At `CAPACITY_AT`: relative shares of what is missing."""


LEARNED = Constants(
    age_power=0.55,
    last_season=0.13,
    other_role=0.36,
    likeness=60.0,
    usual_weight=0.36,
    newcomer=0.9,
    newcomer_weight=0.5,
    outlier=15.0,
    missed=(0.6, 0.0, -1.4, -2.1, -3.6),
    missed_slope=(0.01, 0.06, -0.02, -0.06, -0.14),
    back_to_back=-0.04,
    shared=0.6,
    capacity=(0.85, 0.75, 0.6, 0.3, 0.15),
)
"""Learned on the archive's seasons 2017-18 to 2022-23, where no reports are on record and who did not dress stands in for who is reported
out: what is learned there is a constant of the sport, not a row's value. 2023-24 confirms it, and nothing of 2025-26 took part."""


@dataclass(frozen=True, eq=False)
class Sheets:
    """The players of any number of sides, one row a player, R rows; all players of a side are there, those who are out too.

    `side` (R,) has one code a (game, team), rows of a side being neighbours. Matrices are (R, 20), newest game first:
    `own_minutes` of the player's last games played, for whatever team, NaN beyond; `team_minutes` of the last games of the row's team: 0
    where he did not play, NaN before he joined and beyond; `team_started` 1 where he started. Of both sorts of games the first
    `own_season_games` and `team_season_games` (R,) are this season's. `days_since_last` (R,) are days from his last game to this one,
    NaN for none.
    Raises BrokenInvariant where rows of a side lie apart or shapes differ.
    """

    side: Codes
    own_minutes: Matrix
    own_season_games: Floats
    team_minutes: Matrix
    team_started: Matrix
    team_season_games: Floats
    days_since_last: Floats

    def __post_init__(self) -> None:
        rows = len(self.side)
        matrices = (self.own_minutes, self.team_minutes, self.team_started)
        columns = (self.own_season_games, self.team_season_games, self.days_since_last)
        if any(matrix.shape != (rows, GAMES_BACK) for matrix in matrices) or any(len(column) != rows for column in columns):
            raise BrokenInvariant(f"Sheets of {rows} rows need matrices of {rows} x {GAMES_BACK} and columns of {rows}.")
        if len(self.starts) != len(np.unique(self.side)):
            raise BrokenInvariant("The rows of a side must be neighbours.")

    @property
    def starts(self) -> Codes:
        """The first row of each side."""
        return np.flatnonzero(np.diff(self.side, prepend=self.side[:1] - 1)).astype(np.int64)

    @property
    def numbers(self) -> Codes:
        """By row the place of its side among the sides."""
        return (np.cumsum(np.diff(self.side, prepend=self.side[:1] - 1) != 0) - 1).astype(np.int64)


def projected_minutes(sheets: Sheets, chance: Floats, constants: Constants = LEARNED) -> Floats:
    """Expected minutes (0 to 48) by row, given that the player plays; `chance` (0 to 1, `chance_to_play`) is his chance to play.

    NaN where `why_none` says so: no report covers the side (its chances are NaN), he is out (chance 0), or he has no past game. A side's
    values depend on its own rows alone, in an order that does not change with what other sides are beside it.
    """
    if not len(chance):
        return np.empty(0)
    usual = usual_minutes(sheets, constants)
    form = _form(sheets, chance, usual, constants)
    values = _shared_out(sheets, chance, _ready(sheets, form, constants), constants)
    return np.where(why_none(sheets, chance) == "", np.clip(values, 0.0, LONGEST), np.nan)


def why_none(sheets: Sheets, chance: Floats) -> Texts:
    """By row the reason why there is no value; empty where there is one."""
    unseen = ~np.isfinite(sheets.own_minutes[:, 0])
    return np.where(np.isnan(chance), NOT_COVERED, np.where(chance == 0, OUT, np.where(unseen, NO_GAMES, ""))).astype(object)


def chance_to_play(sheets: Sheets, status: Texts) -> Floats:
    """By row the chance to play: of whom a report lists as `status` says, of others by games missed, usual minutes and whether he has
    played this season.

    A status is one of `CHANCE_OF_STATUS`, "" where a report covers the side and does not mention him, None where none covers it (NaN).
    Raises BrokenInvariant for another status.
    """
    strange = {word for word in set(status.tolist()) if word is not None} - {"", *CHANCE_OF_STATUS}
    if strange:
        raise BrokenInvariant(f"No chance to play is known for the status {sorted(strange)[0]!r}.")
    cell = games_missed_class(sheets), usual_class(sheets)
    chance = np.where(sheets.own_season_games > 0, CHANCE_UNMENTIONED[cell], CHANCE_NOT_YET_SEEN[cell])
    for word, share in CHANCE_OF_STATUS.items():
        chance = np.where(status == word, share, chance)
    covered = np.array([word is not None for word in status], dtype=np.bool_)
    return np.where(covered, chance, np.nan)


def games_missed_class(sheets: Sheets) -> Codes:
    """By row the class (`MISSED_FROM`) of the team's games that he missed in a row up to now, since he joined."""
    missed = np.cumprod(sheets.team_minutes == 0, axis=1).sum(axis=1)
    return np.asarray(np.searchsorted(MISSED_FROM, missed, "right") - 1, dtype=np.int64)


def usual_class(sheets: Sheets) -> Codes:
    """By row the class (`USUAL_FROM`) of his usual minutes."""
    return np.asarray(np.searchsorted(USUAL_FROM, usual_minutes(sheets, LEARNED), "right") - 1, dtype=np.int64)


def usual_minutes(sheets: Sheets, constants: Constants) -> Floats:
    """By row the weighted mean of his last games, whatever the line-up; of whom nothing is known what is expected of a newcomer."""
    known = np.isfinite(sheets.own_minutes)
    weights = _ages(sheets, sheets.own_season_games, constants) * known
    total = (weights * np.where(known, sheets.own_minutes, 0.0)).sum(axis=1) + constants.newcomer_weight * constants.newcomer
    return np.asarray(total / (weights.sum(axis=1) + constants.newcomer_weight))


def _ages(sheets: Sheets, season_games: Floats, constants: Constants) -> Matrix:
    """Weights of games by how long ago they were; once the team's season has begun, older ones count for less."""
    back = np.arange(GAMES_BACK)
    alike = (back < season_games[:, None]) | ~_has_begun(sheets)[:, None]
    return np.asarray((back + 1.0) ** -constants.age_power * np.where(alike, 1.0, constants.last_season))


def _has_begun(sheets: Sheets) -> Flags:
    return np.asarray(sheets.team_season_games > 0)


def _form(sheets: Sheets, chance: Floats, usual: Floats, constants: Constants) -> Floats:
    """Weighted mean of the games that he played for the team, by age, role and likeness of the line-up; odd ones count for less."""
    played = sheets.team_minutes > 0
    minutes = np.where(played, sheets.team_minutes, 0.0)
    weights = _ages(sheets, sheets.team_season_games, constants) * played * _role(sheets, played, constants)
    weights = weights * np.exp(-_changed_hands(sheets, chance, usual, played) / constants.likeness)
    form = _mean_with_usual(weights, minutes, usual, constants)
    odd = (minutes - form[:, None]) / constants.outlier
    return _mean_with_usual(weights / (1.0 + odd * odd), minutes, usual, constants)


def _role(sheets: Sheets, played: FlagMatrix, constants: Constants) -> Matrix:
    newest = sheets.team_started[np.arange(len(played)), played.argmax(axis=1)]
    return np.where(sheets.team_started == newest[:, None], 1.0, constants.other_role)


def _changed_hands(sheets: Sheets, chance: Floats, usual: Floats, played: FlagMatrix) -> Matrix:
    """By row and past game: usual minutes of those who play in one of the two line-ups and not in the other, given that he plays."""
    each = usual[:, None] * np.abs(chance[:, None] - played)
    himself = usual * (1.0 - chance)
    return np.asarray(np.add.reduceat(each, sheets.starts, axis=0)[sheets.numbers] - himself[:, None])


def _mean_with_usual(weights: Matrix, minutes: Matrix, usual: Floats, constants: Constants) -> Floats:
    total = (weights * minutes).sum(axis=1) + constants.usual_weight * usual
    return np.asarray(total / (weights.sum(axis=1) + constants.usual_weight))


def _ready(sheets: Sheets, form: Floats, constants: Constants) -> Floats:
    """Form as a return from an absence and a game the day before leave it; no less than a minute."""
    missed = games_missed_class(sheets)
    slope = np.asarray(constants.missed_slope)[missed] + constants.back_to_back * (sheets.days_since_last == 1)
    return np.asarray(np.maximum(form + np.asarray(constants.missed)[missed] + slope * (form - MIDDLE), 1.0))


def _shared_out(sheets: Sheets, chance: Floats, minutes: Floats, constants: Constants) -> Floats:
    """What the side's minutes lack of 240, given that he plays, shared by capacity.

    In a team's first game of the season nothing is: what is lacking is for those who came in the summer, of whom no row tells.
    """
    capacity = np.interp(minutes, CAPACITY_AT, constants.capacity)
    expected, able = (np.add.reduceat(chance * part, sheets.starts)[sheets.numbers] for part in (minutes, capacity))
    lacking = TEAM_MINUTES - expected - (1.0 - chance) * minutes
    able = able + (1.0 - chance) * capacity
    shared = np.where(_has_begun(sheets), constants.shared, 0.0)
    return np.asarray(minutes + shared * lacking * capacity / able)
