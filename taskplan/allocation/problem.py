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
    """One person: at most one of `weight` (relative capacity > 0), `percent` (0..100), `count` (items).

    `minimum` and `maximum` bound the number of items. `skills` are what this person
    can do. An item of kind k takes this person ``effort × factors[k]`` (1 where the
    kind is not named; ``"*"`` stands for every other kind), and costs `rate` a unit
    of that; `capacity` is how much of it they have.
    """

    email: str
    weight: float | None = None
    percent: float | None = None
    count: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    skills: frozenset[str] = frozenset()
    capacity: float | None = None
    factors: Mapping[str, float] = field(default_factory=dict)
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Need:
    """What an item asks of whoever gets it: all of `skills`, and to be none of `excluded` (e-mails)."""

    skills: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()

    def admits(self, person: Assignee) -> bool:
        """Tell whether a person may have the item."""
        return self.skills <= person.skills and person.email.lower() not in self.excluded


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

    Where given, `effort` (float64[n_items], ≥ 0) is what each item takes, `need`
    (integer[n_items]) indexes `needs`, `kind` (integer[n_items]) indexes `kinds`
    (the affinity key: what makes an item easier for one person than for another).
    Every item goes to `overlap` distinct people. `held` (int64[n_items]) names who
    has an item now, by place in `holders`, -1 for nobody; of those, `started`
    (bool[n_items]) stay where they are.
    """

    n_items: int
    assignees: tuple[Assignee, ...]
    ordering: Ordering = field(default_factory=Ordering)
    keys: NDArray[np.integer[Any]] | None = None
    seed: int = 0
    effort: NDArray[np.float64] | None = None
    need: NDArray[np.integer[Any]] | None = None
    needs: tuple[Need, ...] = ()
    kind: NDArray[np.integer[Any]] | None = None
    kinds: tuple[str, ...] = ()
    overlap: int = 1
    held: NDArray[np.int64] | None = None
    holders: tuple[str, ...] = ()
    started: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Measured fairness of an allocation beside a proven bound.

    `measures`: ``max_gap`` (items), ``quota`` ("satisfied" or who is out of
    quota), ``jain`` (1 = perfectly proportional), ``max_relative_load``.
    `objective` names what `value` and `bound` count; `ratio` is value / bound
    (1.0 where both are 0, the largest float where the bound alone is); `optimal` says
    if the bound is reached.
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

    `counts` int64[n_assignees]; `order` int64[n_items × overlap] lists positions
    person by person, ascending within a person: person i gets
    ``order[counts[:i].sum() : counts[:i+1].sum()]``. `effort` is everyone's, where
    items differ in it. `notes` say what could not be had as it was wished for.
    """

    assignees: tuple[str, ...]
    counts: NDArray[np.int64]
    order: NDArray[np.int64]
    certificate: Certificate
    effort: tuple[float, ...] | None = None
    notes: tuple[str, ...] = ()

    def rows_of(self, index: int) -> NDArray[np.int64]:
        """Return the positions of person `index`, ascending."""
        stop = int(self.counts[: index + 1].sum())
        return self.order[stop - int(self.counts[index]) : stop]


class Strategy(Protocol):
    """A way to split; built from the options of the spec as keyword arguments, then asked."""

    name: str

    def allocate(self, problem: Problem) -> Allocation:
        """Solve; InputError for a problem that the strategy does not take, InfeasibleError with the clash."""
