"""Import formats, one module each; every one yields records, and `read_records` finds the right one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from taskplan.errors import InputError, NotFoundError, did_you_mean
from taskplan.model.formats.record import Item, Record, read_item

__all__ = ["FORMATS", "Item", "Record", "detect", "read_item", "read_records"]

FORMATS = ("export", "ndjson", "csv", "parquet", "folder")
LOOKED_INTO = 20
"""So many .json files are looked into before a folder counts as plain files; one may be a stray."""
_SUFFIXES = {
    ".zip": "export",
    ".json": "export",
    ".jsonl": "ndjson",
    ".ndjson": "ndjson",
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def read_records(path: Path, dataset: str, format: str = "auto") -> Iterator[Record]:
    """Yield the records at `path`; NotFoundError, InputError or DataError where it cannot be read.

    `dataset` takes part in the ids of items that have none (CSV, Parquet, folder).
    """
    if not path.exists():
        raise NotFoundError("there is no such file or folder", source=str(path))
    if not (path.is_file() or path.is_dir()):
        # It is looked into before it is read, and a pipe gives everything only once.
        raise InputError(
            "is neither a file nor a folder", source=str(path), hint="save what it gives to a file first"
        )
    if format == "auto":
        format = detect(path)
    if format not in FORMATS:
        raise InputError(
            f'there is no format "{format}"; there are {", ".join(FORMATS)}',
            hint=did_you_mean(format, FORMATS),
        )
    if path.is_dir() and format not in ("export", "folder"):
        raise InputError(f"is a folder, expected a file in the format {format}", source=str(path))
    if not path.is_dir() and format == "folder":
        raise InputError("is a file, expected a folder", source=str(path))
    return _reader(path, dataset, format)


def _reader(path: Path, dataset: str, format: str) -> Iterator[Record]:
    if format == "csv":
        from taskplan.model.formats.csv_table import read_csv

        return read_csv(path, dataset)
    if format == "parquet":
        from taskplan.model.formats.parquet import read_parquet

        return read_parquet(path, dataset)
    if format == "folder":
        from taskplan.model.formats.folder import read_files

        return read_files(path, dataset)
    from taskplan.model.formats import documents, export

    if path.is_dir():
        return export.read_folder(path)
    if _magic(path) == b"PK\x03\x04":
        return export.read_zip(path)
    return documents.read_lines(path) if format == "ndjson" else documents.read_json_file(path)


def detect(path: Path) -> str:
    """Name the format of a file or folder by its content, then by its suffix."""
    from taskplan.model.formats.documents import first_byte

    if path.is_dir():
        return "export" if _is_export_folder(path) else "folder"
    magic = _magic(path)
    if magic == b"PAR1":
        return "parquet"
    if magic == b"PK\x03\x04":
        return "export"
    suffix = _SUFFIXES.get(path.suffix.lower())
    if suffix is not None:
        return suffix
    if first_byte(path) in (b"{", b"["):
        return "export"
    raise InputError("the format of this file is unknown", source=str(path), hint="name it with --format")


def _is_export_folder(path: Path) -> bool:
    """Tell whether one of the first JSON files of a folder holds an export document."""
    from taskplan.model.formats.export import json_files

    return any(map(_is_export_file, islice(json_files(path), LOOKED_INTO)))


def _is_export_file(path: Path) -> bool:
    from taskplan.model.formats.export import LINES

    try:
        with path.open("rb") as file:
            text = file.readline() if path.suffix in LINES else file.read()
        document = msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OSError):
        return False
    if isinstance(document, list):
        document = document[0] if document else None
    return isinstance(document, dict) and "filename" in document and bool({"_id", "id"} & document.keys())


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)
