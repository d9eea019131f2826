"""From how many of each group everyone gets to which items, in the order that is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation import orderings
from taskplan.allocation.numbering import distinct, narrowest, sorted_by
from taskplan.allocation.pairs import spread_pairs
from taskplan.allocation.problem import Problem
from taskplan.errors import InputError

Counts = NDArray[np.int64]
MOST_CELLS = 5_000_000


def deal(problem: Problem, of_item: Counts, given: Counts) -> Counts:
    """Return ``order`` as `Allocation` has it, for `given` (int64[people, groups]).

    `of_item` (int64[n_items]) is each item's group. InputError for the ordering
    ``grouped``: whole groups rarely fit counts.
    """
    kind = problem.ordering.kind
    if kind == "grouped":
        raise InputError(
            'the ordering "grouped" keeps whole groups, which counts by skill or limit cannot',
            hint='use strategy "balanced", or another order',
        )
    if problem.overlap > 1:
        return _overlapping(problem, of_item, given)
    if kind == "stratified":
        return _stratified(problem, of_item, given)
    listed = _by_group(problem, of_item, given.shape[1])
    owners = np.empty(problem.n_items, dtype=narrowest(len(given)))
    owners[listed] = _in_turn(given) if kind == "interleaved" else _in_blocks(given)
    return sorted_by(owners, len(given))


def deal_owners(problem: Problem, owners: Counts, alike: NDArray[Any]) -> tuple[Counts, Counts]:
    """Return order and counts for `owners` (int64[n_items]); those of one number `alike` are dealt as asked.

    InputError for the ordering ``stratified``, which would undo the balance.
    """
    people = len(problem.assignees)
    kind = problem.ordering.kind
    if kind == "stratified":
        raise InputError(
            'the ordering "stratified" gives everyone the same mix, which effort does not leave free',
            hint='use strategy "weighted", or another order',
        )
    if kind != "grouped":
        owners = _dealt_again(problem, owners, alike)
    return sorted_by(owners, people), np.bincount(owners, minlength=people).astype(np.int64)


def _dealt_again(problem: Problem, owners: Counts, alike: NDArray[Any]) -> Counts:
    people = len(problem.assignees)
    values, of_item, _ = distinct(alike)
    groups = len(values)
    if groups * people > MOST_CELLS:
        # Where items differ this much, hardly any two items could be exchanged.
        return owners
    given = np.bincount(owners * groups + of_item, minlength=people * groups).reshape(people, groups)
    order = deal(problem, of_item, given)
    dealt = np.empty(problem.n_items, dtype=np.int64)
    dealt[order] = np.repeat(np.arange(people), given.sum(axis=1))
    return dealt


def _by_group(problem: Problem, of_item: Counts, groups: int) -> Counts:
    """Return positions group by group; within a group as listed, or shuffled where that is asked for."""
    if problem.ordering.kind != "shuffled":
        return sorted_by(of_item, groups)
    listed = np.random.Generator(np.random.PCG64(problem.seed)).permutation(problem.n_items)
    return listed[sorted_by(of_item[listed], groups)]


def _in_blocks(given: Counts) -> NDArray[np.unsignedinteger[Any]]:
    people, groups = given.shape
    return np.repeat(np.tile(np.arange(people, dtype=narrowest(people)), groups), given.T.ravel())


def _in_turn(given: Counts) -> NDArray[np.unsignedinteger[Any]]:
    """Return owners group by group, each group dealt in turn in proportion to its counts."""
    groups, counts = given.shape[1], given.T.ravel()
    owner = _in_blocks(given)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    place = (2 * (np.arange(len(owner)) - starts) + 1) / np.repeat(counts, counts)
    # Blocks come by group and person: sorts that keep that sequence need not look at the person.
    turn = np.argsort(place, kind="stable")
    group: NDArray[Any] = np.repeat(np.arange(groups, dtype=narrowest(groups)), given.sum(axis=0))
    return owner[turn[sorted_by(group[turn], groups)]]


def _stratified(problem: Problem, of_item: Counts, given: Counts) -> Counts:
    if problem.keys is None:
        raise InputError('the ordering "stratified" needs a key for each item')
    owners = np.empty(problem.n_items, dtype=narrowest(len(given)))
    listed = _by_group(problem, of_item, given.shape[1])
    sizes = given.sum(axis=0)
    for group, end in enumerate(np.cumsum(sizes).tolist()):
        rows = listed[end - int(sizes[group]) : end]
        order = orderings.stratified(given[:, group], problem.keys[rows])
        owners[rows[order]] = np.repeat(np.arange(len(given)), given[:, group])
    return sorted_by(owners, len(given))


def _overlapping(problem: Problem, of_item: Counts, given: Counts) -> Counts:
    listed = _by_group(problem, of_item, given.shape[1])
    people = spread_pairs(given, problem.overlap)
    # Item by item: a sort by person that keeps this sequence lists everyone's items in turn.
    by_item = np.empty_like(people)
    by_item[listed] = people
    return sorted_by(by_item.ravel(), len(given)) // problem.overlap
