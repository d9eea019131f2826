"""Fairness measured, beside the best that is possible."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.apportionment import apportion
from taskplan.allocation.problem import Certificate


def measures(
    counts: Sequence[int], shares: Sequence[Fraction], people: Sequence[str]
) -> dict[str, float | str]:
    """Return the measures of counts against exact shares (items, adding up to the counts' sum).

    `jain` is R. Jain's fairness index (1984) of count / share over people with a
    share; `quota` names who is off their exact share by a whole item or more.
    """
    ratios = [
        float(Fraction(count) / share) for count, share in zip(counts, shares, strict=True) if share > 0
    ]
    squares = sum(ratio * ratio for ratio in ratios)
    out = [
        who
        for who, count, share in zip(people, counts, shares, strict=True)
        if abs(Fraction(count) - share) >= 1
    ]
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
    total = sum(counts)
    distance = max((abs(Fraction(c) - s) for c, s in zip(counts, shares, strict=True)), default=Fraction(0))
    least = Fraction(0)
    if any(shares):
        best = apportion(shares, total)
        least = max(abs(Fraction(c) - s) for c, s in zip(best, shares, strict=True))
    found = measures(counts, shares, people)
    return _certificate(
        found, "largest distance from the exact share in items", float(distance), float(least)
    )


def grouped_certificate(
    counts: Sequence[int], targets: Sequence[int], group_sizes: NDArray[np.int64], people: Sequence[str]
) -> Certificate:
    """Certify a split that keeps groups whole by its largest relative load (items / target).

    Bound: the mean is 1 whatever is done, and somebody has the largest group.
    """
    shares = [Fraction(target) for target in targets]
    found = measures(counts, shares, people)
    largest = int(group_sizes.max()) if len(group_sizes) else 0
    most = max(targets, default=0)
    bound = max(1.0, largest / most) if most and sum(counts) else 0.0
    value = found["max_relative_load"]
    assert isinstance(value, float)
    return _certificate(found, "largest load relative to the target", value, bound)


def _certificate(found: dict[str, float | str], objective: str, value: float, bound: float) -> Certificate:
    ratio = value / bound if bound else (1.0 if value == 0 else float("inf"))
    return Certificate(found, objective, value, bound, ratio, optimal=value <= bound)
