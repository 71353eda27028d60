"""A backtest's figures as the document that is published.

In: the figures, and what the backtest asked. Out: its document. It must never work out a figure, nor know a bucket.
"""

from __future__ import annotations

from datetime import date, datetime

import numpy as np

from tipoff.grade import backtest_errors
from tipoff.grade.backtest_bets import Bets
from tipoff.grade.backtest_figures import Figures, SystemFigures
from tipoff.grade.backtest_series import Units
from tipoff.grade.shapes import bets_shape, reliability_shape, share_shape
from tipoff.publish import reports
from tipoff.publish.documents import Halt, League


def backtest_document(found: Figures, about: reports.About, *, generated_at: datetime, league: League) -> reports.BacktestReport:
    """The document of a backtest that ended."""
    alarmed = [one.system_id for one in found.systems.values() if one.alarms]
    return reports.BacktestReport(
        league=league,
        generated_at=generated_at,
        data_as_of=None,
        halt=Halt(),
        state="ok",
        state_detail=f"a leak alarm stands on {', '.join(alarmed)}" if alarmed else None,
        final=True,
        about=about,
        first=date.fromisoformat(found.first) if found.first else None,
        last=date.fromisoformat(found.last) if found.last else None,
        player_games=found.references.player_games,
        played=found.references.played,
        lined=found.references.lined,
        over_rate=share_shape(found.references.over_rate),
        systems=[_system(one) for one in found.systems.values()],
    )


def _system(one: SystemFigures) -> reports.SystemFigures:
    period = one.pooled
    return reports.SystemFigures(
        system_id=one.system_id,
        models=one.models,
        player_games=period.player_games,
        n=period.errors.n,
        mae=period.errors.mae,
        bias=period.errors.bias,
        against_line=_against(period.lined.line),
        against_shifted_line=_against(period.lined.shifted_line),
        against_market=_against(period.priced.log_loss.against_market),
        against_recalibrated=_against(period.priced.log_loss.against_recalibrated),
        reliability=reliability_shape(period.calibration),
        bets=bets_shape(period.picks.total),
        sides=bets_shape(period.sides.total),
        parts=_parts(period.picks),
        days=_days(one.series.units),
        alarms=[reports.Alarm(of=each.of, value=each.value, threshold=each.threshold, n=each.n) for each in one.alarms],
    )


def _against(one: backtest_errors.Against) -> reports.Against:
    return reports.Against(**{name: getattr(one, name) for name in reports.Against.model_fields})


def _parts(bets: Bets) -> list[reports.PartOf]:
    splits = {"side": bets.by_side, "tier": bets.by_tier, "edge-probability": bets.by_edge_probability, "edge": bets.by_edge}
    return [
        reports.PartOf(by=by, part=part, bets=bets_shape(record))
        for by, parts in splits.items()
        for part, record in parts.items()
        if record.bets
    ]


def _days(units: Units) -> list[reports.Run]:
    columns = zip(units.day, units.bets, units.units, np.cumsum(units.units).tolist(), strict=True)
    return [reports.Run(game_date=date.fromisoformat(day), n=n, units=won, total=total) for day, n, won, total in columns]
