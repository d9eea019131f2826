"""An item table made of documents in memory: for Python users, and the reference in tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import DataError
from taskplan.model.columns import build_column
from taskplan.model.documents import complete, item_from_export
from taskplan.model.ids import ItemIds
from taskplan.model.paths import REF_PATHS, paths_of, reach
from taskplan.model.table import AnnotationTable, Column, DocumentTable, ItemTable


class _Documents(DocumentTable):
    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self._documents = documents
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self._documents)

    def column(self, path: str) -> Column:
        found = self._columns.get(path)
        if found is None:
            found = build_column(reach(document, path) for document in self._documents)
            self._columns[path] = found
        return found

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        if rows is None:
            yield from self._documents
        else:
            yield from (self._documents[row] for row in rows)

    def known_paths(self) -> tuple[str, ...]:
        return tuple(sorted({path for document in self._documents for path in paths_of(document)}))


class MemoryAnnotations(_Documents, AnnotationTable):
    """Annotation documents in memory."""

    def __init__(self, documents: list[dict[str, Any]], item_rows: NDArray[np.int64]) -> None:
        super().__init__(documents)
        self._item_rows = item_rows

    @property
    def item_rows(self) -> NDArray[np.int64]:
        return self._item_rows


class MemoryTable(_Documents, ItemTable):
    """Item documents in memory, as columns."""

    def __init__(
        self, documents: list[dict[str, Any]], annotations: MemoryAnnotations, *, dataset: str, project: str
    ) -> None:
        super().__init__(documents)
        self._annotations = annotations
        self._ids = ItemIds.of(document["id"] for document in documents)
        self.dataset = self.dataset_id = dataset
        self.project = project

    @classmethod
    def from_documents(
        cls, documents: Iterable[Mapping[str, Any]], *, dataset: str = "memory", project: str = "local"
    ) -> MemoryTable:
        """Make a table of item documents, or of export documents; each may hold its ``annotations``.

        DataError for a document without a text ``id``, or an id that comes twice.
        """
        items: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        rows: list[int] = []
        seen: set[str] = set()
        for row, source in enumerate(documents):
            exported = "_id" in source and "id" not in source
            document = complete(
                {**item_from_export(source), "annotations": source.get("annotations", [])}
                if exported
                else source
            )
            item_id = document.get("id")
            if not isinstance(item_id, str) or item_id in seen:
                problem = (
                    "comes twice" if item_id in seen else "is missing" if item_id is None else "is not text"
                )
                raise DataError(f"the id {problem}", source="documents", path=f"[{row}].id")
            seen.add(item_id)
            held = document.pop("annotations", [])
            items.append(document)
            annotations += held
            rows += [row] * len(held)
        table = MemoryAnnotations(annotations, np.array(rows, dtype=np.int64))
        return cls(items, table, dataset=dataset, project=project)

    @property
    def ids(self) -> ItemIds:
        return self._ids

    def known_paths(self) -> tuple[str, ...]:
        return tuple(sorted({*super().known_paths(), *REF_PATHS}))

    def annotations(self) -> MemoryAnnotations:
        return self._annotations
