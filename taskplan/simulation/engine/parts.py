"""A model in parts that have nothing to do with each other, and outcomes of parts put together again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from taskplan.simulation.jobs import Counts, Floats, Model, Outcome


def split(model: Model) -> list[tuple[list[int], list[int]]]:
    """Return people and tasks (by index, rising) of each part: what shares people, reviews or comes after."""
    graph: nx.Graph[tuple[str, int]] = nx.Graph()
    graph.add_nodes_from(("task", index) for index in range(len(model.tasks)))
    for index, task in enumerate(model.tasks):
        graph.add_edges_from((("task", index), ("person", person)) for person in task.people)
        linked = [*task.after, *([task.reviews] if task.reviews is not None else [])]
        graph.add_edges_from((("task", index), ("task", other)) for other in linked)
    parts = [
        (sorted(n for kind, n in part if kind == "person"), sorted(n for kind, n in part if kind == "task"))
        for part in nx.connected_components(graph)
    ]
    return sorted(parts, key=lambda part: part[1])


def part_of(model: Model, people: list[int], tasks: list[int]) -> Model:
    """Return the model of some people and tasks only, numbered anew."""
    person = np.full(len(model.people) + 1, -1, dtype=np.int64)
    person[people] = np.arange(len(people))
    number = {task: index for index, task in enumerate(tasks)}
    kept = (model.tasks[index] for index in tasks)
    return replace(
        model,
        people=tuple(model.people[index] for index in people),
        tasks=tuple(
            replace(
                task,
                people=tuple(person[list(task.people)].tolist()),
                owner=person[task.owner],
                reviews=None if task.reviews is None else number[task.reviews],
                after=tuple(number[other] for other in task.after),
            )
            for task in kept
        ),
    )


def joined(model: Model, parts: list[tuple[list[int], list[int], Outcome]], replications: int) -> Outcome:
    """Return the outcome of a model from those of its parts."""
    people, tasks = len(model.people), len(model.tasks)

    def by_task(name: str, empty: float, kind: type) -> NDArray[Any]:
        table: NDArray[Any] = np.full((tasks, replications), empty, dtype=kind)
        for _, rows, outcome in parts:
            table[rows] = getattr(outcome, name)
        return table

    def by_both(name: str, empty: float, kind: type) -> NDArray[Any]:
        table: NDArray[Any] = np.full((tasks, people, replications), empty, dtype=kind)
        for columns, rows, outcome in parts:
            table[np.ix_(rows, columns)] = getattr(outcome, name)
        return table

    marks: dict[int, Counts] = {}
    reached: dict[int, Floats] = {}
    for _, rows, outcome in parts:
        marks |= dict(zip(rows, outcome.marks, strict=True))
        reached |= dict(zip(rows, outcome.reached, strict=True))
    return Outcome(
        finish=by_task("finish", np.inf, np.float64),
        last=by_both("last", -np.inf, np.float64),
        ended=by_both("ended", 0, np.int64),
        again=by_both("again", 0, np.int64),
        spent=by_both("spent", 0, np.float64),
        rejected=by_task("rejected", 0, np.int64),
        skipped=by_task("skipped", 0, np.int64),
        abandoned=by_task("abandoned", 0, np.int64),
        ignored=by_task("ignored", 0, np.int64),
        marks=tuple(marks[index] for index in range(tasks)),
        reached=tuple(reached[index] for index in range(tasks)),
    )
