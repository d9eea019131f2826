"""Parquet files that others wrote hold the items that `taskplan import` reads out of them."""

from __future__ import annotations

import datetime as dt
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.errors import DataError, InputError
from taskplan.model.documents import complete
from taskplan.model.memory import MemoryTable
from taskplan.model.snapshots import is_snapshot, open_snapshot
from taskplan_sqlite.store.store import SqliteStore
from tests.model.snapshots.support import assert_same, assert_same_table

NAMES = ["/train/a.jpg", "b.jpg", "/c.jpg", "d/e.jpg", "/train/a.png", "f"]


def write(folder: Path, columns: dict[str, Any], parts: int = 2, **kinds: pa.DataType) -> Path:
    arrays = {name: pa.array(values, type=kinds.get(name)) for name, values in columns.items()}
    table = pa.table(arrays)
    folder.mkdir(exist_ok=True)
    step = -(-len(table) // parts)
    for number in range(parts):
        # Named so that text would sort them otherwise.
        pq.write_table(table.slice(number * step, step), folder / f"part-{number + 8}.parquet")
    return folder


def imported(tmp_path: Path, folder: Path) -> Any:
    """The same files, imported one after the other."""
    store = SqliteStore(tmp_path / "store.db", create=True)
    for file in sorted(folder.glob("*.parquet"), key=lambda path: int(path.stem.split("-")[1])):
        store.import_path(file, folder.name)
    return store.table(folder.name)


def assert_like_import(tmp_path: Path, folder: Path) -> None:
    expected, found = imported(tmp_path, folder), open_snapshot(str(folder))
    assert_same_table(found, expected)
    assert set(expected.known_paths()) <= set(found.known_paths())
    for path in found.known_paths():
        assert_same(found.column(path), expected.column(path), path)
    rows = [len(expected) - 1, 0, 0]
    assert list(found.documents(rows)) == list(expected.documents(rows))
    assert found.fingerprint(["dir", "metadata.user.score"]) == expected.fingerprint(
        ["dir", "metadata.user.score"]
    )


PLAIN = {
    "filename": NAMES,
    "score": [0.5, None, float("nan"), 1.0, float("inf"), -0.0],
    "count": [1, 2, 3, None, 5, 2**60],
    "scene": ["city", None, "city", "wood", "", "city"],
    "reviewed": [True, None, False, True, True, None],
    "metadata.system.size": [1, 1, 2, 3, 5, 8],
    "nothing": [None] * 6,
}
KINDS: dict[str, dict[str, Any]] = {
    "plain": PLAIN,
    "ids": {**PLAIN, "id": [f"{n:024x}" for n in range(6)]},
    "some ids": {**PLAIN, "id": ["x", None, "y", None, "zü", None]},
    "fields": {
        **PLAIN,
        "hidden": [True, None, False, None, None, True],
        "type": ["dir", None, None, "file", "x", None],
        "annotationsCount": [1, 0, 3, 2, 1, 9],
        "creator": ["a", None, "b", "a", None, None],
    },
    "sparse fields": {
        **PLAIN,
        "name": ["a", None, None, None, "x", None],
        "annotationsCount": [1, None, 3, None, 1, 0],
        "annotated": [None, True, False, None, None, None],
    },
    "times": {
        **PLAIN,
        "createdAt": [dt.datetime(2026, 1, 2, 3, 4, n, 600) for n in range(6)],
        "day": [dt.date(2026, 1, 2), None, *[dt.date(2026, 1, 3)] * 4],
        "zoned": [dt.datetime(2026, 1, 2, tzinfo=dt.UTC)] * 6,
        "clock": [dt.time(1, 2, 3)] * 6,
        "span": [dt.timedelta(seconds=1.5)] * 6,
        "price": [decimal.Decimal("1.10"), None, *[decimal.Decimal("2.00")] * 4],
    },
    "nested": {
        **PLAIN,
        "tags": [["day", "rain"], [], None, ["day"], ["x"], ["day"]],
        "box": [{"w": 1, "h": None}, None, {"w": 2, "h": 3}, None, None, {"w": 1, "h": 1}],
        "metadata.system.refs": [[{"id": "t", "type": "task"}], [], None, [], [], []],
    },
    "annotated": {
        **PLAIN,
        "annotations": [[{"id": "p", "label": "car"}], [], None, [{"id": "q", "label": "x"}], [], []],
    },
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parts", [1, 3])
def test_the_same_items_as_an_import(tmp_path: Path, kind: str, parts: int) -> None:
    assert_like_import(tmp_path, write(tmp_path / "set", KINDS[kind], parts))


def test_other_types_of_the_same_values(tmp_path: Path) -> None:
    columns = {
        **PLAIN,
        "nanos": [10**18 + n for n in range(6)],
        "small": [1, 2, None, 4, 5, 6],
        "half": [0.5, 1.5, None, 0.1, 0.25, 0.0],
        "wide": [2**64 - 1, 0, None, 1, 2, 3],
        "meta": [{"a": 1}] * 6,
    }
    folder = write(
        tmp_path / "set",
        columns,
        2,
        nanos=pa.timestamp("ns"),
        small=pa.uint8(),
        half=pa.float32(),
        wide=pa.uint64(),
        scene=pa.dictionary(pa.int8(), pa.string()),
        filename=pa.large_string(),
    )
    assert_like_import(tmp_path, folder)


def test_a_struct_as_metadata(tmp_path: Path) -> None:
    metadata = [{"user": {"score": n / 2, "tags": ["a"]}, "system": {"size": n}} for n in range(6)]
    assert_like_import(tmp_path, write(tmp_path / "set", {"filename": NAMES, "metadata": metadata}))


@settings(max_examples=40)
@given(data=st.data())
def test_columns_of_any_values(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 8))
    scalars = {
        "text": st.text(max_size=3),
        "whole": st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2),
        "real": st.floats(),
        "bools": st.booleans(),
        "list": st.lists(st.integers(0, 3), max_size=2),
    }
    columns: dict[str, Any] = {"filename": [f"/{row}" for row in range(size)]}
    for name, values in scalars.items():
        columns[name] = data.draw(st.lists(st.none() | values, min_size=size, max_size=size))
    folder = write(tmp_path_factory.mktemp("any") / "set", columns, data.draw(st.integers(1, 3)))
    found = open_snapshot(str(folder))
    expected = MemoryTable.from_documents(
        (complete(document) for document in found.documents()), dataset="set"
    )
    assert_same_table(found, expected)
    if data.draw(st.integers(0, 9)) == 0:
        assert_like_import(folder.parent, folder)


def test_many_values(tmp_path: Path) -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    columns = {
        "filename": [f"/{row % 13}/{row}" for row in range(3_000)],
        "score": rng.normal(size=3_000).round(3),
        "size": rng.integers(0, 2**40, 3_000),
    }
    assert_like_import(tmp_path, write(tmp_path / "set", columns, 3))


@pytest.mark.parametrize("library", ["pandas", "polars", "dask"])
def test_files_of_other_libraries(tmp_path: Path, library: str) -> None:
    columns = {
        "filename": [f"/{n}.jpg" for n in range(40)],
        "score": np.arange(40) / 2,
        "scene": ["city", None] * 20,
        "createdAt": [dt.datetime(2026, 1, 2, 3, n) for n in range(40)],
    }
    folder = tmp_path / "set"
    folder.mkdir()
    if library == "polars":
        polars = pytest.importorskip("polars")
        frame = polars.DataFrame({k: list(v) for k, v in columns.items()})
        for part in range(11):
            frame[part * 4 : part * 4 + 4].write_parquet(folder / f"part-{part}.parquet")
    else:
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame(columns)
        if library == "pandas":
            for part in range(11):
                frame[part * 4 : part * 4 + 4].to_parquet(folder / f"part-{part}.parquet", index=False)
        else:
            dask = pytest.importorskip("dask.dataframe")
            dask.from_pandas(frame, npartitions=3).to_parquet(
                folder,
                write_index=False,
                write_metadata_file=True,
                name_function=lambda number: f"part-{number}.parquet",
            )
    (folder / "_SUCCESS").write_bytes(b"")
    assert is_snapshot(str(folder))
    assert [ids[0] for ids in open_snapshot(str(folder)).column("filename").values] == list(
        columns["filename"]
    )
    assert_like_import(tmp_path, folder)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"name": ["a"]}, 'has no column "filename" (found "name")'),
        ({"filename": ["/a", None]}, 'part-8.parquet:2: has no "filename"'),
        ({"filename": ["/a"], "id": [7]}, "part-8.parquet:1 id: expected text, got 7"),
        ({"filename": ["/a", "/b"], "id": ["x", ""]}, 'part-8.parquet:2 id: expected text, got ""'),
        (
            {"filename": ["/a", "/b"], "id": ["x", "\0"]},
            'part-8.parquet:2 id: expected text, got "\\u0000"',
        ),
        ({"filename": ["/a"], "hidden": ["no"]}, 'hidden: expected true or false, got "no"'),
        ({"filename": ["/a"], "annotationsCount": [-1]}, "annotationsCount: expected a whole number ≥ 0"),
        ({"filename": ["/a"], "metadata": ["x"]}, 'metadata: expected an object, got "x"'),
        ({"filename": ["/a"], "metadata.system": ["x"]}, 'metadata.system: expected an object, got "x"'),
        ({"filename": ["/a", "/a"]}, "is twice"),
    ],
)
def test_what_is_no_item_is_told_with_the_ids(tmp_path: Path, columns: dict[str, Any], told: str) -> None:
    folder = write(tmp_path / "set", columns, 1)
    with pytest.raises(DataError) as caught:
        _ = open_snapshot(str(folder)).ids
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_id_in_two_files(tmp_path: Path) -> None:
    ids = [f"{n:024x}" for n in (1, 2, 3, 1)]
    folder = write(tmp_path / "set", {"filename": ["/a", "/b", "/c", "/d"], "id": ids})
    with pytest.raises(DataError) as caught:
        _ = open_snapshot(str(folder)).ids
    assert str(caught.value) == f'{folder}/part-9.parquet: the id "{ids[0]}" is in part-8.parquet too'


def test_empty_files_and_empty_folders(tmp_path: Path) -> None:
    folder = write(tmp_path / "set", {"filename": ["/a", "/b"]}, 1)
    empty = pq.read_table(folder / "part-8.parquet").slice(0, 0)
    for name in ("part-0", "part-9"):
        pq.write_table(empty, folder / f"{name}.parquet")
    assert_like_import(tmp_path, folder)
    (tmp_path / "none").mkdir()
    assert not is_snapshot(str(folder / "part-8.parquet"))
    # Nobody means a dataset without items by it.
    assert is_snapshot(str(tmp_path / "none"))
    with pytest.raises(InputError, match="none: is an empty folder, expected a snapshot or Parquet files"):
        open_snapshot(str(tmp_path / "none"))
    (tmp_path / "none" / "photo.jpg").write_bytes(b"")
    assert not is_snapshot(str(tmp_path / "none"))
    with pytest.raises(InputError, match="none: has no Parquet files"):
        open_snapshot(str(tmp_path / "none"))


def test_a_name_for_the_dataset(tmp_path: Path) -> None:
    folder = write(tmp_path / "set", {"filename": NAMES})
    found = open_snapshot(str(folder), dataset="cars")
    assert (found.project, found.dataset, found.dataset_id) == ("local", "cars", "cars")
    assert {partition.dataset for partition in found.partitions} == {"cars"}
    # Ids that are made come of the name of the dataset.
    assert found.ids != open_snapshot(str(folder)).ids
    store = SqliteStore(tmp_path / "store.db", create=True)
    for file in sorted(folder.iterdir(), key=lambda path: int(path.stem.split("-")[1])):
        store.import_path(file, "cars")
    assert_same_table(found, store.table("cars"))


def test_a_file_that_is_written_over_is_noticed(tmp_path: Path) -> None:
    folder = write(tmp_path / "set", {"filename": NAMES, "score": [1, 2, 3, 4, 5, 6]})
    table = open_snapshot(str(folder))
    held = table.partitions[1].table()
    assert held.column("filename").values == tuple(
        (name if name[0] == "/" else f"/{name}",) for name in NAMES[3:]
    )
    file = folder / "part-9.parquet"
    same, rows = file.read_bytes(), pq.read_table(file)
    file.write_bytes(same)
    assert len(held.column("name").values) == 3
    for changed, told in (
        (rows.set_column(1, "score", pa.array([4, 5, 7])), "is another file than before"),
        (rows.slice(1), "has 2 rows, not 3"),
    ):
        pq.write_table(changed, file)
        for read in (held, table, table.partitions[1].table()):
            with pytest.raises(DataError) as caught:
                read.column("metadata.user.score")
            assert str(caught.value) == f"{file}: {told}; it was written over since it was opened"
    file.unlink()
    with pytest.raises(DataError, match="is missing; it was there when its folder was opened"):
        held.column("metadata.user.score")
