"""Shrinkage against closed forms, slow references and its own promises."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from taskplan.simulation.shrinkage import (
    between_variance,
    digamma,
    moderate,
    posterior,
    shrink,
    shrink_shares,
    trigamma,
)

MEANS = st.floats(-3, 3)
VARIANCES = st.floats(1e-4, 4)
ESTIMATES = st.lists(st.tuples(MEANS, VARIANCES), min_size=2, max_size=8)


@given(MEANS, VARIANCES, MEANS, VARIANCES)
def test_the_posterior_is_that_of_the_product_of_two_normal_densities(
    mean: float, variance: float, center: float, between: float
) -> None:
    found, spread, weight = posterior(mean, variance, center, between)
    precision = 1 / variance + 1 / between
    assert found == pytest.approx((mean / variance + center / between) / precision, abs=1e-9)
    assert spread == pytest.approx(1 / precision)
    assert weight == pytest.approx((1 / variance) / precision)


def test_the_posterior_agrees_with_integration() -> None:
    def density(x: float) -> float:
        return float(stats.norm.pdf(1.4, x, math.sqrt(0.3)) * stats.norm.pdf(x, 0.2, math.sqrt(0.5)))

    total = integrate.quad(density, -8, 8)[0]
    mean = integrate.quad(lambda x: x * density(x), -8, 8)[0] / total
    square = integrate.quad(lambda x: x * x * density(x), -8, 8)[0] / total
    assert posterior(1.4, 0.3, 0.2, 0.5)[:2] == pytest.approx((mean, square - mean**2))


def excess(between: float, estimates: list[tuple[float, float]]) -> float:
    """Cochran's statistic less its expectation, in numpy."""
    means, variances = np.array(estimates).T
    weights = 1 / (variances + between)
    center = np.average(means, weights=weights)
    return float(np.sum(weights * (means - center) ** 2)) - (len(means) - 1)


@given(ESTIMATES)
def test_the_variance_between_is_the_root_of_paule_and_mandels_equation(
    estimates: list[tuple[float, float]],
) -> None:
    found = between_variance(*zip(*estimates, strict=True))
    if excess(0, estimates) <= 1e-9:
        assert found == pytest.approx(0, abs=1e-6)
    else:
        assert found == pytest.approx(optimize.brentq(excess, 0, 1e3, args=(estimates,)), rel=1e-6, abs=1e-9)


@given(st.lists(MEANS, min_size=2, max_size=8), VARIANCES)
def test_with_equal_variances_it_is_what_the_sample_variance_leaves(
    means: list[float], variance: float
) -> None:
    sample = float(np.var(means, ddof=1))
    found = between_variance(means, [variance] * len(means))
    assert found == pytest.approx(max(0.0, sample - variance), abs=1e-9)


@given(ESTIMATES)
def test_own_data_counts_the_more_the_better_it_is_known(estimates: list[tuple[float, float]]) -> None:
    found = shrink(*zip(*estimates, strict=True))
    by_variance = sorted(zip([v for _, v in estimates], found.weights, strict=True))
    assert [w for _, w in by_variance] == sorted(found.weights, reverse=True)
    for (mean, variance), middle, error, weight in zip(
        estimates, found.means, found.variances, found.weights, strict=True
    ):
        assert middle == pytest.approx(found.center + weight * (mean - found.center), abs=1e-9)
        assert 0 <= weight < 1
        assert 0 < error <= (variance + (middle - mean) ** 2) * (1 + 1e-9)


@given(ESTIMATES, st.randoms(use_true_random=False))
def test_the_order_of_estimates_changes_nothing(estimates: list[tuple[float, float]], random: object) -> None:
    order = list(range(len(estimates)))
    random.shuffle(order)  # type: ignore[attr-defined]
    there = shrink(*zip(*estimates, strict=True))
    back = shrink(*zip(*(estimates[place] for place in order), strict=True))
    assert back.means == tuple(there.means[place] for place in order)
    assert back.variances == tuple(there.variances[place] for place in order)


def test_one_estimate_alone_stays_as_it_is() -> None:
    found = shrink([1.5], [0.25])
    assert (found.means, found.variances, found.weights) == ((1.5,), (0.25,), (1.0,))


@pytest.mark.parametrize("x", [1e-3, 0.1, 0.5, 1.0, 2.0, 7.99, 8.0, 31.5, 1e6])
def test_the_polygamma_functions_are_right(x: float) -> None:
    assert digamma(x) == pytest.approx(special.digamma(x), rel=1e-11)
    assert trigamma(x) == pytest.approx(special.polygamma(1, x), rel=1e-11)


SAMPLES = st.lists(st.tuples(st.floats(0.01, 5), st.floats(1, 200)), min_size=2, max_size=8)


@given(SAMPLES)
def test_variances_are_drawn_towards_the_common_one(samples: list[tuple[float, float]]) -> None:
    found = moderate(*zip(*samples, strict=True))
    for (variance, degrees), moderated, behind in zip(samples, found.variances, found.degrees, strict=True):
        low, high = sorted((variance, found.scale))
        assert low * (1 - 1e-9) <= moderated <= high * (1 + 1e-9)
        if found.prior_degrees < math.inf:
            total = found.prior_degrees + degrees
            expected = (found.prior_degrees * found.scale + degrees * variance) / total
            assert moderated == pytest.approx(expected)
            assert behind == pytest.approx(total)


def test_variances_of_one_size_are_pooled_and_a_missing_one_is_the_common_one() -> None:
    found = moderate([0.5, 0.5, 0.5, 0.0], [9.0, 9.0, 4.0, 0.0])
    assert found.prior_degrees == math.inf
    assert found.variances == pytest.approx((0.5,) * 4)
    assert found.degrees == pytest.approx((22.0,) * 4)


def test_the_prior_of_variances_is_found_again() -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    true = 0.4 * 12 / rng.chisquare(12, 4000)
    degrees = rng.integers(3, 40, len(true)).astype(float)
    found = moderate((true * rng.chisquare(degrees) / degrees).tolist(), degrees.tolist())
    assert found.scale == pytest.approx(0.4, rel=0.03)
    assert found.prior_degrees == pytest.approx(12, rel=0.15)


CASES = st.lists(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=7)


@given(CASES.filter(lambda cases: len(cases) > 1))
def test_shares_have_the_prior_that_fractions_give(cases: list[tuple[int, int]]) -> None:
    found = shrink_shares(*zip(*cases, strict=True))
    hits, total = sum(x for x, _ in cases), sum(n for _, n in cases)
    center = Fraction(2 * hits + 1, 2 * total + 2)
    spread = sum(n * (Fraction(x, n) - center) ** 2 for x, n in cases)
    chance = len(cases) - 1
    room = total - Fraction(sum(n * n for _, n in cases), total) - chance
    between = (spread / (center * (1 - center)) - chance) / room if room > 0 else 0
    most = Fraction(total, len(cases))
    strength = min(max(1 / between - 1, 1), most) if between > 0 else most
    assert found.strength == pytest.approx(float(strength), rel=1e-6)
    # So much cases count that are as much alike within a share as this.
    alike = 1 / (Fraction(found.strength) + 1)
    counts = [n / (1 + (n - 1) * alike) for _, n in cases]
    shares = [Fraction(x, n) for x, n in cases]
    mean = sum(p * n for p, n in zip(shares, counts, strict=True)) / sum(counts)
    assert found.center == pytest.approx(float((mean * total + Fraction(1, 2)) / (total + 1)))
    assert found.size == pytest.approx(float(sum(counts) + 1))
    for (x, n), alpha, beta, weight in zip(cases, found.alpha, found.beta, found.weights, strict=True):
        mean = alpha / (alpha + beta)
        assert mean == pytest.approx(weight * x / n + (1 - weight) * found.center, abs=1e-9)
        assert weight == pytest.approx(n / (n + found.strength))


def test_the_prior_of_shares_is_found_again() -> None:
    rng = np.random.Generator(np.random.PCG64(9))
    cases = rng.integers(20, 80, 3000)
    hits = rng.binomial(cases, rng.beta(2, 18, len(cases)))
    found = shrink_shares(hits.tolist(), cases.tolist())
    assert found.center == pytest.approx(0.1, rel=0.05)
    assert found.strength == pytest.approx(20, rel=0.1)


def test_one_share_alone_has_jeffreys_prior() -> None:
    found = shrink_shares([3], [20])
    assert (found.alpha, found.beta) == ((3.5,), (17.5,))
