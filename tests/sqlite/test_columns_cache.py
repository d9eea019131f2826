"""The columnar cache: used when whole, made again when not, never of another version."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from taskplan.errors import BackendError
from taskplan.model.fingerprint import Sums
from taskplan.model.table import Column
from taskplan_sqlite.store import cache as cache_module
from taskplan_sqlite.store import table as table_module
from taskplan_sqlite.store.store import SqliteStore

PATHS = ("dir", "metadata.user.n", "metadata.user.name", "metadata.system.refs.type", "absent")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "s.db", create=True)
    fill(opened, 400)
    yield opened
    opened.close()


def fill(store: SqliteStore, count: int) -> None:
    path = store.path.with_name("items.ndjson")
    documents = (
        {
            "id": f"{row:024x}",
            "filename": f"/{row % 3}/{row}",
            "metadata": {"user": {"n": row / 7, "name": "ü" * (row % 5)}},
        }
        for row in range(count)
    )
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    store.import_path(path, "d")


def columns(store: SqliteStore) -> dict[str, Column]:
    table = store.table()
    return {path: table.column(path) for path in PATHS}


def digests(store: SqliteStore) -> list[Sums]:
    return [column.sums() for column in columns(store).values()]


def folder(store: SqliteStore) -> Path:
    return store.path.with_name("s.db.columns")


@pytest.fixture
def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError("the documents were read")

    monkeypatch.setattr(table_module.StoredTable, "_reading", read)


def test_a_second_start_reads_no_document(store: SqliteStore, request: pytest.FixtureRequest) -> None:
    before = digests(store)
    assert columns(store)["metadata.user.n"].numbers is not None
    ids = store.table().ids
    request.getfixturevalue("no_reading")
    assert digests(store) == before
    assert store.table().ids == ids


def test_a_deleted_cache_is_made_again(store: SqliteStore) -> None:
    before = digests(store)
    shutil.rmtree(folder(store))
    assert digests(store) == before
    assert folder(store).is_dir()


@pytest.mark.parametrize("content", [b"", b"junk", None])
@pytest.mark.parametrize("name", ["codes.npy", "values.json", "numbers.npy"])
def test_a_damaged_cache_is_made_again(store: SqliteStore, name: str, content: bytes | None) -> None:
    before, ids = digests(store), store.table().ids.tolist()
    damaged = list(folder(store).rglob(name))
    assert damaged
    for file in damaged:
        file.write_bytes(file.read_bytes()[:-1] if content is None else content)
    assert store.table().ids.tolist() == ids
    assert digests(store) == before
    assert digests(store) == before


@pytest.mark.parametrize("share", [0.3, 0.6, 0.999])
def test_a_changed_byte_anywhere_is_noticed(store: SqliteStore, share: float) -> None:
    before, ids = digests(store), store.table().ids.tolist()
    for file in folder(store).rglob("*.*"):
        content = bytearray(file.read_bytes())
        if content:
            content[int(share * len(content))] ^= 1
            file.write_bytes(content)
    assert store.table().ids.tolist() == ids
    assert digests(store) == before


@pytest.mark.parametrize("wrong", [lambda number: number ^ 4, lambda _: -5, lambda _: 2**70])
def test_sums_that_were_changed_are_made_again(store: SqliteStore, wrong: Callable[[int], int]) -> None:
    before = store.table().fingerprint(PATHS)
    changed = 0
    for file in folder(store).rglob("sums.json"):
        kept = json.loads(file.read_text())
        if "rows_1" in kept:
            file.write_text(json.dumps({**kept, "rows_1": wrong(kept["rows_1"])}))
            changed += 1
    # Those of the ids are kept as well.
    assert changed > len(PATHS)
    assert store.table().fingerprint(PATHS) == before


def test_sums_are_kept_with_what_they_are_of(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    before = store.table().fingerprint(PATHS)

    def sums(*_: object) -> Sums:
        raise AssertionError("the rows were read")

    monkeypatch.setattr("taskplan.model.table.column_sums", sums)
    monkeypatch.setattr("taskplan.model.ids.packed_sums", sums)
    assert store.table().fingerprint(PATHS) == before


def test_entries_that_do_not_fit_are_refused(store: SqliteStore) -> None:
    before = digests(store)
    for file in folder(store).rglob("codes.npy"):
        codes = np.load(file)
        if codes.dtype == np.uint8 and codes.ndim == 1:
            np.save(file, np.full_like(codes, 200))
    assert digests(store) == before
    for file in folder(store).rglob("codes.npy"):
        codes = np.load(file)
        if codes.ndim == 1 and codes.dtype != np.int64:
            np.save(file, codes[:-1])
    assert digests(store) == before


def test_other_versions_are_removed(store: SqliteStore) -> None:
    digests(store)
    dataset = store.table().dataset_id
    first = {path.name for path in (folder(store) / dataset).iterdir()}
    with store.write():
        store.touch_refs(1)
    digests(store)
    (version,) = first
    assert len(list((folder(store) / dataset / version).glob("refs-*"))) == 1
    fill(store, 401)
    assert len(columns(store)["dir"]) == 401
    second = {path.name for path in (folder(store) / dataset).iterdir()}
    assert len(second) == 1
    assert second != first


def test_a_place_that_cannot_be_written_needs_no_cache(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError

    monkeypatch.setattr(cache_module.tempfile, "mkdtemp", refuse)
    assert digests(store) == digests(store)
    assert not list(folder(store).rglob("*.npy"))


def test_a_table_of_items_that_were_imported_anew_since(store: SqliteStore) -> None:
    table = store.table()
    fill(store, 401)
    with pytest.raises(BackendError) as caught:
        table.column("dir")
    assert str(caught.value) == 'the items of "d" were imported anew while they were read'
    assert caught.value.retryable


def test_known_paths_hold_derived_ones(store: SqliteStore) -> None:
    known = store.table().known_paths()
    assert {"dir", "hidden", "metadata.user.n", "metadata.system.refs.metadata.status"} <= set(known)
    assert list(known) == sorted(known)


def test_documents_at_rows_come_in_the_order_asked(store: SqliteStore) -> None:
    table = store.table()
    everything = list(table.documents())
    assert list(table.documents([3, 1, 3])) == [everything[3], everything[1], everything[3]]
    assert table.item_pks.tolist() == list(range(1, 401))
