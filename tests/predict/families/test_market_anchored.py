"""The market-anchored family, against a market whose error is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tipoff.errors import ArtefactMismatch, BadInput
from tipoff.features.registry import feature_set
from tipoff.predict.families import Fitting, Sample, Vector, family_named, load
from tipoff.predict.families.market_anchored import MarketAnchored
from tipoff.predict.systems import System, fleet

NAMES = feature_set("v18")
SYSTEM = fleet()["market_anchored"]
PLACE = {name: place for place, name in enumerate(NAMES)}


def market(rows: int, seed: int, *, bias: float = 0.0, signal: float = 0.0, priced: float = 1.0) -> tuple[Sample, Vector]:
    """Rows whose market is right but for a constant and a cause of known weight (a standard normal), with their true P(over)."""
    chance = np.random.default_rng(seed)
    features = np.full((rows, len(NAMES)), np.nan)
    line = np.floor(chance.gamma(3.0, 5.0, rows)) + 4.5
    cause = chance.normal(size=rows)
    said = 1.0 / (1.0 + np.exp(-chance.normal(0.0, 0.1, rows)))
    told = chance.random(rows) < priced
    said = np.where(told, said, 0.5)
    true = 1.0 / (1.0 + np.exp(-(np.log(said / (1 - said)) + bias + signal * cause)))
    features[:, PLACE["vegas_points_line"]] = line
    features[:, PLACE["implied_over_probability"]] = np.where(told, said, np.nan)
    features[:, PLACE["pct_three"]] = cause
    points = np.where(chance.random(rows) < true, line + 0.5, line - 0.5)
    return Sample(NAMES, features, points, np.ones(rows), np.full(rows, np.datetime64("2024-01-01"))), true


def fitted(sample: Sample, system: System = SYSTEM, stop: Sample | None = None) -> MarketAnchored:
    return MarketAnchored.fit(system, sample, stop, Fitting(1))


def far_off(said: Vector, true: Vector) -> float:
    return float(np.sqrt(np.mean((said - true) ** 2)))


def test_a_constant_error_of_the_market_is_found() -> None:
    learnt, _ = market(20000, 1, bias=-0.12)
    later, true = market(5000, 2, bias=-0.12)
    said = fitted(learnt).predict(later.features)
    assert far_off(said, true) < 0.5 * far_off(later["implied_over_probability"], true)


def test_a_cause_that_the_market_does_not_know_is_found_and_shrunk() -> None:
    learnt, _ = market(40000, 1, signal=0.2)
    model = fitted(learnt)
    weight = dict(zip(["constant", "priced", "slope", *_causes()], model.weights, strict=True))["pct_three"]
    assert 0.6 * 0.2 < weight < 0.95 * 0.2


def test_without_a_signal_it_stays_near_the_market() -> None:
    learnt, _ = market(20000, 1)
    later, true = market(5000, 2)
    assert far_off(fitted(learnt).predict(later.features), true) < 0.012


def test_with_nothing_to_learn_from_it_is_the_market() -> None:
    learnt, _ = market(50, 1)
    features = learnt.features.copy()
    features[:, PLACE["vegas_points_line"]] = np.nan
    without = Sample(NAMES, features, learnt.points, learnt.weights, learnt.days)
    later, _ = market(500, 2)
    assert np.allclose(fitted(without).predict(later.features), later["implied_over_probability"], atol=1e-12)


def test_without_a_line_nothing_is_said() -> None:
    learnt, _ = market(2000, 1)
    features = learnt.features.copy()
    features[::2, PLACE["vegas_points_line"]] = np.nan
    said = fitted(learnt).predict(features)
    assert np.isnan(said[::2]).all()
    assert np.isfinite(said[1::2]).all()


def test_without_a_price_the_past_of_lines_speaks() -> None:
    learnt, _ = market(20000, 1, bias=-0.12, priced=0.5)
    later, true = market(5000, 2, bias=-0.12, priced=0.0)
    assert far_off(fitted(learnt).predict(later.features), true) < 0.012


def test_pushes_and_prices_of_no_main_line_teach_nothing() -> None:
    learnt, _ = market(3000, 1, bias=-0.1)
    odd, _ = market(300, 2)
    odd.features[:150, PLACE["implied_over_probability"]] = 0.2
    odd.points[150:] = odd.features[150:, PLACE["vegas_points_line"]]
    both = Sample(
        NAMES,
        np.concatenate([learnt.features, odd.features]),
        np.concatenate([learnt.points, odd.points]),
        np.ones(3300),
        np.concatenate([learnt.days, odd.days]),
    )
    assert fitted(both).to_bytes() == fitted(learnt).to_bytes()


def test_rows_held_back_for_stopping_are_learnt_from_too() -> None:
    learnt, _ = market(3000, 1, bias=-0.1, signal=0.1)
    halves = learnt.take(slice(0, 2000)), learnt.take(slice(2000, None))
    assert fitted(halves[0], stop=halves[1]).to_bytes() == fitted(learnt).to_bytes()


def test_weights_count_from_the_newest_row_whatever_their_mean() -> None:
    learnt, _ = market(3000, 1, bias=-0.1)
    half = Sample(learnt.names, learnt.features, learnt.points, np.full(3000, 0.5), learnt.days)
    assert fitted(half).to_bytes() == fitted(learnt).to_bytes()


def test_rows_that_weigh_nothing_teach_no_weight() -> None:
    learnt, _ = market(6000, 1, bias=-0.3)
    other, _ = market(6000, 2, bias=0.3)
    rows = np.concatenate([other.features, learnt.features])
    points, days = np.concatenate([other.points, learnt.points]), np.concatenate([other.days, learnt.days])
    weights = np.repeat([1e-12, 1.0], 6000)
    later, true = market(2000, 3, bias=-0.3)
    assert far_off(fitted(Sample(NAMES, rows, points, weights, days)).predict(later.features), true) < 0.03


def test_a_model_comes_back_to_the_last_bit() -> None:
    learnt, _ = market(3000, 1, bias=-0.1, signal=0.1, priced=0.7)
    model = fitted(learnt)
    again = load("market_anchored", model.to_bytes())
    assert again.to_bytes() == model.to_bytes()
    assert np.array_equal(again.predict(learnt.features), model.predict(learnt.features))


def test_a_row_is_told_the_same_alone_and_among_others() -> None:
    learnt, _ = market(3000, 1, bias=-0.1, signal=0.1)
    model = fitted(learnt)
    together = model.predict(learnt.features[:40])
    assert np.array_equal(np.concatenate([model.predict(row[None, :]) for row in learnt.features[:40]]), together)


@pytest.mark.parametrize("spoil", ["weights", "spreads", "names"])
def test_an_artefact_that_lacks_something_is_refused(spoil: str) -> None:
    learnt, _ = market(500, 1)
    document = json.loads(fitted(learnt).to_bytes())
    document[spoil] = document[spoil][1:]
    with pytest.raises(ArtefactMismatch):
        load("market_anchored", json.dumps(document).encode())


def test_bytes_of_another_kind_are_refused() -> None:
    for body in (b"", b"tree", b"[]", b"\xff"):
        with pytest.raises(ArtefactMismatch):
            load("market_anchored", body)


def test_features_without_the_market_are_refused_by_name() -> None:
    learnt, _ = market(200, 1)
    names = feature_set("v12")
    poorer = Sample(names, learnt.matrix(names), learnt.points, learnt.weights, learnt.days)
    with pytest.raises(BadInput, match="implied_over_probability"):
        fitted(poorer)


def test_an_unknown_parameter_is_refused_by_name() -> None:
    learnt, _ = market(200, 1)
    with pytest.raises(BadInput, match="shrinkign"):
        fitted(learnt, SYSTEM.model_copy(update={"parameters": {"shrinkign": 1.0}}))


def test_its_voice_is_the_tilted_one() -> None:
    assert family_named("market_anchored").voice == "tilted"


def _causes() -> list[str]:
    from tipoff.predict.families.market_anchored import _used

    return _used(NAMES)
