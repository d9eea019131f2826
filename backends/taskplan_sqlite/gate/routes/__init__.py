"""The operations of the gate, a module a subject; `ALL` lists them in the order in which they are matched."""

from __future__ import annotations

from taskplan_sqlite.gate.routes import (
    assignments,
    commands,
    datasets,
    item_annotations,
    items,
    projects,
    recipes,
    tasks,
    users,
)
from taskplan_sqlite.gate.routing import Route

ALL: tuple[Route, ...] = tuple(
    route
    for module in (users, projects, datasets, recipes, items, item_annotations, tasks, assignments, commands)
    for route in module.routes.all
)
