"""The pages of the record: how what was said turned out, of all systems and of one.

In: the record's documents. Out: pages with their charts. It must never know how a figure is worked out, nor HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tipoff.publish.record import RECORD, Record, SystemDetails, SystemRecord, Total, record_path
from tipoff.publish.systems import HEALTH, Health, ModelHealth
from tipoff.web import figures
from tipoff.web.published import Published
from tipoff.web.record_charts import edges_chart, reliability_chart, units_chart
from tipoff.web.rendering import Made, Rendering

FEW_DAYS = 7
_SPLITS = {
    "side": "Side", "tier": "Line", "edge-probability": "Edge in probability", "edge": "Edge in points", "quality": "Quality of inputs",
    "book": "Book", "direction": "Where the line went", "movement": "How far the line moved", "month": "Month",
}  # fmt: skip
_FIRST = ("side", "tier", "edge-probability")
_VOIDS = {
    "dnp_injury_confirmed": "did not play, listed out", "dnp_late_scratch": "did not play, late scratch", "dnp_unknown": "did not play",
    "game_not_completed": "game not completed",
}  # fmt: skip


class RecordPages:
    """The record, by system."""

    def __init__(self, published: Published, rendering: Rendering) -> None:
        self._published = published
        self._rendering = rendering
        rendering.add(**figures.ALL, verdict=verdict, void_words=void_words)

    def page(self, system_id: str | None) -> Made | str | None:
        """The record of a system, or of the one that stands for the slate; None where that one has no record. Raises BadInput for an
        unreadable document."""
        found = self._published.document(RECORD, Record)
        if found is None or not found[0].systems:
            return self._rendering.page("record_empty.html", "record") if system_id is None else None
        record, tag = found
        systems = [one for one in record.systems if record.year_from is None or one.year.last >= record.year_from]
        chosen = _chosen(systems, system_id)
        told = self._published.document(record_path(chosen.system_id), SystemDetails) if chosen else None
        if chosen is None or told is None:
            return None
        details, of = told
        fleet, stands = self._published.document(HEALTH, Health) or (None, None)
        models = {one.system_id: one for one in fleet.systems} if fleet else {}
        return self._rendering.kept(("record", chosen.system_id), (tag, of, stands), lambda: self._made(record, systems, details, models))

    def _made(self, record: Record, systems: Sequence[SystemRecord], details: SystemDetails, models: Mapping[str, ModelHealth]) -> str:
        """`systems` are those that were graded in the last year: of the others there are no details."""
        splits = [(_SPLITS[one.by], one) for by in _SPLITS for one in details.splits if one.by == by]
        first = [pair for pair in splits if pair[1].by in _FIRST]
        edges = next((one.parts for one in details.splits if one.by == "edge-probability"), [])
        edges = [part for part in edges if part.bets.n]
        return self._rendering.page(
            "record.html",
            "record",
            record=record,
            systems=systems,
            details=details,
            model=models.get(details.system_id),
            unproven=any(one.bootstrap for one in models.values()),
            first=first,
            more=[pair for pair in splits if pair not in first],
            edges=edges,
            charts={"units": units_chart(details), "reliability": reliability_chart(details), "edges": edges_chart(edges)},
        )


def _chosen(systems: Sequence[SystemRecord], system_id: str | None) -> SystemRecord | None:
    """The system asked for; where none is, the headline, else the one with the most bets."""
    if system_id is not None:
        return next((one for one in systems if one.system_id == system_id), None)
    return max(systems, key=lambda one: (one.headline, one.year.bets.n, one.year.predictions))


def verdict(total: Total) -> str:
    """What a record shows by its interval, in one sentence."""
    bets, priced = total.bets, total.bets.priced
    if not bets.n:
        return "No bet of this system has been decided yet, so nothing can be said."
    even, low, high = bets.break_even, priced.low, priced.high
    if even is None or low is None or high is None:
        return "No decided bet had a price, so it cannot be held against break-even."
    about = f"break-even at the prices taken is {figures.rate(even)}"
    short = (
        f" {total.days} night{'s' if total.days != 1 else ''} say{'' if total.days != 1 else 's'} little." if total.days <= FEW_DAYS else ""
    )
    if low > even:
        return f"The hit rate is above break-even, interval and all ({about}).{short} Look at the leak check before you believe it."
    if high < even:
        return f"The hit rate is below break-even, interval and all ({about}): these bets lose.{short}"
    return f"Break-even lies within the interval ({about}): this cannot be told from chance.{short}"


def void_words(reason: str | None) -> str:
    """Why a bet was void."""
    return _VOIDS.get(reason or "", (reason or "").replace("_", " "))
