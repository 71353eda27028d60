"""What is there, week by week: games, lines, books, closes, box scores, reports; and where something is missing, in words.

Comes in: the warehouse, a span of game days, the present. Goes out: one row a period, and the gaps. A week is compared with its
neighbours and never with a constant: what is normal for a book, a source or a season is what the weeks around it hold. It must never
know why something is missing, nor what a line or a box score says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from statistics import median
from typing import Any, Literal, get_args

import ibis
import ibis.expr.types as ir

from tipoff.analyze.history import newest_schedule
from tipoff.analyze.schedule import CALLED_OFF
from tipoff.analyze.slate import left, sides
from tipoff.clock import game_date_of, season_of
from tipoff.errors import BadInput
from tipoff.market.books import books_of_kind
from tipoff.store.warehouse import Work, day_of, instant

By = Literal["week", "month", "season"]

SHORT = 0.6
"""A week is short where it reaches less than this share of its neighbours' median: 7 books of 12 are too few, 8 are not."""
NEIGHBOURS = 3
"""So many weeks of the same season on each side are its neighbours: one bad week among them, or two, do not move their median."""
CLOSE_MINUTES = 15
"""A quote is a close where it stood at most so many minutes before the tip (closing line value counts only there)."""
BOX_DUE = timedelta(hours=6)
"""From the tip until a box score is missed."""
_EARLIEST, _LATEST = date(1946, 11, 1), date(2100, 1, 1)


@dataclass(frozen=True)
class Period:
    """One week (from Monday), month or season. `first` is its first day; counts are over New York game days.

    `games` are scheduled and not called off, `due` those of them whose box score is due; `lined_games` have a line before the tip, `books`
    are distinct sportsbooks, `other_books` pick'em sites, consensus sources and unknown ones; `players` have a line, `lines` are
    player-games with one, `closes` those with a quote in the last 15 minutes, `assumed_closes` those of them whose moment is an import's
    assumption; `quotes` stood before the tip; `box_games` have box scores of both teams; `report_days` of `game_days` have a report.
    """

    label: str
    first: date
    season: str
    game_days: int = 0
    games: int = 0
    due: int = 0
    lined_games: int = 0
    books: int = 0
    other_books: int = 0
    players: int = 0
    lines: int = 0
    quotes: int = 0
    closes: int = 0
    assumed_closes: int = 0
    box_games: int = 0
    report_days: int = 0


@dataclass(frozen=True)
class BookPeriod:
    """What one book quoted in a period before the tips: player-games with a line, and those of them with a quote in the last 15 minutes."""

    label: str
    bookmaker: str
    lines: int
    closes: int


@dataclass(frozen=True)
class Gap:
    """Something missing in the weeks that begin from `first` to `last`: `measure` is its name, `words` say it to people."""

    measure: str
    first: date
    last: date
    words: str
    team: str | None = None


@dataclass(frozen=True)
class Coverage:
    """The periods in order of time, what each book quoted in them, and the gaps, newest first."""

    by: By
    periods: tuple[Period, ...]
    books: tuple[BookPeriod, ...]
    gaps: tuple[Gap, ...]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "by": self.by,
            "periods": [asdict(row) for row in self.periods],
            "books": [asdict(row) for row in self.books],
            "gaps": [asdict(gap) for gap in self.gaps],
        }


def coverage(work: Work, first: date | None = None, last: date | None = None, *, by: str = "week", now: datetime) -> Coverage:
    """What is there from `first` to `last` (New York game days, both included; None: all that is on record up to the day of `now`, UTC).

    Gaps are found week by week, whatever the periods; neighbours beyond the span count for the comparison. Raises BadInput for an unknown
    kind of period, or a span that ends before it begins.
    """
    if by not in get_args(By):
        raise BadInput(f"{by!r} is no kind of period.", hint=f"There are {', '.join(get_args(By))}.")
    first, last = max(first or _EARLIEST, _EARLIEST), min(last or game_date_of(now), _LATEST)
    if last < first:
        raise BadInput(f"From {first} to {last} there is no day.", hint="Give --from before --to.")
    after = min(last + timedelta(days=7 * (NEIGHBOURS + 1)), max(last, game_date_of(now)))  # of games to come nothing is missing yet
    wide = (first - timedelta(days=400), after)
    weeks = _periods(work, wide, "week", now)
    asked = [week for week in weeks if week.first + timedelta(days=6) >= first and week.first <= last]
    whole = by == "week" and all(first <= week.first and week.first + timedelta(days=6) <= last for week in asked)
    periods = asked if whole else _periods(work, (first, last), _kind(by), now)
    gaps = [*_short_weeks(weeks, {week.first for week in asked}), *_missing_boxes(work, (first, last), now)]
    books = _books(work, (first, last), _kind(by))
    return Coverage(_kind(by), tuple(periods), books, tuple(sorted(gaps, key=lambda gap: (gap.last, gap.first, gap.measure), reverse=True)))


def _kind(by: str) -> By:
    return next(kind for kind in get_args(By) if kind == by)


def _periods(work: Work, span: tuple[date, date], by: By, now: datetime) -> list[Period]:
    """Every period of the span in which something is on record."""
    found: dict[date, dict[str, Any]] = {}
    kind = (by,)
    counted = [work.ask(question, *span, kind) for question in (_of_quotes, _of_boxes, _of_reports)]
    for rows in (work.ask(_of_games, *span, kind, now), *counted):
        for row in rows.to_pylist():
            found.setdefault(row.pop("period"), {}).update(row)
    return [Period(_label(day, by), day, season_of(day), **counts) for day, counts in sorted(found.items())]


def _books(work: Work, span: tuple[date, date], by: By) -> tuple[BookPeriod, ...]:
    """What each book quoted, by period and book."""
    found = work.ask(_of_books, *span, (by,)).to_pylist()
    return tuple(BookPeriod(_label(row.pop("period"), by), **row) for row in found)


def _of_books(work: Work, first: ir.DateScalar, last: ir.DateScalar, kind: tuple[By]) -> ir.Table:
    quotes = _before_the_tip(work, first, last, kind)
    of_player = quotes.group_by(["period", "bookmaker", "game_id", "player_lookup"]).agg(closes=_closing(quotes).cast("int64").max())
    rows = of_player.group_by(["period", "bookmaker"]).agg(lines=of_player.count(), closes=of_player.closes.sum())
    return rows.order_by(["period", "bookmaker"])


def _label(first: date, by: By) -> str:
    return {"week": first.isoformat(), "month": f"{first:%Y-%m}", "season": season_of(first)}[by]


def _period(day: ir.DateColumn, kind: tuple[By]) -> ir.DateColumn:
    """The first day of the period: Monday, the first of the month, or the day on which the season turns (`clock.season_of`)."""
    (by,) = kind
    if by != "season":
        return day.truncate({"week": "W", "month": "M"}[by]).cast("date")
    turn = ibis.ifelse(day.year() == 2020, 11, 8)
    start = day.year() - ibis.ifelse(day.month() >= turn, 0, 1)
    return ibis.date(start, ibis.ifelse(start == 2020, 11, 8), 1)


def _within(rows: ir.Table, first: ir.DateScalar, last: ir.DateScalar, kind: tuple[By]) -> ir.Table:
    kept = rows.filter(rows.game_date >= day_of(first), rows.game_date <= day_of(last))
    return kept.mutate(period=_period(kept.game_date, kind))


def scheduled_games(work: Work) -> ir.Table:
    """One row a game that is to be played or was, less those called off: game_id, game_date, season, tip, home, away, game_type."""
    games = newest_schedule(work.table("raw.schedule"))
    games = games.filter(~games.status.isin(CALLED_OFF))
    return games.select("game_id", "game_date", "season", "home", "away", "game_type", tip="commence_time")


def _due(games: ir.Table, now: datetime | ir.TimestampScalar) -> ir.BooleanValue:
    return games.tip < instant(now) - ibis.interval(BOX_DUE)


def _of_games(work: Work, first: ir.DateScalar, last: ir.DateScalar, kind: tuple[By], now: ir.TimestampScalar) -> ir.Table:
    games = _within(scheduled_games(work), first, last, kind)
    due = _due(games, now).cast("int64").sum()
    return games.group_by("period").agg(game_days=games.game_date.nunique(), games=games.count(), due=due)


def _before_the_tip(work: Work, first: ir.DateScalar, last: ir.DateScalar, kind: tuple[By]) -> ir.Table:
    """Quotes on players that stood before the tip as it is known now, and before that of their own document."""
    columns = ("game_id", "game_date", "player_lookup", "bookmaker", "snapshot_at", "commence_time", "known_at_assumed")
    quotes = _within(work.table("raw.odds_player_points").select(*columns), first, last, kind)
    quotes = left(quotes, scheduled_games(work).select("game_id", "tip"), ["game_id"])
    quotes = quotes.mutate(tip=ibis.coalesce(quotes.tip, quotes.commence_time))
    return quotes.filter(quotes.snapshot_at < quotes.tip, quotes.snapshot_at < quotes.commence_time)


def _closing(quotes: ir.Table) -> ir.BooleanValue:
    return quotes.snapshot_at >= quotes.tip - ibis.interval(minutes=CLOSE_MINUTES)


def _of_quotes(work: Work, first: ir.DateScalar, last: ir.DateScalar, kind: tuple[By]) -> ir.Table:
    quotes = _before_the_tip(work, first, last, kind)
    of_sportsbook = quotes.bookmaker.isin(books_of_kind("sportsbook"))
    closing = _closing(quotes)
    by_player = quotes.group_by(["period", "game_id", "player_lookup"]).agg(
        quotes=quotes.count(),
        closes=closing.cast("int64").max(),
        recorded=(closing & ~quotes.known_at_assumed).cast("int64").max(),
    )
    counted = by_player.group_by("period").agg(
        lined_games=by_player.game_id.nunique(),
        players=by_player.player_lookup.nunique(),
        lines=by_player.count(),
        quotes=by_player.quotes.sum(),
        closes=by_player.closes.sum(),
        assumed_closes=(by_player.closes - by_player.recorded).sum(),
    )
    books = quotes.select("period", "bookmaker", ours=of_sportsbook.cast("int64")).distinct()
    of_books = books.group_by("period").agg(books=books.ours.sum(), other_books=(1 - books.ours).sum())
    return left(counted, of_books, ["period"])


def _box_sides(work: Work) -> ir.Table:
    return work.table("raw.player_box").select("game_id", "game_date", "team").distinct()


def _of_boxes(work: Work, first: ir.DateScalar, last: ir.DateScalar, kind: tuple[By]) -> ir.Table:
    boxes = _within(_box_sides(work), first, last, kind)
    games = boxes.group_by(["period", "game_id"]).agg(teams=boxes.team.nunique())
    return games.group_by("period").agg(box_games=(games.teams >= 2).cast("int64").sum())


def _of_reports(work: Work, first: ir.DateScalar, last: ir.DateScalar, kind: tuple[By]) -> ir.Table:
    """Days with a report that speaks of them, among those on which games are played."""
    days = scheduled_games(work).select("game_date").distinct()
    reports = _within(work.table("raw.injuries").select("game_date").distinct().semi_join(days, "game_date"), first, last, kind)
    return reports.group_by("period").agg(report_days=reports.count())


@dataclass(frozen=True)
class _Measure:
    """A level that a week should share with its neighbours, and how a week below it is told."""

    name: str
    level: Callable[[Period], float]
    words: Callable[[Period, float], str]


def _share(part: int, of: int) -> float:
    return part / of if of else 0.0


_MEASURES = (
    _Measure("books", lambda week: week.books, lambda week, usual: f"{week.books} of {usual:g} books"),
    _Measure(
        "lined_games",
        lambda week: _share(week.lined_games, week.games),
        lambda week, usual: f"lines on {week.lined_games} of {week.games} games; around it on {usual:.0%}",
    ),
    _Measure(
        "lines",
        lambda week: _share(week.lines, week.lined_games),
        lambda week, usual: f"lines on {_share(week.lines, week.lined_games):.1f} players a game; around it on {usual:.1f}",
    ),
    _Measure(
        "closes",
        lambda week: _share(week.closes, week.lines),
        lambda week, usual: f"closes for {week.closes} of {week.lines} player-games; around it for {usual:.0%}",
    ),
    _Measure(
        "report_days",
        lambda week: _share(week.report_days, week.game_days),
        lambda week, usual: f"injury reports for {week.report_days} of {week.game_days} game days; around it for {usual:.0%}",
    ),
)
_LINES = ("lined_games", "lines", "closes")  # said already where a week has no books at all


def _short_weeks(weeks: Sequence[Period], asked: set[date]) -> list[Gap]:
    """Weeks that fall short of their neighbours; those that do so one after the other are one gap."""
    gaps: list[Gap] = []
    for _, season in groupby((week for week in weeks if week.due), key=lambda week: week.season):
        played = list(season)
        for measure in _MEASURES:
            usual = [_usual(played, place, measure) for place in range(len(played))]
            short = [
                (place, Gap(measure.name, week.first, week.first, f"{week.first}: {measure.words(week, usual[place])}"))
                for place, week in enumerate(played)
                if week.first in asked and measure.level(week) < SHORT * usual[place] and not (measure.name in _LINES and week.quotes == 0)
            ]
            gaps += _joined(short)
    return gaps


def _usual(weeks: Sequence[Period], place: int, measure: _Measure) -> float:
    """The neighbours' median; for a week with nothing, at least the season's own median of the weeks that have some: so an outage that
    outlasts the neighbourhood is found too."""
    around = [*weeks[max(place - NEIGHBOURS, 0) : place], *weeks[place + 1 : place + 1 + NEIGHBOURS]]
    usual = median(map(measure.level, around)) if around else 0.0
    if measure.level(weeks[place]) == 0:
        usual = max(usual, median([level for level in map(measure.level, weeks) if level] or [0.0]))
    return usual


def _joined(short: Iterable[tuple[int, Gap]]) -> list[Gap]:
    """Gaps of adjoining weeks as one, told by the first."""
    joined: list[Gap] = []
    before = -2
    for place, gap in short:
        if place == before + 1:
            begun = joined[-1]
            weeks = (gap.first - begun.first).days // 7 + 1
            told = begun.words.partition(": ")[2].partition(" (and so")[0]
            joined[-1] = replace(begun, last=gap.first, words=f"{begun.first}: {told} (and so on until {gap.first}, {weeks} weeks)")
        else:
            joined.append(gap)
        before = place
    return joined


def _missing_boxes(work: Work, span: tuple[date, date], now: datetime) -> list[Gap]:
    """Games whose box score is due and not there: a team without any in a week by its name (F46), the others as a count."""
    teams = work.ask(_teams_lacking, *span, now).to_pylist()
    lost = {row["period"]: row["games"] for row in work.ask(_games_lacking, *span, now).to_pylist()} if teams else {}
    whole = {row["period"]: row for row in work.ask(_played, *span, now).to_pylist()} if teams else {}
    gaps = []
    for week, rows in groupby(teams, key=lambda row: row["period"]):
        told = f"{week}: {lost[week]} of {whole[week]['games']} games without box scores of both teams"
        gaps.append(Gap("box_games", week, week, told))
        without = [row for row in rows if row["boxes"] == 0]
        if len(without) < whole[week]["teams"]:
            gaps += [
                Gap("box_team", week, week, f"{week}: no box score of {row['team']}, which played {row['games']}", row["team"])
                for row in without
            ]
    return gaps


def _teams_lacking(work: Work, first: ir.DateScalar, last: ir.DateScalar, now: ir.TimestampScalar) -> ir.Table:
    both = _due_sides(work, first, last, now)
    counted = both.group_by(["period", "team"]).agg(games=both.count(), boxes=both.there.fill_null(0).sum())
    return counted.filter(counted.boxes < counted.games).order_by("period", "team")


def _games_lacking(work: Work, first: ir.DateScalar, last: ir.DateScalar, now: ir.TimestampScalar) -> ir.Table:
    both = _due_sides(work, first, last, now)
    lacking = both.filter(both.there.isnull()).select("period", "game_id").distinct()
    return lacking.group_by("period").agg(games=lacking.count())


def _played(work: Work, first: ir.DateScalar, last: ir.DateScalar, now: ir.TimestampScalar) -> ir.Table:
    both = _due_sides(work, first, last, now)
    return both.group_by("period").agg(games=both.game_id.nunique(), teams=both.team.nunique())


def _due_sides(work: Work, first: ir.DateScalar, last: ir.DateScalar, now: ir.TimestampScalar) -> ir.Table:
    """Two rows a game of the span whose box score is due: `there` is 1 where the team's is, null where it is not; `period` is its week."""
    games = _within(scheduled_games(work), first, last, ("week",))
    both = sides(games.filter(_due(games, now)).mutate(as_of=games.tip))
    found = left(both, _box_sides(work).select("game_id", "team", there=ibis.literal(1)), ["game_id", "team"])
    return found.mutate(period=_period(found.game_date, ("week",)))


def _without_boxes(work: Work, game_date: ir.DateScalar, first: ir.DateScalar, last: ir.DateScalar, now: ir.TimestampScalar) -> ir.Table:
    today = scheduled_games(work).filter(lambda game: game.game_date == day_of(game_date))
    teams = today.select(team="home").union(today.select(team="away"))
    both = _due_sides(work, first, last, now).semi_join(teams, "team")
    counted = both.group_by("team").agg(games=both.count(), boxes=both.there.fill_null(0).sum())
    return counted.filter(counted.boxes == 0).order_by("team")


def teams_without_boxes(work: Work, game_date: date, now: datetime) -> list[Gap]:
    """The teams that play on a New York game day whose games of the seven days before, as far as they are due at `now` (UTC), have no box
    score at all (F46), in order of their tricodes: what is predicted of them rests on older games."""
    week = (game_date - timedelta(days=7), game_date - timedelta(days=1))
    found = work.ask(_without_boxes, game_date, *week, now).to_pylist()
    return [
        Gap("box_team", *week, f"no box score of {team} in the seven days before {game_date}, in which it played {played}", team)
        for team, played in ((row["team"], row["games"]) for row in found)
    ]
