"""Reading a Parquet file of a partition: some columns, some rows, and one clear line where it is damaged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskplan.errors import DataError, TaskplanError
from taskplan.model.snapshots.identity import USUAL, digest_of, read_footer
from taskplan.model.snapshots.partition import Partition
from taskplan.model.snapshots.places import Place, need_arrow

_BATCH = 8_192


class PartFile:
    """One Parquet file; it is open only while it is read, so that a thousand of them cost nothing.

    DataError where it is missing, damaged, or another file than that of its `partition`, each time that it
    is opened.
    """

    def __init__(self, location: str, file: str, partition: Partition | None = None) -> None:
        self._place = Place(location)
        self._file = file
        self._partition = partition
        self._schema: Any = None
        self._metadata: Any = None
        self._digest = ""
        self._footer_size = USUAL
        self._group: tuple[int, Sequence[str] | None, Any] | None = None
        self.source = self._place.source(file)

    @classmethod
    def of(cls, partition: Partition) -> PartFile:
        """Return the file of a partition."""
        return cls(partition.location, partition.file, partition)

    @property
    def schema(self) -> Any:
        """The Arrow schema."""
        if self._schema is None:
            with self.opened() as file:
                self._schema = file.schema_arrow
        return self._schema

    def count(self) -> tuple[int, str]:
        """Return the number of rows, as the file itself says, and its digest."""
        with self.opened() as file:
            return int(file.metadata.num_rows), self._digest

    @contextmanager
    def opened(self, dictionaries: Sequence[str] = ()) -> Iterator[Any]:
        """Open the file; columns in `dictionaries` are read dictionary-encoded."""
        arrow = need_arrow("reading a snapshot")
        with (
            self.speaking(),
            self._place.opened(self._file) as source,
            arrow.parquet.ParquetFile(
                source,
                metadata=self._read_metadata(source),
                read_dictionary=list(dictionaries),
                pre_buffer=not self._place.is_local,
            ) as file,
        ):
            if not dictionaries:
                # Such columns show as dictionaries there, which is not what the file has.
                self._schema = file.schema_arrow
            yield file

    def _read_metadata(self, source: Any) -> Any:
        """Return the metadata of the open file; DataError where it is not the file of the partition."""
        arrow = need_arrow("reading a snapshot")
        footer = read_footer(source, self._footer_size)
        digest = digest_of(footer)
        if digest != self._digest:
            # Of the very bytes that were looked at: what lies there may change at any time.
            self._metadata = arrow.parquet.read_metadata(arrow.BufferReader(footer))
            self._digest, self._footer_size = digest, len(footer)
        said = self._partition
        if said is None or said.digest == digest:
            return self._metadata
        rows = self._metadata.num_rows
        if said.annotations is None:
            what = (
                "is another file than before"
                if rows == said.rows
                else f"has {rows:,} rows, not {said.rows:,}"
            )
            raise DataError(what, source=self.source, hint="it was written over since it was opened")
        if rows != said.rows:
            raise DataError(f"has {rows:,} rows, the snapshot says {said.rows:,}", source=self.source)
        raise DataError(
            "is another file than the snapshot says",
            source=self.source,
            hint="files were mixed up, or it was written over meanwhile",
        )

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Say in one line what is wrong with the file."""
        arrow = need_arrow("reading a snapshot")
        try:
            yield
        except TaskplanError:
            raise
        except FileNotFoundError as error:
            raise DataError(
                "is missing", source=self.source, hint="it was there when its folder was opened"
            ) from error
        except (arrow.ArrowException, OSError, ValueError, LookupError, OverflowError) as error:
            what = (str(error).splitlines() or [type(error).__name__])[0]
            raise DataError(f"cannot be read as Parquet ({what})", source=self.source) from error

    def column(self, name: str, *, dictionary: bool = False) -> Any:
        """Return a whole column as a chunked Arrow array."""
        with self.opened([name] if dictionary else ()) as file:
            return file.read(columns=[name]).column(name)

    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        """Yield columns in batches of rows."""
        with self.opened() as file:
            yield from file.iter_batches(batch_size=_BATCH, columns=list(names))

    def texts(self, name: str) -> Iterator[list[bytes]]:
        """Yield a column of texts in batches, as bytes."""
        import pyarrow as pa

        for batch in self.batches([name]):
            yield batch.column(0).cast(pa.binary()).to_pylist()

    def texts_at(self, name: str, rows: Iterable[int]) -> dict[int, Any]:
        """Return the values of a column at some rows."""
        found: dict[int, Any] = {}
        for numbers, table in self.rows_at(np.unique(np.fromiter(rows, dtype=np.int64)), (name,)):
            found.update(zip(numbers.tolist(), table.column(name).to_pylist(), strict=True))
        return found

    def rows_at(
        self, rows: NDArray[np.int64], names: Sequence[str] | None = None
    ) -> Iterator[tuple[NDArray[np.int64], Any]]:
        """Yield numbers of ascending rows and an Arrow table of them; only their row groups are read."""
        if not len(rows):
            return
        with self.opened() as file:
            start = 0
            for number in range(file.metadata.num_row_groups):
                end = start + file.metadata.row_group(number).num_rows
                here = rows[(rows >= start) & (rows < end)]
                if len(here):
                    # Whoever asks for some rows asks for those after them next.
                    if self._group is None or self._group[:2] != (number, names):
                        self._group = number, names, file.read_row_group(number, columns=_listed(names))
                    yield here, self._group[2].take(here - start)
                start = end


def _listed(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names)
