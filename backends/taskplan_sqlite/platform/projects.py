"""Projects and their members."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import msgspec

from taskplan.errors import InputError, NotFoundError
from taskplan_sqlite.platform import datasets
from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.ids import new_id
from taskplan_sqlite.platform.rows import as_text

ROLES = ("owner", "engineer", "annotationManager", "annotator")


def create_project(connection: sqlite3.Connection, name: str, *, creator: str, now: float) -> str:
    """Make a project, owned by its creator; InputError for a name that is taken or cannot be one.

    Which characters the platform refuses is not pinned; here they are those that
    would be another path in its own addresses.
    """
    check_name(connection, name)
    project = new_id(now)
    document = {"creator": creator, "createdAt": iso(now), "updatedAt": iso(now)}
    cursor = connection.execute(
        "INSERT INTO projects (id, name, document) VALUES (?, ?, ?)", (project, name, as_text(document))
    )
    set_member(connection, int(cursor.lastrowid or 0), creator, "owner", now=now)
    return project


def check_name(connection: sqlite3.Connection, name: str) -> None:
    """Raise InputError for a name that a project cannot take."""
    if not name.strip() or re.search(r"[/\\\x00-\x1f\x7f]", name):
        raise InputError(f'"{name}" cannot be the name of a project')
    if connection.execute("SELECT 1 FROM projects WHERE name = ?", (name,)).fetchone():
        raise InputError(f'there is a project "{name}" already')


def delete_project(connection: sqlite3.Connection, pk: int) -> None:
    """Delete a project with all that is in it."""
    for (dataset,) in connection.execute("SELECT pk FROM datasets WHERE project = ?", (pk,)).fetchall():
        datasets.delete_dataset(connection, dataset)
    for table in ("recipes", "ontologies", "contributors"):
        connection.execute(f"DELETE FROM {table} WHERE project = ?", (pk,))
    connection.execute("DELETE FROM projects WHERE pk = ?", (pk,))


def members(connection: sqlite3.Connection, project: int) -> list[dict[str, Any]]:
    """Return the members of a project as email, role and moment of joining, oldest first."""
    rows = connection.execute(
        "SELECT email, role, document FROM contributors WHERE project = ? ORDER BY rowid", (project,)
    )
    return [{"email": email, "role": role, **msgspec.json.decode(text or "{}")} for email, role, text in rows]


def set_member(connection: sqlite3.Connection, project: int, email: str, role: str, *, now: float) -> None:
    """Let somebody be a member with a role; InputError for a role, or an address, that is none."""
    if role not in ROLES:
        raise InputError(f'expected a role, one of {", ".join(ROLES)}, got "{role}"')
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise InputError(f'expected an e-mail address, got "{email}"')
    connection.execute(
        """INSERT INTO contributors (project, email, role, document) VALUES (?, ?, ?, ?)
           ON CONFLICT (project, email) DO UPDATE SET role = excluded.role""",
        (project, email.lower(), role, as_text({"createdAt": iso(now)})),
    )


def remove_member(connection: sqlite3.Connection, project: int, email: str) -> None:
    """Take a member out of a project; NotFoundError for one who is none."""
    before = connection.total_changes
    connection.execute("DELETE FROM contributors WHERE project = ? AND email = ?", (project, email.lower()))
    if connection.total_changes == before:
        raise NotFoundError(f"{email} is no member of the project")
