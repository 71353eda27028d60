"""F17 The same bookmaker under two keys, a book unknown so far: stored and shown, never dropped in silence."""

from __future__ import annotations

from pathlib import Path

from load import archives, wire
from load.bench import Bench


def test_f17_spellings_of_one_book_meet_and_an_unknown_book_is_stored_and_shown(bench: Bench, tmp_path: Path) -> None:
    quotes = {"espn_bet": "Jayson Tatum", "espnbet": "Jaylen Brown", "grand_casino_77": "Derrick White"}
    books = [wire.book(key, wire.points(wire.pair(name, 20.5)), wire.totals()) for key, name in quotes.items()]
    bench.load(wire.payload(wire.rosters()), wire.payload(wire.event(*books)))
    rows = [archives.prop(player="Luka Dončić", book="ESPN Bet"), archives.prop(player="Austin Reaves", book="My Uncle")]
    bench.imports(archives.write(tmp_path / "props.csv", rows))

    stored = {row["player_lookup"]: row["bookmaker"] for row in bench.rows("raw.odds_player_points")}
    assert stored == {
        "jaysontatum": "espnbet",
        "jaylenbrown": "espnbet",
        "lukadoncic": "espnbet",
        "derrickwhite": "grand_casino_77",
        "austinreaves": "my_uncle",
    }
    assert {row["bookmaker"] for row in bench.rows("raw.odds_game_lines")} == {"espnbet", "grand_casino_77"}
    shown = {row["bookmaker"]: (row["kind"], row["title"], row["known"]) for row in bench.rows("ref.bookmakers")}
    assert shown == {
        "espnbet": ("sportsbook", "ESPN BET", True),
        "grand_casino_77": ("unknown", "grand_casino_77", False),
        "my_uncle": ("unknown", "my_uncle", False),
    }
    assert bench.rows("raw.quarantine") == []


def test_f17_one_document_that_quotes_a_player_under_two_spellings_of_a_book_leaves_one_row_and_that_is_the_main_line(bench: Bench) -> None:
    books = [
        wire.book("espnbet", wire.points(wire.pair("Jayson Tatum", 27.5, 1.80, 2.05))),
        wire.book("espn_bet", wire.points(wire.pair("Jayson Tatum", 27.5, 2.05, 1.80))),
    ]
    bench.load(wire.payload(wire.rosters()), wire.payload(wire.event(*books)))
    row = bench.row("raw.odds_player_points")
    assert (row["bookmaker"], row["is_main"]) == ("espnbet", True)
