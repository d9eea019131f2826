"""Projects and their members."""

from __future__ import annotations

from typing import Any

import msgspec

from taskplan_sqlite.gate import wire
from taskplan_sqlite.gate.errors import GateError
from taskplan_sqlite.gate.routing import Call, Reply, Routes
from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform import projects
from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.rows import require, rows_of, write_document

routes = Routes()


class Name(msgspec.Struct):
    """A project as it is made or renamed."""

    name: str | None = None


class Role(msgspec.Struct):
    """What a member may do."""

    role: str = "annotator"


class Members(msgspec.Struct):
    """Several new members with one role."""

    users: list[str]
    role: str = "annotator"


@routes("GET", "/projects")
def list_projects(gate: Gate, call: Call) -> Any:
    """All projects, as a plain list."""
    return [wire.project(gate, row) for row in rows_of(gate.store.connection, "projects", "1", ())]


@routes("POST", "/projects", form=("name",), body=Name)
def create_project(gate: Gate, call: Call) -> Any:
    """Make a project."""
    name = call.form.get("name") or (call.body.name if call.body is not None else None)
    if name is None:
        raise GateError(400, "name: a project needs one")
    with gate.store.write() as connection:
        project = projects.create_project(connection, name, creator=call.user, now=call.now)
    return wire.project(gate, require(gate.store.connection, "project", project))


@routes("GET", "/projects/{projectName}/name")
def projects_by_name(gate: Gate, call: Call) -> Any:
    """The projects of a name, as a list; 404 where there is none."""
    found = rows_of(gate.store.connection, "projects", "name = ?", (call.path["projectName"],))
    if not found:
        raise GateError(404, f'there is no project "{call.path["projectName"]}"')
    return [wire.project(gate, row) for row in found]


@routes("GET", "/projects/{projectId}")
def get_project(gate: Gate, call: Call) -> Any:
    """A project by id."""
    return wire.project(gate, _row(gate, call))


@routes("PATCH", "/projects/{projectId}", body=Name, query=("system",))
def update_project(gate: Gate, call: Call) -> Any:
    """Rename a project."""
    row = _row(gate, call)
    with gate.store.write() as connection:
        if call.body.name is not None and call.body.name != row["name"]:
            projects.check_name(connection, call.body.name)
            connection.execute("UPDATE projects SET name = ? WHERE pk = ?", (call.body.name, row["pk"]))
        write_document(connection, "project", row["id"], {**row["document"], "updatedAt": iso(call.now)})
    return wire.project(gate, _row(gate, call))


@routes("DELETE", "/projects/{projectId}", status=204)
def delete_project(gate: Gate, call: Call) -> Any:
    """Delete a project with all that is in it."""
    row = _row(gate, call)
    with gate.store.write() as connection:
        projects.delete_project(connection, row["pk"])
    return Reply(status=204)


@routes("GET", "/projects/{projectId}/members")
def list_members(gate: Gate, call: Call) -> Any:
    """The members of a project."""
    return [wire.member(entry) for entry in projects.members(gate.store.connection, _row(gate, call)["pk"])]


@routes("POST", "/projects/{projectId}/members", body=Members)
def add_members(gate: Gate, call: Call) -> Any:
    """Let several people be members."""
    row = _row(gate, call)
    with gate.store.write() as connection:
        for email in call.body.users:
            projects.set_member(connection, row["pk"], email, call.body.role, now=call.now)
    return _memberships(gate, row)


@routes("POST", "/projects/{projectId}/members/{userId}", body=Role, query=("allowUpdate",))
@routes("PATCH", "/projects/{projectId}/members/{userId}", body=Role)
def set_member(gate: Gate, call: Call) -> Any:
    """Let somebody be a member, or change a member's role."""
    row = _row(gate, call)
    with gate.store.write() as connection:
        projects.set_member(connection, row["pk"], call.path["userId"], call.body.role, now=call.now)
    return _contributors(gate, row)


@routes("DELETE", "/projects/{projectId}/members/{userId}")
def remove_member(gate: Gate, call: Call) -> Any:
    """Take a member out of a project."""
    row = _row(gate, call)
    with gate.store.write() as connection:
        projects.remove_member(connection, row["pk"], call.path["userId"])
    return _contributors(gate, row)


def _row(gate: Gate, call: Call) -> dict[str, Any]:
    return require(gate.store.connection, "project", call.path["projectId"])


def _contributors(gate: Gate, row: dict[str, Any]) -> list[dict[str, Any]]:
    listed = projects.members(gate.store.connection, row["pk"])
    return [wire.contributor(row["id"], entry) for entry in listed]


def _memberships(gate: Gate, row: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{row['id']}:{entry['email']}",
            "createdAt": 0,
            "updatedAt": 0,
            "member": entry["email"],
            "project": row["id"],
            "role": entry["role"],
            "creator": gate.options.user,
            "via": "project",
        }
        for entry in projects.members(gate.store.connection, row["pk"])
    ]
