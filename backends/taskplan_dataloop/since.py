"""Until when a store has seen a dataset: a small file beside it; without it the next pull is whole."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


def read_since(store: Path, dataset: str) -> str | None:
    """Return the newest ``updatedAt`` that the store has seen of a dataset, None where it is not known."""
    if not store.exists():
        return None
    return _read(store).get(dataset)


def write_since(store: Path, dataset: str, newest: str) -> None:
    """Note the newest ``updatedAt``."""
    file = _file(store)
    ready = file.with_name(f"{file.name}.new")
    ready.write_bytes(msgspec.json.encode({**_read(store), dataset: newest}))
    os.replace(ready, file)


def _read(store: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(_file(store).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}


def _file(store: Path) -> Path:
    return store.with_name(f"{store.name}.pulled.json")
