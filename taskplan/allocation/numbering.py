"""Numbers for what is alike, and sorting by them: without comparing, as long as the numbers are small."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Distinct(NamedTuple):
    """The distinct `values`, ascending; `places` int64[n] index them, `counts` int64[values] adds them up."""

    values: NDArray[Any]
    places: NDArray[np.int64]
    counts: NDArray[np.int64]


def distinct(values: NDArray[Any]) -> Distinct:
    """Return the distinct values as `numpy.unique` does; counted and not sorted, where they are small."""
    if not (values.dtype.kind in "iu" and small(values)):
        found, places, counts = np.unique(values, return_inverse=True, return_counts=True)
        return Distinct(found, places.astype(np.int64, copy=False), counts.astype(np.int64, copy=False))
    counts = np.bincount(values.astype(np.intp, copy=False))
    present = np.flatnonzero(counts)
    rank = np.cumsum(counts > 0, dtype=np.int64) - 1
    return Distinct(present.astype(values.dtype), rank[values], counts[present].astype(np.int64, copy=False))


def small(values: NDArray[np.integer[Any]], weight: int | None = None) -> bool:
    """Tell whether whole numbers are few enough to be counted: none is below 0 or far above their number.

    Where each stands for several, `weight` is how many they stand for in all.
    """
    total = len(values) if weight is None else weight
    return len(values) > 0 and int(values.min()) >= 0 and int(values.max()) < 4 * total + 256


def narrowest(size: int) -> type[np.uint8] | type[np.uint16] | type[np.uint32]:
    """Return the smallest type for numbers below `size`."""
    return np.uint8 if size <= 1 << 8 else np.uint16 if size <= 1 << 16 else np.uint32


def sorted_by(numbers: NDArray[np.integer[Any]], size: int) -> NDArray[np.int64]:
    """Return positions by their numbers (0 to `size` - 1), and in their sequence where those are equal."""
    # numpy sorts 8 and 16 bits by radix, many times faster than wider integers.
    narrow = numbers.astype(narrowest(size), copy=False)
    return np.argsort(narrow, kind="stable").astype(np.int64, copy=False)
