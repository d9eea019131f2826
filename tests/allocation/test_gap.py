"""The generalised assignment problem: answers against all answers, bounds, words for what is impossible."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
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


def drawn(kind: str, people: int, groups: int, seed: int) -> Instance:
    """Return an instance of type c or d by the published recipe (Chu and Beasley, 1997)."""
    rng = np.random.Generator(np.random.PCG64(seed))
    if kind == "c":
        use, cost = rng.integers(5, 26, (people, groups)), rng.integers(10, 51, (people, groups))
    else:
        use = rng.integers(1, 101, (people, groups))
        cost = 111 - use + rng.integers(-10, 11, (people, groups))
    return cost.astype(np.float64), use.astype(np.float64), np.floor(0.8 * use.sum(axis=1) / people)


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    people, items = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    number = draw(st.sampled_from([st.integers, st.floats]))

    def grid(low: int, high: int) -> Floats:
        cells = st.lists(number(low, high), min_size=people * items, max_size=people * items)
        return np.array(draw(cells), dtype=np.float64).reshape(people, items)

    cost, use = grid(-20, 20), grid(0, 10)
    forbidden = draw(st.lists(st.tuples(st.integers(0, people - 1), st.integers(0, items - 1)), max_size=3))
    for cell in forbidden:
        cost[cell] = np.inf
    load = st.one_of(st.integers(0, 8 * items), st.just(np.inf))
    capacity = np.array(draw(st.lists(load, min_size=people, max_size=people)), dtype=np.float64)
    return cost, use, capacity


@given(instances())
def test_small_instances_are_solved_as_by_trying_everything(instance: Instance) -> None:
    optimum = least(*instance)
    if optimum is None:
        with pytest.raises(InfeasibleError):
            solve(*instance, rounds=2)
        return
    solution = solve(*instance, rounds=2)
    check(solution, *instance, [1] * instance[0].shape[1])
    assert solution.bound <= optimum + 1e-9
    # Not proven of the method, but so it has been in thousands of instances of this size.
    assert solution.value == pytest.approx(optimum)


@given(instances(), st.data())
def test_groups_are_as_good_as_their_items_one_by_one(instance: Instance, data: st.DataObject) -> None:
    cost, use, capacity = instance
    counts = data.draw(st.lists(st.integers(0, 2), min_size=cost.shape[1], max_size=cost.shape[1]))
    expanded = np.repeat(cost, counts, axis=1), np.repeat(use, counts, axis=1), capacity
    try:
        single = solve(*expanded)
    except InfeasibleError:
        with pytest.raises(InfeasibleError):
            solve(*instance, counts)
        return
    grouped = solve(*instance, counts)
    check(grouped, *instance, counts)
    assert grouped.value == pytest.approx(single.value)


def test_the_same_input_and_seed_give_the_same_answer() -> None:
    for instance in (drawn("d", 5, 30, 1), drawn("d", 20, 300, 1)):
        first, second = (solve(*instance, seed=3, rounds=1) for _ in range(2))
        assert (first.given == second.given).all()
        assert (first.value, first.bound) == (second.value, second.bound)


@pytest.mark.parametrize(("kind", "gap"), [("c", 0.005), ("d", 0.01)])
def test_answers_of_large_instances_are_near_their_bound(kind: str, gap: float) -> None:
    cost, use, capacity = drawn(kind, 20, 400, 2)
    solution = solve(cost, use, capacity, rounds=1)
    check(solution, cost, use, capacity, [1] * 400)
    assert solution.value <= solution.bound * (1 + gap)
    counts = np.full(400, 1000)
    many = solve(cost, use, capacity * 1000, counts, rounds=1)
    check(many, cost, use, capacity * 1000, counts.tolist())
    assert many.value <= many.bound * (1 + gap / 10)


def test_a_proven_answer_is_at_its_bound() -> None:
    solution = solve([[1, 2, 3], [3, 2, 1]], np.ones((2, 3)), [2, 2])
    assert solution.value == solution.bound == 4
    assert solution.given.tolist() in ([[1, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1]])


def test_without_limits_all_go_to_the_cheapest() -> None:
    capacity = [np.inf, np.inf]
    solution = solve([[5, -1.5], [-2, 7]], np.full((2, 2), 1e6), capacity, [10_000, 20_000])
    assert solution.given.tolist() == [[0, 20_000], [10_000, 0]]
    assert solution.value == -50_000
    assert solution.bound == pytest.approx(-50_000)


def test_nothing_to_give_costs_nothing() -> None:
    solution = solve(np.zeros((2, 3)), np.ones((2, 3)), [0, 0], [0, 0, 0])
    assert (solution.given.sum(), solution.value, solution.bound) == (0, 0, 0)


def test_a_group_without_items_needs_nobody() -> None:
    solution = solve([[np.inf, 2], [np.inf, 1]], np.ones((2, 2)), [1, 1], [0, 2])
    assert solution.given.tolist() == [[0, 1], [0, 1]]
    assert solution.value == solution.bound == 3


@pytest.mark.parametrize(
    ("cost", "use", "capacity", "said"),
    [
        ([[1, np.inf], [1, np.inf]], [[1, 1], [1, 1]], [9, 9], "nobody may have an item of group 1"),
        ([[1, 1], [1, np.inf]], [[1, 8], [1, 1]], [5, 5], "an item of group 1 takes more than anyone"),
        ([[1, 1], [1, 1]], [[3, 4], [5, 2]], [2, 2.5], "an item of group 0 takes more than anyone"),
        (
            [[1] * 3, [1] * 3],
            [[3] * 3, [2] * 3],
            [3, 2],
            "the items take at least 6, but all people together",
        ),
        (
            [[1, 1], [np.inf] * 2],
            [[3, 3], [1, 1]],
            [5, 9],
            "the people who may have them have too little room",
        ),
        ([[1] * 3, [1] * 3], [[3] * 3, [3] * 3], [5, 5], "no way to give them is within the capacities"),
    ],
)
def test_what_cannot_be_is_said_in_words(
    cost: list[list[float]], use: list[list[float]], capacity: list[float], said: str
) -> None:
    with pytest.raises(InfeasibleError, match=said):
        solve(cost, use, capacity)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([[1, 1]], [[1]], [1]), "one shape"),
        (([[1]], [[1]], [1, 1]), "one shape"),
        (([[np.nan]], [[1]], [1]), "costs that are numbers or inf"),
        (([[1]], [[-1]], [1]), "uses that are finite numbers"),
        (([[1]], [[1]], [-1]), "capacities ≥ 0"),
        (([[1]], [[1]], [1], [-1]), "a count ≥ 0"),
        (([[1]], [[1]], [1], [1, 1]), "a count ≥ 0"),
    ],
)
def test_what_is_no_instance_is_refused(arguments: tuple[list[float], ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        solve(*arguments)


@pytest.mark.parametrize(
    ("name", "sign", "best", "gap"),
    [
        ("c0515_1", 1, 261, 0),
        ("c0530_1", -1, 656, 0),
        ("a10100", 1, 1360, 0),
        ("c20100", 1, 1243, 0.005),
        ("d10100", 1, 6345, 0.01),
        ("e20100", 1, 8436, 0.01),
        ("e20100", -1, 94432, 0),
    ],
)
def test_published_instances(name: str, sign: int, best: int, gap: float, shared: Path) -> None:
    folder = shared / "data" / "gap"
    if not folder.is_dir():
        pytest.skip("the published instances are not here")
    people, items, *numbers = map(int, (folder / f"{name}.txt").read_text(encoding="utf-8").split())
    cost, use = np.array(numbers[: 2 * people * items], dtype=np.float64).reshape(2, people, items)
    capacity = np.array(numbers[2 * people * items :], dtype=np.float64)
    solution = solve(sign * cost, use, capacity, rounds=2)
    check(solution, sign * cost, use, capacity, [1] * items)
    assert solution.bound <= sign * best <= solution.value <= sign * best + gap * best
