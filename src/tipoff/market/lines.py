"""The market as of a moment: each book's current main line, its first one, and what both add up to.

Knows quotes, books and games' moments of knowledge. It must never know a player's form. Quotes belong to a game, so that "the latest
before" is a join on the game and a filter on the snapshot: every engine can do that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import ibis
import ibis.expr.types as ir

from tipoff.market.books import BOOKS, books_of_kind
from tipoff.store.warehouse import Work

SILENCE = timedelta(hours=3)
_CONSENSUS_RANK = {book.key: book.rank for book in BOOKS.values() if book.kind == "consensus"}


def median_over(rows: ir.Table, keys: Sequence[str], value: str, name: str) -> ir.Table:
    """The exact median of a column by keys: the middle row, or the mean of the two middle ones; written for engines without one."""
    kept = rows.filter(rows[value].notnull())
    place = ibis.row_number().over(ibis.window(group_by=list(keys), order_by=value)) + 1
    size = kept.count().over(ibis.window(group_by=list(keys)))
    ranked = kept.mutate(median_place=place * 2, median_size=size)
    middle = ranked.filter((ranked.median_place >= ranked.median_size) & (ranked.median_place <= ranked.median_size + 2))
    return middle.group_by(list(keys)).agg(**{name: middle[value].mean()})


def pre_tip_quotes(work: Work, games: ir.Table, table: str) -> ir.Table:
    """Quotes of these games (game_id, as_of, tip) that were known at each game's `as_of` and stood before its tip."""
    quotes = work.table(table).inner_join(games.select("game_id", "as_of", "tip"), "game_id")
    before = (quotes.snapshot_at <= quotes.as_of) & (quotes.known_at <= quotes.as_of)
    return quotes.filter(before & (quotes.snapshot_at < quotes.tip) & (quotes.snapshot_at < quotes.commence_time))


def current_quotes(quotes: ir.Table) -> ir.Table:
    """Each book's current main quote on each player: its own newest, less what has lapsed.

    A quote lapses when a newer document of its event and source holds the book without the player (pulled), or when their documents go
    on for three hours without the book; a snapshot that is assumed is no document. One row a (game, player, book).
    """
    points = quotes.filter((quotes.market == "player_points") & ~quotes.known_at_assumed)
    held = points.group_by(["event_id", "source", "as_of", "bookmaker"]).agg(book_seen=points.snapshot_at.max())
    event = points.group_by(["event_id", "source", "as_of"]).agg(event_seen=points.snapshot_at.max())
    main = quotes.filter(quotes.is_main)
    newest = ibis.window(
        group_by=["game_id", "as_of", "player_lookup", "bookmaker"],
        order_by=[ibis.desc("snapshot_at"), ibis.desc("origin_rank"), ibis.asc("market"), ibis.asc("event_id")],
    )
    main = main.mutate(place=ibis.row_number().over(newest)).filter(lambda t: t.place == 0).drop("place")
    main = main.left_join(held, ["event_id", "source", "as_of", "bookmaker"]).drop(
        "event_id_right", "source_right", "as_of_right", "bookmaker_right"
    )
    main = main.left_join(event, ["event_id", "source", "as_of"]).drop("event_id_right", "source_right", "as_of_right")
    pulled = main.book_seen.notnull() & (main.book_seen > main.snapshot_at)
    silent = main.event_seen.notnull() & (main.event_seen - ibis.interval(seconds=int(SILENCE.total_seconds())) > main.snapshot_at)
    return main.filter(~(pulled | silent)).drop("book_seen", "event_seen")


def first_quotes(quotes: ir.Table) -> ir.Table:
    """Each book's first main quote on each player. One row a (game, player, book): first_point, first_at."""
    main = quotes.filter(quotes.is_main)
    oldest = ibis.window(
        group_by=["game_id", "as_of", "player_lookup", "bookmaker"],
        order_by=["snapshot_at", ibis.desc("origin_rank"), "market", "event_id"],
    )
    main = main.mutate(place=ibis.row_number().over(oldest)).filter(lambda t: t.place == 0)
    return main.select("game_id", "as_of", "player_lookup", "bookmaker", first_point="point", first_at="snapshot_at")


def with_kind(quotes: ir.Table) -> ir.Table:
    """Quotes with `line_kind` (sportsbook or consensus) and the rank of a consensus source; other kinds make no line and fall out."""
    sportsbook = quotes.bookmaker.isin(books_of_kind("sportsbook"))
    consensus = quotes.bookmaker.isin(books_of_kind("consensus"))
    kind = ibis.cases((sportsbook, "sportsbook"), (consensus, "consensus"), else_=ibis.null("string"))
    rank = ibis.cases(*((quotes.bookmaker == key, rank) for key, rank in _CONSENSUS_RANK.items()), else_=0)
    rows = quotes.mutate(line_kind=kind, kind_rank=rank)
    return rows.filter(rows.line_kind.notnull())


def chosen_kind(quotes: ir.Table, keys: Sequence[str]) -> ir.Table:
    """By keys, the sportsbooks' quotes; where there are none, those of the consensus source that is asked first."""
    best = ibis.window(group_by=list(keys))
    rows = with_kind(quotes)
    rows = rows.mutate(best_rank=rows.kind_rank.min().over(best))
    return rows.filter(rows.kind_rank == rows.best_rank).drop("best_rank", "kind_rank")


def player_lines(quotes: ir.Table) -> ir.Table:
    """One row a (game, player) as of its moment: consensus, opening, movement, spread over books, newest quote, book count.

    `quotes` are `pre_tip_quotes` of players. Movement is the median over books quoted at both instants of (current - first).
    """
    keys = ("game_id", "as_of", "player_lookup")
    current = chosen_kind(current_quotes(quotes), keys)
    firsts = first_quotes(quotes)
    paired = current.inner_join(firsts, ["game_id", "as_of", "player_lookup", "bookmaker"])
    paired = paired.mutate(moved=paired.point - paired.first_point)
    opening = chosen_kind(firsts, keys)
    rows = current.group_by(list(keys)).agg(
        line_kind=current.line_kind.max(),
        book_count=current.bookmaker.nunique(),
        line_std=ibis.ifelse(current.count() >= 2, current.point.std(how="sample"), ibis.null("float64")),
        line_range=current.point.max() - current.point.min(),
        newest_quote=current.snapshot_at.max(),
    )
    for part in (
        median_over(current, keys, "point", "consensus_line"),
        median_over(opening, keys, "first_point", "opening_line"),
        median_over(paired, keys, "moved", "line_movement"),
    ):
        rows = rows.left_join(part, list(keys)).drop(*(f"{key}_right" for key in keys))
    return rows


def game_lines(work: Work, games: ir.Table) -> ir.Table:
    """One row a game as of its moment: median total, and median spread of the HOME side, over books' latest pre-tip quotes."""
    quotes = pre_tip_quotes(work, games, "raw.odds_game_lines")
    wanted = quotes.filter(
        ((quotes.market == "totals") & (quotes.outcome == "over")) | ((quotes.market == "spreads") & (quotes.outcome == "home"))
    )
    newest = ibis.window(
        group_by=["game_id", "as_of", "market", "bookmaker"],
        order_by=[ibis.desc("snapshot_at"), ibis.desc("origin_rank"), "event_id", "point"],
    )
    latest = wanted.mutate(place=ibis.row_number().over(newest)).filter(lambda t: t.place == 0)
    latest = chosen_kind(latest, ("game_id", "as_of", "market"))
    medians = median_over(latest, ("game_id", "as_of", "market"), "point", "line")
    seen = latest.group_by(["game_id", "as_of"]).agg(newest_game_quote=latest.snapshot_at.max())
    pivot = medians.group_by(["game_id", "as_of"]).agg(
        game_total=medians.line.max(where=medians.market == "totals"), home_spread=medians.line.max(where=medians.market == "spreads")
    )
    return pivot.left_join(seen, ["game_id", "as_of"]).drop("game_id_right", "as_of_right")
