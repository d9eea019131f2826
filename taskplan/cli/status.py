"""`status`: the tasks of a store, who has what, and how far they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskplan.cli import options, output
from taskplan.cli.live import Connection, connect, live_options
from taskplan.model.times import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskplan.model.entities import DatasetInfo, TaskState


@click.command()
@options.store_option
@options.dataset_option
@live_options
@options.json_option
def status(store: Path, dataset: str | None, connection: Connection, as_json: bool) -> None:
    """Show tasks, assignments, loads and progress."""
    with connect(connection, store) as backend:
        datasets = [d for d in backend.datasets() if dataset in (None, d.name, d.id)]
        if dataset is not None and not datasets:
            backend.snapshot(dataset)
        tasks = [task for found in datasets for task in backend.tasks(found.name)]
    if as_json:
        output.print_json(
            {
                "datasets": [
                    {"name": d.name, "project": d.project, "items": d.items, "annotations": d.annotations}
                    for d in datasets
                ],
                "tasks": [_task_json(task) for task in tasks],
            }
        )
        return
    show_status(datasets, tasks)


def show_status(datasets: Sequence[DatasetInfo], tasks: Sequence[TaskState]) -> None:
    """Print datasets and tasks for people."""
    for found in datasets:
        output.show(
            output.heading(
                f"{found.name}: {output.plural(found.items, 'item')}, "
                f"{output.plural(found.annotations, 'annotation')}"
            )
        )
    if not tasks:
        output.say("no tasks yet")
    for task in tasks:
        output.show("", *_task_view(task))


def _done(statuses: dict[str, int]) -> int:
    return sum(statuses.values())


def _waiting(task: TaskState) -> int:
    """Return how many items of a pulling task nobody has taken yet."""
    system = (task.document.get("metadata") or {}).get("system") or {}
    if system.get("batchSize") is None:
        return 0
    return max(0, int(task.document.get("totalItems") or 0) - task.n_items)


def _task_json(task: TaskState) -> dict[str, Any]:
    return {
        "id": task.id,
        "name": task.name,
        "type": task.type,
        "dataset": task.dataset,
        "status": task.status,
        "due": task.due,
        "priority": task.priority,
        "owner": task.owner,
        "rehearsed": task.rehearsed,
        "items": task.n_items,
        "waiting": _waiting(task),
        "assignments": [
            {
                "id": a.id,
                "assignee": a.assignee,
                "status": a.status,
                "items": len(a.items),
                "statuses": a.statuses,
            }
            for a in task.assignments
        ],
    }


def _task_view(task: TaskState) -> list[Any]:
    done = sum(_done(a.statuses) for a in task.assignments)
    rows = []
    for a in task.assignments:
        share = _done(a.statuses) / len(a.items) if a.items else 0.0
        load = len(a.items) / task.n_items if task.n_items else 0.0
        rows.append(
            (
                a.assignee,
                f"{len(a.items):,}",
                f"{100 * load:.1f}%",
                f"{_done(a.statuses):,}",
                f"{100 * share:.0f}%",
                a.status,
            )
        )
    waiting = _waiting(task)
    due = f" · due {moment(task.due)}" if task.due is not None else ""
    return [
        output.heading(
            f"{task.name} ({task.type}, {task.status}): {done:,} of {task.n_items + waiting:,} done"
        ),
        f"  id {task.id}{due} · owner {task.owner}",
        *([f"  {output.plural(waiting, 'item')} in the queue"] if waiting else []),
        output.table(
            ("assignee", "items", "load", "done", "progress", "status"),
            rows,
            right=("items", "load", "done", "progress"),
        ),
    ]


commands = {"status": status}
