"""How good each sportsbook's closing lines were: the measure by which books are sharp or soft, never their reputation.

Knows the close and box scores of games before a day. It must never know anything of that day or after it, nor a prediction.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, time

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.history import newest_schedule
from tipoff.clock import local_instant
from tipoff.market.devig import devig
from tipoff.market.grouped import Codes, Grouped, encode, floats
from tipoff.market.lines import market_at_close
from tipoff.market.prices import FloatArray
from tipoff.rates import clustered_mean
from tipoff.store.tables import table_of
from tipoff.store.warehouse import Merged, Work, day_of, instant

MIN_LINES = 300
"""Fewer lines that other books quoted too, and a book is of neither group."""


@dataclass(frozen=True)
class BookRecord:
    """How a sportsbook's closing main lines fared, one a player and game, voids left out; None where there is nothing to count.

    `mae` and `bias` (line - points) are over `n` lines, in points. `mae_difference` is the book's mean absolute error less that of the
    median of the other books, over the `paired_n` lines on players whom others quoted too, with its 95 % interval clustered by game date.
    `brier` and `calibration_gap` (probability - outcome) are of its devigged P(over), over `brier_n` lines with both prices and no push.
    """

    bookmaker: str
    n: int
    mae: float
    bias: float
    paired_n: int
    mae_difference: float | None
    difference_low: float | None
    difference_high: float | None
    brier_n: int
    brier: float | None
    calibration_gap: float | None

    @property
    def book_group(self) -> str:
        """Sharp where the interval of the difference lies below 0, soft where above it, over `MIN_LINES` lines or more; else neither."""
        if self.paired_n < MIN_LINES or self.difference_low is None or self.difference_high is None:
            return "neither"
        return "sharp" if self.difference_high < 0 else "soft" if self.difference_low > 0 else "neither"


def measured_at(until: date) -> datetime:
    """The first instant of a New York day: what is measured on games before it serves from then on."""
    return local_instant(until, time())


def measure_books(work: Work, until: date) -> list[BookRecord]:
    """Every sportsbook's record over the games before a New York day, by what was known when it began; the smallest error first."""
    lines = BookLines.read(work, until)
    if lines.size == 0:
        return []
    others = lines.others
    records = [_record(name, lines.of_book(number), others[lines.book == number]) for number, name in enumerate(lines.books)]
    return sorted(records, key=lambda record: (record.mae, record.bookmaker))


def keep_groups(work: Work, records: list[BookRecord], until: date) -> Merged:
    """Put the groups on record as measured at the first instant of `until`, in place of whatever was measured for that day before."""
    moment = measured_at(until)
    table = work.table("ref.book_groups")
    work.remove("ref.book_groups", work.fetch(table.filter(table.measured_at == instant(moment)).select("bookmaker", "measured_at")))
    rows = [{**asdict(record), "book_group": record.book_group, "measured_at": moment} for record in records]
    return work.merge("ref.book_groups", table_of("ref.book_groups", rows))


@dataclass(frozen=True)
class BookLines:
    """Closing main lines of sportsbooks on those who played, one row a (game, player, book), in order of the three.

    `pair` counts (game, player), `book` is a number into `books`, `day` is in days since 1970. `point` is the line and `points` what was
    scored; `chance` is the book's devigged P(over), NaN where a price is missing.
    """

    books: list[str]
    book: Codes
    pair: Codes
    day: Codes
    point: FloatArray
    points: FloatArray
    chance: FloatArray

    @classmethod
    def read(cls, work: Work, until: date, since: date = date.min) -> BookLines:
        """Those of the games from `since` on and before a New York day, by what was known when that day began."""
        quotes = market_at_close(work, _tips(work, until, since)).quotes
        quotes = quotes.filter(pc.equal(quotes.column("line_kind"), "sportsbook"))
        found = quotes.join(_played(work, until, since), ["game_id", "player_lookup"], join_type="inner")
        found = found.sort_by([(name, "ascending") for name in ("game_id", "player_lookup", "bookmaker")])
        (game, _), (player, players), (book, books) = (encode(found.column(name)) for name in ("game_id", "player_lookup", "bookmaker"))
        return cls(
            books=books.to_pylist(),
            book=book,
            pair=np.cumsum(np.diff(game * max(len(players), 1) + player, prepend=-1) > 0) - 1,
            day=np.asarray(found.column("game_date").cast(pa.int32()).to_numpy(), dtype=np.int64),
            point=floats(found.column("point")),
            points=floats(found.column("points").cast(pa.float64())),
            chance=devig(floats(found.column("over_price")), floats(found.column("under_price"))),
        )

    @property
    def size(self) -> int:
        return int(self.point.size)

    @property
    def others(self) -> FloatArray:
        """Of each row the median line of the other books on the same player-game; NaN where there is none."""
        return Grouped(self.pair, int(self.pair.max(initial=-1)) + 1).median_of_others(self.point)

    def of_book(self, number: int) -> BookLines:
        own = self.book == number
        return BookLines(self.books, self.book[own], self.pair[own], self.day[own], self.point[own], self.points[own], self.chance[own])


def _tips(work: Work, until: date, since: date) -> ir.Table:
    schedule = work.table("raw.schedule")
    known = schedule.filter(
        schedule.known_at <= instant(measured_at(until)), schedule.game_date < day_of(until), schedule.game_date >= day_of(since)
    )
    return newest_schedule(known).select("game_id", tip="commence_time")


def _played(work: Work, until: date, since: date) -> pa.Table:
    """Points of everybody who had court time, by the box scores in force when the day began."""
    box = work.as_of("raw.player_box", measured_at(until))
    box = box.filter(box.game_date < day_of(until), box.game_date >= day_of(since), box.minutes > 0, box.points.notnull())
    return work.fetch(box.select("game_id", "player_lookup", "game_date", "points"))


def _record(bookmaker: str, own: BookLines, others: FloatArray) -> BookRecord:
    error = np.abs(own.point - own.points)
    difference = clustered_mean(error - np.abs(others - own.points), own.day)
    decided = ~np.isnan(own.chance) & (own.points != own.point)
    miss = own.chance[decided] - (own.points[decided] > own.point[decided])
    return BookRecord(
        bookmaker=bookmaker,
        n=own.size,
        mae=float(np.mean(error)),
        bias=float(np.mean(own.point - own.points)),
        paired_n=difference.n,
        mae_difference=difference.mean,
        difference_low=difference.low,
        difference_high=difference.high,
        brier_n=int(miss.size),
        brier=float(np.mean(miss * miss)) if miss.size else None,
        calibration_gap=float(np.mean(miss)) if miss.size else None,
    )
