"""One part of a snapshot: its columns collected batch by batch, then written as one Parquet file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from taskplan.model.paths import REF_PATHS
from taskplan.model.snapshots.encoding import JSON, arrow_type, encode_leaves, encode_texts, joined
from taskplan.model.snapshots.flatten import FIELDS, Flattened
from taskplan.model.snapshots.identity import Content
from taskplan.model.snapshots.manifest import CONTENT, FORMAT, KEY, PART

DOCUMENT = "document"
ANNOTATIONS = "annotations"
MOST_COLUMNS = 256
"""Paths below ``metadata`` that are columns, the most frequent ones; others are read from the documents."""
_MOST_COLLECTED = 2_000
LONGEST = 64
"""Bytes of JSON text a row, on average, above which a path is left to the documents."""
_ROW_GROUP = 1 << 17
_ALWAYS = (*FIELDS, *REF_PATHS)
_encode = msgspec.json.Encoder().encode


class PartWriter:
    """Collects the documents of part `number`.

    `before` are the columns, with their kind, of the parts before: they are kept, so that the parts of a
    dataset that is alike throughout have one schema.
    """

    def __init__(self, number: int, before: Mapping[str, str], *, annotated: bool) -> None:
        self._number = number
        self._content = Content()
        self.rows = 0
        self.annotations = 0
        self._before = before
        self._annotated = annotated
        self._lengths: list[int] = []
        self._documents: list[Any] = []
        self._held: list[Any] = []
        self._chunks: dict[str, dict[int, tuple[str, Any]]] = {
            path: {} for path in dict.fromkeys((*_ALWAYS, *before))
        }
        self._objects: set[str] = set()
        self._lists: set[str] = set()

    def add(self, documents: Sequence[dict[str, Any]], annotations: Sequence[Sequence[bytes]]) -> None:
        """Add a batch of documents, and the texts of the annotations of each."""
        import pyarrow as pa

        flat = Flattened(documents)
        for path in flat.leaves:
            if path not in self._chunks and len(self._chunks) < _MOST_COLLECTED and self._is_new(path):
                self._chunks[path] = {}
        batch, count = len(self._lengths), len(documents)
        for path, chunks in self._chunks.items():
            if not flat.is_plain(path):
                chunks[batch] = encode_texts(flat.reached(path), count)
            elif path in flat.leaves:
                chunks[batch] = encode_leaves(*flat.leaves[path], count)
        self._objects |= flat.objects
        self._lists |= flat.lists
        self._lengths.append(count)
        self.rows += count
        texts = [_encode(document) for document in documents]
        self._content.add(texts, annotations)
        self._documents.append(pa.array(texts, type=pa.string()))
        if self._annotated:
            self._held.append(pa.array(annotations, type=pa.list_(pa.string())))
            self.annotations += sum(map(len, annotations))

    def write(self, file: Any) -> dict[str, str]:
        """Write the part to an open binary file and return the paths that are columns, with their kinds."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = self._columns()
        fields, arrays = [], []
        for path, (kind, array) in columns.items():
            marked = {KEY: JSON.encode()} if kind == JSON else None
            fields.append(pa.field(path, arrow_type(kind), metadata=marked))
            arrays.append(array)
        fields.append(pa.field(DOCUMENT, pa.string()))
        arrays.append(pa.chunked_array(self._documents, type=pa.string()))
        if self._annotated:
            fields.append(pa.field(ANNOTATIONS, pa.list_(pa.string())))
            arrays.append(pa.chunked_array(self._held, type=pa.list_(pa.string())))
        schema = pa.schema(
            fields, metadata={KEY: str(FORMAT), PART: str(self._number), CONTENT: self._content.digest()}
        )
        with pq.ParquetWriter(
            file,
            schema,
            compression="zstd",
            # Ids and filenames are all different: a dictionary of them would be begun in vain.
            use_dictionary=[path for path in columns if path not in ("id", "filename")],
            write_statistics=list(columns),
        ) as writer:
            writer.write_table(pa.table(arrays, schema=schema), row_group_size=_ROW_GROUP)
        return {path: kind for path, (kind, _) in columns.items()}

    def _is_new(self, path: str) -> bool:
        """Tell if batches before, which lack a path as a leaf, lack it altogether."""
        return path not in self._objects and not any(path.startswith(f"{found}.") for found in self._lists)

    def _columns(self) -> dict[str, tuple[str, Any]]:
        """Return the columns to write, kind and values, in the order in which they are written."""
        found: dict[str, tuple[str, Any]] = {}
        for path in sorted(self._chunks, key=self._rank):
            if len(found) == MOST_COLUMNS + len(_ALWAYS):
                break
            kind, array = joined(self._chunks[path], self._lengths)
            if not self._chunks[path] and path in self._before:
                kind = self._before[path]
                array = array.cast(arrow_type(kind))
            if kind != JSON or path in _ALWAYS or array.nbytes <= LONGEST * self.rows:
                found[path] = kind, array
        below = sorted(path for path in found if path not in FIELDS)
        return {path: found[path] for path in (*FIELDS, *below)}

    def _rank(self, path: str) -> tuple[bool, bool, int, str]:
        chunks = self._chunks[path].values()
        held = sum(len(array) - array.null_count for _, array in chunks)
        return path not in _ALWAYS, path not in self._before, -held, path
