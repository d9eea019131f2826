"""Sums over rows that tell whether two snapshots hold the same, and that parts of a table add up to.

Each value is hashed to two 64-bit numbers, multiplied by an odd weight that depends on its row alone,
and summed modulo 2**64: the multilinear hash of Carter and Wegman (as in Lemire and Kaser, "Strongly
universal string hashing is fast", 2014). A sum does not depend on how rows are cut into parts or values
into codes, so that partitions, wherever they lie, give the sums of the whole. It finds changes, not
forgeries; what a plan says is protected by the plan's own digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Sums = tuple[int, int]
"""Two sums modulo 2**64."""
EMPTY: Sums = (0, 0)

_MASK = (1 << 64) - 1
_BLOCK = 1 << 15
"""Rows at once: what is in between stays in the processor's cache."""
_SALTS = (np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344))
_EXACT = 2**53
_OBJECT_ID = re.compile(r"[0-9a-f]{24}")


def add(parts: Iterable[Sums]) -> Sums:
    """Return the sums of a whole from those of its parts."""
    first = second = 0
    for one, other in parts:
        first, second = first + one, second + other
    return first & _MASK, second & _MASK


def column_sums(
    codes: NDArray[np.unsignedinteger[Any]],
    values: Sequence[tuple[Any, ...]],
    numbers: NDArray[np.float64] | None,
    places: Words | int = 0,
) -> Sums:
    """Return the sums of a column (see `taskplan.model.table.Column`).

    `places` (uint64[n]) stand for the rows; a number is the row of the first of rows that follow it.
    """
    tables = _value_hashes(values)
    total = [0, 0]
    for start in range(0, len(codes), _BLOCK):
        block = codes[start : start + _BLOCK]
        weights = _weights(places, start, len(block))
        if numbers is not None:
            plain = block == len(values)
            hashed = _number_hashes(numbers[start : start + _BLOCK])
        for index, table in enumerate(tables):
            found = table[block]
            if numbers is not None:
                found = np.where(plain, hashed[index], found)
            total[index] += int(np.dot(found, weights))
    return total[0] & _MASK, total[1] & _MASK


def packed_sums(packed: NDArray[np.uint8], first: int = 0) -> Sums:
    """Return the sums of ids of 24 hexadecimal digits, as bytes uint8[n, 12], from row `first` on."""
    total = [0, 0]
    for start in range(0, len(packed), _BLOCK):
        rows = np.ascontiguousarray(packed[start : start + _BLOCK])
        weights = _weights(first, start, len(rows))
        for index, hashed in enumerate(_packed_hashes(rows)):
            total[index] += int(np.dot(hashed, weights))
    return total[0] & _MASK, total[1] & _MASK


def text_sums(ids: Sequence[str], first: int = 0) -> Sums:
    """Return the sums of ids of any kind, from row `first` on: for those of 24 digits as `packed_sums`."""
    hashes = np.array([_id_hash(item) for item in ids], dtype=np.uint64).reshape(-1, 2).T
    weights = _weights(first, 0, len(ids))
    return int(np.dot(hashes[0], weights)), int(np.dot(hashes[1], weights))


def places_within(item_rows: NDArray[np.int64], first: int = 0) -> Words:
    """Return the places of annotations: of each the row of its item, and which of the item's it is.

    `item_rows` (int64[m], ascending) counts from `first` on.
    """
    starts = np.flatnonzero(np.diff(item_rows, prepend=-1))
    lengths = np.diff(starts, append=len(item_rows))
    ordinal = np.arange(len(item_rows)) - np.repeat(starts, lengths)
    return _mixed((item_rows + first).astype(np.uint64)) + ordinal.astype(np.uint64)


def _weights(places: Words | int, start: int, count: int) -> Words:
    if isinstance(places, int):
        at = np.arange(places + start, places + start + count, dtype=np.uint64)
    else:
        at = places[start : start + count]
    return _mixed(at) | np.uint64(1)


def _mixed(words: Words) -> Words:
    """Return every word mixed by the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    mixed = words + np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _value_hashes(values: Sequence[tuple[Any, ...]]) -> Words:
    """Return the two hashes of every distinct value, and of plain numbers none: uint64[2, v + 1]."""
    found = np.zeros((2, len(values) + 1), dtype=np.uint64)
    for place, reached in enumerate(values):
        found[:, place] = _value_hash(reached)
    return found


def _value_hash(reached: tuple[Any, ...]) -> Sequence[int]:
    if len(reached) == 1 and isinstance(reached[0], int | float) and not isinstance(reached[0], bool):
        number = alike(reached[0])
        if isinstance(number, float) or abs(number) <= _EXACT:
            # The same as where a column keeps its numbers apart.
            hashed = _number_hashes(np.array([number], dtype=np.float64))
            return int(hashed[0][0]), int(hashed[1][0])
    return _text_hash(msgspec.json.encode(alike(reached)))


def _text_hash(text: bytes) -> Sequence[int]:
    digest = hashlib.sha256(text).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:16], "little")


def alike(value: Any) -> Any:
    """Return a JSON value in which equal numbers are written alike, and tuples are lists."""
    if isinstance(value, dict):
        return {name: alike(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [alike(entry) for entry in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        number = float(value)
    except OverflowError:
        return value
    if number != value:
        return value
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number


def _number_hashes(numbers: NDArray[np.float64]) -> tuple[Words, Words]:
    # Adding 0.0 makes one zero of the two.
    words = (numbers + 0.0).view(np.uint64)
    return _mixed(words ^ _SALTS[1]), _mixed(words ^ _SALTS[0])


def _packed_hashes(rows: NDArray[np.uint8]) -> tuple[Words, Words]:
    high = np.ascontiguousarray(rows[:, :8]).view(np.dtype("<u8")).ravel().astype(np.uint64, copy=False)
    low = np.ascontiguousarray(rows[:, 4:]).view(np.dtype("<u8")).ravel().astype(np.uint64, copy=False)
    return _mixed(high ^ _mixed(low)), _mixed(low ^ _mixed(high ^ _SALTS[0]))


def _id_hash(item: str) -> Sequence[int]:
    if _OBJECT_ID.fullmatch(item):
        hashed = _packed_hashes(np.frombuffer(bytes.fromhex(item), dtype=np.uint8).reshape(1, 12))
        return int(hashed[0][0]), int(hashed[1][0])
    return _text_hash(item.encode(errors="surrogatepass"))
