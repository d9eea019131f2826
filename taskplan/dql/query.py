"""The abstract syntax of a query, immutable; `parse` makes it, `match` and `evaluate` give it meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Json = Any
Direction = Literal["ascending", "descending"]


@dataclass(frozen=True, slots=True)
class Equal:
    """Some value reached equals `value`, or an array reached contains it; with `glob`, text matches."""

    value: Json
    glob: bool = False


@dataclass(frozen=True, slots=True)
class NotEqual:
    """No value reached equals `value`."""

    value: Json
    glob: bool = False


@dataclass(frozen=True, slots=True)
class Compare:
    """Some value reached, of the type of `value`, stands in the relation to it."""

    operator: Literal["$gt", "$gte", "$lt", "$lte"]
    value: Json


@dataclass(frozen=True, slots=True)
class In:
    """Some value reached equals one of `values`."""

    values: tuple[Json, ...]
    glob: bool = False


@dataclass(frozen=True, slots=True)
class NotIn:
    """No value reached equals any of `values`."""

    values: tuple[Json, ...]
    glob: bool = False


@dataclass(frozen=True, slots=True)
class Exists:
    """The path reaches something (or, where `wanted` is false, nothing)."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class Element:
    """One object reached, or one object in an array reached, satisfies `node` as a whole.

    The meaning of ``$match`` and of a nested document as a value; `explicit`
    tells them apart when the query is written down again.
    """

    node: Node
    explicit: bool


@dataclass(frozen=True, slots=True)
class Every:
    """All predicates hold (several operators in one clause)."""

    predicates: tuple[Predicate, ...]


Predicate = Equal | NotEqual | Compare | In | NotIn | Exists | Element | Every


@dataclass(frozen=True, slots=True)
class Field:
    """What `path` reaches satisfies `predicate`."""

    path: str
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class And:
    """All nodes hold; none at all holds always."""

    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Or:
    """At least one node holds."""

    nodes: tuple[Node, ...]


Node = And | Or | Field


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query. `join` is the condition on an item's annotations: some annotation satisfies it.

    `page` and `page_size` are None where the query does not name them.
    """

    filter: Node = And()
    join: Node | None = None
    intersect: Query | None = None
    except_: Query | None = None
    sort: tuple[tuple[str, Direction], ...] = ()
    page: int | None = None
    page_size: int | None = None
    resource: str = "items"


def to_json(query: Query) -> dict[str, Any]:
    """Return the query as the platform's envelope; parsing that gives the same query back."""
    result: dict[str, Any] = {"filter": _conjunction(query.filter), "resource": query.resource}
    if query.page is not None:
        result["page"] = query.page
    if query.page_size is not None:
        result["pageSize"] = query.page_size
    if query.sort:
        result["sort"] = dict(query.sort)
    if query.join is not None:
        # "forigen" is the platform's own spelling.
        on = {"resource": "annotations", "local": "itemId", "forigen": "id"}
        result["join"] = {"on": on, "filter": _conjunction(query.join)}
    for name, inner in (("intersect", query.intersect), ("except", query.except_)):
        if inner is not None:
            result[name] = {"query": to_json(inner)}
    return result


def _conjunction(node: Node) -> dict[str, Any]:
    return node_json(node if isinstance(node, And) else And((node,)))


def node_json(node: Node) -> dict[str, Any]:
    """Return one node in DQL."""
    if isinstance(node, And):
        return {"$and": [node_json(inner) for inner in node.nodes]}
    if isinstance(node, Or):
        return {"$or": [node_json(inner) for inner in node.nodes]}
    return {node.path: predicate_json(node.predicate)}


def predicate_json(predicate: Predicate) -> Json:
    """Return one predicate in DQL."""
    match predicate:
        case Equal(value):
            return {"$eq": value} if isinstance(value, dict) else value
        case NotEqual(value):
            return {"$ne": value}
        case Compare(operator, value):
            return {operator: value}
        case In(values):
            return {"$in": list(values)}
        case NotIn(values):
            return {"$nin": list(values)}
        case Exists(wanted):
            return {"$exists": wanted}
        case Element(node, explicit):
            inner = node_json(node)
            return {"$match": inner} if explicit else inner
        case Every(predicates):
            merged: dict[str, Any] = {}
            for part in predicates:
                entry = predicate_json(part)
                merged.update(entry if isinstance(entry, dict) else {"$eq": entry})
            return merged


def fields(node: Node) -> Iterator[str]:
    """Yield the paths that a node reads, outermost first; a nested document is read as one path."""
    if isinstance(node, Field):
        yield node.path
    else:
        for inner in node.nodes:
            yield from fields(inner)


def nested_fields(node: Node, prefix: str = "") -> Iterator[str]:
    """Yield the paths that a node reads, those inside nested documents too."""
    if not isinstance(node, Field):
        for inner in node.nodes:
            yield from nested_fields(inner, prefix)
        return
    path = f"{prefix}.{node.path}" if prefix else node.path
    yield path
    parts = node.predicate.predicates if isinstance(node.predicate, Every) else (node.predicate,)
    for part in parts:
        if isinstance(part, Element):
            yield from nested_fields(part.node, path)


def item_paths(query: Query) -> tuple[str, ...]:
    """Return the item paths that decide what the query selects and in which order, sorted."""
    paths = {*fields(query.filter), *(path for path, _ in query.sort)}
    for inner in (query.intersect, query.except_):
        if inner is not None:
            paths.update(item_paths(inner))
    return tuple(sorted(paths))


def annotation_paths(query: Query) -> tuple[str, ...]:
    """Return the annotation paths that the query reads, sorted."""
    paths = set(fields(query.join)) if query.join is not None else set()
    for inner in (query.intersect, query.except_):
        if inner is not None:
            paths.update(annotation_paths(inner))
    return tuple(sorted(paths))
