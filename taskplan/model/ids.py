"""Item ids as one compact sequence.

The platform's ids are 24 hexadecimal digits (an ObjectId); a million of them
fit in 12 MB as bytes, in place of 80 MB as Python strings. Other ids (from a
CSV file, say) are kept as text. Both look alike from outside.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from taskplan.model.fingerprint import Sums, packed_sums, text_sums

_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
_MIX_HIGH = np.uint64(0x9E3779B97F4A7C15)
_MIX_LOW = np.uint64(0xC2B2AE3D27D4EB4F)


class ItemIds(Sequence[str]):
    """An immutable sequence of item ids.

    `packed` is uint8[n, 12] where every id is 24 lower-case hexadecimal digits;
    otherwise None and the ids are held as text.
    """

    __slots__ = ("_by_hash", "_sums", "_texts", "packed")

    def __init__(
        self,
        *,
        packed: NDArray[np.uint8] | None = None,
        texts: tuple[str, ...] | None = None,
        sums: Sums | None = None,
    ):
        if (packed is None) == (texts is None):
            raise ValueError("give either packed or texts")
        self.packed = packed
        self._texts = texts
        self._by_hash: _ByHash | None = None
        self._sums = sums

    @property
    def whole_sums(self) -> Sums:
        """The sums over the ids of a whole table (`taskplan.model.fingerprint`)."""
        if self._sums is None:
            self._sums = self.sums()
        return self._sums

    def sums(self, first: int = 0) -> Sums:
        """Return the sums over the ids, from row `first` on."""
        if self.packed is not None:
            return packed_sums(self.packed, first)
        return text_sums(self._texts or (), first)

    @classmethod
    def of(cls, ids: Iterable[str]) -> ItemIds:
        """Pack `ids`, keeping their order."""
        texts = tuple(ids)
        joined = "".join(texts)
        if len(joined) == 24 * len(texts) and all(map(_OBJECT_ID.fullmatch, texts)):
            packed = np.frombuffer(bytes.fromhex(joined), dtype=np.uint8).reshape(-1, 12)
            return cls(packed=packed)
        return cls(texts=texts)

    @classmethod
    def joined(cls, parts: Sequence[ItemIds]) -> ItemIds:
        """Return the ids of several sequences as one."""
        packed = [part.packed for part in parts if part.packed is not None and len(part)]
        if len(packed) == sum(len(part) > 0 for part in parts):
            whole = np.concatenate([np.zeros((0, 12), dtype=np.uint8), *packed])
            return cls(packed=whole)
        return cls.of(item for part in parts for item in part)

    def __len__(self) -> int:
        return len(self.packed) if self.packed is not None else len(self._texts or ())

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        if self.packed is not None:
            return self.packed[index].tobytes().hex()
        assert self._texts is not None
        return self._texts[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ItemIds):
            return NotImplemented
        if self.packed is not None and other.packed is not None:
            return np.array_equal(self.packed, other.packed)
        return len(self) == len(other) and self.tolist() == other.tolist()

    def __hash__(self) -> int:
        return hash(tuple(self.tolist()))

    def __repr__(self) -> str:
        return f"ItemIds({len(self)} ids, {'packed' if self.packed is not None else 'text'})"

    def tolist(self) -> list[str]:
        """Return the ids as a list of strings."""
        if self.packed is None:
            return list(self._texts or ())
        text = self.packed.tobytes().hex()
        return [text[start : start + 24] for start in range(0, len(text), 24)]

    def take(self, rows: NDArray[np.int64]) -> ItemIds:
        """Return the ids at `rows` (int64[m]), in that order."""
        if self.packed is not None:
            return ItemIds(packed=self.packed[rows])
        assert self._texts is not None
        texts = self._texts
        # Packed again where all that are taken can be: what is taken says nothing of the others.
        return ItemIds.of(texts[row] for row in rows.tolist())

    def rows_of(self, wanted: ItemIds) -> NDArray[np.int64]:
        """Return for each wanted id its position in this sequence, or -1: int64[len(wanted)]."""
        if self.packed is not None and wanted.packed is not None and len(self) and len(wanted):
            if self._by_hash is None:
                # Made once: an operation after another looks its items up in the same dataset.
                self._by_hash = _ByHash(self.packed)
            if self._by_hash.unique:
                return self._by_hash.rows_of(wanted.packed)
        index = {item_id: row for row, item_id in enumerate(self)}
        return np.fromiter((index.get(i, -1) for i in wanted), dtype=np.int64, count=len(wanted))

    @staticmethod
    def count_distinct(parts: Sequence[ItemIds]) -> int:
        """Return how many different ids the parts hold together."""
        packed = [part.packed for part in parts if len(part)]
        if not packed:
            return 0
        if any(rows is None for rows in packed):
            return len({item_id for part in parts for item_id in part})
        rows = np.ascontiguousarray(np.concatenate([rows for rows in packed if rows is not None]))
        high = np.ascontiguousarray(rows[:, :8]).view(np.uint64).ravel()
        low = np.ascontiguousarray(rows[:, 8:]).view(np.uint32).ravel()
        order = np.lexsort((low, high))
        high, low = high[order], low[order]
        return 1 + int(np.count_nonzero((high[1:] != high[:-1]) | (low[1:] != low[:-1])))

    def encode(self) -> tuple[str, str]:
        """Return (encoding name, text) from which `decode` restores the ids exactly."""
        if self.packed is not None:
            return "objectid+base64", binascii.b2a_base64(self.packed.tobytes(), newline=False).decode(
                "ascii"
            )
        joined = "\n".join(_escape(text) for text in self.tolist()).encode()
        return "lines+zlib+base64", base64.b64encode(zlib.compress(joined, 6)).decode("ascii")

    @classmethod
    def decode(cls, encoding: str, data: str, count: int) -> ItemIds:
        """Restore `count` ids from what `encode` gave; ValueError where the text does not fit."""
        raw = binascii.a2b_base64(data, strict_mode=True) if data else b""
        if encoding == "objectid+base64":
            if len(raw) != 12 * count:
                raise ValueError(f"expected {count} ids, found {len(raw) / 12:g}")
            return cls(packed=np.frombuffer(raw, dtype=np.uint8).reshape(-1, 12))
        if encoding == "lines+zlib+base64":
            text = zlib.decompress(raw).decode()
            texts = tuple(_unescape(line) for line in text.split("\n")) if count else ()
            if len(texts) != count:
                raise ValueError(f"expected {count} ids, found {len(texts)}")
            return cls(texts=texts)
        raise ValueError(f"unknown encoding {encoding!r}")


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _unescape(line: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], line)


def _hashes(packed: NDArray[np.uint8]) -> NDArray[np.uint64]:
    rows = np.ascontiguousarray(packed)
    high = np.ascontiguousarray(rows[:, :8]).view(np.uint64).ravel()
    low = np.ascontiguousarray(rows[:, 4:]).view(np.uint64).ravel()
    mixed: NDArray[np.uint64] = (high * _MIX_HIGH) ^ (low * _MIX_LOW)
    return mixed


class _ByHash:
    """Rows of packed ids by a 64-bit hash; where two ids share one, `unique` is false and it is of no use."""

    def __init__(self, packed: NDArray[np.uint8]) -> None:
        self._packed = packed
        hashes = _hashes(packed)
        self._order = np.argsort(hashes, kind="stable")
        self._ordered = hashes[self._order]
        self.unique = not bool((self._ordered[1:] == self._ordered[:-1]).any())

    def rows_of(self, wanted: NDArray[np.uint8]) -> NDArray[np.int64]:
        position = np.searchsorted(self._ordered, _hashes(wanted))
        position[position == len(self._ordered)] = 0
        rows = self._order[position].astype(np.int64)
        rows[(self._packed[rows] != wanted).any(axis=1)] = -1
        return rows
