"""Faults by chance, and applying until it has ended well: for the tests and for the soak."""

from __future__ import annotations

from typing import Any

import numpy as np

from taskplan.errors import BackendError
from taskplan.planning.document import Plan
from taskplan_sqlite.gate.faults import Fault, Faults, Rule
from tests.dataloop.support import SPEC, Live

WRITES = ("*/annotationtasks", "*/addToTask", "*/annotationtasks/*")
BAD: list[Fault] = [
    *(Fault("status", when, status) for status in (500, 502, 503, 504) for when in ("before", "after")),  # type: ignore[arg-type]
    Fault("status", "before", 429, retry_after=0),
    Fault("status", "after", 503, retry_after=0),
    Fault("reset", "before"),
    Fault("reset", "after"),
    Fault("truncate"),
    Fault("slow", seconds=0.05),
    Fault("command-fails", "before"),
    Fault("command-fails", "after"),
    Fault("expired-token"),
]
ADDING = {
    "add_to": "earlier",
    "filter": {"dir": "/test", "metadata.user.n": {"gt": 3}},
    "assignees": ["ann@example.com", "cat@example.com"],
}
ALL = {"tasks": [*SPEC["tasks"], ADDING]}


def earlier(platform: Live) -> None:
    """Let there be a task that the plan did not make, on both sides."""
    spec = {
        "tasks": [
            {"name": "earlier", "filter": {"filename": "/test/3.jpg"}, "assignees": ["ben@example.com"]}
        ]
    }
    plan = platform.plan(spec)
    backend = platform.connect()
    assert platform.apply(plan, backend).verification.ok
    backend.close()
    platform.copy_here()


def undisturbed(platform: Live, plan: Plan) -> list[dict[str, Any]]:
    backend = platform.connect()
    assert platform.apply(plan, backend).verification.ok
    backend.close()
    return platform.state()


def apply_until_done(platform: Live, plan: Plan, most: int = 12) -> int:
    """Apply as a person does who repeats the command until it has ended well; return how often it took."""
    for turn in range(1, most + 1):
        backend = platform.connect(tries=3)
        try:
            report = platform.apply(plan, backend)
        except BackendError:
            continue
        finally:
            backend.close()
        assert report.verification.ok, report.verification.differences
        return turn
    raise AssertionError("it never ended")


def random_faults(rng: np.random.Generator) -> Faults:
    rules = []
    for _ in range(int(rng.integers(1, 6))):
        fault = BAD[int(rng.integers(len(BAD)))]
        place = ("*", *WRITES, "*/query", "*/assignments")[int(rng.integers(6))]
        rules.append(Rule(fault, place, None, skip=int(rng.integers(0, 30)), times=int(rng.integers(1, 4))))
    return Faults(rules)
