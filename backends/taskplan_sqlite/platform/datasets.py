"""Datasets as the platform keeps them, with the recipe that every one of them has."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

import msgspec

from taskplan.errors import InputError
from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.ids import new_id
from taskplan_sqlite.platform.recipes import create_ontology, create_recipe
from taskplan_sqlite.platform.rows import as_text
from taskplan_sqlite.platform.tasks import delete_task


def create_dataset(
    connection: sqlite3.Connection,
    project: int,
    name: str,
    *,
    creator: str,
    now: float,
    metadata: dict[str, Any] | None = None,
    with_recipe: bool = True,
) -> str:
    """Make a dataset in a project; InputError for a name that the project has already."""
    check_name(connection, project, name)
    dataset = new_id(now)
    sent = metadata or {}
    # Whoever wants no recipe yet is about to name one.
    system = {**(sent.get("system") or {}), **({} if with_recipe else {"recipes": []})}
    document = {
        "creator": creator,
        "createdAt": iso(now),
        "updatedAt": iso(now),
        "metadata": {**sent, "system": system},
    }
    connection.execute(
        """INSERT INTO datasets (id, name, project, documents_version, refs_version, document)
           VALUES (?, ?, ?, ?, ?, ?)""",
        (dataset, name, project, secrets.token_hex(8), secrets.token_hex(8), as_text(document)),
    )
    if with_recipe:
        ensure_recipe(connection, dataset, creator=creator, now=now)
    return dataset


def check_name(connection: sqlite3.Connection, project: int, name: str) -> None:
    """Raise InputError for a name that a dataset of the project cannot take."""
    if not name.strip():
        raise InputError("a dataset needs a name")
    taken = connection.execute("SELECT 1 FROM datasets WHERE project = ? AND name = ?", (project, name))
    if taken.fetchone():
        raise InputError(f'there is a dataset "{name}" in the project already')


def recipe_ids(connection: sqlite3.Connection, dataset: str) -> list[str]:
    """Return the ids of a dataset's recipes, the one in use first."""
    pk, text = connection.execute("SELECT pk, document FROM datasets WHERE id = ?", (dataset,)).fetchone()
    system = (msgspec.json.decode(text).get("metadata") or {}).get("system") or {}
    named = system.get("recipes")
    if isinstance(named, list):
        return [str(recipe) for recipe in named]
    rows = connection.execute("SELECT id FROM recipes WHERE dataset = ? ORDER BY rowid", (pk,))
    return [recipe for (recipe,) in rows]


def ensure_recipe(connection: sqlite3.Connection, dataset: str, *, creator: str, now: float) -> None:
    """Give a dataset that has no recipe an empty one: on the platform there is none without."""
    if recipe_ids(connection, dataset):
        return
    pk, name, project = connection.execute(
        "SELECT pk, name, project FROM datasets WHERE id = ?", (dataset,)
    ).fetchone()
    ontology = create_ontology(
        connection, project, title=f"{name} default ontology", roots=[], creator=creator, now=now
    )
    create_recipe(
        connection,
        project,
        title=f"{name} default recipe",
        ontologies=[ontology],
        creator=creator,
        now=now,
        dataset=pk,
    )


def delete_dataset(connection: sqlite3.Connection, pk: int) -> None:
    """Delete a dataset with its items, annotations, tasks and assignments."""
    for (task,) in connection.execute("SELECT id FROM tasks WHERE dataset = ?", (pk,)).fetchall():
        delete_task(connection, task)
    connection.execute("UPDATE recipes SET dataset = NULL WHERE dataset = ?", (pk,))
    for table in ("status_log", "moves"):
        connection.execute(
            f"DELETE FROM {table} WHERE item IN (SELECT pk FROM items WHERE dataset = ?)", (pk,)
        )
    connection.execute("DELETE FROM annotations WHERE dataset = ?", (pk,))
    connection.execute("DELETE FROM items WHERE dataset = ?", (pk,))
    connection.execute("DELETE FROM datasets WHERE pk = ?", (pk,))
