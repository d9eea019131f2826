"""Who solves a fair flow: the project's own exchange search, or an outside solver with the same optimum."""

from __future__ import annotations

from collections.abc import Callable

from taskplan.allocation.leximin import FairFlow, FlowProblem, Stuck, fair_flow
from taskplan.errors import InputError, did_you_mean

Engine = Callable[[FlowProblem], FairFlow | Stuck]
ENGINES = ("exchange", "networkx", "ortools")


def engine_of(name: str) -> Engine:
    """Return an engine by name; InputError for another."""
    if name == "exchange":
        return fair_flow
    if name == "networkx":
        from taskplan.allocation.engines.networkx_flow import networkx_flow

        return networkx_flow
    if name == "ortools":
        from taskplan.allocation.engines.ortools_flow import ortools_flow

        return ortools_flow
    raise InputError(
        f'unknown engine "{name}", expected one of {", ".join(ENGINES)}',
        hint=did_you_mean(str(name), ENGINES),
    )
