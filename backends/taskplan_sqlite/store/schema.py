"""The tables of a store, and the numbered migrations that make them.

The schema version is SQLite's ``user_version``. A migration is a function from
nothing to SQL statements; the last one defines the version that this release
writes. sqlite-utils, which composes the statements, is imported only where a
store is made or migrated, because that takes half a second.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from taskplan.errors import InputError

APPLICATION_ID = 0x74736B70
"""Marks the file as ours (``tskp``), where SQLite keeps an application's mark."""


def _first() -> list[str]:
    from sqlite_utils import Database

    database = Database(memory=True)

    def table(name: str, columns: dict[str, Any], pk: Any, **options: Any) -> str:
        sql = str(database.create_table_sql(name, columns, pk=pk, **options))
        # The next statement may refer to this table.
        database.execute(sql)
        return sql

    statements = [
        table("meta", {"name": str, "value": str}, "name"),
        table("projects", {"pk": int, "id": str, "name": str}, "pk", not_null={"id", "name"}),
        table(
            "datasets",
            {
                "pk": int,
                "id": str,
                "name": str,
                "project": int,
                "documents_version": str,
                "refs_version": str,
            },
            "pk",
            not_null={"id", "name", "project", "documents_version", "refs_version"},
            foreign_keys=[("project", "projects", "pk")],
        ),
        table(
            "items",
            {
                "pk": int,
                "dataset": int,
                "id": str,
                "filename": str,
                "name": str,
                "dir": str,
                "type": str,
                "hidden": int,
                "annotated": int,
                "annotations_count": int,
                "created_at": str,
                "updated_at": str,
                "annotations_held": int,
                "document": str,
            },
            "pk",
            not_null={"dataset", "id", "filename", "document"},
            foreign_keys=[("dataset", "datasets", "pk")],
        ),
        table(
            "annotations",
            {"pk": int, "dataset": int, "item": int, "id": str, "document": str},
            "pk",
            not_null={"dataset", "item", "document"},
            foreign_keys=[("dataset", "datasets", "pk"), ("item", "items", "pk")],
        ),
        table(
            "recipes",
            {"id": str, "dataset": int, "name": str, "document": str},
            "id",
            not_null={"name"},
            foreign_keys=[("dataset", "datasets", "pk")],
        ),
        table(
            "contributors",
            {"project": int, "email": str, "role": str, "document": str},
            ("project", "email"),
            foreign_keys=[("project", "projects", "pk")],
        ),
        table(
            "tasks",
            {
                "id": str,
                "dataset": int,
                "name": str,
                "type": str,
                "status": str,
                "priority": int,
                "due": float,
                "owner": str,
                "parent": str,
                "operation": str,
                "rehearsed": int,
                "created_at": float,
                "document": str,
            },
            "id",
            not_null={"dataset", "name", "type", "rehearsed", "document"},
            foreign_keys=[("dataset", "datasets", "pk")],
        ),
        # sqlite-utils knows neither ON DELETE CASCADE nor WITHOUT ROWID.
        """CREATE TABLE "assignments" (
   "id" TEXT PRIMARY KEY,
   "task" TEXT NOT NULL REFERENCES "tasks"("id") ON DELETE CASCADE,
   "annotator" TEXT NOT NULL,
   "name" TEXT,
   "status" TEXT,
   "operation" TEXT,
   "position" INTEGER NOT NULL,
   "document" TEXT NOT NULL
)""",
        """CREATE TABLE "refs" (
   "item" INTEGER NOT NULL REFERENCES "items"("pk"),
   "task" TEXT NOT NULL,
   "assignment" TEXT,
   "operation" TEXT,
   "status" TEXT,
   "creator" TEXT,
   "timestamp" TEXT,
   PRIMARY KEY ("task", "item")
) WITHOUT ROWID""",
        table(
            "commands",
            {"id": str, "type": str, "status": str, "created_at": float, "document": str},
            "id",
        ),
        "CREATE UNIQUE INDEX projects_by_name ON projects (name)",
        "CREATE UNIQUE INDEX datasets_by_name ON datasets (name)",
        *item_indexes(),
        "CREATE INDEX annotations_by_item ON annotations (dataset, item)",
        "CREATE INDEX tasks_by_dataset ON tasks (dataset)",
        "CREATE INDEX tasks_by_operation ON tasks (operation)",
        "CREATE INDEX assignments_by_task ON assignments (task)",
        "CREATE INDEX assignments_by_operation ON assignments (operation)",
        "CREATE INDEX refs_by_item ON refs (item)",
    ]
    database.close()
    return statements


def _second() -> list[str]:
    from sqlite_utils import Database

    database = Database(memory=True)
    statements = [
        "DROP INDEX datasets_by_name",
        "CREATE UNIQUE INDEX datasets_by_name ON datasets (project, name)",
        "ALTER TABLE projects ADD COLUMN document TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE datasets ADD COLUMN document TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE recipes ADD COLUMN project INTEGER REFERENCES projects (pk)",
        "CREATE INDEX recipes_by_project ON recipes (project)",
        str(
            database.create_table_sql(
                "ontologies",
                {"id": str, "project": int, "document": str},
                pk="id",
                not_null={"document"},
            )
        ),
        str(
            database.create_table_sql(
                "status_log",
                {
                    "seq": int,
                    "item": int,
                    "task": str,
                    "assignment": str,
                    "action": str,
                    "status": str,
                    "creator": str,
                    "timestamp": str,
                },
                pk="seq",
                not_null={"item", "task", "action", "status"},
            )
        ),
        "CREATE INDEX status_log_by_item ON status_log (item)",
        "CREATE INDEX status_log_by_task ON status_log (task)",
    ]
    database.close()
    return statements


def _third() -> list[str]:
    from sqlite_utils import Database

    database = Database(memory=True)
    statements = [
        # `assignment` is the giver's, as long as it is there.
        str(
            database.create_table_sql(
                "moves",
                {
                    "seq": int,
                    "operation": str,
                    "task": str,
                    "item": int,
                    "giver": str,
                    "assignment": str,
                    "taker": str,
                },
                pk="seq",
                not_null={"operation", "task", "item", "taker"},
            )
        ),
        "CREATE INDEX moves_by_operation ON moves (operation)",
        "CREATE INDEX moves_by_task ON moves (task)",
        "CREATE INDEX moves_by_item ON moves (item)",
    ]
    database.close()
    return statements


def item_indexes() -> list[str]:
    """Return the statements of the item indexes, which a first load makes after the rows."""
    return [
        "CREATE UNIQUE INDEX items_by_id ON items (dataset, id)",
        "CREATE INDEX items_by_filename ON items (dataset, filename)",
    ]


ITEM_INDEXES = ("items_by_id", "items_by_filename")
MIGRATIONS: Sequence[Callable[[], list[str]]] = (_first, _second, _third)


def stored_version(connection: sqlite3.Connection, source: str) -> int:
    """Return the schema version; InputError where the file is no store or a newer release wrote it."""
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        mark = int(connection.execute("PRAGMA application_id").fetchone()[0])
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise InputError("is not a taskplan store", source=source) from error
    if mark != APPLICATION_ID and (tables or version):
        raise InputError("is an SQLite file, but not a taskplan store", source=source)
    if version > len(MIGRATIONS):
        raise InputError(
            f"has schema version {version}, and this release knows versions up to {len(MIGRATIONS)}",
            source=source,
            hint="update taskplan",
        )
    return version


def migrate(connection: sqlite3.Connection, source: str) -> None:
    """Bring a store (an empty file too) to the present version, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while this one waited for the lock.
        for number, migration in enumerate(MIGRATIONS):
            if number >= stored_version(connection, source):
                for statement in migration():
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number + 1}")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
