"""Best bets in a backtest are those that would have been published each night, counted as any other bets are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from backtest.about import LEAK, PLAN
from backtest.invented import at_random, tables
from tipoff.grade.backtest_best import best_of
from tipoff.grade.backtest_figures import figures
from tipoff.grade.backtest_page import page
from tipoff.grade.settle import flat_units
from tipoff.market.selection import SelectionRule, best_bets
from tipoff.rates import wilson

NAMES = ("one", "two", "three")
RULE = replace(SelectionRule(), least_edge=0.0, most_edge=0.9, least_agreement=0.5, per_team=3, per_day=5)


@pytest.fixture(scope="module")
def walked() -> tuple[pa.Table, pa.Table]:
    """Facts and words of many nights, with what the selection asks for; some of it missing."""
    facts, said = tables(*at_random(5, 1200, NAMES))
    rng = np.random.default_rng(5)
    size = facts.num_rows
    more = {
        "team": pa.array(rng.choice(["BKN", "CHI"], size)),
        "quality_score": pa.array(rng.choice([80.0, 90.0, np.nan], size, p=[0.1, 0.8, 0.1]), from_pandas=True),
        "book_count": pa.array(rng.integers(2, 8, size)),
        "line_range": pa.array(rng.choice([0.0, 1.0, 4.0], size)),
    }
    for name, values in more.items():
        facts = facts.append_column(name, values)
    kinds = rng.choice(["sportsbook", "consensus"], said.num_rows, p=[0.9, 0.1])
    return facts, said.append_column("line_kind", pa.array(kinds))


@pytest.mark.parametrize("leader", NAMES)
def test_they_are_those_that_each_night_by_itself_would_have_had(walked: tuple[pa.Table, pa.Table], leader: str) -> None:
    facts, said = walked
    found = best_of(facts, said, RULE)[leader]
    results, under, units, passed = [], 0, [], 0
    for day in pc.unique(said.column("game_date")).to_pylist():
        tonight = said.filter(pc.equal(said.column("game_date"), day))
        rows = best_bets(tonight, facts, leader, RULE).to_pylist()
        passed += sum(row["why"] is not None for row in rows)
        words = {(row["game_id"], row["player_lookup"]): row for row in tonight.to_pylist() if row["system_id"] == leader}
        points = {(row["game_id"], row["player_lookup"]): row["actual_points"] for row in facts.to_pylist()}
        for row in rows:
            key = (row["game_id"], row["player_lookup"])
            if row["rank"] is not None:
                results.append(words[key]["result"])
                if results[-1] in ("WIN", "LOSS"):
                    units.append(float(flat_units([results[-1]], row["price"])[0]))
                    under += points[key] < row["line"]
    won = results.count("WIN")
    assert len(results) > 10
    assert found.record.bets == len(results)
    assert found.record.hit_rate == wilson(won, won + results.count("LOSS"))
    assert found.record.units == pytest.approx(sum(units))
    assert found.record.roi.mean == pytest.approx(sum(units) / len(units))
    assert found.record.under.hit_rate == wilson(under, len(units))
    assert sum(found.passed.values()) == passed == found.looked_at - len(results)


def test_a_leader_without_a_pick_has_no_rate(walked: tuple[pa.Table, pa.Table]) -> None:
    facts, said = walked
    found = best_of(facts, said, replace(RULE, least_systems=9))
    assert set(found) == set(NAMES)
    for one in found.values():
        assert (one.record.bets, one.record.hit_rate.rate, one.record.roi.mean) == (0, None, None)
        assert one.passed["few_systems"] > 0


def test_facts_of_before_there_was_a_selection_have_none(walked: tuple[pa.Table, pa.Table]) -> None:
    facts, said = walked
    assert best_of(facts.drop_columns(["quality_score"]), said) == {}


def test_the_page_shows_them_with_the_reasons_of_the_passes(walked: tuple[pa.Table, pa.Table]) -> None:
    facts, said = walked
    found = best_of(facts, said, RULE)
    html = page(figures(facts, said), PLAN, LEAK, best=found)
    part = html[html.index('id="best-bets"') : html.index('id="silence"')]
    for name, one in found.items():
        assert part.count(f'data-system="{name}"') == 2
        assert f"{one.record.hit_rate.n:,}" in part
    assert "all books stand at one point" in part
    assert 'href="#best-bets"' not in page(figures(facts, said), PLAN, LEAK)
