"""How long does it take to give a million items to a hundred people, in each ordering?

The reference of each ordering is the numpy primitive that it cannot do without;
the rival is the pandas idiom for the same split.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np

from taskplan.allocation.orderings import ideal_places
from taskplan.allocation.problem import Assignee, Ordering, OrderingKind, Problem
from taskplan.allocation.registry import load_strategy

LIMIT = 2.0
PEOPLE = 100
SCENES = 200
VIDEO_LENGTH = 120


def run(scale: float, repeat: int) -> list[dict[str, Any]]:
    """Measure a whole `allocate` call (counts, order, certificate) by median wall seconds."""
    items = max(1000, round(1_000_000 * scale))
    _keep_freed_memory()
    rng = np.random.Generator(np.random.PCG64(1))
    # In the types that the columns of an item table have.
    scenes = rng.integers(0, SCENES, items).astype(np.uint8)
    videos = np.sort(rng.integers(0, max(2, items // VIDEO_LENGTH), items)).astype(np.uint16)
    scattered = rng.permutation(videos)
    shares = rng.lognormal(0, 0.5, PEOPLE).round(3).tolist()
    equal = tuple(Assignee(f"p{index}@example.com") for index in range(PEOPLE))
    weighted = tuple(Assignee(f"p{i}@example.com", weight=share) for i, share in enumerate(shares))
    rows: list[dict[str, Any]] = []
    for strategy, people in (("equal", equal), ("weighted", weighted)):
        for kind, keys in _KEYS:
            array = {None: None, "scenes": scenes, "videos": videos, "videos, scattered": scattered}[keys]
            problem = Problem(items, people, Ordering(kind, keys), array, seed=7)
            rows += _measure(strategy, problem, repeat)
    return rows


def _keep_freed_memory() -> None:
    """Let glibc keep what is freed, for everyone: else who gets fresh pages, and pays for them, is luck.

    Freeing one block of just under 32 MB raises its thresholds for the rest of the process (mallopt(3)).
    """
    block = np.ones(31 << 20, dtype=np.uint8)
    del block


_KEYS: tuple[tuple[OrderingKind, str | None], ...] = (
    ("as-listed", None),
    ("interleaved", None),
    ("shuffled", None),
    ("stratified", "scenes"),
    ("grouped", "videos"),
    ("grouped", "videos, scattered"),
)


def _measure(strategy: str, problem: Problem, repeat: int) -> list[dict[str, Any]]:
    kind = problem.ordering.kind
    question = f"{strategy}, {kind}" + (", scattered" if _is_scattered(problem) else "")
    solver = load_strategy(strategy)
    name, primitive = _primitive(strategy, problem)
    subjects = [("taskplan", lambda: solver.allocate(problem)), (name, primitive)]
    rival = _rival(problem)
    if rival is not None:
        subjects.append(rival)
    figures = _interleave([subject for _, subject in subjects], repeat)
    reference = figures[1]
    size = f"{PEOPLE} people, {problem.n_items:,} items"
    result = []
    for place, ((label, _), seconds) in enumerate(zip(subjects, figures, strict=True)):
        ours = place == 0
        result.append(
            {
                "question": question,
                "subject": label,
                "seconds": seconds,
                "ratio": seconds / reference,
                "limit": f"≤ {LIMIT:g} × {name}" if ours else None,
                "ok": seconds <= LIMIT * reference if ours else None,
                "note": size if ours else "",
            }
        )
    return result


def _interleave(subjects: list[Callable[[], Any]], repeat: int) -> list[float]:
    """Return median seconds a subject, in turn, so that a noisy spell of the machine meets all of them.

    Without garbage collection, as `timeit` has it: whose garbage it meets is a matter of luck.
    """
    times: list[list[float]] = [[] for _ in subjects]
    gc.collect()
    gc.disable()
    try:
        for round_number in range(repeat + 1):
            for taken, subject in zip(times, subjects, strict=True):
                start = time.perf_counter()
                subject()
                if round_number or repeat == 1:
                    taken.append(time.perf_counter() - start)
    finally:
        gc.enable()
    return [median(taken) for taken in times]


def _primitive(strategy: str, problem: Problem) -> tuple[str, Callable[[], Any]]:
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
    if problem.ordering.kind == "grouped" and not _is_scattered(problem):
        return "stable argsort of uint8", lambda: np.argsort(owners, kind="stable")
    # And before that the items of each stratum or group, to find them together.
    keys = np.asarray(problem.keys)
    return (
        f"stable argsorts of {keys.dtype}, uint8",
        lambda: (np.argsort(keys, kind="stable"), np.argsort(owners, kind="stable")),
    )


def _is_scattered(problem: Problem) -> bool:
    return problem.ordering.path == "videos, scattered"


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
