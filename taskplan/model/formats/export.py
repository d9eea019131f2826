"""The platform's JSON export: a folder with one file an item, or a zip of it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from taskplan.errors import DataError
from taskplan.model.formats.documents import read_document, read_lines
from taskplan.model.formats.folder import visible_files
from taskplan.model.formats.record import Record

LINES = (".jsonl", ".ndjson")
"""Suffixes of files with a document a line."""
_ENCRYPTED = 1
"""The bit of a zip member's flags, by the format's specification."""


def read_folder(path: Path) -> Iterator[Record]:
    """Yield the documents of the JSON files below a folder, in the order of their paths."""
    for file in json_files(path):
        try:
            if file.suffix in LINES:
                yield from read_lines(file)
            else:
                yield from read_document(file.read_bytes(), str(file))
        except OSError as error:
            fault = DataError(f"cannot be read: {error.strerror}", source=str(file))
            yield Record(b"", str(file), None, fault)


def json_files(path: Path) -> list[Path]:
    """Return the visible files below a folder that are JSON, or JSON lines, by their suffix; sorted."""
    return sorted(file for file in visible_files(path) if file.suffix in (".json", *LINES))


def read_zip(path: Path) -> Iterator[Record]:
    """Yield the documents of the .json, .jsonl and .ndjson files in a zip, in the order of their names."""
    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.infolist(), key=lambda member: member.filename):
                name = member.filename
                if _hidden(name):
                    continue
                source = f"{path}/{name}"
                if member.flag_bits & _ENCRYPTED:
                    raise DataError("is encrypted", source=source)
                if name.endswith(".json"):
                    yield from read_document(archive.read(member), source)
                elif name.endswith(LINES):
                    with archive.open(member) as file:
                        for number, line in enumerate(file, start=1):
                            text = line.removeprefix(b"\xef\xbb\xbf").strip()
                            if text:
                                yield Record(text, source, number)
    except RuntimeError as error:
        # Also NotImplementedError, for a way of packing that Python does not know.
        raise DataError(f"cannot be unpacked: {error}", source=str(path)) from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError("is not a zip file, or a damaged one", source=str(path)) from error


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
