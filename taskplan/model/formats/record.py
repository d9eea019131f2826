"""One record of an import source, and the item that it holds.

Every format yields records: the JSON text of one item, in item form or export
form, with the place it came from. `read_item` checks a record and takes it
apart without decoding more of it than the store needs.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from taskplan.errors import DataError

MAX_COUNT = 2**53
DEEPEST = 100
"""So many levels a document may have; MongoDB, whose documents these are, takes no more."""
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"{}[]")


class Record(msgspec.Struct):
    """The JSON text of one item and where it stands; `error` where not even the text could be read."""

    text: bytes
    source: str
    line: int | None = None
    error: DataError | None = None


class Item(msgspec.Struct, gc=False):
    """A checked record: the document's text in item form, without annotations, and its first-class fields.

    Absent fields are derived as in `taskplan.model.documents.complete`; a field that
    is null stays None. `annotations` is None where the record has no such list.
    """

    id: str
    filename: str
    name: str | None
    dir: str | None
    type: str | None
    hidden: bool | None
    annotated: bool | Literal["discarded"] | None
    annotations_count: int | None
    created_at: str | None
    updated_at: str | None
    annotations: list[Raw] | None
    document: str


class _System(msgspec.Struct, gc=False):
    """An object with any fields."""


class _Metadata(msgspec.Struct, gc=False):
    system: _System | None = None


class _Fields(msgspec.Struct, gc=False, rename={"export_id": "_id"}):
    filename: str
    id: str | UnsetType = UNSET
    export_id: str | UnsetType = UNSET
    name: str | UnsetType | None = UNSET
    dir: str | UnsetType | None = UNSET
    type: str | UnsetType | None = UNSET
    hidden: bool | UnsetType | None = UNSET
    # The platform's own description: a bool, or this text.
    annotated: bool | Literal["discarded"] | UnsetType | None = UNSET
    annotationsCount: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] | UnsetType | None = UNSET  # noqa: N815
    createdAt: Any = None  # noqa: N815
    updatedAt: Any = None  # noqa: N815
    annotations: list[Raw] | UnsetType = UNSET
    metadata: _Metadata | None = None
    itemMetadata: _Metadata | None = None  # noqa: N815


# Every digit becomes 0 and E becomes e, so that few plain searches find large numbers.
_ZEROS = bytes(48 if 48 <= byte <= 57 else 101 if byte == 69 else byte for byte in range(256))
_LARGE_EXPONENT = re.compile(rb"0e\+?000+[,\]}\s]")
_MANY_DIGITS = b"0" * 200
_decode_fields = msgspec.json.Decoder(_Fields).decode
_decode_entries = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode
_EXPORT_NAMES = {"_id": "id", "itemMetadata": "metadata"}


def read_item(record: Record) -> Item:
    """Return the item that a record holds; DataError says where and why it is none."""
    if record.error is not None:
        raise record.error
    try:
        fields = _decode_fields(record.text)
        text = record.text.decode()
        if _may_overflow(record.text):
            msgspec.json.decode(record.text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _problem(record, error) from error
    filename, annotations = fields.filename, fields.annotations
    item_id = fields.id
    if item_id is UNSET:
        item_id = fields.export_id
        if item_id is UNSET:
            raise DataError('has neither "id" nor "_id"', source=record.source, line=record.line)
        text = _without_annotations(record.text, export=True)
    elif annotations is not UNSET:
        text = _without_annotations(record.text, export=False)
    if not filename.startswith("/"):
        raise _wrong(record, "filename", 'a path that starts with "/"', filename)
    # SQLite's own functions end a text at such a character.
    if not item_id or "\0" in item_id:
        raise _wrong(record, "id", "text", item_id)
    if _is_too_deep(record.text):
        raise _problem(record, RecursionError())
    count = 0
    if annotations is not UNSET:
        count = len(annotations)
        for number, annotation in enumerate(annotations):
            if bytes(memoryview(annotation)[:1]) != b"{":
                raise _wrong(record, f"annotations[{number}]", "an object", msgspec.json.decode(annotation))
    folder, _, name = filename.rpartition("/")
    stated = count if fields.annotationsCount is UNSET else fields.annotationsCount
    created, updated = fields.createdAt, fields.updatedAt
    return Item(
        item_id,
        filename,
        name if fields.name is UNSET else fields.name,
        (folder or "/") if fields.dir is UNSET else fields.dir,
        "file" if fields.type is UNSET else fields.type,
        False if fields.hidden is UNSET else fields.hidden,
        (stated is not None and stated > 0) if fields.annotated is UNSET else fields.annotated,
        stated,
        created if type(created) is str else None,
        updated if type(updated) is str else None,
        None if annotations is UNSET else annotations,
        text,
    )


def _may_overflow(text: bytes) -> bool:
    """Tell whether a number of a document may be too large for float64, at a glance that rarely errs."""
    plain = text.translate(_ZEROS)
    return (
        (b"e000" in plain or b"e+000" in plain) and _LARGE_EXPONENT.search(plain) is not None
    ) or _MANY_DIGITS in plain


def _is_too_deep(text: bytes) -> bool:
    """Tell whether objects and lists of a document lie more than `DEEPEST` in one another."""
    if text.count(b"{") + text.count(b"[") <= DEEPEST:
        return False
    # Brackets alone; the innermost pairs vanish once a round. Those inside text may be left over.
    brackets = text.translate(None, _NO_BRACKETS)
    for _ in range(DEEPEST):
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if not brackets:
            return False
    level: list[Any] = [msgspec.json.decode(text)]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    return bool(level)


def _without_annotations(text: bytes, *, export: bool) -> str:
    """Return a document in item form; numbers and text inside stay written as they came."""
    entries = _decode_entries(text)
    entries.pop("annotations", None)
    if export:
        # A document that has both names keeps both, so that no field is lost.
        entries = {
            (
                _EXPORT_NAMES[name] if name in _EXPORT_NAMES and _EXPORT_NAMES[name] not in entries else name
            ): raw
            for name, raw in entries.items()
        }
    return _encode(entries).decode()


_EXPECTED = {
    "id": "text",
    "_id": "text",
    "filename": 'a path that starts with "/"',
    "name": "text",
    "dir": "text",
    "type": "text",
    "hidden": "true or false",
    "annotated": 'true, false or "discarded"',
    "annotationsCount": "a whole number ≥ 0",
    "annotations": "a list",
    "metadata": "an object",
    "itemMetadata": "an object",
}
_NULLABLE = {"metadata", "itemMetadata", "name", "dir", "type", "hidden", "annotated", "annotationsCount"}


def _problem(record: Record, error: Exception) -> DataError:
    """Say precisely what is wrong with a text that could not be read as an item."""
    try:
        # Releases of msgspec differ in what they raise for this.
        record.text.decode()
        value = msgspec.json.decode(record.text)
        if isinstance(error, RecursionError):
            raise error
    except RecursionError:
        return DataError("is nested too deeply", source=record.source, line=record.line)
    except UnicodeDecodeError:
        return DataError("is not UTF-8 text", source=record.source, line=record.line)
    except msgspec.MsgspecError as cause:
        what = str(cause).removeprefix("JSON is malformed: ")
        return DataError(f"is not JSON ({what})", source=record.source, line=record.line)
    if not isinstance(value, dict):
        return _wrong(record, None, "an object", value)
    if "filename" not in value:
        return DataError('has no "filename"', source=record.source, line=record.line)
    for field, expected in _EXPECTED.items():
        if field in value and not _fits(field, value[field]):
            return _wrong(record, field, expected, value[field])
    for field in ("metadata", "itemMetadata"):
        system = (value.get(field) or {}).get("system")
        if system is not None and not isinstance(system, dict):
            return _wrong(record, f"{field}.system", "an object", system)
    return DataError(str(error), source=record.source, line=record.line)


def _fits(field: str, value: Any) -> bool:
    if value is None:
        return field in _NULLABLE
    expected = _EXPECTED[field]
    if field == "annotated":
        return isinstance(value, bool) or value == "discarded"
    if expected == "true or false":
        return isinstance(value, bool)
    if expected == "a list":
        return isinstance(value, list)
    if expected == "an object":
        return isinstance(value, dict)
    if expected.startswith("a whole number"):
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT
    return isinstance(value, str)


def _wrong(record: Record, field: str | None, expected: str, found: Any) -> DataError:
    shown = _encode(found).decode()
    if len(shown) > 40:
        shown = shown[:39] + "…"
    return DataError(f"expected {expected}, got {shown}", source=record.source, line=record.line, path=field)
