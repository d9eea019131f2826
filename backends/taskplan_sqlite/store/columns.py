"""Columns from the documents' texts: only what the asked paths need is decoded.

For a set of paths a chain of msgspec structs is made whose leaves stay raw JSON
text; equal texts are decoded once. A document that does not fit the chain, such
as one with an array on the way, is read whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from taskplan.model.columns import ColumnBuilder
from taskplan.model.paths import reach
from taskplan.model.table import Column, Reached

_CHUNK = 4_096
# msgspec takes no such characters in the names of fields.
_UNNAMEABLE = re.compile(r'["\\\x00-\x1f\x7f]')
_WHOLE = b"\x00"
"""Starts the key of values that were reached in a whole document; no JSON text starts so."""
_EMPTY = msgspec.Raw(b"")

Tree = dict[str, "Tree | None"]
Complete = Callable[[dict[str, Any]], dict[str, Any]]


def build_columns(paths: Iterable[str], texts: Iterable[str], complete: Complete) -> dict[str, Column]:
    """Return the columns of `paths` over document texts, in one pass over them.

    `complete` is applied to documents that are read whole.
    """
    chained, whole = _without_clashes(paths)
    tree = _tree(chained)
    builders = {path: ColumnBuilder() for path in (*chained, *whole)}
    decode_chain = msgspec.json.Decoder(_struct(tree)).decode
    decode_document = msgspec.json.Decoder(dict[str, Any]).decode
    source = iter(texts)
    while chunk := list(islice(source, _CHUNK)):
        decoded: list[Any] = []
        misfits: dict[int, dict[str, Any]] = {}
        if chained:
            for text in chunk:
                try:
                    decoded.append(decode_chain(text))
                except msgspec.ValidationError:
                    misfits[len(decoded)] = complete(decode_document(text))
                    decoded.append(None)
        for path, leaves in _leaves(tree, decoded, ""):
            for row, document in misfits.items():
                leaves[row] = whole_key(reach(document, path))
            builders[path].add_texts(leaves, reached_of)
        if whole:
            documents = [complete(decode_document(text)) for text in chunk]
            for path in whole:
                keys = [whole_key(reach(document, path)) for document in documents]
                builders[path].add_texts(keys, reached_of)
    return {path: builder.column() for path, builder in builders.items()}


def whole_key(reached: Reached) -> bytes:
    """Return the key of values that were reached in a whole document."""
    return _WHOLE + msgspec.json.encode(reached)


def reached_of(key: bytes) -> Reached:
    """Return the values that a key of a builder stands for."""
    if not key:
        return ()
    if key.startswith(_WHOLE):
        return tuple(msgspec.json.decode(key[1:]))
    return (msgspec.json.decode(key),)


def _without_clashes(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Split paths into those that fit one chain, and those that lie above or below one or are named oddly."""
    chained: list[str] = []
    clashing: list[str] = []
    for path in dict.fromkeys(paths):
        above_or_below = (f"{path}.".startswith(f"{o}.") or f"{o}.".startswith(f"{path}.") for o in chained)
        apart = any(above_or_below) or _UNNAMEABLE.search(path)
        (clashing if apart else chained).append(path)
    return chained, clashing


def _tree(paths: Iterable[str]) -> Tree:
    tree: Tree = {}
    for path in paths:
        *folders, leaf = path.split(".")
        node = tree
        for segment in folders:
            below = node.setdefault(segment, {})
            assert below is not None
            node = below
        node[leaf] = None
    return tree


def _struct(tree: Tree) -> type[msgspec.Struct]:
    """Return a struct with a raw leaf for each leaf of a tree; null on the way is as good as absent."""
    fields: list[tuple[str, Any, Any]] = []
    rename: dict[str, str] = {}
    for number, (segment, below) in enumerate(tree.items()):
        name = f"f{number}"
        rename[name] = segment
        if below is None:
            fields.append((name, msgspec.Raw, _EMPTY))
        else:
            fields.append((name, _struct(below) | None, None))
    return msgspec.defstruct("Chain", fields, rename=rename, gc=False)


def _leaves(tree: Tree, structs: list[Any], prefix: str) -> Iterator[tuple[str, list[bytes]]]:
    """Yield each leaf's path with its texts, empty where absent."""
    for number, (segment, below) in enumerate(tree.items()):
        name = f"f{number}"
        path = f"{prefix}{segment}"
        found = [None if s is None else getattr(s, name) for s in structs]
        if below is None:
            yield path, [b"" if raw is None else bytes(raw) for raw in found]
        else:
            yield from _leaves(below, found, f"{path}.")
