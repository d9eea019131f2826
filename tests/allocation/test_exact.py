"""Numbers taken as the decimals that people write."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.allocation.apportionment import METHODS, apportion
from taskplan.allocation.exact import decimals

written = st.decimals(0, 10**6, places=4, allow_nan=False).map(float)


@given(st.lists(st.one_of(written, st.floats(0, allow_nan=False, allow_infinity=False)), max_size=6))
def test_decimals_are_what_is_written(values: list[float]) -> None:
    parts, unit = decimals(values)
    assert [Fraction(part, unit) for part in parts] == [Fraction(str(value)) for value in values]


def test_a_tenth_is_a_tenth() -> None:
    assert decimals([0.1, 0.25, 3]) == ([10, 25, 300], 100)


@pytest.mark.parametrize("method", METHODS)
def test_weights_of_any_size_are_shared_out(method: str) -> None:
    parts, _ = decimals([1e300, 1e-300, 1e300])
    assert sum(apportion(parts, 10, method)) == 10
