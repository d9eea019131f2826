"""`networkx`: the oracle. Slow, and by other means than ours (the network simplex)."""

from __future__ import annotations

import numpy as np

from taskplan.allocation.engines.network import Counts, Network, solve_with
from taskplan.allocation.leximin import FairFlow, FlowProblem, Stuck


def networkx_flow(problem: FlowProblem) -> FairFlow | Stuck:
    """Return the leximin flow by `networkx.network_simplex`."""
    return solve_with(_solve, problem)


def _solve(network: Network) -> Counts | None:
    import networkx as nx

    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    for node, supply in enumerate(network.supply.tolist()):
        graph.add_node(node, demand=-supply)
    arcs = zip(
        network.tails.tolist(),
        network.heads.tolist(),
        network.capacities.tolist(),
        network.costs.tolist(),
        strict=True,
    )
    for key, (tail, head, capacity, cost) in enumerate(arcs):
        graph.add_edge(tail, head, key=key, capacity=capacity, weight=cost)
    try:
        _, flow = nx.network_simplex(graph)
    except nx.NetworkXUnfeasible:
        return None
    result = np.zeros(len(network.tails), dtype=np.int64)
    for heads in flow.values():
        for keys in heads.values():
            for key, amount in keys.items():
                result[key] = amount
    return result
