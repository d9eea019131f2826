"""The generalised assignment problem: who gets what at the least cost, within everyone's capacity."""

from taskplan.allocation.gap.solve import GapSolution, solve

__all__ = ["GapSolution", "solve"]
