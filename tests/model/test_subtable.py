"""Some rows of a table are as if the table had been made of them; sums add up whatever the parts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.dql.evaluate import evaluate
from taskplan.dql.short import query_from
from taskplan.model.columns import MANY_NUMBERS, build_column, column_at
from taskplan.model.fingerprint import EMPTY, add, column_sums, packed_sums, places_within, text_sums
from taskplan.model.ids import ItemIds
from taskplan.model.memory import MemoryTable
from taskplan.model.subtable import Subtable
from taskplan.model.table import Column, Reached
from taskplan.testing.strategies import snapshots

VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, -0.0, 0.5, "a", "1", "", 2**60, float(2**60)]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=3,
)
REACHED = st.lists(VALUES, max_size=2).map(tuple)
ROWS = st.lists(REACHED, max_size=12)
MANY: list[Reached] = [(number / 2,) for number in range(2 * MANY_NUMBERS)]


def some(data: st.DataObject, rows: Sequence[int]) -> list[int]:
    """Draw some of the rows, in any order."""
    return data.draw(st.permutations(rows))[: data.draw(st.integers(0, len(rows)))]


@given(ROWS, st.booleans(), st.data())
def test_a_column_of_rows_is_the_column_built_of_them(
    rows: list[Reached], many: bool, data: st.DataObject
) -> None:
    every = [*MANY, *rows] if many else rows
    last = list(range(max(0, len(every) - 20), len(every)))
    chosen = some(data, last)
    if many and data.draw(st.booleans()):
        chosen = [*chosen, *(row for row in range(MANY_NUMBERS + 1) if row not in chosen)]
    found = column_at(build_column(every), np.array(chosen, dtype=np.int64))
    expected = build_column([every[row] for row in chosen])
    assert found.values == expected.values
    assert found.codes.tolist() == expected.codes.tolist()
    assert found.codes.dtype == expected.codes.dtype
    assert (found.numbers is None) == (expected.numbers is None)
    assert [found.reached(row) for row in range(len(found))] == [
        expected.reached(row) for row in range(len(expected))
    ]


@given(st.lists(st.sampled_from([*MANY[:20], *MANY[:3], (), ("a",)]), max_size=30))
def test_numbers_that_were_kept_apart_are_a_dictionary_again(rows: list[Reached]) -> None:
    whole = build_column([*MANY, *rows])
    assert whole.numbers is not None
    found = column_at(whole, np.arange(len(MANY), len(whole)))
    expected = build_column(rows)
    assert (found.values, found.codes.tolist()) == (expected.values, expected.codes.tolist())


def cuts(data: st.DataObject, count: int) -> list[tuple[int, int]]:
    inner = data.draw(st.lists(st.integers(0, count), max_size=4))
    return list(pairwise(sorted({0, count, *inner})))


def part(column: Column, start: int, stop: int) -> Column:
    return column_at(column, np.arange(start, stop))


@given(ROWS, st.booleans(), st.data())
def test_sums_of_a_column_add_up(rows: list[Reached], many: bool, data: st.DataObject) -> None:
    column = build_column([*MANY, *rows] if many else rows)
    parts = (part(column, start, stop).sums(start) for start, stop in cuts(data, len(column)))
    assert add(parts) == column.sums()
    places = np.arange(len(column), dtype=np.uint64)
    assert column.sums(places) == column.sums()


@given(ROWS, st.integers(0, 11), REACHED)
def test_a_changed_value_changes_the_sums(rows: list[Reached], row: int, value: Reached) -> None:
    if row >= len(rows):
        return
    changed = [*rows[:row], value, *rows[row + 1 :]]
    same = build_column(rows).reached(row) == value and build_column([rows[row], value]).codes.max() == 0
    assert (build_column(changed).sums() == build_column(rows).sums()) == same


def test_swapped_rows_change_the_sums() -> None:
    assert build_column([("a",), ("b",)]).sums() != build_column([("b",), ("a",)]).sums()
    assert build_column([(1,)]).sums() == build_column([(1.0,)]).sums() != build_column([(True,)]).sums()
    assert build_column([()]).sums() != EMPTY
    assert column_sums(np.zeros(0, dtype=np.uint8), (), None) == EMPTY


IDS = st.lists(st.integers(0, 2**96 - 1).map("{:024x}".format) | st.text(max_size=3), unique=True, max_size=9)


@given(IDS, st.data())
def test_sums_of_ids_add_up_packed_or_not(ids: list[str], data: st.DataObject) -> None:
    whole = ItemIds.of(ids)
    parts = (ItemIds.of(ids[start:stop]).sums(start) for start, stop in cuts(data, len(ids)))
    assert add(parts) == whole.whole_sums
    if whole.packed is not None:
        assert text_sums(ids) == packed_sums(whole.packed)


@given(snapshots(max_items=8), st.data())
def test_a_subtable_is_the_table_of_its_documents(table: MemoryTable, data: st.DataObject) -> None:
    rows = np.array(some(data, range(len(table))), dtype=np.int64)
    held = list(table.annotations().documents())
    documents: list[dict[str, Any]] = []
    for row, document in zip(rows.tolist(), table.documents(rows.tolist()), strict=True):
        mine = [held[place] for place in np.flatnonzero(table.annotations().item_rows == row)]
        documents.append({**document, "annotations": mine})
    expected = MemoryTable.from_documents(documents, dataset=table.dataset, project=table.project)
    found = Subtable(table, rows)
    paths = [path for path in table.known_paths() if path != "id"]
    inner = [f"annotations:{path}" for path in table.annotations().known_paths()]
    assert found.fingerprint([*paths, *inner]) == expected.fingerprint([*paths, *inner])
    assert list(found.documents()) == list(expected.documents())
    assert list(found.annotations().documents()) == list(expected.annotations().documents())
    query = query_from({"and": [{"hidden": False}], "annotations": {"label": "car"}}, where="q")
    assert evaluate(query, found).tolist() == evaluate(query, expected).tolist()
    assert evaluate(query, found).tolist() == evaluate(query, table)[rows].tolist()


def test_annotations_of_one_item_keep_apart() -> None:
    assert len(set(places_within(np.array([0, 0, 1, 5, 5, 5])).tolist())) == 6
    whole = places_within(np.array([3, 3, 4, 9]))
    assert places_within(np.array([0, 5]), 4).tolist() == whole[2:].tolist()


@given(st.lists(IDS, max_size=4))
def test_ids_joined_are_the_ids_of_all(parts: list[list[str]]) -> None:
    joined = ItemIds.joined([ItemIds.of(part) for part in parts])
    whole = ItemIds.of([item for part in parts for item in part])
    assert joined.tolist() == whole.tolist()
    assert (joined.packed is None) == (whole.packed is None)


def test_ids_taken_are_packed_where_they_can_be() -> None:
    ids = ItemIds.of(["x", "0" * 24, "1" * 24])
    assert ids.packed is None
    assert ids.take(np.array([2, 1])).packed is not None
    with pytest.raises(ValueError, match="either"):
        ItemIds()
