"""Tasks: made, found, changed, filled and deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from taskplan_sqlite.gate import wire
from taskplan_sqlite.gate.errors import GateError
from taskplan_sqlite.gate.payloads import (
    Action,
    Additions,
    Context,
    Contributors,
    Load,
    NewTask,
    Removal,
    TaskChange,
    check_metadata,
)
from taskplan_sqlite.gate.routing import Call, Routes
from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform import pulling
from taskplan_sqlite.platform.assignments import add_assignment, remove_annotator
from taskplan_sqlite.platform.datasets import recipe_ids
from taskplan_sqlite.platform.documents import iso
from taskplan_sqlite.platform.queries import Page, envelope, page_of, parsed
from taskplan_sqlite.platform.requests import TaskRequest
from taskplan_sqlite.platform.rows import merged, require, rows_of
from taskplan_sqlite.platform.statuses import refresh
from taskplan_sqlite.platform.tasks import change_task
from taskplan_sqlite.platform.workloads import checked_workload

routes = Routes()


def both(path: str) -> tuple[str, str]:
    """Return the two addresses under which the platform serves tasks."""
    return f"/annotationtasks{path}", f"/tasks{path}"


@routes("POST", *both(""), body=NewTask)
def create_task(gate: Gate, call: Call) -> Any:
    """Make a task of what a query selects; an existing task where `checkIfExist` finds one."""
    body: NewTask = call.body
    dataset = require(gate.store.connection, "dataset", body.dataset_id)
    if body.check_if_exist is not None:
        found = _existing(gate, body.check_if_exist)
        if found is not None:
            return found
    check_metadata(body.metadata)
    _check_query(body.query)
    if body.empty_task:
        raise GateError(501, "this gate makes no empty tasks")
    recipes = recipe_ids(gate.store.connection, dataset["id"])
    _check_recipe(gate, body.recipe_id)
    request = TaskRequest(
        name=body.name,
        type=body.spec.type,
        dataset=dataset["id"],
        owner=body.task_owner or call.user,
        creator=call.user,
        now=call.now,
        query=body.query,
        loads=loads_of(body.workload),
        due=body.due_date,
        priority=body.priority or 2,
        recipe=body.recipe_id or (recipes[0] if recipes else None),
        parent=body.spec.parent_task_id,
        limit=int(body.limit) if body.limit else None,
        actions=[_action(action) for action in body.available_actions or ()],
        metadata=body.metadata or {},
    )
    with gate.store.write():
        task = gate.tasks.create(request)
        spec = {"createTaskPayload": msgspec.to_builtins(body), "createdTaskId": task}
        command = gate.commands.make("CreateTask", spec, now=call.now)
    return wire.command(gate, command)


def _check_query(text: str) -> None:
    """GateError 400 unless the text is a query of items."""
    sent = envelope(text)
    if sent.get("resource") not in (None, "items"):
        raise GateError(400, f"query: a task takes items, not {sent['resource']}")
    parsed({**sent, "resource": "items"}, "items")


def _check_recipe(gate: Gate, recipe: str | None) -> None:
    if recipe:
        require(gate.store.connection, "recipe", recipe)


def loads_of(workload: list[Load] | None) -> dict[str, float]:
    """Return a workload as percent by assignee; InputError unless it adds up to 100."""
    return checked_workload([(load.assignee_id, load.load) for load in workload or ()])


def _action(action: Action) -> dict[str, Any]:
    said = {
        "action": action.action,
        "displayName": action.display_name or action.action,
        "color": action.color,
    }
    return said if action.icon is None else {**said, "icon": action.icon}


def _existing(gate: Gate, sent: dict[str, Any]) -> dict[str, Any] | None:
    asked = sent.get("query")
    if not isinstance(asked, dict):
        raise GateError(400, "checkIfExist.query: expected an object")
    found = page_of(all_tasks(gate), parsed(asked if "filter" in asked else {"filter": asked}, "tasks"))
    return dict(found.rows[0]) if found.rows else None


def all_tasks(gate: Gate) -> list[dict[str, Any]]:
    """Return every task, oldest first."""
    return [wire.task(gate, row) for row in rows_of(gate.store.connection, "tasks", "1", ())]


_NARROWING = {
    "dataset": "datasetId",
    "name": "name",
    "status": "status",
    "creator": "creator",
    "taskOwner": "taskOwner",
}


@routes("GET", *both(""), query=("projects", *_NARROWING, "pageOffset", "pageSize"))
def list_tasks(gate: Gate, call: Call) -> Any:
    """A page of tasks, of some projects, of a dataset, a name, a status, a creator, an owner."""
    wanted = set(filter(None, call.query.get("projects", "").split(",")))
    kept = [
        task
        for task in all_tasks(gate)
        if (not wanted or task["projectId"] in wanted)
        and all(call.query.get(name) in (None, "", task[field]) for name, field in _NARROWING.items())
    ]
    number, size = call.number("pageOffset", 0), call.number("pageSize", 500, least=1)
    return wire.cursor(Page(kept[number * size : (number + 1) * size], len(kept), number, size))


@routes("POST", *both("/query"), body=dict[str, Any])
def query_tasks(gate: Gate, call: Call) -> Any:
    """A page of tasks that a query selects."""
    context = call.body.get("context")
    inside = context.get("projectIds") if isinstance(context, dict) else None
    query = parsed(call.body, "tasks")
    wanted = set(map(str, inside)) if isinstance(inside, list) else None
    kept = [task for task in all_tasks(gate) if wanted is None or task["projectId"] in wanted]
    return wire.cursor(page_of(kept, query))


@routes("POST", *both("/count"), body=Context)
def count_tasks(gate: Gate, call: Call) -> Any:
    """How many tasks, datasets and projects are at work."""
    kept = [
        task
        for task in all_tasks(gate)
        if (not call.body.project_ids or task["projectId"] in call.body.project_ids)
        and call.body.dataset_id in (None, task["datasetId"])
    ]
    active = [task for task in kept if task["status"] != "completed"]
    return {
        "activeProjects": len({task["projectId"] for task in active}),
        "activeDatasets": len({task["datasetId"] for task in active}),
        "activeTasks": len(active),
        "tasksCount": len(kept),
    }


@routes("POST", *both("/projects/{projectId}/counters"), body=dict[str, Any])
def count_work(gate: Gate, call: Call) -> Any:
    """How many tasks and assignments a project has."""
    project = require(gate.store.connection, "project", call.path["projectId"])
    tasks, assignments = gate.store.connection.execute(
        """SELECT count(DISTINCT t.id), count(a.id) FROM tasks t JOIN datasets d ON d.pk = t.dataset
           LEFT JOIN assignments a ON a.task = t.id WHERE d.project = ?""",
        (project["pk"],),
    ).fetchone()
    return {"tasksCount": tasks, "assignmentsCount": assignments, "issuesCount": 0, "reviewsCount": 0}


@routes("GET", *both("/projects/{projectId}/datasets/{datasetId}/actions"))
def dataset_actions(gate: Gate, call: Call) -> Any:
    """The statuses that the tasks of a dataset offer."""
    require(gate.store.connection, "project", call.path["projectId"])
    dataset = require(gate.store.connection, "dataset", call.path["datasetId"])
    offered: dict[str, Any] = {}
    for row in rows_of(gate.store.connection, "tasks", "dataset = ?", (dataset["pk"],)):
        for action in row["document"].get("availableActions") or ():
            offered.setdefault(action["action"], action)
    return list(offered.values())


@routes("GET", *both("/{id}"))
def get_task(gate: Gate, call: Call) -> Any:
    """A task by id."""
    return wire.task(gate, _row(gate, call))


@routes("PATCH", *both("/{id}"), body=TaskChange)
def update_task(gate: Gate, call: Call) -> Any:
    """Change a task; `metadata.system` stays as it is, as on the platform."""
    row, body = _row(gate, call), call.body
    document = dict(row["document"])
    if body.query is not None:
        _check_query(body.query)
        document["query"] = body.query
    _check_recipe(gate, body.recipe_id)
    check_metadata(body.metadata)
    if body.metadata is not None:
        sent = {name: value for name, value in body.metadata.items() if name != "system"}
        document["metadata"] = {
            **merged(document["metadata"], sent),
            "system": document["metadata"]["system"],
        }
    if body.description is not None:
        said = body.description.get("content", "") if isinstance(body.description, dict) else body.description
        document["description"] = {
            "content": str(said),
            "createdBy": document["creator"],
            "updatedBy": call.user,
            "createdAt": document["createdAt"],
            "updatedAt": iso(call.now),
        }
    if body.available_actions is not None:
        document["availableActions"] = [_action(action) for action in body.available_actions]
    for name, value in (
        ("recipeId", body.recipe_id),
        ("taskOwner", body.task_owner and body.task_owner.lower()),
        ("priority", body.priority),
        ("dueDate", body.due_date),
        ("name", body.name),
    ):
        if value is not None:
            document[name] = value
    document |= {"updatedAt": iso(call.now), "updatedBy": call.user}
    with gate.store.write() as connection:
        change_task(connection, row["id"], document, status=body.status)
    return wire.task(gate, _row(gate, call))


@routes("DELETE", *both("/{id}"), body=dict[str, Any] | None)
def delete_task(gate: Gate, call: Call) -> Any:
    """Delete a task with its assignments."""
    row = _row(gate, call)
    with gate.store.write():
        gate.tasks.delete(row["id"])
        command = gate.commands.make("DeleteTask", {"deleteTaskId": row["id"]}, now=call.now)
    return wire.command(gate, command)


@routes("POST", *both("/{id}/addToTask"), body=Additions)
def add_to_task(gate: Gate, call: Call) -> Any:
    """Add what a query selects to a task; what is in it already stays where it is."""
    row, body = _row(gate, call), call.body
    with gate.store.write():
        added = gate.tasks.add(
            row["id"],
            body.query,
            loads_of(body.workload),
            limit=int(body.limit) if body.limit else None,
            now=call.now,
        )
        spec = {"addToTaskPayload": msgspec.to_builtins(body), "taskId": row["id"], "addedItemsCount": added}
        command = gate.commands.make("AddToTask", spec, now=call.now)
    return wire.command(gate, command)


@routes("POST", *both("/{id}/removeFromTask"), body=Removal)
def remove_from_task(gate: Gate, call: Call) -> Any:
    """Take what a query selects out of a task; items with a status stay."""
    row = _row(gate, call)
    (before,) = gate.store.connection.execute(
        "SELECT count(*) FROM refs WHERE task = ?", (row["id"],)
    ).fetchone()
    with gate.store.write():
        removed = gate.tasks.remove(row["id"], call.body.query)
        spec = {"removeFromTaskId": row["id"], "removeItemsCount": removed, "totalItemsCount": before}
        command = gate.commands.make("RemoveFromTask", spec, now=call.now)
    return wire.command(gate, command)


@routes("POST", *both("/{id}/contributors"), body=Contributors)
def change_contributors(gate: Gate, call: Call) -> Any:
    """Let people join a task or leave it; who leaves gives back what has no status."""
    row = _row(gate, call)
    batches = pulling.batches_of(row["document"])
    with gate.store.write() as connection:
        for who in call.body.assignees:
            if call.body.action == "remove":
                remove_annotator(connection, row["id"], who)
                refresh(connection, row["id"])
                continue
            assignment = add_assignment(connection, row["id"], who, now=call.now)
            if batches is not None:
                pulling.load_batch(connection, row["id"], assignment, *batches)
        gate.store.touch_refs(row["dataset"])
    return wire.task(gate, _row(gate, call))


@routes("GET", *both("/{id}/queue"))
def queue_details(gate: Gate, call: Call) -> Any:
    """How many items of a pulling task wait to be handed out."""
    return {"remaining": pulling.waiting(gate.store.connection, _row(gate, call)["id"])}


@routes("GET", *both("/{id}/relatives"))
def relatives(gate: Gate, call: Call) -> Any:
    """The task that this one reviews, and those that review it."""
    row = _row(gate, call)
    found = gate.store.connection.execute(
        "SELECT id, name FROM tasks WHERE id = ? OR parent = ? ORDER BY created_at, id",
        (row["parent"], row["id"]),
    )
    return [{"id": task, "name": name} for task, name in found]


@routes("GET", "/scores/tasks/{taskId}", "/scores/tasks/{taskId}/items/{itemId}", query=("page", "pageSize"))
def scores(gate: Gate, call: Call) -> Any:
    """The scores of a task: a gate gives none, in the shape in which the platform lists them."""
    require(gate.store.connection, "task", call.path["taskId"])
    if "itemId" in call.path:
        require(gate.store.connection, "item", call.path["itemId"])
    return wire.cursor(Page([], 0, call.number("page", 0), call.number("pageSize", 100, least=1)))


def _row(gate: Gate, call: Call) -> dict[str, Any]:
    return require(gate.store.connection, "task", call.path["id"])
