"""The generalised assignment problem: answers against all answers, bounds, words for what is impossible."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from taskplan.allocation.gap import GapSolution, solve
from taskplan.errors import InfeasibleError, InputError

Floats = NDArray[np.float64]
Instance = tuple[Floats, Floats, Floats]


def least(cost: Floats, use: Floats, capacity: Floats) -> float | None:
    """Return the least cost of all ways to give single items, None where no way fits."""
    people, items = cost.shape
    every = np.arange(items)
    costs = [
        cost[owner, every].sum()
        for owner in map(list, product(range(people), repeat=items))
        if (np.bincount(owner, use[owner, every], people) <= capacity + 1e-9).all()
    ]
    best = min(costs, default=np.inf)
    return float(best) if np.isfinite(best) else None


def check(solution: GapSolution, cost: Floats, use: Floats, capacity: Floats, counts: list[int]) -> None:
    assert solution.given.dtype == np.int64
    assert (solution.given >= 0).all()
    assert solution.given.sum(axis=0).tolist() == counts
    held = solution.given > 0
    assert np.isfinite(cost[held]).all()
    used = (np.where(held, use, 0) * solution.given).sum(axis=1)
    assert (used <= capacity + 1e-9 * np.maximum(1, np.where(np.isinf(capacity), 0, capacity))).all()
    assert solution.value == pytest.approx((np.where(held, cost, 0) * solution.given).sum())
    assert solution.bound <= solution.value


@st.composite
def instances(draw: st.DrawFn, whole: bool = True) -> Instance:
    people, items = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    numbers = st.integers if whole else st.floats
    shape = (people, items)

    def grid(low: int, high: int) -> Floats:
        cells = draw(st.lists(numbers(low, high), min_size=people * items, max_size=people * items))
        return np.array(cells, dtype=np.float64).reshape(shape)

    cost, use = grid(-20, 20), grid(0, 10)
    cost[
        np.array(draw(st.lists(st.integers(0, 9), min_size=cost.size, max_size=cost.size))).reshape(shape)
        == 0
    ] = np.inf
    loads = draw(st.lists(st.integers(0, 8 * items), min_size=people, max_size=people))
    capacity = np.array(loads, dtype=np.float64)
    capacity[capacity == 8 * items] = np.inf
    return cost, use, capacity


@given(st.booleans().flatmap(lambda whole: instances(whole=whole)))
def test_small_instances_are_solved_as_by_trying_everything(instance: Instance) -> None:
    optimum = least(*instance)
    if optimum is None:
        with pytest.raises(InfeasibleError):
            solve(*instance, rounds=2)
        return
    solution = solve(*instance, rounds=2)
    check(solution, *instance, [1] * instance[0].shape[1])
    assert solution.bound <= optimum + 1e-9
    assert solution.value == pytest.approx(optimum)
