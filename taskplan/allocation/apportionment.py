"""Whole items for fractional shares: the classical methods of apportionment, in exact arithmetic.

Sources: M. L. Balinski and H. P. Young, *Fair Representation* (2nd ed., 2001),
chapter 4 and appendix A for all methods. Ties go to whoever is listed first.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from taskplan.errors import InputError, did_you_mean

# The square of what a weight is divided by to be compared as a claim to one more item, by count held.
Divisor = Callable[[int], Fraction | int]

METHODS = {
    "largest-remainder": ("hamilton", "hare", "hare-niemeyer"),
    "webster": ("sainte-lague", "sainte-laguë", "major-fractions"),
    "jefferson": ("dhondt", "d-hondt", "d'hondt"),
    "huntington-hill": ("hill", "equal-proportions"),
    "adams": ("smallest-divisors",),
    "quota": ("balinski-young", "quota-method"),
}

# Squares keep Huntington–Hill's geometric mean exact; comparing squares of positive numbers is the same.
_DIVISORS: dict[str, Divisor] = {
    "webster": lambda held: Fraction(2 * held + 1, 2) ** 2,
    "jefferson": lambda held: (held + 1) ** 2,
    "huntington-hill": lambda held: held * (held + 1),
    "adams": lambda held: held**2,
}

# Quotients of integers are rounded once, by at most 1.2e-16 of their size.
_CLOSE = 1 - 1e-15


def method_name(method: str) -> str:
    """Return the standard name of a method or of one of its aliases; InputError for others."""
    if not isinstance(method, str):
        raise InputError(f"expected the name of an apportionment method, got {method!r}")
    wanted = method.strip().lower().replace("_", "-").replace(" ", "-")
    for name, aliases in METHODS.items():
        if wanted == name or wanted in aliases:
            return name
    names = [*METHODS, *(alias for aliases in METHODS.values() for alias in aliases)]
    raise InputError(
        f'unknown apportionment method "{method}", expected one of {", ".join(METHODS)}',
        hint=did_you_mean(wanted, names),
    )


def apportion(
    weights: Sequence[float | Fraction], seats: int, method: str = "largest-remainder"
) -> list[int]:
    """Return how many of `seats` items each weight gets: a list as long as `weights`, adding up to `seats`.

    Weights are finite, not negative, and not all 0; a float counts as the exact
    number it is. InputError for an unknown method or unusable weights.
    """
    name = method_name(method)
    if not weights or min(weights) < 0 or max(weights) == 0:
        raise InputError("weights must not be negative, and at least one must be above 0")
    if seats < 0:
        raise InputError(f"cannot share out {seats} items")
    whole = _common(weights)
    if name == "largest-remainder":
        return _largest_remainder(whole, seats)
    if name == "quota":
        return _quota(whole, seats)
    return _divide(whole, seats, _DIVISORS[name])


def _common(weights: Sequence[float | Fraction]) -> list[int]:
    """Return integers in the same proportions, so that all later arithmetic is on integers."""
    if all(type(weight) is int for weight in weights):
        return list(weights)  # type: ignore[arg-type]
    for weight in weights:
        if isinstance(weight, float) and not math.isfinite(weight):
            raise InputError(f"expected finite weights, got {weight}")
    exact = [Fraction(weight) for weight in weights]
    scale = math.lcm(*(weight.denominator for weight in exact))
    return [int(weight * scale) for weight in exact]


def _largest_remainder(weights: list[int], seats: int) -> list[int]:
    total = sum(weights)
    counts = [weight * seats // total for weight in weights]
    left = seats - sum(counts)
    remainders = [weight * seats % total for weight in weights]
    # Sorting is stable also when reversed, so that ties stay with the first listed.
    by_remainder = sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)
    for index in by_remainder[:left]:
        counts[index] += 1
    return counts


def _divide(weights: list[int], seats: int, divisor: Divisor) -> list[int]:
    """Give seats one by one to the largest claim weight² / divisor(held), starting near the end.

    The start, everyone's quota rounded down, is off by at most a seat or two a
    person, so that the number of steps does not grow with the number of seats.
    """
    total = sum(weights)
    counts = [weight * seats // total for weight in weights]
    people = [index for index, weight in enumerate(weights) if weight > 0]
    least = int(divisor(0) == 0)
    if least and seats < len(people):
        # Every claim is infinite at 0: the largest weights come first.
        chosen = set(sorted(people, key=lambda i: (-weights[i], i))[:seats])
        return [int(index in chosen) for index in range(len(weights))]
    for index in people:
        counts[index] = max(counts[index], least)

    def claim(index: int, held: int) -> Fraction:
        return Fraction(weights[index] ** 2, 1) / divisor(held)

    # The start may be wrong for either side: exchange until nobody's claim beats a seat that is held.
    want = [(-claim(i, counts[i]), i) for i in people]
    give = [(claim(i, counts[i] - 1), -i) for i in people if counts[i] > least]
    heapq.heapify(want)
    heapq.heapify(give)
    given = sum(counts)
    while True:
        while want and want[0][0] != -claim(want[0][1], counts[want[0][1]]):
            heapq.heappop(want)
        while give and (
            counts[-give[0][1]] <= least or give[0][0] != claim(-give[0][1], counts[-give[0][1]] - 1)
        ):
            heapq.heappop(give)
        if given > seats:
            _, negative = heapq.heappop(give)
            index, step = -negative, -1
        elif given < seats:
            _, index = heapq.heappop(want)
            step = 1
        elif give and want and (-want[0][0], -want[0][1]) > (give[0][0], give[0][1]):
            # The best claim outranks the worst seat held (by listing, where equal): take that seat back.
            _, negative = heapq.heappop(give)
            index, step = -negative, -1
        else:
            return counts
        counts[index] += step
        given += step
        heapq.heappush(want, (-claim(index, counts[index]), index))
        if counts[index] > least:
            heapq.heappush(give, (claim(index, counts[index] - 1), -index))


def _quota(weights: list[int], seats: int) -> list[int]:
    """Balinski and Young's quota method (1975): Jefferson's claims, within the upper quota at each size.

    Who is eligible depends on the way there, so seats are given one by one, but
    only from the last size at which every quota is whole: there the method, which
    never leaves the quota, has no choice.
    """
    unit = math.gcd(*weights)
    weights = [weight // unit for weight in weights]
    total = sum(weights)
    rounds = seats // total
    counts = [weight * rounds for weight in weights]
    people = [index for index, weight in enumerate(weights) if weight > 0]
    # Relative to the largest weight, so that whole numbers of any size fit a float.
    top = max(weights)
    ready = [(-weights[index] / (top * (counts[index] + 1)), index) for index in people]
    heapq.heapify(ready)
    # A person becomes eligible for one more at the size where the quota exceeds what they hold.
    waiting: list[tuple[int, int]] = []
    for size in range(rounds * total + 1, seats + 1):
        while waiting and waiting[0][0] <= size:
            _, index = heapq.heappop(waiting)
            heapq.heappush(ready, (-weights[index] / (top * (counts[index] + 1)), index))
        index = _pop_best(ready, weights, counts)
        counts[index] += 1
        heapq.heappush(waiting, (counts[index] * total // weights[index] + 1, index))
    return counts


def _pop_best(ready: list[tuple[float, int]], weights: list[int], counts: list[int]) -> int:
    """Take the largest weight / (count + 1) off the heap; floats that are too close are compared exactly."""
    best = heapq.heappop(ready)
    rivals = [best]
    while ready and ready[0][0] <= best[0] * _CLOSE:
        rivals.append(heapq.heappop(ready))
    if len(rivals) > 1:
        best = max(rivals, key=lambda rival: (Fraction(weights[rival[1]], counts[rival[1]] + 1), -rival[1]))
        for rival in rivals:
            if rival is not best:
                heapq.heappush(ready, rival)
    return best[1]
