"""Building columns: distinct values become small codes, many distinct numbers become float64."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.model.table import Codes, Column, Reached

MANY_NUMBERS = 255
"""Above so many distinct plain numbers, they are kept as numbers and not in the dictionary."""
_EXACT = 2**53
_LOOKED_AT = 4_096
"""Rows among which all values have mostly appeared."""


def is_plain_number(reached: Reached) -> bool:
    """Tell if a row reaches one number that float64 holds exactly; a bool is no number."""
    if len(reached) != 1:
        return False
    value = reached[0]
    return type(value) is float or (type(value) is int and -_EXACT <= value <= _EXACT)


def build_column(rows: Iterable[Reached]) -> Column:
    """Build the column of the values that each row reaches; a function of the rows alone."""
    builder = ColumnBuilder()
    for reached in rows:
        builder.add(msgspec.json.encode(reached), reached)
    return builder.column()


class ColumnBuilder:
    """Collects rows by the JSON text of what they reach, so that a value is looked at once.

    Texts that differ and mean the same value (``1`` and ``1.0``) are merged at
    the end, so that the column does not depend on how numbers were written.
    """

    def __init__(self) -> None:
        self._codes: list[int] = []
        self._index: dict[bytes, int] = {}
        self._values: list[Reached] = []

    def add(self, text: bytes, reached: Reached) -> None:
        """Add a row whose value is at hand."""
        code = self._index.get(text)
        if code is None:
            code = self._index[text] = len(self._values)
            self._values.append(reached)
        self._codes.append(code)

    def add_texts(self, texts: list[bytes], decode: Any) -> None:
        """Add rows by text; `decode` (bytes → tuple reached) is asked once per distinct text."""
        index, values = self._index, self._values
        # One look-up a row in C; the new ones of a batch are few, or costly to decode anyway.
        for text in dict.fromkeys(texts):
            if text not in index:
                index[text] = len(values)
                values.append(decode(text))
        self._codes.extend(map(index.__getitem__, texts))

    def column(self) -> Column:
        """Return the finished column."""
        merged: dict[Any, int] = {}
        values: list[Reached] = []
        target = np.empty(len(self._values), dtype=np.int64)
        for old, reached in enumerate(self._values):
            key = canonical(reached)
            new = merged.get(key)
            if new is None:
                new = merged[key] = len(values)
                values.append(reached)
            target[old] = new
        codes = target[np.array(self._codes, dtype=np.int64)]
        return with_numbers(codes, values)


def with_numbers(codes: NDArray[Any], reached: Sequence[Reached]) -> Column:
    """Return a column of distinct values in order of first appearance; many plain numbers are kept apart."""
    plain = np.fromiter(map(is_plain_number, reached), dtype=bool, count=len(reached))
    if int(plain.sum()) <= MANY_NUMBERS:
        return Column(narrow(codes, len(reached)), tuple(reached))
    kept = tuple(value for value, number in zip(reached, plain.tolist(), strict=True) if not number)
    place = np.where(plain, len(kept), np.cumsum(~plain) - 1)
    amounts = np.array(
        [float(value[0]) if number else 0.0 for value, number in zip(reached, plain.tolist(), strict=True)]
    )
    # Adding 0.0 makes one zero of the two.
    return Column(narrow(place[codes], len(kept) + 1), kept, (amounts + 0.0)[codes])


def column_at(column: Column, rows: NDArray[np.int64]) -> Column:
    """Return the column of some rows alone (int64[n], in any order), as if it had been built of them.

    Values come in order of first appearance, so that nothing but these rows decides on it; a number that
    was kept apart is an int where it is whole.
    """
    values, codes = column.values, column.codes[rows]
    if column.numbers is None:
        used, places = first_seen(codes, len(values))
        return Column(narrow(places, len(used)), tuple(values[code] for code in used.tolist()))
    plain = codes == column.number_code
    numbers = np.where(plain, column.numbers[rows], 0.0)
    distinct, place = np.unique(numbers[plain], return_inverse=True)
    if len(distinct) > MANY_NUMBERS:
        used, places = first_seen(codes, len(values) + 1)
        kept = used != column.number_code
        # The code of numbers comes after all others, wherever the first of them stands.
        moved = np.where(kept, np.cumsum(kept) - 1, kept.sum())
        others = tuple(values[code] for code in used[kept].tolist())
        return Column(narrow(moved[places], len(others) + 1), others, numbers)
    combined = codes.astype(np.int64)
    combined[plain] += place.ravel()
    used, places = first_seen(combined, len(values) + len(distinct))
    amounts = [int(number) if number.is_integer() else number for number in distinct.tolist()]
    reached = (values[c] if c < len(values) else (amounts[c - len(values)],) for c in used.tolist())
    return Column(narrow(places, len(used)), tuple(reached))


def first_seen(codes: NDArray[Any], distinct: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the codes in use, in order of first appearance, and each row's place among them.

    `distinct` is more than the largest code.
    """
    if distinct > len(codes):
        used, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        order = np.argsort(first, kind="stable")
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        return used[order].astype(np.int64), rank[inverse.ravel()]
    for looked_at in (codes[:_LOOKED_AT], codes):
        appears = np.full(distinct, len(codes), dtype=np.int64)
        # Of several values for one index the last assigned stays.
        appears[looked_at[::-1]] = np.arange(len(looked_at) - 1, -1, -1)
        if int(appears.max(initial=0)) < len(codes):
            break
    used = np.argsort(appears, kind="stable")[: int(np.count_nonzero(appears < len(codes)))]
    if np.array_equal(used, np.arange(len(used))):
        return used, codes
    rank = np.zeros(distinct, dtype=np.int64)
    rank[used] = np.arange(len(used))
    return used, rank[codes]


def canonical(reached: Reached) -> Any:
    """Return a hashable key under which equal JSON values meet and a bool never meets a number."""
    return tuple(_canonical(value) for value in reached)


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return ("object", tuple((name, _canonical(entry)) for name, entry in value.items()))
    if isinstance(value, list | tuple):
        return ("list", tuple(_canonical(entry) for entry in value))
    return ("bool", value) if isinstance(value, bool) else value


def narrow(codes: np.ndarray[Any, Any], distinct: int) -> Codes:
    """Return the codes in the smallest unsigned type that holds `distinct` of them."""
    if distinct <= 1 << 8:
        return codes.astype(np.uint8)
    if distinct <= 1 << 16:
        return codes.astype(np.uint16)
    return codes.astype(np.uint32)
