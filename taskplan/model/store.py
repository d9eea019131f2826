"""What the command line needs of a place that keeps items: the port that the default backend fills."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from taskplan.model.entities import DatasetInfo
from taskplan.model.table import ItemTable

ExportFormat = Literal["items", "export"]
Progress = Callable[[int, int | None], None]
"""Called with (done, total or None) while long work runs."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Counts of an import: records read, and what became of them.

    `others` counts the items that the dataset has besides: an import takes nothing away.
    """

    dataset: str
    read: int
    added: int
    changed: int
    unchanged: int
    skipped: int
    skipped_file: Path | None = None
    others: int = 0


@dataclass(frozen=True, slots=True)
class PulledRef:
    """An item's place in a task of the platform, by ids."""

    item: str
    task: str
    assignment: str | None = None
    status: str | None = None
    creator: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class Mirror:
    """What a live platform has of a dataset besides its items, in its own documents.

    `assignments` are (task id, document); `items` are all ids of the dataset, to
    take away what is gone, or None where only a part of them was asked for.
    """

    project: Mapping[str, Any]
    dataset: Mapping[str, Any]
    members: Sequence[Mapping[str, Any]]
    recipes: Sequence[Mapping[str, Any]]
    tasks: Sequence[Mapping[str, Any]]
    assignments: Sequence[tuple[str, Mapping[str, Any]]]
    refs: Sequence[PulledRef]
    items: frozenset[str] | None


class ItemStore(Protocol):
    """A store of datasets that can be filled from files and read as item tables."""

    def import_path(
        self,
        path: Path,
        dataset: str,
        *,
        project: str = "local",
        format: str = "auto",
        skip_bad: bool = False,
        progress: Progress | None = None,
    ) -> ImportResult:
        """Import items, all or none (with `skip_bad`: all good ones); DataError names file and line."""

    def export(self, dataset: str, *, format: ExportFormat = "items") -> Iterator[bytes]:
        """Yield one JSON document an item, without line ends."""

    def datasets(self) -> tuple[DatasetInfo, ...]: ...

    def table(self, dataset: str | None = None, *, without: frozenset[str] = frozenset()) -> ItemTable:
        """Open a dataset's items; the only dataset where None. NotFoundError names the nearest.

        Refs that the operations with the keys `without` have made are left out.
        """

    def mirror(self, seen: Mirror) -> int:
        """Make tasks, assignments, members and recipes what a platform says; return items taken away."""

    def close(self) -> None: ...
