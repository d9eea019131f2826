"""The manifest of a snapshot, written last: a folder of parts without it is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from taskplan.errors import DataError
from taskplan.model.snapshots.places import Place

MANIFEST = "taskplan.json"
UNFINISHED = "_taskplan_unfinished"
"""A file that is there while a snapshot is written, with a word that only its writer knows.

It stays where that was broken off.
"""
FORMAT = 1
KEY = b"taskplan"
"""Marks, in the metadata of Parquet, a part of a snapshot, and a column of JSON texts."""
PART, CONTENT = b"taskplan.part", b"taskplan.content"
"""The number of a part, and the digest of its content, in the metadata of Parquet."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: its rows, its digest (see `identity`), and the annotations of its items."""

    file: str
    rows: int
    digest: str
    annotations: int


class Manifest(msgspec.Struct, frozen=True):
    """What a snapshot holds.

    `columns` tells for each path the parts that have it as a column, as ranges [first, last];
    the others have it in their documents alone.
    """

    format: int
    project: str
    dataset: str
    dataset_id: str
    items: int
    annotations: int
    parts: tuple[Part, ...]
    known_paths: tuple[str, ...]
    known_annotation_paths: tuple[str, ...]
    columns: dict[str, tuple[tuple[int, int], ...]]

    def encode(self) -> bytes:
        """Return the text of the manifest, one part and one path a line."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


class _Format(msgspec.Struct):
    format: int


def manifest_text(place: Place) -> bytes:
    """Return the text of the manifest in a folder; DataError where there is no such file."""
    try:
        return place.read(MANIFEST)
    except IsADirectoryError as error:
        what = "is a folder, expected the manifest of a snapshot"
        raise DataError(what, source=place.source(MANIFEST)) from error
    except FileNotFoundError as error:
        raise DataError("is missing", source=place.source(MANIFEST)) from error


def read_manifest(text: bytes, source: str) -> Manifest:
    """Read a manifest; DataError where it is of another version, lacks a field or does not add up."""
    try:
        version = msgspec.json.decode(text, type=_Format).format
        if version != FORMAT:
            raise DataError(
                f"is a snapshot of format {version}, this taskplan reads format {FORMAT}",
                source=source,
                hint="a newer taskplan reads it" if version > FORMAT else "write it again",
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"is no manifest of a snapshot ({error})", source=source) from error
    for what, stated, found in (
        ("items", manifest.items, sum(part.rows for part in manifest.parts)),
        ("annotations", manifest.annotations, sum(part.annotations for part in manifest.parts)),
    ):
        if stated != found:
            raise DataError(f"names {stated:,} {what}, its parts have {found:,}", source=source)
    for part in manifest.parts:
        if min(part.rows, part.annotations) < 0 or "/" in part.file or "\\" in part.file:
            raise DataError(f'names a part that cannot be ("{part.file}")', source=source)
    for what, names in (
        ("file", [part.file for part in manifest.parts]),
        ("part", [part.digest for part in manifest.parts]),
    ):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise DataError(f'names one {what} twice ("{twice[0]}")', source=source)
    return manifest


def ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return ascending numbers as ranges [first, last]."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)
