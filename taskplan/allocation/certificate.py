"""Fairness measured, beside the best that is possible."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from taskplan.allocation.exact import Shares
from taskplan.allocation.problem import Certificate


def measures(counts: Sequence[int], shares: Shares, people: Sequence[str]) -> dict[str, float | str]:
    """Return the measures of counts against exact shares (which add up to the counts' sum).

    `jain` is R. Jain's fairness index (1984) of count / share over people with a
    share; `quota` names who is off their exact share by a whole item or more.
    """
    parts, unit = shares
    ratios = [_ratio(count * unit, part) for count, part in zip(counts, parts, strict=True) if part]
    largest = max(ratios, default=0.0)
    out = [
        who
        for who, count, part in zip(people, counts, parts, strict=True)
        if abs(count * unit - part) >= unit
    ]
    # Exact sums, because that of `sum` differs between releases of Python, and a plan's bytes must not.
    relative = [ratio / largest for ratio in ratios] if largest else []
    squares = math.fsum([ratio * ratio for ratio in relative])
    return {
        "max_gap": float(max(counts) - min(counts)) if counts else 0.0,
        "quota": f"violated for {', '.join(out)}" if out else "satisfied",
        "jain": math.fsum(relative) ** 2 / (len(relative) * squares) if squares else 1.0,
        "max_relative_load": largest,
    }


def _ratio(above: int, below: int) -> float:
    try:
        return above / below
    except OverflowError:
        # Someone got an item for a share of next to nothing.
        return sys.float_info.max


def equal_certificate(counts: Sequence[int], people: Sequence[str]) -> Certificate:
    """Certify an equal split: no split of n items between a people has a gap below (n mod a > 0)."""
    total, size = sum(counts), len(counts)
    gap = float(max(counts) - min(counts))
    bound = float(total % size > 0)
    found = measures(counts, Shares([total] * size, size), people)
    return _certificate(found, "largest gap in items", gap, bound)


def share_certificate(counts: Sequence[int], shares: Shares, people: Sequence[str]) -> Certificate:
    """Certify a proportional split by the largest distance from the exact share.

    The largest remainder method minimises every norm of these distances, the
    largest included (G. Pólya, 1919; Balinski and Young, appendix A), so its
    result is the bound.
    """
    parts, unit = shares
    distance = max((abs(count * unit - part) for count, part in zip(counts, parts, strict=True)), default=0)
    found = measures(counts, shares, people)
    objective = "largest distance from the exact share in items"
    return _certificate(found, objective, distance / unit, _least_distance(parts, unit) / unit)


def _least_distance(shares: Sequence[int], unit: int) -> int:
    """Return the distance that rounding the largest fractional parts up, and the rest down, leaves."""
    parts = sorted(share % unit for share in shares)
    up = sum(parts) // unit
    # The parts add up to a whole number: 0 means that all shares are whole.
    return max(parts[-up - 1], unit - parts[-up]) if up else 0


def grouped_certificate(
    counts: Sequence[int], targets: Sequence[int], bound: float, people: Sequence[str]
) -> Certificate:
    """Certify a split that keeps groups whole by its largest relative load (items / target).

    `bound` is that of `taskplan.allocation.grouping.load_bound`.
    """
    found = measures(counts, Shares(targets, 1), people)
    value = found["max_relative_load"]
    assert isinstance(value, float)
    return _certificate(found, "largest load relative to the target", value, bound)


def _certificate(found: dict[str, float | str], objective: str, value: float, bound: float) -> Certificate:
    ratio = value / bound if bound else (1.0 if value == 0 else float("inf"))
    return Certificate(found, objective, value, bound, ratio, optimal=value <= bound)
