"""What each kind of imported file becomes: offers for the tables, and rejects by row number.

Knows the fields of each kind and the assumptions for moments that archives leave out. It must never know a file's own column names:
those stand in the mapping.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.clock import game_date_of, local_instant, season_of
from tipoff.errors import BadInput
from tipoff.load.columns import (
    INSTANT,
    as_day,
    as_flag,
    as_game_id,
    as_instant,
    as_name,
    as_number,
    as_person_id,
    as_shown,
    as_text,
    as_whole,
    is_blank,
    map_distinct,
)
from tipoff.load.mapping import Mapping
from tipoff.load.offers import (
    BOX_LAG,
    CLOSE_LEAD,
    REPORT_TIME,
    SCHEDULE_LEAD,
    game_ids,
    local_tip,
    minutes_between,
    shifted,
    with_columns,
)
from tipoff.load.placing import schedule_of
from tipoff.market.books import find_book
from tipoff.market.prices import american_to_decimal
from tipoff.names import find_team, player_lookup
from tipoff.scrape.records import Reject
from tipoff.scrape.sources.odds_api.markets import BOUNDS
from tipoff.scrape.sources.odds_api.prices import HIGHEST_DECIMAL
from tipoff.store.warehouse import Work

_COUNTS = ("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "ast", "stl", "blk", "tov", "pf", "plus_minus")
_READERS: dict[str, Callable[[pa.ChunkedArray], pa.Array]] = {
    **dict.fromkeys((*_COUNTS, "home_score", "away_score"), as_whole),
    **dict.fromkeys(("minutes", "point", "over_price", "under_price", "spread_home", "total"), as_number),
    **dict.fromkeys(("spread_home_price", "spread_away_price", "total_over_price", "total_under_price"), as_number),
    **dict.fromkeys(("moneyline_home", "moneyline_away"), as_number),
    **dict.fromkeys(("game_date", "report_date"), as_day),
    **dict.fromkeys(("commence_time", "snapshot_at", "last_update", "known_at"), as_instant),
    **dict.fromkeys(("started", "did_not_play"), as_flag),
    "name": as_name,
    "league_player_id": as_person_id,
    "league_game_id": as_game_id,
}
_PROP_PRICES = ("over_price", "under_price")
_LINE_PRICES = (
    *("spread_home_price", "spread_away_price", "total_over_price", "total_under_price"),
    *("moneyline_home", "moneyline_away"),
)
NO_GAME, WHEN = "no_such_game", " on "
"""A row whose game is sought by team and day waits until there is one: `BOS on 2025-11-05`."""
_STATUSES = ("available", "probable", "questionable", "doubtful", "out")


@dataclass
class Shaped:
    """Offers by table, and what was set apart."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


class Sieve:
    """Rows of a file under our own names; `drop` sets apart those that break a rule, and the rest go on."""

    def __init__(self, rows: pa.Table, mapping: Mapping) -> None:
        self.rejects: list[Reject] = []
        _once_each(rows, mapping)
        columns: dict[str, pa.Array] = {"row": pa.array(np.arange(1, rows.num_rows + 1))}
        unread: list[tuple[str, pa.Array, pa.ChunkedArray]] = []
        for name in mapping.columns:
            parts = [rows.column(theirs) for theirs in mapping.theirs(name) if theirs in rows.column_names]
            values = [_read(name, part, mapping) for part in parts]
            if values:
                columns[name] = pc.coalesce(*values) if len(values) > 1 else values[0]
                if columns[name].null_count == 0:
                    continue
                said = [pc.invert(is_blank(part)) for part in parts]
                wrong = pc.and_(pc.is_null(columns[name]), _any_of(said))
                if pc.any(wrong).as_py():
                    unread.append((name, wrong, _first_said(parts, said)))
        for name, value in mapping.constants.items():
            given = pa.chunked_array([pa.repeat(pa.scalar(value), rows.num_rows)])
            columns[name] = _read(name, given, mapping)
            if rows.num_rows and columns[name].null_count:
                raise BadInput(f"The constant {name} = {value!r} of the mapping {mapping.name!r} cannot be read.")
        self._mapping = mapping.name
        self.rows = pa.table(columns)
        for name, wrong, printed in unread:
            standing = self.rows.column("row").combine_chunks()
            kept = pc.subtract(standing, 1)
            self._drop(wrong.take(kept), f"{name}_unreadable", pa.chunked_array([printed.take(kept)]))

    def _drop(self, wrong: pa.Array, rule: str, values: pa.ChunkedArray | None) -> None:
        if pc.any(wrong).as_py():
            self._note(wrong, rule, values)
            self.rows = self.rows.filter(pc.invert(wrong))

    def _note(self, wrong: pa.Array, rule: str, values: pa.ChunkedArray | None, at: str = "", rows: int = 1) -> None:
        where = pc.indices_nonzero(wrong)
        numbers = self.rows.column("row").take(where).to_pylist()
        shown = values.take(where).to_pylist() if values is not None else [""] * len(numbers)
        self.rejects += [Reject(f"row {number}{at}", rule, str(value), rows) for number, value in zip(numbers, shown, strict=True)]

    def blank(self, name: str, wrong: pa.Array, rule: str) -> None:
        """Set apart a value of these rows, and not the rows: they go on without it."""
        wrong = pc.fill_null(wrong, False)
        if pc.any(wrong).as_py():
            values = self.rows.column(name)
            self._note(wrong, rule, values, at=f".{name}", rows=0)
            self.rows = with_columns(self.rows, **{name: pc.if_else(wrong, pa.scalar(None, values.type), values)})

    def flag(self, name: str) -> None:
        """Make this column true or false, and set apart the rows where it says neither."""
        self.need(name)
        printed = self.rows.column(name)
        self.rows = with_columns(self.rows, printed=printed, **{name: as_flag(printed)})
        self.drop(pc.is_null(self.rows.column(name)), f"{name}_unreadable", showing="printed")
        self.rows = self.rows.drop_columns(["printed"])

    def tips(self) -> None:
        """Set apart the rows whose tip, where they tell one, lies on another New York day than they say."""
        if "commence_time" in self.rows.column_names:
            days = map_distinct(self.rows.column("commence_time"), game_date_of, pa.date32())
            self.drop(pc.not_equal(days, self.rows.column("game_date")), "tip_on_another_day", "commence_time")

    def between(self, name: str, low: float, high: float) -> None:
        """Set apart the rows where a number lies outside of its range, inclusive."""
        if name in self.rows.column_names:
            self.drop(_outside(self.rows.column(name), low, high), f"{name}_out_of_range", name)

    def drop(self, wrong: pa.Array | pa.ChunkedArray, rule: str, showing: str | None = None) -> None:
        """Set apart the rows where `wrong` is true."""
        self._drop(pc.fill_null(wrong, False), rule, self.rows.column(showing) if showing else None)

    def need(self, *names: str) -> None:
        """Set apart the rows that lack one of these. Raises BadInput where the file has no such column at all."""
        absent = [name for name in names if name not in self.rows.column_names]
        if absent:
            raise BadInput(
                f"The file has none of the columns that the mapping {self._mapping!r} gives for {', '.join(absent)}.",
                hint="Name them in `needs` too, so that only files which have them are taken for this kind.",
            )
        for name in names:
            self.drop(pc.is_null(self.rows.column(name)), f"{name}_missing")

    def teams(self, *names: str) -> None:
        """Make these columns tricodes, and set apart the rows whose side is none of the thirty teams."""
        for name in names:
            tricodes = map_distinct(self.rows.column(name), lambda text: team.tricode if (team := find_team(text)) else None, pa.string())
            unknown = pc.is_null(tricodes)
            printed = with_columns(self.rows, printed=self.rows.column(name))
            self.rows = with_columns(printed, **{name: tricodes})
            self.drop(unknown, "not_a_league_team", showing="printed")
            self.rows = self.rows.drop_columns(["printed"])

    def agree(self, *names: str) -> None:
        """Set apart rows of which others of the file say something else under the same values of these columns: neither is believed. A
        name is the same in any spelling of its letters."""
        rows = self.rows
        keys = [_letters(rows.column(name)) if name == "name" else rows.column(name) for name in names if name in rows.column_names]
        key = _joined(keys)
        counts = pa.table({"key": key}).group_by("key", use_threads=False).aggregate([([], "count_all")])
        several = counts.filter(pc.greater(counts.column("count_all"), 1)).column("key")
        twice = pc.is_in(key, several.combine_chunks())
        some = rows.filter(twice)
        if some.num_rows == 0:
            return
        said = _joined([some.column(name) for name in some.column_names if name not in (*names, "row")])
        told = pa.table({"key": key.filter(twice), "said": said}).group_by("key", use_threads=False).aggregate([("said", "count_distinct")])
        disputed = told.filter(pc.greater(told.column("said_count_distinct"), 1)).column("key")
        self.drop(pc.is_in(key, disputed.combine_chunks()), "conflicting_rows", names[0])

    def have(self, name: str, kind: pa.DataType) -> pa.ChunkedArray:
        """A column, null throughout where the mapping does not name it."""
        return self.rows.column(name) if name in self.rows.column_names else pa.chunked_array([pa.nulls(self.rows.num_rows, kind)])


def _read(name: str, column: pa.ChunkedArray, mapping: Mapping) -> pa.Array:
    """A column as the field's type, its words translated first. Raises BadInput where the types cannot meet."""
    words = mapping.values.get(name)
    try:
        text = pa.chunked_array([map_distinct(as_text(column), partial(_translated, words), pa.string())]) if words else column
        return _READERS.get(name, as_text)(text)
    except pa.ArrowException as error:
        raise BadInput(f"{mapping.name!r} maps {name} to a column of type {column.type}, which it cannot be: {error}.") from None


def _translated(words: dict[str, str], word: str) -> str:
    return words.get(word, word.casefold())


def _first_said(parts: list[pa.ChunkedArray], said: list[pa.Array]) -> pa.Array:
    """What stood there, as text: of several columns the first that says anything."""
    texts = [pc.if_else(mask, as_shown(part), pa.scalar(None, pa.string())) for part, mask in zip(parts, said, strict=True)]
    return pc.coalesce(*texts)


def _letters(names: pa.ChunkedArray) -> pa.Array:
    return map_distinct(names, player_lookup, pa.string())


def _joined(columns: list[pa.ChunkedArray]) -> pa.Array:
    """One text a row out of these columns."""
    texts = [pc.fill_null(column.cast(pa.string()), "") for column in columns]
    joined = pc.binary_join_element_wise(*texts, "\x1f")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _once_each(rows: pa.Table, mapping: Mapping) -> None:
    """Raises BadInput where the file has two columns of a name that is mapped: which is meant, nobody knows."""
    mapped = {theirs for name in mapping.columns for theirs in mapping.theirs(name)}
    twice = sorted(name for name in mapped if rows.column_names.count(name) > 1)
    if twice:
        raise BadInput(
            f"The file has several columns called {', '.join(twice)}.",
            hint="Call each by a name of its own: which is meant, is not guessed.",
        )


def _outside(values: pa.ChunkedArray, low: float, high: float) -> pa.ChunkedArray:
    return pc.or_(pc.less(values, low), pc.greater(values, high))


def _any_of(masks: list[pa.Array]) -> pa.Array:
    found = masks[0]
    for mask in masks[1:]:
        found = pc.or_(found, mask)
    return found


def shape_games(work: Work, rows: pa.Table, mapping: Mapping, source: str, payload_id: str) -> Shaped:  # noqa: ARG001 - one signature
    """Schedule rows twice: as known the day before, without a score, and as known after the game."""
    sieve = Sieve(rows, mapping)
    sieve.need("game_date", "home", "away")
    sieve.teams("home", "away")
    sieve.drop(pc.equal(sieve.rows.column("home"), sieve.rows.column("away")), "team_against_itself", "home")
    kinds = pa.array(["regular", "playoff", "play_in", "cup_final"])
    types = sieve.have("game_type", pa.string())
    sieve.drop(pc.and_(pc.is_valid(types), pc.invert(pc.is_in(types, kinds))), "not_a_league_game", "game_type")
    sieve.tips()
    games = _with_game(sieve)
    tips, assumed = _tips(games, sieve.have("commence_time", INSTANT))
    games = with_columns(games, commence_time=tips, tip_assumed=assumed)
    unscored = {"home_score": pa.nulls(games.num_rows, pa.int64()), "away_score": pa.nulls(games.num_rows, pa.int64())}
    before = with_columns(games, status="scheduled", **unscored)
    played = games.filter(pc.is_valid(games.column("home_score"))) if "home_score" in games.column_names else games.slice(0, 0)
    both = pa.concat_tables(
        [
            _sourced(before, source, payload_id, shifted(tips, -SCHEDULE_LEAD), assumed=True),
            _sourced(
                with_columns(played, status="final"), source, payload_id, shifted(played.column("commence_time"), BOX_LAG), assumed=True
            ),
        ],
        promote_options="default",
    )
    return Shaped({"raw.schedule": both}, sieve.rejects)


def shape_box(work: Work, rows: pa.Table, mapping: Mapping, source: str, payload_id: str) -> Shaped:
    """Box score rows, known three hours after the tip where the file does not say when."""
    sieve = Sieve(rows, mapping)
    sieve.need("game_date", "name", "team")
    sieve.teams("team", *(["opponent"] if "opponent" in sieve.rows.column_names else []))
    sieve.tips()
    if "opponent" in sieve.rows.column_names:
        sieve.flag("home")
        sieve.drop(pc.equal(sieve.rows.column("team"), sieve.rows.column("opponent")), "team_against_itself", "team")
        home, team, opponent = (sieve.rows.column(name) for name in ("home", "team", "opponent"))
        games = game_ids(
            sieve.rows.column("game_date").combine_chunks(), pc.if_else(home, opponent, team), pc.if_else(home, team, opponent)
        )
        sieve.rows = with_columns(sieve.rows, game_id=games)
    else:
        rows = _find_games(work, sieve.rows)
        where = pc.binary_join_element_wise(rows.column("team"), rows.column("game_date").cast(pa.string()), WHEN)
        sieve.rows = with_columns(rows, where=where)
        sieve.drop(pc.is_null(rows.column("game_id")), NO_GAME, "where")
    _check_box(sieve)
    sieve.agree("name", "game_id", "team")
    sieve.rows = with_columns(sieve.rows, **_schedule_tips(work, sieve.rows))
    tips, _ = _tips(sieve.rows, sieve.have("commence_time", INSTANT), sieve.have("known_at", INSTANT))
    sieve.rows = with_columns(sieve.rows, commence_time=tips)
    if "known_at" in sieve.rows.column_names:
        sieve.drop(pc.less_equal(sieve.rows.column("known_at"), tips), "known_before_the_tip", "known_at")
    box = with_columns(
        sieve.rows,
        season=map_distinct(sieve.rows.column("game_date"), season_of, pa.string()),
        path=pc.binary_join_element_wise("row", sieve.rows.column("row").cast(pa.string()), " "),
        league_player_id=sieve.have("league_player_id", pa.string()),
    )
    given = sieve.have("known_at", INSTANT)
    known = pc.coalesce(given, shifted(pc.coalesce(box.column("scheduled_tip"), box.column("commence_time")), BOX_LAG))
    return Shaped({"raw.player_box": _sourced(box, source, payload_id, known, assumed=pc.is_null(given))}, sieve.rejects)


def _check_box(sieve: Sieve) -> None:
    """Numbers that cannot be are set apart; what is left says who played. Figures beside minutes of 0 were made in less than one, which
    is unknown minutes, not none."""
    sieve.between("points", 0, 100)
    sieve.between("minutes", 0.0, 80.0)
    names = sieve.rows.column_names
    if {"points", "fgm", "fg3m", "ftm"} <= set(names):
        get = sieve.rows.column
        sums = pc.add(pc.add(pc.multiply(get("fgm"), 2), get("fg3m")), get("ftm"))
        sieve.drop(pc.not_equal(sums, get("points")), "points_do_not_add_up", "points")
    listed = pc.fill_null(sieve.have("did_not_play", pa.bool_()), False)
    if "points" in names:
        sieve.drop(pc.and_(listed, pc.greater(sieve.rows.column("points"), 0)), "points_without_playing", "points")
    listed = pc.fill_null(sieve.have("did_not_play", pa.bool_()), False)
    minutes = sieve.have("minutes", pa.float64())
    idle = pc.fill_null(pc.equal(minutes, 0.0), False)
    busy = _any_of([pc.fill_null(pc.not_equal(sieve.have(name, pa.int64()), 0), False) for name in _COUNTS])
    short = pc.and_(pc.and_(idle, busy), pc.invert(listed))
    minutes = pc.if_else(short, pa.scalar(None, pa.float64()), minutes)
    sieve.rows = with_columns(sieve.rows, minutes=minutes, did_not_play=pc.or_(listed, pc.and_(idle, pc.invert(busy))))


def shape_game_lines(work: Work, rows: pa.Table, mapping: Mapping, source: str, payload_id: str) -> Shaped:
    """Six quotes a row at most: spread by side, total by side, moneyline by side. A line without a time is a closing line."""
    sieve = Sieve(rows, mapping)
    sieve.need("game_date", "home", "away", "bookmaker")
    sieve.teams("home", "away")
    for name, market in (("spread_home", "spreads"), ("total", "totals")):
        if name in sieve.rows.column_names:
            sieve.blank(name, _outside(sieve.rows.column(name), *BOUNDS[market]), f"{name}_out_of_range")
    _check_prices(sieve, mapping, _LINE_PRICES)
    games = _quoted_games(work, sieve, source)
    quotes = []
    for market, outcome, point, price in (
        ("spreads", "home", "spread_home", "spread_home_price"),
        ("spreads", "away", "spread_home", "spread_away_price"),
        ("totals", "over", "total", "total_over_price"),
        ("totals", "under", "total", "total_under_price"),
        ("h2h", "home", None, "moneyline_home"),
        ("h2h", "away", None, "moneyline_away"),
    ):
        points = sieve.have(point, pa.float64()) if point else pa.chunked_array([pa.array(np.zeros(games.num_rows))])
        if market == "spreads" and outcome == "away":
            points = pc.add(pc.negate(points), 0.0)  # no minus zero
        prices = _decimal(sieve.have(price, pa.float64()), mapping)
        team = games.column(outcome) if outcome in {"home", "away"} else pa.nulls(games.num_rows, pa.string())
        rows_of = with_columns(games, market=market, outcome=outcome, point=points, price=prices, team=team)
        there = pc.is_valid(points) if point else pc.is_valid(prices)
        quotes.append(rows_of.filter(there))
    offer = pa.concat_tables(quotes, promote_options="default")
    return Shaped({"raw.odds_game_lines": with_columns(offer.drop_columns(["home", "away"]), payload_id=payload_id)}, sieve.rejects)


def shape_props(work: Work, rows: pa.Table, mapping: Mapping, source: str, payload_id: str) -> Shaped:
    """Points lines; a consensus without a snapshot is taken as known five minutes before the tip."""
    sieve = Sieve(rows, mapping)
    sieve.need("game_date", "home", "away", "name", "bookmaker", "point")
    sieve.teams("home", "away")
    sieve.between("point", *BOUNDS["player"])
    _check_prices(sieve, mapping, _PROP_PRICES)
    sieve.agree("name", "game_date", "home", "away", "event_id", "bookmaker", "point", "snapshot_at")
    games = _quoted_games(work, sieve, source)
    offer = with_columns(
        games,
        market="player_points",
        over_price=_decimal(sieve.have("over_price", pa.float64()), mapping),
        under_price=_decimal(sieve.have("under_price", pa.float64()), mapping),
        path=pc.binary_join_element_wise("row", games.column("row").cast(pa.string()), " "),
        league_player_id=sieve.have("league_player_id", pa.string()),
        payload_id=payload_id,
    )
    return Shaped({"raw.odds_player_points": offer}, sieve.rejects)


def shape_injuries(work: Work, rows: pa.Table, mapping: Mapping, source: str, payload_id: str) -> Shaped:  # noqa: ARG001 - one signature
    """Statuses from reports; a report with a date only is known at 17:30 New York of that day."""
    sieve = Sieve(rows, mapping)
    sieve.need("game_date", "team", "name", "status")
    sieve.teams("team")
    words = map_distinct(sieve.rows.column("status"), str.casefold, pa.string())
    sieve.rows = with_columns(sieve.rows, status=words)
    sieve.drop(pc.invert(pc.is_in(words, pa.array(_STATUSES))), "status_unknown", "status")
    sieve.agree("name", "team", "game_date", "report_date", "known_at")
    days = pc.coalesce(sieve.have("report_date", pa.date32()), sieve.rows.column("game_date"))
    moments = map_distinct(days, lambda day: local_instant(day, REPORT_TIME), INSTANT)
    given = sieve.have("known_at", INSTANT)
    known = pc.coalesce(given, moments)
    offer = with_columns(
        sieve.rows,
        path=pc.binary_join_element_wise("row", sieve.rows.column("row").cast(pa.string()), " "),
        league_player_id=sieve.have("league_player_id", pa.string()),
    )
    return Shaped({"raw.injuries": _sourced(offer, source, payload_id, known, assumed=pc.is_null(given))}, sieve.rejects)


def _quoted_games(work: Work, sieve: Sieve, source: str) -> pa.Table:
    """Rows of quotes with their game, tip, event id, snapshot and book."""
    sieve.drop(pc.equal(sieve.rows.column("home"), sieve.rows.column("away")), "team_against_itself", "home")
    sieve.tips()
    games = _with_game(sieve)
    games = with_columns(games, **_schedule_tips(work, games))
    snapshots = sieve.have("snapshot_at", INSTANT)
    tips, _ = _tips(games, sieve.have("commence_time", INSTANT), snapshots)
    events = sieve.have("event_id", pa.string())
    made = pc.binary_join_element_wise(games.column("game_id"), source, ":")
    closing = shifted(pc.coalesce(games.column("scheduled_tip"), tips), -CLOSE_LEAD)
    stood = pc.coalesce(snapshots, closing)
    games = with_columns(
        games,
        commence_time=tips,
        event_id=pc.coalesce(events, made),
        snapshot_at=stood,
        last_update=sieve.have("last_update", INSTANT),
        minutes_to_tip=minutes_between(stood, tips),
        bookmaker=map_distinct(games.column("bookmaker"), lambda key: find_book(key).key, pa.string()),
    )
    return _sourced(games, source, "", stood, assumed=pc.is_null(snapshots))


def _with_game(sieve: Sieve) -> pa.Table:
    rows = sieve.rows
    return with_columns(
        rows,
        game_id=game_ids(rows.column("game_date").combine_chunks(), rows.column("away"), rows.column("home")),
        season=map_distinct(rows.column("game_date"), season_of, pa.string()),
    )


def _find_games(work: Work, rows: pa.Table) -> pa.Table:
    """The game of (date, team), with the opponent and who was at home, from the schedule; null where there is none."""
    schedule = work.as_of("raw.schedule").select("game_id", "game_date", "home", "away")
    sides = schedule.mutate(team=schedule.home, opponent=schedule.away, at_home=ibis.literal(True)).union(
        schedule.mutate(team=schedule.away, opponent=schedule.home, at_home=ibis.literal(False))
    )
    wanted = ibis.memtable(rows.select(["row", "game_date", "team"]))
    found = work.fetch(wanted.left_join(sides, ["game_date", "team"]).select("row", "game_id", "opponent", "at_home").order_by("row"))
    first = found.group_by("row", use_threads=False).aggregate([("game_id", "first"), ("opponent", "first"), ("at_home", "first")])
    return with_columns(
        rows, game_id=first.column("game_id_first"), opponent=first.column("opponent_first"), home=first.column("at_home_first")
    )


def _schedule_tips(work: Work, rows: pa.Table) -> dict[str, pa.Array]:
    """The tip of each row's game as the schedule tells it, null where it tells none."""
    games = schedule_of(work, {name for name in rows.column("game_id").unique().to_pylist() if name})
    tips = {name: game.tip for name, game in games.items() if not game.tip_assumed}
    return {"scheduled_tip": map_distinct(rows.column("game_id"), tips.get, INSTANT)}


def _tips(rows: pa.Table, given: pa.ChunkedArray, moments: pa.ChunkedArray | None = None) -> tuple[pa.ChunkedArray, pa.Array]:
    """The tip: as the row gives it, else as the schedule has it, else 19:00 at the home arena; and whether the last. Of rows beside a
    schedule one that gives 19:00, and no moment of its own, gives none (`load.tips`)."""
    assumed = map_distinct(rows.column("game_id"), local_tip, INSTANT)
    known = given
    if moments is not None:
        own = pc.if_else(pc.and_(pc.is_null(moments), pc.equal(given, assumed)), pa.scalar(None, INSTANT), given)
        known = pc.coalesce(own, rows.column("scheduled_tip"))
    return pc.coalesce(known, assumed), pc.is_null(known)


def _check_prices(sieve: Sieve, mapping: Mapping, names: tuple[str, ...]) -> None:
    """Set apart each price that cannot be one; its row goes on without it. Raises BadInput where most of the prices that could be of one
    format alone are not of the one that the mapping says: from -100 down they are American, between 1 and 100 decimal."""
    there = [name for name in names if name in sieve.rows.column_names]
    values = [sieve.rows.column(name) for name in there]
    american = sum(pc.sum(pc.less_equal(prices, -100.0)).as_py() or 0 for prices in values)
    decimal = sum(pc.sum(pc.and_(pc.greater(prices, 1.0), pc.less(prices, 100.0))).as_py() or 0 for prices in values)
    said, others, told = ("american", decimal, american) if mapping.prices == "american" else ("decimal", american, decimal)
    if others > told:
        meant = "decimal" if said == "american" else "american"
        raise BadInput(
            f"The mapping {mapping.name!r} reads prices as {said}, and {others} of this file can only be {meant}.",
            hint=f'Write prices = "{meant}" in it.',
        )
    for name, prices in zip(there, values, strict=True):
        if said == "american":
            wrong = pc.less(pc.abs(prices), 100.0)
        else:
            wrong = pc.or_(pc.less_equal(prices, 1.0), pc.greater_equal(prices, HIGHEST_DECIMAL))
        sieve.blank(name, wrong, f"{name}_out_of_range")


def _decimal(prices: pa.ChunkedArray, mapping: Mapping) -> pa.Array:
    """Prices as decimal."""
    values = prices.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return pa.array(american_to_decimal(values) if mapping.prices == "american" else values, pa.float64(), from_pandas=True)


def _sourced(rows: pa.Table, source: str, payload_id: str, known_at: Any, *, assumed: Any) -> pa.Table:
    columns = {"known_at": known_at, "known_at_assumed": assumed, "source": source, "origin_rank": 0, "fetched_at": known_at}
    return with_columns(rows, **columns, **({"payload_id": payload_id} if payload_id else {}))


SHAPERS: dict[str, Callable[[Work, pa.Table, Mapping, str, str], Shaped]] = {
    "games": shape_games,
    "box": shape_box,
    "game-lines": shape_game_lines,
    "props": shape_props,
    "injuries": shape_injuries,
}
