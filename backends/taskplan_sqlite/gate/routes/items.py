"""Items: uploaded, found, changed, cloned, deleted."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from taskplan.dql.query import Query
from taskplan.model.formats.folder import image_size
from taskplan_sqlite.gate import wire
from taskplan_sqlite.gate.errors import GateError
from taskplan_sqlite.gate.routing import Call, File, Reply, Routes, Stored
from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform import files, item_annotations, items
from taskplan_sqlite.platform.queries import chosen_of, demanded, page_of, parsed
from taskplan_sqlite.platform.rows import require
from taskplan_sqlite.platform.statuses import refresh

routes = Routes()
ID = re.compile(r"[0-9a-fA-F]{24}")


class ItemChange(msgspec.Struct):
    """What may change in an item; anything else that a client sends is left alone."""

    filename: str | None = None
    description: str | None = None
    hidden: bool | None = None
    metadata: dict[str, Any] | None = None


class Ref(msgspec.Struct):
    """A task or an assignment."""

    id: str
    type: Literal["task", "assignment"]


class References(msgspec.Struct):
    """Tasks and assignments that items are put into or taken out of."""

    operation: Literal["create", "delete"]
    refs: list[Ref]


class Clone(msgspec.Struct, rename="camel"):
    """Where a copy of an item goes."""

    target_dataset_id: str | None = None
    remote_file_name: str | None = None
    metadata: dict[str, Any] | None = None


@routes(
    "POST", "/datasets/{datasetId}/items", form=("type", "path", "metadata", "description"), query=("mode",)
)
def create_item(gate: Gate, call: Call) -> Any:
    """Upload a file, or make a folder.

    Where a file of that path is there: `mode=overwrite` replaces it; else the
    item that is there is the answer, unchanged, with the size that was sent: any
    other size makes the SDK delete that item and send its own again.
    """
    dataset = require(gate.store.connection, "dataset", call.path["datasetId"])
    if call.form.get("type") == "dir":
        return _make_folder(gate, call, dataset)
    if call.file is None:
        raise GateError(400, "file: expected an upload")
    filename = files.remote_path(call.form.get("path") or call.file.name)
    facts = {"hash": call.file.sha256, **image_size(Path(call.file.path))}
    metadata = _metadata(call.form.get("metadata"))
    with gate.store.write() as connection:
        found = files.find_file(connection, dataset["pk"], filename)
        if found is not None and call.query.get("mode") != "overwrite":
            document = wire.item(gate, found[0])
            document["metadata"]["system"]["size"] = call.file.size
            return Reply(document, headers={"x-item-op": "skipped"})
        document = files.new_document(
            filename,
            creator=call.user,
            now=call.now,
            size=call.file.size,
            facts=facts,
            metadata=metadata,
            description=call.form.get("description"),
        )
        if found is None:
            pk, operation = files.add_file(connection, dataset["pk"], document), "created"
        else:
            pk, operation = found[0], "overwrite"
            document |= {"id": found[1], "updatedBy": call.user}
            files.replace_document(connection, pk, document)
        _keep(gate, document["id"], call.file)
        gate.store.touch_documents(dataset["pk"])
    return Reply(wire.item(gate, pk), headers={"x-item-op": operation})


def _make_folder(gate: Gate, call: Call, dataset: Mapping[str, Any]) -> Any:
    filename = files.remote_path(call.form.get("path", ""))
    with gate.store.write() as connection:
        found = connection.execute(
            "SELECT pk FROM items WHERE dataset = ? AND filename = ? AND type = 'dir'",
            (dataset["pk"], filename),
        ).fetchone()
        if found is not None:
            return wire.item(gate, int(found[0]))
        document = files.new_document(filename, creator=call.user, now=call.now) | {"type": "dir"}
        pk = files.add_file(connection, dataset["pk"], document)
        gate.store.touch_documents(dataset["pk"])
    return wire.item(gate, pk)


def _metadata(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise GateError(400, f"metadata: is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise GateError(400, "metadata: expected an object")
    return found


def _keep(gate: Gate, item: str, file: File) -> None:
    if gate.options.keep_files is not None:
        gate.options.keep_files.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, gate.options.keep_files / item)


@routes("GET", "/datasets/{datasetId}/items", query=("pageOffset", "pageSize"))
def list_items(gate: Gate, call: Call) -> Any:
    """A page of a dataset's items."""
    dataset = require(gate.store.connection, "dataset", call.path["datasetId"])
    sent = {
        "filter": {},
        "page": call.number("pageOffset", 0),
        "pageSize": call.number("pageSize", 1000, least=1),
    }
    page = gate.queries.page(dataset["pk"], parsed(sent, "items"))
    return wire.cursor(page, wire.items(gate, page.rows))


@routes("POST", "/datasets/{id}/query", body=dict[str, Any])
def query_dataset(gate: Gate, call: Call) -> Any:
    """A page of items or annotations that a query selects; or change, delete or refer to all of them."""
    dataset = require(gate.store.connection, "dataset", call.path["id"])
    sent = dict(call.body)
    resource = sent.get("resource", "items")
    work = {name: sent.pop(name, None) for name in ("update", "delete", "references")}
    system = bool(sent.pop("systemSpace", False))
    if resource == "annotations":
        return _query_annotations(gate, dataset, sent, delete=bool(work["delete"]))
    query = parsed(sent, "items")
    if work["update"] is not None:
        return _update_selected(gate, call, dataset, query, work["update"], system=system)
    if work["delete"]:
        return _delete_selected(gate, dataset, query)
    if work["references"] is not None:
        return _refer_selected(gate, call, dataset, query, work["references"])
    page = gate.queries.page(dataset["pk"], query)
    return wire.cursor(page, wire.items(gate, page.rows))


def _query_annotations(gate: Gate, dataset: Mapping[str, Any], sent: dict[str, Any], *, delete: bool) -> Any:
    query = parsed(sent, "annotations")
    item = demanded(query, "itemId")
    listed = gate.store.connection.execute(
        f"""SELECT a.pk, i.id, a.document FROM annotations a JOIN items i ON i.pk = a.item
            WHERE a.dataset = :dataset {"" if item is None else "AND i.id = :item"}
            ORDER BY a.item, a.pk""",
        {"dataset": dataset["pk"], "item": item},
    ).fetchall()
    keys: dict[str, int] = {}
    found = []
    for pk, item_id, text in listed:
        # Imported annotations may have no id.
        document = {"id": f"{pk:024x}", **msgspec.json.decode(text)}
        keys[document["id"]] = pk
        found.append(wire.annotation(gate, document, item=item_id, dataset=dataset["id"]))
    if not delete:
        return wire.cursor(page_of(found, query))
    chosen = chosen_of(found, query)
    with gate.store.write() as connection:
        deleted = item_annotations.delete_annotations(connection, [keys[entry["id"]] for entry in chosen])
        gate.store.touch_documents(dataset["pk"])
    return wire.affected(deleted)


def _update_selected(
    gate: Gate, call: Call, dataset: Mapping[str, Any], query: Query, change: Any, *, system: bool
) -> Any:
    if not isinstance(change, dict):
        raise GateError(400, "update: expected an object")
    with gate.store.write() as connection:
        keys = gate.queries.select(dataset["pk"], query).tolist()
        for key in keys:
            files.change_file(connection, key, change, system=system, user=call.user, now=call.now)
        gate.store.touch_documents(dataset["pk"])
    return wire.affected(len(keys))


def _delete_selected(gate: Gate, dataset: Mapping[str, Any], query: Query) -> Any:
    with gate.store.write() as connection:
        deleted = files.delete_files(connection, gate.queries.select(dataset["pk"], query).tolist())
        gate.store.touch_documents(dataset["pk"])
        gate.store.touch_refs(dataset["pk"])
    return wire.affected(deleted)


def _refer_selected(gate: Gate, call: Call, dataset: Mapping[str, Any], query: Query, sent: Any) -> Any:
    """Put the selected items into tasks and assignments, or take them out: the older way of the SDK."""
    try:
        asked = msgspec.convert(sent, References)
    except msgspec.ValidationError as error:
        raise GateError(400, f"references: {error}") from error
    with gate.store.write() as connection:
        keys = gate.queries.select(dataset["pk"], query)
        for ref in asked.refs:
            if ref.type == "assignment":
                row = require(connection, "assignment", ref.id)
                task, shares = row["task"], {row["annotator"]: keys}
            else:
                task, shares = require(connection, "task", ref.id)["id"], {}
            if asked.operation == "delete":
                items.remove_items(connection, task, keys)
            elif shares:
                items.add_items(connection, task, shares, None, call.now)
            else:
                items.queue_items(connection, task, keys, None)
                refresh(connection, task)
        gate.store.touch_refs(dataset["pk"])
    return wire.affected(len(keys))


@routes("GET", "/datasets/{datasetId}/items/{id}", "/items/{id}")
def get_item(gate: Gate, call: Call) -> Any:
    """An item by id."""
    return wire.item(gate, _pk(gate, call))


@routes("PATCH", "/datasets/{datasetId}/items/{id}", "/items/{id}", body=ItemChange, query=("system",))
def update_item(gate: Gate, call: Call) -> Any:
    """Change an item's path, description or metadata; the system's own only where asked for."""
    pk = _pk(gate, call)
    change = {name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not None}
    with gate.store.write() as connection:
        changed = files.change_file(
            connection, pk, change, system=call.flag("system"), user=call.user, now=call.now
        )
        if changed:
            gate.store.touch_documents(_dataset_of(gate, pk))
    return wire.item(gate, pk)


@routes("DELETE", "/datasets/{datasetId}/items/{id}", "/items/{id}", status=204)
def delete_item(gate: Gate, call: Call) -> Any:
    """Delete an item; an id that cannot be one is 400, as on the platform."""
    if not ID.fullmatch(call.path["id"]) and not _exists(gate, call.path["id"]):
        raise GateError(400, f'"{call.path["id"]}" is no id of an item')
    pk = _pk(gate, call)
    dataset = _dataset_of(gate, pk)
    with gate.store.write() as connection:
        files.delete_files(connection, [pk])
        gate.store.touch_documents(dataset)
        gate.store.touch_refs(dataset)
    return Reply(status=204)


@routes("PUT", "/datasets/{datasetId}/items/{id}", body=list[str])
def move_items(gate: Gate, call: Call) -> Any:
    """Move items into a folder."""
    dataset = require(gate.store.connection, "dataset", call.path["datasetId"])
    folder = _row(gate, call.path["id"])
    if folder["type"] != "dir":
        raise GateError(400, f'"{call.path["id"]}" is no folder')
    with gate.store.write() as connection:
        for item in call.body:
            row = _row(gate, item)
            change = {"filename": f"{folder['filename']}/{row['name']}"}
            files.change_file(connection, row["pk"], change, system=False, user=call.user, now=call.now)
        gate.store.touch_documents(dataset["pk"])
        command = gate.commands.make("MoveItems", {"items": len(call.body)}, now=call.now)
    return wire.command(gate, command)


@routes("POST", "/items/{id}/clone", body=Clone)
def clone_item(gate: Gate, call: Call) -> Any:
    """Copy an item, into its own dataset or another."""
    row = _row(gate, call.path["id"])
    target = row["dataset"]
    if call.body.target_dataset_id is not None:
        target = require(gate.store.connection, "dataset", call.body.target_dataset_id)["pk"]
    filename = files.remote_path(call.body.remote_file_name or row["filename"])
    if files.find_file(gate.store.connection, target, filename) is not None:
        raise GateError(409, f"there is a file {filename} already")
    with gate.store.write() as connection:
        pk = files.clone_file(
            connection,
            row["pk"],
            target,
            filename=filename,
            hidden=bool(row["hidden"]),
            creator=call.user,
            now=call.now,
        )
        gate.store.touch_documents(target)
        (copy,) = connection.execute("SELECT id FROM items WHERE pk = ?", (pk,)).fetchone()
        command = gate.commands.make("CloneItem", {"returnedModelId": [copy]}, now=call.now)
    return wire.command(gate, command)


@routes("GET", "/items/{id}/stream", status=204)
def stream_item(gate: Gate, call: Call) -> Any:
    """The bytes of an item, where the gate keeps files (`--keep-files`)."""
    row = _row(gate, call.path["id"])
    kept = gate.options.keep_files
    if kept is None or not (kept / row["id"]).is_file():
        raise GateError(404, "this gate keeps no bytes of files (--keep-files keeps them)")
    system = (row["document"].get("metadata") or {}).get("system") or {}
    mimetype = str(system.get("mimetype"))
    # It goes into a header, and anybody may have written it.
    known = re.fullmatch(r"[\w.+-]+/[\w.+-]+", mimetype, re.ASCII)
    return Stored(kept / row["id"], mimetype if known else "application/octet-stream")


def _exists(gate: Gate, item: str) -> bool:
    return gate.store.connection.execute("SELECT 1 FROM items WHERE id = ?", (item,)).fetchone() is not None


def _row(gate: Gate, item: str) -> dict[str, Any]:
    return require(gate.store.connection, "item", item)


def _pk(gate: Gate, call: Call) -> int:
    if "datasetId" not in call.path:
        return int(_row(gate, call.path["id"])["pk"])
    dataset = require(gate.store.connection, "dataset", call.path["datasetId"])
    # Two datasets may hold items of one export, with the same ids.
    row = gate.store.connection.execute(
        "SELECT pk FROM items WHERE dataset = ? AND id = ?", (dataset["pk"], call.path["id"])
    ).fetchone()
    if row is None:
        raise GateError(404, f'there is no item "{call.path["id"]}" in the dataset')
    return int(row[0])


def _dataset_of(gate: Gate, pk: int) -> int:
    return int(gate.store.connection.execute("SELECT dataset FROM items WHERE pk = ?", (pk,)).fetchone()[0])
