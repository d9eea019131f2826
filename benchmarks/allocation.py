"""How long does it take to give a million items to a hundred people, in each ordering?

The reference of each ordering is the numpy primitive that it cannot do without;
the rival is the pandas idiom for the same split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.bandwidth import at_best
from benchmarks.rows import Row, row
from benchmarks.timing import in_turn, keep_freed_memory
from taskplan.allocation.orderings import ideal_places
from taskplan.allocation.problem import Assignee, Ordering, OrderingKind, Problem
from taskplan.allocation.registry import load_strategy
from taskplan.model.columns import narrow

LIMIT = 2.0
PEOPLE = 100
SCENES = 200
VIDEO_LENGTH = 120


def run(scale: float, repeat: int) -> list[Row]:
    """Measure a whole `allocate` call (counts, order, certificate) by median wall seconds."""
    items = max(1000, round(1_000_000 * scale))
    keep_freed_memory()
    shares = np.random.Generator(np.random.PCG64(2)).lognormal(0, 0.5, PEOPLE).round(3).tolist()
    weighted = tuple(Assignee(f"p{i}@example.com", weight=share) for i, share in enumerate(shares))
    rows: list[Row] = []
    for label in ORDERINGS:
        rows += _measure("equal", label, problem_of(label, items), repeat)
    for label in ORDERINGS:
        rows += _measure("weighted", label, replace(problem_of(label, items), assignees=weighted), repeat)
    return rows


def problem_of(label: str, items: int) -> Problem:
    """Return a problem of `ORDERINGS`, its keys in the type that the columns of an item table have."""
    rng = np.random.Generator(np.random.PCG64(1))
    people = tuple(Assignee(f"p{index}@example.com") for index in range(PEOPLE))
    kind = ORDERINGS[label]
    keys = None
    if kind == "stratified":
        keys = narrow(rng.integers(0, SCENES, items), SCENES)
    elif kind == "grouped":
        videos = max(2, items // VIDEO_LENGTH)
        keys = narrow(np.sort(rng.integers(0, videos, items)), videos)
        if label.endswith("scattered"):
            keys = rng.permutation(keys)
    return Problem(items, people, Ordering(kind, None if keys is None else "key"), keys, seed=7)


ORDERINGS: dict[str, OrderingKind] = {
    "as listed": "as-listed",
    "interleaved": "interleaved",
    "shuffled": "shuffled",
    "stratified": "stratified",
    "grouped": "grouped",
    "grouped, scattered": "grouped",
}
"""By label: a group's items follow each other, or are scattered."""


def _measure(strategy: str, label: str, problem: Problem, repeat: int) -> list[Row]:
    question, solver = f"{strategy}, {label}", load_strategy(strategy)
    name, primitive = primitive_of(label, problem, strategy)
    subjects = [("taskplan", lambda: solver.allocate(problem)), (name, primitive)]
    rival = _rival(problem)
    if rival is not None:
        subjects.append(rival)
    ours, reference, *others = in_turn([subject for _, subject in subjects], repeat)
    return [
        row(
            question,
            "taskplan",
            ours,
            ours / reference,
            limit=f"≤ {LIMIT:g} × {name}",
            ok=ours <= LIMIT * reference,
            note=f"{PEOPLE} people, {problem.n_items:,} items",
            at_best=at_best(*bytes_of(problem)),
        ),
        row(question, name, reference, ours / reference, note="taskplan / this"),
        *(
            row(question, label, seconds, ours / seconds, note="taskplan / this")
            for (label, _), seconds in zip(subjects[2:], others, strict=True)
        ),
    ]


def bytes_of(problem: Problem) -> tuple[int, int]:
    """Return the bytes that any way to split must read (the keys) and write (a position for each item)."""
    return 0 if problem.keys is None else problem.keys.nbytes, 8 * problem.n_items


def primitive_of(label: str, problem: Problem, strategy: str = "equal") -> tuple[str, Callable[[], Any]]:
    """Return the numpy call that the ordering cannot do without, on data made beforehand."""
    items = problem.n_items
    match problem.ordering.kind:
        case "as-listed":
            return "np.arange", lambda: np.arange(items, dtype=np.int64)
        case "shuffled":
            rng = np.random.Generator(np.random.PCG64(problem.seed))
            return "rng.permutation", lambda: rng.permutation(items)
        case "interleaved":
            counts = load_strategy(strategy).allocate(replace(problem, ordering=Ordering())).counts
            places = ideal_places(counts)
            return "stable argsort of int64", lambda: np.argsort(places, kind="stable")
    # What must be sorted at the least: everybody's items together, by whose they are.
    answer = load_strategy(strategy).allocate(problem)
    owners = np.empty(items, dtype=np.uint8)
    owners[answer.order] = np.repeat(np.arange(PEOPLE, dtype=np.uint8), answer.counts)
    if label == "grouped":
        return "stable argsort of uint8", lambda: np.argsort(owners, kind="stable")
    # And before that the items of each stratum or group, to find them together.
    keys = np.asarray(problem.keys)
    return (
        f"stable argsorts of {keys.dtype}, uint8",
        lambda: (np.argsort(keys, kind="stable"), np.argsort(owners, kind="stable")),
    )


def _rival(problem: Problem) -> tuple[str, Callable[[], Any]] | None:
    try:
        import pandas as pd
    except ImportError:
        return None
    items = problem.n_items
    frame = pd.DataFrame({"item": np.arange(items)})
    match problem.ordering.kind:
        case "as-listed":
            return None
        case "interleaved":
            return "pandas groupby", lambda: frame.groupby(np.arange(items) % PEOPLE).indices
        case "shuffled":
            return (
                "pandas sample, groupby",
                lambda: frame.sample(frac=1, random_state=7).groupby(np.arange(items) % PEOPLE).indices,
            )
        case "stratified":
            frame["key"] = problem.keys
            return (
                "pandas groupby, cumcount",
                lambda: frame.groupby(frame.groupby("key").cumcount() % PEOPLE).indices,
            )
        case _:
            frame["key"] = problem.keys
            return (
                "pandas groupby, ngroup",
                lambda: frame.groupby(frame.groupby("key").ngroup() % PEOPLE).indices,
            )
