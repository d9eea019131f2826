"""Shares in exact whole-number arithmetic, so that no rounding of floats decides who gets an item."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

_DIGITS = 10
_SURE = 1e15
"""Below, a decimal of 15 digits or fewer is the only one that reads as its float."""


class Shares(NamedTuple):
    """Everyone's exact share: person i's is ``parts[i] / unit`` items."""

    parts: Sequence[int]
    unit: int


def decimals(values: Sequence[float]) -> tuple[list[int], int]:
    """Return integers and their common denominator, taking each number as the decimal that people write.

    0.1 is 1/10, not the float next to it; so 33.3 + 33.3 + 33.4 is 100.
    """
    array = np.array(values, dtype=np.float64)
    for digits in range(_DIGITS):
        scale = 10**digits
        scaled = np.rint(array * scale)
        if len(array) and not np.abs(scaled).max() < _SURE:
            break
        if (scaled / scale == array).all():
            return scaled.astype(np.int64).tolist(), scale
    fractions = [Fraction(str(value)) for value in values]
    unit = math.lcm(*(fraction.denominator for fraction in fractions))
    return [int(fraction * unit) for fraction in fractions], unit
