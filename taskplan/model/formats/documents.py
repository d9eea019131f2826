"""Items as JSON text: one document a line, an array of documents, or one document a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from taskplan.errors import DataError
from taskplan.model.formats.record import Record

_BOM = b"\xef\xbb\xbf"
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read_lines(path: Path, source: str | None = None) -> Iterator[Record]:
    """Yield a record for each line that is not blank; both kinds of line end, with or without BOM."""
    source = source or str(path)
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number == 1:
                line = line.removeprefix(_BOM)
            text = line.strip()
            if text:
                yield Record(text, source, number)


def read_json_file(path: Path) -> Iterator[Record]:
    """Yield the records of a JSON file: an array's elements, one document, or one document a line.

    An array, and a document written over several lines, is read into memory whole.
    """
    first = first_byte(path)
    if first == b"[":
        yield from read_array(path.read_bytes(), str(path))
        return
    with path.open("rb") as file:
        line = file.readline().removeprefix(_BOM).strip()
    if is_json(line):
        yield from read_lines(path)
    else:
        text = path.read_bytes().removeprefix(_BOM).strip()
        if is_json(text):
            yield Record(text, str(path))
        else:
            # Neither reading fits: lines give the error a place.
            yield from read_lines(path)


def read_array(text: bytes, source: str) -> Iterator[Record]:
    """Yield the elements of a JSON array; the line of each is counted."""
    text = text.removeprefix(_BOM)
    try:
        elements = _decode_array(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        what = str(error).removeprefix("JSON is malformed: ")
        yield Record(text, source, None, DataError(f"is not JSON ({what})", source=source))
        return
    line, position = 1, 0
    for element in elements:
        raw = bytes(element)
        start = text.index(raw, position)
        line += text.count(b"\n", position, start)
        yield Record(raw.strip(), source, line)
        line += raw.count(b"\n")
        position = start + len(raw)


def read_document(text: bytes, source: str) -> Iterator[Record]:
    """Yield the record of a file that holds one document, or an array of them."""
    text = text.removeprefix(_BOM).strip()
    if text.startswith(b"["):
        yield from read_array(text, source)
    else:
        yield Record(text, source)


def first_byte(path: Path) -> bytes:
    """Return the first byte of a text file that is neither BOM nor white space; empty where there is none."""
    with path.open("rb") as file:
        return file.read(4096).removeprefix(_BOM).lstrip()[:1]


def is_json(text: bytes) -> bool:
    """Tell whether a text is one JSON value."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True
