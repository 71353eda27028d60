"""What closing value tells of a bet made before: in points, and in probability.

Knows quotes taken, closes, results and graded predictions. It must never know how a side was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.slate import games_as_of, games_between
from tipoff.analyze.slope import spread_of_points
from tipoff.market.closing import Closed, closing_lines, closing_values
from tipoff.market.grouped import Codes, Mask, floats, micros
from tipoff.market.lines import market_as_of
from tipoff.market.prices import FloatArray
from tipoff.market.taking import offers, quotes_to_take
from tipoff.research.answers import Comparison, Findings, Group, compare, direction, mean, share
from tipoff.research.effects import effect
from tipoff.research.evidence import KEY, Graded, days, went_over, with_results, words
from tipoff.research.juice import units
from tipoff.store.warehouse import Work

TAKEN_BEFORE = timedelta(hours=3)
VALUES = ("below 0", "0", "above 0")


def closing_value(work: Work, start: date, end: date, system: str | None) -> Findings:
    """Results of bets by their closing value: a system's graded ones, or of the market either side taken three hours before each tip."""
    if system is not None:
        graded = Graded.read(work, system, start, end)
        side = words(graded.table, "recommendation")
        picks = Graded(system, graded.table.filter(pa.array((side == "OVER") | (side == "UNDER"))))
        over = words(picks.table, "recommendation") == "OVER"
        figures = _Bets(picks.day, np.arange(len(picks)), over, picks.won, *map(picks.of, ("units", "clv_points", "clv_prob")))
        empty = f"no graded prediction of {system} on these days has a measurable closing value"
        coverage = {**graded.coverage, "of them recommended over or under": len(picks)}
        notes = [f"The bets are the graded recommendations of {system}, at the points and prices taken."]
    else:
        figures, coverage = _market_bets(work, start, end)
        empty = "no quote taken three hours before a tip has a close within 15 minutes of it"
        notes = [
            "Both sides of every player-game are taken three hours before the tip, at the point nearest to the consensus and the best "
            "price of a sportsbook there: so over and under mirror each other, and what one gains in points the other loses."
        ]
    measured = np.isfinite(figures.points)
    coverage |= {
        "bets decided or pushed": int(np.isfinite(figures.units).sum()),
        "with a measurable closing value": int(measured.sum()),
        "not measurable": int((~measured).sum()),
    }
    notes.append("A value is measurable only where the close stands 15 minutes or less before the tip and is later than the quote taken.")
    notes.append("Closing value is known at the tip: it says how a bet was made, and cannot be picked by.")
    groups, comparisons = _of_values(figures)
    return Findings("What does closing value tell?", empty, coverage, groups, comparisons, notes)


@dataclass(frozen=True)
class _Bets:
    """Bets, one element each: days since 1970, player-game, whether on the over, 1 for a win and 0 for a loss, profit on one unit, and the
    closing value in points and in probability; NaN where there is none."""

    day: Codes
    pair: Codes
    over: Mask
    won: FloatArray
    units: FloatArray
    points: FloatArray
    probability: FloatArray


def _market_bets(work: Work, start: date, end: date) -> tuple[_Bets, dict[str, int]]:
    spread, ids = partial(spread_of_points, work), games_between(work, start, end)
    early, tips = games_as_of(work, ids, None, TAKEN_BEFORE), games_as_of(work, ids, None)
    lines = market_as_of(work, early, spread).lines
    lines = lines.filter(pc.equal(lines.column("line_kind"), "sportsbook"))
    day = work.fetch(early.select("game_id", "game_date"))
    players = with_results(work, lines.select([*KEY, "consensus_line"]), start, end)
    players = players.append_column("place", pa.array(np.arange(players.num_rows)))
    closes = closing_lines(work, tips, spread)
    players = players.join(day, "game_id").join(closes, KEY).sort_by("place")
    offered = offers(quotes_to_take(work, early), players.select(KEY), floats(players.column("consensus_line")))
    closed, scored = Closed.of(players), floats(players.column("points").cast(pa.float64()))
    parts = []
    for over in (True, False):
        side = np.full(players.num_rows, over)
        taken = offered.on(side)
        price = taken.over_price if over else taken.under_price
        won, profit = went_over(scored, taken.line), units(scored, taken.line, price, side)
        values = closing_values(closed, side, taken.line, price, micros(taken.words["quote_at"]))
        parts.append((days(players), np.arange(side.size), side, won if over else 1.0 - won, profit, *values))
    coverage = {
        "player-games with a sportsbook's line three hours before the tip": lines.num_rows,
        "of them played": players.num_rows,
    }
    return _Bets(*(np.concatenate(column) for column in zip(*parts, strict=True))), coverage


def _of_values(bets: _Bets) -> tuple[list[Group], list[Comparison]]:
    place = np.where(np.isnan(bets.points), -1, np.sign(bets.points) + 1).astype(np.int64)
    groups = []
    for over, side in ((True, "OVER"), (False, "UNDER")):
        for at, name in enumerate(VALUES):
            own = (place == at) & (bets.over == over)
            if own.any():
                groups.append(share(f"{side}, value {name}", "won", bets.won[own], bets.pair[own]))
                groups.append(mean(f"{side}, value {name}", "profit", "stake", bets.units[own], bets.day[own], bets.pair[own]))
    unmeasured = place == -1
    groups.append(share("not measurable", "won", bets.won[unmeasured], bets.pair[unmeasured]))
    groups.append(mean("measurable", "value in probability", "stake", bets.probability, bets.day, bets.pair))
    of_side = bets.over.astype(np.int64)
    wins = effect(bets.won, bets.points, bets.day, of_side)
    pays = effect(bets.units, bets.probability, bets.day, of_side)
    comparisons = [
        compare("won, a point of value", "share", wins, f"bets with closing value in points win {direction(wins)} often"),
        compare(
            "profit, a unit of value",
            "slope",
            pays,
            f"profit goes {direction(pays, 'up', 'down')} with closing value in probability",
        ),
    ]
    for over, side in ((True, "OVER"), (False, "UNDER")):
        own = bets.over == over
        comparisons.append(compare(f"{side} won, a point of value", "share", effect(bets.won[own], bets.points[own], bets.day[own])))
    return groups, comparisons
