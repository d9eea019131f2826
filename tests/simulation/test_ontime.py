"""The split that is on time most probably: beside trying every split, and SciPy's normal distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_ndtr

from taskplan.simulation.ontime import Runner, log_normal_cdf, split_in_time


def every_split(people: int, items: int) -> Iterator[tuple[int, ...]]:
    if people == 1:
        yield (items,)
        return
    for first in range(items + 1):
        for rest in every_split(people - 1, items - first):
            yield (first, *rest)


def chance(runners: list[Runner], counts: tuple[int, ...] | list[int]) -> float:
    return math.fsum(runner.log_chance(count) for runner, count in zip(runners, counts, strict=True))


@st.composite
def teams(draw: st.DrawFn) -> list[Runner]:
    def runner() -> Runner:
        mean = draw(st.floats(0.5, 8))
        return Runner(
            minutes=draw(st.floats(5, 60)),
            mean=mean,
            variance=(draw(st.floats(0.1, 1)) * mean) ** 2,
            taken=draw(st.sampled_from([0.0, 3.0])),
            taken_variance=draw(st.sampled_from([0.0, 2.0])),
        )

    return [runner() for _ in range(draw(st.integers(1, 3)))]


@given(teams(), st.integers(0, 10))
def test_no_split_of_few_items_is_on_time_more_probably(runners: list[Runner], items: int) -> None:
    counts = split_in_time(runners, items)
    assert sum(counts) == items
    assert min(counts) >= 0
    best = max(chance(runners, split) for split in every_split(len(runners), items))
    # The logs of the chances fall ever faster but for the very first items of somebody with ample time.
    assert chance(runners, counts) == pytest.approx(best, rel=1e-6, abs=2e-3)


@given(st.floats(-200, 40))
def test_the_log_of_the_normal_distribution_is_what_scipy_finds(z: float) -> None:
    assert log_normal_cdf(z) == pytest.approx(float(log_ndtr(z)), rel=1e-5, abs=1e-15)


def test_without_chance_the_capacities_decide() -> None:
    runners = [Runner(minutes=30, mean=3, variance=0), Runner(minutes=30, mean=6, variance=0)]
    assert split_in_time(runners, 15) == [10, 5]
    assert sorted(split_in_time(runners, 0)) == [0, 0]


def test_who_varies_less_gets_nearer_to_the_due_date() -> None:
    steady = Runner(minutes=100, mean=1, variance=0.01)
    wild = Runner(minutes=100, mean=1, variance=4)
    counts = split_in_time([steady, wild], 170)
    assert counts[0] > counts[1]


def test_nobody_without_time_gets_anything_while_others_have_some() -> None:
    counts = split_in_time([Runner(0, 1, 0.25), Runner(1000, 1, 0.25)], 100)
    assert counts == [0, 100]
