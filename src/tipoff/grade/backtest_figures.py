"""What a walk-forward backtest tells: for each system every figure of merit beside its references, pooled and by season.

In: the tables `facts` and `said` of all folds together. Out: `Figures`, plain numbers that the page, the terminal and the JSON file show
alike. Every rate stands with its n and a Wilson interval, every difference is paired on the same rows with an interval clustered by game
date, and nothing counted gives n = 0 and None. It must never know a model, nor a page.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from tipoff.grade.backtest_alarm import LEAST_BETS, Alarm, error_alarm, hit_rate_alarms
from tipoff.grade.backtest_bets import Bets, bets_of
from tipoff.grade.backtest_errors import (
    Against,
    Coverage,
    LineErrors,
    PointErrors,
    References,
    against_last_10,
    calibration_of,
    coverage_of,
    crps_of,
    errors_of,
    line_errors,
    references,
)
from tipoff.grade.backtest_rows import Said, read_tables
from tipoff.grade.backtest_series import Series, series_of
from tipoff.grade.calibration import Calibration


@dataclass(frozen=True)
class Period:
    """Everything of one system over all its rows, or over those of a season.

    `player_games` is what it spoke of. `errors`, `last_10`, `crps` and `coverage` are over all rows with an outcome, `lined` over those
    with a line, `priced` over those whose books had prices on both sides; `calibration` is of P(over) at the consensus. `picks` are its
    recommendations, `sides` one bet on every side that it leant to.
    """

    player_games: int
    errors: PointErrors
    last_10: Against
    crps: Against
    lined: LineErrors
    priced: LineErrors
    calibration: Calibration
    coverage: tuple[Coverage, ...]
    picks: Bets
    sides: Bets


@dataclass(frozen=True)
class SystemFigures:
    """One system: `models` fits of it spoke. `alarms` is empty unless a figure is too good to be believed."""

    system_id: str
    models: int
    pooled: Period
    seasons: dict[str, Period]
    series: Series
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True)
class Figures:
    """A backtest's figures: references, which need no model, pooled and by season; and each system's, by its name."""

    first: str | None
    last: str | None
    references: References
    references_by_season: dict[str, References]
    systems: dict[str, SystemFigures]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: plain numbers, text, lists and None."""
        return asdict(self)


def figures(facts: pa.Table, said: pa.Table) -> Figures:
    """Count a backtest. Rows may come in any order; the same rows give the same figures.

    Raises BadInput for a missing column, a row that stands twice, or a prediction of a player-game without facts.
    """
    tables = read_tables(facts, said)
    known = tables.facts
    return Figures(
        first=str(known.days[0]) if known.size else None,
        last=str(known.days[-1]) if known.size else None,
        references=references(known),
        references_by_season={season: references(known.take(known.season == index)) for index, season in enumerate(tables.seasons)},
        systems={spoken.system_id: _system(spoken, tables.seasons) for spoken in tables.said()},
    )


def _system(said: Said, seasons: tuple[str, ...]) -> SystemFigures:
    pooled = _period(said)
    by_season = {}
    for index, season in enumerate(seasons):
        mine = said.facts.season == index
        if mine.any():
            by_season[season] = pooled if mine.all() else _period(said.take(mine))
    return SystemFigures(said.system_id, said.models, pooled, by_season, series_of(said), _alarms(pooled, by_season))


def _period(said: Said) -> Period:
    return Period(
        player_games=said.size,
        errors=errors_of(said),
        last_10=against_last_10(said),
        crps=crps_of(said),
        lined=line_errors(said, said.facts.lined),
        priced=line_errors(said, said.facts.priced),
        calibration=calibration_of(said),
        coverage=coverage_of(said),
        picks=bets_of(said.picks),
        sides=bets_of(said.sides),
    )


def _alarms(pooled: Period, seasons: dict[str, Period]) -> tuple[Alarm, ...]:
    """Over all rows as the rule has it, buckets included; a season's error only over as many rows as its bets need."""
    raised = [*error_alarm("all seasons", pooled.lined.line)]
    for bets, of in ((pooled.picks, "recommendations"), (pooled.sides, "all sides")):
        raised += hit_rate_alarms(of, bets, buckets=True)
    if len(seasons) > 1:
        for season, period in seasons.items():
            raised += error_alarm(season, period.lined.line, LEAST_BETS)
            raised += hit_rate_alarms(f"recommendations, {season}", period.picks, buckets=False)
            raised += hit_rate_alarms(f"all sides, {season}", period.sides, buckets=False)
    return tuple(raised)
