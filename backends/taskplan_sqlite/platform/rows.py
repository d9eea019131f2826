"""Rows with a JSON document: read, changed and found, the same way for every kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from taskplan.errors import NotFoundError

Kind = Literal["project", "dataset", "recipe", "ontology", "item", "task", "assignment", "command"]
TABLES: Mapping[Kind, str] = {
    "project": "projects",
    "dataset": "datasets",
    "recipe": "recipes",
    "ontology": "ontologies",
    "item": "items",
    "task": "tasks",
    "assignment": "assignments",
    "command": "commands",
}


def require(connection: sqlite3.Connection, kind: Kind, id: str) -> dict[str, Any]:
    """Return the row with an id, its document decoded; NotFoundError where there is none."""
    cursor = connection.execute(f"SELECT * FROM {TABLES[kind]} WHERE id = ?", (id,))
    row = cursor.fetchone()
    if row is None:
        raise NotFoundError(f'there is no {kind} "{id}"')
    found = dict(zip([column[0] for column in cursor.description], row, strict=True))
    found["document"] = msgspec.json.decode(found["document"])
    return found


def write_document(connection: sqlite3.Connection, kind: Kind, id: str, document: Mapping[str, Any]) -> None:
    """Replace the document of a row."""
    connection.execute(f"UPDATE {TABLES[kind]} SET document = ? WHERE id = ?", (as_text(document), id))


def as_text(document: Any) -> str:
    """Return a document as the store keeps it."""
    return msgspec.json.encode(document).decode()


def merged(old: Any, change: Any) -> Any:
    """Return `old` with a change laid over it: objects field by field, null takes a field away."""
    if not isinstance(old, Mapping) or not isinstance(change, Mapping):
        return change
    result = dict(old)
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
