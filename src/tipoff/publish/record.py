"""The documents of the record: every system over the last year and over all days, and of each system its details.

In: shapes that are filled already. Out: documents in the bucket, each where it says something new. It must never know how a figure is
worked out: `grade.record_document` does that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from obstore.store import ObjectStore

from tipoff.publish.documents import Document, Figure, Recommendation, Result, Shape
from tipoff.publish.write import put, put_news, schema_of

RECORD = "v1/record.json"
DAYS = 365
"""So many days up to the last graded one are told in detail."""
ROWS = 200
"""So many of the newest graded rows are told."""


def record_path(system_id: str) -> str:
    """Where the record of a system lies."""
    return f"v1/record/{system_id}.json"


class Share(Shape):
    """A share of `n` rows with its Wilson interval at 95 %; None at n = 0."""

    n: int
    rate: Figure | None
    low: Figure | None
    high: Figure | None


class Mean(Shape):
    """A mean over `n` rows with its interval at 95 %, clustered by game date; without an interval on a single date."""

    n: int
    mean: Figure | None
    low: Figure | None
    high: Figure | None


class Bets(Shape):
    """What some bets came to. `n` = won + lost; PUSH and VOID return the stake and are in no rate. `break_even` is the mean of 1 / price
    over the `priced.n` bets with a price, and `priced` their own hit rate; `units` and `roi` are of the same, at the prices taken.
    `always_under` is what UNDER came to on the same decided rows. Closing line values have as n the bets where they were measurable, of
    all `bets`."""

    bets: int
    n: int
    won: int
    lost: int
    push: int
    void: int
    hit_rate: Share
    priced: Share
    break_even: Figure | None
    units: Figure | None
    roi: Mean
    always_under: Share
    clv_points: Mean
    clv_prob: Mean


class Errors(Shape):
    """Errors in points. `bias` (predicted - actual) is over the `n` rows with court time; the others over the `lined_n` rows with a line:
    the system's whole-number median, the line, the shifted line, and the first less the last."""

    n: int
    bias: Figure | None
    lined_n: int
    mae: Figure | None
    line_mae: Figure | None
    shifted_line_mae: Figure | None
    against_shifted_line: Mean


class Part(Shape):
    """One part of a split."""

    part: str
    predictions: int
    bets: Bets
    errors: Errors


class Split(Shape):
    """A system's rows of the last year by one thing, each in one part."""

    by: str
    parts: list[Part]


class Total(Shape):
    """A system over a span of game days. `passes` and `no_lines` were predicted and not bet on; `passes_as_if` is what the passes would
    have become, had each side that was leant to been taken at its price."""

    first: date
    last: date
    days: int
    predictions: int
    passes: int
    no_lines: int
    bets: Bets
    errors: Errors
    passes_as_if: Bets


class SystemRecord(Shape):
    """One system: the last year, and all days."""

    system_id: str
    headline: bool
    year: Total
    all: Total


class Record(Document):
    """Every system that was graded. `year_from` .. `last` is what is meant by the last year."""

    headline_system: str | None
    first: date | None
    year_from: date | None
    last: date | None
    systems: list[SystemRecord]


class UnitsDay(Shape):
    """One game date. `n` bets had a price and were not void; `units` they won, `total` up to and with this day. `expected` is what the
    stated probabilities promised up to then at the prices taken, `low` .. `high` where 90 % of the outcomes should lie if they were right
    and the bets independent."""

    game_date: date
    n: int
    units: Figure
    total: Figure
    expected: Figure
    low: Figure
    high: Figure


class Bin(Shape):
    """Rows of about the same P(over): its mean, and how many went over."""

    forecast: Figure
    observed: Share


class Reliability(Shape):
    """P(over), given no push, at the line taken, in bins of about equal count, of all rows with a line and an outcome. `error` is the
    expected calibration error, `perfect_mean` and `perfect_95` what a perfect model shows by chance."""

    n: int
    error: Figure | None
    perfect_mean: Figure | None
    perfect_95: Figure | None
    bins: list[Bin]


class GradedRow(Shape):
    """One graded prediction. `leant` is the side that a PASS leant to, and `result` then what it would have become."""

    game_date: date
    game_id: str
    player_lookup: str
    name: str
    recommendation: Recommendation | None
    leant: Recommendation | None
    line: Figure | None
    price: Figure | None
    p_over: Figure | None
    actual_points: Figure | None
    result: Result | None
    void_reason: str | None
    signed_error: Figure | None
    clv_points: Figure | None
    clv_prob: Figure | None
    units: Figure | None


class SystemDetails(Document):
    """One system's last year in detail; `rows` are the newest, losers and passes among them, at most 200."""

    system_id: str
    headline: bool
    first: date
    last: date
    year: Total
    all: Total
    days: list[UnitsDay]
    reliability: Reliability
    splits: list[Split]
    rows: list[GradedRow]


def publish_record(bucket: ObjectStore, record: Record, details: Iterable[SystemDetails]) -> list[str]:
    """Publish both with their schemas, the systems' own first; gives the paths written. Raises ConfigError where the bucket does not take
    one."""
    put(bucket, "v1/schemas/record.json", schema_of(Record, "record"))
    put(bucket, "v1/schemas/record-system.json", schema_of(SystemDetails, "record-system"))
    paths = [path for one in details if put_news(bucket, path := record_path(one.system_id), one)]
    return paths + ([RECORD] if put_news(bucket, RECORD, record) else [])
