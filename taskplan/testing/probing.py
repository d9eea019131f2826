"""Which problems a strategy takes: asked with one small problem of each kind, before anything is searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

from taskplan.allocation.problem import Assignee, Need, Ordering, OrderingKind, Problem, Strategy
from taskplan.errors import InfeasibleError, InputError
from taskplan.testing.patience import SECONDS, OutOfPatience, patience
from taskplan.testing.properties.base import FEATURES, Feature, MalformedAnswerError, Property, ask

if TYPE_CHECKING:
    from taskplan.testing.strategies import ShareKind

ITEMS = 4
IMPATIENT = 0.2
"""So many seconds a problem gets, once one has taken too long."""
_ANN, _BEN = Assignee("ann@example.com"), Assignee("ben@example.com")
_PEOPLE: dict[ShareKind, tuple[Assignee, ...]] = {
    "none": (_ANN, _BEN),
    "weight": (replace(_ANN, weight=2.0), replace(_BEN, weight=1.0)),
    "percent": (replace(_ANN, percent=60.0), replace(_BEN, percent=40.0)),
    "count": (replace(_ANN, count=2), _BEN),
}


class Sample(NamedTuple):
    """A small problem with one kind of share, and one feature or none."""

    share: ShareKind
    feature: Feature | None
    problem: Problem


class Pool(NamedTuple):
    """What to draw problems from: any of the shares and orderings, with each of the sets of features."""

    shares: tuple[ShareKind, ...]
    orderings: tuple[OrderingKind, ...]
    features: tuple[frozenset[Feature], ...]


@dataclass(slots=True)
class Taken:
    """The samples and orderings that a strategy takes, and why it refuses others, by share or feature."""

    samples: list[Sample] = field(default_factory=list)
    orderings: list[OrderingKind] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    keeps_overlap: bool = False

    def about(self, found: Property) -> Pool | None:
        """Return where to search for a problem that breaks a property; None where it is not taken."""
        features = [feature for feature in FEATURES if self._offers(found, feature)]
        fitting = [
            (sample, kind)
            for sample in self.samples
            if sample.feature is None or sample.feature in features
            for kind in self.orderings
            if found.applies(_ordered(sample.problem, kind))
        ]
        if not fitting:
            return None
        sets = [frozenset(features)]
        if found.any_features:
            # Alone as well, because what a strategy takes one by one it may not take all at once.
            sets = [frozenset(), *(frozenset({feature}) for feature in features), frozenset(features)]
        return Pool(
            tuple(share for share in _PEOPLE if any(sample.share == share for sample, _ in fitting)),
            tuple(kind for kind in self.orderings if any(other == kind for _, other in fitting)),
            tuple(dict.fromkeys(sets)),
        )

    def edges(self, found: Property) -> list[Problem]:
        """Return problems of no item and of one, in every ordering, of which the property says something.

        Drawn problems are rarely so small in the rarer orderings, and that is where strategies stumble.
        """
        plain = [sample.problem for sample in self.samples if sample.feature is None][:1]
        every = [
            _ordered(replace(problem, n_items=size), kind, size)
            for problem in plain
            for kind in self.orderings
            for size in (0, 1)
        ]
        return [problem for problem in every if found.applies(problem)]

    def _offers(self, found: Property, feature: Feature) -> bool:
        if not any(sample.feature == feature for sample in self.samples):
            return False
        # Who gives one copy where several are asked for is found out by the property that is about it.
        return feature in found.features or (
            found.any_features and (feature != "overlap" or self.keeps_overlap)
        )

    def refusal(self, found: Property) -> str:
        """Say why a property was not applied."""
        for name in (*found.features, *_PEOPLE):
            if name in self.refusals:
                return self.refusals[name]
        return "it says nothing of the problems that the strategy takes"


def taken_by(strategy: Strategy) -> Taken:
    """Ask a strategy with a small problem of each kind; what raises InputError is not taken."""
    taken, clock = Taken(), _Clock()
    features: Sequence[Feature | None] = (None, *FEATURES)
    for feature in features:
        for share, people in _PEOPLE.items():
            sample = Sample(share, feature, _sample(people, feature))
            refused = _refusal(strategy, sample.problem, clock)
            if refused is None:
                taken.samples.append(sample)
            else:
                taken.refusals.setdefault(feature or share, refused)
    for sample in taken.samples:
        if sample.feature == "overlap" and not taken.keeps_overlap:
            taken.keeps_overlap = _keeps_overlap(strategy, sample.problem)
    taken.orderings += (
        kind
        for kind in get_args(OrderingKind)
        if any(_refusal(strategy, _ordered(sample.problem, kind), clock) is None for sample in taken.samples)
    )
    return taken


def _sample(people: tuple[Assignee, ...], feature: Feature | None) -> Problem:
    plain = Problem(ITEMS, people)
    codes = np.array([0, 0, 1, 1], dtype=np.int64)
    match feature:
        case "bounds":
            loose = tuple(p if p.count is not None else replace(p, minimum=0, maximum=ITEMS) for p in people)
            return replace(plain, assignees=loose)
        case "needs":
            able = tuple(replace(person, skills=frozenset({"lidar"})) for person in people)
            needs = (Need(), Need(frozenset({"lidar"})))
            return replace(plain, assignees=able, need=codes, needs=needs)
        case "effort":
            return replace(plain, effort=np.array([1.0, 1.0, 2.0, 2.0]))
        case "item_kinds":
            own = (replace(people[0], factors={"city": 2.0}, capacity=100.0), *people[1:])
            return replace(plain, assignees=own, kind=codes, kinds=("city", "forest"))
        case "overlap":
            return replace(plain, overlap=2)
        case "held":
            holders = tuple(person.email for person in people)
            return replace(plain, held=np.array([0, 1, -1, -1], dtype=np.int64), holders=holders)
    return plain


def _ordered(problem: Problem, kind: OrderingKind, size: int = ITEMS) -> Problem:
    if kind not in ("stratified", "grouped"):
        return replace(problem, ordering=Ordering(kind))
    keys = np.array([0, 0, 1, 2], dtype=np.int64)[:size]
    return replace(problem, ordering=Ordering(kind, "metadata.user.scene"), keys=keys)


@dataclass(slots=True)
class _Clock:
    """How long to wait for an answer: less once a strategy has kept us waiting."""

    seconds: float = SECONDS


def _refusal(strategy: Strategy, problem: Problem, clock: _Clock) -> str | None:
    """Return why a strategy refuses a problem; None where it takes it, whatever it makes of it."""
    try:
        with patience(clock.seconds):
            ask(strategy, problem)
    except InputError as error:
        return str(error)
    except OutOfPatience:
        clock.seconds = min(clock.seconds, IMPATIENT)
    except (InfeasibleError, MalformedAnswerError):
        pass
    return None


def _keeps_overlap(strategy: Strategy, problem: Problem) -> bool:
    try:
        with patience(SECONDS):
            return int(ask(strategy, problem).counts.sum()) == ITEMS * problem.overlap
    except (InputError, InfeasibleError, MalformedAnswerError, OutOfPatience):
        return False
