"""Fairness measured, beside the best that is possible."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.grouping import load_bound
from taskplan.allocation.problem import Certificate


def measures(
    counts: Sequence[int], shares: Sequence[Fraction], people: Sequence[str]
) -> dict[str, float | str]:
    """Return the measures of counts against exact shares (items, adding up to the counts' sum).

    `jain` is R. Jain's fairness index (1984) of count / share over people with a
    share; `quota` names who is off their exact share by a whole item or more.
    """
    ratios = []
    out = []
    for who, count, share in zip(people, counts, shares, strict=True):
        above, below = share.numerator, share.denominator
        if above > 0:
            ratios.append(count * below / above)
        if abs(count * below - above) >= below:
            out.append(who)
    squares = sum(ratio * ratio for ratio in ratios)
    return {
        "max_gap": float(max(counts) - min(counts)) if counts else 0.0,
        "quota": f"violated for {', '.join(out)}" if out else "satisfied",
        "jain": sum(ratios) ** 2 / (len(ratios) * squares) if squares else 1.0,
        "max_relative_load": max(ratios, default=0.0),
    }


def equal_certificate(counts: Sequence[int], people: Sequence[str]) -> Certificate:
    """Certify an equal split: no split of n items between a people has a gap below (n mod a > 0)."""
    total = sum(counts)
    share = Fraction(total, len(counts))
    gap = float(max(counts) - min(counts))
    bound = float(total % len(counts) > 0)
    return _certificate(measures(counts, [share] * len(counts), people), "largest gap in items", gap, bound)


def share_certificate(
    counts: Sequence[int], shares: Sequence[Fraction], people: Sequence[str]
) -> Certificate:
    """Certify a proportional split by the largest distance from the exact share.

    The largest remainder method minimises every norm of these distances, the
    largest included (G. Pólya, 1919; Balinski and Young, appendix A), so its
    result is the bound.
    """
    unit = math.lcm(*(share.denominator for share in shares))
    exact = [share.numerator * (unit // share.denominator) for share in shares]
    distance = max((abs(count * unit - share) for count, share in zip(counts, exact, strict=True)), default=0)
    found = measures(counts, shares, people)
    objective = "largest distance from the exact share in items"
    return _certificate(found, objective, distance / unit, _least_distance(exact, unit) / unit)


def _least_distance(shares: list[int], unit: int) -> int:
    """Return the distance that rounding the largest fractional parts up, and the rest down, leaves."""
    parts = sorted(share % unit for share in shares)
    up = sum(parts) // unit
    # The parts add up to a whole number: 0 means that all shares are whole.
    return max(parts[-up - 1], unit - parts[-up]) if up else 0


def grouped_certificate(
    counts: Sequence[int], targets: Sequence[int], group_sizes: NDArray[np.int64], people: Sequence[str]
) -> Certificate:
    """Certify a split that keeps groups whole by its largest relative load (items / target).

    The bound is `taskplan.allocation.grouping.load_bound`.
    """
    shares = [Fraction(target) for target in targets]
    found = measures(counts, shares, people)
    bound = load_bound(group_sizes, np.array(targets, dtype=np.int64))
    value = found["max_relative_load"]
    assert isinstance(value, float)
    return _certificate(found, "largest load relative to the target", value, bound)


def _certificate(found: dict[str, float | str], objective: str, value: float, bound: float) -> Certificate:
    ratio = value / bound if bound else (1.0 if value == 0 else float("inf"))
    return Certificate(found, objective, value, bound, ratio, optimal=value <= bound)
