"""Items as files: uploaded, changed, cloned and deleted."""

from __future__ import annotations

import mimetypes
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from taskplan.errors import DataError, InputError
from taskplan.model.formats import Record, read_item
from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.ids import new_id
from taskplan_sqlite.platform.rows import as_text, merged
from taskplan_sqlite.platform.statuses import refresh
from taskplan_sqlite.store.importing import insert_item, update_item

KEPT = ("refs", "taskStatusLog")
"""Fields of ``metadata.system`` that the platform alone writes."""


def remote_path(path: str) -> str:
    """Return the full path of an item: one leading slash, none doubled, none at the end."""
    parts = [part for part in path.split("/") if part]
    if not parts or any(part in (".", "..") for part in parts):
        raise InputError(f'"{path}" is no path of an item')
    return "/" + "/".join(parts)


def new_document(
    filename: str,
    *,
    creator: str,
    now: float,
    size: int = 0,
    facts: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """Return the document of a new item; `facts` (hash, width, height) join its system metadata."""
    name = filename.rpartition("/")[2]
    mimetype = mimetypes.guess_type(name, strict=False)[0] or "application/octet-stream"
    sent = dict(metadata or {})
    sent_system = sent.get("system")
    system: dict[str, Any] = dict(sent_system) if isinstance(sent_system, Mapping) else {}
    system |= {"originalname": name, "mimetype": mimetype, "size": size, "encoding": "7bit"}
    system |= {**(facts or {}), "refs": []}
    document: dict[str, Any] = {
        "id": new_id(now),
        "filename": filename,
        "creator": creator,
        "createdAt": iso(now),
        "updatedAt": iso(now),
        "metadata": {**sent, "system": system},
    }
    if description is not None:
        document["description"] = description
    return document


def find_file(connection: sqlite3.Connection, dataset: int, filename: str) -> tuple[int, str] | None:
    """Return primary key and id of the item with a path, None where there is none."""
    row = connection.execute(
        "SELECT pk, id FROM items WHERE dataset = ? AND filename = ? AND type = 'file' ORDER BY pk LIMIT 1",
        (dataset, filename),
    ).fetchone()
    return None if row is None else (int(row[0]), str(row[1]))


def add_file(connection: sqlite3.Connection, dataset: int, document: Mapping[str, Any]) -> int:
    """Store a new item and return its primary key; InputError where the document cannot be one."""
    return insert_item(connection, dataset, _item(document))


def replace_document(connection: sqlite3.Connection, pk: int, document: Mapping[str, Any]) -> None:
    """Store another document for an item; its annotations, tasks and statuses stay as they are."""
    update_item(connection, pk, _item(document))


def change_file(
    connection: sqlite3.Connection, pk: int, change: Mapping[str, Any], *, system: bool, user: str, now: float
) -> bool:
    """Lay a change over an item and return whether it differs then.

    Of what a client sends only ``filename``, ``description``, ``hidden`` and ``metadata``
    count; ``metadata.system`` only with `system`, and its refs never: the platform keeps those.
    """
    (text,) = connection.execute("SELECT document FROM items WHERE pk = ?", (pk,)).fetchone()
    old: dict[str, Any] = msgspec.json.decode(text)
    new = dict(old)
    if isinstance(change.get("filename"), str):
        new["filename"] = remote_path(change["filename"])
        new = _without(new, ("name", "dir"))
    if isinstance(change.get("description"), str):
        new["description"] = change["description"]
    if isinstance(change.get("hidden"), bool):
        new["hidden"] = change["hidden"]
    metadata = change.get("metadata")
    if isinstance(metadata, Mapping):
        sent = dict(metadata)
        sent_system = sent.pop("system", None)
        new["metadata"] = merged(new.get("metadata") or {}, sent)
        if system and isinstance(sent_system, Mapping):
            new["metadata"] = merged(new["metadata"], {"system": _without(sent_system, KEPT)})
    if new == old:
        return False
    new |= {"updatedAt": iso(now), "updatedBy": user}
    replace_document(connection, pk, new)
    return True


def clone_file(
    connection: sqlite3.Connection,
    pk: int,
    dataset: int,
    *,
    filename: str,
    hidden: bool,
    creator: str,
    now: float,
    id: str | None = None,
) -> int:
    """Copy an item, without annotations, tasks and statuses, and return the primary key of the copy.

    The copy has a new id where none is given.
    """
    source, text = connection.execute("SELECT id, document FROM items WHERE pk = ?", (pk,)).fetchone()
    old: dict[str, Any] = msgspec.json.decode(text)
    kept = _without(old, ("name", "dir", "annotationsCount", "annotated"))
    metadata = kept.get("metadata") or {}
    document = {
        **kept,
        "id": id or new_id(now),
        "filename": filename,
        "hidden": hidden,
        "srcItem": source,
        "creator": creator,
        "createdAt": iso(now),
        "updatedAt": iso(now),
        "metadata": {**metadata, "system": {**(metadata.get("system") or {}), "refs": []}},
    }
    return add_file(connection, dataset, document)


def delete_files(connection: sqlite3.Connection, pks: Iterable[int]) -> int:
    """Delete items with their annotations and their places in tasks; return how many there were."""
    deleted = 0
    touched: set[str] = set()
    for pk in pks:
        touched |= {task for (task,) in connection.execute("SELECT task FROM refs WHERE item = ?", (pk,))}
        for table in ("refs", "status_log", "moves"):
            connection.execute(f"DELETE FROM {table} WHERE item = ?", (pk,))
        connection.execute(
            "DELETE FROM annotations WHERE item = ? AND dataset = (SELECT dataset FROM items WHERE pk = ?)",
            (pk, pk),
        )
        deleted += connection.execute("DELETE FROM items WHERE pk = ?", (pk,)).rowcount
    for task in touched:
        refresh(connection, task)
    return deleted


def _without(fields: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def _item(document: Mapping[str, Any]) -> Any:
    try:
        return read_item(Record(as_text(document).encode(), "item"))
    except DataError as error:
        raise InputError(error.message, path=error.path) from error
