"""What a query means, told on one document: slow, plain, and the reference for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taskplan.dql.globs import glob_match
from taskplan.dql.query import (
    And,
    Compare,
    Element,
    Equal,
    Every,
    Exists,
    Field,
    In,
    Node,
    NotEqual,
    NotIn,
    Predicate,
    Query,
)
from taskplan.model.paths import reach
from taskplan.model.table import Document, Reached


def match(query: Query, document: Document, annotations: Sequence[Document] = ()) -> bool:
    """Tell if an item is selected; sorting and paging play no part.

    A join holds where some annotation satisfies all of it, so that a ``$ne`` in
    a join never holds for an item without annotations (pinned by the platform's
    tests).
    """
    if not holds(query.filter, document):
        return False
    if query.join is not None and not any(holds(query.join, entry) for entry in annotations):
        return False
    if query.intersect is not None and not match(query.intersect, document, annotations):
        return False
    return query.except_ is None or not match(query.except_, document, annotations)


def holds(node: Node, document: Document) -> bool:
    """Tell if a node holds for a document."""
    if isinstance(node, Field):
        return satisfies(node.predicate, reach(document, node.path))
    if isinstance(node, And):
        return all(holds(inner, document) for inner in node.nodes)
    return any(holds(inner, document) for inner in node.nodes)


def satisfies(predicate: Predicate, reached: Reached) -> bool:
    """Tell if the values that a path reaches satisfy a predicate."""
    match predicate:
        case Equal(value, glob):
            return _equals(value, glob, reached)
        case NotEqual(value, glob):
            return not _equals(value, glob, reached)
        case In(values, glob):
            return any(_equals(value, glob, reached) for value in values)
        case NotIn(values, glob):
            return not any(_equals(value, glob, reached) for value in values)
        case Compare(operator, value):
            return any(_compare(operator, found, value) for found in _with_elements(reached))
        case Exists(wanted):
            return bool(reached) == wanted
        case Element(node):
            return any(holds(node, found) for found in _with_elements(reached) if isinstance(found, dict))
        case Every(predicates):
            return all(satisfies(part, reached) for part in predicates)


def _with_elements(reached: Reached) -> list[Any]:
    """The values reached, and the elements of those that are arrays."""
    found: list[Any] = []
    for value in reached:
        found.append(value)
        if isinstance(value, list):
            found.extend(value)
    return found


def _equals(value: Any, glob: bool, reached: Reached) -> bool:
    # As in MongoDB, null is what an absent path holds.
    if value is None and not reached:
        return True
    if glob and isinstance(value, str):
        return any(isinstance(found, str) and glob_match(value, found) for found in _with_elements(reached))
    return any(same(value, found) for found in _with_elements(reached))


def same(one: Any, other: Any) -> bool:
    """Tell if two JSON values are equal; a bool never equals a number, 1 equals 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(entry, other[name]) for name, entry in one.items())
    return bool(one == other)


def _compare(operator: str, found: Any, value: Any) -> bool:
    """Compare values of one type only: text with text, numbers with numbers, bools with bools."""
    if isinstance(value, bool) or isinstance(found, bool):
        comparable = isinstance(value, bool) and isinstance(found, bool)
    elif isinstance(value, str):
        comparable = isinstance(found, str)
    else:
        comparable = isinstance(found, int | float)
    if not comparable:
        return False
    if operator == "$gt":
        return bool(found > value)
    if operator == "$gte":
        return bool(found >= value)
    if operator == "$lt":
        return bool(found < value)
    return bool(found <= value)
