"""A query over columns: each predicate is asked once per distinct value, then looked up row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from taskplan.dql.lookup import FEW, tester
from taskplan.dql.match import satisfies
from taskplan.dql.query import (
    And,
    Compare,
    Direction,
    Element,
    Equal,
    Every,
    Exists,
    Field,
    In,
    Node,
    NotEqual,
    NotIn,
    Predicate,
    Query,
)
from taskplan.model.ids import ItemIds
from taskplan.model.table import Codes, Column, DocumentTable, ItemTable

Mask = NDArray[np.bool_]
Block = Callable[[slice], Mask]
"""Tells of the rows of a slice which are meant."""
BLOCK = 1 << 20
"""Rows at once, so that what is in between stays in the processor's cache."""
_EXACT = 2**53


def evaluate(query: Query, table: ItemTable) -> Mask:
    """Return which rows the query selects: bool[len(table)]; agrees with `match` on every document."""
    mask = node_mask(query.filter, table)
    if query.join is not None:
        annotations = table.annotations()
        found = np.zeros(len(table), dtype=bool)
        found[annotations.item_rows[node_mask(query.join, annotations)]] = True
        mask = mask & found
    if query.intersect is not None:
        mask = mask & evaluate(query.intersect, table)
    if query.except_ is not None:
        mask = mask & ~evaluate(query.except_, table)
    return mask


def select(query: Query, table: ItemTable, *, paged: bool = False) -> NDArray[np.int64]:
    """Return the selected rows in the order of the query's sort, else of the table: int64[m].

    Sorting is stable; absent values and null come first, then numbers, text and
    the rest, as in MongoDB. With `paged` only the page that the query names.
    """
    rows = np.flatnonzero(evaluate(query, table)).astype(np.int64, copy=False)
    if query.sort:
        keys: list[NDArray[Any]] = []
        for path, direction in reversed(query.sort):
            keys += _sort_keys(_at(table.column(path), rows), direction)
        rows = rows[np.lexsort(keys)]
    if paged and query.page_size is not None:
        start = (query.page or 0) * query.page_size
        rows = rows[start : start + query.page_size]
    return rows


def node_mask(node: Node, table: DocumentTable) -> Mask:
    """Return which rows of a table a node holds for; the array may be read-only."""
    rows, holds = len(table), _node(node, table)
    if rows <= BLOCK:
        return holds(slice(0, rows))
    result = np.empty(rows, dtype=bool)
    for start in range(0, rows, BLOCK):
        block = slice(start, min(start + BLOCK, rows))
        result[block] = holds(block)
    return result


def field_mask(predicate: Predicate, column: Column) -> Mask:
    """Return which rows of a column satisfy a predicate; the array may be read-only."""
    return _field(predicate, column)(slice(0, len(column)))


def _node(node: Node, table: DocumentTable) -> Block:
    """Return what tells of some rows which of them a node holds for; all but looking up is done now."""
    if isinstance(node, Field):
        if node.path == "id" and isinstance(table, ItemTable) and _is_list_of_texts(node.predicate):
            listed = _id_mask(node.predicate, table)
            return lambda rows: listed[rows]
        return _field(node.predicate, table.column(node.path))
    both = isinstance(node, And)
    inner = [_node(part, table) for part in node.nodes]
    if len(inner) == 1:
        return inner[0]
    combine = np.logical_and if both else np.logical_or

    def holds(rows: slice) -> Mask:
        if not inner:
            return np.full(rows.stop - rows.start, both)
        result = combine(inner[0](rows), inner[1](rows))
        for part in inner[2:]:
            combine(result, part(rows), out=result)
        return result

    return holds


def _field(predicate: Predicate, column: Column) -> Block:
    test = tester(predicate)
    passes = [test(reached) for reached in column.values]
    numbers = column.numbers
    if numbers is None:
        return _look_up(column, passes)
    every = _number_mask(predicate, numbers[:0])
    if isinstance(every, bool):
        return _look_up(column, [*passes, every])
    is_number = _look_up(column, [False] * len(passes) + [True])
    others = _look_up(column, [*passes, False]) if any(passes) else None

    def holds(rows: slice) -> Mask:
        mask = is_number(rows) & _number_mask(predicate, numbers[rows])
        return mask if others is None else mask | others(rows)

    return holds


def _is_list_of_texts(predicate: Predicate) -> TypeGuard[In | NotIn]:
    return (
        isinstance(predicate, In | NotIn)
        and not predicate.glob
        and len(predicate.values) > FEW
        and all(isinstance(value, str) for value in predicate.values)
    )


def _id_mask(predicate: In | NotIn, table: ItemTable) -> Mask:
    """Look the ids up instead of asking every row: an item has one id, and it is text."""
    rows = table.ids.rows_of(ItemIds.of(predicate.values))
    mask = np.zeros(len(table), dtype=bool)
    mask[rows[rows >= 0]] = True
    return np.logical_not(mask, out=mask) if isinstance(predicate, NotIn) else mask


def _look_up(column: Column, passes: list[bool]) -> Block:
    codes = column.codes
    accepted = [code for code, passed in enumerate(passes) if passed]
    refused = [code for code, passed in enumerate(passes) if not passed]
    if not accepted or not refused:
        every = not refused and bool(accepted)
        return lambda rows: np.full(rows.stop - rows.start, every)
    if len(accepted) <= FEW:
        return lambda rows: _any_of(codes[rows], accepted)
    if len(refused) <= FEW:
        return lambda rows: ~_any_of(codes[rows], refused)
    if codes.dtype == np.uint8:
        # Indexing by uint8 converts every index to a word first; translating bytes does not.
        table = bytes(passes) + bytes(256 - len(passes))
        return lambda rows: np.frombuffer(codes[rows].tobytes().translate(table), dtype=bool)
    chosen = np.array(passes, dtype=bool)
    return lambda rows: chosen[codes[rows]]


def _any_of(codes: Codes, wanted: list[int]) -> Mask:
    first, *others = wanted
    mask = np.asarray(codes == codes.dtype.type(first))
    for code in others:
        mask |= codes == codes.dtype.type(code)
    return mask


def _number_mask(predicate: Predicate, numbers: NDArray[np.float64]) -> Mask | bool:
    """Return which plain numbers satisfy a predicate, or one bool where all of them do or do not."""
    match predicate:
        case Equal(value):
            return _equal_numbers((value,), numbers)
        case In(values):
            return _equal_numbers(values, numbers)
        case NotEqual(value):
            return _negated(_equal_numbers((value,), numbers))
        case NotIn(values):
            return _negated(_equal_numbers(values, numbers))
        case Compare(operator, value):
            return _compare_numbers(operator, value, numbers)
        case Exists(wanted):
            return wanted
        case Element():
            return False
        case Every(predicates):
            result: Mask | bool = True
            for part in predicates:
                mask = _number_mask(part, numbers)
                result = mask if result is True else (result if mask is True else result & mask)
            return result


def _negated(mask: Mask | bool) -> Mask | bool:
    return not mask if isinstance(mask, bool) else ~mask


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal_numbers(values: tuple[Any, ...], numbers: NDArray[np.float64]) -> Mask | bool:
    # An integer that float64 cannot hold equals no plain number.
    wanted = [value for value in values if _is_number(value) and _fits(value)]
    if not wanted:
        return False
    if len(wanted) == 1:
        return np.asarray(numbers == wanted[0])
    return np.isin(numbers, np.array(wanted, dtype=np.float64))


def _fits(value: float) -> bool:
    return not isinstance(value, int) or abs(value) <= _EXACT or _float(value) == value


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _compare_numbers(operator: str, value: Any, numbers: NDArray[np.float64]) -> Mask | bool:
    if not _is_number(value):
        return False
    if not _fits(value):
        exact = Compare(operator, value)  # type: ignore[arg-type]
        return np.array([satisfies(exact, (number,)) for number in numbers.tolist()], dtype=bool)
    if operator == "$gt":
        return np.asarray(numbers > value)
    if operator == "$gte":
        return np.asarray(numbers >= value)
    if operator == "$lt":
        return np.asarray(numbers < value)
    return np.asarray(numbers <= value)


def _number_places(column: Column) -> dict[float, int] | None:
    """Return each number's place in the sort, where float64 cannot tell all of them apart; else None."""
    found = {reached[0] for reached in column.values if reached and _is_number(reached[0])}
    if all(map(_fits, found)):
        return None
    if column.numbers is not None:
        found.update(np.unique(column.numbers).tolist())
    return {number: place for place, number in enumerate(sorted(found))}


def _at(column: Column, rows: NDArray[np.int64]) -> Column:
    """Return the column of some rows alone, so that no value is looked at that none of them has."""
    used, codes = np.unique(column.codes[rows], return_inverse=True)
    values = tuple(column.values[code] for code in used.tolist() if code < len(column.values))
    numbers = None if column.numbers is None else column.numbers[rows]
    return Column(codes.ravel().astype(np.uint32), values, numbers)


def _sort_keys(column: Column, direction: Direction) -> list[NDArray[Any]]:
    """Return (value, kind) keys of the rows, the weightier last, as `numpy.lexsort` wants them."""
    texts = sorted({reached[0] for reached in column.values if reached and isinstance(reached[0], str)})
    rank = {text: place for place, text in enumerate(texts)}
    places = _number_places(column)
    kinds, values = np.zeros(len(column.values) + 1), np.zeros(len(column.values) + 1)
    for code, reached in enumerate(column.values):
        value = reached[0] if reached else None
        if value is None:
            continue
        if _is_number(value):
            kinds[code], values[code] = 1, value if places is None else places[value]
        elif isinstance(value, str):
            kinds[code], values[code] = 2, rank[value]
        else:
            kinds[code], values[code] = 3, float(value) if isinstance(value, bool) else 0
    kinds[-1] = 1
    codes = column.codes
    key = values[codes]
    if column.numbers is not None:
        numbers = column.numbers
        if places is not None:
            distinct, inverse = np.unique(numbers, return_inverse=True)
            numbers = np.array([places.get(number, 0) for number in distinct.tolist()])[inverse.ravel()]
        key = np.where(codes == column.number_code, numbers, key)
    sign = 1 if direction == "ascending" else -1
    return [sign * key, sign * kinds[codes]]
