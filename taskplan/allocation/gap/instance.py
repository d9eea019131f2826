"""What is to be given to whom, checked, and with what is impossible at first sight struck out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from taskplan.errors import InfeasibleError, InputError

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

TOLERANCE = 1e-9
"""Relative: so much above a capacity counts as rounding of floats."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A checked instance; `cost` and `use` [people, groups] are 0 where not `allowed`."""

    cost: Floats
    use: Floats
    capacity: Floats
    counts: Counts
    allowed: Flags
    integral: bool

    @property
    def room(self) -> Floats:
        """Capacities with the tolerance for floats, [people]."""
        finite = np.where(np.isfinite(self.capacity), self.capacity, 0)
        room: Floats = self.capacity + TOLERANCE * np.maximum(1, finite)
        return room

    def value(self, given: Counts) -> float:
        """Return the total cost of `given`."""
        return float((self.cost * given).sum())

    def free(self, given: Counts) -> Floats:
        """Return the room that `given` leaves, below 0 where it is too much, [people]."""
        left: Floats = self.room - (self.use * given).sum(axis=1)
        return left

    def rounded_up(self, bound: float) -> float:
        """Return a lower bound with its rounding errors taken off, a whole number where all costs are."""
        error = TOLERANCE * max(1.0, abs(bound))
        # Without nought's minus sign.
        return float(np.ceil(bound - max(1e-6, error))) + 0.0 if self.integral else bound - error


def checked(cost: ArrayLike, use: ArrayLike, capacity: ArrayLike, counts: ArrayLike | None) -> Instance:
    """Return the instance of these arrays; raise InputError or InfeasibleError."""
    costs, uses = np.array(cost, dtype=np.float64), np.array(use, dtype=np.float64)
    capacities = np.array(capacity, dtype=np.float64)
    if costs.ndim != 2 or uses.shape != costs.shape or capacities.shape != costs.shape[:1]:
        raise InputError(
            "expected cost and use of one shape [people, groups] and a capacity for each person, "
            f"got shapes {costs.shape}, {uses.shape} and {capacities.shape}"
        )
    numbers = np.ones(costs.shape[1], dtype=np.int64) if counts is None else np.array(counts, dtype=np.int64)
    if numbers.shape != costs.shape[1:] or (numbers < 0).any():
        raise InputError("expected a count ≥ 0 for each group")
    if np.isnan(costs).any() or (costs == -np.inf).any():
        raise InputError("expected costs that are numbers or inf")
    if np.isnan(capacities).any() or (capacities < 0).any():
        raise InputError("expected capacities ≥ 0")
    may = np.isfinite(costs)
    if not (np.isfinite(uses[may]).all() and (uses[may] >= 0).all()):
        raise InputError("expected uses that are finite numbers ≥ 0")
    costs[~may] = 0
    uses[~may] = 0
    integral = bool((costs == np.rint(costs)).all() and np.abs(costs).max(initial=0) < 2**40)
    instance = Instance(costs, uses, capacities, numbers, may, integral)
    fits = may & (uses <= instance.room[:, None])
    _refuse_homeless(numbers, may, fits)
    costs[~fits] = 0
    uses[~fits] = 0
    instance = Instance(costs, uses, capacities, numbers, fits, integral)
    _refuse_too_much(instance)
    return instance


def _refuse_homeless(counts: Counts, may: Flags, fits: Flags) -> None:
    homeless = np.flatnonzero((counts > 0) & ~fits.any(axis=0))
    if len(homeless):
        group = int(homeless[0])
        if not may[:, group].any():
            raise InfeasibleError(f"nobody may have an item of group {group}")
        raise InfeasibleError(f"an item of group {group} takes more than anyone who may have it has room for")


def _refuse_too_much(instance: Instance) -> None:
    least = np.where(instance.allowed, instance.use, np.inf).min(axis=0, initial=np.inf)
    held = instance.counts > 0
    total = float((least[held] * instance.counts[held]).sum())
    if total > instance.room.sum():
        raise InfeasibleError(
            f"the items take at least {total:g}, but all people together have room for "
            f"{instance.capacity.sum():g}"
        )
