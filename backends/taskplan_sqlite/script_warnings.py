"""What in a script deserves a word, found in what the gate was asked and in what came of it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from taskplan_sqlite.gate.service import Gate
from taskplan_sqlite.platform.requests import MOST_ITEMS
from taskplan_sqlite.recording import Record

_MAKING = re.compile(r"/(annotationtasks|tasks)(/[^/]+/addToTask)?$")


def warnings_of(gate: Gate, record: Record) -> list[str]:
    """Return warnings, a line each, in the order in which their reasons came up."""
    found: list[str] = []
    for entry in gate.requests:
        body = _decoded(entry.get("body"))
        if entry["method"] == "POST" and _MAKING.search(entry["path"]) and isinstance(body, dict):
            found += _of_request(entry, body)
        if entry["status"] == 501:
            found.append(f"{entry['method']} {entry['path']} is nothing that the gate does")
    members = _members(gate)
    for work in record.tasks:
        if work.kind == "created" and work.task.n_items == 0 and not work.task.document.get("totalItems"):
            found.append(f"{work.task.name}: its query matched nothing")
        known = members.get(work.task.dataset, set())
        strangers = [who for who in work.items if known and who not in known]
        found += [f"{work.task.name}: {who} is no member of the project" for who in strangers]
    return list(dict.fromkeys(found))


def _of_request(entry: dict[str, Any], body: dict[str, Any]) -> list[str]:
    name = body.get("name") or "the task that items were added to"
    query = body.get("query")
    found = []
    if entry["status"] == 400 and isinstance(query, str) and _decoded(query) is None:
        found.append(
            f"{name}: the query is no JSON; an apostrophe in a filter does that, for the SDK turns it into a "
            "quotation mark (use item ids)"
        )
    if entry["status"] == 400 and f"{MOST_ITEMS:,} or more" in str(entry.get("message")):
        found.append(f"{name}: the platform refuses a task of {MOST_ITEMS:,} items or more")
    loads = [load.get("load") for load in body.get("workload") or () if isinstance(load, dict)]
    numbers = [load for load in loads if isinstance(load, int | float)]
    if numbers and max(numbers) - min(numbers) == 1 and 100 % len(numbers):
        shown = ", ".join(f"{load:g}" for load in numbers)
        found.append(f"{name}: the SDK has rounded an even workload to {shown} percent")
    return found


def _decoded(text: Any) -> Any:
    if not isinstance(text, str):
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def _members(gate: Gate) -> dict[str, set[str]]:
    rows = gate.store.connection.execute(
        "SELECT d.name, lower(c.email) FROM contributors c JOIN datasets d ON d.project = c.project"
    )
    found: dict[str, set[str]] = {}
    for dataset, email in rows:
        found.setdefault(dataset, set()).add(email)
    return found
