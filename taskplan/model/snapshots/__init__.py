"""Snapshots: a dataset as a folder of Parquet files, here or in an object store (extra ``parquet``).

A snapshot is read part by part and column by column, here or on many machines. Folders of Parquet
files that other programs wrote are read alike.
"""

from __future__ import annotations

from taskplan.model.snapshots.opening import is_snapshot, open_snapshot
from taskplan.model.snapshots.partition import Partition
from taskplan.model.snapshots.partitioned import PartitionedTable
from taskplan.model.snapshots.writing import write_snapshot

__all__ = ["Partition", "PartitionedTable", "is_snapshot", "open_snapshot", "write_snapshot"]
