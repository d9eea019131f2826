"""What taskplan writes into a task of the platform: ``metadata.user.taskplan``.

``{"key", "plan", "state"}`` for the operation that made the task (and ``native``
where the platform was to split its items), and below
``added`` one such entry, by key, for each that has added items to it. `state` is
"begun" until all of the operation is there, then "done".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

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
    added = of(task).get("added")
    if not isinstance(added, Mapping):
        return frozenset()
    return frozenset(key for key, entry in added.items() if _state(entry) in ("begun", "done"))


def _state(entry: Mapping[str, Any]) -> State | None:
    found = entry.get("state")
    return found if found in ("begun", "done", "undone") else None
