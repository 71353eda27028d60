"""The simulated bankroll: a slow one bet by bet beside it, bands against counting, and that no day is told its own end."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from tipoff.errors import BadInput
from tipoff.grade.bankroll import Bankroll, simulate
from tipoff.grade.bets import REASONS
from tipoff.market.devig import devig
from tipoff.market.shrinkage import LEAST_PAST, kelly_shrinkage, probability_sd, towards_market
from tipoff.market.staking import StakingRule, kelly_fraction

near: Any = pytest.approx
Row = dict[str, Any]
FIRST = date(2025, 11, 1)
PLAIN = StakingRule(shrink="none", correlation=0.0, fraction=0.25)

SAID = pa.schema(
    [
        *((name, pa.string()) for name in ("system_id", "game_id", "player_lookup", "bookmaker", "recommendation", "result")),
        ("game_date", pa.date32()),
        *((name, pa.float64()) for name in ("p_over", "p_push", "p_under", "over_price", "under_price", "consensus_over")),
    ]
)
FACTS = pa.schema(
    [
        *((name, pa.string()) for name in ("game_id", "player_lookup")),
        *((name, pa.float64()) for name in ("line", "market_over", "actual_points")),
    ]
)


def row(day: int = 0, game: str = "a", player: str = "x", **other: Any) -> Row:
    """A recommended OVER at 1.91 both ways, 58 % sure, won; with its facts."""
    return {
        "system_id": "s",
        "game_id": f"{day}_{game}",
        "player_lookup": player,
        "game_date": FIRST + timedelta(day),
        "bookmaker": "draftkings",
        "recommendation": "OVER",
        "result": "WIN",
        "p_over": 0.58,
        "p_push": 0.0,
        "p_under": 0.42,
        "over_price": 1.91,
        "under_price": 1.91,
        "consensus_over": 0.58,
        "line": 20.5,
        "market_over": 0.5,
        "actual_points": 25.0,
    } | other


def bankroll(rows: list[Row], rule: StakingRule = PLAIN, **options: Any) -> Bankroll:
    said = pa.Table.from_pylist([{name: one[name] for name in SAID.names} for one in rows], SAID)
    facts = pa.Table.from_pylist([{name: one[name] for name in FACTS.names} for one in rows], FACTS)
    return simulate(said, facts, rule, **{"paths": 200, **options})


def past(day: int = -1, rows: int = LEAST_PAST, claimed: float = 0.55) -> list[Row]:
    """Rows to learn from, nobody's bet."""
    shared = {"recommendation": "PASS", "result": None, "consensus_over": claimed}
    return [row(day, "past", f"p{n}", actual_points=25.0 if n % 2 else 15.0, **shared) for n in range(rows)]


def by_hand(rows: list[Row], rule: StakingRule) -> tuple[list[float], int]:
    """The reference, bet by bet, for a rule that neither shrinks nor knows a correlation: the bankroll after each day, the bets."""
    days = defaultdict(list)
    for one in rows:
        if one["recommendation"] in ("OVER", "UNDER"):
            side = one["recommendation"].lower()
            price, win, push = one[f"{side}_price"], one[f"p_{side}"], one["p_push"]
            if price and win / (1.0 - push) - 1.0 / price >= 0.02:
                lose = 1.0 - win - push
                kelly = max(0.0, (win * (price - 1.0) - lose) / ((price - 1.0) * (win + lose)))
                days[one["game_date"]].append((one, price, min(rule.fraction * kelly, rule.max_per_bet)))
    money, path, count = 1.0, [], 0
    for day in sorted(days):
        bets = days[day]
        of_game: dict[str, float] = defaultdict(float)
        for one, _, stake in bets:
            of_game[one["game_id"]] += stake
        bets = [(one, price, stake * min(1.0, rule.max_per_game / of_game[one["game_id"]])) for one, price, stake in bets]
        total = sum(stake for _, _, stake in bets)
        morning = money
        for one, price, stake in bets:
            put = morning * stake * min(1.0, rule.max_per_day / total)
            money += {"WIN": put * (price - 1.0), "LOSS": -put, "PUSH": 0.0, "VOID": 0.0}[one["result"]]
            count += 1
        path.append(money)
    return path, count


@st.composite
def seasons(draw: st.DrawFn) -> list[Row]:
    rows = []
    for number in range(draw(st.integers(1, 25))):
        push = draw(st.sampled_from([0.0, 0.06]))
        over = draw(st.floats(0.35, 0.65)) * (1.0 - push)
        rows.append(
            row(
                draw(st.integers(0, 5)),
                draw(st.sampled_from("ab")),
                f"p{number}",
                recommendation=draw(st.sampled_from(["OVER", "UNDER", "PASS"])),
                result=draw(st.sampled_from(["WIN", "LOSS", "PUSH", "VOID"])),
                p_over=over,
                p_push=push,
                p_under=1.0 - push - over,
                over_price=draw(st.sampled_from([1.8, 1.91, 2.1, None])),
                under_price=draw(st.sampled_from([1.75, 1.91, 2.0, None])),
            )
        )
    return rows


@settings(max_examples=40)
@given(seasons())
def test_the_path_is_what_betting_by_hand_gives(rows: list[Row]) -> None:
    found = bankroll(rows, paths=2)
    path, count = by_hand(rows, PLAIN)
    assert [day.bankroll for day in found.path] == near(path)
    assert found.final == near(path[-1] if path else 1.0)
    assert (found.bets, found.days) == (count, len(path))
    assert found.recommended == found.bets + sum(found.left_out.values())
    assert set(found.left_out) == set(REASONS)


@settings(max_examples=15)
@given(seasons(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Row], dice: random.Random) -> None:
    mixed = list(rows)
    dice.shuffle(mixed)
    assert bankroll(mixed).as_dict() == bankroll(rows).as_dict()


@pytest.mark.parametrize("result", ["PUSH", "VOID"])
def test_a_push_and_a_void_return_the_stake_and_are_in_no_denominator(result: str) -> None:
    found = bankroll([row(0, result="WIN"), row(1, result=result)])
    assert [day.bankroll for day in found.path] == near([1.0 + 0.02 * 0.91, 1.0 + 0.02 * 0.91])
    assert (found.bets, found.roi.n, found.roi.mean, found.results[result]) == (2, 1, near(0.91), 1)
    assert found.turnover == near(0.04)


def test_a_void_of_the_archive_is_a_void_in_every_simulated_path() -> None:
    found = bankroll([row(0, result="VOID")])
    assert found.as_claimed is not None
    assert (found.as_claimed.low, found.as_claimed.high) == ((1.0,), (1.0,))


def test_a_day_is_staked_at_its_mornings_bankroll_and_the_next_at_what_came_of_it() -> None:
    found = bankroll([row(0, "a"), row(0, "b", result="LOSS"), row(1, "a", result="LOSS")])
    after = 1.0 + 0.02 * 0.91 - 0.02
    assert [day.bankroll for day in found.path] == near([after, after * 0.98])
    assert [day.staked for day in found.path] == near([0.04, 0.02])
    assert found.max_drawdown == near(1.0 - after * 0.98)
    assert found.growth.mean == near(math.log(after * 0.98) / 2)


def test_the_deepest_fall_is_from_the_greatest_height_before_it() -> None:
    results = ["WIN", "LOSS", "LOSS", "WIN", "WIN", "WIN", "LOSS"]
    found = bankroll([row(day, result=result) for day, result in enumerate(results)])
    assert found.max_drawdown == near(1.0 - 0.98**2)


def test_roi_is_profit_over_stakes_and_a_day_of_twice_the_stakes_counts_twice() -> None:
    found = bankroll([row(0, "a"), row(0, "b"), row(1, "a", result="LOSS")])
    assert found.roi.mean == near((2 * 0.91 - 1.0) / 3)
    assert (found.roi.n, found.roi.clusters) == (3, 2)
    # By hand: of the ratio each row's residual is (made - ratio x staked) / mean stake; by day they sum to +-d, over two dates.
    d = 2 * (0.91 - (2 * 0.91 - 1.0) / 3)
    half = 12.706204736 * math.sqrt(2 * 2 * d**2) / 3
    assert (found.roi.low, found.roi.high) == near(((2 * 0.91 - 1.0) / 3 - half, (2 * 0.91 - 1.0) / 3 + half))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"over_price": None}, "no_price"),
        ({"p_over": 0.53, "p_under": 0.47}, "below_edge"),
        ({"bookmaker": "bettingpros_consensus"}, "not_a_book"),
        ({"bookmaker": "never_heard_of"}, "not_a_book"),
        ({"bookmaker": None}, "not_a_book"),
        ({"result": None}, "not_graded"),
    ],
)
def test_what_is_left_out_is_counted_with_its_reason(other: Row, reason: str) -> None:
    found = bankroll([row(0), row(1, **other)])
    assert {name: count for name, count in found.left_out.items() if count} == {reason: 1}
    assert (found.recommended, found.bets) == (2, 1)


def test_a_consensus_counts_where_it_is_asked_for() -> None:
    rows = [row(0, bookmaker="bettingpros_consensus")]
    assert bankroll(rows, real_books_only=False).bets == 1


def test_a_one_sided_price_is_bet_on_unless_the_rule_asks_for_the_market() -> None:
    rows = [*past(), row(0, under_price=None)]
    assert bankroll(rows).bets == 1
    assert bankroll(rows, replace(PLAIN, shrink="market")).left_out["one_sided"] == 1


@pytest.mark.parametrize("shrink", ["uncertainty", "market"])
def test_a_rule_that_learns_stakes_nothing_before_it_has_a_past(shrink: Any) -> None:
    rule = replace(PLAIN, shrink=shrink)
    early = bankroll([*past(rows=LEAST_PAST - 1), row(0)], rule)
    assert (early.left_out["too_early"], early.learned) == (1, None)
    ready = bankroll([*past(), row(0)], rule)
    assert ready.left_out["too_early"] == 0
    assert ready.learned is not None
    assert ready.learned.first_n == LEAST_PAST


def test_the_doubt_learned_on_earlier_days_shrinks_the_stake_as_the_formula_has_it() -> None:
    found = bankroll(
        [*past(claimed=0.55), row(0)], replace(PLAIN, shrink="uncertainty", max_per_bet=0.5, max_per_game=0.5, max_per_day=0.5)
    )
    doubt = math.sqrt(0.5) * math.log(0.55 / 0.45)
    assert found.learned is not None
    assert found.learned.first == near(doubt)
    shrunk = kelly_fraction(0.58, 1.91) * kelly_shrinkage(0.58, 1.91, probability_sd(0.58, doubt))
    assert found.path[0].staked == near(0.25 * float(shrunk))


def test_a_claim_that_never_came_true_is_not_bet_on_under_the_market() -> None:
    found = bankroll([*past(), row(0)], replace(PLAIN, shrink="market"))  # as many overs as unders, whatever was claimed
    assert found.learned is not None
    assert (found.learned.first, found.bets, found.left_out["not_worth_it"]) == (0.0, 0, 1)
    assert devig(1.91, 1.91) == near(0.5)


@pytest.mark.parametrize("side", ["OVER", "UNDER"])
def test_a_claim_that_came_half_true_is_drawn_to_the_devigged_price_of_its_own_side(side: str) -> None:
    earlier = [
        {**one, "consensus_over": 0.62, "actual_points": 25.0 if number % 25 < 14 else 15.0} for number, one in enumerate(past(rows=10_000))
    ]
    claims: Row = {"p_over": 0.62, "p_under": 0.38} if side == "OVER" else {"p_over": 0.38, "p_under": 0.62}
    loose = StakingRule(max_per_bet=0.5, max_per_game=0.5, max_per_day=0.5)
    found = bankroll([*earlier, row(0, recommendation=side, over_price=1.95, under_price=1.85, **claims)], loose)
    assert found.learned is not None
    assert 0.4 < found.learned.first < 0.6
    own = (1.95, 1.85) if side == "OVER" else (1.85, 1.95)
    shrunk = towards_market(0.62, devig(*own), found.learned.first)
    assert found.path[0].staked == near(0.25 * float(kelly_fraction(shrunk, own[0])))


@pytest.mark.parametrize("shrink", ["uncertainty", "market"])
def test_no_stake_rests_on_the_results_of_its_own_day_or_later(shrink: Any) -> None:
    draws = np.random.default_rng(3)
    rows = []
    for number in range(1400):
        claim = float(draws.uniform(0.35, 0.7))
        won = bool(draws.random() < claim)
        rows.append(
            row(
                number // 100,
                f"g{number % 7}",
                f"p{number}",
                p_over=claim,
                p_under=1.0 - claim,
                consensus_over=claim,
                actual_points=25.0 if won else 15.0,
                result="WIN" if won else "LOSS",
            )
        )
    cut = 9
    turned = [
        {**one, "actual_points": 40.0 - one["actual_points"], "result": {"WIN": "LOSS", "LOSS": "WIN"}[one["result"]]}
        if one["game_date"] >= FIRST + timedelta(cut)
        else one
        for one in rows
    ]
    rule = StakingRule(shrink=shrink)
    before, after = bankroll(rows, rule, paths=2), bankroll(turned, rule, paths=2)
    staked = {day.game_date: day.staked for day in before.path}
    assert min(staked) >= FIRST + timedelta(5)
    for day in after.path:
        if day.game_date <= FIRST + timedelta(cut):
            assert day.staked == staked[day.game_date]
    assert [day.made for day in before.path] != [day.made for day in after.path]


def test_bands_are_the_percentiles_of_a_binomial_where_bets_are_alike() -> None:
    days, stake = 60, 0.02
    found = bankroll([row(day) for day in range(days)], paths=4000)
    for band, chance in ((found.as_claimed, 0.58), (found.as_fair, 1 / 1.91)):
        assert band is not None
        for value, level in ((band.low[-1], 0.05), (band.median[-1], 0.5), (band.high[-1], 0.95)):
            wins = round((math.log(value) - days * math.log(1 - stake)) / math.log((1 + 0.91 * stake) / (1 - stake)))
            assert abs(wins - binom.ppf(level, days, chance)) <= 1
        least = math.ceil(-days * math.log(1 - stake) / math.log((1 + 0.91 * stake) / (1 - stake)))
        assert band.ends_below_start == near(binom.cdf(least - 1, days, chance), abs=0.03)


@pytest.mark.parametrize(("correlation", "games"), [(0.0, "aa"), (0.6, "aa"), (0.6, "ab")])
def test_in_the_bands_bets_of_a_game_win_and_lose_together_as_the_rule_has_it(correlation: float, games: str) -> None:
    even = {"p_over": 0.5, "p_under": 0.5, "over_price": 2.2, "under_price": 1.7}
    rows = [row(0, game, f"p{n}", **even) for n, game in enumerate(games)]
    found = bankroll(rows, replace(PLAIN, correlation=correlation), paths=20000)
    assert found.as_claimed is not None
    both_lose = 0.25 * (1.0 + (correlation if games == "aa" else 0.0))
    assert found.as_claimed.ends_below_start == near(both_lose, abs=0.015)


def test_the_correlation_of_a_games_bets_is_measured_beside_the_assumed_one() -> None:
    together = [row(day, "a", f"p{n}", result="WIN" if day % 2 else "LOSS") for day in range(40) for n in range(2)]
    apart = [row(day, "a", f"p{n}", result="WIN" if n else "LOSS") for day in range(40) for n in range(2)]
    for rows, sign in ((together, 1.0), (apart, -1.0)):
        found = bankroll(rows).game_correlation
        assert (found.n, found.mean) == (40, near(sign * 0.25 / (0.58 * 0.42)))


def test_bets_that_are_as_often_won_as_claimed_are_not_taken_for_correlated() -> None:
    """Each game's first bet is claimed at .9, its second at .6, and they are won as often, in every combination as often as by chance."""
    rows = []
    for day in range(100):
        for player, claim, won in (("p0", 0.9, day % 10 != 0), ("p1", 0.6, day // 10 % 10 < 6)):
            rows.append(row(day, "a", player, p_over=claim, p_under=1.0 - claim, result="WIN" if won else "LOSS"))
    assert bankroll(rows).game_correlation.mean == near(0.0, abs=1e-9)


def test_without_a_bet_the_bankroll_is_what_it_was_and_no_figure_is_made_up() -> None:
    found = bankroll([row(recommendation="PASS")])
    assert (found.final, found.bets, found.days, found.turnover) == (1.0, 0, 0, 0.0)
    assert (found.max_drawdown, found.roi.mean, found.growth.mean, found.as_claimed, found.as_fair) == (None, None, None, None, None)


def test_the_document_is_json_and_holds_the_rule_and_the_path() -> None:
    document = json.loads(json.dumps(bankroll([row(0), row(1)]).as_dict(), allow_nan=False))
    assert document["rule"]["max_per_day"] == 0.1
    assert [day["game_date"] for day in document["path"]] == ["2025-11-01", "2025-11-02"]
    assert len(document["as_claimed"]["low"]) == 2


def test_the_same_seed_gives_the_same_bands_and_another_seed_others() -> None:
    rows = [row(day, recommendation="OVER", over_price=1.91 + day / 100) for day in range(30)]
    assert bankroll(rows, seed=1) == bankroll(rows, seed=1)
    assert bankroll(rows, seed=1).as_claimed != bankroll(rows, seed=2).as_claimed


def test_tables_that_do_not_fit_are_refused() -> None:
    said = pa.Table.from_pylist([{name: one[name] for name in SAID.names} for one in [row()]], SAID)
    facts = pa.Table.from_pylist([{name: one[name] for name in FACTS.names} for one in [row()]], FACTS)
    other = said.set_column(0, "system_id", pa.array(["t"])).set_column(2, "player_lookup", pa.array(["y"]))
    for wrong_said, wrong_facts, message in (
        (said.drop_columns(["p_push"]), facts, "'said' has no column p_push"),
        (said, facts.drop_columns(["line"]), "'facts' has no column line"),
        (pa.concat_tables([said, said]), facts, "have another"),
        (pa.concat_tables([said, other]), facts, "these rows are of 2"),
        (other, facts, "not in 'facts'"),
    ):
        with pytest.raises(BadInput, match=message):
            simulate(wrong_said, wrong_facts)
