"""Importing into a store: counts, round trips, idempotence, all or nothing."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskplan.errors import BackendError, DataError, InputError, NotFoundError
from taskplan.model.store import ImportResult
from taskplan_sqlite.store import importing
from taskplan_sqlite.store.store import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "s.db", create=True)
    yield opened
    opened.close()


def write(path: Path, *documents: Any) -> Path:
    path.write_text("".join(f"{d if isinstance(d, str) else json.dumps(d)}\n" for d in documents))
    return path


def item(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"{number:024x}", "filename": f"/a/{number}.jpg", **fields}


def counts(result: ImportResult) -> tuple[int, int, int, int, int]:
    return result.read, result.added, result.changed, result.unchanged, result.skipped


def versions(store: SqliteStore) -> list[Any]:
    return store.connection.execute(
        "SELECT documents_version, refs_version FROM datasets ORDER BY pk"
    ).fetchall()


def dump(store: SqliteStore) -> list[str]:
    return list(store.connection.iterdump())


def test_the_real_export_comes_in_and_goes_out_unchanged(
    shared: Path, store: SqliteStore, tmp_path: Path
) -> None:
    source = shared / "data" / "fruit-export.jsonl"
    assert counts(store.import_path(source, "fruit")) == (299, 299, 0, 0, 0)
    info = store.datasets()[0]
    originals = [json.loads(line) for line in source.read_text().splitlines()]
    assert (info.name, info.project, info.items) == ("fruit", "local", 299)
    assert info.annotations == sum(len(document["annotations"]) for document in originals)
    assert [json.loads(text) for text in store.export("fruit", format="export")] == originals
    before = versions(store)
    assert counts(store.import_path(source, "fruit")) == (299, 0, 0, 299, 0)
    items = tmp_path / "items.ndjson"
    items.write_bytes(b"\n".join(store.export("fruit")))
    assert counts(store.import_path(items, "fruit")) == (299, 0, 0, 299, 0)
    assert versions(store) == before
    assert counts(store.import_path(items, "again")) == (299, 299, 0, 0, 0)
    assert [json.loads(text) for text in store.export("again", format="export")] == originals
    folder = tmp_path / "export"
    folder.mkdir()
    for number, document in enumerate(originals):
        (folder / f"{number:03d}.json").write_text(json.dumps(document, indent=2))
    assert counts(store.import_path(folder, "fruit")) == (299, 0, 0, 299, 0)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
).filter(lambda value: "Infinity" not in json.dumps(value))
EXTRA = st.dictionaries(st.sampled_from(["x", "metadata ", "url", "é", "annotations"]), JSON, max_size=3).map(
    lambda fields: {name: value for name, value in fields.items() if name != "annotations"}
)


@settings(max_examples=30)
@given(st.lists(EXTRA, min_size=1, max_size=4), st.booleans(), st.lists(st.just({"id": "q", "label": "ü"})))
def test_every_field_comes_back(
    tmp_path_factory: pytest.TempPathFactory, extra: list[Any], export: bool, annotations: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    names = ("_id", "itemMetadata") if export else ("id", "metadata")
    documents = [
        {
            names[0]: f"i{row}",
            "filename": "/a",
            names[1]: {"user": fields},
            **fields,
            "annotations": annotations,
        }
        for row, fields in enumerate(extra)
    ]
    with SqliteStoreAt(folder / "s.db") as store:
        store.import_path(write(folder / "in.ndjson", *documents), "d")
        found = store.export("d", format="export" if export else "items")
        assert [json.loads(text) for text in found] == documents


class SqliteStoreAt:
    """A store for a `with` block."""

    def __init__(self, path: Path) -> None:
        self._store = SqliteStore(path, create=True)

    def __enter__(self) -> SqliteStore:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def test_reimport_adds_changes_and_leaves(store: SqliteStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", item(1), item(2, annotations=[{"label": "a"}]), item(3))
    store.import_path(path, "d")
    before = versions(store)
    with store.write() as connection:
        connection.execute("INSERT INTO refs (item, task) VALUES (2, 't')")
    write(
        path,
        item(2, annotations=[{"label": "b"}]),
        item(4),
        '{"filename": "/a/3.jpg", "id":"' + f"{3:024x}" + '"}',
    )
    assert counts(store.import_path(path, "d")) == (3, 1, 1, 1, 0)
    assert [row[0] != row[1] for row in zip(versions(store)[0], before[0], strict=True)] == [True, False]
    table = store.table("d")
    assert table.ids.tolist() == [f"{number:024x}" for number in (1, 2, 3, 4)]
    assert [a["label"] for a in table.annotations().documents()] == ["b"]
    assert table.column("metadata.system.refs.id").reached(1) == ("t",)
    assert store.connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_bad_record_at_the_end_leaves_the_store_as_it_was(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    store.import_path(write(tmp_path / "a.ndjson", item(1)), "d")
    before = dump(store)
    bad = write(tmp_path / "b.ndjson", item(1, x=1), item(2), item(3), item(4), "{}")
    with pytest.raises(DataError) as caught:
        store.import_path(bad, "d")
    assert str(caught.value) == f'{bad}:5: has no "filename"'
    with pytest.raises(DataError):
        store.import_path(bad, "e")
    assert dump(store) == before


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_an_interrupted_import_leaves_the_store_as_it_was(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    store.import_path(write(tmp_path / "a.ndjson", item(1)), "d")
    before = dump(store)

    def progress(done: int, total: int | None) -> None:
        if done >= 4:
            raise stop

    more = write(tmp_path / "b.ndjson", *(item(number) for number in range(1, 9)))
    with pytest.raises(stop):
        store.import_path(more, "d", progress=progress)
    assert dump(store) == before
    assert counts(store.import_path(more, "d")) == (8, 7, 0, 1, 0)


_KILLED = """
import os, sys
from pathlib import Path
from taskplan_sqlite.store import importing
from taskplan_sqlite.store.store import SqliteStore
importing.CHUNK = 2
store = SqliteStore(Path(sys.argv[1]), create=True)
store.connection.execute("PRAGMA cache_size = 1")
store.import_path(Path(sys.argv[2]), "d", progress=lambda done, total: os._exit(9) if done >= 1000 else None)
"""


@pytest.mark.parametrize("first", [True, False])
def test_a_killed_import_leaves_the_store_as_it_was(tmp_path: Path, first: bool) -> None:
    path = tmp_path / "s.db"
    before: list[str] = []
    if not first:
        with SqliteStoreAt(path) as store:
            store.import_path(write(tmp_path / "a.ndjson", item(1)), "d")
            before = dump(store)
    more = write(tmp_path / "b.ndjson", *(item(number, x="x" * 300) for number in range(2, 1300)))
    done = subprocess.run([sys.executable, "-c", _KILLED, path, more], check=False)
    assert done.returncode == 9
    with SqliteStoreAt(path) as store:
        if first:
            assert store.datasets() == ()
        else:
            assert dump(store) == before
        assert counts(store.import_path(more, "d")) == (1298, 1298, 0, 0, 0)


def test_progress_estimates_the_total(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    seen: list[tuple[int, int | None]] = []
    source = write(tmp_path / "a.ndjson", *(item(row) for row in range(1, 6)))
    store.import_path(source, "d", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_a_store_that_another_process_writes_to(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "a.ndjson", item(1))
    store.import_path(source, "d")
    other = SqliteStore(store.path)
    other.connection.execute("PRAGMA busy_timeout = 0")
    with store.write(), pytest.raises(BackendError) as caught:
        other.import_path(source, "e")
    assert str(caught.value) == f"{store.path}: another process is writing to the store"
    assert caught.value.retryable
    other.close()


def test_a_failed_first_import_leaves_no_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "s.db", create=True)
    with pytest.raises(DataError):
        store.import_path(write(tmp_path / "a.ndjson", item(1), "{"), "d")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ndjson"]


def test_an_id_that_comes_twice(store: SqliteStore, tmp_path: Path) -> None:
    same = write(tmp_path / "same.ndjson", item(1, x=1), item(2), f'{{"x":1,{json.dumps(item(1))[1:]}')
    assert counts(store.import_path(same, "same")) == (3, 2, 0, 1, 0)
    other = write(tmp_path / "other.ndjson", item(1, x=1), item(2), item(1, x=2))
    for dataset in ("same", "other"):
        with pytest.raises(DataError) as caught:
            store.import_path(other, dataset)
        assert str(caught.value) == f'{other}:3: the id "{1:024x}" came before, with other content'
    assert [info.name for info in store.datasets()] == ["same"]


def test_an_id_that_comes_twice_in_a_first_import(tmp_path: Path) -> None:
    other = write(tmp_path / "other.ndjson", item(1, x=1), item(2), item(1, x=2))
    with pytest.raises(DataError) as caught:
        SqliteStore(tmp_path / "s.db", create=True).import_path(other, "d")
    assert str(caught.value) == f'{other}:3: the id "{1:024x}" came before, with other content'
    with SqliteStoreAt(tmp_path / "t.db") as store:
        assert counts(store.import_path(other, "d", skip_bad=True)) == (3, 2, 0, 0, 1)
        indexes = store.connection.execute(
            "SELECT name FROM sqlite_master WHERE tbl_name = 'items'"
        ).fetchall()
        assert {("items_by_id",), ("items_by_filename",)} <= set(indexes)


def test_skipped_records_are_written_beside_the_store(store: SqliteStore, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", item(1), "{}", item(2), "nonsense")
    result = store.import_path(path, "d", skip_bad=True)
    assert counts(result) == (4, 2, 0, 0, 2)
    assert result.skipped_file == tmp_path / "s.db.skipped.jsonl"
    assert [json.loads(line) for line in result.skipped_file.read_text().splitlines()] == [
        {"source": str(path), "line": 2, "error": f'{path}:2: has no "filename"', "record": "{}"},
        {
            "source": str(path),
            "line": 4,
            "error": f"{path}:4: is not JSON (invalid character (byte 4))",
            "record": "nonsense",
        },
    ]
    assert store.import_path(write(path, item(1)), "d", skip_bad=True).skipped_file is None


def test_csv_again_changes_nothing(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("filename,score\na.jpg,1\nb.jpg,\n")
    assert counts(store.import_path(path, "d")) == (2, 2, 0, 0, 0)
    assert counts(store.import_path(path, "d")) == (2, 0, 0, 2, 0)
    table = store.table()
    assert table.column("metadata.user.score").reached(0) == (1,)


def test_ids_that_are_no_object_ids(store: SqliteStore, tmp_path: Path) -> None:
    store.import_path(write(tmp_path / "a.ndjson", {"id": "x/1", "filename": "/1"}), "d")
    assert store.table().ids.tolist() == store.table().ids.tolist() == ["x/1"]


def test_datasets_by_name(store: SqliteStore, tmp_path: Path) -> None:
    def told(dataset: str | None) -> str:
        with pytest.raises(InputError) as caught:
            store.table(dataset)
        return str(caught.value)

    path = write(tmp_path / "a.ndjson", item(1))
    assert told(None) == f"{store.path}: has no dataset yet; `taskplan import PATH` adds one"
    store.import_path(path, "fruit", project="food")
    assert (store.table().dataset, store.table().project) == ("fruit", "food")
    store.import_path(path, "cars")
    assert told(None) == f"{store.path}: has 2 datasets (fruit, cars); name one with --dataset"
    assert (
        told("fruits")
        == f'{store.path}: there is no dataset "fruits", only fruit, cars; did you mean "fruit"?'
    )
    with pytest.raises(NotFoundError):
        store.table("x")
    assert store.table(store.table("cars").dataset_id).dataset == "cars"
    assert counts(store.import_path(path, "fruit")) == (1, 0, 0, 1, 0)
    with pytest.raises(InputError) as caught:
        store.import_path(path, "fruit", project="toys")
    assert str(caught.value) == 'the dataset "fruit" belongs to the project "food", not "toys"'


def _import(store: str, source: str, dataset: str) -> None:
    opened = SqliteStore(Path(store), create=True)
    opened.import_path(Path(source), dataset)
    opened.close()


def test_two_processes_import_at_once(tmp_path: Path) -> None:
    store = str(tmp_path / "s.db")
    sources = [
        write(tmp_path / f"{n}.ndjson", *(item(row, n=n) for row in range(n, n + 400))) for n in (0, 200)
    ]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_import, args=(store, str(source), "d")) for source in sources]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    opened = SqliteStore(Path(store))
    assert opened.datasets()[0].items == 600
    assert len({text for (text,) in opened.connection.execute("SELECT id FROM items")}) == 600
    assert opened.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    opened.close()


def _write_and_fail(store: SqliteStore, statement: str) -> None:
    with store.write() as connection:
        connection.execute(statement)
        raise ZeroDivisionError


def test_writes_are_undone_when_the_block_fails(store: SqliteStore) -> None:
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(store, "INSERT INTO meta VALUES ('a', 'b')")
    assert store.connection.execute("SELECT count(*) FROM meta").fetchone() == (0,)
    with pytest.raises(sqlite3.IntegrityError):
        _write_and_fail(store, "INSERT INTO refs (item, task) VALUES (99, 't')")
    assert not store.connection.in_transaction
