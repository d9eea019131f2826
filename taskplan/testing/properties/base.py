"""What a property is, how a strategy is asked, and exact shares: what all properties stand on."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, NoReturn, get_args

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation.problem import Allocation, Assignee, Problem, Strategy
from taskplan.errors import InfeasibleError, InputError

Feature = Literal["bounds", "needs", "effort", "item_kinds", "overlap", "held"]
"""What a problem may have beyond items, people, shares and an ordering; a switch of `problems`."""
FEATURES: tuple[Feature, ...] = get_args(Feature)
Check = Callable[[Strategy, Problem], None]
Applies = Callable[[Problem], bool]


class MalformedAnswerError(AssertionError):
    """An answer that is no allocation, or none at all; of this only `coverage` makes a failure."""


class NothingSaidError(Exception):
    """The property says nothing about this answer."""


@dataclass(frozen=True, slots=True)
class Property:
    """A fairness property by name.

    `definition` is one sentence, `source` where it is from, `applies` tells if it
    says anything about a problem, `check` raises AssertionError with a sentence (and
    passes on InputError and InfeasibleError of the strategy). `features` are what a
    problem must have for it to say something, `any_features` says that it holds for all.
    """

    name: str
    definition: str
    source: str
    applies: Applies
    check: Check
    features: frozenset[Feature] = frozenset()
    any_features: bool = False


def fairness(
    name: str,
    *,
    applies: Applies = lambda problem: True,
    features: Sequence[Feature] = (),
    any_features: bool = False,
) -> Callable[[Check], Property]:
    """Make a property of a check, whose docstring starts with the definition and ends with the source."""

    def made(check: Check) -> Property:
        said, _, source = (inspect.getdoc(check) or name).replace("\n", " ").partition("  Source: ")
        definition = said.partition("  ")[0]
        return Property(name, definition, source, applies, check, frozenset(features), any_features)

    return made


def fail(sentence: str) -> NoReturn:
    """Raise AssertionError; unlike `assert` also where Python optimises."""
    raise AssertionError(sentence)


def ask(strategy: Strategy, problem: Problem) -> Allocation:
    """Return the strategy's answer; MalformedAnswerError where it is none, or does not fit together.

    InputError and InfeasibleError of the strategy pass through.
    """
    try:
        # A problem of its own, which it may spoil; and what it prints is no part of a report.
        with redirect_stdout(sys.stderr):
            answer: object = strategy.allocate(replace(problem))
    except (InputError, InfeasibleError, MalformedAnswerError):
        raise
    except (Exception, SystemExit) as error:
        raise MalformedAnswerError(f"it raised {type(error).__name__}: {error}") from error
    if not isinstance(answer, Allocation):
        raise MalformedAnswerError(f"it answered with {type(answer).__name__}, not with an Allocation")
    counts, order = answer.counts, answer.order
    if counts.shape != (len(problem.assignees),) or order.shape != (int(counts.sum()),) or (counts < 0).any():
        raise MalformedAnswerError(
            f"its counts {counts.tolist()} do not fit {len(problem.assignees)} people and {order.size} places"
        )
    if order.size and not 0 <= int(order.min()) <= int(order.max()) < problem.n_items:
        raise MalformedAnswerError(f"it names items that are not among the {problem.n_items}")
    return answer


def owners(allocation: Allocation) -> NDArray[np.int64]:
    """Return who each place of `Allocation.order` belongs to, by index of the person: int64[n_places]."""
    return np.repeat(np.arange(len(allocation.counts), dtype=np.int64), allocation.counts)


def exact_shares(problem: Problem) -> list[Fraction]:
    """Return each person's exact share in items: counts first, then percent or weight of what is left.

    Numbers count as the decimals that people write: 33.3 is 333/10. Weights share
    what percentages leave.
    """
    people = problem.assignees
    rest = problem.n_items * problem.overlap - sum(person.count or 0 for person in people)
    percents = sum((_percent(person) for person in people), Fraction(0))
    mixed = any(person.percent is None and person.count is None for person in people) and percents > 0
    weights = sum((weight_of(person) for person in people), Fraction(0)) or Fraction(1)
    shares = []
    for person in people:
        if person.count is not None:
            shares.append(Fraction(person.count))
        elif person.percent is not None:
            shares.append(_percent(person) * rest / (100 if mixed else (percents or 1)))
        else:
            left = (100 - percents) / 100 if mixed else Fraction(1)
            shares.append(weight_of(person) * rest * left / weights)
    return shares


def weight_of(person: Assignee) -> Fraction:
    """Return a person's weight, 1 where they name nothing, and 0 where they have another kind of share."""
    if person.count is not None or person.percent is not None:
        return Fraction(0)
    return Fraction(str(1 if person.weight is None else person.weight))


def _percent(person: Assignee) -> Fraction:
    return (
        Fraction(0) if person.percent is None or person.count is not None else Fraction(str(person.percent))
    )


def has(problem: Problem, feature: Feature) -> bool:
    """Tell whether a problem has a feature."""
    people = problem.assignees
    match feature:
        case "bounds":
            return any(p.minimum is not None or p.maximum is not None for p in people)
        case "needs":
            return problem.need is not None
        case "effort":
            return problem.effort is not None
        case "item_kinds":
            personal = any(p.factors or p.rate != 1 or p.capacity is not None for p in people)
            return problem.kind is not None or personal
        case "overlap":
            return problem.overlap > 1
        case "held":
            return problem.held is not None


def is_plain(problem: Problem, *besides: Feature) -> bool:
    """Tell whether a problem has no feature `besides` those named, and keeps no groups whole."""
    if problem.ordering.kind == "grouped":
        return False
    return not any(has(problem, feature) for feature in FEATURES if feature not in besides)


def listed(names: Sequence[str]) -> str:
    """Return names with commas between them."""
    return ", ".join(names)


def items(count: int) -> str:
    """Return ``1 item`` or ``3 items``."""
    return f"{count} item" if count == 1 else f"{count} items"
