"""What taskplan writes into a task of the platform: ``metadata.user.taskplan``.

``{"key", "plan", "state"}`` for the operation that made the task (and ``native``
where the platform was to split its items), and below
``added`` one such entry, by key, for each that has added items to it, or (`moves`)
has moved items in it, in the order of `turn`. `state` is "begun" until all of the operation is there, then
"done", and "begun" again while it is being undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from taskplan.planning.document import Operation

MARK = "taskplan"
State = Literal["begun", "done", "undone"]


def made(key: str, plan: str, *, native: bool) -> dict[str, Any]:
    """Return the mark of a task that an operation makes now."""
    return {"key": key, "plan": plan, "state": "begun", **({"native": True} if native else {})}


def is_native(task: Mapping[str, Any]) -> bool:
    """Tell whether the platform was to split the items of the task."""
    return of(task).get("native") is True


def of(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a task's mark, empty where it has none."""
    user = (task.get("metadata") or {}).get("user")
    found = user.get(MARK) if isinstance(user, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def makes(task: Mapping[str, Any], key: str) -> bool:
    """Tell whether the operation with this key made the task."""
    return of(task).get("key") == key


def makers(tasks: Iterable[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return the tasks that the operation made: those that are done first, then by id.

    Should a lost request have made a second one, everybody takes the first of these.
    """
    found = [task for task in tasks if makes(task, key)]
    return sorted(found, key=lambda task: (state_of(task, key) != "done", str(task["id"])))


def entry_of(task: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return what the operation with this key noted in the task, empty where it noted nothing."""
    found = of(task)
    if found.get("key") == key:
        return found
    added = found.get("added")
    entry = added.get(key) if isinstance(added, Mapping) else None
    return entry if isinstance(entry, Mapping) else {}


def state_of(task: Mapping[str, Any], key: str) -> State | None:
    """Return how far the operation is in this task; None where it left no mark."""
    return _state(entry_of(task, key))


def additions(task: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys of the operations that have added items and were not undone."""
    return frozenset(key for key, entry in _others(task).items() if not entry.get("moves"))


def moves(task: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of the operations that have moved items and were not undone, oldest first."""
    found = {key: entry for key, entry in _others(task).items() if entry.get("moves")}
    return tuple(sorted(found, key=lambda key: (int(found[key].get("turn") or 0), key)))


def _others(task: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    added = of(task).get("added")
    if not isinstance(added, Mapping):
        return {}
    return {key: entry for key, entry in added.items() if _state(entry) in ("begun", "done")}


def begins(task: Mapping[str, Any], operation: Operation, plan: str) -> dict[str, Any]:
    """Return the fields that note that an operation on a task that is there has begun; none where it has."""
    if state_of(task, operation.key) in ("begun", "done"):
        return {}
    entry: dict[str, Any] = {"plan": plan, "state": "begun"}
    if operation.action == "move_items":
        turns = [int(other.get("turn") or 0) for other in _others(task).values()]
        entry |= {"moves": True, "turn": max(turns, default=0) + 1}
    return _with_entry(task, operation.key, entry)


def ends(task: Mapping[str, Any], operation: Operation, plan: str) -> dict[str, Any]:
    """Return the fields that note that all of an operation is there; none where that is noted."""
    key = operation.key
    if state_of(task, key) == "done":
        return {}
    begun = entry_of(task, key)
    ended = {
        **{name: begun[name] for name in ("moves", "turn") if name in begun},
        "plan": plan,
        "state": "done",
        "items": operation.allocation.items.count,
        "people": [who.lower() for who in operation.people],
    }
    if makes(task, key):
        return _with_mark(task, {**of(task), **ended, "key": key})
    return _with_entry(task, key, ended)


def begins_undo(task: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the fields that note that what was done is being undone; none where it is not done."""
    if state_of(task, key) != "done":
        return {}
    return _with_entry(task, key, {**entry_of(task, key), "state": "begun"})


def undone(task: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the fields that note that an operation was undone; none where nothing of it is noted."""
    if state_of(task, key) not in ("begun", "done"):
        return {}
    return _with_entry(task, key, {"state": "undone"})


def _with_entry(task: Mapping[str, Any], key: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    said = of(task)
    return _with_mark(task, {**said, "added": {**(said.get("added") or {}), key: entry}})


def _with_mark(task: Mapping[str, Any], mark: Mapping[str, Any]) -> dict[str, Any]:
    metadata = task.get("metadata") or {}
    return {"metadata": {**metadata, "user": {**(metadata.get("user") or {}), MARK: mark}}}


def _state(entry: Mapping[str, Any]) -> State | None:
    found = entry.get("state")
    return found if found in ("begun", "done", "undone") else None
