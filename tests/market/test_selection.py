"""Best bets: each player-game is either picked or passed for one reason, whatever the order of the rows, and no cap is passed over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import BadInput
from tipoff.market.selection import PASSES, SelectionRule, best_bets

LEADER, OTHERS = "anna", ("ben", "cora", "dan")
DAY = date(2031, 2, 12)
SAID = pa.schema(
    [
        ("system_id", pa.string()),
        ("game_id", pa.string()),
        ("player_lookup", pa.string()),
        ("game_date", pa.date32()),
        ("side", pa.string()),
        ("recommendation", pa.string()),
        *((name, pa.float64()) for name in ("p_over", "p_push", "p_under", "line", "over_price", "under_price")),
        ("line_kind", pa.string()),
        ("bookmaker", pa.string()),
    ]
)
ABOUT = pa.schema(
    [
        ("game_id", pa.string()),
        ("player_lookup", pa.string()),
        ("team", pa.string()),
        ("quality_score", pa.float64()),
        ("book_count", pa.int64()),
        ("line_range", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Case:
    """What was said, and what is known."""

    said: pa.Table
    about: pa.Table


def word(
    system: str = LEADER, game: str = "g1", player: str = "p1", day: date = DAY, p_over: float | None = 0.6, **other: Any
) -> dict[str, Any]:
    """One system's word on a player: by default a sound over at 1.9."""
    under = None if p_over is None else 1 - p_over
    row = {"system_id": system, "game_id": game, "player_lookup": player, "game_date": day, "side": "OVER", "recommendation": "OVER"}
    row |= {"p_over": p_over, "p_push": 0.0, "p_under": under, "line": 20.5, "over_price": 1.9, "under_price": 1.9}
    return row | {"line_kind": "sportsbook", "bookmaker": "fanduel"} | other


def known(game: str = "g1", player: str = "p1", **other: Any) -> dict[str, Any]:
    return {"game_id": game, "player_lookup": player, "team": "BKN", "quality_score": 95.0, "book_count": 5, "line_range": 1.0} | other


def case(words: list[dict[str, Any]], about: list[dict[str, Any]]) -> Case:
    return Case(pa.Table.from_pylist(words, SAID), pa.Table.from_pylist(about, ABOUT))


def sound(game: str = "g1", player: str = "p1", day: date = DAY, **other: Any) -> list[dict[str, Any]]:
    """The leader's word and three that lean the same way."""
    return [word(LEADER, game, player, day, **other), *(word(name, game, player, day) for name in OTHERS)]


def only(found: pa.Table) -> dict[str, Any]:
    assert found.num_rows == 1
    row: dict[str, Any] = found.to_pylist()[0]
    return row


def test_a_sound_bet_is_picked_with_its_figures() -> None:
    row = only(best_bets(*_args(case(sound(), [known()])), LEADER))
    assert (row["rank"], row["why"]) == (1, None)
    assert (row["side"], row["line"], row["bookmaker"], row["price"]) == ("OVER", 20.5, "fanduel", 1.9)
    assert row["edge"] == pytest.approx(0.6 - 1 / 1.9)
    assert row["ev"] == pytest.approx(0.6 * 1.9 - 1)
    assert row["fair_price"] == pytest.approx(1 / 0.6)
    assert (row["systems_for"], row["systems_all"]) == (4, 4)


def test_a_push_is_in_no_denominator_of_the_edge() -> None:
    row = only(best_bets(*_args(case(sound(p_over=0.55, p_push=0.1, p_under=0.35), [known()])), LEADER))
    assert row["p"] == pytest.approx(0.55 / 0.9)
    assert row["ev"] == pytest.approx(0.55 * 1.9 + 0.1 - 1)


@pytest.mark.parametrize(
    ("why", "of_the_word", "of_the_player"),
    [
        ("no_line", {"line": None, "side": None, "recommendation": "NO_LINE", "p_over": None, "p_under": None}, {}),
        ("not_at_a_book", {"line_kind": "consensus"}, {}),
        ("no_price", {"over_price": None}, {}),
        ("not_recommended", {"recommendation": "PASS"}, {}),
        ("small_edge", {"p_over": 0.55}, {}),
        ("large_edge", {"p_over": 0.8}, {}),
        ("low_quality", {}, {"quality_score": 80.0}),
        ("low_quality", {}, {"quality_score": None}),
        ("disagreement", {"side": "UNDER", "recommendation": "UNDER", "p_over": 0.4}, {}),
        ("few_books", {}, {"book_count": 2}),
        ("few_books", {}, {"book_count": None}),
        ("tight_market", {}, {"book_count": 6, "line_range": 0.0}),
        ("wide_market", {}, {"line_range": 3.5}),
        ("wide_market", {}, {"line_range": None}),
    ],
)
def test_each_pass_has_its_reason(why: str, of_the_word: dict[str, Any], of_the_player: dict[str, Any]) -> None:
    row = only(best_bets(*_args(case(sound(**of_the_word), [known(**of_the_player)])), LEADER))
    assert (row["rank"], row["why"]) == (None, why)


@pytest.mark.parametrize(
    ("of_the_word", "of_the_player", "others"),
    [
        pytest.param({"p_over": 0.625}, {}, "OVER", id="the least edge"),
        pytest.param({"p_over": 0.75}, {}, "OVER", id="the most edge"),
        pytest.param({}, {"quality_score": 85.0}, "OVER", id="the least quality"),
        pytest.param({}, {"book_count": 3}, "OVER", id="the fewest books"),
        pytest.param({}, {"line_range": 3.0}, "OVER", id="the widest market"),
        pytest.param({}, {}, "UNDER", id="two of three systems"),
    ],
)
def test_what_stands_at_a_limit_is_within_it(of_the_word: dict[str, Any], of_the_player: dict[str, Any], others: str) -> None:
    leader = word(**{"p_over": 0.7, "over_price": 2.0} | of_the_word)
    words = [leader, word("ben"), word("cora", side=others)]
    rule = SelectionRule(least_edge=0.125, most_edge=0.25)
    row = only(best_bets(*_args(case(words, [known(**of_the_player)])), LEADER, rule))
    assert (row["rank"], row["why"]) == (1, None)


def test_two_systems_are_too_few_to_agree() -> None:
    row = only(best_bets(*_args(case([word(), word("ben")], [known()])), LEADER))
    assert row["why"] == "few_systems"


def test_who_is_known_of_nowhere_is_passed() -> None:
    row = only(best_bets(*_args(case(sound(), [])), LEADER))
    assert row["why"] == "low_quality"


def test_better_bets_of_a_team_and_of_a_day_come_first() -> None:
    rule = SelectionRule(per_team=2, per_day=3)
    words, about = [], []
    for place in range(6):
        words += sound(player=f"p{place}", p_over=0.6 + place / 1000)
        about.append(known(player=f"p{place}", team="BKN" if place >= 3 else "CHI"))
    found = {row["player_lookup"]: (row["rank"], row["why"]) for row in best_bets(*_args(case(words, about)), LEADER, rule).to_pylist()}
    assert found == {
        "p5": (1, None),
        "p4": (2, None),
        "p3": (None, "team_cap"),
        "p2": (3, None),
        "p1": (None, "day_cap"),
        "p0": (None, "team_cap"),
    }


def test_what_stands_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="twice in what anna said"):
        best_bets(*_args(case([*sound(), word()], [known()])), LEADER)
    with pytest.raises(BadInput, match="twice in about"):
        best_bets(*_args(case(sound(), [known(), known()])), LEADER)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadInput, match="'about' lacks line_range"):
        best_bets(case(sound(), []).said, pa.Table.from_pylist([], ABOUT).drop_columns(["line_range"]), LEADER)


def _args(given: Case) -> tuple[pa.Table, pa.Table]:
    return given.said, given.about


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A few days of players on a few teams, some things missing, many bets that are as good as one another."""
    chances, maybe = st.sampled_from([0.3, 0.45, 0.57, 0.58, 0.62, 0.9]), st.sampled_from([None, 1.9, 2.0])
    words, about = [], []
    for place in range(draw(st.integers(0, 24))):
        game, player, day = f"g{place % 3}", f"p{place}", DAY + timedelta(days=place % 3)
        for system in (LEADER, *OTHERS):
            p_over = draw(chances)
            side = "OVER" if p_over > 0.5 else "UNDER"
            given = {"side": side, "recommendation": draw(st.sampled_from([side, side, side, "PASS"])), "over_price": draw(maybe)}
            words.append(word(system, game, player, day, p_over, **given))
        team, books, width = draw(st.sampled_from(["BKN", "CHI", None])), draw(st.integers(1, 8)), draw(st.sampled_from([0.0, 1.0, 4.0]))
        about.append(known(game, player, team=team, book_count=books, line_range=width, quality_score=draw(st.sampled_from([70.0, 90.0]))))
    return case(words, about)


@given(cases(), st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 4))
def test_every_candidate_is_picked_or_passed_once_in_whatever_order(given_case: Case, seed: int, per_team: int, per_day: int) -> None:
    rule = SelectionRule(least_books=1, least_agreement=0.5, per_team=per_team, per_day=per_day)
    found = best_bets(given_case.said, given_case.about, LEADER, rule)
    asked = [row for row in given_case.said.to_pylist() if row["system_id"] == LEADER]
    assert sorted((row["game_id"], row["player_lookup"]) for row in asked) == sorted(
        (row["game_id"], row["player_lookup"]) for row in found.to_pylist()
    )
    for row in found.to_pylist():
        assert (row["rank"] is None) == (row["why"] in PASSES)
    rng = np.random.default_rng(seed)
    said, about = (table.take(rng.permutation(table.num_rows)) for table in (given_case.said, given_case.about))
    assert best_bets(said, about, LEADER, rule).equals(found)


@given(cases(), st.integers(1, 3), st.integers(1, 4))
def test_caps_hold_and_no_better_bet_is_passed_for_one(given_case: Case, per_team: int, per_day: int) -> None:
    rule = SelectionRule(least_books=1, least_agreement=0.5, per_team=per_team, per_day=per_day)
    rows = best_bets(given_case.said, given_case.about, LEADER, rule).to_pylist()
    picks = [row for row in rows if row["rank"] is not None]
    for day in {row["game_date"] for row in picks}:
        mine = sorted((row for row in picks if row["game_date"] == day), key=lambda row: int(row["rank"]))
        assert [row["rank"] for row in mine] == list(range(1, len(mine) + 1))
        assert len(mine) <= per_day
        assert max(Counter(row["team"] for row in mine).values()) <= per_team
        assert [row["ev"] for row in mine] == sorted((row["ev"] for row in mine), reverse=True)
        for passed in (row for row in rows if row["game_date"] == day and row["why"] == "day_cap"):
            assert len(mine) == per_day
            assert passed["ev"] <= mine[-1]["ev"]
        for passed in (row for row in rows if row["game_date"] == day and row["why"] == "team_cap"):
            better = [row for row in rows if row["game_date"] == day and row["team"] == passed["team"] and row["why"] in (None, "day_cap")]
            assert len(better) == per_team
            assert all(row["ev"] >= passed["ev"] for row in better)
