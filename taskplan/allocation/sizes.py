"""Efforts as whole numbers, so that loads are added up exactly and in any order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_LARGEST = 2.0**40
_LARGEST_SUM = 2.0**61
_DIGITS = 6
_FINE = 40


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
            return _fine(rounded.astype(np.int64), scale)
    scale = min(_LARGEST / top, _LARGEST_SUM / total)
    return _fine(np.rint(effort * scale).astype(np.int64), scale)


def _fine(whole: NDArray[np.int64], scale: float) -> Sizes:
    """Multiply by a power of two, so that also a small share of the sum is a large number."""
    shift = max(0, _FINE - int(whole.sum()).bit_length()) if len(whole) and whole.any() else 0
    return Sizes(whole << shift, scale * 2.0**shift)
