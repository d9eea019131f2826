"""The exchange search beside brute force, networkx and OR-Tools: the same objective, or no flow at all."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.allocation.engines import engine_of
from taskplan.allocation.leximin import FairFlow, FlowProblem, Stuck, fair_flow, least_peak
from taskplan.allocation.waterfill import pour
from taskplan.errors import InputError


@st.composite
def flows(draw: st.DrawFn, largest: int = 6) -> FlowProblem:
    """Draw a flow with up to five people and groups; limits and weights in some."""
    people, groups = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    overlap = draw(st.integers(1, min(2, people)))
    eligible = np.array(
        [draw(st.lists(st.booleans(), min_size=groups, max_size=groups)) for _ in range(people)]
    )
    for group in range(groups):
        # As the static checks see to: enough people for each group.
        for person in range(overlap):
            eligible[(person + group) % people, group] = True
    sizes = np.array(draw(st.lists(st.integers(1, largest), min_size=groups, max_size=groups)))
    total = int(sizes.sum())
    weights = np.ones(people)
    if draw(st.booleans()):
        weights = np.array(draw(st.lists(st.integers(1, 4), min_size=people, max_size=people)), float)
    lower, upper = np.zeros(people, dtype=np.int64), np.full(people, total)
    if draw(st.booleans()):
        lower = np.array(draw(st.lists(st.integers(0, 3), min_size=people, max_size=people)))
        more = np.array(draw(st.lists(st.integers(0, total), min_size=people, max_size=people)))
        upper = lower + more
    return FlowProblem(sizes * overlap, eligible, weights, lower, upper, sizes)


def cost(problem: FlowProblem, given_: np.ndarray) -> float:
    counts = given_.sum(axis=1)
    return float((counts * (counts + 1) / (2 * problem.weights)).sum())


def check(problem: FlowProblem, flow: FairFlow) -> None:
    counts = flow.given.sum(axis=1)
    assert (flow.given.sum(axis=0) == problem.supply).all()
    assert (flow.given >= 0).all()
    assert (flow.given <= problem.most).all()
    assert not flow.given[~problem.eligible].any()
    assert (counts >= problem.lower).all()
    assert (counts <= problem.upper).all()


@settings(deadline=None, max_examples=150)
@given(flows())
def test_our_flow_is_as_good_as_that_of_networkx(problem: FlowProblem) -> None:
    ours, oracle = fair_flow(problem), engine_of("networkx")(problem)
    assert isinstance(ours, Stuck) == isinstance(oracle, Stuck)
    if isinstance(ours, FairFlow) and isinstance(oracle, FairFlow):
        check(problem, ours)
        check(problem, oracle)
        assert cost(problem, ours.given) == pytest.approx(cost(problem, oracle.given))


@settings(deadline=None, max_examples=150)
@given(flows())
def test_our_flow_is_as_good_as_that_of_or_tools(problem: FlowProblem) -> None:
    pytest.importorskip("ortools")
    ours, rival = fair_flow(problem), engine_of("ortools")(problem)
    assert isinstance(ours, Stuck) == isinstance(rival, Stuck)
    if isinstance(ours, FairFlow) and isinstance(rival, FairFlow):
        check(problem, rival)
        assert cost(problem, ours.given) == pytest.approx(cost(problem, rival.given), rel=1e-6)


@settings(deadline=None, max_examples=60)
@given(flows(largest=2))
def test_a_flow_is_found_exactly_where_brute_force_finds_one(problem: FlowProblem) -> None:
    best = _brute(problem)
    ours = fair_flow(problem)
    assert isinstance(ours, Stuck) == (best is None)
    if isinstance(ours, FairFlow) and best is not None:
        assert cost(problem, ours.given) == pytest.approx(best[0])
        if (problem.weights == 1).all():
            # With equal weights the answer is leximin: nothing is lower in the first place that differs.
            assert sorted(ours.given.sum(axis=1), reverse=True) == best[1]


def _brute(problem: FlowProblem) -> tuple[float, list[int]] | None:
    columns = []
    for group, (supply, most) in enumerate(zip(problem.supply, problem.most, strict=True)):
        room = [range(int(most) + 1) if able else (0,) for able in problem.eligible[:, group]]
        columns.append([c for c in itertools.product(*room) if sum(c) == supply])
    reached: set[tuple[int, ...]] = {(0,) * len(problem.weights)}
    for column in columns:
        reached = {tuple(map(sum, zip(a, b, strict=True))) for a in reached for b in column}
    allowed = [
        counts
        for counts in reached
        if all(
            low <= count <= high
            for low, count, high in zip(problem.lower, counts, problem.upper, strict=True)
        )
    ]
    if not allowed:
        return None
    best = min(cost(problem, np.array([counts]).T) for counts in allowed)
    return best, min(sorted(counts, reverse=True) for counts in allowed)


@given(
    st.integers(0, 60),
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5), st.integers(0, 30)), min_size=1, max_size=6),
)
def test_pouring_gives_all_that_there_is_room_for(amount: int, people: list[tuple[int, int, int]]) -> None:
    held, weights, room = (np.array(column) for column in zip(*people, strict=True))
    given_ = pour(amount, held, weights.astype(float), room)
    assert given_.sum() == min(amount, room.sum())
    assert (given_ >= 0).all()
    assert (given_ <= room).all()


@given(st.integers(0, 40), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_the_least_peak_is_that_of_giving_items_one_by_one(items: int, weights: list[int]) -> None:
    counts = [0] * len(weights)
    for _ in range(items):
        index = min(range(len(weights)), key=lambda i: (counts[i] + 1) / weights[i])
        counts[index] += 1
    peak = max(count / weight for count, weight in zip(counts, weights, strict=True))
    nothing, all_ = np.zeros(len(weights), dtype=np.int64), np.full(len(weights), items)
    assert least_peak(items, np.array(weights, float), nothing, all_) == pytest.approx(peak)


def test_an_unknown_engine_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match='unknown engine "networx"') as caught:
        engine_of("networx")
    assert caught.value.hint == 'did you mean "networkx"?'
