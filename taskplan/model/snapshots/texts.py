"""Columns from JSON texts, for paths that are no column of a part."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from taskplan.model.columns import ColumnBuilder
from taskplan.model.paths import reach
from taskplan.model.table import Column, Reached

# msgspec takes no such characters in the names of fields.
_UNNAMEABLE = re.compile(r'["\\\x00-\x1f\x7f]')
_WHOLE = b"\x00"
"""Starts the key of values that were reached in a whole document; no JSON text starts so."""
_decode = msgspec.json.decode


def column_of_texts(path: str, batches: Iterable[list[bytes]]) -> Column:
    """Return the column of `path` over the texts of documents.

    Only what lies on the path is decoded, and equal texts of it once; a document with an array on the
    way is read whole.
    """
    chain = None if _UNNAMEABLE.search(path) else msgspec.json.Decoder(_chain(path.split("."))).decode
    depth = path.count(".") + 1
    builder = ColumnBuilder()
    for texts in batches:
        builder.add_texts([_key(text, path, chain, depth) for text in texts], _reached_of)
    return builder.column()


def _key(text: bytes, path: str, chain: Any, depth: int) -> bytes:
    if chain is not None:
        try:
            node = chain(text)
            for _ in range(depth):
                if node is None:
                    return b""
                node = node.value
            return bytes(node)
        except msgspec.ValidationError:
            pass
    reached = reach(_decode(text), path)
    return _WHOLE + msgspec.json.encode(reached)


def _reached_of(key: bytes) -> Reached:
    if not key:
        return ()
    if key.startswith(_WHOLE):
        return tuple(_decode(key[1:]))
    return (_decode(key),)


def _chain(segments: list[str]) -> type[msgspec.Struct]:
    """Return a struct that goes down a path to raw text; null on the way is as good as absent."""
    inner: Any = msgspec.Raw
    default: Any = msgspec.Raw(b"")
    for segment in reversed(segments):
        inner = msgspec.defstruct("Chain", [("value", inner, default)], rename={"value": segment}, gc=False)
        whole, inner, default = inner, inner | None, None
    found: type[msgspec.Struct] = whole
    return found
