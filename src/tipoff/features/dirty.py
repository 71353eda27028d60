"""Which games' stored feature rows may be out of date: those that something written since may reach.

Comes in: games with their moments, `features.store`, and when each row of each input was written. Goes out: the ids of the games to be
built anew. Each rule below names one way from an input to a row, and takes too many games rather than one too few. Knows the inputs'
reach in time and whom they speak of; it must never know what a feature makes of them.

A row that was taken away, or now says that it became known later than it said before, leaves no trace in `written_at`: after a replay, or
a name or game set right, games are built by force.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.analyze.history import WINDOW
from tipoff.features.build import in_warm_up
from tipoff.features.registry import FEATURE_VERSION
from tipoff.store.warehouse import Work, day_of, instant

_DAY = timedelta(days=1)
_REACH = WINDOW + _DAY
_LINK = ["past_game", "whom"]


def dirty_games(work: Work, games: pa.Table) -> list[str]:
    """Of these games (`known_games`: each with its effective `as_of`) those to be built, in order.

    A game is up to date where `features.store` has rows at exactly its moment, all of the current feature version, and no input that was
    known by then and may reach them was written since. What was written in the very unit of work that wrote them counts as since.
    """
    return _dirty(work, games, _current(work, games))


def standing_rows(work: Work, games: pa.Table) -> dict[str, datetime]:
    """Of these games those whose newest rows in `features.store`, built at an earlier moment, still say what a build at the game's moment
    would: their `as_of`. No input that may reach them became known, or was written, since then. All others are to be built."""
    newest = newest_rows(work, games)
    found = games.rename_columns({"as_of": "until"}).join(newest, "game_id", join_type="inner").sort_by("game_id")
    current = _current(work, found.rename_columns({"stands_at": "as_of"}))
    current = current.filter(pc.equal(current.column("vintage"), pc.floor_temporal(current.column("until"), unit="month")))
    stale = set(_dirty(work, found, current))
    return {row["game_id"]: row["as_of"] for row in current.select(["game_id", "as_of"]).to_pylist() if row["game_id"] not in stale}


def newest_rows(work: Work, games: pa.Table) -> pa.Table:
    """Of these games (game_id, as_of) the moment of their newest rows in `features.store` by then: game_id, stands_at."""
    return work.ask(_newest, games.select(["game_id", "as_of"]))


def _newest(work: Work, games: ir.Table) -> ir.Table:
    stored = work.table("features.store").inner_join(games.rename(until="as_of"), "game_id")
    return stored.filter(stored.as_of <= stored.until).group_by("game_id").agg(stands_at=stored.as_of.max())


def _dirty(work: Work, games: pa.Table, current: pa.Table) -> list[str]:
    stale: set[str] = set()
    if current.num_rows:
        later = current.filter(pc.greater(current.column("until"), current.column("as_of")))
        since_known = pc.min(later.column("as_of")).as_py()
        first = min(pc.min(current.column(name)).as_py() for name in ("oldest_day", "oldest_of_vintage"))
        last = pc.max(current.column("day")).as_py()
        found = work.ask(_reached, current, pc.min(current.column("stored_at")).as_py(), since_known, first, last)
        stale |= set(found.column("game_id").to_pylist())
    up_to_date = set(current.column("game_id").to_pylist()) - stale
    return [game_id for game_id in games.column("game_id").to_pylist() if game_id not in up_to_date]


def stored_rows(work: Work, games: pa.Table) -> ir.Table:
    """The rows of `features.store` of these games at their own moments."""
    return work.table("features.store").semi_join(ibis.memtable(games.select(["game_id", "as_of"])), ["game_id", "as_of"])


def _current(work: Work, games: pa.Table) -> pa.Table:
    """The games whose rows are of this feature version and say rightly whether the season is young; `stored_at` is when the oldest of
    their rows was written, `vintage` the first instant of the month, `until` the moment by which inputs count (`as_of`, where the games
    name no other)."""
    found = work.ask(_state_of_rows, games.select(["game_id", "as_of"]))
    games = games.append_column("is_young", pa.array(in_warm_up(work, games)))
    joined = games.join(found, "game_id", join_type="inner").sort_by("game_id")
    right = pc.invert(pc.if_else(joined.column("is_young"), joined.column("has_old"), joined.column("has_young")))
    kept = joined.filter(pc.and_(joined.column("is_current"), right))
    day, as_of = kept.column("game_date"), kept.column("as_of")
    vintage = pc.floor_temporal(as_of, unit="month")
    return pa.table(
        {
            **{name: kept.column(name) for name in ("game_id", "home", "away", "as_of", "stored_at")},
            "until": kept.column("until") if "until" in kept.column_names else as_of,
            "day": day,
            "vintage": vintage,
            "oldest_day": pc.subtract(day, _REACH).cast(pa.date32()),
            "oldest_shot": pc.subtract(as_of, WINDOW),
            "oldest_of_vintage": pc.subtract(vintage, WINDOW).cast(pa.date32()),
        }
    )


def _state_of_rows(work: Work, games: ir.Table) -> ir.Table:
    rows = work.table("features.store").semi_join(games, ["game_id", "as_of"])
    return rows.group_by("game_id").agg(
        stored_at=rows.written_at.min(),
        is_current=(rows.feature_version == FEATURE_VERSION).all(),
        has_young=rows.warm_up.any(),
        has_old=(~rows.warm_up).any(),
    )


def _reached(work: Work, games: ir.Table, oldest: datetime, later: datetime | None, first: date, last: date) -> ir.Table:
    """The games that any rule names, in one question."""
    since = _Since(work, games, oldest, later, first, last)
    return ibis.union(*(rule(since).select("game_id") for rule in _RULES), distinct=True)


@dataclass(frozen=True, eq=False)
class _Since:
    """The games (`_current`) and what was written since the `oldest` of their rows; `later` is the first moment of those that are held
    against a later one, None where none is. From the `first` to the `last` day are the past games that may reach any of them."""

    work: Work
    games: ir.Table
    oldest: datetime
    later: datetime | None
    first: date
    last: date

    @cached_property
    def players(self) -> ir.Table:
        """(game_id, whom): whose rows are stored."""
        stored = self.work.table("features.store").semi_join(self.games.select("game_id", "as_of"), ["game_id", "as_of"])
        return stored.select("game_id", whom="player_lookup")

    @cached_property
    def teams(self) -> ir.Table:
        """(game_id, whom): who plays."""
        return self.games.select("game_id", whom="home").union(self.games.select("game_id", whom="away"))

    def written(self, rows: ir.Table, *by: str) -> ir.Table:
        """What was written since, by these columns and when it was known: `written_at` is when the last of it was. Where rows are held
        against a later moment, also what became known between, whenever it was written."""
        is_recent = rows.written_at >= instant(self.oldest)
        if self.later is not None:
            is_recent |= rows.known_at > instant(self.later)
        recent = rows.filter(is_recent)
        return recent.group_by([*by, "known_at"]).agg(written_at=recent.written_at.max())

    def of_table(self, name: str, *by: str) -> ir.Table:
        """The same of a declared table."""
        return self.written(self.work.table(name), *by)

    def within(self, name: str) -> ir.Table:
        """The rows of a declared table on the days that may reach one of the games."""
        rows = self.work.table(name)
        return rows.filter(rows.game_date >= day_of(self.first), rows.game_date <= day_of(self.last))

    @cached_property
    def near(self) -> ir.Table:
        """The games that the schedule, or a box score, has on one of these days: no other's box score or closing lines are looked at."""
        return ibis.union(*(self.within(name).select("game_id") for name in ("raw.schedule", "raw.player_box")), distinct=True)

    @cached_property
    def touched(self) -> ir.Table:
        """Games whose schedule, box score or quotes on players were written since: past_game, known_at, written_at, and the first and the
        last of the days on which any word of the schedule, or what was written itself, has it: under whatever id, where the league has
        moved it."""
        tables = [self.work.table(name).semi_join(self.near, "game_id") for name in ("raw.player_box", "raw.odds_player_points")]
        changes = [self.written(rows, "game_id", "game_date") for rows in tables]
        found = ibis.union(self.written(_first_words(self.work), "game_id", "game_date"), *changes)
        schedule = self.work.table("raw.schedule")
        of_id = schedule.group_by(["game_id", ibis.coalesce(schedule.league_game_id, schedule.game_id).name("told_of")])
        spans = of_id.agg(first=schedule.game_date.min(), last=schedule.game_date.max())
        of_game = ibis.window(group_by="told_of")
        spans = spans.mutate(first=spans["first"].min().over(of_game), last=spans["last"].max().over(of_game))
        days = spans.group_by("game_id").agg(first=spans["first"].min(), last=spans["last"].max())
        dated = found.left_join(days, "game_id")
        first, last = (ibis.coalesce(dated[name], dated.game_date) for name in ("first", "last"))
        return dated.select(
            "known_at",
            "written_at",
            past_game="game_id",
            first_day=ibis.least(dated.game_date, first),
            last_day=ibis.greatest(dated.game_date, last),
        )

    @cached_property
    def touched_games(self) -> ir.Table:
        return self.touched.select(game_id="past_game").distinct()

    @cached_property
    def boxes(self) -> ir.Table:
        """The box scores of the games that were touched."""
        return self.work.table("raw.player_box").semi_join(self.near, "game_id").semi_join(self.touched_games, "game_id")

    def reached(self, changes: ir.Table, on: Any = (), *, by: str = "until") -> ir.Table:
        """Games with a change that matches `on`, was known by their moment, and written, or known, only since their rows were."""
        joined = self.games.inner_join(changes, on) if on else self.games.cross_join(changes)
        since = (joined.written_at >= joined.stored_at) | (joined.known_at > joined.as_of)
        return joined.filter(since, joined.known_at <= joined[by])

    def through(self, links: ir.Table, whose: ir.Table) -> ir.Table:
        """Games reached by a past game that is linked (past_game, whom) to one of theirs (game_id, whom)."""
        linked = self.touched.inner_join(links.select(*_LINK).distinct(), "past_game").inner_join(whose, "whom")
        reached = self.reached(linked.drop("past_game", "whom").distinct(), "game_id")
        return reached.filter(reached.first_day <= reached.day, reached.last_day >= reached.oldest_day)


def _first_words(work: Work) -> ir.Table:
    """The schedule; of a game of which nobody knew before its tip, each word counts from the tip on, since the first of them does."""
    schedule = work.table("raw.schedule")
    in_time = (schedule.known_at <= schedule.commence_time).fill_null(False)
    timely = in_time.any().over(ibis.window(group_by="game_id"))
    return schedule.mutate(known_at=ibis.ifelse(timely, schedule.known_at, ibis.least(schedule.known_at, schedule.commence_time)))


def _past_games_of_teams(since: _Since) -> ir.Table:
    """A game that one of the two teams plays or played, this very game among them: its schedule, box score, closing lines."""
    schedule = since.work.table("raw.schedule").semi_join(since.touched_games, "game_id")
    sides = [rows.select(past_game="game_id", whom=name) for rows, name in _sides(schedule, since.boxes)]
    return since.through(ibis.union(*sides), since.teams)


def _sides(schedule: ir.Table, boxes: ir.Table) -> list[tuple[ir.Table, str]]:
    return [(schedule, "home"), (schedule, "away"), (boxes, "team"), (boxes, "opponent")]


def _past_games_of_players(since: _Since) -> ir.Table:
    """A game in whose box score one of the players stands, for whatever team: usage is of the whole side's figures."""
    return since.through(since.boxes.select(past_game="game_id", whom="player_lookup"), since.players)


def _moved_tips(since: _Since) -> ir.Table:
    """A word on the game's own schedule that gives another tip, where one was known between its moment and the latest tip of all: words
    known by the tip count, whichever tip the newest of them gives."""
    schedule = since.work.table("raw.schedule")
    of_game = ibis.window(group_by="game_id")
    words = schedule.select(
        "game_id",
        "known_at",
        written_at=schedule.written_at.max().over(of_game),
        first_tip=schedule.commence_time.min().over(of_game),
        last_tip=schedule.commence_time.max().over(of_game),
    )
    joined = since.games.inner_join(words.filter(words.first_tip < words.last_tip), "game_id")
    return joined.filter(joined.written_at >= joined.stored_at, joined.known_at > joined.as_of, joined.known_at <= joined.last_tip)


def _game_lines(since: _Since) -> ir.Table:
    """A spread or total of the game itself."""
    return since.reached(since.of_table("raw.odds_game_lines", "game_id"), "game_id")


def _shots(since: _Since) -> ir.Table:
    """Any shot of the last 400 days: the league's mean is in f6."""
    found = since.reached(since.of_table("raw.shots", "game_date"))
    return found.filter((found.game_date >= found.oldest_day) | (found.known_at > found.oldest_shot))


def _spread_of_points(since: _Since) -> ir.Table:
    """Any box score known by the first instant of the month (UTC): how far points stray is learned then, and is in f60."""
    found = since.reached(since.written(since.within("raw.player_box"), "game_date"), by="vintage")
    return found.filter(found.game_date >= found.oldest_of_vintage)


def _reports(since: _Since) -> ir.Table:
    """A report on the game's day: it covers all games of it."""
    return since.reached(since.of_table("raw.injuries", "game_date").rename(day="game_date"), "day")


def _submissions(since: _Since) -> ir.Table:
    """A team's having, or not having, handed in its part of a report on the game's day."""
    return since.reached(since.of_table("raw.injury_submissions", "game_date").rename(day="game_date"), "day")


def _book_groups(since: _Since) -> ir.Table:
    """A measurement of the books."""
    return since.reached(since.written(since.work.table("ref.book_groups").rename(known_at="measured_at")))


def _sources(since: _Since) -> ir.Table:
    """A source that was switched on or off, for whatever days."""
    sources = since.work.table("ref.sources")
    return since.games.filter(since.games.stored_at <= sources.written_at.max().as_scalar())


def _births(since: _Since) -> ir.Table:
    """A date of birth of one of the players. A player's row is written again with every game of his: where a roster told of him, only
    since it was."""
    people, said = since.work.table("ref.players"), since.work.table("ref.spellings")
    rosters = said.filter(said.seen_in == "roster").group_by("player_lookup").agg(told=said.written_at.max())
    born = people.filter(people.birth_date.notnull()).left_join(rosters, "player_lookup")
    born = born.select(whom="player_lookup", written_at=ibis.least(born.written_at, ibis.coalesce(born.told, born.written_at)))
    joined = since.games.inner_join(since.players, "game_id").inner_join(born, "whom")
    return joined.filter(joined.written_at >= joined.stored_at)


_RULES: tuple[Callable[[_Since], ir.Table], ...] = (
    _past_games_of_teams,
    _past_games_of_players,
    _moved_tips,
    _game_lines,
    _shots,
    _spread_of_points,
    _reports,
    _submissions,
    _book_groups,
    _sources,
    _births,
)
