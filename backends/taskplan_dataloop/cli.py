"""`pull`: a snapshot of a live dataset in a local store."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskplan.cli import options, output
from taskplan.cli.live import Connection, connect, live_options

if TYPE_CHECKING:
    from taskplan.model.store import ItemStore, Progress
    from taskplan_dataloop.backend import DataloopBackend
    from taskplan_dataloop.platform import Dataset
    from taskplan_dataloop.pull import Pulled


@click.command(short_help="Copy a live dataset's items, tasks, members and recipes into a store.")
@options.store_option
@click.option("--dataset", help="The dataset; not needed where the project has one.")
@click.option(
    "--query", metavar="QUERY", help="Only these items: a short filter in YAML, or a query in JSON."
)
@click.option("--full", is_flag=True, help="Read everything, not only what changed since the last pull.")
@live_options
@options.json_option
def pull(
    store: Path, dataset: str | None, query: str | None, full: bool, connection: Connection, as_json: bool
) -> None:
    """Copy a live dataset into a local store, to plan and rehearse on it.

    The first pull reads everything; later ones what changed since, and what is in
    a task. An interrupted pull goes on where it ended. Nothing is written to the platform.
    """
    from taskplan.errors import InputError
    from taskplan.replay.locks import locked
    from taskplan_dataloop.backend import DataloopBackend

    connection.backend = connection.backend or "dataloop"
    busy = f"another pull is at work on {store}; the same command works when it has ended"
    with connect(connection, store, dataset=dataset) as backend:
        if not isinstance(backend, DataloopBackend):
            raise InputError(f'the backend "{connection.backend}" cannot pull', source="--backend")
        found = backend.dataset(dataset)
        with (
            locked(store.with_name(f"{store.name}.pull.lock"), 0.0, busy),
            options.using_store(store, create=True) as opened,
            output.progress("pulling") as progress,
        ):
            said = _pull(backend, found, opened, store, query, full=full, progress=progress)
    if as_json:
        output.print_json(said)
        return
    output.tell(
        f"{found.name}: {output.plural(said['read'], 'item')} read, {said['added']:,} added, "
        f"{said['changed']:,} changed, {said['removed']:,} removed; {output.plural(said['tasks'], 'task')}"
    )


def _pull(
    backend: DataloopBackend,
    dataset: Dataset,
    store: ItemStore,
    path: Path,
    query: str | None,
    *,
    full: bool,
    progress: Progress | None,
) -> dict[str, Any]:
    from dataclasses import replace

    from taskplan.errors import InputError
    from taskplan_dataloop import pull as pulling
    from taskplan_dataloop.since import read_since, write_since

    for other in store.datasets():
        if other.name == dataset.name and other.project != dataset.project:
            raise InputError(
                f'the store has a dataset "{other.name}" of the project "{other.project}"',
                source=str(path),
                hint=f'"{dataset.project}" needs another store',
            )
    since = None if full or query is not None else read_since(path, dataset.id)
    clauses = _clauses(query)
    if since is not None:
        # What is in a task is read whatever its date: a place in a task may not change it.
        inside = [task["id"] for task in backend.platform.tasks(dataset)]
        either: list[Any] = [{"updatedAt": {"$gte": since}}]
        if inside:
            either.append({"metadata.system.refs.id": {"$in": inside}})
        clauses = [{"$or": either}]
    folder = path.with_name(f"{path.name}.pull") / dataset.id
    if full:
        shutil.rmtree(folder, ignore_errors=True)
    whole = query is None and since is None
    pulled = pulling.pull(
        backend.platform, dataset, folder, clauses=clauses, whole=whole, on_progress=progress
    )
    counts = _import(store, pulled, dataset)
    seen = pulled.mirror
    if since is not None:
        held, there = _held(store, dataset), backend.platform.count(dataset)
        if held < there:
            # The store is not the one that saw the last pull.
            return _pull(backend, dataset, store, path, query, full=True, progress=progress)
        if held > there:
            seen = replace(seen, items=pulling.all_ids(backend.platform, dataset))
    removed = store.mirror(seen)
    if query is None and pulled.newest is not None:
        write_since(path, dataset.id, max(filter(None, (since, pulled.newest))))
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()
    return {
        "dataset": dataset.name,
        "read": pulled.items,
        "added": counts["added"],
        "changed": counts["changed"],
        "removed": removed,
        "tasks": len(seen.tasks),
        "since": since,
    }


def _clauses(query: str | None) -> list[Any]:
    if query is None:
        return []
    from taskplan.dql.query import to_json
    from taskplan.dql.short import query_from
    from taskplan.errors import InputError

    document = to_json(query_from(query, where="--query"))
    if document.get("join"):
        raise InputError("a pull is narrowed by fields of items, not of annotations", source="--query")
    found = document["filter"]
    return [found] if found else []


def _import(store: ItemStore, pulled: Pulled, dataset: Dataset) -> dict[str, int]:
    counts = {"added": 0, "changed": 0}
    for file in pulled.files:
        result = store.import_path(file, dataset.name, project=dataset.project, format="ndjson")
        counts["added"] += result.added
        counts["changed"] += result.changed
    return counts


def _held(store: ItemStore, dataset: Dataset) -> int:
    return next((found.items for found in store.datasets() if found.name == dataset.name), 0)
