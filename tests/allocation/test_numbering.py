"""Counting in place of sorting finds the same as sorting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from taskplan.allocation.numbering import distinct, narrowest, sorted_by

SHORT = arrays.array_shapes(max_dims=1, min_side=0, max_side=30)
COLUMNS = st.one_of(
    arrays.arrays(np.int64, SHORT, elements=st.integers(0, 40)),
    arrays.arrays(np.int64, SHORT, elements=st.integers(-3, 2**40)),
    arrays.arrays(np.uint8, SHORT),
    arrays.arrays(np.uint64, SHORT),
    arrays.arrays(np.float64, SHORT, elements=st.sampled_from([0.0, 0.5, 2.0])),
    arrays.arrays(np.bool_, SHORT),
)


@given(COLUMNS)
def test_distinct_values_are_those_of_numpy(values: np.ndarray[Any, Any]) -> None:
    found = distinct(values)
    wanted, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    assert found.values.dtype == values.dtype
    assert found.places.dtype == found.counts.dtype == np.int64
    assert found.values.tolist() == wanted.tolist()
    assert found.places.tolist() == places.tolist()
    assert found.counts.tolist() == counts.tolist()


@given(st.lists(st.integers(0, 70_000), max_size=50))
def test_positions_are_sorted_by_number_and_then_as_they_are(numbers: list[int]) -> None:
    order = sorted_by(np.array(numbers, dtype=np.int64), max(numbers, default=0) + 1)
    assert order.dtype == np.int64
    assert order.tolist() == sorted(range(len(numbers)), key=numbers.__getitem__)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, np.uint8),
        (256, np.uint8),
        (257, np.uint16),
        (65_536, np.uint16),
        (65_537, np.uint32),
    ],
)
def test_the_narrowest_type_holds_all_numbers_below_a_size(size: int, expected: Any) -> None:
    assert narrowest(size) is expected
