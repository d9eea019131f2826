"""The stored columns are those of the documents in memory, whatever the documents are."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.errors import BackendError
from taskplan.model.columns import build_column
from taskplan.model.documents import complete
from taskplan.model.memory import MemoryTable
from taskplan.model.paths import paths_of, reach
from taskplan.model.table import Column, DocumentTable
from taskplan_sqlite.store.store import SqliteStore

NAMES = st.sampled_from(["a", "b", "0", "scene", "refs", "system", "user", "é"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "1", "ü"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
REFS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["t1", "t2"]), "type": st.sampled_from(["task", "assignment"])},
        optional={"metadata": st.dictionaries(st.sampled_from(["status", "creator"]), LEAVES, max_size=2)},
    ),
    max_size=2,
)
SYSTEM = st.fixed_dictionaries(
    {},
    optional={"refs": REFS | LEAVES | st.lists(LEAVES, max_size=2), "size": st.integers(0, 9), "a": VALUES},
)
METADATA = st.fixed_dictionaries({}, optional={"system": SYSTEM | st.none(), "user": VALUES, "a": VALUES})


@st.composite
def items(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 5))):
        optional = {
            "name": st.sampled_from(["n", "é"]) | st.none(),
            "dir": st.sampled_from(["/", "/a"]),
            "type": st.sampled_from(["file", "dir"]),
            "hidden": st.booleans() | st.none(),
            "annotated": st.booleans(),
            "annotationsCount": st.integers(0, 3) | st.none(),
            "metadata": METADATA | st.none(),
            "a": VALUES,
            "annotations": st.lists(st.dictionaries(NAMES, VALUES, max_size=2), max_size=2),
        }
        document = draw(st.fixed_dictionaries({}, optional=optional))
        folder = draw(st.sampled_from(["/", "/a/", "/a/b/"]))
        found.append({"id": f"{number:024x}", "filename": f"{folder}{number}.jpg", **document})
    return found


def same_column(one: Column, other: Column) -> None:
    assert one.sums() == other.sums()
    assert [one.reached(row) for row in range(len(one))] == [other.reached(row) for row in range(len(other))]


def same_columns(stored: DocumentTable, memory: DocumentTable, paths: set[str]) -> None:
    for path in sorted(paths):
        same_column(stored.column(path), memory.column(path))


def paths_in(documents: list[dict[str, Any]]) -> set[str]:
    found = {path for document in documents for path in paths_of(document)}
    found |= {f"{path}.0" for path in list(found)} | {f"{path}.a" for path in list(found)}
    found |= {
        "metadata.system.refs.type",
        "metadata.system.refs.0.id",
        "metadata.system.refs.metadata.status",
    }
    return found | {"absent", "absent.too"}


def stored(documents: list[dict[str, Any]], folder: Path) -> SqliteStore:
    source = folder / "items.ndjson"
    source.write_text(
        "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents), "utf-8"
    )
    store = SqliteStore(folder / "s.db", create=True)
    store.import_path(source, "d")
    return store


@settings(max_examples=20)
@given(items())
def test_columns_equal_those_of_the_documents(documents: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = stored(documents, Path(folder))
        table = store.table()
        completed = [complete(document) for document in documents]
        for document in completed:
            document.pop("annotations", None)
        assert list(table.documents()) == completed
        paths = paths_in(completed)
        for path in sorted(paths):
            same_column(table.column(path), build_column(reach(document, path) for document in completed))
        memory = MemoryTable.from_documents(documents)
        together = store.table()
        together.prefetch(paths)
        again = store.table()
        same_columns(together, memory, paths)
        same_columns(again, memory, paths)
        assert again.ids == memory.ids
        mine, theirs = again.annotations(), memory.annotations()
        assert mine.item_rows.tolist() == theirs.item_rows.tolist()
        assert list(mine.documents()) == list(theirs.documents())
        same_columns(mine, theirs, {path for a in theirs.documents() for path in paths_of(a)} | {"absent"})
        store.close()


@given(
    items(), st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["t1", "t9"]), st.booleans()), max_size=6)
)
def test_columns_hold_the_refs_of_local_work(
    documents: list[dict[str, Any]], work: list[tuple[int, str, bool]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = stored(documents, Path(folder))
        before = store.table()
        before.prefetch(["metadata.system.refs.type"])
        with store.write() as connection:
            for row, task, assigned in work:
                if row < len(documents):
                    connection.execute(
                        "INSERT OR IGNORE INTO refs (item, task, assignment, operation, status) "
                        "VALUES (?, ?, ?, ?, ?)",
                        (
                            row + 1,
                            task,
                            "a1" if assigned else None,
                            f"make {task}",
                            "done" if assigned else None,
                        ),
                    )
            store.touch_refs(store.dataset_pk("d"))
        table = store.table()
        completed = list(table.documents())
        memory = MemoryTable.from_documents(completed)
        # Only what lies below metadata can differ from the other property.
        paths = {path for path in paths_in(completed) if path.startswith("metadata")}
        same_columns(table, memory, paths)
        same_columns(store.table(), memory, paths)
        assert list(table.documents(range(len(table)))) == completed
        bare = store.table(without=frozenset({"make t1", "make t9"}))
        plain = MemoryTable.from_documents(documents)
        same_columns(bare, plain, paths)
        store.close()


@pytest.mark.parametrize("name", ['a"b', "a\\\\b", "a\\tb", "ü", "a b", "$a", "1"])
def test_a_path_of_any_name_is_read(name: str, tmp_path: Path) -> None:
    document = {"id": "a", "filename": "/a", "metadata": {"user": {name: 5}}}
    (tmp_path / "odd.ndjson").write_text(json.dumps(document), encoding="utf-8")
    store = SqliteStore(tmp_path / "odd.db", create=True)
    store.import_path(tmp_path / "odd.ndjson", "odd")
    assert store.table().column(f"metadata.user.{name}").reached(0) == (5,)
    store.close()


def test_refs_of_another_state_are_not_mixed_in(tmp_path: Path) -> None:
    (tmp_path / "one.ndjson").write_text('{"id": "a", "filename": "/a"}', encoding="utf-8")
    store = SqliteStore(tmp_path / "one.db", create=True)
    store.import_path(tmp_path / "one.ndjson", "one")
    table = store.table()
    table.column("metadata.system.refs.type")
    with store.write():
        store.touch_refs(table.pk)
    with pytest.raises(BackendError) as caught:
        table.column("metadata.system.refs.id")
    assert str(caught.value) == 'the tasks of "one" changed while they were read'
    assert store.table().column("metadata.system.refs.id").reached(0) == ()
    store.close()
