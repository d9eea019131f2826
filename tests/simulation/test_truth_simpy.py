"""The engine against models written in SimPy, which shares neither code nor random numbers with it.

Makespans of both are compared by the two-sample Kolmogorov-Smirnov test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from taskplan.simulation.engine import simulate
from taskplan.simulation.jobs import Model, Task
from taskplan.simulation.workforce import Worker
from tests.simulation.models import hours, person, task
from tests.simulation.simpy_model import Somebody, owned, pulled

SURE, IMPOSSIBLE = 0.001, 1e-6
HERE, THERE = 1024, 400
"""Replications of the engine, and of SimPy."""

ANN = Somebody(minutes=2.0, errors=0.3, rework=0.5)
BEN = Somebody(minutes=3.0, cv=0.8, errors=0.1)
CAT = Somebody(review=1.5, misses=0.2, rejects=0.1, rework=0.6)
DAN = Somebody(review=1.0, cv=1.0, misses=0.5)
PART_TIME = Somebody(minutes=2.0, hours=[(24.0 * day + 9, 24.0 * day + 14) for day in range(40)])


def workers(people: Sequence[Somebody]) -> tuple[Worker, ...]:
    return tuple(
        person(
            f"p{index}",
            one.minutes,
            hours(*one.hours),
            shape="lognormal",
            cv=one.cv,
            review=one.review,
            errors=one.errors,
            misses=one.misses,
            rejects=one.rejects,
            rework=one.rework,
        )
        for index, one in enumerate(people)
    )


def agreement(people: Sequence[Somebody], tasks: Sequence[Task], makespan: Callable[[int], float]) -> float:
    """Return the probability of makespans that differ so much, if both models are the same."""
    ours = simulate(Model(workers(people), tuple(tasks), seed=1), HERE).finish.max(axis=0)
    theirs = [makespan(seed) for seed in range(THERE)]
    assert np.isfinite(ours).all()
    return float(stats.ks_2samp(ours, theirs).pvalue)


def test_everybody_has_their_own_items() -> None:
    people = [ANN, BEN, PART_TIME]
    items = [(0, None)] * 9 + [(1, None)] * 6 + [(2, None)] * 8
    tasks = [task([0, 1, 2], [annotator for annotator, _ in items])]
    assert agreement(people, tasks, lambda seed: owned(people, items, (2, 2), seed)) > SURE


@pytest.mark.parametrize(("batch", "maximum"), [(1, 1), (3, 5), (4, 8)])
def test_everybody_pulls_batches(batch: int, maximum: int) -> None:
    people = [ANN, BEN, replace(PART_TIME, hours=[(24.0 * day, 24.0 * day + 6) for day in range(40)])]
    tasks = [task([0, 1, 2], 30, batch=batch, maximum=maximum)]
    assert agreement(people, tasks, lambda seed: pulled(people, 30, batch, maximum, seed)) > SURE


def reviewed(items: Sequence[tuple[int, int]], priorities: tuple[int, int]) -> list[Task]:
    """Return a task of these items (annotator, reviewer) and the task of their reviews."""
    annotators, reviewers = [annotator for annotator, _ in items], [reviewer for _, reviewer in items]
    return [
        task(sorted({*annotators}), annotators, priority=priorities[0]),
        task(sorted({*reviewers}), reviewers, "qa", reviews=0, priority=priorities[1]),
    ]


CHECKED = [(0, 2)] * 4 + [(1, 2)] * 2 + [(0, 3)] * 3 + [(1, 3)] * 2


def test_what_is_rejected_is_done_again() -> None:
    people = [ANN, BEN, CAT, DAN]
    tasks = reviewed(CHECKED, (2, 2))
    assert agreement(people, tasks, lambda seed: owned(people, CHECKED, (2, 2), seed)) > SURE


def test_a_difference_would_be_seen() -> None:
    """Else agreement would say little: as before, but what Ann does again takes her the full time."""
    people, others = [ANN, BEN, CAT, DAN], [replace(ANN, rework=1.0), BEN, CAT, DAN]
    tasks = reviewed(CHECKED, (2, 2))
    assert agreement(people, tasks, lambda seed: owned(others, CHECKED, (2, 2), seed)) < IMPOSSIBLE


@pytest.mark.parametrize("priorities", [(2, 3), (3, 2)])
def test_who_annotates_and_reviews_does_the_urgent_first(priorities: tuple[int, int]) -> None:
    """Everybody's items are reviewed by the next of three, who works part of the day."""
    people = [
        replace(ANN, review=1.0),
        replace(BEN, review=0.5, rejects=0.2),
        replace(PART_TIME, errors=0.5, rework=2.0),
    ]
    items = [(0, 1)] * 5 + [(1, 2)] * 4 + [(2, 0)] * 6
    tasks = reviewed(items, priorities)
    assert agreement(people, tasks, lambda seed: owned(people, items, priorities, seed)) > SURE
