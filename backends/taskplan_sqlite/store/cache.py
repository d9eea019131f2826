"""Finished columns in a folder beside the store, so that a second start parses no document.

The folder may be deleted at any time. Each entry is a folder of its own, written
under another name and renamed when complete, below a folder named after the
version of what it was made from; folders of other versions are removed. Arrays
are mapped into memory, and checked against a sum that was kept with them.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from taskplan.model.columns import narrow
from taskplan.model.fingerprint import Sums
from taskplan.model.table import Column, Reached

T = TypeVar("T")
_decode_values = msgspec.json.Decoder(tuple[tuple[Any, ...], ...]).decode
_ROW_SUMS = ("rows_1", "rows_2")
_UNREADABLE = (OSError, ValueError, EOFError, msgspec.MsgspecError)
"""What reading a damaged or vanished entry raises."""


class ColumnCache:
    """Entries of one version of one dataset."""

    def __init__(self, folder: Path, *version: str) -> None:
        self._root = folder
        self._version = version
        self._folder = folder.joinpath(*version)

    def column(self, name: str, rows: int) -> Column | None:
        """Return a column of `rows` rows, None where there is none or it is damaged."""
        return self._read(name, lambda entry: _column(entry, rows))

    def put_column(self, name: str, column: Column) -> None:
        """Keep a column."""
        arrays: dict[str, NDArray[Any]] = {"codes": column.codes}
        if column.numbers is not None:
            arrays["numbers"] = column.numbers
        self.put(name, arrays, msgspec.json.encode(column.values), column.whole_sums)

    def array(self, name: str) -> NDArray[Any] | None:
        """Return an array, None where there is none or it is damaged."""
        return self._read(name, lambda entry: _array(entry, "codes"))

    def row_sums(self, name: str) -> Sums | None:
        """Return the sums over the rows that were kept with an entry, None where there are none."""
        return self._read(name, lambda entry: _row_sums(_sums(entry)))

    def text(self, name: str) -> bytes | None:
        """Return a text, None where there is none."""
        return self._read(name, _text)

    def _read(self, name: str, read: Callable[[Path], T]) -> T | None:
        entry = self._entry(name)
        if not entry.is_dir():
            return None
        try:
            return read(entry)
        except _UNREADABLE:
            # Damaged: it is made again, from the documents.
            shutil.rmtree(entry, ignore_errors=True)
            return None

    def put(
        self,
        name: str,
        arrays: Mapping[str, NDArray[Any]],
        text: bytes = b"",
        row_sums: Sums | None = None,
    ) -> None:
        """Keep arrays and a text under one name; where the folder cannot be written nothing is kept.

        `row_sums` are those of `taskplan.model.fingerprint`.
        """
        entry = self._entry(name)
        try:
            self._remove_other_versions()
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder))
        except OSError:
            # A store on a read-only place is used without a cache.
            return
        try:
            sums = {kind: _sum(array) for kind, array in arrays.items()}
            for kind, array in arrays.items():
                np.save(temporary / f"{kind}.npy", array)
            (temporary / "values.json").write_bytes(text)
            sums["values"] = zlib.crc32(text)
            if row_sums is not None:
                sums |= zip(_ROW_SUMS, row_sums, strict=True)
                sums["rows"] = _sum_of_sums(row_sums)
            (temporary / "sums.json").write_bytes(msgspec.json.encode(sums))
            temporary.rename(entry)
        except OSError:
            # The disk is full, or another process was first with the same entry.
            shutil.rmtree(temporary, ignore_errors=True)

    def _entry(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:24]

    def _remove_other_versions(self) -> None:
        if self._folder.is_dir():
            return
        folder = self._root
        for depth, version in enumerate(self._version):
            if folder.is_dir():
                for other in folder.iterdir():
                    # Below the first level lie entries of the same documents beside versions of the refs.
                    if other.name != version and (depth == 0 or other.name.startswith("refs-")):
                        shutil.rmtree(other, ignore_errors=True)
            folder = folder / version


def _array(entry: Path, kind: str) -> NDArray[Any]:
    mapped = np.load(entry / f"{kind}.npy", mmap_mode="r", allow_pickle=False)
    _check(entry, kind, _sum(mapped))
    # The base class: the same mapped bytes without numpy.memmap's slow slices.
    return np.asarray(mapped).view(np.ndarray)


def _sum(array: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(array).data)


def _text(entry: Path) -> bytes:
    text = (entry / "values.json").read_bytes()
    _check(entry, "values", zlib.crc32(text))
    return text


def _check(entry: Path, kind: str, found: int) -> None:
    """Raise ValueError where content is not what was kept: a disk or a power cut may change it."""
    if _sums(entry).get(kind) != found:
        raise ValueError(f"{kind} was damaged")


def _sums(entry: Path) -> dict[str, int]:
    return msgspec.json.decode((entry / "sums.json").read_bytes(), type=dict[str, int])


def _row_sums(sums: Mapping[str, int]) -> Sums | None:
    first, second = (sums.get(name) for name in _ROW_SUMS)
    if first is None or second is None or sums.get("rows") != _sum_of_sums((first, second)):
        # They are told again from the rows, which takes less than making these again.
        return None
    return first, second


def _sum_of_sums(sums: Sums) -> int:
    return zlib.crc32(f"{sums[0]},{sums[1]}".encode())


def _column(entry: Path, rows: int) -> Column:
    codes = _array(entry, "codes")
    values: tuple[Reached, ...] = _decode_values(_text(entry))
    numbers = _array(entry, "numbers") if (entry / "numbers.npy").exists() else None
    distinct = len(values) + (numbers is not None)
    if codes.shape != (rows,) or codes.dtype != narrow(codes[:0], distinct).dtype:
        raise ValueError("the codes do not fit the table")
    if rows and int(codes.max()) >= distinct:
        raise ValueError("a code has no value")
    if numbers is not None and (numbers.shape != (rows,) or numbers.dtype != np.float64):
        raise ValueError("the numbers do not fit the table")
    return Column(codes, values, numbers, _row_sums(_sums(entry)))
