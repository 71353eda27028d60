"""What is there already of a game day, as far as the plans need to know. Knows tables by name; it must never know what a row says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir

from tipoff.flow.house import House
from tipoff.store.warehouse import Work, day_of


def games_among(work: Work, tables: Mapping[str, str], game_date: date) -> dict[str, set[str]]:
    """By name the games of a day of which a table holds a row, in one query: a look costs more than what it sees."""
    found: dict[str, set[str]] = {name: set() for name in tables}
    for row in work.ask(_games_among, tuple(tables.items()), game_date).to_pylist() if tables else ():
        found[row["name"]].add(row["game_id"])
    return found


def _games_among(work: Work, tables: tuple[tuple[str, str], ...], game_date: date) -> ir.Table:
    return ibis.union(*(_games_in(work, (table,), game_date).mutate(name=ibis.literal(name)) for name, table in tables))


def _games_in(work: Work, table: tuple[str], game_date: date) -> ir.Table:
    rows = work.table(*table)
    return rows.filter(rows.game_date == day_of(game_date)).select("game_id").distinct()


def games_in(house: House, table: str, game_date: date) -> set[str]:
    """The games of a day of which a table holds a row, by a look of its own."""
    with house.warehouse.reading() as work:
        return set(work.ask(_games_in, (table,), game_date).column(0).to_pylist())


def final_games(house: House, game_date: date) -> set[str]:
    """The games of a day whose box score is loaded; only final ones are."""
    return games_in(house, "raw.player_box", game_date)
