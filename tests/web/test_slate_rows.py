"""Rows of a night: fair price and expected value by hand, filters and orders as an address asks for them, CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.publish.documents import Game, Headline, Tonight
from tipoff.web.slate_rows import SIDES, SORTS, TIERS, Asked, Row, as_csv, asked_of, chosen, row_of, rows_of

Site = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def night(site: Site) -> Tonight:
    return Tonight.model_validate_json(site("tonight").get("/v1/tonight/latest.json").content)


def somebody(night: Tonight, **said: Any) -> Row:
    """The row of the first predicted player, his prediction changed."""
    game, player = next((game, player) for game in night.games for player in game.players if player.prediction)
    assert player.prediction is not None
    changed = Headline.model_validate(player.prediction.model_dump() | said)
    return row_of(night, game, player.model_copy(update={"prediction": changed}))


def test_fair_price_and_expected_value_pay_a_push_back(night: Tonight) -> None:
    row = somebody(night, recommendation="OVER", p_over=0.5, p_push=0.1, p_under=0.4, over_price=2.0, under_price=1.8, line=20.0)
    assert row.side == "OVER"
    assert row.fair == pytest.approx(1.8)  # 0.5 wins (1.8 - 1) = 0.4 = what 0.4 loses
    assert row.ev == pytest.approx(0.5 * 1.0 - 0.4)
    under = somebody(night, recommendation="PASS", p_over=0.4, p_push=0.1, p_under=0.5, over_price=2.0, under_price=1.8, line=20.0)
    assert under.side == "UNDER"
    assert under.fair == pytest.approx(1.8)
    assert under.ev == pytest.approx(0.5 * 0.8 - 0.4)


def test_a_pass_leans_to_the_side_whose_price_is_worth_more_and_tells_its_edge_in_both_measures(night: Tonight) -> None:
    """A system that judges by probability passes on 0.2 points here and takes 0.2 there: points alone would explain nothing."""
    row = somebody(
        night, recommendation="PASS", p_over=0.48, p_push=0.0, p_under=0.52, over_price=2.1, under_price=1.8, edge=0.2, line=20.5
    )
    assert row.side == "OVER"
    assert row.ev == pytest.approx(0.48 * 1.1 - 0.52)
    assert row.why == "an edge of 0.2 points, +0.4\u202f% over break-even, is not enough"
    unpriced = somebody(night, recommendation="PASS", p_over=0.48, p_push=0.0, p_under=0.52, over_price=None, under_price=1.8, edge=0.2)
    assert (unpriced.side, unpriced.why) == ("UNDER", "an edge of 0.2 points, −3.6\u202f% over break-even, is not enough")


def test_without_a_chance_or_a_price_nothing_is_made_up(night: Tonight) -> None:
    row = somebody(night, recommendation="NO_LINE", p_over=None, p_push=None, p_under=None, line=None, over_price=None, under_price=None)
    assert (row.side, row.fair, row.price, row.ev, row.why) == (None, None, None, None, "no book has a line on him")


def test_every_predicted_player_has_one_row_and_no_other_has(night: Tonight) -> None:
    rows = rows_of(night)
    assert len(rows) == night.total_predicted
    assert {row.player.player_lookup for row in rows} == {p.player_lookup for game in night.games for p in game.players if p.predictions}


@pytest.mark.parametrize("sort", SORTS)
def test_an_order_loses_nobody_and_puts_what_is_missing_last(night: Tonight, sort: Any) -> None:
    rows = rows_of(night)
    ordered = chosen(rows, Asked(sort=sort))
    assert sorted(map(id, ordered)) == sorted(map(id, rows))
    if sort == "ev":
        values = [row.ev for row in ordered]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=True)
        assert values == known + [None] * (len(values) - len(known))


queries = st.fixed_dictionaries(
    {},
    optional={
        "sort": st.sampled_from((*SORTS, "nothing")),
        "side": st.sampled_from((*SIDES, "sideways")),
        "edge": st.sampled_from(("1", "2.5", "nan", "-3", "x", "1e99")),
        "quality": st.sampled_from((*TIERS, "lead")),
        "team": st.sampled_from(("BOS", "bos", "zzz")),
        "q": st.text(max_size=5),
    },
)


@given(query=queries)
def test_whatever_an_address_asks_for_it_gets_rows_of_the_night_and_the_same_again(night: Tonight, query: dict[str, str]) -> None:
    rows, asked = rows_of(night), asked_of(query)
    kept = chosen(rows, asked)
    assert {id(row) for row in kept} <= {id(row) for row in rows}
    assert asked_of(asked.as_query()) == asked, "an address that was made of it asks for the same"
    assert chosen(kept, asked) == kept
    if asked.edge:
        assert all(row.said and abs(row.said.line_margin or 0) >= asked.edge for row in kept)


def test_the_csv_has_a_row_a_player_and_no_formula(night: Tonight) -> None:
    rows = rows_of(night)
    evil = replace(rows[0], player=rows[0].player.model_copy(update={"name": "=HYPERLINK(1)"}))
    table = list(csv.DictReader(io.StringIO(as_csv([evil, *rows[1:]]))))
    assert len(table) == len(rows)
    assert table[0]["name"] == "'=HYPERLINK(1)"
    assert table[1]["line_margin"] in ("", str(rows[1].said.line_margin if rows[1].said else ""))


def test_the_csv_of_an_address_is_its_rows(site: Site, night: Tonight) -> None:
    response = site("tonight").get(f"/tonight/{night.game_date}.csv", params={"side": "pick", "sort": "edge"})
    assert response.headers["content-type"].startswith("text/csv")
    table = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["player_lookup"] for row in table] == [
        row.player.player_lookup for row in chosen(rows_of(night), Asked("edge", side="pick"))
    ]


def test_one_game_alone(night: Tonight) -> None:
    only: Game = night.games[0]
    assert {row.game.game_id for row in chosen(rows_of(night), Asked(game=only.game_id))} == {only.game_id}
