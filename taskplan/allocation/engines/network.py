"""A fair flow as a minimum-cost flow, for solvers that know nothing of fairness.

The i-th item of a person costs i / weight, so that the total is the sum of
n (n + 1) / (2 × weight) over everyone's number n of items. It is least exactly
where no exchange lowers the higher of two loads (A. Frank and K. Murota,
*Decreasing minimization on M-convex sets*, 2022): at the leximin flow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.leximin import FairFlow, FlowProblem, Stuck, fair_flow

Counts = NDArray[np.int64]
_LARGEST_COST = 2**40


@dataclass(frozen=True, slots=True)
class Network:
    """Arcs as columns int64[m]; `supply` int64[nodes]. Groups come first, then people, then the sink."""

    tails: Counts
    heads: Counts
    capacities: Counts
    costs: Counts
    supply: Counts


Solver = Callable[[Network], Counts | None]
"""Returns the flow of each arc, None where there is none."""


def solve_with(solver: Solver, problem: FlowProblem) -> FairFlow | Stuck:
    """Solve by a minimum-cost flow; what clashes, if anything does, is told by the exchange search."""
    people, groups = np.nonzero(problem.eligible)
    network = network_of(problem, people, groups)
    flow = solver(network)
    given = np.zeros(problem.eligible.shape, dtype=np.int64)
    if flow is not None:
        given[people, groups] = flow[: len(people)]
    if flow is None or (given.sum(axis=1) < problem.lower).any():
        return fair_flow(problem)
    return FairFlow(given, np.zeros(0, dtype=np.int64))


def network_of(problem: FlowProblem, people: Counts, groups: Counts) -> Network:
    """Build the network over the eligible (person, group) pairs."""
    n_people, n_groups = problem.eligible.shape
    most = np.minimum(problem.upper, (problem.eligible * problem.most).sum(axis=1))
    most = np.minimum(most, int(problem.supply.sum()))
    sink = n_groups + n_people
    owner = np.repeat(np.arange(n_people), most)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(most) - most, most)
    exact = (place + 1) / problem.weights[owner]
    # Whole-number costs: exact where all weights are alike, else as fine as they can be.
    alike = bool((problem.weights == problem.weights[0]).all()) if n_people else True
    scale = (
        float(problem.weights[0])
        if alike and n_people
        else _LARGEST_COST / max(float(exact.max(initial=0)), 1)
    )
    costs = np.rint(exact * scale).astype(np.int64)
    # What everyone must have costs nothing, and less: it comes first.
    must = place < problem.lower[owner]
    penalty = int(costs.max(initial=0)) * (len(people) + 2) if must.any() else 0
    costs = np.where(must, costs - penalty, costs)
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[:n_groups] = problem.supply
    supply[sink] = -int(problem.supply.sum())
    return Network(
        np.concatenate([groups, n_groups + owner]),
        np.concatenate([n_groups + people, np.full(len(owner), sink)]),
        np.concatenate([problem.most[groups], np.ones(len(owner), dtype=np.int64)]),
        np.concatenate([np.zeros(len(people), dtype=np.int64), costs]),
        supply,
    )
