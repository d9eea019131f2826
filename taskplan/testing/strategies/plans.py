"""Plans, made by the real planner from drawn items and a drawn spec."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from taskplan.planning.document import Plan
from taskplan.planning.planner import make_plan
from taskplan.planning.spec import spec_from
from taskplan.testing.strategies.documents import snapshots
from taskplan.testing.strategies.people import workloads
from taskplan.testing.strategies.queries import queries

METHODS = ("largest-remainder", "webster", "jefferson")
ORDERS: tuple[Any, ...] = (
    "as-listed",
    "interleaved",
    "shuffled",
    {"stratified": "metadata.user.scene"},
    {"grouped": "metadata.user.scene"},
)


@st.composite
def plans(draw: st.DrawFn, *, reviews: bool = True, max_items: int = 12) -> Plan:
    """Draw a plan over a drawn snapshot of up to `max_items` items; it shrinks to one that does nothing.

    One task, of everything or of a query's items, with or without a limit and parts,
    split equally, by weights or by a workload. With `reviews` a QA task may follow it.
    """
    task: dict[str, Any] = {"name": "label", **draw(_shared("ann", "ben", "cat"))}
    task["filter"] = draw(st.none() | queries())
    if task["filter"] is None:
        del task["filter"]
    if limit := draw(st.none() | st.integers(1, max_items)):
        task["limit"] = limit
    if most := draw(st.none() | st.integers(2, max_items)):
        task["split_above"] = most
    tasks = [task]
    if reviews and draw(st.booleans()):
        tasks.append({"name": "check", "type": "qa", "of": "label", **draw(_shared("dan", "eve"))})
    spec = spec_from({"seed": draw(st.integers(0, 9)), "tasks": tasks})
    return make_plan(spec, draw(snapshots(max_items=max_items)))


@st.composite
def _shared(draw: st.DrawFn, *names: str) -> dict[str, Any]:
    """Draw people, their shares, and the order of items."""
    size = draw(st.integers(1, len(names)))
    emails = [f"{name}@example.com" for name in names[:size]]
    kind = draw(st.sampled_from(("equal", "weight", "percent")))
    fields: dict[str, Any] = {"assignees": emails}
    if kind == "weight":
        weights = st.integers(1, 5)
        fields["assignees"] = [{"email": email, "weight": draw(weights)} for email in emails]
        fields["strategy"] = {"name": "weighted", "method": draw(st.sampled_from(METHODS))}
    elif kind == "percent":
        loads = draw(workloads(min_size=size, max_size=size)).values()
        fields["assignees"] = [
            {"email": email, "percent": load} for email, load in zip(emails, loads, strict=True)
        ]
    if (order := draw(st.sampled_from(ORDERS))) != "as-listed":
        fields["order"] = order
    return fields
