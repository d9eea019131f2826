"""A snapshot says of every path, row by row, what the table says that it was written from."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.model.columns import build_column
from taskplan.model.memory import MemoryTable
from taskplan.model.snapshots import open_snapshot, part_writing, write_snapshot
from tests.model.snapshots.support import assert_same, assert_same_table, tables


class Copied:
    """A spread that copies pieces and results as a cluster does, and does the last first."""

    def map(self, function: Callable[[Any], Any], pieces: Iterable[Any]) -> Iterator[Any]:
        sent = [pickle.loads(pickle.dumps((function, piece))) for piece in pieces]
        done = [pickle.loads(pickle.dumps(action(piece))) for action, piece in reversed(sent)]
        return reversed(done)


@settings(max_examples=40)
@given(table=tables(max_items=6), rows=st.sampled_from((2, 3, 7)), batch=st.integers(1, 5))
def test_every_path_of_any_documents(table: MemoryTable, rows: int, batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_snapshot(table, f"{folder}/snap", rows=rows, batch=batch)
        found = open_snapshot(f"{folder}/snap", spread=Copied())
        assert_same_table(found, table)
        assert [part.rows for part in manifest.parts[:-1]] == [rows] * (len(manifest.parts) - 1)
        assert (found.project, found.dataset, found.dataset_id) == ("drawn", "drawn", "drawn")
        assert found.known_paths() == table.known_paths()
        for partition in found.partitions:
            own = partition.table()
            part = list(table.documents(range(partition.first, partition.first + partition.rows)))
            assert list(own.documents()) == part
            assert own.ids.tolist() == [document["id"] for document in part]


@given(table=tables(), rows=st.integers(1, 5), data=st.data())
@settings(max_examples=30)
def test_documents_in_any_order(table: MemoryTable, rows: int, data: st.DataObject) -> None:
    count, held = len(table), len(table.annotations())
    wanted = data.draw(st.lists(st.integers(0, count - 1), max_size=6) if count else st.just([]))
    noted = data.draw(st.lists(st.integers(0, held - 1), max_size=6) if held else st.just([]))
    with tempfile.TemporaryDirectory() as folder:
        write_snapshot(table, f"{folder}/snap", rows=rows)
        found = open_snapshot(f"{folder}/snap")
        assert list(found.documents(wanted)) == list(table.documents(wanted))
        assert list(found.annotations().documents(noted)) == list(table.annotations().documents(noted))


AMOUNTS: dict[str, Callable[[np.random.Generator], Any]] = {
    "floats": lambda rng: float(rng.normal()),
    "ints": lambda rng: int(rng.integers(0, 2_000)),
    "few": lambda rng: int(rng.integers(0, 20)),
    "zeros": lambda rng: rng.choice([-0.0, 0.0, 0]),
    "large": lambda rng: 2**53 + 2 * int(rng.integers(-2, 3)),
    "large floats": lambda rng: float(2**53 + 2 * int(rng.integers(-2, 3))),
    "larger": lambda rng: 2**62 + int(rng.integers(0, 400)),
    "largest": lambda rng: 2**64 + int(rng.integers(0, 3)),
    "text": lambda rng: str(rng.integers(0, 3)),
    "bools": lambda rng: bool(rng.integers(0, 2)),
    "null": lambda rng: None,
}


@pytest.mark.parametrize("seed", range(20))
def test_many_numbers_of_all_kinds(tmp_path: Path, seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    count = 1_500
    values: list[Any] = []
    while len(values) < count:
        # Runs, so that some parts are of one kind and others mixed.
        kinds = [*rng.choice(sorted(AMOUNTS), size=2).tolist(), "absent", "floats"]
        for kind in rng.choice(kinds, size=int(rng.choice([30, 400, 700]))).tolist():
            values.append((AMOUNTS[kind](rng),) if kind != "absent" else ())
    values = [tuple(v.item() if isinstance(v, np.generic) else v for v in value) for value in values[:count]]
    documents = [
        {"id": f"{row:024x}", "filename": "/a", "metadata": {"user": {"x": value[0]} if value else {}}}
        for row, value in enumerate(values)
    ]
    table = MemoryTable.from_documents(documents)
    write_snapshot(table, str(tmp_path / "snap"), rows=int(rng.integers(200, 1_600)), batch=300)
    assert_same(open_snapshot(str(tmp_path / "snap")).column("metadata.user.x"), build_column(values))


def test_more_paths_than_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_writing, "MOST_COLUMNS", 5)
    monkeypatch.setattr(part_writing, "_MOST_COLLECTED", 40)
    documents = [
        {"id": f"{row}", "filename": f"/{row}", "metadata": {"user": {f"k{row % 50}": row, "often": row % 3}}}
        for row in range(200)
    ]
    table = MemoryTable.from_documents(documents)
    manifest = write_snapshot(table, str(tmp_path / "snap"), rows=70, batch=20)
    chosen = [path for path in manifest.columns if path.startswith("metadata.user")]
    assert "metadata.user.often" in chosen
    assert len(chosen) == 5
    assert_same_table(open_snapshot(str(tmp_path / "snap")), table)


def test_long_lists_are_left_to_the_documents(tmp_path: Path) -> None:
    documents = [
        {"id": f"{row}", "filename": "/x", "metadata": {"user": {"v": list(range(90)), "tags": ["day"]}}}
        for row in range(10)
    ]
    table = MemoryTable.from_documents(documents)
    manifest = write_snapshot(table, str(tmp_path / "snap"))
    assert "metadata.user.tags" in manifest.columns
    assert "metadata.user.v" not in manifest.columns
    assert_same_table(open_snapshot(str(tmp_path / "snap")), table)


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    documents = [{"id": f"{row}", "filename": f"/{row}"} for row in range(10)]
    for name in ("one", "two"):
        write_snapshot(MemoryTable.from_documents(documents), str(tmp_path / name), rows=4)
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_hundreds_of_parts_are_opened_when_they_are_needed(tmp_path: Path) -> None:
    documents = [{"id": f"{row:024x}", "filename": f"/{row}"} for row in range(300)]
    table = MemoryTable.from_documents(documents)
    write_snapshot(table, str(tmp_path / "snap"), rows=1)
    for file in sorted((tmp_path / "snap").glob("part-*.parquet"))[1:]:
        file.write_bytes(b"")
    found = open_snapshot(str(tmp_path / "snap"))
    assert len(found) == 300
    assert next(iter(found.documents([0]))) == next(iter(table.documents([0])))
    assert found.partitions[0].table().column("filename").values == (("/0",),)


@pytest.mark.parametrize("first", [{"b": 1}, [{"b": 1}], None, 2])
@pytest.mark.parametrize("later", [{"b": 7}, 7, [7], {"b": {"c": 1}}])
def test_a_path_that_is_met_late_in_a_part(tmp_path: Path, first: Any, later: Any) -> None:
    values = [{"a": first}, {"a": first}, {"a": later}, {}]
    table = MemoryTable.from_documents(
        {"id": f"{row}", "filename": "/x", "metadata": {"user": value}} for row, value in enumerate(values)
    )
    write_snapshot(table, str(tmp_path / "snap"), batch=2)
    assert_same_table(open_snapshot(str(tmp_path / "snap")), table)
