"""What counts as a strategy to be tested: an object, a class, a name, or a plain function."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from taskplan.allocation.problem import Allocation, Certificate, Problem, Strategy
from taskplan.allocation.registry import load_strategy
from taskplan.errors import InputError, did_you_mean
from taskplan.testing.properties.base import FEATURES, MalformedAnswerError, has

Function = Callable[[Problem], Any]
Testable = Strategy | type | str | Function
NO_CERTIFICATE = Certificate({}, "", 0.0, 0.0, 1.0, optimal=True)
"""What the answer of a plain function has; there is nothing in it to check."""
_WORDS = {
    "needs": "needs of items",
    "bounds": "minima and maxima",
    "effort": "effort",
    "item_kinds": "kinds of items",
    "overlap": "overlap",
    "held": "items that are held already",
}


class FunctionStrategy:
    """A plain function as a strategy.

    ``function(problem)`` may return an `Allocation`; a sequence with one owner an
    item (an e-mail, or an index into ``problem.assignees``; with an overlap a sequence
    of them; None for an item that nobody gets); or a mapping from e-mail to a number
    of items, which are dealt as listed. What a problem may have beyond people, shares
    and an ordering it is only given if it says so, by an attribute `takes` with names
    such as ``needs`` (see `taskplan.testing.strategies.problems`).
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self.takes = frozenset(getattr(function, "takes", ()))
        for unknown in sorted(self.takes.difference(FEATURES)):
            raise InputError(
                f'{self.name} says that it takes "{unknown}", expected some of {", ".join(FEATURES)}',
                hint=did_you_mean(unknown, FEATURES),
            )

    def allocate(self, problem: Problem) -> Allocation:
        """Ask the function; InputError for what it does not take, MalformedAnswerError for no answer."""
        for feature in FEATURES:
            if has(problem, feature) and feature not in self.takes:
                raise InputError(f"{self.name} does not say that it takes {_WORDS[feature]}")
        answer = self.function(problem)
        if isinstance(answer, Allocation):
            return answer
        people = tuple(person.email.lower() for person in problem.assignees)
        rows = _rows(problem, people, answer)
        return Allocation(
            people,
            np.array([len(mine) for mine in rows], dtype=np.int64),
            np.array([item for mine in rows for item in sorted(mine)], dtype=np.int64),
            NO_CERTIFICATE,
        )


def _rows(problem: Problem, people: Sequence[str], answer: Any) -> list[list[int]]:
    """Return everyone's items."""
    places = {email: index for index, email in enumerate(people)}
    rows: list[list[int]] = [[] for _ in people]
    if isinstance(answer, Mapping):
        start = 0
        for email, count in answer.items():
            if not isinstance(count, int | np.integer):
                raise MalformedAnswerError(f"it gives {email} {count!r} items, expected a whole number")
            rows[_place(places, email)] += range(start, start + int(count))
            start += int(count)
        return rows
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        raise MalformedAnswerError(
            f"it returned {type(answer).__name__}, expected an Allocation, an owner for each item, or counts"
        )
    owners = list(answer)
    if len(owners) != problem.n_items:
        raise MalformedAnswerError(f"it names {len(owners)} owners for {problem.n_items} items")
    for item, owner in enumerate(owners):
        several = [owner] if isinstance(owner, str) or not isinstance(owner, Iterable) else owner
        for one in several:
            if one is not None:
                rows[_place(places, one)].append(item)
    return rows


def _place(places: Mapping[str, int], owner: Any) -> int:
    if isinstance(owner, str):
        if owner.lower() not in places:
            raise MalformedAnswerError(f"it names {owner}, who is not among the people")
        return places[owner.lower()]
    if not isinstance(owner, int | np.integer) or not 0 <= owner < len(places):
        raise MalformedAnswerError(
            f"it names {owner!r} as an owner, expected an e-mail or an index of a person"
        )
    return int(owner)


def as_strategy(target: Testable, options: Mapping[str, Any] | None = None) -> Strategy:
    """Return what is to be tested as a strategy; InputError for what cannot be one.

    A text is the name of an installed strategy, or ``module:attribute``; `options` go
    to the class that it names.
    """
    if isinstance(target, str) and ":" not in target:
        return load_strategy(target, options)
    if isinstance(target, str):
        target = imported(target)
    if isinstance(target, type):
        made: type = target
        try:
            target = made(**(options or {}))
        except TypeError as error:
            raise InputError(f"{made.__name__} cannot be made: {error}") from error
    elif options:
        raise InputError(f"only a class takes options, got a {type(target).__name__}")
    if callable(getattr(target, "allocate", None)):
        return target  # type: ignore[return-value]
    if inspect.iscoroutinefunction(target):
        raise InputError(f"{target.__name__} is async, expected a plain function")
    if callable(target):
        return FunctionStrategy(target)
    raise InputError(
        f"expected a strategy (with allocate), a function of a problem, or a name, "
        f"got {type(target).__name__}"
    )


def imported(target: str) -> Any:
    """Return what ``module:attribute`` names; InputError with the nearest name.

    The current folder counts, as it does for ``python -m``.
    """
    module_name, _, attribute = target.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise InputError(f"importing {module_name} failed: {error}", source=target) from error
        near = did_you_mean(module_name, [path.stem for path in Path.cwd().glob("*.py")])
        raise InputError(f'there is no module "{error.name}"', source=target, hint=near) from error
    except (TypeError, ValueError) as error:
        raise InputError("expected module:attribute", source=target) from error
    except (Exception, SystemExit) as error:
        message = f"importing {module_name} failed: {type(error).__name__}: {error}"
        raise InputError(message.replace("\n", " "), source=target) from error
    for part in attribute.split("."):
        names = [name for name in dir(found) if not name.startswith("_")]
        if not hasattr(found, part):
            raise InputError(
                f'{module_name} has no "{part}"' if part else "expected module:attribute",
                source=target,
                hint=did_you_mean(part, names),
            )
        found = getattr(found, part)
    return found
