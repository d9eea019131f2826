"""Hypothesis strategies for all that taskplan works on; a failure shrinks to few items and few people.

`problems` is what strategies solve, `items`, `snapshots` and `queries` what is
selected, `workloads` the platform's percentages, `plans` what comes out.
"""

from __future__ import annotations

from taskplan.errors import MissingExtraError

try:
    import hypothesis  # noqa: F401 - asked for first, so that its absence is told in one line
except ImportError as error:
    raise MissingExtraError("taskplan.testing.strategies", "testing") from error

from taskplan.testing.strategies.documents import items, snapshots
from taskplan.testing.strategies.people import ORDERINGS, SHARES, ShareKind, assignees, orderings, workloads
from taskplan.testing.strategies.plans import plans
from taskplan.testing.strategies.problems import problems
from taskplan.testing.strategies.queries import queries

__all__ = [
    "ORDERINGS",
    "SHARES",
    "ShareKind",
    "assignees",
    "items",
    "orderings",
    "plans",
    "problems",
    "queries",
    "snapshots",
    "workloads",
]
