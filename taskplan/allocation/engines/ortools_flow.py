"""`ortools`: Google's cost-scaling minimum-cost flow (A. V. Goldberg, 1997), from the extra "solver"."""

from __future__ import annotations

import numpy as np

from taskplan.allocation.engines.network import Counts, Network, solve_with
from taskplan.allocation.leximin import FairFlow, FlowProblem, Stuck
from taskplan.errors import MissingExtraError


def ortools_flow(problem: FlowProblem) -> FairFlow | Stuck:
    """Return the leximin flow by OR-Tools; MissingExtraError where it is not installed."""
    try:
        import ortools.graph.python.min_cost_flow  # noqa: F401
    except ImportError as error:
        raise MissingExtraError('the engine "ortools"', "solver") from error
    return solve_with(_solve, problem)


def _solve(network: Network) -> Counts | None:
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    solver = SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        network.tails, network.heads, network.capacities, network.costs
    )
    solver.set_nodes_supplies(np.arange(len(network.supply)), network.supply)
    if solver.solve() != solver.OPTIMAL:
        return None
    return np.asarray(solver.flows(arcs), dtype=np.int64)
