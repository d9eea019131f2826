"""Rows of the store as the documents that the platform's API answers with."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform import projects
from taskplan_sqlite.platform.datasets import recipe_ids
from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.ids import new_id
from taskplan_sqlite.platform.queries import Page
from taskplan_sqlite.platform.reading import read_items
from taskplan_sqlite.platform.rows import require, rows_of

LONG_AGO = iso(0)
ORG = "local"


def cursor(page: Page, items: Sequence[Any] | None = None) -> dict[str, Any]:
    """Return a page in the platform's shape."""
    return {
        "items": list(page.rows if items is None else items),
        "hasNextPage": page.has_next,
        "totalItemsCount": page.total,
        "totalPagesCount": page.pages,
    }


def affected(count: int) -> dict[str, Any]:
    """Return what a query that changes things answers: a page without items, and how many there were."""
    return {"items": [], "hasNextPage": False, "totalItemsCount": count, "totalPagesCount": 0}


def user(email: str) -> dict[str, Any]:
    """Return a user, of whom nothing but the address is known."""
    name = email.partition("@")[0]
    return {
        "id": email,
        "email": email,
        "username": email,
        "firstName": name,
        "lastName": "",
        "createdAt": 0,
        "updatedAt": 0,
        "projects": [],
        "groups": [],
        "org": ORG,
        "orgs": [ORG],
        "type": "user",
    }


def member(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a member of a project."""
    return {**user(entry["email"]), "role": entry["role"]}


def contributor(project: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a member as the routes that change members list them."""
    return {
        **member(entry),
        "domain": entry["email"].partition("@")[2],
        "membershipType": "project",
        "membershipEntityId": project,
    }


def project(gate: Gate, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a project with its members."""
    document = row["document"]
    listed = projects.members(gate.store.connection, row["pk"])
    asking = next((entry["role"] for entry in listed if entry["email"] == gate.options.user), "owner")
    return {
        "id": row["id"],
        "name": row["name"],
        "url": f"{gate.url}/projects/{row['id']}",
        "creator": document.get("creator", gate.options.user),
        "createdAt": milliseconds(document.get("createdAt", LONG_AGO)),
        "updatedAt": milliseconds(document.get("updatedAt", LONG_AGO)),
        "contributors": [member(entry) for entry in listed],
        "groups": [],
        "guests": [],
        "featureConstraints": [],
        "org": ORG,
        "account": ORG,
        "role": asking,
        "isBlocked": False,
    }


def milliseconds(text: str) -> float:
    """Return milliseconds since 1970 for a moment as the store keeps it."""
    return datetime.fromisoformat(text).timestamp() * 1000


def dataset(gate: Gate, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dataset with its counts and recipes."""
    connection = gate.store.connection
    (owner,) = connection.execute("SELECT id FROM projects WHERE pk = ?", (row["project"],)).fetchone()
    items, annotated = connection.execute(
        "SELECT count(*), count(CASE WHEN annotated = 1 THEN 1 END) FROM items WHERE dataset = ?",
        (row["pk"],),
    ).fetchone()
    (annotations,) = connection.execute(
        "SELECT count(*) FROM annotations WHERE dataset = ?", (row["pk"],)
    ).fetchone()
    document = row["document"]
    metadata = document.get("metadata") or {}
    url = f"{gate.url}/datasets/{row['id']}"
    return {
        "id": row["id"],
        "name": row["name"],
        "url": url,
        "projects": [owner],
        "creator": document.get("creator", gate.options.user),
        "createdAt": document.get("createdAt", LONG_AGO),
        "updatedAt": document.get("updatedAt", LONG_AGO),
        "updatedBy": document.get("updatedBy", document.get("creator", gate.options.user)),
        "annotated": annotated,
        "itemsCount": items,
        "annotationsCount": annotations,
        "items": f"{url}/items",
        "directoryTree": f"{url}/directoryTree",
        "readableType": "dataset",
        "accessLevel": "project",
        "driver": "local",
        "readonly": False,
        "indexDriver": "v1",
        "metadata": {
            **metadata,
            "system": {**(metadata.get("system") or {}), "recipes": recipe_ids(connection, row["id"])},
        },
    }


def recipe(gate: Gate, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe."""
    owner = _project_id(gate.store.connection, row)
    return {
        "instructions": [],
        "examples": {"bad": [], "good": []},
        "customActions": [],
        "uiSettings": {},
        "description": "",
        "metadata": {"system": {}},
        "updatedBy": row["document"].get("creator"),
        **row["document"],
        "id": row["id"],
        "url": f"{gate.url}/recipes/{row['id']}",
        "projectIds": [owner],
    }


def ontology(gate: Gate, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an ontology."""
    owner = _project_id(gate.store.connection, row)
    return {
        "metadata": {"system": {}},
        "attributes": [],
        "updatedBy": row["document"].get("creator"),
        **row["document"],
        "id": row["id"],
        "url": f"{gate.url}/ontologies/{row['id']}",
        "projectIds": [owner],
    }


def _project_id(connection: sqlite3.Connection, row: Mapping[str, Any]) -> str:
    found = connection.execute("SELECT id FROM projects WHERE pk = ?", (row["project"],)).fetchone()
    return str(found[0]) if found else ""


def items(gate: Gate, keys: Sequence[int]) -> list[dict[str, Any]]:
    """Return items by primary key, in that order."""
    return [_item(gate, document) for document in read_items(gate.store.connection, keys)]


def item(gate: Gate, key: int) -> dict[str, Any]:
    """Return one item by primary key."""
    return items(gate, [key])[0]


def _item(gate: Gate, document: dict[str, Any]) -> dict[str, Any]:
    url = f"{gate.url}/items/{document['id']}"
    metadata = document["metadata"] if isinstance(document["metadata"], Mapping) else {}
    held = metadata.get("system")
    system = {
        "originalname": document["name"],
        "originalPath": document["filename"],
        "mimetype": "application/octet-stream",
        "size": 0,
        "encoding": "7bit",
        "isBinary": True,
        **(held if isinstance(held, Mapping) else {}),
    }
    creator = _text(document.get("creator"), gate.options.user)
    created = _text(document.get("createdAt"), LONG_AGO)
    counted = document.get("annotationsCount")
    annotated = document.get("annotated")
    return {
        **document,
        "url": url,
        "dataset": f"{gate.url}/datasets/{document['datasetId']}",
        "spec": "ClonedItemSpec" if document.get("srcItem") else "MasterItemSpec",
        "metadata": {**metadata, "system": system},
        "creator": creator,
        "createdAt": created,
        "updatedAt": _text(document.get("updatedAt"), created),
        "updatedBy": _text(document.get("updatedBy"), creator),
        "annotationsCount": counted if isinstance(counted, int) else 0,
        "annotated": annotated
        if isinstance(annotated, bool) or annotated == "discarded"
        else bool(annotated),
        "stream": f"{url}/stream",
        "thumbnail": f"{url}/thumbnail",
        "annotations": f"{url}/annotations",
        "srcItem": _text(document.get("srcItem"), ""),
        "srcDataset": _text(document.get("srcDataset"), document["datasetId"]),
    }


def _text(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) else otherwise


def annotation(gate: Gate, document: Mapping[str, Any], *, item: str, dataset: str) -> dict[str, Any]:
    """Return an annotation; imported ones may lack what the platform's own always have."""
    identifier = _text(document.get("id") or document.get("_id"), "")
    creator = _text(document.get("creator"), gate.options.user)
    created = _text(document.get("createdAt"), LONG_AGO)
    return {
        "type": "box",
        "label": "",
        "attributes": [],
        "coordinates": [],
        "metadata": {"system": {}},
        "hash": "",
        "labelSuggestions": {},
        "source": "sdk",
        **document,
        "id": identifier,
        "url": f"{gate.url}/annotations/{identifier}",
        "itemId": item,
        "item": f"{gate.url}/items/{item}",
        "datasetId": dataset,
        "dataset": f"{gate.url}/datasets/{dataset}",
        "creator": creator,
        "createdAt": created,
        "updatedAt": _text(document.get("updatedAt"), created),
        "updatedBy": _text(document.get("updatedBy"), creator),
    }


def task(gate: Gate, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task with what follows from its items."""
    connection = gate.store.connection
    counts = dict(
        connection.execute(
            "SELECT status, count(*) FROM refs WHERE task = ? GROUP BY status", (row["id"],)
        ).fetchall()
    )
    assignments = connection.execute(
        "SELECT id FROM assignments WHERE task = ? ORDER BY position", (row["id"],)
    ).fetchall()
    document = row["document"]
    return {
        **document,
        **_progress(counts),
        "url": f"{gate.url}/annotationtasks/{row['id']}",
        "name": row["name"],
        "status": row["status"],
        "recipeId": document.get("recipeId") or "",
        "hasParent": row["parent"] is not None,
        "assignmentIds": [assignment for (assignment,) in assignments],
        "updatedBy": document.get("updatedBy", document["creator"]),
        "dueDate": document.get("dueDate") or 0,
        "hasDueDate": bool(document.get("dueDate")),
        "description": document.get("description") or _no_description(document),
    }


def _no_description(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "content": "",
        "createdBy": document["creator"],
        "updatedBy": document["creator"],
        "createdAt": document["createdAt"],
        "updatedAt": document["createdAt"],
    }


def _progress(counts: Mapping[str | None, int]) -> dict[str, Any]:
    total = sum(counts.values())
    actions = {status: count for status, count in counts.items() if status is not None}
    done = sum(actions.values())
    return {
        "totalItems": total,
        "itemStatus": {"completed": done, "remaining": total - done, "actions": actions},
        "progress": round(100 * done / total) if total else 0,
        "forReview": 0,
        "issues": 0,
    }


def assignment(gate: Gate, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an assignment with what follows from its items."""
    connection = gate.store.connection
    counts = dict(
        connection.execute(
            "SELECT status, count(*) FROM refs WHERE task = ? AND assignment = ? GROUP BY status",
            (row["task"], row["id"]),
        ).fetchall()
    )
    task_row = require(connection, "task", row["task"])
    document = row["document"]
    system = {"markForDeletion": False, **document["metadata"].get("system", {})}
    return {
        **document,
        **_progress(counts),
        "url": f"{gate.url}/assignments/{row['id']}",
        "name": row["name"],
        "annotator": row["annotator"],
        "status": row["status"],
        "taskType": task_row["type"],
        "priority": task_row["priority"],
        "metadata": {**document["metadata"], "system": system},
    }


def assignments_of(gate: Gate, task: str) -> list[dict[str, Any]]:
    """Return a task's assignments, first come first."""
    return [
        assignment(gate, row)
        for row in rows_of(gate.store.connection, "assignments", "task = ?", (task,), "position")
    ]


def command(gate: Gate, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a command; its address must hold ``api/v1``, which the SDK looks for."""
    return {**document, "url": f"{gate.url}/commands/{document['id']}"}


def api_key(gate: Gate, email: str) -> dict[str, Any]:
    """Return a new key for an address."""
    return {"id": new_id(gate.clock()), "userId": email, "jwt": gate.tokens.make(email)}
