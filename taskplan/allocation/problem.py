"""The allocation problem and its answer; no I/O, no knowledge of items beyond their positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

OrderingKind = Literal["as-listed", "interleaved", "shuffled", "stratified", "grouped"]


@dataclass(frozen=True, slots=True)
class Assignee:
    """One person: at most one of `weight` (relative capacity > 0), `percent` (0..100), `count` (items)."""

    email: str
    weight: float | None = None
    percent: float | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    """Which items go to whom within the counts.

    `stratified` and `grouped` read `Problem.keys`: everyone gets the same mix
    of keys; a key stays whole with one person.
    """

    kind: OrderingKind = "as-listed"
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """`n_items` items at positions 0..n-1 to be split between `assignees`.

    `keys` (integer[n_items]) gives each item's stratum or group, where the
    ordering needs one. `seed` feeds `numpy.random.Generator(PCG64(seed))`.
    """

    n_items: int
    assignees: tuple[Assignee, ...]
    ordering: Ordering = field(default_factory=Ordering)
    keys: NDArray[np.integer[Any]] | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """Measured fairness of an allocation beside a proven bound.

    `measures`: ``max_gap`` (items), ``quota`` ("satisfied" or who is out of
    quota), ``jain`` (1 = perfectly proportional), ``max_relative_load``.
    `objective` names what `value` and `bound` count; `ratio` is value / bound
    (1.0 where both are 0); `optimal` says if the bound is reached.
    """

    measures: Mapping[str, float | str]
    objective: str
    value: float
    bound: float
    ratio: float
    optimal: bool


@dataclass(frozen=True, slots=True)
class Allocation:
    """Who gets which positions.

    `counts` int64[n_assignees]; `order` int64[n_items] lists positions person by
    person, ascending within a person: person i gets
    ``order[counts[:i].sum() : counts[:i+1].sum()]``.
    """

    assignees: tuple[str, ...]
    counts: NDArray[np.int64]
    order: NDArray[np.int64]
    certificate: Certificate

    def rows_of(self, index: int) -> NDArray[np.int64]:
        """Return the positions of person `index`, ascending."""
        stop = int(self.counts[: index + 1].sum())
        return self.order[stop - int(self.counts[index]) : stop]


class Strategy(Protocol):
    """A way to split; built from the options of the spec as keyword arguments, then asked."""

    name: str

    def allocate(self, problem: Problem) -> Allocation:
        """Solve; InputError for a problem that the strategy does not take, InfeasibleError with the clash."""
