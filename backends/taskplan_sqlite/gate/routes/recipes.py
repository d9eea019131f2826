"""Recipes and ontologies."""

from __future__ import annotations

from typing import Any

from taskplan_sqlite.gate import wire
from taskplan_sqlite.gate.errors import GateError
from taskplan_sqlite.gate.routing import Call, Reply, Routes
from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform import recipes
from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.queries import Page
from taskplan_sqlite.platform.rows import TABLES, Kind, merged, require, rows_of, write_document

routes = Routes()
_FIXED = ("id", "url", "projectIds", "creator", "createdAt", "updatedAt")


@routes("POST", "/recipes", body=dict[str, Any])
def create_recipe(gate: Gate, call: Call) -> Any:
    """Make a recipe in a project."""
    project = _project(gate, call)
    ontologies = call.body.get("ontologyIds") or []
    with gate.store.write() as connection:
        for ontology in ontologies if isinstance(ontologies, list) else ():
            require(connection, "ontology", str(ontology))
        recipe = recipes.create_recipe(
            connection,
            project["pk"],
            title=str(call.body.get("title") or "recipe"),
            ontologies=[str(ontology) for ontology in ontologies],
            creator=call.user,
            now=call.now,
            sent=_free(call.body),
        )
    return wire.recipe(gate, require(gate.store.connection, "recipe", recipe))


@routes("GET", "/recipes", query=("projects", "title", "pageOffset", "pageSize"))
def list_recipes(gate: Gate, call: Call) -> Any:
    """A page of the recipes of some projects."""
    return _page(gate, call, "recipes", wire.recipe)


@routes("GET", "/recipes/{id}")
def get_recipe(gate: Gate, call: Call) -> Any:
    """A recipe by id."""
    return wire.recipe(gate, require(gate.store.connection, "recipe", call.path["id"]))


@routes("PATCH", "/recipes/{id}", body=dict[str, Any])
def update_recipe(gate: Gate, call: Call) -> Any:
    """Change a recipe."""
    row = require(gate.store.connection, "recipe", call.path["id"])
    with gate.store.write() as connection:
        write_document(connection, "recipe", row["id"], _changed(row, call))
    return wire.recipe(gate, require(gate.store.connection, "recipe", row["id"]))


@routes("DELETE", "/recipes/{id}", query=("force",), status=204)
def delete_recipe(gate: Gate, call: Call) -> Any:
    """Delete a recipe."""
    return _delete(gate, "recipe", call.path["id"])


@routes("POST", "/recipes/{id}/clone", body=dict[str, Any])
def clone_recipe(gate: Gate, call: Call) -> Any:
    """Copy a recipe."""
    row = require(gate.store.connection, "recipe", call.path["id"])
    with gate.store.write() as connection:
        recipe = recipes.clone_recipe(connection, row, creator=call.user, now=call.now)
    return wire.recipe(gate, require(gate.store.connection, "recipe", recipe))


@routes("POST", "/ontologies", body=dict[str, Any])
def create_ontology(gate: Gate, call: Call) -> Any:
    """Make an ontology in a project."""
    project = _project(gate, call, missing=403)
    roots = call.body.get("roots") or []
    if not isinstance(roots, list):
        raise GateError(400, "roots: expected a list")
    with gate.store.write() as connection:
        ontology = recipes.create_ontology(
            connection,
            project["pk"],
            title=str(call.body.get("title") or "ontology"),
            roots=roots,
            creator=call.user,
            now=call.now,
            sent=_free(call.body),
        )
    return wire.ontology(gate, require(gate.store.connection, "ontology", ontology))


@routes("GET", "/ontologies", query=("projects", "ids", "pageOffset", "pageSize"))
def list_ontologies(gate: Gate, call: Call) -> Any:
    """A page of the ontologies of some projects."""
    return _page(gate, call, "ontologies", wire.ontology)


@routes("GET", "/ontologies/{id}")
def get_ontology(gate: Gate, call: Call) -> Any:
    """An ontology by id; an id that is none is 400 here, as on the platform."""
    return wire.ontology(gate, _ontology(gate, call))


@routes("PUT", "/ontologies/{id}", body=dict[str, Any])
def update_ontology(gate: Gate, call: Call) -> Any:
    """Change an ontology."""
    row = _ontology(gate, call)
    with gate.store.write() as connection:
        write_document(connection, "ontology", row["id"], _changed(row, call))
    return wire.ontology(gate, _ontology(gate, call))


@routes("DELETE", "/ontologies/{id}", status=204)
def delete_ontology(gate: Gate, call: Call) -> Any:
    """Delete an ontology."""
    return _delete(gate, "ontology", _ontology(gate, call)["id"])


def _ontology(gate: Gate, call: Call) -> dict[str, Any]:
    found = rows_of(gate.store.connection, "ontologies", "id = ?", (call.path["id"],))
    if not found:
        raise GateError(400, f'there is no ontology "{call.path["id"]}"')
    return found[0]


def _project(gate: Gate, call: Call, missing: int = 404) -> dict[str, Any]:
    named = call.body.get("projectIds")
    if not isinstance(named, list) or not named:
        raise GateError(400, "projectIds: expected at least one")
    found = rows_of(gate.store.connection, "projects", "id = ?", (str(named[0]),))
    if not found:
        raise GateError(missing, f'there is no project "{named[0]}"')
    return found[0]


def _free(sent: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sent.items() if name not in _FIXED and value is not None}


def _changed(row: dict[str, Any], call: Call) -> dict[str, Any]:
    changed: dict[str, Any] = merged(row["document"], _free(call.body))
    return changed | {"updatedAt": iso(call.now), "updatedBy": call.user}


def _delete(gate: Gate, kind: Kind, id: str) -> Reply:
    require(gate.store.connection, kind, id)
    with gate.store.write() as connection:
        connection.execute(f"DELETE FROM {TABLES[kind]} WHERE id = ?", (id,))
    return Reply(status=204)


def _page(gate: Gate, call: Call, table: str, shape: Any) -> dict[str, Any]:
    wanted = set(filter(None, call.query.get("projects", "").split(",")))
    found = [shape(gate, row) for row in rows_of(gate.store.connection, table, "1", ())]
    kept = [entry for entry in found if not wanted or wanted & set(entry["projectIds"])]
    number, size = call.number("pageOffset", 0), call.number("pageSize", 1000, least=1)
    page = Page(kept[number * size : (number + 1) * size], len(kept), number, size)
    return wire.cursor(page)
