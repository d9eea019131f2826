"""Values at a path as an Arrow column: natural where they are plain scalars of one kind, else JSON texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

JSON = "json"
EXACT = 2**53
_encode = msgspec.json.Encoder().encode


def arrow_type(kind: str) -> Any:
    """Return the Arrow type of a kind: ``string``, ``bool``, ``int``, ``float`` or ``json`` (texts)."""
    import pyarrow as pa

    return {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}.get(kind, pa.string())


def encode_leaves(rows: Sequence[int], values: Sequence[Any], count: int) -> tuple[str, Any]:
    """Return the kind of single values and their Arrow array of `count` rows, null in rows that have none."""
    import pyarrow as pa

    kind = _kind_of(values)
    if kind != JSON:
        try:
            return kind, _placed(pa.array(values, type=arrow_type(kind)), rows, count)
        except (OverflowError, pa.ArrowInvalid):
            # An integer beyond 64 bits.
            kind = JSON
    return kind, _placed(pa.array([_encode((v,)) for v in values], type=pa.string()), rows, count)


def encode_texts(reached: Iterable[tuple[int, bytes]], count: int) -> tuple[str, Any]:
    """Return JSON texts of tuples reached, by row, as an Arrow array of `count` rows."""
    import pyarrow as pa

    found = list(reached)
    return JSON, _placed(
        pa.array([text for _, text in found], type=pa.string()), [row for row, _ in found], count
    )


def joined(chunks: Mapping[int, tuple[str, Any]], lengths: Sequence[int]) -> tuple[str, Any]:
    """Return one kind for all batches of a column, and its chunked Arrow array.

    `chunks` are (kind, array) by batch, where a batch has any value; `lengths` are the rows of all batches.
    """
    import pyarrow as pa

    kind = _common({kind for kind, _ in chunks.values()}, [array for _, array in chunks.values()])
    parts = []
    for number, length in enumerate(lengths):
        if number not in chunks:
            parts.append(pa.nulls(length, arrow_type(kind)))
            continue
        own, array = chunks[number]
        if own == kind:
            parts.append(array)
        elif kind == "float":
            parts.append(array.cast(pa.float64()))
        else:
            texts = [None if value is None else _encode((value,)) for value in array.to_pylist()]
            parts.append(pa.array(texts, type=pa.string()))
    return kind, pa.chunked_array(parts, type=arrow_type(kind))


def _kind_of(values: Sequence[Any]) -> str:
    kinds = set(map(type, values))
    if kinds == {str}:
        return "string"
    if kinds == {bool}:
        return "bool"
    if kinds == {int}:
        return "int"
    if kinds <= {int, float}:
        numbers = np.array([v for v in values if type(v) is float])
        whole = [v for v in values if type(v) is int]
        # What float64 does not hold exactly stays as it is written.
        if np.isfinite(numbers).all() and (not whole or -EXACT <= min(whole) <= max(whole) <= EXACT):
            return "float"
    return JSON


def _common(kinds: set[str], arrays: Sequence[Any]) -> str:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not kinds:
        return "string"
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {"int", "float"}:
        for array in arrays:
            if pa.types.is_integer(array.type):
                bounds = pc.min_max(array).as_py()
                if not -EXACT <= bounds["min"] <= bounds["max"] <= EXACT:
                    return JSON
        return "float"
    return JSON


def _placed(array: Any, rows: Sequence[int], count: int) -> Any:
    """Return the values at their rows of `count`, null elsewhere."""
    import pyarrow as pa

    if len(rows) == count:
        return array
    places = np.zeros(count, dtype=np.int32)
    places[rows] = np.arange(len(rows), dtype=np.int32)
    absent = np.ones(count, dtype=bool)
    absent[rows] = False
    return array.take(pa.array(places, mask=absent))
