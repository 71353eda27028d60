"""Rosters: dates of birth, and names, for players whom box scores name in their own way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import permutations

import pytest

from load.bench import Bench, Tables
from load.wire import AWAY_MEN, HOME_MEN, SNAPSHOT, TIP, book, box, event, pair, payload, player, points, squad
from tipoff.scrape.records import Payload

TATUM = date(1998, 3, 3)
MEN = (("Jayson Tatum", "1998-03-03"), ("Jaylen Brown", "1996-10-24"), ("Derrick White", None))


def night(*home: dict[str, object]) -> Payload:
    return payload(box(home or HOME_MEN, AWAY_MEN), fetched_at=TIP + timedelta(hours=3))


def people(bench: Bench) -> Tables:
    bench.replay()
    return bench.tables("ref.spellings", "ref.players", "ref.aliases", "ref.sources", "raw.player_box")


def test_a_roster_tells_who_was_born_when(bench: Bench) -> None:
    bench.load(payload(squad("BOS", *MEN)))
    assert {row["player_lookup"]: row["birth_date"] for row in bench.rows("ref.players")} == {
        "jaysontatum": TATUM,
        "jaylenbrown": date(1996, 10, 24),
        "derrickwhite": None,
    }
    row = bench.row("ref.sources")
    assert (row["source"], row["kind"], row["on_from"]) == ("espn", "births", SNAPSHOT.date())


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_before_and_after_the_box_score_a_roster_says_the_same(new_bench: Callable[[], Bench], order: tuple[int, ...]) -> None:
    documents = (payload(squad("BOS", *MEN)), night(), payload(squad("LAL", ("Luka Doncic", "1999-02-28"))))
    at_once, one_by_one = new_bench(), new_bench()
    at_once.load(*documents)
    for number in order:
        one_by_one.load(documents[number])
    assert people(one_by_one) == people(at_once)
    assert one_by_one.row("ref.players", player_lookup="jaysontatum")["birth_date"] == TATUM
    assert one_by_one.row("ref.players", player_lookup="lukadoncic")["name"] == "Luka Dončić"


@pytest.mark.parametrize("roster_first", [True, False])
def test_a_man_whose_suffix_only_the_box_score_has_is_one_man(bench: Bench, roster_first: bool) -> None:
    documents = [payload(squad("BOS", ("Xavier Tillman", "1999-01-12"))), night(player("Xavier Tillman Sr.", 1630214))]
    for document in documents if roster_first else documents[::-1]:
        bench.load(document)
    assert bench.row("ref.players", team="BOS")["player_lookup"] == "xaviertillmansr"
    assert bench.row("ref.players", team="BOS")["birth_date"] == date(1999, 1, 12)


def test_the_roster_told_last_is_believed(bench: Bench) -> None:
    corrected = payload(squad("BOS", ("Jayson Tatum", "1998-03-04"), at=SNAPSHOT + timedelta(days=7)))
    bench.load(corrected)
    bench.load(payload(squad("BOS", *MEN)))
    assert bench.row("ref.players", player_lookup="jaysontatum")["birth_date"] == date(1998, 3, 4)


def test_a_man_on_a_roster_who_never_played_can_be_quoted(bench: Bench) -> None:
    """A season's first quotes come before its first box scores."""
    quoted = payload(event(book("draftkings", points(pair("Jayson Tatum", 27.5)))), fetched_at=SNAPSHOT)
    bench.load(quoted)
    assert bench.rows("raw.odds_player_points") == []
    bench.load(payload(squad("BOS", *MEN)))
    bench.replay()
    assert [row["player_lookup"] for row in bench.rows("raw.odds_player_points")] == ["jaysontatum"]
