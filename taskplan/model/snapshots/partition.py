"""A part of a snapshot, as a value that travels to where it is read, and the table that it is there."""

from __future__ import annotations

from dataclasses import dataclass

from taskplan.model.table import ItemTable


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows `first` to ``first + rows`` of a dataset, in one Parquet file of a folder.

    `number` counts the partitions; `digest` tells which file it is (see `identity`); `annotations` are the
    annotations of its items, or None where others wrote the file and nobody has counted them.
    """

    location: str
    file: str
    number: int
    first: int
    rows: int
    digest: str
    annotations: int | None
    project: str
    dataset: str
    dataset_id: str

    @property
    def source(self) -> str:
        """How messages call it."""
        return f"{self.location.rstrip('/')}/{self.file}"

    def table(self) -> ItemTable:
        """Return its items as a table that reads what it is asked for, when it is asked.

        DataError where the file is damaged, missing or another one than the snapshot says.
        """
        if self.annotations is None:
            from taskplan.model.snapshots.foreign import ForeignTable

            return ForeignTable(self)
        from taskplan.model.snapshots.part_table import PartTable

        return PartTable(self)
