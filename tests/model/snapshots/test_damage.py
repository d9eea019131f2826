"""A snapshot that is broken or unfinished is refused in one line; writing is whole or not at all."""

from __future__ import annotations

import builtins
import contextlib
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from taskplan.errors import DataError, InputError, MissingExtraError, NotFoundError
from taskplan.model.memory import MemoryTable
from taskplan.model.snapshots import is_snapshot, open_snapshot, write_snapshot
from taskplan.model.snapshots.manifest import MANIFEST, UNFINISHED, ranges
from taskplan.model.snapshots.places import Place
from taskplan.model.snapshots.reading import PartFile

TABLE = MemoryTable.from_documents(
    [
        {"id": f"{row:024x}", "filename": f"/{row}", "annotations": [{"id": "x"}] * (row % 2)}
        for row in range(6)
    ]
)


@pytest.fixture
def snap(tmp_path: Path) -> Path:
    write_snapshot(TABLE, str(tmp_path / "snap"), rows=2)
    return tmp_path / "snap"


def use(folder: Path) -> None:
    table = open_snapshot(str(folder))
    _ = table.ids, table.annotations().item_rows
    for path in ("filename", "metadata.user.x"):
        table.column(path)
    assert len(list(table.documents())) == len(table)


def told(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        use(folder)
    text = str(caught.value)
    assert "\n" not in text
    return text.replace(str(folder), "snap")


def change(**fields: Any) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest.update(fields)
        (folder / MANIFEST).write_text(json.dumps({k: v for k, v in manifest.items() if v is not None}))

    return act


def cut(folder: Path) -> None:
    part = folder / "part-00001.parquet"
    part.write_bytes(part.read_bytes()[:-100])


def garble(folder: Path) -> None:
    part = folder / "part-00001.parquet"
    content = bytearray(part.read_bytes())
    content[4:600] = bytes(596)
    part.write_bytes(content)


def without(name: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        table = pq.read_table(folder / "part-00001.parquet").drop_columns([name])
        pq.write_table(table, folder / "part-00001.parquet")

    return act


def shorter(folder: Path) -> None:
    pq.write_table(pq.read_table(folder / "part-00001.parquet").slice(0, 1), folder / "part-00001.parquet")


def sealed(damage: Callable[[Path], None]) -> Callable[[Path], None]:
    """Damage a part, and have the manifest say that this is the file."""

    def act(folder: Path) -> None:
        damage(folder)
        parts = json.loads((folder / MANIFEST).read_text())["parts"]
        for part in parts:
            part["rows"], part["digest"] = PartFile(str(folder), part["file"]).count()
        change(parts=parts, items=sum(part["rows"] for part in parts))(folder)

    return act


def swap(folder: Path) -> None:
    (folder / "part-00001.parquet").rename(folder / "other")
    (folder / "part-00002.parquet").rename(folder / "part-00001.parquet")
    (folder / "other").rename(folder / "part-00002.parquet")


def of_another(folder: Path) -> None:
    """Put in a part of another snapshot, of the same items but for something that no column holds."""
    documents = [{**document, "metadata": {"a.b": 1}} for document in TABLE.documents()]
    table = MemoryTable(documents, TABLE.annotations(), dataset=TABLE.dataset, project=TABLE.project)
    write_snapshot(table, str(folder / "other"), rows=2)
    (folder / "other" / "part-00001.parquet").rename(folder / "part-00001.parquet")


def name_twice(field: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        parts = json.loads((folder / MANIFEST).read_text())["parts"]
        parts[1][field] = parts[0][field]
        change(parts=parts)(folder)

    return act


def as_a_folder(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).mkdir()


def anew(folder: Path) -> None:
    """Write a part as another program would write the very same rows."""
    pq.write_table(pq.read_table(folder / "part-00001.parquet"), folder / "part-00001.parquet")


PART = "snap/part-00001.parquet"
ANOTHER = f"{PART}: is another file than the snapshot says; files were mixed up, or it was written over"
DAMAGE: list[tuple[Callable[[Path], Any], str]] = [
    (cut, f"{PART}: cannot be read as Parquet (Parquet magic bytes not found"),
    (garble, f"{PART}: cannot be read as Parquet ("),
    (lambda folder: (folder / "part-00001.parquet").write_bytes(b""), f"{PART}: cannot be read as Parquet ("),
    (lambda folder: (folder / "part-00001.parquet").unlink(), f"{PART}: is missing; taskplan.json names it"),
    (shorter, f"{PART}: has 1 rows, the snapshot says 2"),
    (anew, ANOTHER),
    (swap, ANOTHER),
    (of_another, ANOTHER),
    (
        lambda folder: shutil.copy(folder / "part-00000.parquet", folder / "part-00001.parquet"),
        ANOTHER,
    ),
    (sealed(shorter), f"{PART}: has 0 annotations, the snapshot says 1"),
    (sealed(without("id")), f'{PART}: is no part of a snapshot: it has no column "id"'),
    (sealed(without("document")), f'{PART}: is no part of a snapshot: it has no column "document"'),
    (sealed(without("annotations")), f"{PART}: has no annotations, the snapshot says it has"),
    (change(format=2), f"snap/{MANIFEST}: is a snapshot of format 2, this taskplan reads format 1; a newer"),
    (change(format=0), f"snap/{MANIFEST}: is a snapshot of format 0, this taskplan reads format 1; write"),
    (change(format=None), f"snap/{MANIFEST}: is no manifest of a snapshot (Object missing required field"),
    (change(dataset=None), f"snap/{MANIFEST}: is no manifest of a snapshot (Object missing required field"),
    (change(items=7), f"snap/{MANIFEST}: names 7 items, its parts have 6"),
    (change(annotations=0), f"snap/{MANIFEST}: names 0 annotations, its parts have 3"),
    (
        change(parts=[{"file": "../x.parquet", "rows": 6, "digest": "", "annotations": 3}]),
        f'snap/{MANIFEST}: names a part that cannot be ("../x.parquet")',
    ),
    (name_twice("file"), f'snap/{MANIFEST}: names one file twice ("part-00000.parquet")'),
    (name_twice("digest"), f'snap/{MANIFEST}: names one part twice ("'),
    (as_a_folder, f"snap/{MANIFEST}: is a folder, expected the manifest of a snapshot"),
    (
        lambda folder: (folder / MANIFEST).write_bytes(b"\xff"),
        f"snap/{MANIFEST}: is no manifest of a snapshot",
    ),
    (lambda folder: (folder / MANIFEST).write_bytes(b"[1"), f"snap/{MANIFEST}: is no manifest of a snapshot"),
    (
        lambda folder: (folder / MANIFEST).unlink(),
        "snap/part-00000.parquet: is part of a snapshot, but there is no taskplan.json",
    ),
    (
        lambda folder: (folder / MANIFEST).rename(folder / UNFINISHED),
        "snap: is a snapshot that was never finished; write it again with --overwrite",
    ),
    (lambda folder: shutil.rmtree(folder), "snap: there is no such folder"),
]


@pytest.mark.parametrize("number", range(len(DAMAGE)))
def test_damage_is_told_in_one_line(snap: Path, number: int) -> None:
    use(snap)
    damage, expected = DAMAGE[number]
    damage(snap)
    assert told(snap).startswith(expected)


class BrokenTable(MemoryTable):
    """A table whose documents end in an error after some of them."""

    after = 3
    error: BaseException = RuntimeError("broken")

    def documents(self, rows: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
        for number, document in enumerate(super().documents(rows)):
            if number == self.after:
                raise self.error
            yield document


def broken() -> BrokenTable:
    return BrokenTable(list(TABLE.documents()), TABLE.annotations(), dataset="x", project="x")


@pytest.mark.parametrize("location", ["{}", "file://{}", "memory://{}"])
def test_what_breaks_leaves_nothing(tmp_path: Path, location: str) -> None:
    place = location.format(tmp_path / "snap")
    with pytest.raises(RuntimeError):
        write_snapshot(broken(), place, rows=1)
    assert not (tmp_path / "snap").exists()
    with pytest.raises(NotFoundError):
        open_snapshot(place)
    write_snapshot(TABLE, place, rows=4)
    assert open_snapshot(place).ids == TABLE.ids


@pytest.mark.parametrize("after", range(7))
def test_a_killed_writer_leaves_what_is_never_read(tmp_path: Path, after: int) -> None:
    folder = tmp_path / "snap"
    table = broken()
    table.after = after
    with pytest.MonkeyPatch.context() as killed, contextlib.suppress(RuntimeError):
        # Who is killed takes nothing away.
        killed.setattr(Place, "remove", lambda self, file: None)
        write_snapshot(table, str(folder), rows=1)
    if after == 6:
        assert open_snapshot(str(folder)).ids == TABLE.ids
        return
    assert is_snapshot(str(folder))
    with pytest.raises(DataError, match="never finished"):
        open_snapshot(str(folder))
    # Not even where the marker is gone.
    (folder / UNFINISHED).unlink()
    with pytest.raises(InputError):
        _ = open_snapshot(str(folder)).ids
    (folder / UNFINISHED).write_bytes(b"")
    with pytest.raises(InputError, match="was never finished; --overwrite"):
        write_snapshot(TABLE, str(folder))
    write_snapshot(TABLE, str(folder), overwrite=True)
    assert open_snapshot(str(folder)).ids == TABLE.ids


@pytest.mark.parametrize("location", ["file://{}", "memory://{}"])
def test_urls(tmp_path: Path, location: str) -> None:
    place = location.format(tmp_path / "deep" / "snap")
    assert is_snapshot(place)
    write_snapshot(TABLE, place, rows=4)
    with pytest.raises(InputError, match="holds a snapshot; --overwrite"):
        write_snapshot(TABLE, place, rows=4)
    write_snapshot(TABLE, f"{place}/", rows=2, overwrite=True)
    table = open_snapshot(place)
    assert [partition.rows for partition in table.partitions] == [2, 2, 2]
    assert list(table.documents()) == list(TABLE.documents())
    assert table.column("filename").values == TABLE.column("filename").values
    assert table.fingerprint(["filename"]) == TABLE.fingerprint(["filename"])
    with pytest.raises(NotFoundError, match="there is no such folder"):
        open_snapshot(f"{place}/none")
    with pytest.raises(InputError, match="is a file, expected a folder"):
        open_snapshot(f"{place}/taskplan.json")


def test_other_files_stay(snap: Path) -> None:
    (snap / "README").write_text("mine")
    write_snapshot(TABLE, str(snap), rows=5, overwrite=True)
    assert sorted(path.name for path in snap.iterdir()) == [
        "README",
        "part-00000-1.parquet",
        "part-00001-1.parquet",
        MANIFEST,
    ]
    use(snap)


def test_a_snapshot_of_a_snapshot(snap: Path) -> None:
    for location in (str(snap), f"file://{snap}"):
        table = open_snapshot(location)
        with pytest.raises(InputError, match="is what would be read"):
            write_snapshot(table, f"{location}/", overwrite=True)
    write_snapshot(table, str(snap.with_name("other")), rows=5)
    assert list(open_snapshot(str(snap.with_name("other"))).documents()) == list(TABLE.documents())


def test_another_dataset_is_refused(snap: Path, tmp_path: Path) -> None:
    assert open_snapshot(str(snap), dataset=TABLE.dataset).dataset == TABLE.dataset
    with pytest.raises(NotFoundError) as caught:
        open_snapshot(str(snap), dataset="cars")
    assert str(caught.value) == f'{snap}: is of the dataset "{TABLE.dataset}", not of "cars"'


def test_an_empty_table(tmp_path: Path) -> None:
    write_snapshot(MemoryTable.from_documents([]), str(tmp_path / "snap"))
    found = open_snapshot(str(tmp_path / "snap"))
    assert (len(found), list(found.ids), list(found.documents())) == (0, [], [])
    assert len(found.column("filename")) == len(found.annotations()) == 0


def test_unknown_protocols_and_missing_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nosuch://x: cannot be reached \(Protocol not known: nosuch\)"):
        open_snapshot("nosuch://x")
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.split(".")[0] == "pyarrow":
            raise ImportError(name)
        return real(name, *rest)

    for name in [name for name in sys.modules if name.split(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", missing)
    for action in (lambda: open_snapshot(str(tmp_path)), lambda: write_snapshot(TABLE, str(tmp_path / "x"))):
        with pytest.raises(MissingExtraError, match=r'needs the extra "parquet"'):
            action()


def test_ranges() -> None:
    assert ranges([0, 1, 2, 5, 7, 8]) == ((0, 2), (5, 5), (7, 8))
    assert ranges([]) == ()
