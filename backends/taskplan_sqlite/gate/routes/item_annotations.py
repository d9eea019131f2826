"""Annotations of items."""

from __future__ import annotations

from typing import Any

import msgspec

from taskplan_sqlite.gate import wire
from taskplan_sqlite.gate.errors import GateError
from taskplan_sqlite.gate.routing import Call, Reply, Routes
from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform import item_annotations
from taskplan_sqlite.platform.rows import require

routes = Routes()
MOST = 1000
"""So many annotations are taken in one request; the SDK sends a hundred."""


@routes("GET", "/items/{itemId}/annotations", "/datasets/{datasetId}/items/{itemId}/annotations")
def list_annotations(gate: Gate, call: Call) -> Any:
    """The annotations of an item."""
    item = _item(gate, call)
    dataset = _dataset_id(gate, item["dataset"])
    listed = gate.store.connection.execute(
        "SELECT pk, document FROM annotations WHERE dataset = ? AND item = ? ORDER BY pk",
        (item["dataset"], item["pk"]),
    )
    return [
        wire.annotation(
            gate, {"id": f"{pk:024x}", **msgspec.json.decode(text)}, item=item["id"], dataset=dataset
        )
        for pk, text in listed
    ]


@routes(
    "POST",
    "/items/{itemId}/annotations",
    "/datasets/{datasetId}/items/{itemId}/annotations",
    body=list[dict[str, Any]] | dict[str, Any],
)
def create_annotations(gate: Gate, call: Call) -> Any:
    """Add annotations to an item; the answer lists them in the order sent."""
    item = _item(gate, call)
    sent = call.body if isinstance(call.body, list) else [call.body]
    if len(sent) > MOST:
        raise GateError(400, f"expected at most {MOST} annotations at once, got {len(sent)}")
    for place, entry in enumerate(sent):
        for name in ("label", "type"):
            if not isinstance(entry.get(name, ""), str):
                raise GateError(400, f"[{place}].{name}: expected text")
    with gate.store.write() as connection:
        made = item_annotations.add_annotations(connection, item["pk"], sent, creator=call.user, now=call.now)
        gate.store.touch_documents(item["dataset"])
    dataset = _dataset_id(gate, item["dataset"])
    shown = [wire.annotation(gate, entry, item=item["id"], dataset=dataset) for entry in made]
    return shown if isinstance(call.body, list) else shown[0]


@routes("GET", "/annotations/{annotationId}")
def get_annotation(gate: Gate, call: Call) -> Any:
    """An annotation by id."""
    _, item, document = _found(gate, call)
    return _shown(gate, item, document)


@routes("PUT", "/annotations/{annotationId}", body=dict[str, Any], query=("system",))
def update_annotation(gate: Gate, call: Call) -> Any:
    """Change an annotation; the system's own metadata only where asked for."""
    _, item, _ = _found(gate, call)
    with gate.store.write() as connection:
        document = item_annotations.change_annotation(
            connection,
            call.path["annotationId"],
            call.body,
            system=call.flag("system"),
            user=call.user,
            now=call.now,
        )
        gate.store.touch_documents(_dataset_of(gate, item))
    return _shown(gate, item, document)


@routes("DELETE", "/annotations/{annotationId}", status=204)
def delete_annotation(gate: Gate, call: Call) -> Any:
    """Delete an annotation."""
    pk, item, _ = item_annotations.find_annotation(gate.store.connection, call.path["annotationId"])
    with gate.store.write() as connection:
        item_annotations.delete_annotations(connection, [pk])
        gate.store.touch_documents(_dataset_of(gate, item))
    return Reply(status=204)


def _found(gate: Gate, call: Call) -> tuple[int, int, dict[str, Any]]:
    """Return an annotation; an id that is none is 400 where it is read, and 404 where it is deleted."""
    row = gate.store.connection.execute(
        "SELECT 1 FROM annotations WHERE id = ?", (call.path["annotationId"],)
    ).fetchone()
    if row is None:
        raise GateError(400, f'there is no annotation "{call.path["annotationId"]}"')
    return item_annotations.find_annotation(gate.store.connection, call.path["annotationId"])


def _shown(gate: Gate, item: int, document: dict[str, Any]) -> dict[str, Any]:
    item_id, dataset = gate.store.connection.execute(
        "SELECT i.id, d.id FROM items i JOIN datasets d ON d.pk = i.dataset WHERE i.pk = ?", (item,)
    ).fetchone()
    return wire.annotation(gate, document, item=item_id, dataset=dataset)


def _item(gate: Gate, call: Call) -> dict[str, Any]:
    return require(gate.store.connection, "item", call.path["itemId"])


def _dataset_of(gate: Gate, item: int) -> int:
    return int(gate.store.connection.execute("SELECT dataset FROM items WHERE pk = ?", (item,)).fetchone()[0])


def _dataset_id(gate: Gate, pk: int) -> str:
    return str(gate.store.connection.execute("SELECT id FROM datasets WHERE pk = ?", (pk,)).fetchone()[0])
