"""`sticky`: shares kept or restored by moving as few items as possible; started items never move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.certificate import sticky_certificate
from taskplan.allocation.impossible import check_possible
from taskplan.allocation.people import check_people, refuse_beyond
from taskplan.allocation.problem import Allocation, Assignee, Problem
from taskplan.allocation.shares import asked
from taskplan.errors import InfeasibleError, InputError

Counts = NDArray[np.int64]
_HALVINGS = 100


class Sticky:
    """Counts as even as shares ask and started items allow, reached with the fewest moves."""

    name = "sticky"

    def allocate(self, problem: Problem) -> Allocation:
        """Split what is held (`Problem.held`) and what is new.

        The counts are the most even ones: the sum of n (n + 1) / (2 × share) is least, by
        marginal exchanges (A. Federgruen and H. Groenevelt, *The greedy procedure for
        resource allocation problems*, 1986). Of equal claims that one comes first which
        leaves more items with their holders, so that the fewest move. InputError for a
        started item that nobody of the assignees holds; InfeasibleError where started
        items break a limit.
        """
        people = check_people(problem)
        refuse_beyond(problem, self.name)
        if problem.ordering.kind in ("grouped", "stratified"):
            raise InputError(f'strategy "sticky" takes no order "{problem.ordering.kind}"')
        check_possible(problem)
        holder = _holders(problem, people)
        started = np.zeros(problem.n_items, dtype=np.bool_) if problem.started is None else problem.started
        if (holder[started] < 0).any():
            raise InputError("a started item stays with whoever has it, but nobody of the assignees does")
        held = np.bincount(holder[holder >= 0], minlength=len(people))
        locked = np.bincount(holder[started], minlength=len(people))
        counts = _targets(problem, held, locked)
        owners = _moved(problem, holder, started, counts)
        shares = asked(problem.assignees, problem.n_items).shares
        before = int(((holder >= 0) | _was_held(problem)).sum())
        certificate = sticky_certificate(counts, held, holder, owners, before, shares, people)
        return Allocation(people, counts, np.argsort(owners, kind="stable"), certificate)


def _holders(problem: Problem, people: tuple[str, ...]) -> Counts:
    """Return who of the assignees holds each item, int64[n_items], -1 for nobody of them."""
    if problem.held is None:
        return np.full(problem.n_items, -1, dtype=np.int64)
    place = {who: index for index, who in enumerate(people)}
    known = np.array([place.get(who.lower(), -1) for who in problem.holders] + [-1], dtype=np.int64)
    holders: Counts = known[problem.held]
    return holders


def _was_held(problem: Problem) -> NDArray[np.bool_]:
    if problem.held is None:
        return np.zeros(problem.n_items, dtype=np.bool_)
    was: NDArray[np.bool_] = problem.held >= 0
    return was


def _targets(problem: Problem, held: Counts, locked: Counts) -> Counts:
    persons, size = problem.assignees, problem.n_items
    wanted = asked(persons, size).shares
    shares = np.array([part / wanted.unit for part in wanted.parts])
    lowest = [_least(person, stay) for person, stay in zip(persons, locked.tolist(), strict=True)]
    lower = np.array(lowest, dtype=np.int64)
    upper = np.array([_most(person, size) for person in persons], dtype=np.int64)
    upper[shares == 0] = lower[shares == 0]
    for person, low, high in zip(persons, lower.tolist(), upper.tolist(), strict=True):
        if low > high:
            raise InfeasibleError(f"{person.email} has started {low:,} items, above the {high:,} asked for")
    if int(lower.sum()) > size:
        raise InfeasibleError(f"started items and minima add up to {int(lower.sum()):,}, there are {size:,}")
    weights = np.where(shares > 0, shares, 1.0)
    return _leveled(lower, upper, weights, held, size)


def _least(person: Assignee, locked: int) -> int:
    return max(locked, person.minimum or 0, person.count or 0)


def _most(person: Assignee, size: int) -> int:
    if person.count is not None:
        return person.count
    return size if person.maximum is None else min(person.maximum, size)


def _leveled(lower: Counts, upper: Counts, weights: NDArray[np.float64], held: Counts, size: int) -> Counts:
    """Return the most even counts; of equally even ones those that leave most with its holders."""
    if int(upper.sum()) < size:
        raise InfeasibleError(f"limits leave room for {int(upper.sum()):,} items, there are {size:,}")
    low, high = 0.0, (size + 1) / float(weights.min())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        fits = int(np.clip(np.floor(middle * weights), lower, upper).sum()) <= size
        low, high = (middle, high) if fits else (low, middle)
    counts: Counts = np.clip(np.floor(low * weights), lower, upper).astype(np.int64)
    while True:
        giver, most = _last(np.where(counts > lower, counts / weights, -np.inf), held < counts)
        taker, least = _last(-np.where(counts < upper, (counts + 1) / weights, np.inf), held > counts)
        if int(counts.sum()) < size:
            counts[taker] += 1
            continue
        if not (np.isfinite(most) and np.isfinite(least)):
            return counts
        gain = most + least
        close = abs(gain) <= 1e-9 * abs(most)
        keeps = held[giver] < counts[giver] and held[taker] > counts[taker]
        if giver == taker or not (keeps if close else gain > 0):
            return counts
        counts[giver] -= 1
        counts[taker] += 1


def _last(claim: NDArray[np.float64], rather: NDArray[np.bool_]) -> tuple[int, float]:
    """Return whose claim is largest, of equal ones rather one of `rather`, and that claim."""
    top = float(claim.max())
    equal = np.flatnonzero(claim >= top - 1e-9 * abs(top)) if np.isfinite(top) else np.array([0])
    return int(equal[np.argmax(rather[equal])]), top


def _moved(problem: Problem, holder: Counts, started: NDArray[np.bool_], counts: Counts) -> Counts:
    """Let everyone keep started items, then their first others, up to their count; deal the rest in order."""
    owners = np.full(problem.n_items, -1, dtype=np.int64)
    for person in range(len(counts)):
        mine = np.flatnonzero(holder == person)
        # Stable: within both kinds the items stay as listed.
        mine = mine[np.argsort(~started[mine], kind="stable")]
        owners[mine[: counts[person]]] = person
    free = np.flatnonzero(owners < 0)
    if problem.ordering.kind == "shuffled":
        free = np.random.Generator(np.random.PCG64(problem.seed)).permutation(free)
    missing = counts - np.bincount(owners[owners >= 0], minlength=len(counts))
    takers = np.repeat(np.arange(len(counts)), missing)
    if problem.ordering.kind == "interleaved":
        turns = np.concatenate([(np.arange(m) + 0.5) / m for m in missing.tolist() if m] or [np.zeros(0)])
        takers = takers[np.argsort(turns, kind="stable")]
    owners[free] = takers
    return owners
