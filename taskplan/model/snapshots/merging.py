"""The columns of partitions as the one column of the whole: the same as if it had never been cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.model.columns import canonical, first_seen, is_plain_number, narrow, with_numbers
from taskplan.model.table import Column, Reached


def merge_columns(columns: Iterable[Column]) -> Column:
    """Return the column of all rows, those of the first column first."""
    parts = list(columns)
    if len(parts) == 1:
        return parts[0]
    if all(part.numbers is None for part in parts):
        codes, values = _merged([(part.codes, part.values) for part in parts])
        return with_numbers(codes, values)
    if _has_two_spellings(parts):
        codes, values = _merged([_written_out(part) for part in parts])
        return with_numbers(codes, values)
    # One part alone has many numbers, so the whole has; those in the dictionaries of others join them.
    codes, values = _merged([(part.codes, part.values) for part in parts])
    plain = np.fromiter(map(is_plain_number, values), dtype=bool, count=len(values))
    pairs = list(zip(values, plain.tolist(), strict=True))
    kept = tuple(value for value, number in pairs if not number)
    place = np.append(np.where(plain, len(kept), np.cumsum(~plain) - 1), len(kept))[codes]
    numbers = np.array([*(float(value[0]) if number else 0.0 for value, number in pairs), 0.0])[codes]
    start = 0
    for part in parts:
        if part.numbers is not None:
            own = part.codes == part.number_code
            numbers[start : start + len(part)][own] = part.numbers[own]
        start += len(part)
    numbers = numbers + 0.0
    return Column(narrow(place, len(kept) + 1), kept, numbers)


def _merged(
    parts: Sequence[tuple[NDArray[Any], Sequence[Reached]]],
) -> tuple[NDArray[np.int64], list[Reached]]:
    """Return codes of all rows, and the distinct values in order of first appearance.

    A row beyond the values of its part, which is a number kept apart, gets -1.
    """
    values: list[Reached] = []
    index: dict[Any, int] = {}
    coded: list[NDArray[np.int64]] = []
    for codes, own in parts:
        target: list[int] = []
        for value in own:
            # Text, of which there may be very much, is its own key.
            key = value if len(value) == 1 and type(value[0]) is str else canonical(value)
            place = index.setdefault(key, len(values))
            if place == len(values):
                values.append(value)
            target.append(place)
        coded.append(np.array([*target, -1], dtype=np.int64)[codes])
    return np.concatenate(coded) if coded else np.zeros(0, dtype=np.int64), values


def _has_two_spellings(parts: Sequence[Column]) -> bool:
    """Tell if one number beyond 2**53 is an integer here and a float there: which came first decides."""
    large = {
        float(value[0])
        for part in parts
        for value in part.values
        if len(value) == 1 and type(value[0]) is int and not is_plain_number(value) and _is_float(value[0])
    }
    wanted = np.array(sorted(large))
    return bool(large) and any(
        part.numbers is not None and bool(np.isin(part.numbers, wanted).any()) for part in parts
    )


def _is_float(number: int) -> bool:
    try:
        return float(number) == number
    except OverflowError:
        return False


def _written_out(part: Column) -> tuple[NDArray[Any], tuple[Reached, ...]]:
    """Return the codes and values of a column without numbers apart."""
    if part.numbers is None:
        return part.codes, part.values
    distinct, places = np.unique(part.numbers, return_inverse=True)
    own = part.codes == part.number_code
    codes = np.where(own, len(part.values) + places.ravel(), part.codes)
    values = [*part.values, *((number,) for number in distinct.tolist())]
    used, codes = first_seen(codes, len(values))
    return codes, tuple(values[code] for code in used.tolist())
