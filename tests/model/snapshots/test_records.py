"""A snapshot goes back into a store as it came out of one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskplan.errors import InputError
from taskplan.model.memory import MemoryTable
from taskplan.model.snapshots import write_snapshot
from taskplan.model.snapshots.manifest import UNFINISHED
from taskplan.model.snapshots.records import is_importable
from taskplan.testing.strategies import snapshots
from taskplan_sqlite.store.store import SqliteStore


def imported(folder: Path, source: Path) -> SqliteStore:
    store = SqliteStore(folder / "s.db", create=True)
    store.import_path(source, "drawn", project="drawn")
    return store


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(snapshots(max_items=9), st.integers(1, 5))
def test_imported_again_it_is_the_same(table: MemoryTable, rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_snapshot(table, str(folder / "snap"), rows=rows)
        store = imported(folder, folder / "snap")
        found = store.table()
        annotations = table.annotations()
        paths = [*table.known_paths(), *(f"annotations:{path}" for path in annotations.known_paths())]
        assert found.fingerprint(paths) == table.fingerprint(paths)
        assert list(found.annotations().documents()) == list(annotations.documents())
        store.close()


def test_a_folder_of_parquet_files_of_others(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in (9, 10):
        pq.write_table(pa.table({"filename": [f"/{number}.jpg"]}), folder / f"part-{number}.parquet")
    store = imported(tmp_path, folder)
    assert [document["filename"] for document in store.table().documents()] == ["/9.jpg", "/10.jpg"]
    store.close()


def test_folders_named_by_a_column_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine" / "year=2024").mkdir(parents=True)
    pq.write_table(pa.table({"filename": ["/a.jpg"]}), tmp_path / "mine" / "year=2024" / "a.parquet")
    with pytest.raises(InputError, match=r"folders below it, such as year=2024, are not read"):
        imported(tmp_path, tmp_path / "mine")


def test_a_folder_with_other_files_is_a_folder_of_files(tmp_path: Path) -> None:
    pq.write_table(pa.table({"filename": ["/a.jpg"]}), tmp_path / "a.parquet")
    assert is_importable(tmp_path)
    (tmp_path / "b.jpg").write_bytes(b"")
    assert not is_importable(tmp_path)
    assert not is_importable(tmp_path / "a.parquet")
    (tmp_path / "none").mkdir()
    assert not is_importable(tmp_path / "none")
    (tmp_path / "none" / UNFINISHED).write_bytes(b"")
    assert is_importable(tmp_path / "none")
