"""Arrow columns as columns of an item table, in the form that `ColumnBuilder` gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.model.columns import MANY_NUMBERS, canonical, first_seen, narrow, with_numbers
from taskplan.model.ids import ItemIds
from taskplan.model.table import Column, Reached

_EXACT = 2**53
_LOOKED_AT = 4_096
"""Rows that mostly tell whether numbers are many."""
_decode_texts = msgspec.json.Decoder(list[Any]).decode
_NO_DIGIT = 255
_DIGITS = np.full(256, _NO_DIGIT, dtype=np.uint8)
_DIGITS[np.frombuffer(b"0123456789abcdef", dtype=np.uint8)] = np.arange(16)


def text_column(array: Any) -> Column:
    """Return the column of an Arrow array of strings, plain or dictionary-encoded; null is absent."""
    codes, values = _texts(array)
    reached: list[Reached] = [*((value,) for value in values), *_nothing(array)]
    used, codes = first_seen(codes, len(reached))
    return Column(narrow(codes, len(used)), tuple(reached[code] for code in used.tolist()))


def json_column(array: Any) -> Column:
    """Return the column of an Arrow array of JSON texts of the tuples reached; null is nothing reached."""
    codes, values = _texts(array)
    return assemble(codes, [*(tuple(_decode_texts(value)) for value in values), *_nothing(array)])


def bool_column(array: Any) -> Column:
    """Return the column of an Arrow array of bools; null is absent."""
    import pyarrow as pa

    codes, absent = numpy_of(_whole(array).cast(pa.uint8()))
    if absent is None:
        return assemble(codes, [(False,), (True,)])
    return assemble(np.where(absent, np.uint8(2), codes), [(False,), (True,), ()])


def number_column(array: Any) -> Column:
    """Return the column of an Arrow array of int64 or float64; null is absent."""
    array = _whole(array)
    amounts, absent = numpy_of(array)
    if absent is not None:
        amounts = np.where(absent, 0, amounts)
    whole = amounts.dtype.kind == "i"
    large = whole and len(amounts) and not -_EXACT <= int(amounts.min()) <= int(amounts.max()) <= _EXACT
    if not large and len(np.unique(amounts[:_LOOKED_AT])) > MANY_NUMBERS + 1:
        numbers = amounts.astype(np.float64)
        if absent is None:
            return Column(np.zeros(len(numbers), dtype=np.uint8), (), numbers + 0.0)
        present = ~absent
        return Column(present.astype(np.uint8), ((),), numbers + 0.0)
    encoded = array.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    codes = _indices(encoded.indices, len(values))
    return assemble(codes, [*((value,) for value in values), *_nothing(array)])


def assemble(codes: NDArray[Any], values: Sequence[Reached]) -> Column:
    """Return the column whose rows reach ``values[codes[row]]``.

    Values may be unused, stand in any order, and mean the same (``1`` and ``1.0``).
    """
    used, codes = first_seen(codes, len(values))
    return with_numbers(*_merged(codes, [values[code] for code in used.tolist()]))


def item_ids(array: Any) -> ItemIds:
    """Return the ids in an Arrow array of strings without nulls."""
    import pyarrow as pa

    parts = [_packed(chunk) for chunk in array.cast(pa.large_string()).chunks]
    if all(part is not None for part in parts):
        held = [part for part in parts if part is not None]
        return ItemIds(packed=np.concatenate([np.empty((0, 12), dtype=np.uint8), *held]))
    return ItemIds.of(array.to_pylist())


def _packed(chunk: Any) -> NDArray[np.uint8] | None:
    """Return ids of 24 hexadecimal digits as bytes uint8[n, 12]; None where one is something else."""
    _, offsets, data = chunk.buffers()
    count = len(chunk)
    if not count:
        return np.empty((0, 12), dtype=np.uint8)
    ends = np.frombuffer(offsets, dtype=np.int64)[chunk.offset : chunk.offset + count + 1]
    if int(ends[-1] - ends[0]) != 24 * count or not (np.diff(ends) == 24).all():
        return None
    text = np.frombuffer(data, dtype=np.uint8)[int(ends[0]) : int(ends[-1])].reshape(count, 24)
    digits = _DIGITS[text]
    if (digits == _NO_DIGIT).any():
        return None
    return (digits[:, ::2] << 4 | digits[:, 1::2]).astype(np.uint8, copy=False)


def _texts(array: Any) -> tuple[NDArray[Any], list[str]]:
    """Return codes and different texts of an array of strings; the code of null comes after all texts."""
    import pyarrow as pa

    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    if not array.num_chunks:
        return np.zeros(0, dtype=np.int32), []
    array = array.unify_dictionaries()
    values: list[str] = array.chunk(0).dictionary.to_pylist()
    if len(set(values)) < len(values) or None in values:
        # Arrow allows such a dictionary.
        return _texts(array.cast(array.type.value_type))
    return np.concatenate([_indices(chunk.indices, len(values)) for chunk in array.chunks]), values


def _nothing(array: Any) -> tuple[Reached, ...]:
    """Return what null reaches, where there is any."""
    return ((),) if array.null_count else ()


def _indices(indices: Any, absent: int) -> NDArray[Any]:
    """Return indices into a dictionary as numpy has them, `absent` for null."""
    found, missing = numpy_of(indices)
    # One more than the dictionary has must fit.
    return found if missing is None else np.where(missing, np.int64(absent), found)


def numpy_of(array: Any) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return the values of an Arrow array of numbers, anything where null, and which are null, if any.

    Arrow's own ways load pandas wherever that is installed.
    """
    count, start = len(array), array.offset
    dtype = np.dtype(array.type.to_pandas_dtype())
    valid, data = array.buffers()
    if not count:
        return np.zeros(0, dtype=dtype), None
    values = np.frombuffer(data, dtype=dtype, count=count, offset=start * dtype.itemsize)
    if not array.null_count:
        return values, None
    first = start // 8
    bits = np.frombuffer(valid, dtype=np.uint8, count=(start + count + 7) // 8 - first, offset=first)
    held = np.unpackbits(bits, bitorder="little")[start - 8 * first :][:count]
    return values, held == 0


def _whole(array: Any) -> Any:
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        combined = array.combine_chunks()
        return combined if not isinstance(combined, pa.ChunkedArray) else combined.chunk(0)
    return array


def _merged(codes: NDArray[Any], reached: Sequence[Reached]) -> tuple[NDArray[Any], list[Reached]]:
    index: dict[Any, int] = {}
    kept: list[Reached] = []
    target = np.empty(len(reached), dtype=np.int64)
    for old, value in enumerate(reached):
        key = canonical(value)
        new = index.get(key)
        if new is None:
            new = index[key] = len(kept)
            kept.append(value)
        target[old] = new
    if len(kept) == len(reached):
        return codes, kept
    return target[codes], kept
