"""The same rules as processes of SimPy, with random numbers of their own: makespans to compare with.

Two models, each as one would write it there. In `owned` everybody has a store of work sorted by urgency, and
finished items go to the store of who reviews them. In `pulled` people take batches from a common store.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import log, sqrt
from typing import Any, NamedTuple

import simpy

Process = Generator[simpy.Event, Any, Any]
Hours = Sequence[tuple[float, float]]
ALWAYS: Hours = ((0.0, float("inf")),)


@dataclass(frozen=True)
class Somebody:
    """One person: mean minutes of an item and of a review, lognormal, and how often things go wrong."""

    minutes: float = 1.0
    review: float = 1.0
    cv: float = 0.5
    errors: float = 0.0
    misses: float = 0.0
    rejects: float = 0.0
    rework: float = 1.0
    hours: Hours = ALWAYS

    def takes(self, mean: float, dice: random.Random) -> float:
        spread = log(1 + self.cv**2)
        return mean * dice.lognormvariate(-spread / 2, sqrt(spread))


class Work(NamedTuple):
    """What lies in a store; it is taken by urgency and then in turn."""

    urgency: float
    turn: int
    item: Item
    review: bool


@dataclass
class Item:
    annotator: int
    reviewer: int | None = None
    wrong: bool = False
    annotated: bool = False
    reviewed: bool = False


@dataclass
class Team:
    """The people at work in one environment; `over` succeeds when no item is left."""

    env: simpy.Environment
    people: Sequence[Somebody]
    items: Sequence[Item]
    urgency: tuple[float, float]
    dice: random.Random
    turns: Callable[[], int] = field(init=False)
    stores: list[simpy.PriorityStore] = field(init=False)

    def __post_init__(self) -> None:
        self.turns = count().__next__
        self.stores = [simpy.PriorityStore(self.env) for _ in self.people]
        self.left = len(self.items)
        self.over = self.env.event()
        for item in self.items:
            self.give(item.annotator, item, review=False)
        for index in range(len(self.people)):
            self.env.process(self.person(index))

    def give(self, to: int, item: Item, *, review: bool) -> None:
        self.stores[to].put(Work(-self.urgency[review], self.turns(), item, review))

    def person(self, index: int) -> Process:
        while True:
            work = yield self.stores[index].get()
            yield self.env.process(getattr(self, "review" if work.review else "annotate")(index, work.item))

    def annotate(self, index: int, item: Item) -> Process:
        me = self.people[index]
        minutes = me.takes(me.minutes, self.dice) * (me.rework if item.annotated else 1)
        yield self.env.process(working(self.env, me.hours, minutes))
        item.annotated, item.wrong = True, self.dice.random() < me.errors
        if item.reviewer is None:
            self.done()
        else:
            self.give(item.reviewer, item, review=True)

    def review(self, index: int, item: Item) -> Process:
        me = self.people[index]
        minutes = me.takes(me.review, self.dice) * (me.rework if item.reviewed else 1)
        yield self.env.process(working(self.env, me.hours, minutes))
        item.reviewed = True
        if self.dice.random() < ((1 - me.misses) if item.wrong else me.rejects):
            self.give(item.annotator, item, review=False)
        else:
            self.done()

    def done(self) -> None:
        self.left -= 1
        if not self.left:
            self.over.succeed()


def working(env: simpy.Environment, hours: Hours, minutes: float) -> Process:
    """Wait until so many minutes of working time are over."""
    for opens, closes in hours:
        if closes <= env.now:
            continue
        if opens > env.now:
            yield env.timeout(opens - env.now)
        part = min(minutes, closes - env.now)
        yield env.timeout(part)
        minutes -= part
        if minutes <= 0:
            return
    yield env.event()


def owned(
    people: Sequence[Somebody],
    items: Sequence[tuple[int, int | None]],
    urgency: tuple[float, float],
    seed: int,
) -> float:
    """Return the makespan of items (annotator, reviewer or None); both have an urgency."""
    env = simpy.Environment()
    team = Team(env, people, [Item(*item) for item in items], urgency, random.Random(seed))
    env.run(team.over)
    return float(env.now)


def pulled(people: Sequence[Somebody], items: int, batch: int, maximum: int, seed: int) -> float:
    """Return the makespan of a pool from which people take batches, as long as they hold few enough."""
    env, dice = simpy.Environment(), random.Random(seed)
    pool = simpy.Store(env)
    pool.items.extend(range(items))

    def person(me: Somebody) -> Process:
        mine: list[int] = []
        while mine or pool.items:
            if len(mine) <= maximum - batch:
                for _ in range(min(batch, len(pool.items))):
                    mine.append((yield pool.get()))
            mine.pop(0)
            yield env.process(working(env, me.hours, me.takes(me.minutes, dice)))

    env.run(simpy.AllOf(env, [env.process(person(me)) for me in people]))
    return float(env.now)
