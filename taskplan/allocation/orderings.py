"""Which items go to whom, once it is known how many each gets.

Every function returns ``order`` as `Allocation` has it: positions person by
person, ascending within a person.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.grouping import load_bound, place_groups
from taskplan.allocation.mixing import mixed

Counts = NDArray[np.int64]
Order = NDArray[np.int64]

LARGEST_TABLE = 2_000_000
"""Cells (strata × people) up to which `stratified` rounds every share on its own."""
SHORTEST_RUN = 8
"""From so many items a run on average `grouped` sorts runs of one key in place of items."""


def as_listed(counts: Counts) -> Order:
    """Give the first block to the first person, the next to the second, and so on."""
    return np.arange(int(counts.sum()), dtype=np.int64)


def interleaved(counts: Counts) -> Order:
    """Deal in turn, in proportion to the counts: each person's items lie evenly spread.

    The k-th of a person's c items has its ideal place at (2k + 1) / 2c of the
    whole; all places are sorted, ties to the first listed.
    """
    total = int(counts.sum())
    order = np.empty(total, dtype=np.int64)
    order[np.argsort(ideal_places(counts), kind="stable")] = np.arange(total, dtype=np.int64)
    return order


def ideal_places(counts: Counts) -> NDArray[np.int64]:
    """Return the ideal place of each person's items in half positions, int64[n_items], person by person."""
    total = int(counts.sum())
    places = np.arange(1, 2 * int(counts.max(initial=0)), 2, dtype=np.int64) * total
    # Division by one number at a time is several times faster than by an array of them.
    return np.concatenate([places[:count] // count for count in counts.tolist() if count] or [places])


def shuffled(counts: Counts, seed: int) -> Order:
    """Deal at random, by `numpy.random.Generator(PCG64(seed))`."""
    # Narrow numbers: what is dealt at random should be little, as it is met all over the memory.
    owners = _owners(counts)
    np.random.Generator(np.random.PCG64(seed)).shuffle(owners)
    return by_owner(owners)


def stratified(counts: Counts, keys: NDArray[np.integer[Any]]) -> Order:
    """Give everyone the same mix of keys: `keys` names each position's stratum.

    Each person's share of each stratum is its exact proportion rounded down or
    up, and every count is kept. Where people times strata are more than
    `LARGEST_TABLE`, the strata are dealt in turn one after the other instead,
    which keeps the mix to about two items a stratum.
    """
    sizes, strata = _strata(keys)
    small = _smallest(len(counts))
    owners = np.empty(len(keys), dtype=small)
    if len(sizes) * len(counts) > LARGEST_TABLE:
        dealt = np.empty(len(keys), dtype=small)
        dealt[interleaved(counts)] = _owners(counts)
    else:
        people = np.tile(np.arange(len(counts), dtype=small), len(sizes))
        dealt = np.repeat(people, mixed(sizes, counts).ravel())
    owners[np.argsort(strata, kind="stable")] = dealt
    return by_owner(owners)


def grouped(targets: Counts, keys: NDArray[np.integer[Any]]) -> tuple[Counts, Order, float]:
    """Keep all positions of one key with one person, as near to `targets` as whole groups allow.

    Returns the counts that result, the order, and the bound of `load_bound` on
    the largest count relative to its target.
    """
    starts = _run_starts(keys)
    # Items of a scene or video mostly lie together: then whole runs are sorted, not single items.
    in_runs = len(starts) * SHORTEST_RUN <= len(keys)
    lengths = np.diff(starts, append=len(keys)) if in_runs else None
    sizes, groups = _strata(keys[starts] if in_runs else keys, lengths)
    bound = load_bound(sizes, targets)
    owner_of_group = place_groups(sizes, targets, bound)
    order = by_owner(owner_of_group.astype(_smallest(len(targets)), copy=False)[groups])
    if lengths is not None:
        order = _spelt_out(starts[order], lengths[order])
    counts = np.bincount(owner_of_group, weights=sizes, minlength=len(targets)).astype(np.int64)
    return counts, order, bound


def _run_starts(keys: NDArray[np.integer[Any]]) -> Order:
    """Return the positions at which the key differs from the one before, 0 included."""
    return np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1))[: len(keys)]


def _spelt_out(starts: Order, lengths: Counts) -> Order:
    """Return the positions of runs one after the other: start, start + 1, … of each."""
    ends = np.cumsum(lengths)
    steps = np.ones(int(lengths.sum()), dtype=np.int64)
    if len(starts):
        steps[0] = starts[0]
        steps[ends[:-1]] = starts[1:] - (starts[:-1] + lengths[:-1] - 1)
    return np.cumsum(steps, out=steps)


def by_owner(owners: NDArray[np.unsignedinteger[Any]]) -> Order:
    """Return positions person by person, given each position's person."""
    return np.argsort(owners, kind="stable").astype(np.int64, copy=False)


def _smallest(people: int) -> type[np.uint8] | type[np.uint16] | type[np.uint32]:
    # numpy sorts 8 and 16 bits by radix, many times faster than wider integers.
    return np.uint8 if people <= 1 << 8 else np.uint16 if people <= 1 << 16 else np.uint32


def _owners(counts: Counts) -> NDArray[np.unsignedinteger[Any]]:
    return np.repeat(np.arange(len(counts), dtype=_smallest(len(counts))), counts)


def _strata(keys: NDArray[np.integer[Any]], weights: Counts | None = None) -> tuple[Counts, NDArray[Any]]:
    """Return sizes by stratum, without empty ones, and each position's stratum in the smallest type.

    A size is the number of positions, or the sum of their `weights`.
    """
    if len(keys) == 0:
        return np.zeros(0, dtype=np.int64), keys
    total = len(keys) if weights is None else int(weights.sum())
    if not (int(keys.min()) >= 0 and int(keys.max()) < 4 * total + 256):
        keys = np.unique(keys, return_inverse=True)[1].ravel()
    sizes = np.bincount(keys.astype(np.intp, copy=False), weights)
    present = np.flatnonzero(sizes)
    if len(present) < len(sizes):
        place = np.zeros(len(sizes), dtype=np.int64)
        place[present] = np.arange(len(present))
        keys = place[keys]
    return sizes[present].astype(np.int64), keys.astype(_smallest(len(present)), copy=False)
