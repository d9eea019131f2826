"""Long lists in a query: looked up in a set, not compared one by one."""

from __future__ import annotations

from collections.abc import Callable

from taskplan.dql.match import satisfies
from taskplan.dql.query import In, NotIn, Predicate
from taskplan.model.table import Reached

Test = Callable[[Reached], bool]
FEW = 6
"""Up to so many values are compared one by one, which is faster than any table."""


def tester(predicate: Predicate) -> Test:
    """Return a function that tells what `satisfies` tells; a long list costs no more than a short one."""
    if isinstance(predicate, In | NotIn) and len(predicate.values) > FEW:
        wanted = isinstance(predicate, In)
        found = _membership(predicate)
        return lambda reached: found(reached) == wanted
    return lambda reached: satisfies(predicate, reached)


def _membership(predicate: In | NotIn) -> Test:
    plain = {value for value in predicate.values if _is_plain(value, predicate.glob)}
    others = In(
        tuple(value for value in predicate.values if not _is_plain(value, predicate.glob)), predicate.glob
    )

    def holds(reached: Reached) -> bool:
        for value in reached:
            if isinstance(value, str):
                if value in plain:
                    return True
            elif isinstance(value, list) and any(
                isinstance(entry, str) and entry in plain for entry in value
            ):
                return True
        return bool(others.values) and satisfies(others, reached)

    return holds


def _is_plain(value: object, glob: bool) -> bool:
    return isinstance(value, str) and not (glob and "*" in value)
