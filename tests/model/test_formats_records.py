"""What a record must be, told by exact messages; and both forms of documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskplan.errors import DataError, InputError, NotFoundError
from taskplan.model.documents import complete, export_from_item, generated_id, item_from_export
from taskplan.model.formats import Record, detect, read_item, read_records
from taskplan.model.formats.record import Item


def message(text: str) -> str:
    with pytest.raises(DataError) as caught:
        read_item(Record(text.encode("utf-8", "surrogateescape"), "items.ndjson", 17))
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"id": "a"', "items.ndjson:17: is not JSON (Input data was truncated)"),
        ("nonsense", "items.ndjson:17: is not JSON (invalid character (byte 4))"),
        (
            '{"id": "a", "filename": "/a", "x": NaN}',
            "items.ndjson:17: is not JSON (invalid character (byte 35))",
        ),
        ('{"id": "a", "filename": "/\udcff"}', "items.ndjson:17: is not UTF-8 text"),
        ("[1]", "items.ndjson:17: expected an object, got [1]"),
        ('"a"', 'items.ndjson:17: expected an object, got "a"'),
        ('{"filename": "/a"}', 'items.ndjson:17: has neither "id" nor "_id"'),
        ('{"id": 12, "filename": "/a"}', "items.ndjson:17 id: expected text, got 12"),
        ('{"id": null, "filename": "/a"}', "items.ndjson:17 id: expected text, got null"),
        ('{"_id": {"$oid": "6"}, "filename": "/a"}', 'items.ndjson:17 _id: expected text, got {"$oid":"6"}'),
        ('{"id": "", "filename": "/a"}', 'items.ndjson:17 id: expected text, got ""'),
        ('{"id": "a"}', 'items.ndjson:17: has no "filename"'),
        (
            '{"id": "a", "filename": "a.jpg"}',
            'items.ndjson:17 filename: expected a path that starts with "/", got "a.jpg"',
        ),
        (
            '{"id": "a", "filename": 3}',
            'items.ndjson:17 filename: expected a path that starts with "/", got 3',
        ),
        (
            '{"id": "a", "filename": "/a", "hidden": "no"}',
            'items.ndjson:17 hidden: expected true or false, got "no"',
        ),
        (
            '{"id": "a", "filename": "/a", "annotationsCount": -1}',
            "items.ndjson:17 annotationsCount: expected a whole number ≥ 0, got -1",
        ),
        (
            '{"id": "a", "filename": "/a", "annotations": {}}',
            "items.ndjson:17 annotations: expected a list, got {}",
        ),
        (
            '{"id": "a", "filename": "/a", "annotations": [{}, 5]}',
            "items.ndjson:17 annotations[1]: expected an object, got 5",
        ),
        (
            '{"id": "a", "filename": "/a", "metadata": []}',
            "items.ndjson:17 metadata: expected an object, got []",
        ),
        (
            '{"id": "a", "filename": "/a", "metadata": {"system": 1}}',
            "items.ndjson:17 metadata.system: expected an object, got 1",
        ),
        (
            '{"id": "a", "filename": "/a", "name": ' + json.dumps(["x" * 50]) + "}",
            'items.ndjson:17 name: expected text, got ["' + "x" * 37 + "…",
        ),
        (
            '{"id": "a", "filename": "/a", "x": ' + "[" * 5000 + "]" * 5000 + "}",
            "items.ndjson:17: is nested too deeply",
        ),
    ],
)
def test_a_bad_record_is_told_precisely(text: str, expected: str) -> None:
    assert message(text) == expected


def test_a_record_gives_the_fields_that_the_platform_always_has() -> None:
    text = b'{"id": "a", "filename": "/x/b.jpg", "n": 1.50, "annotations": [{"id": "q"}]}'
    assert read_item(Record(text, "s")) == Item(
        id="a",
        filename="/x/b.jpg",
        name="b.jpg",
        dir="/x",
        type="file",
        hidden=False,
        annotated=True,
        annotations_count=1,
        created_at=None,
        updated_at=None,
        annotations=[msgspec.Raw(b'{"id": "q"}')],
        document='{"id":"a","filename":"/x/b.jpg","n":1.50}',
    )


def test_an_item_without_annotations_is_kept_letter_by_letter() -> None:
    text = '{ "filename":"/b.jpg","id" : "a", "x":1e2,"hidden":null}'
    item = read_item(Record(text.encode(), "s"))
    assert item.document == text
    assert (item.dir, item.hidden, item.annotated) == ("/", None, False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
FIELDS = st.dictionaries(
    st.sampled_from(["_id", "id", "filename", "itemMetadata", "metadata", "x", "y"]), JSON, max_size=5
)


@given(FIELDS, st.lists(st.just({"label": "a"}), max_size=2))
def test_both_forms_carry_the_same_fields(
    document: dict[str, Any], annotations: list[dict[str, Any]]
) -> None:
    export = {**document, "annotations": annotations}
    both = {"_id", "id"} <= document.keys() or {"itemMetadata", "metadata"} <= document.keys()
    item = item_from_export(export)
    assert len(item) == len(document)
    if not both and not {"id", "metadata"} & document.keys():
        assert export_from_item(item, annotations) == export


@given(FIELDS)
def test_completing_replaces_nothing_and_is_done_once(document: dict[str, Any]) -> None:
    completed = complete(document)
    assert all(completed[name] == value for name, value in document.items() if name != "metadata")
    assert complete(completed) == completed


def test_generated_ids_are_stable() -> None:
    assert generated_id("d", "/a.jpg") == generated_id("d", "/a.jpg") != generated_id("e", "/a.jpg")
    assert len(generated_id("d", "/a.jpg")) == 24


def test_unusable_sources_are_told(tmp_path: Path) -> None:
    def told(path: Path, format: str = "auto") -> str:
        with pytest.raises(InputError) as caught:
            list(read_records(path, "d", format))
        return str(caught.value)

    absent, unknown = tmp_path / "absent", tmp_path / "photo.bin"
    unknown.write_bytes(b"\x01\x02")
    assert told(absent) == f"{absent}: there is no such file or folder"
    with pytest.raises(NotFoundError):
        read_records(absent, "d")
    assert told(unknown) == f"{unknown}: the format of this file is unknown; name it with --format"
    assert told(unknown, "cvs") == (
        'there is no format "cvs"; there are export, ndjson, csv, parquet, folder; did you mean "csv"?'
    )
    assert told(tmp_path, "csv") == f"{tmp_path}: is a folder, expected a file in the format csv"
    assert told(unknown, "folder") == f"{unknown}: is a file, expected a folder"


def test_formats_are_found_by_content_and_suffix(tmp_path: Path) -> None:
    for name, content, expected in [
        ("a.csv", "filename\n", "csv"),
        ("a.jsonl", "", "ndjson"),
        ("a.ndjson", "", "ndjson"),
        ("a.json", "", "export"),
        ("a.txt", ' {"id": 1}', "export"),
        ("a", "\ufeff[", "export"),
    ]:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        assert detect(path) == expected
    assert detect(tmp_path) == "folder"


def test_annotated_may_be_the_text_discarded() -> None:
    item = read_item(Record(b'{"id": "a", "filename": "/a", "annotated": "discarded"}', "f", 1))
    assert item.annotated == "discarded"
    with pytest.raises(DataError) as caught:
        read_item(Record(b'{"id": "a", "filename": "/a", "annotated": "often"}', "f", 1))
    assert str(caught.value) == 'f:1 annotated: expected true, false or "discarded", got "often"'


@given(
    st.from_regex(
        r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?",
        fullmatch=True,
        alphabet=st.characters(codec="ascii"),
    ),
    st.integers(0, 400),
    st.sampled_from(["%s", "[%s]", "[%s ,1]", '{"x":%s}', '{"x":%s,"y":"e999"}']),
)
def test_a_number_out_of_range_is_no_item(number: str, digits: int, around: str) -> None:
    sign, rest = ("-", number[1:]) if number.startswith("-") else ("", number)
    number = f"{sign}{'9' * digits if rest[:1] != '0' else ''}{rest}"
    text = f'{{"id": "5e123", "filename": "/1e999", "metadata": {{"user": {around % number}}}}}'.encode()
    try:
        msgspec.json.decode(text)
    except msgspec.ValidationError:
        with pytest.raises(DataError, match=r"^f:7: is not JSON \((Number|Integer value) out of range"):
            read_item(Record(text, "f", 7))
    else:
        assert read_item(Record(text, "f", 7)).filename == "/1e999"


def nested(levels: int) -> str:
    return '{"x":' * levels + "1" + "}" * levels


@pytest.mark.parametrize("brackets", ["", "[" * 300])
def test_documents_have_at_most_a_hundred_levels(brackets: str) -> None:
    def read(levels: int) -> None:
        text = f'{{"id": "a", "filename": "/a", "s": "{brackets}", "d": {nested(levels)}}}'
        read_item(Record(text.encode(), "f", 1))

    read(99)
    with pytest.raises(DataError, match=r"^f:1: is nested too deeply$"):
        read(100)


def test_an_id_without_the_character_that_ends_texts() -> None:
    assert message('{"id": "a\\u0000b", "filename": "/a"}') == (
        'items.ndjson:17 id: expected text, got "a\\u0000b"'
    )
