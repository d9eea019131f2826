"""Small models: builders for those that are written down, strategies for those that are drawn.

Two engines that add up minutes in a different order differ in the last bits, which decides who comes
first where two things happen at one instant. So a drawn model is of one of two sorts: `tied`, in
which all times are sums of eighths, exact in every order, and things happen at one instant all the
time; and `scattered`, in which nothing but cause and effect does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from hypothesis import strategies as st

from taskplan.simulation.jobs import POOL, Model, Task
from taskplan.simulation.workforce import OTHER, Worker, WorkingTime

KINDS = (OTHER, "night", "rain")
Draw = Callable[[st.SearchStrategy[Any]], Any]


def hours(*intervals: tuple[float, float], share: float = 1.0, leaves: float = np.inf) -> WorkingTime:
    """Return working time of these intervals; always, where there are none."""
    opens, closes = zip(*(intervals or [(0.0, np.inf)]), strict=True)
    return WorkingTime(np.array(opens, dtype=float), np.array(closes, dtype=float), share, leaves)


def person(name: str, minutes: float = 1.0, time: WorkingTime | None = None, **about: Any) -> Worker:
    """Return one person, of fixed minutes where no shape is given."""
    about = {"shape": "fixed", "cv": 0.0, **about}
    return Worker(f"{name}@example.com", time or hours(), {OTHER: minutes}, **about)


def task(
    people: Sequence[int],
    owner: Sequence[int] | int,
    type: Literal["annotation", "qa"] = "annotation",
    item: Sequence[int] | None = None,
    **about: Any,
) -> Task:
    """Return one task; `owner` as a number means so many jobs in the pool."""
    owners = np.full(owner, POOL) if isinstance(owner, int) else np.array(owner)
    items = np.arange(len(owners)) if item is None else np.array(item)
    return Task(type, type, tuple(people), owners.astype(np.int64), items.astype(np.int64), **about)


Numbers = st.SearchStrategy[float]
ZERO: Numbers = st.just(0.0)


@dataclass(frozen=True)
class Sort:
    """How numbers are drawn: minutes between two bounds, shapes with their variation, shares and factors."""

    amounts: Callable[[float, float], Numbers]
    shapes: st.SearchStrategy[tuple[Any, float]]
    shares: Numbers
    factors: Numbers


EIGHTHS = Sort(
    lambda low, high: st.integers(int(low * 8), int(high * 8)).map(lambda n: n / 8),
    st.sampled_from([("fixed", 0.5), ("lognormal", 0.0), ("gamma", 0.0)]),
    st.sampled_from([1.0, 0.5, 0.25]),
    st.sampled_from([0.5, 1.0, 2.0]),
)
GRAIN = 2.0**-20
ODD = Sort(
    # Odd fractions, of which no sum is another.
    lambda low, high: st.integers(int(low / GRAIN), int(high / GRAIN)).map(lambda n: (n + 0.137) * GRAIN),
    st.tuples(st.sampled_from(["lognormal", "gamma", "exponential"]), st.floats(0.1, 1.5)),
    st.floats(0.2, 1.0),
    st.floats(0.1, 2.0),
)


def tied() -> st.SearchStrategy[Model]:
    """Models of fixed minutes in which things happen at one instant."""
    return _models(EIGHTHS)


def scattered() -> st.SearchStrategy[Model]:
    """Models of scattered minutes: at one instant happens only what brings about each other."""
    return _models(ODD)


@st.composite
def plain(draw: Draw) -> Model:
    """Models of either sort with one task of many items and nothing but work, in hours or at all times."""
    sort = draw(st.sampled_from([EIGHTHS, ODD]))
    people = tuple(
        _worker(draw, name, sort, calm=True, span=200) for name in "abcde"[: draw(st.integers(1, 5))]
    )
    jobs = draw(st.integers(1, 200))
    at_work = sorted(draw(st.sets(st.integers(0, len(people) - 1), min_size=1)))
    about: dict[str, Any] = {}
    owner = [POOL] * jobs
    if draw(st.integers(0, 3)):
        about["batch"] = draw(st.integers(1, 8))
        about["maximum"] = about["batch"] + draw(st.integers(0, 10))
    else:
        owner = [at_work[n * n % len(at_work)] for n in range(jobs)]
    if draw(st.booleans()):
        about["effort"] = np.full(jobs, draw(st.integers(0, 16)) / 8)
        about["kind"] = np.full(jobs, draw(st.integers(0, 2)))
    kind = draw(st.sampled_from(["annotation", "qa"]))
    return Model(people, (task(at_work, owner, kind, **about),), seed=draw(st.integers(0, 99)), kinds=KINDS)


@st.composite
def _models(draw: Draw, sort: Sort) -> Model:
    # Where all goes well and everybody stays, an engine may take a shorter way; most rules are about reviews.
    mood = draw(st.sampled_from(["reviewed", "any", "calm"]))
    least, calm = 2 if mood == "reviewed" else 1, mood == "calm"
    people = tuple(_worker(draw, name, sort, calm) for name in "abcd"[: draw(st.integers(least, 4))])
    tasks: list[Task] = []
    for _ in range(draw(st.integers(least, 3))):
        jobs = draw(st.integers(least - 1, 30 if calm else 12))
        reviews = st.sampled_from([None, *range(len(tasks))][len(tasks) > 0 and mood == "reviewed" :])
        tasks.append(_task(draw, tasks, range(len(people)), jobs, draw(reviews), least))
    return Model(
        people,
        tuple(tasks),
        seed=draw(st.integers(0, 99)),
        kinds=KINDS,
        skipped=draw(st.sampled_from(["ignored", "pool", "same"])),
        reservation=draw(sort.amounts(0, 20)),
    )


def _worker(draw: Draw, name: str, sort: Sort, calm: bool, span: float = 60) -> Worker:
    edges = sorted(draw(st.lists(sort.amounts(0.125, span), min_size=0, max_size=7, unique=True)))
    if len(edges) % 2 == 0:
        edges = [0.0, *edges]
    intervals = list(zip(edges[0::2], [*edges[1::2], np.inf], strict=True))
    if draw(st.integers(0, 9)) == 9 and len(intervals) > 1:
        intervals.pop()
    never = st.just(np.inf)
    leaves = never if calm else st.one_of(never, never, sort.amounts(0, 40))
    mistakes = ZERO if calm else st.sampled_from([0.0, 0.2, 0.5])
    losses = ZERO if calm else st.sampled_from([0.0, 0.1, 0.3])
    shape, cv = draw(sort.shapes)
    return Worker(
        f"{name}@example.com",
        hours(*intervals, share=draw(sort.shares), leaves=draw(leaves)),
        {OTHER: draw(sort.amounts(0.25, 4)), "night": draw(sort.amounts(0.25, 4))},
        review=draw(sort.amounts(0.25, 4)),
        cv=cv,
        shape=shape,
        errors=draw(mistakes),
        misses=draw(mistakes),
        rejects=draw(mistakes),
        rework=draw(sort.factors),
        skips=draw(losses),
        skip_takes=min(1.0, draw(sort.factors)),
        abandons=draw(losses),
    )


def _task(
    draw: Draw, before: list[Task], everybody: range, jobs: int, reviews: int | None, least: int
) -> Task:
    people = sorted(draw(st.sets(st.sampled_from(everybody), min_size=least)))
    about: dict[str, Any] = {"reviews": reviews}
    if reviews is None:
        items = draw(st.lists(st.integers(0, 9), min_size=jobs, max_size=jobs))
        kind = draw(st.sampled_from(["annotation", "annotation", "annotation", "qa"]))
    else:
        # Most of the reviewed items, and some that nobody annotates.
        of = draw(st.permutations(sorted({*before[reviews].item.tolist(), 20, 21})))
        items = of[: max(1, len(of) - draw(st.integers(0, 3)))]
        kind, jobs = "qa", len(items)
    if draw(st.booleans()):
        owner = [POOL] * jobs
        about["batch"] = draw(st.integers(1, 3))
        about["maximum"] = about["batch"] + draw(st.integers(0, 3))
    else:
        owner = draw(st.lists(st.sampled_from(people), min_size=jobs, max_size=jobs))
    after = draw(st.sets(st.sampled_from(range(len(before))))) if before and draw(st.booleans()) else set()
    about["after"] = tuple(sorted(after))
    about["priority"] = draw(st.integers(1, 3))
    if draw(st.booleans()):
        about["effort"] = np.array(draw(st.lists(st.integers(0, 16), min_size=jobs, max_size=jobs))) / 8
        about["kind"] = np.array(
            draw(st.lists(st.integers(0, 2), min_size=jobs, max_size=jobs)), dtype=np.int64
        )
    return task(people, owner, kind, items, **about)
