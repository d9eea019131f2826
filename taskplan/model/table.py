"""Items as columns: what queries, strategies and fingerprints read.

A path such as ``metadata.user.scene`` *reaches* a tuple of values in each
document: none where it is absent, several where it runs through arrays. A
`Column` stores each distinct tuple once and one small code a row, so that a
predicate runs once per distinct value; plain numbers with many distinct values
are kept as float64 instead.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.model.fingerprint import Sums, Words, column_sums, places_within
from taskplan.model.ids import ItemIds

Json = Any
Document = Mapping[str, Any]
Reached = tuple[Json, ...]
ANNOTATIONS = "annotations:"
Codes = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Column:
    """The values that one path reaches, row by row.

    `codes` (uint8, uint16 or uint32, [n]) index `values`, the distinct tuples
    reached in order of first appearance. Where `numbers` (float64[n]) is given,
    a row whose code equals ``len(values)`` reaches exactly the number
    ``numbers[row]`` (never a bool, never an integer beyond 2**53); numbers of
    other rows are 0. `known_sums` are its sums (`taskplan.model.fingerprint`), where they are at hand.
    """

    codes: Codes
    values: tuple[Reached, ...]
    numbers: NDArray[np.float64] | None = None
    known_sums: Sums | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def number_code(self) -> int:
        """The code of rows that hold a plain number."""
        return len(self.values)

    def reached(self, row: int) -> Reached:
        """Return the tuple of values reached in `row`."""
        code = int(self.codes[row])
        if code == len(self.values):
            assert self.numbers is not None
            return (float(self.numbers[row]),)
        return self.values[code]

    def sums(self, places: Words | int = 0) -> Sums:
        """Return the sums over the values row by row, at `places` or from that row on."""
        return column_sums(self.codes, self.values, self.numbers, places)

    @cached_property
    def whole_sums(self) -> Sums:
        """The sums of the column of a whole table."""
        return self.sums() if self.known_sums is None else self.known_sums

    @property
    def exists_nowhere(self) -> bool:
        """True where no row reaches any value."""
        return self.numbers is None and all(value == () for value in self.values)


class DocumentTable(ABC):
    """Rows of documents with columns built on demand."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def column(self, path: str) -> Column:
        """Return the column of `path`; a path that exists nowhere gives a column of empty tuples."""

    def has(self, path: str) -> bool:
        """Tell if any document has something at a path."""
        return not self.column(path).exists_nowhere

    @abstractmethod
    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        """Yield whole documents, all or those at `rows`, in that order."""

    @abstractmethod
    def known_paths(self) -> tuple[str, ...]:
        """Return the paths seen in (a sample of) the documents, sorted."""


class AnnotationTable(DocumentTable):
    """The annotations of an item table; `item_rows` (int64[m], ascending) names each one's item."""

    @property
    @abstractmethod
    def item_rows(self) -> NDArray[np.int64]: ...


class ItemTable(DocumentTable):
    """The items of one dataset, in the order in which the store lists them."""

    project: str = ""
    dataset: str = ""
    dataset_id: str = ""

    @property
    @abstractmethod
    def ids(self) -> ItemIds: ...

    def ids_at(self, rows: NDArray[np.int64]) -> ItemIds:
        """Return the ids of some rows (int64[m]), in that order."""
        return self.ids.take(rows)

    @abstractmethod
    def annotations(self) -> AnnotationTable: ...

    def __len__(self) -> int:
        return len(self.ids)

    def fingerprint(self, paths: Iterable[str] = ()) -> str:
        """Digest the ids in their order and the columns at `paths`: the part of the snapshot in use.

        A path after ``annotations:`` is one of the annotations.
        """
        hasher = hashlib.sha256()
        hasher.update(f"{self.dataset}\n{len(self)}\n{_hex(self.id_sums())}".encode())
        for path in sorted(set(paths)):
            hasher.update(f"\n{path}={_hex(self.sums(path))}".encode())
        return f"rows:{hasher.hexdigest()}"

    def id_sums(self, first: int = 0) -> Sums:
        """Return the sums over the ids, as those of a part that begins with row `first` of the whole."""
        return self.ids.sums(first) if first else self.ids.whole_sums

    def sums(self, path: str, first: int = 0) -> Sums:
        """Return the sums over the column at `path`, which may be one of the annotations."""
        if not path.startswith(ANNOTATIONS):
            column = self.column(path)
            return column.sums(first) if first else column.whole_sums
        annotations = self.annotations()
        column = annotations.column(path.removeprefix(ANNOTATIONS))
        return column.sums(places_within(annotations.item_rows, first))


def _hex(sums: Sums) -> str:
    return f"{sums[0]:016x}{sums[1]:016x}"
