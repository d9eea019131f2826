"""Annotations of items, and the counts of them that items carry."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from taskplan.errors import NotFoundError
from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.ids import new_id
from taskplan_sqlite.platform.rows import as_text, merged


def add_annotations(
    connection: sqlite3.Connection,
    item: int,
    sent: Sequence[Mapping[str, Any]],
    *,
    creator: str,
    now: float,
) -> list[dict[str, Any]]:
    """Add annotations to an item (primary key) and return them with ids, in the order sent."""
    dataset, dataset_id, item_id = connection.execute(
        "SELECT d.pk, d.id, i.id FROM items i JOIN datasets d ON d.pk = i.dataset WHERE i.pk = ?", (item,)
    ).fetchone()
    made = []
    for entry in sent:
        said = {name: value for name, value in entry.items() if value is not None}
        document = {
            **said,
            "id": new_id(now),
            "itemId": item_id,
            "datasetId": dataset_id,
            "creator": creator,
            "createdAt": iso(now),
            "updatedAt": iso(now),
            "updatedBy": creator,
        }
        made.append(document)
    connection.executemany(
        "INSERT INTO annotations (dataset, item, id, document) VALUES (?, ?, ?, ?)",
        [(dataset, item, document["id"], as_text(document)) for document in made],
    )
    recount(connection, item)
    return made


def find_annotation(connection: sqlite3.Connection, id: str) -> tuple[int, int, dict[str, Any]]:
    """Return primary key, item and document of an annotation; NotFoundError where there is none."""
    row = connection.execute("SELECT pk, item, document FROM annotations WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise NotFoundError(f'there is no annotation "{id}"')
    return int(row[0]), int(row[1]), msgspec.json.decode(row[2])


def change_annotation(
    connection: sqlite3.Connection, id: str, change: Mapping[str, Any], *, system: bool, user: str, now: float
) -> dict[str, Any]:
    """Lay a change over an annotation and return it; its system metadata only with `system`."""
    pk, _, old = find_annotation(connection, id)
    sent = {name: value for name, value in change.items() if name not in ("id", "itemId", "datasetId", "url")}
    metadata = sent.get("metadata")
    if isinstance(metadata, Mapping) and not system:
        sent["metadata"] = {name: value for name, value in metadata.items() if name != "system"}
    # Coordinates and attributes are values, not objects to be mixed with what was there.
    whole = {name: sent.pop(name) for name in ("coordinates", "attributes") if sent.get(name) is not None}
    document = {**merged(old, sent), **whole, "updatedAt": iso(now), "updatedBy": user}
    connection.execute("UPDATE annotations SET document = ? WHERE pk = ?", (as_text(document), pk))
    return document


def delete_annotations(connection: sqlite3.Connection, pks: Iterable[int]) -> int:
    """Delete annotations by primary key and return how many there were."""
    items: set[int] = set()
    deleted = 0
    for pk in pks:
        items |= {item for (item,) in connection.execute("SELECT item FROM annotations WHERE pk = ?", (pk,))}
        deleted += connection.execute("DELETE FROM annotations WHERE pk = ?", (pk,)).rowcount
    for item in items:
        recount(connection, item)
    return deleted


def recount(connection: sqlite3.Connection, item: int) -> None:
    """Bring an item's counts of annotations up to date with its annotations."""
    dataset, text, annotated = connection.execute(
        "SELECT dataset, document, annotated FROM items WHERE pk = ?", (item,)
    ).fetchone()
    (count,) = connection.execute(
        "SELECT count(*) FROM annotations WHERE dataset = ? AND item = ?", (dataset, item)
    ).fetchone()
    document: dict[str, Any] = msgspec.json.decode(text)
    if "annotationsCount" in document:
        document["annotationsCount"] = count
    if isinstance(document.get("annotated"), bool):
        document["annotated"] = count > 0
    # Somebody has discarded the item: that stays, whatever is annotated in it.
    new = annotated if isinstance(annotated, str) else int(count > 0)
    connection.execute(
        """UPDATE items SET document = ?, annotated = ?, annotations_count = ?, annotations_held = ?
           WHERE pk = ?""",
        (as_text(document), new, count, count, item),
    )
