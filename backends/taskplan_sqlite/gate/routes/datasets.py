"""Datasets, and what is asked of all their items at once."""

from __future__ import annotations

from typing import Any

import msgspec

from taskplan_sqlite.gate import wire
from taskplan_sqlite.gate.errors import GateError
from taskplan_sqlite.gate.payloads import check_metadata
from taskplan_sqlite.gate.routing import Call, Routes
from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform import datasets
from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.queries import page_of, parsed
from taskplan_sqlite.platform.rows import merged, require, rows_of, write_document

routes = Routes()


class NewDataset(msgspec.Struct, rename="camel"):
    """A dataset as it is made."""

    name: str
    projects: list[str]
    create_default_recipe: bool = True
    metadata: dict[str, Any] | None = None


class DatasetChange(msgspec.Struct):
    """What may change in a dataset."""

    name: str | None = None
    metadata: dict[str, Any] | None = None


@routes("GET", "/datasets", query=("name", "creator", "projects"))
def list_datasets(gate: Gate, call: Call) -> Any:
    """All datasets, or those of a name or of some projects."""
    wanted = set(filter(None, call.query.get("projects", "").split(",")))
    found = [wire.dataset(gate, row) for row in rows_of(gate.store.connection, "datasets", "1", ())]
    return [
        entry
        for entry in found
        if (not wanted or wanted & set(entry["projects"]))
        and call.query.get("name") in (None, "", entry["name"])
        and call.query.get("creator") in (None, "", entry["creator"])
    ]


@routes("POST", "/datasets/query", body=dict[str, Any])
def query_datasets(gate: Gate, call: Call) -> Any:
    """A page of datasets that a query selects."""
    context = call.body.get("context")
    inside = context.get("projects", context.get("projectIds")) if isinstance(context, dict) else None
    query = parsed(call.body, "datasets")
    found = [wire.dataset(gate, row) for row in rows_of(gate.store.connection, "datasets", "1", ())]
    wanted = set(map(str, inside)) if isinstance(inside, list) else None
    kept = [entry for entry in found if wanted is None or wanted & set(entry["projects"])]
    return wire.cursor(page_of(kept, query))


@routes("POST", "/datasets", body=NewDataset)
def create_dataset(gate: Gate, call: Call) -> Any:
    """Make a dataset in a project."""
    if len(call.body.projects) != 1:
        raise GateError(400, "projects: expected one")
    check_metadata(call.body.metadata)
    project = require(gate.store.connection, "project", call.body.projects[0])
    with gate.store.write() as connection:
        dataset = datasets.create_dataset(
            connection,
            project["pk"],
            call.body.name,
            creator=call.user,
            now=call.now,
            metadata=call.body.metadata,
            with_recipe=call.body.create_default_recipe,
        )
    return wire.dataset(gate, require(gate.store.connection, "dataset", dataset))


@routes("GET", "/datasets/{id}")
def get_dataset(gate: Gate, call: Call) -> Any:
    """A dataset by id."""
    return wire.dataset(gate, _row(gate, call))


@routes("PATCH", "/datasets/{id}", body=DatasetChange, query=("system",))
def update_dataset(gate: Gate, call: Call) -> Any:
    """Rename a dataset, or change its metadata; the system's own only where asked for."""
    row = _row(gate, call)
    document = {**row["document"], "updatedAt": iso(call.now), "updatedBy": call.user}
    change = call.body.metadata
    check_metadata(change)
    if change is not None:
        if not call.flag("system"):
            change = {name: value for name, value in change.items() if name != "system"}
        document["metadata"] = merged(document.get("metadata") or {"system": {}}, change)
    with gate.store.write() as connection:
        if call.body.name is not None and call.body.name != row["name"]:
            datasets.check_name(connection, row["project"], call.body.name)
            connection.execute("UPDATE datasets SET name = ? WHERE pk = ?", (call.body.name, row["pk"]))
        write_document(connection, "dataset", row["id"], document)
    return wire.dataset(gate, _row(gate, call))


@routes("DELETE", "/datasets/{id}", query=("force",))
def delete_dataset(gate: Gate, call: Call) -> None:
    """Delete a dataset with its items and tasks."""
    row = _row(gate, call)
    with gate.store.write() as connection:
        datasets.delete_dataset(connection, row["pk"])


@routes("GET", "/datasets/{id}/directoryTree")
def directory_tree(gate: Gate, call: Call) -> Any:
    """The folders of a dataset, in one another."""
    row = _row(gate, call)
    listed = gate.store.connection.execute(
        """SELECT DISTINCT CASE type WHEN 'dir' THEN filename ELSE dir END FROM items
           WHERE dataset = ? AND hidden = 0""",
        (row["pk"],),
    )
    children: dict[str, set[str]] = {"/": set()}
    for (folder,) in listed:
        parts = [part for part in str(folder).split("/") if part]
        for depth in range(len(parts)):
            above = "/" + "/".join(parts[:depth])
            children.setdefault(above, set()).add("/" + "/".join(parts[: depth + 1]))
    return _tree(gate, row, "/", children)


def _tree(gate: Gate, row: dict[str, Any], folder: str, children: dict[str, set[str]]) -> dict[str, Any]:
    return {
        "value": _folder(gate, row, folder),
        "children": [_tree(gate, row, below, children) for below in sorted(children.get(folder, ()))],
    }


def _folder(gate: Gate, row: dict[str, Any], folder: str) -> dict[str, Any]:
    url = f"{gate.url}/datasets/{row['id']}"
    above, _, name = folder.rpartition("/")
    return {
        "id": f"{row['id']}:{folder}",
        "url": f"{url}/directoryTree",
        "datasetId": row["id"],
        "dataset": url,
        "dir": above or "/",
        "filename": folder,
        "name": name or "/",
        "type": "dir",
        "spec": "MasterItemSpec",
        "hidden": False,
        "metadata": {
            "system": {
                "originalPath": folder,
                "encoding": "",
                "size": 0,
                "mimetype": "directory",
                "originalname": name,
            }
        },
        "createdAt": wire.LONG_AGO,
        "updatedAt": wire.LONG_AGO,
        "creator": gate.options.user,
        "updatedBy": gate.options.user,
        "items": f"{url}/items",
        "export": {"json": "", "zip": ""},
    }


def _row(gate: Gate, call: Call) -> dict[str, Any]:
    return require(gate.store.connection, "dataset", call.path["id"])
