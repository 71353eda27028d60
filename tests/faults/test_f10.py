"""F10 A book lists 70 alternate points in one market: line and both prices of a row come from one point; one main line a book."""

from __future__ import annotations

from load import wire
from load.bench import Bench

MIDDLE = 27.5
LADDER = {4.5 + step: (round(1.02 + 0.0385 * step, 4), round(1.02 + 0.0385 * (69 - step), 4)) for step in range(70)}
"""Point: prices of over and under. They differ everywhere, so that a price of another point would show."""


def ladder(market: str) -> wire.Document:
    outcomes = [wire.pair("Jayson Tatum", point, over, under) for point, (over, under) in LADDER.items()]
    sides = [side for number in (0, 1) for outcome in outcomes for side in [outcome[number]]]
    return wire.market(market, sides)


def test_f10_line_and_both_prices_of_a_row_come_from_one_point_and_each_book_has_one_main_line(bench: Bench) -> None:
    books = (
        wire.book("betparx", ladder("player_points_alternate")),
        wire.book("betrivers", ladder("player_points")),
        wire.book("bovada", wire.points(wire.pair("Jayson Tatum", MIDDLE)), ladder("player_points_alternate")),
    )
    bench.load(wire.payload(wire.rosters()), wire.payload(wire.event(*books)))
    for book, market in (("betparx", "player_points_alternate"), ("betrivers", "player_points"), ("bovada", "player_points_alternate")):
        rows = bench.rows("raw.odds_player_points", bookmaker=book, market=market)
        assert {row["point"]: (row["over_price"], row["under_price"]) for row in rows} == LADDER
    main = {row["bookmaker"]: row["point"] for row in bench.rows("raw.odds_player_points", is_main=True)}
    nearest = min(LADDER, key=lambda point: abs(LADDER[point][0] - LADDER[point][1]))
    assert main == {"betparx": nearest, "betrivers": nearest, "bovada": MIDDLE}
    assert len(bench.rows("raw.odds_player_points", is_main=True)) == 3
