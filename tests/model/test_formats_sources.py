"""Each import format, read from small files made here."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from taskplan.errors import DataError, InputError
from taskplan.model.documents import generated_id
from taskplan.model.formats import read_item, read_records

ONE = {"id": "a", "filename": "/a.jpg", "metadata": {"user": {"n": 1}}}
TWO = {"id": "b", "filename": "/b.jpg"}


def documents(path: Path, format: str = "auto") -> list[dict[str, Any]]:
    return [json.loads(read_item(record).document) for record in read_records(path, "d", format)]


def told(path: Path, format: str = "auto") -> str:
    with pytest.raises(InputError) as caught:
        documents(path, format)
    return str(caught.value)


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n  \n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_lines_with_either_end_blank_lines_and_bom(tmp_path: Path, ending: str, start: str) -> None:
    text = start + ending.join([json.dumps(ONE), json.dumps(TWO)]) + ending
    for name in ("items.ndjson", "items.json"):
        assert documents(write(tmp_path / name, text)) == [ONE, TWO]


def test_lines_are_counted_with_blank_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "items.ndjson", f"{json.dumps(ONE)}\n\n{{}}\n")
    assert told(path) == f'{path}:3: has no "filename"'


def test_an_array_and_the_line_of_each_element(tmp_path: Path) -> None:
    path = write(
        tmp_path / "items.json", "\ufeff[\n" + json.dumps(ONE, indent=1) + ",\n" + json.dumps(TWO) + "\n]"
    )
    assert documents(path) == [ONE, TWO]
    assert [record.line for record in read_records(path, "d")] == [2, 11]
    write(path, "[1,")
    assert told(path) == f"{path}: is not JSON (Input data was truncated)"


def test_one_document_over_several_lines(tmp_path: Path) -> None:
    assert documents(write(tmp_path / "item.json", json.dumps(ONE, indent=2))) == [ONE]


def test_an_export_folder_and_a_zip_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "train").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    export = {
        "_id": "a",
        "filename": "/a.jpg",
        "annotations": [{"id": "q"}],
        "itemMetadata": {"user": {"n": 1}},
    }
    write(folder / "train" / "a.json", json.dumps(export))
    write(folder / "b.json", "\ufeff" + json.dumps({"_id": "b", "filename": "/b.jpg"}))
    write(folder / ".hidden" / "c.json", "nonsense")
    assert documents(folder) == [TWO, ONE]
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*.json")):
            file.write(path, path.relative_to(folder))
        file.writestr("more.jsonl", json.dumps({**TWO, "id": "c"}) + "\n{}\n")
    records = [record for record in read_records(archive, "d") if record.text != b"{}"]
    assert [read_item(record).id for record in records] == ["b", "c", "a"]
    assert told(archive) == f'{archive}/more.jsonl:2: has no "filename"'
    write(archive, "PK\x03\x04 and no more")
    assert told(archive) == f"{archive}: is not a zip file, or a damaged one"


def test_csv_cells_are_typed_and_columns_become_paths(tmp_path: Path) -> None:
    path = write(
        tmp_path / "items.csv",
        "\ufeffid,filename,hidden,score,scene,metadata.system.size,code,user.x\r\n"
        '7,a.jpg,true,0.5,"night, rain",12,007,\r\n'
        "\r\n"
        ",/b.jpg,False,1e3,,,-0,x\r\n",
    )
    assert documents(path) == [
        {
            "id": "7",
            "filename": "/a.jpg",
            "hidden": True,
            "metadata": {
                "user": {"score": 0.5, "scene": "night, rain", "code": "007"},
                "system": {"size": 12},
            },
        },
        {
            "id": generated_id("d", "/b.jpg"),
            "filename": "/b.jpg",
            "hidden": False,
            "metadata": {"user": {"score": 1000.0, "code": 0}},
            "user": {"x": "x"},
        },
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id\n1\n", '{path}: has no column "filename" (found "id")'),
        (
            "id,file_name\n1,/a\n",
            '{path}: has no column "filename" (found "id", "file_name"); did you mean "file_name"?',
        ),
        ("filename,a,a\n", '{path}: the columns "a" and "a" fill the same field'),
        ("filename,x.y,x.y.z\n", '{path}: the columns "x.y" and "x.y.z" fill the same field'),
        ("filename,a..b\n", '{path}: the column "a..b" has no usable name'),
        ("filename,a\n/a,1\n/b\n", "{path}:3: expected 2 cells, found 1"),
        ('filename,a\n/a,"1\n2"\n/b\n', "{path}:4: expected 2 cells, found 1"),
        ('filename\n"/a\n', "{path}:2: is not CSV (unexpected end of data)"),
        ("filename,hidden\n/a,maybe\n", '{path}:2 hidden: expected true or false, got "maybe"'),
        ("filename,a\n,1\n", '{path}:2: has no "filename"'),
    ],
)
def test_bad_csv_is_told(tmp_path: Path, text: str, expected: str) -> None:
    path = write(tmp_path / "items.csv", text)
    assert told(path) == expected.format(path=path)


def test_csv_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_bytes(b"filename\n/\xe9.jpg\n")
    assert told(path) == f"{path}:1: is not UTF-8 text"


def test_an_empty_csv_has_no_items(tmp_path: Path) -> None:
    assert documents(write(tmp_path / "items.csv", "")) == []


def test_parquet_keeps_nested_columns(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "items.parquet"
    rows = [
        {"id": "a", "filename": "a.jpg", "score": 0.5, "box": {"x": [1, 2]}, "metadata.system.size": 3},
        {"id": None, "filename": "/b.jpg", "score": float("nan"), "box": None, "metadata.system.size": None},
    ]
    parquet.write_table(arrow.Table.from_pylist(rows), path)
    assert documents(path) == [
        {
            "id": "a",
            "filename": "/a.jpg",
            "metadata": {"user": {"score": 0.5, "box": {"x": [1, 2]}}, "system": {"size": 3}},
        },
        {"id": generated_id("d", "/b.jpg"), "filename": "/b.jpg"},
    ]
    assert told(write(tmp_path / "bad.parquet", "PAR1 and no more")).startswith(
        f"{tmp_path}/bad.parquet: cannot be read as Parquet ("
    )


def test_parquet_without_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    path = write(tmp_path / "items.parquet", "PAR1")
    assert told(path) == 'reading Parquet needs the extra "parquet": pip install "taskplan[parquet]"'


def test_a_folder_of_files(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path / "photos"
    (folder / "b").mkdir(parents=True)
    (folder / ".git").mkdir()
    write(folder / ".git" / "config", "x")
    write(folder / ".DS_Store", "x")
    write(folder / "notes.txt", "hello")
    write(folder / "b" / "broken.png", "no image")
    image.new("RGB", (4, 3)).save(folder / "a.png")
    size = (folder / "a.png").stat().st_size
    found = {document["filename"]: document for document in documents(folder)}
    assert list(found) == ["/a.png", "/notes.txt", "/b/broken.png"]
    assert found["/a.png"] == {
        "id": generated_id("d", "/a.png"),
        "filename": "/a.png",
        "metadata": {"system": {"size": size, "mimetype": "image/png", "width": 4, "height": 3, "refs": []}},
    }
    assert found["/notes.txt"]["metadata"]["system"] == {"size": 5, "mimetype": "text/plain", "refs": []}
    assert found["/b/broken.png"]["metadata"]["system"] == {"size": 8, "mimetype": "image/png", "refs": []}


def test_a_folder_with_json_files_that_are_no_export(tmp_path: Path) -> None:
    write(tmp_path / "a.json", '{"version": 2}')
    assert [document["filename"] for document in documents(tmp_path)] == ["/a.json"]


def test_the_real_export(shared: Path) -> None:
    found = documents(shared / "data" / "fruit-export.jsonl")
    assert len(found) == 299
    assert {"id", "filename", "metadata"} == set(found[0])


def test_an_unreadable_line_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        documents(write(tmp_path / "items.ndjson", "{"))


def test_parquet_times_are_text_and_what_has_no_value_is_told(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "filename": ["/a"],
            "at": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns")),
            "took": pa.array([90_000_000_000], pa.duration("ns")),
        }
    )
    pq.write_table(table, tmp_path / "times.parquet")
    (document,) = documents(tmp_path / "times.parquet")
    assert document["metadata"]["user"] == {"at": "2023-11-14T22:13:20.123456789", "took": "PT90S"}
    late = pa.table({"filename": ["/a"], "at": pa.array([5_000_000], pa.date32()).cast(pa.timestamp("s"))})
    pq.write_table(late, tmp_path / "late.parquet")
    assert told(tmp_path / "late.parquet").startswith(f"{tmp_path}/late.parquet: cannot be read as Parquet (")


def test_two_members_of_one_name_in_a_zip_are_two_records(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.json", '{"_id": "a", "filename": "/a"}')
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.json", '{"_id": "b", "filename": "/b"}')
    assert [document["id"] for document in documents(tmp_path / "two.zip")] == ["a", "b"]


@pytest.mark.parametrize(
    ("place", "byte", "words"),
    [
        (6, 1, "is encrypted"),
        (8, 97, "cannot be unpacked: "),
        (None, 0, "is not a zip file, or a damaged one"),
    ],
)
def test_a_zip_that_cannot_be_unpacked(place: int | None, byte: int, words: str, tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", '{"_id": "a", "filename": "/a"}' + " " * 200)
    data = bytearray(path.read_bytes())
    if place is None:
        start = 30 + len("a.json")
        data[start : start + 20] = b"\xff" * 20
    else:
        # Flags and method stand in the local header and in the directory.
        data[place] = byte
        data[data.index(b"PK\x01\x02") + place + 2] = byte
    path.write_bytes(data)
    found = told(path)
    assert found.startswith((f"{path}: {words}", f"{path}/a.json: {words}"))


def test_a_pipe_is_neither_read_nor_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.jpg")
    assert told(tmp_path / "pipe.jpg") == (
        f"{tmp_path}/pipe.jpg: is neither a file nor a folder; save what it gives to a file first"
    )
    (tmp_path / "a.jpg").write_bytes(b"x")
    assert [document["filename"] for document in documents(tmp_path)] == ["/a.jpg"]


@pytest.mark.parametrize("name", ["a.jpg", "a.json"])
def test_a_folder_that_cannot_be_read_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    write(tmp_path / name, '{"_id": "a", "filename": "/a"}')
    (tmp_path / "secret").mkdir()
    listdir = os.listdir

    def refusing(path: Any) -> Any:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(path))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refusing)
    assert told(tmp_path, "folder") == f"{tmp_path}/secret: cannot be read: Permission denied"
    assert told(tmp_path, "export") == f"{tmp_path}/secret: cannot be read: Permission denied"


def test_a_folder_with_an_export_of_lines_is_that_export(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", '{"_id": "a", "filename": "/a"}\n{"_id": "b", "filename": "/b"}\n')
    assert [document["id"] for document in documents(tmp_path)] == ["a", "b"]


def test_linked_folders_are_read_and_circles_end(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    write(tmp_path / "far" / "z.jpg", "z")
    (tmp_path / "items" / "sub").mkdir(parents=True)
    write(tmp_path / "items" / "a.jpg", "a")
    (tmp_path / "items" / "link").symlink_to(tmp_path / "far")
    (tmp_path / "items" / "sub" / "back").symlink_to(tmp_path / "items")
    (tmp_path / "far" / "back").symlink_to(tmp_path / "items")
    found = [document["filename"] for document in documents(tmp_path / "items")]
    assert found == ["/a.jpg", "/link/z.jpg"]


def test_an_unreadable_file_of_an_export_is_a_bad_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.json", '{"_id": "a", "filename": "/a"}')
    write(tmp_path / "b.json", '{"_id": "b", "filename": "/b"}')
    read_bytes = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path.name == "b.json":
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refusing)
    good, bad = read_records(tmp_path, "d")
    assert json.loads(read_item(good).document)["id"] == "a"
    with pytest.raises(DataError, match=r"b\.json: cannot be read: Permission denied$"):
        read_item(bad)
