"""Fairness measured, beside the best that is possible."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.exact import Shares
from taskplan.allocation.leximin import FairFlow, FlowProblem, least_peak
from taskplan.allocation.problem import Certificate, Problem
from taskplan.allocation.shares import asked


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
    return {
        "max_gap": float(max(counts) - min(counts)) if counts else 0.0,
        "quota": f"violated for {', '.join(out)}" if out else "satisfied",
        "jain": _jain(relative),
        "max_relative_load": largest,
    }


def _jain(relative: Sequence[float]) -> float:
    squares = math.fsum(ratio * ratio for ratio in relative)
    return math.fsum(relative) ** 2 / (len(relative) * squares) if squares else 1.0


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


def eligible_certificate(
    problem: Problem, flow: FlowProblem, found: FairFlow, order: NDArray[np.int64], people: Sequence[str]
) -> Certificate:
    """Certify a flow by its largest load relative to the exact share.

    The bound: whatever is confined to some people is shared by them at best as if
    anybody could have any of it, and nobody gets less than their minimum.
    """
    counts = found.given.sum(axis=1)
    measured = measures(counts.tolist(), asked(problem.assignees, int(counts.sum())).shares, people)
    if problem.overlap > 1:
        measured["pair_gap"] = _pair_gap(problem, order, counts)
    inside = found.confined
    bound = max(
        least_peak(int(counts[inside].sum()), flow.weights[inside], flow.lower[inside], flow.upper[inside]),
        float((flow.lower / flow.weights).max(initial=0.0)),
    )
    value = float((counts / flow.weights).max(initial=0.0))
    return _certificate(measured, "largest load relative to the share", value, min(bound, value))


def effort_certificate(
    loads: NDArray[Any], targets: NDArray[np.int64], bound: float, scale: float
) -> Certificate:
    """Certify a split by effort: `loads` float64[people] beside `targets` int64[people], both × `scale`.

    The measures are those of the effort: ``max_gap`` in units of it, and there is no quota.
    """
    asks = targets > 0
    relative = (loads[asks] / targets[asks]).tolist()
    largest = max(relative, default=0.0)
    found: dict[str, float | str] = {
        "max_gap": float(loads.max() - loads.min()) / scale,
        "jain": _jain(relative),
        "max_relative_load": largest,
    }
    return _certificate(found, "largest effort relative to the share", largest, min(bound, largest))


def sticky_certificate(
    counts: NDArray[np.int64],
    held: NDArray[np.int64],
    holder: NDArray[np.int64],
    owners: NDArray[np.int64],
    before: int,
    shares: Shares,
    people: Sequence[str],
) -> Certificate:
    """Certify a redistribution by how many of the `before` items that somebody held change hands.

    Nobody keeps more than their count, so that at least the surplus moves, and
    everything of those who hold items (int64[people]) and are no assignees.
    """
    found = measures(counts.tolist(), shares, people)
    moved = before - int(((holder == owners) & (holder >= 0)).sum())
    least = before - int(np.minimum(held, counts).sum())
    return _certificate(found, "items that change hands", float(moved), float(least))


def assignment_certificate(counts: NDArray[np.int64], cost: float, bound: float) -> Certificate:
    """Certify an assignment of least cost; `bound` is what no assignment costs less than."""
    found: dict[str, float | str] = {
        "max_gap": float(counts.max() - counts.min()),
        "jain": _jain(counts.tolist()),
    }
    return _certificate(found, "total cost", cost, bound)


def _pair_gap(problem: Problem, order: NDArray[np.int64], counts: NDArray[np.int64]) -> float:
    """Return by how many items the pair of people that shares most is above the pair that shares least."""
    size = len(counts)
    holds = np.zeros((size, problem.n_items), dtype=np.float32)
    holds[np.repeat(np.arange(size), counts), order] = 1
    shared = (holds @ holds.T)[np.triu_indices(size, 1)]
    return float(shared.max() - shared.min()) if len(shared) else 0.0


def _certificate(found: dict[str, float | str], objective: str, value: float, bound: float) -> Certificate:
    ratio = value / bound if bound else (1.0 if value == 0 else sys.float_info.max)
    return Certificate(found, objective, value, bound, ratio, optimal=value <= bound)
