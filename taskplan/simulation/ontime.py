"""How to split items so that all of them are done in time as probably as can be."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

FIRST = 0.8
"""This part of everyone's share by capacity is given out at once, the rest item by item."""


ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Runner:
    """What one person has until the due date: `minutes` of work, of which `taken` go elsewhere.

    An item takes `mean` minutes with variance `variance`; what goes elsewhere varies by `taken_variance`.
    """

    minutes: float
    mean: float
    variance: float
    taken: float = 0.0
    taken_variance: float = 0.0

    def log_chance(self, items: int) -> float:
        """Return the log of the probability that so many items are done in time.

        A sum of many independent times is nearly normal (central limit theorem).
        """
        spare = self.minutes - self.taken - items * self.mean
        variance = self.taken_variance + items * self.variance
        if variance <= 0:
            # Nothing is left to chance: each missing minute counts.
            return 0.0 if spare >= 0 else spare - 1e6
        return log_normal_cdf(spare / math.sqrt(variance))


def log_normal_cdf(z: float) -> float:
    """Return the log of the standard normal distribution function.

    Far below zero by its asymptotic series (M. Abramowitz and I. A. Stegun, *Handbook of Mathematical
    Functions*, 1964, 26.2.12).
    """
    if z > -30:
        return (
            math.log1p(-0.5 * math.erfc(z / math.sqrt(2)))
            if z > 0
            else math.log(0.5 * math.erfc(-z / math.sqrt(2)))
        )
    return -z * z / 2 - math.log(-z) - 0.5 * math.log(2 * math.pi) + math.log1p(-1 / (z * z))


def split_in_time(runners: Sequence[Runner], items: int) -> list[int]:
    """Return how many of `items` each gets, so that the product of everyone's chances is largest.

    Each item goes to whose chance falls least by it, which is best where the logs of the chances fall ever
    faster (marginal analysis: B. Fox, *Discrete optimization via marginal analysis*, 1966); then items
    change hands while that helps.
    """
    speeds = [max(runner.minutes - runner.taken, 0.0) / runner.mean for runner in runners]
    total = math.fsum(speeds)
    counts = [int(FIRST * items * speed / total) if total else 0 for speed in speeds]

    def loss(index: int) -> float:
        runner = runners[index]
        return runner.log_chance(counts[index]) - runner.log_chance(counts[index] + 1)

    heap = [(loss(index), index) for index in range(len(runners))]
    heapq.heapify(heap)
    for _ in range(items - sum(counts)):
        _, index = heap[0]
        counts[index] += 1
        heapq.heapreplace(heap, (loss(index), index))
    _exchange(runners, counts)
    return counts


def _exchange(runners: Sequence[Runner], counts: list[int]) -> None:
    """Let items change hands, one or many at a time, while that helps.

    Many, since a first item can cost more than the next ones: where a single one takes most of the time.
    """
    people = range(len(runners))
    chances = [runner.log_chance(count) for runner, count in zip(runners, counts, strict=True)]
    for _ in range(ROUNDS):
        moved = False
        for giver in people:
            for taker in people:
                for many in _steps(counts[giver]) if giver != taker else ():
                    after = (
                        runners[giver].log_chance(counts[giver] - many),
                        runners[taker].log_chance(counts[taker] + many),
                    )
                    if sum(after) > chances[giver] + chances[taker] + 1e-12:
                        counts[giver], counts[taker] = counts[giver] - many, counts[taker] + many
                        chances[giver], chances[taker] = after
                        moved = True
                        break
        if not moved:
            return


def _steps(most: int) -> list[int]:
    """Return 1, 2, 4 … and `most`."""
    return sorted({min(1 << place, most) for place in range(most.bit_length() + 1)} - {0})
