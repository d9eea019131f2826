"""`balanced-eligible`: effort in proportion to shares, within skills, exclusions, minima and maxima."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.certificate import effort_certificate
from taskplan.allocation.clash import clash_words
from taskplan.allocation.dealing import deal_owners
from taskplan.allocation.grouping import place_groups
from taskplan.allocation.groups import Groups, group_items
from taskplan.allocation.impossible import check_possible
from taskplan.allocation.leximin import FlowProblem, Stuck, fair_flow
from taskplan.allocation.numbering import distinct
from taskplan.allocation.people import check_people, refuse_beyond
from taskplan.allocation.problem import Allocation, Problem
from taskplan.allocation.restricted import Balance
from taskplan.allocation.shares import effort_shares
from taskplan.allocation.sizes import whole_sizes
from taskplan.errors import InfeasibleError, InputError

ENOUGH = 1.0001
"""Improvement stops where the largest relative load is this close to the bound."""
_GRAINS = 2**40
MANY, FEW = 10_000, 200


class BalancedEligible:
    """Effort by share among those who may have each item: `balanced` and `eligible` at once."""

    name = "balanced-eligible"

    def allocate(self, problem: Problem) -> Allocation:
        """Split by effort within skills and limits; InfeasibleError names what clashes.

        InputError for fixed counts, which are no share of an effort, and for the
        orderings ``grouped`` and ``stratified``.
        """
        people = check_people(problem)
        refuse_beyond(problem, self.name)
        if problem.ordering.kind == "grouped":
            raise InputError(
                'the ordering "grouped" does not go with skills and limits', hint='use strategy "balanced"'
            )
        shares = effort_shares(problem.assignees)
        check_possible(problem)
        groups = group_items(problem)
        effort = problem.effort if problem.effort is not None else np.ones(problem.n_items)
        sizes, scale = whole_sizes(effort)
        balance, bound = _start(problem, groups, sizes, shares)
        balance.improve(ENOUGH * bound)
        order, counts = _deal(problem, groups, balance, effort)
        loads = balance.loads()
        whole = np.rint(shares * max(int(sizes.sum()), 1)).astype(np.int64)
        certificate = effort_certificate(loads, whole, bound / max(int(sizes.sum()), 1), scale)
        return Allocation(people, counts, order, certificate, tuple((loads / scale).tolist()))


def _start(
    problem: Problem, groups: Groups, sizes: NDArray[np.int64], shares: NDArray[np.float64]
) -> tuple[Balance, float]:
    """Return a first placement, and the bound on the largest load / share."""
    persons = problem.assignees
    lower = np.array([person.minimum or 0 for person in persons], dtype=np.int64)
    upper = np.array(
        [problem.n_items if p.maximum is None else min(p.maximum, problem.n_items) for p in persons],
        dtype=np.int64,
    )
    upper[shares == 0] = lower[shares == 0]
    weights = np.where(shares > 0, shares, 1.0)
    by_class = np.bincount(groups.of_item, sizes, len(groups))
    counts = FlowProblem(groups.counts, groups.eligible, weights, lower, upper, groups.counts)
    found = fair_flow(counts)
    if isinstance(found, Stuck):
        raise InfeasibleError(clash_words(problem, groups, counts, found))
    grain = max(1.0, float(by_class.sum()) / _GRAINS)
    poured = np.floor(by_class / grain).astype(np.int64)
    room = np.where(upper > 0, int(poured.sum()), 0)
    liquid = fair_flow(FlowProblem(poured, groups.eligible, weights, np.zeros_like(lower), room, poured))
    assert not isinstance(liquid, Stuck), "without limits, whatever can be counted can be poured"
    bound = _bound(groups, by_class, sizes, weights, liquid.confined)
    owner = np.zeros(problem.n_items, dtype=np.int64)
    limited = bool((lower > 0).any() or (upper < problem.n_items).any())
    load = np.zeros(len(persons))
    for group in range(len(groups)):
        rows = np.flatnonzero(groups.of_item == group)
        if limited:
            owner[rows] = _by_count(sizes[rows], found.given[:, group], load, weights)
        else:
            owner[rows] = _by_effort(sizes[rows], liquid.given[:, group], groups.eligible[:, group])
    return Balance(sizes, groups.of_item, groups.eligible, weights, lower, upper, owner), bound


def _bound(
    groups: Groups,
    by_class: NDArray[Any],
    sizes: NDArray[np.int64],
    shares: NDArray[np.float64],
    confined: NDArray[np.int64],
) -> float:
    """Return what no split can get the largest load / share below: what is confined, or one item alone."""
    bound = 0.0
    if len(confined):
        outside = np.ones(len(shares), dtype=np.bool_)
        outside[confined] = False
        inside = ~groups.eligible[outside].any(axis=0)
        bound = float(by_class[inside].sum()) / float(shares[confined].sum())
    largest = np.zeros(len(groups))
    np.maximum.at(largest, groups.of_item, sizes)
    best = np.where(groups.eligible, shares[:, None], 0.0).max(axis=0)
    alone = float((largest / best).max(initial=0.0))
    # The shares of all add up to 1.
    return max(bound, alone, float(by_class.sum()))


def _by_effort(
    sizes: NDArray[np.int64], target: NDArray[np.int64], able: NDArray[np.bool_]
) -> NDArray[np.int64]:
    if not target.any():
        return np.full(len(sizes), int(np.argmax(able)))
    # In the same units: placing compares sizes with targets.
    target = np.rint(target * (float(sizes.sum()) / float(target.sum()))).astype(np.int64)
    if len(sizes) > MANY:
        # A few items' worth of so many is left to the exchanges: it would keep the rest from being dealt.
        few = FEW * float(sizes.mean())
        target = np.where(target < min(few, int(target.max())), 0, target)
    level = float(sizes.sum()) / float(max(int(target.sum()), 1))
    return place_groups(sizes, target, level, ENOUGH).astype(np.int64)


def _by_count(
    sizes: NDArray[np.int64],
    counts: NDArray[np.int64],
    load: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Give the largest item first to whoever has the least load and a place left; adds to `load`."""
    owner = np.empty(len(sizes), dtype=np.int64)
    left = counts.copy()
    for row in np.argsort(-sizes, kind="stable").tolist():
        height = np.where(left > 0, (load + sizes[row]) / shares, np.inf)
        person = int(np.argmin(height))
        owner[row] = person
        left[person] -= 1
        load[person] += sizes[row]
    return owner


def _deal(
    problem: Problem, groups: Groups, balance: Balance, effort: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # Items of one effort but other needs are not exchanged for each other.
    efforts, codes, _ = distinct(effort)
    return deal_owners(problem, balance.owner, groups.of_item * len(efforts) + codes)
