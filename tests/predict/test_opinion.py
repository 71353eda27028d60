"""One rule for tonight and every backtest: which side is leant to, which quote is taken, and from which edge on it is recommended."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.invented import NO_FEATURES
from predict.slates import GAME, SYSTEM, even, quote, quotes
from tipoff.market.taking import offers
from tipoff.predict.distribution import Distribution, Vector
from tipoff.predict.opinion import Opinion, opinion
from tipoff.predict.systems import System
from tipoff.predict.voices import Scaled

IN_POINTS = SYSTEM
IN_PROBABILITY = SYSTEM.model_copy(update={"threshold_in": "probability", "threshold": 0.02})


def spoken(*estimates: float, voice: Scaled | None = None) -> Distribution:
    return (voice or even()).distribution(np.array(estimates), NO_FEATURES)


def found(system: System, said: Distribution, consensus: list[float], *rows: dict[str, Any]) -> Opinion:
    """The opinion of players a, b, c … at these quotes."""
    players = pa.table({"game_id": [GAME] * said.size, "player_lookup": list("abcdefghij"[: said.size])})
    lines = np.array(consensus)
    return opinion(system, said, lines, offers(quotes(*rows), players, lines))


def threshold(system: System, value: float) -> System:
    return system.model_copy(update={"threshold": value})


class TestInPoints:
    def margin(self, estimate: float = 22.0) -> float:
        return float(spoken(estimate).median()[0]) - 20.5

    @pytest.mark.parametrize(("estimate", "side"), [(22.0, "OVER"), (19.0, "UNDER")])
    def test_a_side_is_taken_from_the_threshold_on_and_not_below(self, estimate: float, side: str) -> None:
        edge = abs(self.margin(estimate))
        for least, expected in ((edge, side), (math.nextafter(edge, 9), "PASS"), (0.0, side), (9.0, "PASS")):
            said = found(threshold(IN_POINTS, least), spoken(estimate), [20.5], quote("a", 20.5))
            assert said.recommendation.tolist() == [expected]
            assert said.leans_over.tolist() == [side == "OVER"]
            assert abs(said.margin[0]) == edge

    def test_the_side_is_the_consensus_s_and_the_edge_the_quotes_own(self) -> None:
        """The book stands a point above the consensus: an over by the consensus, by the quote there is less than nothing in it."""
        said = found(threshold(IN_POINTS, 0.0), spoken(21.0), [20.5], quote("a", 21.5))
        assert said.leans_over.tolist() == [True]
        assert said.margin[0] < 0
        assert said.recommendation.tolist() == ["PASS"]

    def test_a_price_is_not_asked_for(self) -> None:
        said = found(IN_POINTS, spoken(24.0), [20.5], quote("a", 20.5, over=None, under=None))
        assert said.recommendation.tolist() == ["OVER"]
        assert np.isnan([*said.edge_probability, *said.price]).all()


class TestInProbability:
    def test_it_leans_to_the_side_with_the_larger_edge_not_to_that_of_the_median(self) -> None:
        """The median is above the line, and the under pays more than it must."""
        said = found(IN_PROBABILITY, spoken(20.7), [20.5], quote("a", 20.5, over=1.6, under=2.5))
        assert said.predicted[0] > 20.5
        assert said.over[0] > 0.5
        assert (said.leans_over.tolist(), said.recommendation.tolist(), said.price.tolist()) == ([False], ["UNDER"], [2.5])
        assert said.edge_probability[0] == pytest.approx(said.under[0] - 1 / 2.5)

    def test_each_side_is_measured_at_the_quote_that_is_best_for_it(self) -> None:
        rows = (quote("a", 20.5, book="betmgm", over=2.2, under=1.7), quote("a", 20.5, book="fanduel", over=1.7, under=2.1))
        said = found(IN_PROBABILITY, spoken(20.5), [20.5], *rows)
        assert said.offer.words["bookmaker"].to_pylist() == ["betmgm"]
        assert said.recommendation.tolist() == ["OVER"]

    @pytest.mark.parametrize(("estimate", "side"), [(22.0, "OVER"), (19.0, "UNDER")])
    def test_a_side_is_taken_from_the_threshold_on_and_not_below(self, estimate: float, side: str) -> None:
        edge = float(found(IN_PROBABILITY, spoken(estimate), [20.5], quote("a", 20.5)).edge_probability[0])
        assert edge > 0.02
        for least, expected in ((edge, side), (math.nextafter(edge, 1), "PASS"), (0.0, side), (0.9, "PASS")):
            said = found(threshold(IN_PROBABILITY, least), spoken(estimate), [20.5], quote("a", 20.5))
            assert (said.recommendation.tolist(), said.leans_over.tolist()) == ([expected], [side == "OVER"])

    def test_where_neither_side_is_worth_its_price_it_passes_and_leans_to_the_lesser_evil(self) -> None:
        said = found(threshold(IN_PROBABILITY, 0.0), spoken(20.7), [20.5], quote("a", 20.5, over=1.8, under=1.8))
        assert said.edge_probability[0] < 0
        assert (said.leans_over.tolist(), said.recommendation.tolist()) == ([True], ["PASS"])

    def test_a_push_is_no_part_of_the_chance_since_it_returns_the_stake(self) -> None:
        said = found(IN_PROBABILITY, spoken(20.0), [20.0], quote("a", 20.0, over=2.1, under=2.1))
        assert said.push[0] > 0.03
        won, lost = (said.over[0], said.under[0]) if said.leans_over[0] else (said.under[0], said.over[0])
        assert said.edge_probability[0] == pytest.approx(won / (won + lost) - 1 / 2.1)

    @pytest.mark.parametrize(("estimate", "side"), [(24.0, True), (17.0, False)])
    def test_without_any_price_it_leans_by_the_median_and_passes_whatever_the_threshold(self, estimate: float, side: bool) -> None:
        said = found(threshold(IN_PROBABILITY, 0.0), spoken(estimate), [20.5], quote("a", 20.5, over=None, under=None))
        assert (said.leans_over.tolist(), said.recommendation.tolist()) == ([side], ["PASS"])
        assert np.isnan(said.edge_probability).all()

    @pytest.mark.parametrize(("over", "under", "side"), [(1.9, None, True), (None, 1.9, False)])
    def test_with_a_price_on_one_side_alone_it_leans_by_the_median_and_bets_where_that_side_is_priced(
        self, over: float | None, under: float | None, side: bool
    ) -> None:
        for estimate in (17.0, 24.0):
            said = found(IN_PROBABILITY, spoken(estimate), [20.5], quote("a", 20.5, over=over, under=under))
            leans_over = estimate > 20.5
            assert said.leans_over.tolist() == [leans_over]
            assert np.isnan(said.price).tolist() == [leans_over != side]
            assert said.recommendation.tolist() == [("OVER" if side else "UNDER") if leans_over == side else "PASS"]

    @given(
        st.lists(
            st.tuples(st.floats(5, 35), st.integers(10, 60), st.none() | st.floats(1.2, 4), st.none() | st.floats(1.2, 4)),
            min_size=1,
            max_size=8,
        )
    )
    def test_against_the_rule_written_out_player_by_player(self, draws: list[tuple[float, int, float | None, float | None]]) -> None:
        names = "abcdefghij"
        rows = [quote(names[place], half / 2, over=over, under=under) for place, (_, half, over, under) in enumerate(draws)]
        said = spoken(*(estimate for estimate, *_ in draws))
        told = found(IN_PROBABILITY, said, [half / 2 for _, half, *_ in draws], *rows)
        for place, (_, half, over, under) in enumerate(draws):
            line = half / 2
            above, _, below = (float(values[place]) for values in said.against(np.full(said.size, line)))
            decided = above + below
            edges = {
                name: chance / decided - 1 / price
                for name, chance, price in (("OVER", above, over), ("UNDER", below, under))
                if price is not None
            }
            if len(edges) == 2:
                if abs(edges["OVER"] - edges["UNDER"]) < 1e-9:
                    continue
                best = max(edges, key=lambda name: edges[name])
            else:
                best = "OVER" if float(said.median()[place]) > line else "UNDER"
            if best not in edges:
                assert (told.recommendation[place], bool(np.isnan(told.edge_probability[place]))) == ("PASS", True)
                continue
            assert told.edge_probability[place] == pytest.approx(edges[best], abs=1e-9)
            if abs(edges[best] - 0.02) > 1e-9:
                assert told.recommendation[place] == (best if edges[best] > 0.02 else "PASS")


@pytest.mark.parametrize("system", [IN_POINTS, IN_PROBABILITY], ids=["points", "probability"])
class TestEitherWay:
    def test_without_a_line_nothing_is_recommended_and_the_numbers_stand(self, system: System) -> None:
        said = found(system, spoken(24.0, 24.0), [math.nan, 20.5], quote("b", 20.5))
        assert said.recommendation.tolist() == ["NO_LINE", "OVER"]
        for values in (said.margin, said.edge_probability, said.over, said.push, said.under, said.price, said.offer.line):
            assert np.isnan(values).tolist() == [True, False]
        assert np.isfinite([*said.predicted, *said.mean, *said.whole, *said.sd]).all()

    def test_where_a_line_is_quoted_that_nobody_quotes_any_more_there_is_none(self, system: System) -> None:
        """A consensus among the features, and no quote that can be taken."""
        said = found(system, spoken(24.0), [20.5])
        assert said.recommendation.tolist() == ["NO_LINE"]

    def test_each_player_is_judged_as_if_alone(self, system: System) -> None:
        estimates, lines = [18.0, 21.0, 25.0], [20.5, 20.5, 21.5]
        rows = [quote(name, line, over=1.95, under=1.87) for name, line in zip("abc", lines, strict=True)]
        together = found(system, spoken(*estimates), lines, *rows)
        for place, (estimate, line) in enumerate(zip(estimates, lines, strict=True)):
            alone = found(system, spoken(estimate), [line], {**rows[place], "player_lookup": "a"})
            for name in ("predicted", "mean", "whole", "sd", "over", "push", "under", "margin", "edge_probability", "recommendation"):
                assert getattr(together, name)[place] == getattr(alone, name)[0], name

    def test_figures_are_the_distributions_own(self, system: System) -> None:
        said = spoken(18.2, 25.4)
        told = found(system, said, [20.0, 20.0], quote("a", 20.0), quote("b", 20.0))
        expected: tuple[Vector, ...] = (said.median(), said.mean(), said.whole_median(), said.sd(), *said.against(np.full(2, 20.0)))
        given_ = (told.predicted, told.mean, told.whole, told.sd, told.over, told.push, told.under)
        for mine, its in zip(given_, expected, strict=True):
            assert np.array_equal(mine, its)
