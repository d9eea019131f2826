"""Arrow columns, however they are laid out, become the column that `build_column` makes of their values."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.model.columns import build_column
from taskplan.model.ids import ItemIds
from taskplan.model.snapshots.decoding import bool_column, item_ids, number_column, text_column
from taskplan.model.snapshots.merging import merge_columns
from taskplan.model.table import Column
from tests.model.snapshots.support import assert_same


def chunked(values: list[Any], cuts: list[int], kind: pa.DataType) -> pa.ChunkedArray:
    """The values in chunks, each a slice of a longer array."""
    edges = [0, *sorted(cut % (len(values) + 1) for cut in cuts), len(values)]
    whole = pa.array([None, *values, None], type=kind)
    return pa.chunked_array([whole.slice(1 + a, b - a) for a, b in itertools.pairwise(edges)], type=kind)


def expected(values: list[Any]) -> Column:
    return build_column(() if value is None else (value,) for value in values)


CUTS = st.lists(st.integers(0, 50), max_size=3)
TEXTS = st.lists(st.none() | st.sampled_from(("", "a", "ä", "b" * 40)) | st.text(max_size=2), max_size=30)


@given(TEXTS, CUTS, st.sampled_from(("string", "large", "dictionary", "chunks")))
def test_texts(values: list[Any], cuts: list[int], layout: str) -> None:
    array = chunked(values, cuts, pa.large_string() if layout == "large" else pa.string())
    if layout == "dictionary":
        array = array.dictionary_encode()
    elif layout == "chunks":
        # A dictionary of its own for each chunk, in another order, with entries that nobody uses.
        chunks = []
        for chunk in array.chunks:
            entries = sorted({"unused", *(v for v in chunk.to_pylist() if v is not None)}, reverse=True)
            codes = [None if v is None else entries.index(v) for v in chunk.to_pylist()]
            chunks.append(pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), entries))
        array = pa.chunked_array(chunks, type=pa.dictionary(pa.int8(), pa.string()))
    assert_same(text_column(array), expected(values))


def test_a_dictionary_that_says_things_twice() -> None:
    codes = pa.array([2, 0, 1, None, 3, 2], pa.int8())
    array = pa.DictionaryArray.from_arrays(codes, pa.array(["a", "a", "b", None]))
    assert_same(text_column(pa.chunked_array([array])), expected(["b", "a", "a", None, None, "b"]))


@given(st.lists(st.none() | st.booleans(), max_size=30), CUTS)
def test_bools(values: list[Any], cuts: list[int]) -> None:
    assert_same(bool_column(chunked(values, cuts, pa.bool_())), expected(values))


NUMBERS = st.sampled_from((0.0, -0.0, 1.5, float(2**53 + 2))) | st.floats(
    allow_nan=False, allow_infinity=False
)


@given(st.lists(st.none() | NUMBERS, max_size=30), CUTS, st.sampled_from((0, 300)), st.randoms())
def test_floats(values: list[Any], cuts: list[int], more: int, random: Any) -> None:
    values = [*values, *(n / 7 for n in range(more))]
    random.shuffle(values)
    assert_same(number_column(chunked(values, cuts, pa.float64())), expected(values))


@given(
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3), max_size=30),
    CUTS,
    st.sampled_from((0, 300)),
    st.randoms(),
)
def test_ints(values: list[Any], cuts: list[int], more: int, random: Any) -> None:
    values = [*values, *range(more)]
    random.shuffle(values)
    assert_same(number_column(chunked(values, cuts, pa.int64())), expected(values))


@pytest.mark.parametrize("late", [0, 5_000])
def test_values_that_come_late(late: int) -> None:
    values = ["a", "b"] * 3_000
    values[late] = "c"
    assert_same(text_column(chunked(values, [], pa.string())), expected(values))


SPELLINGS = st.sampled_from(
    (0, -0.0, 0.0, 1, 1.0, True, 2**53 + 2, float(2**53 + 2), 2**60, float(2**60), 2**70, 10**400, "1", None)
)


@given(st.lists(st.lists(SPELLINGS, max_size=6), max_size=4), st.integers(-1, 3), st.randoms())
def test_merged_columns_are_that_of_the_whole(rows: list[list[Any]], many: int, random: Any) -> None:
    parts = [[(value,) for value in part] + [()] * (len(part) % 2) for part in rows]
    if 0 <= many < len(parts):
        parts[many] += [(n / 3,) for n in range(300)] + [(float(2**53 + 2),), (float(2**60),), (0.0,)]
        random.shuffle(parts[many])
    whole = build_column(reached for part in parts for reached in part)
    assert_same(merge_columns(build_column(part) for part in parts), whole)


IDS = st.text("0123456789abcdef", min_size=24, max_size=24)


@given(st.lists(IDS, max_size=8), st.none() | st.sampled_from(("", "x", "A" * 24, "g" * 24, "ä" * 12)), CUTS)
def test_ids(ids: list[str], other: str | None, cuts: list[int]) -> None:
    ids = ids if other is None else [*ids, other]
    found = item_ids(chunked(ids, cuts, pa.string()))
    assert found == ItemIds.of(ids)
    assert (found.packed is None) == (ItemIds.of(ids).packed is None)
    cut = len(ids) // 2
    merged = ItemIds.joined([ItemIds.of(ids[:cut]), ItemIds.of(ids[cut:])])
    assert merged.tolist() == ids
    assert (merged.packed is None) == (found.packed is None)
    assert merged.take(np.arange(len(ids))) == found
