"""Rows with a JSON document: read, changed and found, the same way for every kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
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
    found = rows_of(connection, TABLES[kind], "id = ?", (id,))
    if not found:
        raise NotFoundError(f'there is no {kind} "{id}"')
    return found[0]


def rows_of(
    connection: sqlite3.Connection, table: str, condition: str, values: Sequence[Any], order: str = "rowid"
) -> list[dict[str, Any]]:
    """Return the rows that satisfy an SQL condition, their documents decoded."""
    found = connection.execute(f"SELECT * FROM {table} WHERE {condition} ORDER BY {order}", values)
    names = [column[0] for column in found.description]
    listed = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [row | {"document": msgspec.json.decode(row["document"])} for row in listed]


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
