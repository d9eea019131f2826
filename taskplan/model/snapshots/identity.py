"""Which file a part is, told by its end: the footer of Parquet has places, sizes and bounds of all columns.

Parts that taskplan writes have their number and a digest of their content in it too, so that no two of
them have one footer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

_END = 8
"""Bytes after the footer: its length, and the letters ``PAR1``."""
USUAL = 1 << 16
"""Bytes that have most footers in them."""


def read_footer(source: Any, guess: int = USUAL) -> bytes:
    """Return the footer of an open Parquet file and what follows it; of any other file some of its end.

    `guess` is the number of bytes to read at once.
    """
    size = source.seek(0, 2)
    found = _last(source, size, guess)
    length = int.from_bytes(found[-_END:-4], "little") + _END
    if length > len(found):
        found = _last(source, size, length)
    return found[-length:]


def digest_of(footer: bytes) -> str:
    """Return the digest by which a file is known: 128 bits of SHA-256, hexadecimal."""
    return hashlib.sha256(footer).hexdigest()[:32]


class Content:
    """The digest of what a part holds: its documents and the annotations of each, as texts in their order."""

    def __init__(self) -> None:
        self._documents = hashlib.sha256()
        self._annotations = hashlib.sha256()

    def add(self, documents: Iterable[bytes], annotations: Iterable[Iterable[bytes]]) -> None:
        """Add items; JSON texts have no line ends within."""
        for text in documents:
            self._documents.update(text + b"\n")
        for texts in annotations:
            self._annotations.update(b"".join(text + b"\n" for text in texts) + b"\n")

    def digest(self) -> str:
        """Return the digest, hexadecimal."""
        return hashlib.sha256(self._documents.digest() + self._annotations.digest()).hexdigest()


def _last(source: Any, size: int, count: int) -> bytes:
    source.seek(max(0, size - count))
    found: bytes = source.read(min(size, count))
    return found
