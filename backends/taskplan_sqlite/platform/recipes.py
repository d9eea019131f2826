"""Recipes and ontologies: kept as they are sent; nothing here depends on what is in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.ids import new_id
from taskplan_sqlite.platform.rows import as_text


def create_recipe(
    connection: sqlite3.Connection,
    project: int,
    *,
    title: str,
    ontologies: Sequence[str],
    creator: str,
    now: float,
    dataset: int | None = None,
    sent: Mapping[str, Any] | None = None,
) -> str:
    """Make a recipe, for a dataset where one is given, and return its id; `sent` is kept beside."""
    recipe = new_id(now)
    document = {
        **(sent or {}),
        "title": title,
        "ontologyIds": list(ontologies),
        "creator": creator,
        "createdAt": iso(now),
        "updatedAt": iso(now),
    }
    document.setdefault("metadata", {"system": {}})
    connection.execute(
        "INSERT INTO recipes (id, dataset, project, name, document) VALUES (?, ?, ?, ?, ?)",
        (recipe, dataset, project, title, as_text(document)),
    )
    return recipe


def create_ontology(
    connection: sqlite3.Connection,
    project: int,
    *,
    title: str,
    roots: Sequence[Any],
    creator: str,
    now: float,
    sent: Mapping[str, Any] | None = None,
) -> str:
    """Make an ontology and return its id; `sent` is kept beside what is named here."""
    ontology = new_id(now)
    document = {
        **(sent or {}),
        "title": title,
        "roots": list(roots),
        "creator": creator,
        "createdAt": iso(now),
        "updatedAt": iso(now),
    }
    document.setdefault("metadata", {"system": {}})
    document.setdefault("attributes", [])
    connection.execute(
        "INSERT INTO ontologies (id, project, document) VALUES (?, ?, ?)",
        (ontology, project, as_text(document)),
    )
    return ontology


def clone_recipe(connection: sqlite3.Connection, row: Mapping[str, Any], *, creator: str, now: float) -> str:
    """Copy a recipe; the ontologies are shared by both, which is what a shallow copy of the platform does."""
    document = row["document"]
    return create_recipe(
        connection,
        row["project"],
        title=f"{document['title']} - clone",
        ontologies=document["ontologyIds"],
        creator=creator,
        now=now,
        sent=document,
    )
