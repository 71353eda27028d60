"""What is there already of a game day, as far as the plans need to know. Knows tables by name; it must never know what a row says."""

from __future__ import annotations

from datetime import date

from tipoff.flow.house import House
from tipoff.store.warehouse import Work, day_of


def games_among(work: Work, table: str, game_date: date) -> set[str]:
    """The games of a day of which a table holds a row."""
    rows = work.table(table)
    found = work.fetch(rows.filter(rows.game_date == day_of(game_date)).select("game_id").distinct())
    return set(found.column(0).to_pylist())


def games_in(house: House, table: str, game_date: date) -> set[str]:
    """The games of a day of which a table holds a row, by a look of its own."""
    with house.warehouse.reading() as work:
        return games_among(work, table, game_date)


def final_games(house: House, game_date: date) -> set[str]:
    """The games of a day whose box score is loaded; only final ones are."""
    return games_in(house, "raw.player_box", game_date)
