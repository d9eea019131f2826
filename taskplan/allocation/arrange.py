"""From counts to an allocation: the ordering is applied and the result certified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from taskplan.allocation import orderings
from taskplan.allocation.certificate import grouped_certificate
from taskplan.allocation.problem import Allocation, Certificate, OrderingKind, Problem
from taskplan.errors import InputError, did_you_mean


def arrange(
    problem: Problem, people: tuple[str, ...], counts: list[int], certify: Callable[[list[int]], Certificate]
) -> Allocation:
    """Apply the problem's ordering to `counts`; `certify` is asked for counts that are kept exactly.

    Whole groups rarely fit counts exactly, so that ordering makes counts and a certificate of its own.
    """
    target = np.array(counts, dtype=np.int64)
    kind = problem.ordering.kind
    if kind == "grouped":
        keys = _keys(problem)
        final, order, bound = orderings.grouped(target, keys)
        certificate = grouped_certificate(final.tolist(), counts, bound, people)
        return Allocation(people, final, order, certificate)
    return Allocation(people, target, _order(problem, target), certify(counts))


def _order(problem: Problem, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    match problem.ordering.kind:
        case "as-listed":
            return orderings.as_listed(counts)
        case "interleaved":
            return orderings.interleaved(counts)
        case "shuffled":
            return orderings.shuffled(counts, problem.seed)
        case "stratified":
            return orderings.stratified(counts, _keys(problem))
    kinds = get_args(OrderingKind)
    raise InputError(
        f'unknown ordering "{problem.ordering.kind}", expected one of {", ".join(kinds)}',
        hint=did_you_mean(problem.ordering.kind, kinds),
    )


def _keys(problem: Problem) -> NDArray[np.integer[Any]]:
    if problem.keys is None or len(problem.keys) != problem.n_items:
        raise InputError(f'the ordering "{problem.ordering.kind}" needs a key for each item')
    return problem.keys
