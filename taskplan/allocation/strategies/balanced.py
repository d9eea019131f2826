"""`balanced`: everyone's effort in proportion to their share, where items differ in what they take."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.certificate import effort_certificate
from taskplan.allocation.dealing import deal_owners
from taskplan.allocation.grouping import load_bound, place_groups
from taskplan.allocation.impossible import check_effort
from taskplan.allocation.people import check_people, refuse_beyond
from taskplan.allocation.problem import Allocation, Problem
from taskplan.allocation.shares import effort_shares
from taskplan.allocation.sizes import whole_sizes

ENOUGH = 1.00001
"""Improvement stops where the largest relative load is this close to the bound."""


class Balanced:
    """Effort in proportion to shares, the largest load made small (largest item first, then exchanges)."""

    name = "balanced"

    def allocate(self, problem: Problem) -> Allocation:
        """Split by effort (1 an item where none is given); with the order ``grouped``, whole groups.

        InputError for fixed counts, which are no share of an effort.
        """
        people = check_people(problem)
        refuse_beyond(problem, self.name)
        effort = problem.effort if problem.effort is not None else np.ones(problem.n_items)
        check_effort(effort)
        shares = effort_shares(problem.assignees)
        units, sizes, scale = _units(problem, effort)
        # Targets in the same whole numbers as sizes, fine enough for any share.
        targets = np.rint(shares * max(int(sizes.sum()), 1)).astype(np.int64)
        bound = load_bound(sizes, targets)
        owners = _placed(sizes, targets, bound).astype(np.int64)[units]
        order, counts = deal_owners(problem, owners, effort)
        loads = np.bincount(owners, whole_sizes(effort).whole, len(people))
        certificate = effort_certificate(loads, targets, bound, scale)
        return Allocation(people, counts, order, certificate, tuple((loads / scale).tolist()))


def _units(
    problem: Problem, effort: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Return each item's unit (an item, or a group that stays whole), the units' sizes, and their scale."""
    whole, scale = whole_sizes(effort)
    if problem.ordering.kind != "grouped" or problem.keys is None:
        return np.arange(problem.n_items), whole, scale
    _, units = np.unique(problem.keys, return_inverse=True)
    units = units.ravel().astype(np.int64)
    sums = np.bincount(units, whole).astype(np.int64) if len(units) else whole
    return units, sums, scale


def _placed(
    sizes: NDArray[np.int64], targets: NDArray[np.int64], bound: float
) -> NDArray[np.unsignedinteger]:
    """Place what takes effort by its size, and what takes none in turn."""
    owner = np.zeros(len(sizes), dtype=np.min_scalar_type(len(targets)))
    some = sizes > 0
    owner[some] = place_groups(sizes[some], targets, bound, ENOUGH)
    takers = np.flatnonzero(targets > 0)
    if not some.all():
        takers = takers if len(takers) else np.arange(len(targets))
        owner[~some] = takers[np.arange(int((~some).sum())) % len(takers)]
    return owner
