"""Efforts as whole numbers, so that loads are added up exactly and in any order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_LARGEST = 2.0**40
_LARGEST_SUM = 2.0**61
_DIGITS = 6


class Sizes(NamedTuple):
    """`whole` int64[n] is effort × `scale`, rounded."""

    whole: NDArray[np.int64]
    scale: float


def whole_sizes(effort: NDArray[np.float64]) -> Sizes:
    """Return efforts (float64[n], ≥ 0) as whole numbers: exactly where they have few digits, else finely."""
    top, total = float(effort.max(initial=0.0)), float(effort.sum())
    for digits in range(_DIGITS + 1):
        scale = 10.0**digits
        if top * scale > _LARGEST or total * scale > _LARGEST_SUM:
            break
        rounded = np.rint(effort * scale)
        if (rounded / scale == effort).all():
            return Sizes(rounded.astype(np.int64), scale)
    scale = min(_LARGEST / top, _LARGEST_SUM / total)
    return Sizes(np.rint(effort * scale).astype(np.int64), scale)
